#!/bin/sh
# seen.* name the devices $@ and no other, each for both makers' drivers and with one worker.
cat seen.* | grep -v worker | sort -u >found
for device in "$@"; do echo "$device $device "; done | sort -u | cmp - found || exit 1
for device in "$@"; do
    test "$(grep -l "^$device " seen.* | xargs grep -h worker | sort -u | wc -l)" -eq 1 || exit 1
done
