#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that must hold before a change goes in: format, layers, a build with warnings as errors, every test, the
# unit and conformance tests again under AddressSanitizer and UndefinedBehaviorSanitizer, kernels under valgrind, and a
# build without MPI. Every step runs, whatever became of the others; fails when one did.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# shellcheck source=scripts/steps.sh
. scripts/steps.sh

format() {
    local out
    out=$(git ls-files -z '*.c' '*.h' '*.inc' | xargs -0 clang-format --dry-run --Werror 2>&1) && return
    grep -oE '^[^: ]+:[0-9]+' <<<"$out" | sort -u
    echo "clang-format -i mends these lines"
    return 1
}

# Reads of what nobody wrote, which the sanitizers do not see. Valgrind's processor has no AVX-512, so the AVX2 and the
# portable instances of the kernels are what runs.
kernels_under_valgrind() { # two at a time; what a test says is shown when it fails
    printf '%s\n' ops/test_conv tensor/test_product ops/test_dense ops/test_ops tensor/test_kernels ops/test_conv3d \
        ops/test_structure ops/test_dropout ops/test_norm |
        xargs -P 2 -I{} sh -c '
            out=$(valgrind -q --error-exitcode=1 build/release/tests/engine/{} 2>&1) || { echo "$out"; exit 1; }'
}

step packages ./scripts/install_deps.sh --tests
step format format
step layers ./scripts/check_layers.sh
if step "build release" build release; then
    step "tests release: unit, conformance" tests release -L 'unit|conformance' -j 2
    step "valgrind: kernels" kernels_under_valgrind
    step "tests release: mpi, cli, slow" tests release -LE 'unit|conformance' # these measure time: one by one
fi
if step "build asan-ubsan" build asan-ubsan; then
    step "tests asan-ubsan: unit, conformance" tests asan-ubsan -L 'unit|conformance' -j 2
fi
if step "build nompi" build nompi; then
    step "tests nompi: unit, cli" tests nompi -L 'unit|cli' -j 2
fi

finish
