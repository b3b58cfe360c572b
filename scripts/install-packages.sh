#!/usr/bin/env bash
# Installs what is missing of the packages that a purpose needs, through apt: install-packages.sh build|examples|test|bench ...
# Debian 12 and Ubuntu 24.04 name them alike.
set -euo pipefail

build=(cmake ninja-build g++ pkg-config libfmt-dev libyaml-dev libyaml-cpp-dev libcurl4-openssl-dev libssl-dev libre2-dev rapidjson-dev libcli11-dev)
examples=(python3 python3-sklearn)
test=(catch2 ccache git python3-yaml)
bench=(python3 time make)

wanted=()
for purpose in "$@"; do
  case "$purpose" in
    build) wanted+=("${build[@]}") ;;
    examples) wanted+=("${examples[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    *) echo "install-packages.sh: unknown purpose '$purpose' (build, examples, test, bench)" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || { echo "install-packages.sh: no apt here; install by hand: ${missing[*]}" >&2; exit 1; }
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
