#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares random search, Hyperband, BOHB and PriorBand with benchmarks/envelopes.csv.

usage: scripts/compare_envelopes.py [--search PROGRAM] [--dir FOLDER] [--jobs N] [--summary] [--only TEXT]

The envelopes are means (and their standard errors) of the incumbent's regret, computed by programs of their own that
share nothing with this project: counting ones (20 seeds; regret divided by the number of parameters; fidelities 9 to
729) and MF-Hartmann (100 seeds; fidelities 3 to 100), eta = 3, one worker, every evaluation charged from scratch.
z is the difference in combined standard errors; a cell without spread must agree to rounding. Fails when more than
1 cell in 40 has |z| > 3, or one has |z| > 4. Methods that the program does not have yet are named and left out.
Resumable, like scripts/compare_searchers.py.
"""
import argparse
import csv
import math
import os
import pathlib
import sys

sys.dont_write_bytecode = True  # no __pycache__ beside the scripts
import compare_searchers as compare  # noqa: E402

METHODS = {"RS": "random + full", "HB": "random + hyperband", "BOHB": "bohb", "PB": "priorband"}
ROUNDING = 0.0006  # of a mean with three decimals


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", default=str(compare.ROOT / "build/release/bin/hpo_search"), help="the program")
    parser.add_argument("--dir", default=str(compare.ROOT / "runs/envelopes"), help="where the runs' folders lie")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--only", default="", help="only problems that contain this text")
    parser.add_argument("--summary", action="store_true", help="run nothing: compare what is done")
    return parser.parse_args()


class Row:
    """A line of the published table: a method on a problem, and what it should show after so many evaluations."""

    def __init__(self, problem, method, prior):
        self.problem, self.method, self.prior, self.expected = problem, method, prior, []
        self.scale, belief = 1.0, f", prior: {prior}" if prior else ""
        if problem.startswith("counting-ones"):
            categorical, continuous = map(int, problem.split()[1].split("+"))
            settings = f"{{problem: counting-ones, n_categorical: {categorical}, n_continuous: {continuous}{belief}}}"
            self.seeds, self.fidelity, self.full = 20, "{samples: {min: 9, max: 729}}", 729
            optimum, self.scale = -categorical - continuous, categorical + continuous
        else:
            settings = f"{{problem: {problem}{belief}}}"
            self.seeds, self.fidelity, self.full = 100, compare.PAIR_FIDELITY, compare.PAIR_FULL
            optimum = -3.862779787332663 if "hartmann3" in problem else -3.322368011391339
        self.key = f"{problem} {prior}".strip()
        compare.PROBLEMS[self.key] = (settings, optimum)

    def cells(self):
        last = max(moment for moment, _, _ in self.expected)
        return [compare.Cell(self.key, METHODS[self.method], seed, last, self.fidelity, self.full)
                for seed in range(1, self.seeds + 1)]

    def scores(self, base):
        """(moment, our mean, our error, z), where all runs are done; z is infinite where exact agreement fails."""
        curves = [cell.curve(base) for cell in self.cells() if cell.is_done(base)]
        if len(curves) < self.seeds:
            return
        for moment, mean, error in self.expected:
            ours, own_error = compare.mean_and_error([compare.at(curve, moment) / self.scale for curve in curves])
            spread = math.hypot(error, own_error)
            if error == 0 or spread < ROUNDING:
                z = 0.0 if abs(ours - mean) <= ROUNDING else math.inf
            else:
                z = (ours - mean) / spread
            yield moment, ours, own_error, z


def read_rows(only):
    rows = {}
    with open(compare.ROOT / "benchmarks/envelopes.csv", newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            key = line["problem"], line["method"], line["prior"]
            if only in line["problem"]:
                row = rows.setdefault(key, Row(*key))
                row.expected.append((int(line["evaluations"]), float(line["mean"]), float(line["error"])))
    return list(rows.values())


def main():
    arguments = parse_arguments()
    known = compare.registered(arguments.search, "methods")
    rows = read_rows(arguments.only)
    for method in sorted({row.method for row in rows if "+" not in METHODS[row.method]}):
        if METHODS[method] not in known:
            print(f"left out: the program has no method {METHODS[method]}")
            rows = [row for row in rows if row.method != method]
    failures = 0
    if not arguments.summary:
        failures = compare.run_all([cell for row in rows for cell in row.cells()], arguments)
    zs = []
    for row in rows:
        scores = list(row.scores(arguments.dir))
        zs += [z for _, _, _, z in scores]
        print(f"{row.key:27} {row.method:4} " + ("  ".join(f"{moment}: {mean:.3f}({error:.3f}) z={z:+.1f}"
                                                  for moment, mean, error, z in scores) or "not done"))
    beyond3, beyond4 = sum(abs(z) > 3 for z in zs), sum(abs(z) > 4 for z in zs)
    print(f"{len(zs)} cells, {beyond3} beyond 3 combined standard errors, {beyond4} beyond 4")
    return 1 if failures or not zs or beyond4 or beyond3 > len(zs) / 40 else 0


if __name__ == "__main__":
    sys.exit(main())
