#!/bin/sh
# small.sh OPTIONS COMMAND...: runs the command with small/ as a file system of its own; 77 where that is not allowed
options=$1
shift
mkdir -p small
if [ "$(id -u)" -eq 0 ]; then apart="unshare -m"; else apart="unshare -rm"; fi
$apart true 2>/dev/null || exit 77
exec $apart sh -c 'mount -t tmpfs -o "$0" tmpfs small || exit 77; "$@"' "$options" "$@"
