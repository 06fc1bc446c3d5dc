#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The complete C examples of the guides compile under the project's own warnings: the first line of each is its SPDX line.
# Arguments: the compiler.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
compiler=${1:-cc}
flags=(-std=c17 -D_GNU_SOURCE -I. -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Werror)

count=0
for page in docs/*.md; do
    awk -v prefix="$out/$(basename "$page" .md)" '
        /^```c$/ { n++; inside = 1; next }
        /^```$/  { inside = 0 }
        inside   { print > (prefix "-" n ".c") }' "$page"
done
for file in "$out"/*.c; do
    head -1 "$file" | grep -q SPDX || continue
    # a descriptor that a registry declares has no declaration of its own in an example
    "$compiler" "${flags[@]}" -Wno-missing-prototypes -c "$file" -o "$file.o"
    count=$((count + 1))
done
[ "$count" -ge 2 ] || { echo "only $count examples were found in docs/"; exit 1; }
echo "$count examples compile"
