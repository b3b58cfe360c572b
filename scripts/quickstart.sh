#!/usr/bin/env bash
# From a clean clone to a first run: installs what is missing (apt), builds the release binary, runs a machine-learning pipeline
# on this machine, and builds the overlay that would serve its model. Needs no cluster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

step 'Installing what is missing'
scripts/install-packages.sh build examples

step 'Building build/release/kfrun'
cmake --preset release >/dev/null
cmake --build --preset release
kfrun=$PWD/build/release/kfrun

step 'Running examples/digits/pipeline.yaml on this machine'
"$kfrun" submit examples/digits/pipeline.yaml --local

step 'Building the overlay examples/digits/deploy/overlays/prod'
manifests=build/digits-prod.yaml
"$kfrun" build examples/digits/deploy/overlays/prod >"$manifests"
grep -c '^kind:' "$manifests" | sed 's/$/ manifests:/'
grep '^kind:' "$manifests" | sed 's/kind: /  /'

run=$("$kfrun" runs --local -o name | sed -n 1p)
folder=${KFRUN_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/kfrun}/runs/$run
step 'Done. Where things are'
echo "  the binary     $kfrun"
echo "  the run        $kfrun get $run"
if [ -d "$folder/logs" ]; then
  echo "  its logs       $folder/logs    ($kfrun logs $run)"
  echo "  its artifacts  $folder/artifacts"
else
  echo "  its artifacts  the paths above; all came from the cache of an earlier run"
fi
echo "  manifests      $PWD/$manifests"
