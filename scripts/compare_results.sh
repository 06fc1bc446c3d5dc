#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Do two builds search alike? Runs two deterministic studies with both programs and compares every configuration, report
# and result, bit for bit.   scripts/compare_results.sh OLD NEW     OLD, NEW: build folders, such as build/release
# A build in a checkout of its own runs the study files of that checkout: it may know words by other names.
set -uo pipefail
[ $# -eq 2 ] || { sed -n '3,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
builds=("$(realpath "$1")" "$(realpath "$2")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
different=0

compare() { # name of the experiment, then settings
    local name=$1 number=0 build study
    shift
    for build in "${builds[@]}"; do
        study=$build/../../experiments/$name/study.yaml
        [ -f "$study" ] || study=$here/experiments/$name/study.yaml
        "$build/bin/hpo_search" "$study" --quiet "$@" --dir "$work/$name.$number" >/dev/null || exit 2
        python3 "$here/tests/support/journal_dump.py" "$work/$name.$number/journal.log" >"$work/$name.$number.txt" || exit 2
        number=$((number + 1))
    done
    if cmp -s "$work/$name.0.txt" "$work/$name.1.txt"; then
        printf '%s: the same %d records\n' "$name" "$(wc -l <"$work/$name.0.txt")"
    else
        printf '%s: not the same; the first differences, old (<) and new (>):\n' "$name"
        diff "$work/$name.0.txt" "$work/$name.1.txt" | head -n 6 | cut -c 1-200
        different=1
    fi
}

compare digits
compare quickstart --set deterministic=true --set workers=2 --set 'budget={trials: 40}'
exit "$different"
