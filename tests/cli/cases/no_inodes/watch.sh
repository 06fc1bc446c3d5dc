#!/bin/sh
# While the study runs, the file system is full for three seconds.
hpo_search study.yaml --dir small/run --set budget.trials=6 &
until [ -s started ]; do sleep 0.02; done
i=0
while touch "small/junk$i" 2>/dev/null; do i=$((i + 1)); done
echo "$i files" >filled
sleep 3
rm -f small/junk*
wait $!
