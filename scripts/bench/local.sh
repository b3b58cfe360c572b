#!/usr/bin/env bash
# Local runs: 1,000 trivial tasks, wide and chained, with kfrun and with ninja side by side; and 20 naps of half a second at a time.
# ninja starts a shell a task and keeps no logs; kfrun starts the program itself, keeps a record, a log a task and, unless told
# otherwise, what it did for the cache. Figures of a busy machine say little: compare the ratios.
#   scripts/bench/local.sh [rounds, 7]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

rounds=${1:-7}
kfrun=${KFRUN:-$PWD/build/release/kfrun}
if [ -z "${KFRUN:-}" ]; then
  scripts/install-packages.sh build bench
  cmake --preset release >/dev/null
  cmake --build --preset release >&2
fi
count=1000
folder=$(mktemp -d)
# Nothing is removed between runs: the file system would be busy with that while the next one is measured.
trap 'rm -rf "$folder"' EXIT
scripts/bench/graphs.py "$folder" "$count"

# A command line for a run with a state folder of its own, so that nothing is cached.
# What it prints is the number of tasks that succeeded, so that "same output" says that as many ran with both.
run() {
  echo "sh -c 'KFRUN_STATE_DIR=\$(mktemp -d $folder/state.XXXXXX) $kfrun submit $1 --local --progress quiet $2 | grep -c \" succeeded \"'"
}

echo "ninja $(ninja --version), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
for shape in wide chained; do
  pipeline=$folder/$shape/pipeline.yaml
  scripts/bench/side_by_side.py "$count trivial tasks, $shape" "$rounds" \
    "ninja=sh -c 'ninja -C $folder/$shape | grep -cE \"\\] true t[0-9]+\"'" \
    "kfrun=$(run "$pipeline" '')" \
    "no-cache=$(run "$pipeline" --no-cache)"
done
scripts/bench/side_by_side.py '20 naps of 0.5 s' "$rounds" "kfrun=$(run "$folder/naps/pipeline.yaml" '')"
