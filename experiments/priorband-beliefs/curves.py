#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The best valid error so far over the epochs spent, for each belief: a figure and the table of the README.

usage: experiments/priorband-beliefs/curves.py [RUNS] [--svg FILE]     RUNS: what run.sh made

Best is the lowest error on the highest number of epochs seen so far. Needs only Python's standard library.
"""
import argparse
import json
import math
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True  # no __pycache__ beside the studies
import figure  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]

BELIEFS = {"good": ("good beliefs", "#009e73"), "wrong": ("wrong beliefs", "#cc79a7"),
           "none": ("no beliefs", "#0072b2")}
FULL, LAST = 27, 12  # epochs of a full evaluation; full evaluations that every run has
MOMENTS = (1, 2, 4, 8, 12)


def curve_of(folder):
    """[(full evaluations spent, best valid error)], one for each result; what was continued counts once."""
    best, spent, curve = None, 0.0, []
    with open(folder / "journal.log", encoding="utf-8") as journal:
        for line in journal:
            if '"hpo:result"' not in line:
                continue
            result = json.loads(line)["user_attr"]["hpo:result"]
            spent += result.get("cost", 0)
            value, = result["values"]
            if math.isfinite(float(value)):
                best = min(best or (math.inf,), (-result["fidelity"], value))
            if best:
                curve.append((spent / FULL, best[1]))
    return curve


def best_at(curve, moment):
    """When so much is spent; infinite before the first result."""
    return ([math.inf] + [value for spent, value in curve if spent <= moment * (1 + 1e-9)])[-1]


def mean_and_error(values):
    several = len(values) > 1 and math.isfinite(sum(values))
    error = statistics.stdev(values) / math.sqrt(len(values)) if several else math.nan
    return statistics.mean(values), error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="?", default=str(ROOT / "runs/priorband-beliefs"))
    parser.add_argument("--svg", help="where the figure goes (default: curves.svg in RUNS)")
    arguments = parser.parse_args()
    series = []
    print("mean valid error in % (standard error) after so many full evaluations' worth of epochs")
    print(f"{'':16}" + "".join(f"{moment:>14}" for moment in MOMENTS) + "   seeds")
    for belief, (label, colour) in BELIEFS.items():
        folders = sorted(pathlib.Path(arguments.runs).glob(belief + "-*"))
        runs = [curve_of(folder) for folder in folders]
        runs = [run for run in runs if run and run[-1][0] >= LAST]
        if not runs:
            print(f"{label:16} no run has come to its end")
            continue
        at = {m: mean_and_error([100 * best_at(run, m) for run in runs]) for m in MOMENTS}
        print(f"{label:16}" + "".join(f"{f'{mean:.2f} ({error:.2f})':>14}" for mean, error in at.values())
              + f"{len(runs):8}")
        begin = max(run[0][0] for run in runs)
        steps = sorted({point[0] for run in runs for point in run if begin <= point[0] <= LAST})
        means = [(x, *mean_and_error([100 * best_at(run, x) for run in runs])) for x in steps]
        series.append(figure.Series(label, colour, means, []))
    if not series:
        return 1
    file = pathlib.Path(arguments.svg or pathlib.Path(arguments.runs) / "curves.svg")
    file.write_text(figure.figure("A perceptron on Fashion-MNIST", "full evaluations' worth of epochs",
                                  "valid error of the best, %", series), encoding="utf-8")
    print(f"in {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
