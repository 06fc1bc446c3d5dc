#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/check_layers.sh must find what is wrong: a copy of the sources is spoiled in every way that it knows.
#   tests/cli/check_layers.sh REPOSITORY
set -euo pipefail
root=$1
git -C "$root" rev-parse --git-dir >/dev/null 2>&1 || { echo "not a git checkout: skipped"; exit 77; }
unset CC CXX
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$root" && git ls-files -z '*.c' '*.h' '*.inc' |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    xargs -0 cp --parents -t "$copy")
cd "$copy"
git init -q .

spoil() { # file, line to add at its beginning
    sed -i "1i $2" "$1"
}
spoil base/buf.c '#include "hpo/space/space.h"'
spoil engine/tensor/tensor.h '#include "engine/ops/ops.h"'
spoil engine/ops/elu.c '#include "engine/optim/optimizer.h"'
spoil engine/data/csv.c '#include "hpo/objective.h"'
spoil hpo/space/value.c '#include "engine/tensor/tensor.h"'
spoil hpo/space/param.c '#include "hpo/trials/history.h"'
spoil hpo/samplers/random.c '#include "hpo/study/study.h"'
spoil hpo/trials/result.c '#include <mpi.h>'
spoil engine/tensor/graph.c '#include <cblas.h>'
spoil base/yaml.h '#include <yaml.h>'
spoil base/buf.h '#include <zlib.h>'
spoil hpo/study/study.h '#include <jansson.h>'
spoil benchmarks/problems/branin.c '#include "problem.h"'
spoil tests/base/test_buf.c '#include "engine/engine.h"'
mkdir -p attic && printf '#include "base/buf.h"\n' >attic/old.c
printf 'static inline hpo_value lone(void) { return 0; }\n' >hpo/space/lone.h
printf '#include "hpo/space/newer.h"\n' >hpo/samplers/older.h
printf '#include "hpo/samplers/older.h"\nstruct s { int class; };\n' >hpo/space/newer.h
git add -A

found=$("$root/scripts/check_layers.sh" "$copy") && { echo "nothing was found"; exit 1; }
missing=0
expect() {
    grep -qF -- "$1" <<<"$found" || { echo "not found: $1"; missing=1; }
}
expect 'base/buf.c:1: base must not include "hpo/space/space.h"'
expect 'engine/tensor/tensor.h:1: engine/tensor must not include "engine/ops/ops.h"'
expect 'engine/ops/elu.c:1: engine/ops must not include "engine/optim/optimizer.h"'
expect 'engine/data/csv.c:1: engine/data must not include "hpo/objective.h"'
expect 'hpo/space/value.c:1: hpo/space must not include "engine/tensor/tensor.h"'
expect 'hpo/space/param.c:1: hpo/space must not include "hpo/trials/history.h"'
expect 'hpo/samplers/random.c:1: hpo/samplers must not include "hpo/study/study.h"'
expect 'hpo/trials/result.c:1: <mpi.h> does not belong here'
expect 'engine/tensor/graph.c:1: <cblas.h> does not belong here'
expect 'base/yaml.h:1: <yaml.h> does not belong here'
expect 'base/buf.h:1: <zlib.h> does not belong here'
expect 'hpo/study/study.h:1: <jansson.h> does not belong here'
expect 'benchmarks/problems/branin.c:1: "problem.h" is no file of ours'
expect 'tests/base/test_buf.c:1: tests/base must not include "engine/engine.h"'
expect 'attic/old.c:1: no rule for this folder'
expect 'hpo/space/lone.h does not compile alone with: cc'
expect 'hpo/space/newer.h does not compile alone with: c++'
expect 'a circle of folders'
expect 'a circle of headers'
[ "$missing" = 0 ] || { printf '%s\n' "$found"; exit 1; }
