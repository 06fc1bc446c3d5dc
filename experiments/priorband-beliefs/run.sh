#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the three studies with ten seeds each and draws their curves.
#   experiments/priorband-beliefs/run.sh [FOLDER]     FOLDER: of the runs; default runs/priorband-beliefs
# Four workers each, on however many cores there are. The same command continues what was interrupted.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
search=${HPO_SEARCH:-$root/build/release/bin/hpo_search}
runs=${1:-$root/runs/priorband-beliefs}
mkdir -p "$runs"

for seed in $(seq 1 "${SEEDS:-10}"); do
    for belief in good wrong none; do
        "$search" -j 4 --quiet --seed "$seed" --dir "$runs/$belief-$seed" "$here/$belief.yaml"
    done
done
python3 "$here/curves.py" "$runs"
