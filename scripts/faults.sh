#!/usr/bin/env bash
# Every way to break a run: kill -9 behind every line of its record on this machine, kill -9 before and after every request to a
# real API server, and random faults of that server in a tenth of all requests. Each sweep ends with its figures as JSON. Takes an
# hour or so; the tests of ctest run a sample of it. A cluster is used as by scripts/test.sh: KFRUN_TEST_KUBECONFIG, or the one
# that scripts/cluster/up has started.
#   scripts/faults.sh [BINARY]     (build/dev/kfrun)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export KFRUN=${1:-$PWD/build/dev/kfrun}
eval "$(scripts/cluster/env)"
export KFRUN_TEST_KUBECONFIG=$KUBECONFIG

status=0
for sweep in 'local' 'kill' 'errors --runs 100'; do
  # shellcheck disable=SC2086
  python3 -B testdata/program/faults.py $sweep || status=1
done
exit "$status"
