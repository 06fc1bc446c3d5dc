#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a fresh clone to a running search: installs what is missing, builds, and tunes a network on Fashion-MNIST with
# two workers. Further arguments go to hpo_search, e.g. --dir runs/second --seed 3. Run again, it continues the search.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '==> %s\n' "$*"; }
quiet() { # what a command says is only shown when it fails
    local log
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

step "packages"
./scripts/install_deps.sh
command=(build/release/bin/hpo_search -j 2 experiments/quickstart/study.yaml "$@")
step "build/release: configure and build (a minute)"
[ -e build/release/CMakeCache.txt ] || quiet cmake --preset release -DHPO_TESTS=OFF -DHPO_MICRO=OFF
quiet cmake --build --preset release --target hpo_search
step "${command[*]}"
exec "${command[@]}"
