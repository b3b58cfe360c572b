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
sweep() { python3 -B testdata/program/faults.py "$@" || status=1; }
sweep local
sweep kill
sweep errors --runs 100
sweep errors --runs 30 --percent 4 --only 'kill before,kill after' # several times in one run
sweep errors --runs 3 --percent 60 --only silent
exit "$status"
