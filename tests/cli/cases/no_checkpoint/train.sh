#!/bin/sh
for epoch in $(seq 1 "$2"); do
    echo "{\"epochs\": $epoch, \"loss\": $1}"
done
