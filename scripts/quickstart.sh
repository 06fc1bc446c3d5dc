#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a fresh clone to a running search: installs what is missing, builds, and tunes a network on Fashion-MNIST with
# two workers. Further arguments go to hpo_search, e.g. --dir runs/second --seed 3. Run again, it continues the search.
#   scripts/quickstart.sh --build     installs, builds all programs into build/release/bin, and runs nothing
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '==> %s\n' "$*"; }
quiet() { # what a command says is only shown when it fails
    local log
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

# The same for a build of Ninja's, which says how far it is: a line that is rewritten on a terminal, else one now and then.
build() {
    local log line told=0 done all
    log=$(mktemp)
    "$@" 2>&1 </dev/null | tee "$log" | while IFS= read -r line; do
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
        done=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
        if [ -t 1 ]; then
            printf '\r    %d of %d files\033[K' "$done" "$all"
        elif [ $((10 * done / all)) -gt "$told" ]; then
            told=$((10 * done / all))
            printf '    %d of %d files\n' "$done" "$all"
        fi
    done || { echo; cat "$log" >&2; rm -f "$log"; exit 1; }
    [ ! -t 1 ] || printf '\r\033[K'
    rm -f "$log"
}

step "packages"
./scripts/install_deps.sh
target=hpo_search
[ "${1:-}" != --build ] || target=all
command=(build/release/bin/hpo_search -j 2 experiments/quickstart/study.yaml "$@")
step "build/release: configure and build (a minute or three)"
[ -e build/release/CMakeCache.txt ] || quiet cmake --preset user
build cmake --build build/release --target "$target"
if [ "$target" = all ]; then
    echo "hpo_search, hpo_report, hpo_model and hpo_bench are in $PWD/build/release/bin"
    exit 0
fi
step "${command[*]}"
exec "${command[@]}"
