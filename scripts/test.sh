#!/usr/bin/env bash
# Installs what the tests need, builds, runs every test. The last line is ctest's. A real cluster is started for the tests
# that need one (scripts/cluster) unless KFRUN_TEST_KUBECONFIG names another; where neither is possible they count as skipped.
#   scripts/test.sh [--preset dev|asan|tsan] [arguments for ctest ...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=dev
if [ "${1:-}" = --preset ]; then
  preset=$2
  shift 2
fi

scripts/install-packages.sh build test examples
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"

started=
stop_cluster() { [ -z "$started" ] || scripts/cluster/down --wipe >&2; }
if [ -z "${KFRUN_TEST_KUBECONFIG:-}" ]; then
  if running=$(scripts/cluster/env 2>/dev/null); then
    eval "$running"
    export KFRUN_TEST_KUBECONFIG=$KUBECONFIG
  elif kubeconfig=$(scripts/cluster/up | tail -n 1) && [ -n "$kubeconfig" ]; then
    export KFRUN_TEST_KUBECONFIG=$kubeconfig
    started=yes
  else
    echo "no cluster can run here: the tests that need one are skipped" >&2
  fi
fi

# ctest's report is printed last, after the cluster is down.
report=$(mktemp)
trap 'rm -f "$report"; stop_cluster' EXIT
status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@" >"$report" 2>&1 || status=$?
stop_cluster
started=
cat "$report"
exit "$status"
