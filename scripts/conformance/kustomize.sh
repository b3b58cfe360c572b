#!/usr/bin/env bash
# Compares `kfrun build` with what kustomize 5.8.2 was recorded printing: kustomize.sh [CORPUS]. The corpus is a folder with
# families of cases (FAMILY/CASE/{case.json,input,expected.yaml or expected.err}), roots (roots/TREE/{tree,index.jsonl}, blobs), and what
# other releases made of those roots (compat-RELEASE/index.jsonl), which is compared with `kfrun build --compat RELEASE`;
# by default the one beside the repository. KFRUN names the binary. Prints a table; the last line is "N of M as expected", and the
# exit code 1 when they are not all.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
corpus=${1:-$here/../../../shared/corpus/kustomize}
kfrun=${KFRUN:-$here/../../build/release/kfrun}
[ -d "$corpus" ] || { echo "kustomize.sh: there is no corpus at $corpus" >&2; exit 2; }
[ -x "$kfrun" ] || { echo "kustomize.sh: there is no binary at $kfrun; name one with KFRUN=" >&2; exit 2; }
exec python3 "$here/kustomize.py" "$(realpath "$corpus")" "$(realpath "$kfrun")"
