#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the Debian packages that are missing, and nothing when none is.
#   scripts/install_deps.sh [--tests | --more]
# --tests: also what scripts/check.sh needs; --more: and clang and its tools, for scripts/check_more.sh, fuzz.sh, lint.sh
# and coverage.sh.
set -euo pipefail

packages=(gcc cmake ninja-build pkg-config libopenmpi-dev openmpi-bin libgsl-dev libopenblas-dev libyaml-dev
    zlib1g-dev libpng-dev dataset-fashion-mnist)
tools=(gcc cmake ninja pkg-config mpirun)
case "${1:-}" in
'') ;;
--tests | --more)
    packages+=(g++ git libcmocka-dev libjansson-dev python3-optuna clang-format tmux valgrind)
    tools+=(g++ git clang-format)
    if [ "$1" = --more ]; then
        packages+=(clang clang-tidy cppcheck gcovr libclang-rt-dev)
        tools+=(clang clang-tidy cppcheck gcovr)
    fi
    ;;
*)
    echo "usage: scripts/install_deps.sh [--tests | --more]" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    missing=()
    for tool in "${tools[@]}"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
    echo "This is no Debian: nothing was installed. On Debian the packages are: ${packages[*]}"
    [ ${#missing[@]} -eq 0 ] || { echo "Please install, by the means of this system: ${missing[*]}" >&2; exit 1; }
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "every package is installed"
    exit 0
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "missing: ${missing[*]}; install them as root, or install sudo" >&2; exit 1; }
    sudo=(sudo)
fi
echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >>"$log" 2>&1 </dev/null; }
apt update && apt install -y --no-install-recommends "${missing[@]}" || { cat "$log" >&2; exit 1; }
