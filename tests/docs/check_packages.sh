#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Where packages are missing, CMake names all of them at once as Debian calls them, and those of the tests only when tests
# are built; README's line and scripts/install_deps.sh name the same ones. Arguments: cmake, the compiler.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
cmake=$1 compiler=$2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
die() { echo "$1" >&2; exit 1; }

# On a system where nothing is found but pkg-config, which knows the packages of the folder $out/pc.
configure() { # arguments of cmake; the line of apt-get that it gives
    rm -rf "$out/build"
    if PKG_CONFIG_LIBDIR=$out/pc "$cmake" -S "$source" -B "$out/build" -G Ninja -DCMAKE_C_COMPILER="$compiler" \
        -DCMAKE_PROJECT_INCLUDE="$out/bare.cmake" "$@" >"$out/log" 2>&1; then
        die "cmake $* finds everything where there is nothing"
    fi
    sed -n 's/^ *apt-get install //p' "$out/log"
}

expect() { # what is missing, in order; then arguments of cmake
    local wanted=$1 got
    shift
    got=$(configure "$@")
    [ "$got" = "$wanted" ] || { cat "$out/log" >&2; die "cmake $* names '$got', not '$wanted'"; }
}

mkdir "$out/pc"
cat >"$out/bare.cmake" <<END
set(PKG_CONFIG_EXECUTABLE "$(command -v pkg-config)")
set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)
set(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)
set(CMAKE_DISABLE_FIND_PACKAGE_MPI ON)
END
libraries="zlib1g-dev libpng-dev libopenblas-dev libgsl-dev"
expect "libyaml-dev $libraries libopenmpi-dev libjansson-dev libcmocka-dev" -DHPO_TESTS=ON
expect "libyaml-dev $libraries libopenmpi-dev" -DHPO_TESTS=OFF
printf 'Name: yaml\nDescription: -\nVersion: 0.2\n' >"$out/pc/yaml-0.1.pc"
expect "$libraries" -DHPO_TESTS=OFF -DHPO_MPI=OFF

cd "$source"
line=$(sed -n 's/^apt-get install //p' README.md)
names() { tr -s ' \n' '\n\n' | sort; }
deps=$(sed -n '/^packages=(/,/)/p' scripts/install_deps.sh | tr -d '\n' | sed 's/.*(//; s/).*//')
[ "$(names <<<"$line dataset-fashion-mnist")" = "$(names <<<"$deps")" ] || die "README: '$line'; install_deps.sh: '$deps'"
for package in libyaml-dev $libraries libopenmpi-dev; do
    [[ " $line " = *" $package "* ]] || die "README does not name $package"
done
