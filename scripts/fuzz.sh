#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Searches for inputs that break a reader: every target of tests/fuzz, or those that are named, each for SECONDS (600).
#   scripts/fuzz.sh [SECONDS] [TARGET...]
# A target starts from its inputs in tests/fuzz and from what earlier searches kept in build/fuzz/corpus; it ends at its
# first finding, which is kept in build/fuzz/findings: mend it, and put the file into tests/fuzz/findings/TARGET, where
# every build tries it again. Findings are crashes, broken promises, reports of the sanitizers, more than 5 s for one
# input, an allocation of more than 512 MB. Fails when there was one.
#   scripts/fuzz.sh --merge [TARGET...]
# Instead: what was kept and covers more than the seeds of tests/fuzz/corpus/TARGET joins them, the smallest first.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD

merge=false seconds=600
if [ "${1:-}" = --merge ]; then
    merge=true
    shift
elif [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .c tests/fuzz/fuzz_*.c | sed 's/^fuzz_//')

log=$(mktemp)
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")
export TMPDIR OPENBLAS_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=1
trap 'rm -rf "$log" "$TMPDIR"' EXIT
if ! { cmake --preset fuzz && nice cmake --build --preset fuzz; } >"$log" 2>&1; then
    cat "$log"
    exit 1
fi

limits=(-max_len=16384 -timeout=5 -rss_limit_mb=2048 -malloc_limit_mb=512)

merge() { # target: the seeds, which have names, and the smallest of what covers more, 24 KiB together
    local kept=$root/tests/fuzz/corpus/$1 new size=0 file
    new=$(mktemp -d)
    mkdir -p "$kept" "build/fuzz/corpus/$1"
    find "$kept" -type f -name 'seed-*' -exec cp -t "$new" {} +
    build/fuzz/fuzz/fuzz_"$1" -merge=1 "${limits[@]}" "$new" "$kept" "build/fuzz/corpus/$1" >"$log" 2>&1 ||
        { tail -n 20 "$log"; return 1; }
    find "$kept" -type f ! -name 'seed-*' -delete
    while read -r file; do
        size=$((size + $(stat -c %s "$file")))
        [ $size -le 24576 ] && cp "$file" "$kept"
    done < <(find "$new" -type f ! -name 'seed-*' -printf '%s %p\n' | sort -n | cut -d' ' -f2-)
    rm -rf "$new"
    printf '%-12s %6d files %8d bytes\n' "$1" "$(find "$kept" -type f | wc -l)" "$(cat "$kept"/* | wc -c)"
}

number() { # pattern with one group: of its last match in the log
    sed -nE "s/.*$1.*/\\1/p" "$log" | tail -n 1
}

search() { # target
    local work=build/fuzz/corpus/$1 findings=build/fuzz/findings/$1 inputs=() found
    mkdir -p "$work" "$findings"
    for folder in tests/fuzz/corpus/"$1" tests/fuzz/findings/"$1"; do [ -d "$folder" ] && inputs+=("$folder"); done
    nice build/fuzz/fuzz/fuzz_"$1" -max_total_time="$seconds" -print_final_stats=1 "${limits[@]}" \
        -artifact_prefix="$findings/" "$work" "${inputs[@]}" >"$log" 2>&1
    local status=$?
    found=$(number 'Test unit written to (.*)')
    printf '%-12s %9s %10s %12s %8s %8s  %s\n' "$1" "$(number 'stat::number_of_executed_units: *([0-9]+)')" \
        "$(number 'stat::average_exec_per_sec: *([0-9]+)')" "$(number 'cov: ([0-9]+)')" "$(number 'corp: ([0-9]+)')" \
        "$(number 'stat::peak_rss_mb: *([0-9]+)')" "${found:-none}"
    [ $status -eq 0 ] || { cp "$log" "build/fuzz/findings/$1.log"; return 1; }
}

bad=()
if $merge; then
    for target in "${targets[@]}"; do merge "$target" || bad+=("$target"); done
else
    printf '%-12s %9s %10s %12s %8s %8s  %s\n' target inputs per-second edges corpus MB findings
    for target in "${targets[@]}"; do search "$target" || bad+=("$target"); done
fi
[ ${#bad[@]} -eq 0 ] || { echo "findings of: ${bad[*]}; build/fuzz/findings/TARGET.log says what was wrong"; exit 1; }
