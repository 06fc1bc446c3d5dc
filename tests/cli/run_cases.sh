#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs hpo_search on every study file of a table of cases and compares what it says.
#   tests/cli/run_cases.sh HPO_SEARCH TABLE [NAME...]      NAME: only these cases
# A case of the table:
#   === name
#   $ arguments of hpo_search              (optional; default: --check study.yaml)
#   the lines of study.yaml
#   >>> exit code, and a text that must stand in the output of errors
#   >>> ...                                (more lines: more texts)
set -uo pipefail
program=$(realpath "$1")
table=$(realpath "$2")
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

count=0 failures=0
name='' arguments='' wants=()

run_case() {
    [ -n "$name" ] || return 0
    local want code out status=0 trouble=''
    count=$((count + 1))
    # shellcheck disable=SC2086  # the arguments of a case are words
    out=$("$program" $arguments 2>&1 >stdout </dev/null) || status=$?
    [ ${#wants[@]} -gt 0 ] || trouble='  the case expects nothing'
    for want in "${wants[@]}"; do
        code=${want%% *}
        [ "$status" = "$code" ] || trouble+="  exit code $status instead of $code"$'\n'
        case $out in
        *"${want#* }"*) ;;
        *) trouble+="  expected: ${want#* }"$'\n' ;;
        esac
    done
    [ -z "$trouble" ] && return
    failures=$((failures + 1))
    printf 'FAILED: %s\n%s  got: %s\n' "$name" "$trouble" "$out"
}

begin_case() {
    name=$1 arguments='--check study.yaml' wants=()
    rm -rf ./*
    : >study.yaml
}

selected() { # name, then the names that were asked for
    local one
    [ $# -gt 1 ] || return 0
    for one in "${@:2}"; do [ "$one" = "$1" ] && return 0; done
    return 1
}

while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '=== '*)
        run_case
        name=''
        ! selected "${line#=== }" "$@" || begin_case "${line#=== }"
        ;;
    '$ '*) arguments=${line#\$ } ;;
    '>>> '*) wants+=("${line#>>> }") ;;
    *) [ -z "$name" ] || printf '%s\n' "$line" >>study.yaml ;;
    esac
done <"$table"
run_case

echo "$((count - failures)) of $count cases passed"
[ "$count" -gt 0 ] && [ "$failures" -eq 0 ]
