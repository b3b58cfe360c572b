#!/usr/bin/env bash
# `kfrun build` and `kustomize build` side by side on this machine: one small overlay; N Deployments, Services and generators; and,
# where it is given, a real tree (example: KFRUN_BENCH_TREE=manifests/example, a clone of kubeflow/manifests v1.4.0). Needs Go for
# kustomize. Figures of a busy machine say little: compare the ratios.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=v5.8.2
bin=${XDG_CACHE_HOME:-$HOME/.cache}/kfrun/kustomize-$version
[ -x "$bin/kustomize" ] || GOBIN=$bin go install "sigs.k8s.io/kustomize/kustomize/v5@$version"
scripts/install-packages.sh build bench
cmake --preset release >/dev/null
cmake --build --preset release >&2
kfrun=$PWD/build/release/kfrun

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
peers() { # peers TITLE ROUNDS KUSTOMIZATION
  scripts/bench/side_by_side.py "$1" "$2" "kfrun=$kfrun build $3" "kustomize=$bin/kustomize build $3"
}

echo "kustomize $version, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
peers 'one small overlay' 100 examples/overlay/overlays/production
tree=${KFRUN_BENCH_TREE:-../shared/corpus/kustomize/roots/km140/tree/example}
[ ! -d "$tree" ] || peers 'kubeflow/manifests v1.4.0 example' 7 "$tree"
for n in 200 500 1000; do
  scripts/bench/scale.py "$n" "$folder/$n"
  peers "$n Deployments, Services and generators" 5 "$folder/$n"
done
for n in 2000 4000; do
  scripts/bench/scale.py "$n" "$folder/$n"
  scripts/bench/side_by_side.py "$n Deployments, Services and generators" 5 "kfrun=$kfrun build $folder/$n"
done
