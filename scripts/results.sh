#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the suites and writes benchmarks/RESULTS.md from what they found. The same command goes on where it was interrupted.
#   scripts/results.sh [--real] [--scale] [--dir FOLDER] [--jobs N] [--seeds N] [--summary]
# --real, --scale: these two as well. --dir: where the runs lie, default runs/results. --jobs: cells at a time, default all
# processors. --seeds: of every suite, instead of its own number; a later run with more goes on. --summary: runs nothing,
# writes the page. A suite that has no results is not on the page. Half an hour on two cores; the suite real takes as long.
set -euo pipefail
cd "$(dirname "$0")/.."

suites=(synthetic bbob multi-fidelity priors published tabular nas noise parallel)
bench=${HPO_BENCH:-build/release/bin/hpo_bench} dir=runs/results jobs=$(nproc) summary=false seeds=
while [ $# -gt 0 ]; do
    case $1 in
    --real | --scale) suites+=("${1#--}") ;;
    --summary) summary=true ;;
    --dir) dir=$2; shift ;;
    --jobs) jobs=$2; shift ;;
    --seeds) seeds=$2; shift ;;
    *) sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done

# A suite whose page or program is another one wants a folder of its own: hpo_bench says so.
run() {
    local -a how=(--times)
    [ "$jobs" -gt 1 ] && how+=(-j "$jobs")
    [ -n "$seeds" ] && how+=(--set "seeds=$seeds")
    "$bench" run "$1" --out "$dir/$1" "${how[@]}" >"$dir/$1.log" 2>&1 && return
    tail -n 5 "$dir/$1.log" >&2
    return 1
}

machine() { sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1; }
version() { echo "$("$bench" --version) ($(git log -1 --format=%h -- base hpo benchmarks experiments))"; }
comment() { sed -n '/^#/!q;s/^# \{0,1\}//p' "benchmarks/suites/$1.yaml"; }
seeds_of() { sed -n 's/^seeds: //p' "$dir/$1/suite.yaml"; }

page() {
    cat <<END
# Results

What the suites of [benchmarks/suites](suites) found: \`scripts/results.sh\` makes this page. [What a suite
is](../docs/benchmarks.md), and how to run one alone. The numbers do not depend on the machine, its load or the number of
ranks; ours are of $(version) on $(nproc) processors ($(machine)), each method with the seeds 1, 2, ... .

Normalized regret is the distance of the incumbent from the optimum, over that of the median random configuration: 1 is what
one random evaluation finds, 0 the optimum. Columns are full evaluations.
END
    for suite in "$@"; do
        [ -f "$dir/$suite/results.csv" ] || continue
        printf '\n## %s\n\n' "$suite"
        comment "$suite"
        printf '\n%s cells, %s seeds: [the page](suites/%s.yaml).\n\n' "$(($(wc -l <"$dir/$suite/cells.csv") - 1))" \
            "$(seeds_of "$suite")" "$suite"
        "$bench" compare "$dir/$suite" --markdown | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
    done
}

mkdir -p "$dir"
$summary || for suite in "${suites[@]}"; do
    echo "$(date +%H:%M) $suite" >&2
    run "$suite"
done
page synthetic bbob multi-fidelity priors published tabular nas noise parallel scale real >"$dir/RESULTS.md"
mv "$dir/RESULTS.md" benchmarks/RESULTS.md
echo "benchmarks/RESULTS.md" >&2
