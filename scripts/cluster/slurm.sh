# SPDX-License-Identifier: GPL-3.0-or-later
# A Slurm of one node, this machine, with munge, its controller and its daemon. Nothing of it is in /etc or /var.
# Needs: $tmp. Gives: slurm_start, slurm_stop, slurm_wait JOB (until it has ended), slurm_state JOB.
# shellcheck shell=bash

slurm_pids=()

slurm_conf() {
    local host
    host=$(hostname -s)
    cat <<-END
	ClusterName=check
	SlurmctldHost=$host(127.0.0.1)
	SlurmUser=root
	SlurmctldPort=16817
	SlurmdPort=16818
	AuthType=auth/munge
	AuthInfo=socket=$tmp/slurm/munge.socket
	CredType=cred/munge
	StateSaveLocation=$tmp/slurm/state
	SlurmdSpoolDir=$tmp/slurm/spool
	SlurmctldPidFile=$tmp/slurm/slurmctld.pid
	SlurmdPidFile=$tmp/slurm/slurmd.pid
	ProctrackType=proctrack/linuxproc
	TaskPlugin=task/none
	JobAcctGatherType=jobacct_gather/none
	SelectType=select/cons_tres
	SelectTypeParameters=CR_CPU
	SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,requeue_delay=1
	MpiDefault=none
	KillWait=10
	MinJobAge=600
	SlurmdParameters=config_overrides
	NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
	PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
	END
}

slurm_start() {
    local i
    mkdir -p "$tmp/slurm/state" "$tmp/slurm/spool"
    chmod 755 "$tmp" "$tmp/slurm"
    slurm_conf >"$tmp/slurm/slurm.conf"
    export SLURM_CONF=$tmp/slurm/slurm.conf
    (umask 077; head -c 1024 /dev/urandom >"$tmp/slurm/munge.key")
    munged --force --foreground --key-file="$tmp/slurm/munge.key" --socket="$tmp/slurm/munge.socket" \
        --pid-file="$tmp/slurm/munge.pid" --log-file="$tmp/slurm/munge.log" --seed-file="$tmp/slurm/munge.seed" \
        >"$tmp/slurm/munged.out" 2>&1 &
    slurm_pids+=($!)
    for ((i = 0; i < 100; i++)); do [ ! -S "$tmp/slurm/munge.socket" ] || break; sleep 0.1; done
    slurmctld -D -i >"$tmp/slurm/slurmctld.out" 2>&1 &
    slurm_pids+=($!)
    slurmd -D >"$tmp/slurm/slurmd.out" 2>&1 &
    slurm_pids+=($!)
    for ((i = 0; i < 100; i++)); do
        ! sinfo -h -o %T 2>/dev/null | grep -q idle || return 0
        sleep 0.2
    done
    tail -n 5 "$tmp"/slurm/*.out
    return 1
}

slurm_state() { squeue -h -t all -o %T -j "$1" 2>/dev/null; }

slurm_wait() { # JOB SECONDS: false when it still runs then
    local i state
    for ((i = 0; i < 5 * $2; i++)); do
        state=$(slurm_state "$1")
        case $state in PENDING | RUNNING | COMPLETING | SUSPENDED | REQUEUED) sleep 0.2 ;; *) return 0 ;; esac
    done
    return 1
}

slurm_stop() {
    [ ${#slurm_pids[@]} -gt 0 ] || return 0
    local i
    scancel --user root 2>/dev/null
    for ((i = 0; i < 75; i++)); do [ -n "$(squeue -h 2>/dev/null)" ] || break; sleep 0.2; done
    kill "${slurm_pids[@]}" 2>/dev/null
    wait "${slurm_pids[@]}" 2>/dev/null
    slurm_pids=()
}
