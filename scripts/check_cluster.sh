#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What docs/cluster.md says, tried: as root, on Debian, by hand, a quarter of an hour. Three hosts out of namespaces with
# sshd, a Slurm of one node, MPICH; the scripts that the page shows are taken out of it and run. Installs what it needs,
# keeps everything else in a folder that is gone at the end, and ends what it has started.
#   scripts/check_cluster.sh [hosts] [slurm] [mpich] [mismatch]       without arguments: all of them
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
source=$PWD
# shellcheck source=scripts/cluster/hosts.sh
. scripts/cluster/hosts.sh
# shellcheck source=scripts/cluster/slurm.sh
. scripts/cluster/slurm.sh

parts=("$@")
[ $# -gt 0 ] || parts=(hosts slurm mpich mismatch)
[ "$(id -u)" -eq 0 ] || { echo "namespaces need root" >&2; exit 2; }

tmp=$(mktemp -d)
checks=0 failures=0
children=()
finish() {
    trap - EXIT INT TERM
    hosts_stop
    slurm_stop
    [ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null
    rm -rf "$tmp"
    printf '%d checks, %d failed\n' "$checks" "$failures"
    [ "$failures" -eq 0 ] && [ "$checks" -gt 0 ]
    exit
}
trap finish EXIT
trap 'failures=$((failures + 1)); exit 1' INT TERM

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export TMPDIR=$tmp

# ---- what all parts share ----

result() { # NAME MEASURED COMMAND...: one line
    local name=$1 measured=$2
    shift 2
    checks=$((checks + 1))
    if "$@" >/dev/null 2>&1; then
        printf 'ok      %s: %s\n' "$name" "$measured"
    else
        printf 'FAILED  %s: %s\n' "$name" "$measured"
        failures=$((failures + 1))
        sed 's/^/        /' "$tmp/out" 2>/dev/null | tail -n 15
    fi
}

now() { echo "${EPOCHREALTIME/,/.}"; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }'; }
all() { # each argument is a condition
    local condition
    for condition in "$@"; do eval "$condition" || return 1; done
}

said() { sed -nE "s/.*\"$2\": *\"?([a-z0-9.]+).*/\\1/p" "$1/status.json" 2>/dev/null | head -n 1; } # FOLDER KEY
bits() { python3 -B "$source/tests/support/journal_dump.py" "$1/journal.log" | md5sum | cut -c 1-12; }
until_true() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}
is() { [ "$(said "$1" state)" = "$2" ]; } # FOLDER STATE
has_results() { [ "$(grep -c 'hpo:result' "$1/journal.log" 2>/dev/null)" -ge "$2" ]; }

packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing: ${missing[*]}"
    { apt-get -qq update && # at run level 1 packages start no services
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}"; } \
        >"$tmp/apt" 2>&1 || { tail "$tmp/apt"; return 1; }
}

build() { # FOLDER, further arguments of cmake
    local folder=$1
    shift
    { cmake --preset release -B "$folder" -DHPO_MICRO=OFF "$@" && cmake --build "$folder" -j 2 --target hpo_search; } \
        >"$tmp/build" 2>&1 || { tail "$tmp/build"; return 1; }
}

