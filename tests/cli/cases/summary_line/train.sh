#!/bin/sh
# The metric, and then a line about the run as a whole; with "steps" both come in pieces.
if [ "$2" = steps ]; then
    echo "{\"epochs\": 1, \"train_loss\": 9, \"val\": {\"nested\": 1}}"
    echo "{\"epochs\": 1, \"eval_loss\": 7}"
    echo "{\"epochs\": 2, \"train_loss\": 3}"
    echo "{\"epochs\": 2, \"eval_loss\": $1}"
else
    echo "{\"eval_loss\": 5}"
    echo "{\"eval_loss\": $1, \"eval_acc\": 0.5}"
fi
echo '{"train_runtime": 12.5, "train_samples_per_second": 811.0}'
