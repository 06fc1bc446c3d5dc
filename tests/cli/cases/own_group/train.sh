#!/bin/sh
# A helper in the background, and the usual way to be rid of it at the end: everything in my group.
echo "$HPO_TRIAL" >>evaluations
trap 'kill 0' EXIT
sleep 300 &
echo "{\"loss\": $1}"
