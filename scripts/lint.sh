#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What clang-tidy and cppcheck find in the tree without its tests, or in the files that are named; prints nothing when
# that is nothing, and fails otherwise. A quarter of an hour for the tree, seconds for a file.
#   scripts/lint.sh [FILE.c...]
# .clang-tidy has the chosen checks of the one, scripts/cppcheck.txt what is not asked of the other, both with reasons.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$log" "$work"' EXIT
cmake --preset clang -DHPO_TESTS=ON -DHPO_MICRO=ON >"$log" 2>&1 || { cat "$log"; exit 1; }

# Once for each file (several targets may compile it), without what the build generates.
mapfile -t files < <(python3 -B - "$work" "$@" <<'PYTHON'
import json, os, sys
work, root, named = sys.argv[1], os.getcwd() + os.sep, {os.path.relpath(name) for name in sys.argv[2:]}
commands = {}
with open("build/clang/compile_commands.json") as database:
    for command in json.load(database):
        name = command["file"].removeprefix(root)
        if name in named or not named and not name.startswith(("build" + os.sep, "tests" + os.sep)):
            commands.setdefault(name, command)
for name in sorted(named - commands.keys()):
    sys.exit(f"{name}: the preset clang does not compile it")
with open(os.path.join(work, "compile_commands.json"), "w") as out:
    json.dump(list(commands.values()), out)
print(*sorted(commands), sep="\n")
PYTHON
)
[ ${#files[@]} -gt 0 ] && [ -n "${files[0]}" ] || exit 1

export work
status=0
# shellcheck disable=SC2016
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" nice sh -c '
    found=$(clang-tidy -p "$work" --quiet --warnings-as-errors="*" "$1" 2>"$work/$$") && exit
    printf "%s\n" "$found"
    grep -v "warnings\{0,1\} \(generated\|treated\)" "$work/$$"
    exit 1' tidy || status=1
nice cppcheck --project="$work/compile_commands.json" -j "$(nproc)" --std=c11 --library=posix,gnu --quiet \
    --enable=warning,performance,portability --inline-suppr --suppressions-list=scripts/cppcheck.txt \
    --template='{file}:{line}: {severity}: {message} [{id}]' --template-location='{file}:{line}: note: {info}' \
    --error-exitcode=1 || status=1
exit $status
