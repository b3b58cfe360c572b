#!/usr/bin/env bash
# Records what the real kustomize prints for the examples' overlays, into testdata/examples. Needs Go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=v5.8.2
bin=${XDG_CACHE_HOME:-$HOME/.cache}/kfrun/kustomize-$version
[ -x "$bin/kustomize" ] || GOBIN=$bin go install "sigs.k8s.io/kustomize/kustomize/v5@$version"
find examples -name kustomization.yaml -printf '%h\n' | while read -r folder; do
  name=${folder#examples/}
  "$bin/kustomize" build "$folder" >"testdata/examples/${name//\//-}.yaml"
done
