#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much earlier does a method reach what another one has at the end? Reads the tables of one run of a suite.

    scripts/evaluations_saved.py FOLDER [--budget 100] METHOD:REFERENCE...

For each pair and problem: after how many full evaluations the median over seeds of METHOD is for good as good as that of
REFERENCE at the budget, and which share of the budget that saves; `never` if it is not by then. The same seeds of both
count. Needs only Python's standard library.
"""
import argparse
import collections
import csv
import pathlib
import statistics


def runs(folder):
    """{(problem, method): {seed: [(spent, loss), ...]}} for one number of workers"""
    found, signs = collections.defaultdict(dict), {}
    with open(folder / "cells.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            signs[row["problem"]] = -1 if row["goal"] == "maximize" else 1
            found[row["problem"], row["method"]][row["seed"]] = []
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["problem"], row["method"]][row["seed"]].append(
                (float(row["spent"]), signs[row["problem"]] * float(row["exact"])))
    return found


def loss_at(run, spent):
    """Of a run's last incumbent by then; without one, worse than all."""
    reached = [loss for at, loss in run if at <= spent + 1e-9]
    return reached[-1] if reached else float("inf")


def median_at(some, spent):
    return statistics.median_low([loss_at(run, spent) for run in some])


def reaches(some, target, budget):
    """After how many full evaluations the median is at the target and stays there; None: not within the budget."""
    found = None
    for spent in sorted({at for run in some for at, _ in run if at <= budget}):
        if median_at(some, spent) > target:
            found = None
        elif found is None:
            found = spent
    return found


def lines(found, pairs, budget):
    for method, reference in pairs:
        saved = []
        for problem in sorted({problem for problem, _ in found}):
            ours, theirs = found.get((problem, method), {}), found.get((problem, reference), {})
            seeds = sorted(set(ours) & set(theirs))
            if not seeds:
                continue
            spent = reaches([ours[s] for s in seeds], median_at([theirs[s] for s in seeds], budget), budget)
            saved.append(0.0 if spent is None else 1 - spent / budget)
            yield (f"| {method} | {reference} | {problem} | {len(seeds)} "
                   + ("| never | |" if spent is None else f"| {spent:.1f} | {saved[-1]:.0%} |"))
        if len(saved) > 1:
            yield f"| {method} | {reference} | mean | | | {statistics.mean(saved):.0%} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("pairs", nargs="+", metavar="METHOD:REFERENCE")
    parser.add_argument("--budget", type=float, default=100, help="in full evaluations")
    arguments = parser.parse_args()
    print("| method | as good as | problem | seeds | full evaluations | saved |\n|---|---|---|---|---|---|")
    for line in lines(runs(arguments.folder), [pair.split(":") for pair in arguments.pairs], arguments.budget):
        print(line)


if __name__ == "__main__":
    main()
