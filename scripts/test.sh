#!/usr/bin/env bash
# Installs what the tests need, builds, runs every test; the last lines are ctest's. A real cluster is started for the tests that
# need one (scripts/cluster) and ended afterwards, unless one runs already or KFRUN_TEST_KUBECONFIG names another; where none is
# possible those tests count as skipped.
#   scripts/test.sh [--preset dev|asan|tsan] [arguments for ctest ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=dev
if [ "${1:-}" = --preset ]; then
  preset=$2
  shift 2
fi

scripts/install-packages.sh build test examples
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"

started=
log=$(mktemp)
stop_cluster() { # its words are shown only when it fails
  [ -n "$started" ] || return 0
  started=
  scripts/cluster/down --wipe >"$log" 2>&1 || { cat "$log" >&2; return 1; }
}
trap 'stop_cluster; rm -f "$log"' EXIT
if [ -z "${KFRUN_TEST_KUBECONFIG:-}" ]; then
  if ! scripts/cluster/env >/dev/null 2>&1; then
    code=0
    started=yes
    scripts/cluster/up >/dev/null || code=$?
    case $code in
      0) ;;
      77) started=; echo 'the tests that need a cluster are skipped' >&2 ;;
      *) echo "the test cluster did not start (exit code $code)" >&2; exit 1 ;;
    esac
  fi
  if running=$(scripts/cluster/env 2>/dev/null); then
    eval "$running" # PATH, for kubectl, and KUBECONFIG
    export KFRUN_TEST_KUBECONFIG=$KUBECONFIG
  fi
fi

status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@" || status=$?
stop_cluster || status=1
exit "$status"
