#!/bin/sh
for epoch in $(seq 1 50); do
    sleep 0.4
    echo "{\"epochs\": $epoch, \"loss\": $1}"
done
