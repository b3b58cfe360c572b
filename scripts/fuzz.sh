#!/usr/bin/env bash
# Builds every fuzz target with sanitizers and lets each look for inputs that crash, hang (10 s) or take too much memory (512 MiB).
# It starts from testdata/fuzz/TARGET and keeps what it learns in build/fuzz/corpus; an input that broke something is kept in
# build/fuzz/found, to be added to testdata/fuzz once mended. Needs clang.
#   scripts/fuzz.sh [SECONDS of each target (60)] [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
targets=("${@:2}")
if [ ${#targets[@]} = 0 ]; then
  mapfile -t targets < <(find lib -name '*_fuzz.cpp' -printf '%f\n' | sed 's/\.cpp$//' | sort)
fi
cmake --preset fuzz > /dev/null
ninja -C build/fuzz "${targets[@]}" > /dev/null

status=0
for target in "${targets[@]}"; do
  learned=build/fuzz/corpus/$target found=build/fuzz/found/$target
  mkdir -p "$learned" "$found"
  log=build/fuzz/$target.log
  if "$(find build/fuzz/lib -type f -name "$target" -perm -u+x)" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -max_len=8192 \
      -artifact_prefix="$found/" -print_final_stats=1 "$learned" "testdata/fuzz/$target" > "$log" 2>&1; then
    printf '%-20s %10d inputs, %s MiB at most, nothing found\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")"
  else
    printf '%-20s FOUND: %s\n' "$target" "$(ls "$found" | tr '\n' ' '), see $log"
    status=1
  fi
done
exit "$status"
