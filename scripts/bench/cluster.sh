#!/usr/bin/env bash
# Runs on a cluster with fake nodes: pods a second beside bare POSTs of the same pods, how soon a dependent follows, and what the
# driver needs. Uses the cluster of scripts/cluster/up (as root), or that of $KUBECONFIG if it has nodes of KWOK (label type=kwok).
#   scripts/bench/cluster.sh [--sizes 100,1000,10000] [--only wide,chained,whole] [--run-ms 30000]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ -z "${KFRUN:-}" ]; then
  scripts/install-packages.sh build bench
  cmake --preset release >/dev/null
  cmake --build --preset release --target kfrun >&2
fi
cmake --preset dev >/dev/null
cmake --build --preset dev --target kfrun_kube_bench >&2
if [ -z "${KUBECONFIG:-}" ]; then
  scripts/cluster/up --kwok 3 >/dev/null
  eval "$(scripts/cluster/env)"
fi
exec scripts/bench/cluster.py "${KFRUN:-$PWD/build/release/kfrun}" build/dev/lib/kube/kfrun_kube_bench "$@"
