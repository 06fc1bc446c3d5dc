#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Lines and branches that the tests run, by folder, and the files that they run least of. Half an hour.
#   scripts/coverage.sh [LABELS]     of the tests, an expression of ctest -L; default: unit|conformance|cli
# build/coverage/coverage.json keeps the numbers of every file.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
labels=${1:-'unit|conformance|cli'}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset coverage && nice cmake --build --preset coverage -j 2; } >"$log" 2>&1; then
    grep -vE '^\[[0-9]+/[0-9]+\] ' "$log"
    exit 1
fi
find build/coverage -name '*.gcda' -delete
status=0
nice ctest --preset coverage --no-tests=error -L "$labels" -j 2 >"$log" 2>&1 || { grep -E 'Failed|tests passed' "$log"; status=1; }
gcovr --root . --object-directory build/coverage --gcov-ignore-parse-errors -j 2 \
    --filter '(base|engine|nas|hpo|benchmarks|experiments)/' --json-summary build/coverage/coverage.json || exit 1
scripts/coverage.py build/coverage/coverage.json
exit $status
