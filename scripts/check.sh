#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that must hold before a change goes in: format, layers, a build with warnings as errors, every test, the
# unit and conformance tests again under AddressSanitizer and UndefinedBehaviorSanitizer, kernels under valgrind, and a
# build without MPI. Every step runs, whatever became of the others; fails when one did.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0
broken=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { # name, command: prints what it took, remembers what failed
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@" </dev/null; then
        printf '    %s: %d s\n' "$name" $((SECONDS - start))
    else
        printf '    %s: FAILED after %d s\n' "$name" $((SECONDS - start))
        broken+=("$name")
        return 1
    fi
}

format() {
    local out
    out=$(git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run --Werror 2>&1) && return
    grep -oE '^[^: ]+:[0-9]+' <<<"$out" | sort -u
    echo "clang-format -i mends these lines"
    return 1
}

build() { # preset: silent unless it fails
    cmake --preset "$1" -DHPO_TESTS=ON -DHPO_MICRO=ON >"$log" 2>&1 && cmake --build --preset "$1" >"$log" 2>&1 ||
        { grep -vE '^\[[0-9]+/[0-9]+\] ' "$log"; return 1; }
}

tests() { # preset, then arguments of ctest: counts what its closing lines say
    local preset=$1 status=0 total bad
    shift
    ctest --preset "$preset" --no-tests=error "$@" 2>&1 | tee "$log" || status=1
    read -r bad total < <(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests failed out of ([0-9]+)$/\1 \2/p' "$log") ||
        return 1
    passed=$((passed + total - bad)) failed=$((failed + bad))
    return $status
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

printf '\n%d passed, %d failed, in %d min %d s\n' "$passed" "$failed" $((SECONDS / 60)) $((SECONDS % 60))
if [ ${#broken[@]} -gt 0 ]; then
    printf 'FAILED: %s\n' "${broken[@]}"
    exit 1
fi
echo "every check passed"
