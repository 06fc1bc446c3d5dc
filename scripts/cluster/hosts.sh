# SPDX-License-Identifier: GPL-3.0-or-later
# Hosts that are namespaces: network, UTS, PID and mount, joined by a bridge that lies in a namespace of its own. Each has
# a name and an sshd, which is its process 1: when that is killed, everything on the host is gone, as when its power fails.
# The file system is the shared one of a cluster, except /run, which each host has for itself.
# Needs: $tmp, a folder for everything. Gives: hosts_start NAME..., on HOST COMMAND..., host_unplug and
# host_plug HOST, hosts_clean, hosts_stop.
# shellcheck shell=bash

hosts=()
declare -A host_pid

# The only way in: keys and configuration of ssh lie in $tmp and are seen by the hosts alone.
hosts_keys() {
    ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
    cp "$tmp/key.pub" "$tmp/authorized_keys"
    cat >"$tmp/ssh_config" <<-END
	Host *
	    IdentityFile $tmp/key
	    StrictHostKeyChecking no
	    UserKnownHostsFile /dev/null
	    LogLevel ERROR
	END
}

host_sshd_config() { # NAME
    cat <<-END
	HostKey $tmp/key
	AuthorizedKeysFile $tmp/authorized_keys
	StrictModes no
	UsePAM no
	PidFile none
	SetEnv TMPDIR=$tmp/$1 PATH=$PATH OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	END
}

host_begin() { # NAME NUMBER: its sshd is process 1 of its PID namespace
    local name=$1 number=$2
    ip netns add "$name"
    ip -n "$switch" link add "port$number" type veth peer name eth0 netns "$name"
    ip -n "$switch" link set "port$number" master bridge up
    ip -n "$name" address add "10.77.0.$number/24" dev eth0
    ip -n "$name" link set lo up
    ip -n "$name" link set eth0 up
    mkdir -p "$tmp/$name"
    host_sshd_config "$name" >"$tmp/$name/sshd_config"
    # shellcheck disable=SC2016
    ip netns exec "$name" unshare --uts --pid --mount --fork --mount-proc --kill-child sh -c '
        tmp=$1 name=$2
        hostname "$name"
        mount -t tmpfs run /run && mkdir -p /run/sshd
        mount --bind "$tmp/hosts" /etc/hosts
        mount --bind "$tmp/ssh_config" /etc/ssh/ssh_config
        exec /usr/sbin/sshd -D -e -f "$tmp/$name/sshd_config"' sh "$tmp" "$name" 2>"$tmp/$name/sshd.log" &
    local unshare=$!
    until host_pid[$name]=$(pgrep -P "$unshare") && ip netns exec "$name" bash -c "exec 3<>/dev/tcp/10.77.0.$number/22" 2>/dev/null; do
        kill -0 "$unshare" 2>/dev/null || { cat "$tmp/$name/sshd.log"; return 1; }
        sleep 0.05
    done
}

hosts_start() { # NAME...
    local name number=0
    hosts=("$@")
    switch=hpo-switch-$$
    hosts_keys
    echo '127.0.0.1 localhost' >"$tmp/hosts"
    for name in "${hosts[@]}"; do echo "10.77.0.$((++number)) $name"; done >>"$tmp/hosts"
    ip netns add "$switch"
    ip -n "$switch" link add bridge type bridge
    ip -n "$switch" link set bridge up
    number=0
    for name in "${hosts[@]}"; do host_begin "$name" $((++number)) || return 1; done
}

on() { # HOST COMMAND...: in all namespaces of the host, in the folder of the caller
    local name=$1
    shift
    nsenter --target "${host_pid[$name]}" --net --uts --pid --mount --wd="$PWD" \
        env TMPDIR="$tmp/$name" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$@"
}

host_unplug() { ip -n "$1" link set eth0 down; }
host_plug() { ip -n "$1" link set eth0 up; }
hosts_clean() { # what a check has left running on the hosts, sshd apart
    local name
    for name in "${hosts[@]}"; do
        # shellcheck disable=SC2016
        on "$name" sh -c 'for p in /proc/[0-9]*; do
            case $(cat $p/comm 2>/dev/null) in orted|mpirun*|hydra*|mpiexec*|hpo*) kill -9 ${p#/proc/} ;; esac
        done' 2>/dev/null
    done
}

hosts_stop() {
    local name
    for name in "${hosts[@]}"; do
        [ -z "${host_pid[$name]:-}" ] || kill -9 "${host_pid[$name]}" 2>/dev/null
        ip netns delete "$name" 2>/dev/null
    done
    [ -z "${switch:-}" ] || ip netns delete "$switch" 2>/dev/null
    hosts=()
}
