#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a changed method better than before? Compares two folders of the same suite, run by two builds.

    scripts/judge_change.py BEFORE AFTER [--at 60] [--methods random rf]

A line for each method, number of workers and kind of problem, which is the first word of a problem's name. `better` is
the probability that a run of AFTER is better than one of BEFORE (Vargha and Delaney's A) after so many full evaluations
(default: each problem's whole budget), as a mean over problems, behind it its standard error over problems. p is
Wilcoxon's, exact, from A less one half. Seeds that one folder lacks are left out; `seeds` is the least number over
problems. `same` counts the problems without any difference. --methods compares one method of BEFORE with another one of
AFTER, which may be the same folder.
"""
import argparse
import collections
import csv
import math
import pathlib


def runs(folder):
    """{(problem, method, workers): {seed: [(spent, loss)]}}"""
    found, goals = collections.defaultdict(dict), {}
    with (folder / "cells.csv").open() as file:
        for row in csv.DictReader(file):
            key = row["problem"], row["method"], int(row["workers"])
            goals[key] = -1 if row["goal"] == "maximize" else 1
            found[key][int(row["seed"])] = []
    with (folder / "results.csv").open() as file:
        for row in csv.DictReader(file):
            key = row["problem"], row["method"], int(row["workers"])
            loss = float(row["regret"] or goals[key] * float(row["exact"] or row["value"]))
            found[key][int(row["seed"])].append((float(row["spent"]), loss))
    return found


def loss_at(run, spent):
    """Of the incumbent by then, which need not be the best one when values are noisy."""
    known = [loss for at, loss in run if at <= spent]
    return known[-1] if known else math.inf


def superiority(before, after):
    wins = sum((a < b) + 0.5 * (a == b) for a in after for b in before)
    return wins / (len(before) * len(after))


def wilcoxon(differences):
    """Two-sided p of the signed ranks, over all signs; ties share their mean rank, zeros are left out."""
    values = sorted((abs(d), d > 0) for d in differences if d != 0)
    ranks = []  # twice each, so that they are integers
    for size, _ in values:
        equal = [i + 1 for i, (other, _) in enumerate(values) if other == size]
        ranks.append(equal[0] + equal[-1])
    total = sum(ranks)
    positive = sum(rank for rank, (_, up) in zip(ranks, values) if up)
    ways = [1] + [0] * total
    for rank in ranks:
        for w in range(total, rank - 1, -1):
            ways[w] += ways[w - rank]
    low = min(positive, total - positive)
    return min(1.0, 2 * sum(ways[: low + 1]) / 2 ** len(ranks))


def compare(before, after, spent=math.inf):
    """{(method, workers, kind): [(A, whether nothing differs, seeds) of each problem]}, kind "all" among them"""
    groups = collections.defaultdict(list)
    for key in sorted(set(before) & set(after)):
        problem, method, workers = key
        seeds = sorted(set(before[key]) & set(after[key]))
        if seeds:
            losses = [[loss_at(found[key][seed], spent) for seed in seeds] for found in (before, after)]
            row = superiority(*losses), losses[0] == losses[1], len(seeds)
            groups[method, workers, problem.split()[0]].append(row)
            groups[method, workers, "all"].append(row)
    return groups


def only(found, method, name):
    return {(p, name, workers): seeds for (p, m, workers), seeds in found.items() if m == method}


def mean_and_error(values):
    n, mean = len(values), sum(values) / len(values)
    return mean, math.sqrt(sum((x - mean) ** 2 for x in values) / (n - 1) / n) if n > 1 else math.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--at", type=float, default=math.inf)
    parser.add_argument("--methods", nargs=2)
    arguments = parser.parse_args()
    before, after = runs(arguments.before), runs(arguments.after)
    if arguments.methods:
        old, new = arguments.methods
        before, after = only(before, old, f"{new} against {old}"), only(after, new, f"{new} against {old}")
    groups = compare(before, after, arguments.at)
    print("| method | workers | kind | problems | seeds | better | p | same |\n|---|---|---|---|---|---|---|---|")
    for (method, workers, kind), rows in sorted(groups.items()):
        chances, same, seeds = zip(*rows)
        mean, error = mean_and_error(chances)
        print(f"| {method} | {workers} | {kind} | {len(rows)} | {min(seeds)} | {mean:.3f} ({error:.3f}) | "
              f"{wilcoxon([a - 0.5 for a in chances]):.2g} | {sum(same)} |")


if __name__ == "__main__":
    main()
