#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Is a build slower than another? Runs the micro benchmarks of both in turn, and compares the medians of every figure.
#   scripts/compare_builds.sh [-n ROUNDS] OLD NEW [BENCH...]
# OLD, NEW: build folders, such as build/release of two checkouts; BENCH: some of those listed by -l (default: all).
# Fails when a figure of NEW takes longer by more than 2 %, and by more than its spread: half the distance between the
# quartiles of the rounds, of the build where it is larger. Rounds alternate (old new, new old), so that a machine that
# becomes slower meanwhile slows both. Run it on a quiet machine.
set -uo pipefail
rounds=21

usage() {
    sed -n '3,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# name: command line, relative to benchmarks/micro of a build. Each takes seconds.
benches() {
    cat <<LINES
journal: bench_journal 100000 $work/journal.log
schedule-hyperband: bench_schedule hyperband 20000 64
schedule-asha: bench_schedule asha 20000 64
schedule-median-stop: bench_schedule median-stop 20000 64
suggest-tpe: bench_suggest tpe 10 21
suggest-kde: bench_suggest kde 10 21
suggest-rf: bench_suggest rf 10 5
mlp: bench_mlp
conv: bench_conv
train: bench_train $work/network.yaml
kernels: bench_kernels
LINES
}

# The figures of one output, "name<TAB>time" per line. Only times, so that less is better. What the benchmarks print for
# people is read, because an older build has no other form.
figures() { # name of the bench
    awk -v bench="$1" '
        function figure(name, value) { if (value + 0 > 0) printf "%s %s\t%s\n", bench, name, value }
        bench == "journal" && /^write/ { name = $0; sub(/:.*/, "", name); figure(name, $3) }
        bench == "journal" && /^read/ { match($0, /[0-9.]+ s/); name = $0; sub(/:.*/, "", name)
            figure(name, substr($0, RSTART, RLENGTH - 2)) }
        bench ~ /^schedule-/ && / decisions / { name = substr($0, 1, 26); sub(/ +$/, "", name); $0 = substr($0, 27)
            figure(name ": decision", $3); if ($7 > 0) figure(name ": verdict", $9); figure(name ": anew", $(NF - 1)) }
        bench ~ /^suggest-/ { figure("n " $5, $7) }
        bench == "mlp" && /^  batch +[0-9]+ +us/ { batch = $2 }
        bench == "mlp" && /^  here/ { figure("batch " batch, $2) }
        bench == "mlp" && /us\/step$/ && /:/ { figure("tiny, batch " $2 + 0, $3) }
        bench == "conv" && / k[0-9]/ && !/^Conv/ { name = substr($0, 1, 28); sub(/ +$/, "", name); $0 = substr($0, 29)
            figure(name ": forward", $1); figure(name ": backward", $2) }
        bench == "train" && $2 == "us/step," { figure("step", $1) }
        bench == "kernels" && /^[a-zA-Z]/ && $NF + 0 > 0 && !/^ns per/ {
            name = substr($0, 1, 15); sub(/ +$/, "", name); figure(name, $(NF - 1)) }'
}

# Medians, spreads and the ratio of every figure; the status says whether one is slower.
# Input: "figure<TAB>old|new<TAB>time", sorted by figure, build and time.
judge() {
    awk -F '\t' '
        function quantile(q,    at, low) { # of value[1..n], which is sorted
            at = 1 + q * (n - 1); low = int(at)
            return value[low] + (at - low) * (value[low < n ? low + 1 : n] - value[low])
        }
        function finish() {
            if (!n) return
            median[build] = quantile(0.5)
            spread[build] = 50 * (quantile(0.75) - quantile(0.25)) / median[build]
            n = 0
            if (build != "old") return
            if (!("new" in median)) { print figure ": only in the old build"; slower++; return }
            most = spread["old"] > spread["new"] ? spread["old"] : spread["new"]
            change = 100 * (median["new"] / median["old"] - 1)
            bad = change > (most > 2 ? most : 2)
            slower += bad; count++
            printf "%-44s %11.4g %5.1f%% %11.4g %5.1f%% %7.3f%s\n", figure, median["old"], spread["old"], median["new"],
                spread["new"], median["new"] / median["old"], bad ? "  SLOWER" : ""
            delete median
        }
        BEGIN { printf "%-44s %11s %6s %11s %6s %7s\n", "median time, spread", "old", "", "new", "", "new/old" }
        $1 != figure || $2 != build { finish(); if ($1 != figure) delete median; figure = $1; build = $2 }
        { value[++n] = $3 }
        END { finish(); printf "%d figures, %d slower\n", count, slower; exit slower > 0 || count == 0 }'
}

run_round() { # label of the build, its folder, name of the bench, its command line
    local out
    # shellcheck disable=SC2086  # a command line is words
    out=$(eval "$2/benchmarks/micro/"$4 </dev/null 2>&1) || { echo "$2: $4 failed: $out" >&2; exit 2; }
    figures "$3" <<<"$out" | sed "s/\t/\t$1\t/" >>"$work/times"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while getopts n:l option; do
    case $option in
    n) rounds=$OPTARG ;;
    l) benches | sed "s|$work/||"; exit ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || usage
old=$(realpath "$1") new=$(realpath "$2")
shift 2
printf 'dataset: fashion-mnist\nhidden: [64, 64]\nbatch_size: 64\n' >"$work/network.yaml"

chosen=()
while IFS= read -r line; do
    name=${line%%:*}
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    for build in "$old" "$new"; do
        program=$build/benchmarks/micro/$(cut -d' ' -f2 <<<"$line")
        [ -x "$program" ] || { echo "$program is missing: configure with -DHPO_MICRO=ON and build" >&2; exit 2; }
    done
    chosen+=("$line")
done < <(benches)
for name in "$@"; do
    benches | grep -q "^$name:" || { echo "there is no benchmark '$name'; -l lists them" >&2; exit 2; }
done

for ((round = 1; round <= rounds; round++)); do
    for line in "${chosen[@]}"; do
        order=(old "$old" new "$new")
        [ $((round % 2)) -eq 1 ] || order=(new "$new" old "$old")
        run_round "${order[0]}" "${order[1]}" "${line%%:*}" "${line#*: }"
        run_round "${order[2]}" "${order[3]}" "${line%%:*}" "${line#*: }"
    done
    printf '\r%d of %d rounds' "$round" "$rounds" >&2
done
echo >&2
# by figure, the new build first, which the verdict on the old one needs
sort -t "$(printf '\t')" -k1,1 -k2,2 -k3,3g "$work/times" | judge
