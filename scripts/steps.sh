# SPDX-License-Identifier: GPL-3.0-or-later
# What scripts/check.sh and scripts/check_more.sh share: steps that run one after another, whatever became of the others.
# shellcheck shell=bash

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

finish() { # the verdict on all steps
    printf '\n%d passed, %d failed, in %d min %d s\n' "$passed" "$failed" $((SECONDS / 60)) $((SECONDS % 60))
    if [ ${#broken[@]} -gt 0 ]; then
        printf 'FAILED: %s\n' "${broken[@]}"
        exit 1
    fi
    echo "every check passed"
}
