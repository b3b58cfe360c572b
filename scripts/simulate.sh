#!/usr/bin/env bash
# Simulated runs of random pipelines, each with random faults from its seed: failures of every class, events told twice or late,
# stops, and drivers killed between any two events. Prints how many there were; a broken invariant is told with its seed, which
# KFRUN_SEED=n repeats.
#   scripts/simulate.sh [RUNS] [TEST PROGRAM]     (100000, build/dev/lib/run/kfrun_run_test)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
KFRUN_SEEDS=${1:-100000} exec "${2:-build/dev/lib/run/kfrun_run_test}" "random runs keep*"
