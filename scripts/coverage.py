#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the tables of scripts/coverage.sh from gcovr's summary: folders, then the files with the smallest fraction of lines.

scripts/coverage.py build/coverage/coverage.json [FILES]     FILES: how many, default 30
"""
import json
import os
import sys

WORST = 30


def share(covered, total):
    return f"{100 * covered / total:6.1f}" if total else "     -"


def row(name, files):
    def total(key):
        return sum(f[key] for f in files)

    print(f"{name:<40} {total('line_total'):7} {share(total('line_covered'), total('line_total'))} % "
          f"{total('branch_total'):8} {share(total('branch_covered'), total('branch_total'))} %")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        files = [f for f in json.load(file)["files"] if f["line_total"] > 0]
    worst = int(sys.argv[2]) if len(sys.argv) > 2 else WORST
    folders = {}
    for f in files:
        folders.setdefault(os.path.dirname(f["filename"]), []).append(f)
    print(f"{'folder':<40} {'lines':>7} {'run':>8} {'branches':>8} {'taken':>8}")
    for name in sorted(folders):
        row(name, folders[name])
    row("all", files)
    print()
    for f in sorted(files, key=lambda f: f["line_covered"] / f["line_total"])[:worst]:
        row(f["filename"], [f])


if __name__ == "__main__":
    main()
