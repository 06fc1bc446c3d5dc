#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each peer beside its counterpart of ours (registry.py): medians at the budget, p by Mann and Whitney, with Holm.

usage: benchmarks/peers/report.py OURS PEERS [--workers N] [--problems]

OURS and PEERS are folders with results.csv and cells.csv. A run counts with the regret of its incumbent without noise,
or its value where no optimum is known, at the suite's budget: what was spent beyond it does not count. p is two-sided
and exact over the seeds that both have, by the distribution of the rank sum with its ties; the smallest that these seeds
allow stands beside it. Holm's correction is for the problems of a peer. Needs only Python's standard library.
"""
import argparse
import collections
import csv
import math
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from registry import PEERS  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours")
    parser.add_argument("peers")
    parser.add_argument("--workers", default="1")
    parser.add_argument("--full", type=float, default=60, help="the budget")
    parser.add_argument("--problems", action="store_true", help="a line for each problem, too")
    return parser.parse_args()


# ---- the tables ----

def rows(folder, name):
    path = pathlib.Path(folder, name)
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def outcomes(folder, workers, full):
    """{(method, problem): {seed: regret, smaller is better}} at the budget; inf: no incumbent yet."""
    goals, found = {}, collections.defaultdict(dict)
    for row in rows(folder, "cells.csv"):
        if row["workers"] == workers:
            goals[row["problem"]] = row["goal"]
            found[row["method"], row["problem"]][row["seed"]] = math.inf
    for row in rows(folder, "results.csv"):
        known = found.get((row["method"], row["problem"]), {})
        if row["workers"] == workers and row["seed"] in known and float(row["spent"]) <= full + 1e-9:
            sign = -1 if goals[row["problem"]] == "maximize" else 1
            value = float(row["exact"] or row["value"])
            known[row["seed"]] = float(row["regret"]) if row["regret"] else sign * value
    return found


def microseconds(folder, workers):
    """Of a suggestion, by method: the mean over everything."""
    sums = collections.defaultdict(lambda: [0, 0.0])
    for row in rows(folder, "times.csv"):
        if row["workers"] == workers:
            sums[row["method"]][0] += int(row["suggestions"])
            sums[row["method"]][1] += float(row["seconds"])
    return {method: 1e6 * seconds / max(n, 1) for method, (n, seconds) in sums.items()}


# ---- tests ----

def mann_whitney(a, b):
    """(p two-sided and exact, given the ties; the smallest p without ties). Counts how many choices of len(a) of all
    ranks have each sum (Mann and Whitney 1947; Streitberg and Roehmel 1986 for ties); ranks are doubled to be whole."""
    pooled = sorted(a + b)
    rank = {value: pooled.index(value) + (pooled.index(value) + pooled.count(value) - 1) + 2 for value in set(pooled)}
    ways = [collections.Counter() for _ in range(len(a) + 1)]
    ways[0][0] = 1
    for value in pooled:
        for k in range(len(a) - 1, -1, -1):
            for total, n in ways[k].items():
                ways[k + 1][total + rank[value]] += n
    middle, observed = len(a) * (len(pooled) + 1), sum(rank[value] for value in a)
    every = math.comb(len(pooled), len(a))
    beyond = sum(n for total, n in ways[len(a)].items() if abs(total - middle) >= abs(observed - middle))
    return beyond / every, min(1.0, 2 / every)


def superiority(a, b):
    """The probability that one of a is smaller than one of b (Vargha and Delaney's A)."""
    return sum((x < y) + 0.5 * (x == y) for x in a for y in b) / (len(a) * len(b))


def holm(ps):
    corrected, worst = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        worst = max(worst, min(1.0, (len(ps) - place) * ps[index]))
        corrected[index] = worst
    return corrected


# ---- the report ----

def compare(peer, ours, theirs):
    """[(problem, seeds, our median, their median, that ours is better, p, smallest p)]"""
    found = []
    for method, problem in sorted(theirs):
        mine = ours.get((PEERS[peer].ours, problem), {}) if method == peer else {}
        seeds = sorted(set(mine) & set(theirs[method, problem]), key=int)
        if len(seeds) < 2:
            continue
        a, b = [mine[seed] for seed in seeds], [theirs[method, problem][seed] for seed in seeds]
        found.append((problem, len(seeds), statistics.median(a), statistics.median(b), superiority(a, b),
                      *mann_whitney(a, b)))
    return found


def verdict(line, corrected):
    if corrected > 0.05:
        return ""
    return "ours" if line[4] > 0.5 else "theirs"


def print_problems(peer, lines):
    corrected = holm([line[5] for line in lines])
    for line, p in zip(lines, corrected):
        print(f"| {peer} | {PEERS[peer].ours} | {line[0]} | {line[1]} | {line[3]:.3g} | {line[2]:.3g} | {line[4]:.2f} "
              f"| {line[5]:.2g} | {p:.2g} | {line[6]:.1g} | {verdict(line, p)} |")


def print_peer(peer, lines, times):
    corrected = holm([line[5] for line in lines])
    said = [verdict(line, p) for line, p in zip(lines, corrected)]
    seeds = [line[1] for line in lines]
    print(f"| {peer} | {PEERS[peer].ours} | {len(lines)} | {min(seeds)}-{max(seeds)} "
          f"| {statistics.mean(line[4] for line in lines):.2f} | {said.count('ours')} | {said.count('theirs')} "
          f"| {max(line[6] for line in lines):.1g} | {times[1].get(peer, math.nan):,.0f} "
          f"| {times[0].get(PEERS[peer].ours, math.nan):,.0f} |")


def main():
    arguments = parse_arguments()
    ours, theirs = (outcomes(folder, arguments.workers, arguments.full) for folder in (arguments.ours, arguments.peers))
    times = [microseconds(folder, arguments.workers) for folder in (arguments.ours, arguments.peers)]
    compared = {peer: lines for peer in PEERS if (lines := compare(peer, ours, theirs))}
    print("| peer | ours | problems | seeds | ours better | ours ahead | theirs ahead | smallest p | us | ours |\n"
          "|---|---|---|---|---|---|---|---|---|---|")
    for peer, lines in compared.items():
        print_peer(peer, lines, times)
    if arguments.problems:
        print("\n| peer | ours | problem | seeds | its median | our median | ours better | p | Holm | smallest p "
              "| ahead |\n"
              "|---|---|---|---|---|---|---|---|---|---|---|")
        for peer, lines in compared.items():
            print_problems(peer, lines)


if __name__ == "__main__":
    main()
