#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An environment with pinned versions for each of benchmarks/peers/requirements/*.txt, below build/peers; programs whose
# dependencies exclude each other do not meet. Environments that are complete are kept.
#
# usage: benchmarks/peers/install.sh [NAME...]     PYTHON=python3.11 OLD_PYTHON=python3.8 (for HpBandSter)
set -u
cd "$(dirname "$0")/../.." || exit 1
requirements=benchmarks/peers/requirements
[ $# -gt 0 ] || set -- $(basename -s .txt "$requirements"/*.txt)
failed=0
for name; do
    folder=build/peers/$name
    [ -e "$folder/complete" ] && cmp -s "$folder/complete" "$requirements/$name.txt" && continue
    python=${PYTHON:-python3.11}
    [ "$name" = hpbandster ] && python=${OLD_PYTHON:-python3.8}
    if "$python" -m venv "$folder" && "$folder/bin/python" -m pip install --quiet -r "$requirements/$name.txt"; then
        cp "$requirements/$name.txt" "$folder/complete"
        echo "$name: installed"
    else
        echo "$name: does not install" >&2
        failed=1
    fi
done
exit $failed
