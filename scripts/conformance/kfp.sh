#!/usr/bin/env bash
# Runs compiled pipelines of Kubeflow locally and compares with what was recorded: kfp.sh [CORPUS] [CASE...]. The corpus is a folder
# with cases/CASE/{pipeline.yaml,case.json,expected.json} and upstream-ir/{FILE,expected/FILE.json}; by default the one beside the
# repository. KFRUN names the binary; KFP_RUNTIME a wheel or folder of the KFP SDK (else kfp 2.17.0 is downloaded by pip, once).
# Packages that components ask for are not installed, as when the expectations were made. Prints the cases that differ, a table by
# area; the last line is "N of M as expected", and the exit code 1 when they are not all.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
corpus=${1:-$here/../../../shared/corpus/kfp}
kfrun=${KFRUN:-$here/../../build/release/kfrun}
[ -d "$corpus" ] || { echo "kfp.sh: there is no corpus at $corpus" >&2; exit 2; }
[ -x "$kfrun" ] || { echo "kfp.sh: there is no binary at $kfrun; name one with KFRUN=" >&2; exit 2; }
runtime=${KFP_RUNTIME:-}
if [ -z "$runtime" ]; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/kfrun-conformance
  runtime=$cache/kfp-2.17.0-py3-none-any.whl
  [ -f "$runtime" ] || python3 -m pip download --quiet --no-deps --dest "$cache" kfp==2.17.0
fi
shift || true
exec nice python3 "$here/kfp.py" "$(realpath "$corpus")" "$(realpath "$kfrun")" "$(realpath "$runtime")" "$@"
