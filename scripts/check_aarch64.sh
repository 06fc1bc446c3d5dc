#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds for 64-bit ARM without MPI and runs the unit tests under qemu-user. On Debian: the compiler and qemu are
# installed when they are missing; the libraries' packages are unpacked into build/aarch64-root, and the system knows
# nothing of them.   scripts/check_aarch64.sh [arguments of ctest]
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/aarch64-root
packages=(libc6-dev libyaml-dev libjansson-dev zlib1g-dev libpng-dev libgsl-dev libopenblas-dev libcmocka-dev)

install_tools() {
    local sudo=()
    command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null && return
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get -qq update
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
}

# A package manager of its own, for an empty ARM system: it resolves what the packages need and fetches it.
unpack_libraries() {
    [ -e "$root/complete" ] && return
    rm -rf "$root"
    local apt=$root/apt archives=$root/apt/cache/archives
    mkdir -p "$apt/lists/partial" "$archives/partial"
    : >"$apt/status"
    local options=(-qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Install-Recommends=0
        -o Dir::State="$apt" -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status"
        -o Dir::Cache="$apt/cache" -o Debug::NoLocking=1 -o Acquire::Languages=none -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" install -y --download-only "${packages[@]}"
    for package in "$archives"/*.deb; do dpkg -x "$package" "$root"; done
    rm -rf "$apt"
    touch "$root/complete"
}

install_tools
unpack_libraries
cmake --preset aarch64
cmake --build --preset aarch64
ctest --preset aarch64 -L unit --no-tests=error "$@"
