#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/compare_builds.sh on builds that are made up: what is slower, what is within the spread, what is missing.
#   tests/cli/test_compare_builds.sh SOURCE_FOLDER
set -uo pipefail
compare=$1/scripts/compare_builds.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

build() { # name, microseconds of the rounds...: a build whose bench_journal takes them in turn
    local micro=$folder/$1/benchmarks/micro
    mkdir -p "$micro"
    printf '%s\n' "${@:2}" >"$folder/$1/times"
    cat >"$micro/bench_journal" <<SCRIPT
#!/bin/sh
time=\$(head -n 1 "$folder/$1/times")
sed -i '1{h;d};\${p;x}' "$folder/$1/times"
echo "write, grouped: \$time us a trial"
echo "read:           1.500 s, 10 MB/s, 7 entries"
SCRIPT
    chmod +x "$micro/bench_journal"
}

expect() { # exit code, a text of the output, arguments of the script
    local code=$1 text=$2 out status=0
    shift 2
    out=$("$compare" "$@" 2>&1) || status=$?
    [ "$status" -eq "$code" ] && [[ $out == *"$text"* ]] && return
    failures=$((failures + 1))
    printf 'FAILED: %s\n  exit code %d, expected %d and "%s":\n%s\n' "$*" "$status" "$code" "$text" "$out"
}

build steady 2.00 2.01 1.99 2.00 2.00
build same 2.03 2.02 2.03 2.02 2.03
build slower 2.10 2.11 2.10 2.09 2.10
build noisy 2.10 1.80 2.40 2.30 1.90
build empty
rm "$folder/empty/benchmarks/micro/bench_journal"

expect 0 "2 figures, 0 slower" -n 5 "$folder/steady" "$folder/same" journal
expect 1 "1.050  SLOWER" -n 5 "$folder/steady" "$folder/slower" journal
expect 0 "0 slower" -n 5 "$folder/slower" "$folder/steady" journal
expect 0 "0 slower" -n 5 "$folder/steady" "$folder/noisy" journal
expect 2 "bench_journal is missing" -n 5 "$folder/steady" "$folder/empty" journal
expect 2 "there is no benchmark 'jornal'" -n 5 "$folder/steady" "$folder/same" jornal
expect 2 "compare_builds.sh [-n ROUNDS]" "$folder/steady"
[ "$failures" -eq 0 ] && echo "compare_builds.sh judges as it says"
exit "$((failures > 0))"
