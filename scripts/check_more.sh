#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What takes longer than scripts/check.sh may: 20,000 trials with stops and failures, 1,000 schedules of faults,
# searches within limits with many seeds, the tutorial from a fresh clone on, more searches that are killed, reports in
# a browser (skipped without Debian's chromium, chromium-driver and python3-selenium, 450 MB, which install_deps.sh
# leaves out), the threads of dispatch and the journal under ThreadSanitizer, clang, clang-tidy and cppcheck, the same
# results and the same speed as another build. An hour and a half.
#   scripts/check_more.sh [--aarch64] [--suites] [OLD]
# OLD: a build folder to compare with, such as build/release of another checkout. --aarch64: scripts/check_aarch64.sh
# too, which takes an hour more. --suites: scripts/check_suites.py, what the suites of benchmarks claim, half an hour
# more.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=scripts/steps.sh
. scripts/steps.sh

aarch64=false suites=false old=
for argument in "$@"; do
    case $argument in
    --aarch64) aarch64=true ;;
    --suites) suites=true ;;
    -*) sed -n '8,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) old=$argument ;;
    esac
done

soak() {
    python3 tests/mpi/test_soak.py build/release/bin/hpo_search 20000
}

tutorial() {
    local folder part status=0
    folder=$(mktemp -d)
    git clone -q . "$folder/clone" && "$folder/clone/scripts/quickstart.sh" --build || status=1
    for part in 1 2; do
        [ "$status" -ne 0 ] || /usr/bin/python3 -B tests/docs/check_tutorial.py "$part" "$folder/clone/build/release/bin" \
            --full "$folder" || [ $? -eq 77 ] || status=1
    done
    rm -rf "$folder"
    return "$status"
}

killed() {
    local search
    for search in pc-darts darts-minus '{name: darts-pt, tune: 2}'; do
        python3 tests/mpi/test_search_killed.py build/release/bin/hpo_search "$search" || return 1
    done
}

faults() {
    python3 -B tests/faults/run_schedules.py build/release/tests/faults 0 1000
}

planted() {
    cmake --build build/release --target faults_mutants >/dev/null && python3 -B tests/faults/mutants.py --hunt build/release/tests/faults
}

browser() { # 77: skipped; Selenium is a package of the system's Python
    /usr/bin/python3 -B tests/cli/test_report_browser.py "$PWD/build/release/bin/hpo_report" "$PWD/build/release/bin/hpo_search" ||
        [ $? -eq 77 ]
}

step packages ./scripts/install_deps.sh --more
if step "build release" build release; then
    step "20,000 trials" soak
    step "1,000 schedules of faults" faults
    step "planted faults" planted
    step "20 seeds within limits" build/release/tests/nas/test_search_limits 20
    step "the tutorial" tutorial
    step "searches that are killed" killed
    step "reports in a browser" browser
    if $suites; then step "claims of the suites" scripts/check_suites.py; fi
    if [ -n "$old" ]; then
        step "the same results as $old" scripts/compare_results.sh "$old" build/release
        step "as fast as $old" scripts/compare_builds.sh "$old" build/release
    fi
fi
if step "build tsan" build tsan; then
    step "tests tsan: dispatch, journal, status" tests tsan -j 2 -R \
        'test_(controller.*|asker|worker|forkserver|order|rawcache|journal.*|summary|progress|live|status_file|run_status)$'
    step "tests tsan: log, threads that share a pass" tests tsan -j 2 -R '^test_(log|threads|shared|threads_step)$'
fi
if step "build clang" build clang; then # bits may differ from gcc's; what the tests promise may not
    step "tests clang: unit, conformance" tests clang -L 'unit|conformance' -j 2
fi
step "clang-tidy and cppcheck" scripts/lint.sh
if $aarch64; then
    step "64-bit ARM" scripts/check_aarch64.sh
fi
finish
