#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who may include whom. Prints every offending line and fails when there is one.
#   scripts/check_layers.sh [FOLDER]     FOLDER: another checkout (default: this one)
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

failures=0
report() { # lines on standard input are offences
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    printf '%s\n' "$lines"
    failures=$((failures + $(printf '%s\n' "$lines" | wc -l)))
}

# file:line:included, with the quotes or angle brackets that it was written with
sources() { git ls-files --cached '*.c' '*.h' '*.inc' | while read -r file; do [ -e "$file" ] && echo "$file"; done; }
includes=$(sources | xargs grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]' |
    sed -E 's/^([^:]+:[0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]+(["<][^">]+[">]).*/\1:\2/')

# ---- our own headers ----
# room: what it may include besides itself. A path belongs to the longest room that it begins with; a room ending in *
# stands for all the rooms that begin like it.
rooms='
base:
engine/tensor:       base
engine/export:       base engine/tensor
engine/ops:          base engine/tensor engine/export
engine/optim:        base engine/tensor
engine/data:         base engine/tensor
engine/modules:      base engine/tensor engine/ops engine/optim engine/data
engine/train:        base engine/tensor engine/ops engine/optim engine/data engine/modules
engine/predict:      base engine/tensor engine/export engine/ops engine/data engine/modules engine/train
engine:              base engine/*
nas:                 base engine/*
hpo/space:           base
hpo/trials:          base hpo/space
hpo/models:          base hpo/space hpo/trials
hpo/samplers:        base hpo/space hpo/trials hpo/models hpo/schedulers
hpo/schedulers:      base hpo/space hpo/trials
hpo/objective.h:     base hpo/space hpo/trials
hpo/study:           base hpo/space hpo/trials hpo/models hpo/samplers hpo/schedulers hpo/objective.h
hpo/report:          base hpo/space hpo/trials hpo/models hpo/samplers hpo/schedulers hpo/objective.h hpo/study
hpo/dispatch:        base hpo/space hpo/trials hpo/models hpo/samplers hpo/schedulers hpo/objective.h hpo/study
hpo/cli:             base hpo/*
benchmarks:          base hpo/* benchmarks/stats
benchmarks/stats:    base
benchmarks/report:   base benchmarks benchmarks/stats
benchmarks/micro:    base engine/* nas hpo/* benchmarks tests/support
experiments:         base engine/* nas hpo/* benchmarks benchmarks/*
tests/support:       base engine/* hpo/*
tests/base:          base tests/support
tests/engine:        base engine/* tests/support
tests/nas:           base engine/* nas tests/support
tests/hpo:           base hpo/* tests/support
tests/benchmarks:    base hpo/* benchmarks benchmarks/* tests/support
tests:               base engine/* nas hpo/* benchmarks benchmarks/* experiments tests/*
'
report < <(awk -F: -v rooms="$rooms" '
    function room_of(path,    name, best) {
        best = ""
        for (name in may) if (index(path "/", name "/") == 1 && length(name) > length(best)) best = name
        return best
    }
    function allowed(from, to,    list, i, n, stem) {
        if (from == to) return 1
        n = split(may[from], list, " ")
        for (i = 1; i <= n; i++) {
            stem = list[i]
            if (stem == to || (sub(/\*$/, "", stem) && (index(to "/", stem) == 1))) return 1
        }
        return 0
    }
    BEGIN {
        n = split(rooms, line, "\n")
        for (i = 1; i <= n; i++) if (split(line[i], part, ":") == 2) may[part[1]] = part[2]
    }
    FILENAME == "-" && $3 ~ /^"/ {
        to = substr($3, 2, length($3) - 2)
        from = room_of($1)
        if (!(to in file)) print $1 ":" $2 ": \"" to "\" is no file of ours: include paths start at the root"
        else if (from == "") print $1 ":" $2 ": no rule for this folder: add it to scripts/check_layers.sh"
        else if (!allowed(from, room_of(to))) print $1 ":" $2 ": " from " must not include \"" to "\""
        next
    }
    FILENAME != "-" { file[$1] = 1 }' <(sources) - <<<"$includes")

# ---- headers of other projects: the only files that may see them; headers never do ----
doors='
mpi.h      ^hpo/dispatch/mpi\.c$
cblas.h    ^(hpo/models/(blas|linalg)\.c|benchmarks/micro/.*\.c)$
lapacke.h  ^hpo/models/linalg\.c$
yaml.h     ^base/yaml\.c$
zlib.h     ^(base/gzfile|tests/base/test_gzfile|tests/engine/data/test_damaged)\.c$
png.h      ^engine/data/png\.c$
jansson.h  ^tests/.*\.c$
gsl/.*     ^(hpo/|benchmarks/|tests/).*\.c$
'
report < <(awk -F: -v doors="$doors" '
    BEGIN {
        n = split(doors, line, "\n")
        for (i = 1; i <= n; i++) if (split(line[i], part, " ") == 2) door[part[1]] = part[2]
    }
    $3 ~ /^</ {
        to = substr($3, 2, length($3) - 2)
        for (name in door) if (to ~ "^" name "$" && $1 !~ door[name]) print $1 ":" $2 ": <" to "> does not belong here"
    }' <<<"$includes")

# ---- no circles, neither between folders nor between headers ----
edges=$(sed -nE 's/^([^:]+):[0-9]+:"([^"]+)"$/\1 \2/p' <<<"$includes")
folder_edges=$(awk '{ sub(/\/[^\/]*$/, "", $1); sub(/\/[^\/]*$/, "", $2); if ($1 != $2) print }' <<<"$edges" | sort -u)
report < <(tsort <<<"$folder_edges" 2>&1 >/dev/null | sed 's/^tsort: -: /a circle of folders: /')
report < <(grep -E '^[^ ]+\.h ' <<<"$edges" | tsort 2>&1 >/dev/null | sed 's/^tsort: -: /a circle of headers: /')

# ---- every header compiles alone; one that another folder of the sources includes also in C++ ----
headers=$(sources | grep '\.h$')
public=$(awk '$1 !~ /^tests\// && $2 ~ /\.h$/ { from = $1; to = $2; sub(/\/[^\/]*$/, "", from); sub(/\/[^\/]*$/, "", to)
    if (from != to) print $2 }' <<<"$edges" | sort -u)
alone() { # compiler and flags; header names on standard input
    xargs -P "$(nproc)" -I{} sh -c '
        file=$1; shift
        out=$(printf "#include \"%s\"\n" "$file" | "$@" -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I. - 2>&1) ||
            printf "%s does not compile alone with: %s\n%s\n" "$file" "$*" "$out"' sh {} "$@"
}
for compiler in "${CC:-cc}" "${CXX:-c++}"; do
    command -v "$compiler" >/dev/null || { echo "$compiler is missing: ./scripts/install_deps.sh --tests"; exit 1; }
done
report < <(alone "${CC:-cc}" -x c -std=c17 -D_GNU_SOURCE <<<"$headers")
report < <(alone "${CXX:-c++}" -x c++ -std=c++17 -D_GNU_SOURCE <<<"$public")

if [ "$failures" -gt 0 ]; then
    echo "layers: $failures lines break the rules"
    exit 1
fi
echo "layers: $(wc -l <<<"$includes") includes and $(wc -l <<<"$headers") headers are in order"
