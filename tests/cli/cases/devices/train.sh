#!/bin/sh
# What a trial is told about devices and workers, one file per trial.
{
    echo "$CUDA_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES"
    echo "worker $HPO_WORKER of the host $HPO_LOCAL_WORKER argument $2"
} >"seen.$HPO_TRIAL"
sleep 0.3
echo "{\"loss\": $1}"