# A block of the page by the name in its comment, with blocks of code around it taken away.
recipe() { # NAME
    awk -v name="# $1" '
        /^```/ { if (inside && found) { printf "%s", text; exit } inside = !inside; text = ""; found = 0; next }
        inside { text = text $0 "\n"; if (index($0, name) == 1) found = 1 }' "$source/docs/cluster.md" >"$tmp/site/$1"
    [ -s "$tmp/site/$1" ] && chmod +x "$tmp/site/$1"
}

# Trials of half a second; and a study whose bits tell whether anything was lost or told twice.
studies() {
    mkdir -p "$tmp/site/runs"
    cat >"$tmp/site/train.py" <<-'END'
	import json, sys, time
	time.sleep(float(sys.argv[2]))
	print(json.dumps({"loss": (float(sys.argv[1]) - 0.3) ** 2}))
	END
    cat >"$tmp/site/study.yaml" <<-END
	study: sleep
	seed: 1
	objective: {command: {run: [python3, -I, -S, $tmp/site/train.py, "{x}", "0.5"]}}
	metric: {name: loss, goal: minimize}
	method: random
	budget: {trials: 40}
	deterministic: true
	workers: 6
	failure: {heartbeat: 0.2s, lost_after: 2s}
	parameters: {x: {min: 0.0, max: 1.0}}
	END
    sed 's/"0.5"/"0.01"/' "$tmp/site/study.yaml" >"$tmp/site/quick.yaml"
    "$program" "$tmp/site/quick.yaml" --dir "$tmp/site/runs/alone" --quiet >"$tmp/out" 2>&1
    alone=$(bits "$tmp/site/runs/alone")
}

# ---- three hosts ----

# Runs a command on the first host, something happens to the third one, and then it is measured how the job ends.
disturbed() { # NAME DISTURBANCE WHEN STATE COMMAND...
    local name=$1 disturbance=$2 when=$3 state=$4 folder=$tmp/site/runs/disturbed pid begun ended code
    shift 4
    rm -rf "$folder"
    on alpha timeout -s KILL 100 "$@" --dir "$folder" >"$tmp/out" 2>&1 &
    pid=$!
    case $when in
    middle) until_true 30 has_results "$folder" 6 ;;
    done) until_true 60 is "$folder" done ;;
    esac
    "$disturbance"
    begun=$(now)
    until_true 60 eval "is '$folder' done || ! kill -0 $pid" && ended=$(now)
    wait "$pid"
    code=$?
    ended=$(since "$ended")
    local measured="ended $ended s after the run, $(since "$begun") s after the loss, exit code $code, $(said "$folder" workers_lost) lost"
    if [ "$state" = done ]; then
        result "$name" "$measured" all "is $folder done" "at_most $ended 10" "[ $(bits "$folder") = $alone ]"
    else # the same command goes on
        host_plug gamma
        on alpha "$@" --dir "$folder" >>"$tmp/out" 2>&1
        result "$name" "$measured; continued: $(said "$folder" state)" all "at_most $(since "$begun") 60" "is $folder done" \
            "[ $(bits "$folder") = $alone ]"
    fi
    host_plug gamma
    hosts_clean
    sleep 0.5
}
cut_off() { host_unplug gamma; }
kill_daemon() { on gamma sh -c 'kill -9 $(pidof orted)'; }
kill_worker() { on gamma sh -c 'kill -9 $(pgrep -o hpo_search)'; }

check_hosts() {
    packages openssh-server openssh-client iproute2 procps openmpi-bin || return 1
    hosts_start alpha beta gamma || return 1
    local begun folder=$tmp/site/runs name
    ln -sf "$program" "$tmp/site/hpo_search"
    for name in hosts ssh-hosts.sh unlike-ranks.sh; do recipe "$name" || echo "docs/cluster.md has no $name"; done
    for name in ssh-hosts.sh:hosts unlike-ranks.sh:unlike; do
        begun=$(now)
        (cd "$tmp/site" && on alpha env PATH="$tmp/site:$PATH" "./${name%:*}" >"$tmp/out" 2>&1)
        result "three hosts by ${name%:*}" "$(since "$begun") s, sum $(bits "$folder/${name#*:}"), on one host $alone" \
            all "is $folder/${name#*:} done" "[ $(bits "$folder/${name#*:}") = $alone ]"
    done
    local run=(-n 7 --hostfile "$tmp/site/hosts" "$program" "$tmp/site/study.yaml")
    disturbed "a host cut off, plain mpirun" cut_off middle done mpirun "${run[@]}"
    disturbed "a host cut off, --enable-recovery" cut_off middle done mpirun --enable-recovery "${run[@]}"
    disturbed "a daemon killed, --enable-recovery" kill_daemon middle done mpirun --enable-recovery "${run[@]}"
    disturbed "a daemon killed, plain mpirun" kill_daemon middle ends mpirun "${run[@]}"
    disturbed "a worker killed, --enable-recovery" kill_worker middle done mpirun --enable-recovery "${run[@]}"
    disturbed "a worker killed, plain mpirun" kill_worker middle ends mpirun "${run[@]}"
    disturbed "a host cut off after \"done\", plain mpirun" cut_off done done mpirun "${run[@]}"
    disturbed "a host cut off after \"done\", --enable-recovery" cut_off done done mpirun --enable-recovery "${run[@]}"
    hosts_stop
}

# ---- Slurm ----

submit() { (cd "$tmp/site" && PATH="$tmp/site:$PATH" sbatch --parsable -o "$tmp/site/job.out" "$@"); }

# Until the job is in the queue again; Slurm lets it wait there for two minutes, which are not waited for here.
goes_on() { # JOB [TIMES]
    until_true 60 eval "scontrol show job $1 | grep -q Restarts=${2:-1}"
    until_true 20 eval "[ \"\$(slurm_state $1)\" = PENDING ]"
    sleep 2 # what ran of it before is tidied up
    scontrol update JobId="$1" StartTime=now
}

# A job whose time ends in the middle, by the page's script: it must go through the queue and come to the end.
requeued() { # RECIPE
    local name=$1 job begun folder=$tmp/site/runs/search runs
    rm -rf "$folder" "$tmp/site/job.out"
    recipe "$name" || return 1
    # the end of the time, which Slurm counts in minutes, comes by the same signal
    begun=$(now)
    job=$(submit "$name")
    until_true 60 has_results "$folder" 6
    if [ "$name" = search-srun.sbatch ]; then scancel --signal=USR1 "$job"; else scancel --signal=USR1 --batch "$job"; fi
    goes_on "$job"
    until_true 120 is "$folder" done
    slurm_wait "$job" 20
    runs=$(grep -c 'sleep: .*\(new\|continues\) in' "$tmp/site/job.out")
    cp "$tmp/site/job.out" "$tmp/out"
    result "$name, USR1, requeued" "$(since "$begun") s, $runs runs, $(slurm_state "$job"), $(said "$folder" state), sum $(bits "$folder")" \
        all "is $folder done" "[ $runs = 2 ]" "[ $(bits "$folder") = $alone ]"
}

walltime() {
    local job begun folder=$tmp/site/runs/search
    rm -rf "$folder" "$tmp/site/job.out"
    recipe search.sbatch || return 1
    begun=$(now)
    # 60 trials of 2 s and three workers need 40 s; the signal comes after half a minute
    sed 's/"0.5"/"2.0"/' "$tmp/site/study.yaml" >"$tmp/site/long.yaml"
    sed -i 's/ study.yaml/ long.yaml --set budget.trials=60/' "$tmp/site/search.sbatch"
    job=$(submit --time=1 --signal=B:USR1@30 search.sbatch)
    until_true 100 is "$folder" interrupted
    local at
    at=$(since "$begun")
    local restarts=0 # the signal comes up to a minute early
    until is "$folder" done || [ $restarts -eq 5 ]; do
        goes_on "$job" $((++restarts))
        until_true 30 eval "[ \"\$(slurm_state $job)\" = RUNNING ]"
        until_true 70 eval "is '$folder' done || is '$folder' interrupted && [ \"\$(slurm_state $job)\" != RUNNING ]"
    done
    slurm_wait "$job" 20
    cp "$tmp/site/job.out" "$tmp/out"
    result "walltime of a minute, --signal=B:USR1@30" \
        "stopped after $at s, requeued $restarts times, done after $(since "$begun") s, $(slurm_state "$job")" \
        all "is $folder done" "[ $restarts -ge 1 ]" "at_most $at 60"
}

cancelled() {
    local job begun folder=$tmp/site/runs/search left
    rm -rf "$folder"
    recipe search.sbatch || return 1
    job=$(submit search.sbatch)
    until_true 60 has_results "$folder" 6
    begun=$(now)
    scancel "$job"
    slurm_wait "$job" 30
    local took
    took=$(since "$begun")
    sleep 1
    left=$(pgrep -fc "$folder")
    "$program" "$tmp/site/study.yaml" --dir "$folder" --quiet >"$tmp/out" 2>&1
    result "scancel" "$(slurm_state "$job") after $took s, $left processes left; continued: $(said "$folder" state)" \
        all "[ $left = 0 ]" "[ \"$(slurm_state "$job")\" = CANCELLED ]" "is $folder done" "[ $(bits "$folder") = $alone ]"
}

array() {
    local job i states=
    recipe seeds.sbatch || return 1
    sed -i 's/study.yaml/quick.yaml/' "$tmp/site/seeds.sbatch"
    job=$(submit seeds.sbatch)
    for i in 1 2 3; do until_true 60 is "$tmp/site/runs/seed-$i" "done"; states+=" $(said "$tmp/site/runs/seed-$i" state)"; done
    result "seeds.sbatch" "a job array of three:$states" [ "$states" = " done done done" ]
}

check_slurm() {
    packages slurmd slurmctld slurm-client munge openmpi-bin procps || return 1
    slurm_start || return 1
    ln -sf "$program" "$tmp/site/hpo_search"
    local name
    for name in search.sbatch search-mpirun.sbatch search-srun.sbatch; do requeued "$name"; done
    walltime
    cancelled
    array
    slurm_stop
}

# ---- MPICH ----

check_mpich() {
    packages mpich libmpich-dev python3 || return 1
    build build/mpich -DMPI_C_COMPILER=/usr/bin/mpicc.mpich -DMPIEXEC_EXECUTABLE=/usr/bin/mpiexec.mpich || return 1
    cmake --build build/mpich -j 2 >"$tmp/build" 2>&1 || { tail "$tmp/build"; return 1; }
    local folder=$tmp/site/runs/mpich begun
    begun=$(now)
    build/mpich/bin/hpo_search -j 3 "$tmp/site/quick.yaml" --dir "$folder" >"$tmp/out" 2>&1
    result "MPICH, -j 3" "$(since "$begun") s, sum $(bits "$folder"), with Open MPI $alone" [ "$(bits "$folder")" = "$alone" ]
    ctest --test-dir build/mpich -L mpi --output-on-failure >"$tmp/out" 2>&1
    result "MPICH, tests/mpi" "$(grep 'tests passed' "$tmp/out")" grep -q '100% tests passed' "$tmp/out"
}

# ---- launcher and library do not match ----

mismatched() { # NAME WORDS COMMAND...
    local name=$1 words=$2 folder=$tmp/site/runs/mismatch begun code
    shift 2
    rm -rf "$folder"
    begun=$(now)
    "$@" "$tmp/site/quick.yaml" --dir "$folder" >"$tmp/out" 2>&1
    code=$?
    result "$name" "exit code $code after $(since "$begun") s, $(grep -c "$words" "$tmp/out") process says so" \
        all "[ $code = 2 ]" "[ $(grep -c "$words" "$tmp/out") = 1 ]" "[ ! -e $folder ]"
}

matched() { # NAME COMMAND...
    local name=$1 folder=$tmp/site/runs/match begun
    shift
    rm -rf "$folder"
    begun=$(now)
    "$@" "$tmp/site/quick.yaml" --dir "$folder" >"$tmp/out" 2>&1
    result "$name" "$(since "$begun") s, sum $(bits "$folder")" [ "$(bits "$folder")" = "$alone" ]
}

check_mismatch() {
    packages mpich libmpich-dev openmpi-bin slurmd slurmctld slurm-client munge || return 1
    build build/mpich -DMPI_C_COMPILER=/usr/bin/mpicc.mpich -DMPIEXEC_EXECUTABLE=/usr/bin/mpiexec.mpich || return 1
    local mpich=$source/build/mpich/bin/hpo_search
    slurm_start || return 1
    mismatched "Open MPI under MPICH's mpirun" 'use the mpirun of that library (on Debian mpirun.openmpi)' \
        mpirun.mpich -n 3 "$program"
    mismatched "MPICH under Open MPI's mpirun" 'use the mpirun of that library (on Debian mpirun.mpich)' \
        mpirun.openmpi -n 3 "$mpich"
    mismatched "Open MPI under srun" 'use srun --mpi=pmix' srun -n 3 "$program"
    mismatched "Open MPI under srun --mpi=pmi2" 'use srun --mpi=pmix' srun --mpi=pmi2 -n 3 "$program"
    mismatched "MPICH under srun --mpi=pmix" 'use srun --mpi=pmi2' srun --mpi=pmix -n 3 "$mpich"
    mismatched "-j under srun" 'leave out one of the two' srun -n 2 "$program" -j 2
    matched "Open MPI under srun --mpi=pmix" srun --mpi=pmix -n 3 "$program"
    matched "MPICH under srun --mpi=pmi2" srun --mpi=pmi2 -n 3 "$mpich"
    matched "one task of srun" srun -n 1 "$program"
    matched "-j within one task of srun" srun -n 1 "$program" -j 2
    slurm_stop
}

build build/release || exit 1
program=$source/build/release/bin/hpo_search
studies
for part in "${parts[@]}"; do
    case $part in
    hosts | slurm | mpich | mismatch)
        printf '==> %s\n' "$part"
        "check_$part" || result "$part" "could not be prepared" false
        ;;
    *) sed -n '6s/^# *//p' "$0" >&2; exit 2 ;;
    esac
done
