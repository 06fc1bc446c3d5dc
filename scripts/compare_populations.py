#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares our evolution strategies with their authors' programs, by hand: evaluations until the minimum is 1e-8 away.

usage: scripts/compare_populations.py [--dir FOLDER] [--seeds N] [--bench PROGRAM] [--jobs N]

The suite benchmarks/suites/populations.yaml runs in FOLDER/populations (default runs/); the same problems, through
libhpo-problems.so, are searched by pycma (without levels and choices) and by CatCMAwM of the package cmaes (with them), from
the same mean and standard deviations; what they found is kept in FOLDER/populations-peers.csv, and the same command goes on.
Wants Python 3 with cma 4.5.0, cmaes 0.13.1, NumPy 2 and SciPy, and PyYAML:

  python3 -m venv build/populations
  build/populations/bin/pip install cma==4.5.0 cmaes==0.13.1 numpy==2.4.6 scipy pyyaml
  build/populations/bin/python scripts/compare_populations.py

A run that does not come there within the suite's budget counts as infinite. The last column is Mann and Whitney's
two-sided p; the claims are about medians: cma-es within 10 % of pycma.
"""
import argparse
import ctypes
import csv
import math
import pathlib
import statistics
import subprocess
import sys
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks/peers"))
warnings.filterwarnings("ignore", message=".*matplotlib.*")
import cma  # noqa: E402
import numpy  # noqa: E402
import yaml  # noqa: E402
from bench_problems import Problem  # noqa: E402
from cmaes import CatCMAwM  # noqa: E402
from scipy.stats import mannwhitneyu  # noqa: E402

TARGET = 1e-8
SUITE = ROOT / "benchmarks/suites/populations.yaml"


class Counted:
    """A problem's regret; remembers after how many evaluations it was first below the target."""

    def __init__(self, settings, budget):
        self.problem, self.budget, self.count, self.reached = Problem(**settings), budget, 0, math.inf
        self.least = self.problem.optima()[0][1]

    def __call__(self, values):
        self.count += 1
        point = (ctypes.c_double * len(values))(*values)  # numbers may lie outside of the box
        regret = self.problem.evaluate_point(point)[0] - self.least
        if regret <= TARGET:
            self.reached = min(self.reached, self.count)
        return regret

    def done(self):
        return self.count >= self.budget or self.reached < math.inf


def by_pycma(counted, sigma, seed, restarts):
    """Runs and their populations as pycma's fmin2 has them; a restart begins at a point that is uniform in the box."""
    box = [(p.low, p.high) for p in counted.problem.parameters]
    middle = [(low + high) / 2 for low, high in box]
    width = box[0][1] - box[0][0]
    options = {"seed": seed, "verbose": -9, "ftarget": TARGET, "maxfevals": counted.budget}
    if restarts is None:
        cma.fmin2(counted, middle, sigma * width, options)
        return
    rng = numpy.random.default_rng(seed)
    begun = []

    def start():
        begun.append(True)
        return middle if len(begun) == 1 else [rng.uniform(low, high) for low, high in box]
    cma.fmin2(counted, start, sigma * width, options, restarts=50, bipop=restarts == "bipop")


def by_catcma(counted, sigma, seed):
    """Numbers in units of our unit cube: level k of n lies at (k + 0.5) / n."""
    numbers = [p for p in counted.problem.parameters if p.kind == "float"]
    steps = [p for p in counted.problem.parameters if p.kind in ("int", "ordinal")]
    choices = [p for p in counted.problem.parameters if p.kind == "categorical"]
    levels = [len(p.choices) if p.kind == "ordinal" else p.high - p.low + 1 for p in steps]
    optimizer = CatCMAwM(x_space=[[0.0, 1.0]] * len(numbers), z_space=[[(k + 0.5) / n for k in range(n)] for n in levels],
                         c_space=[len(p.choices) for p in choices], mean=numpy.full(len(numbers) + len(steps), 0.5),
                         sigma=sigma, cov=numpy.identity(len(numbers) + len(steps)), seed=seed)
    while not counted.done():
        told = []
        for _ in range(optimizer.population_size):
            point = optimizer.ask()
            values = {p.name: p.low + x * (p.high - p.low) for p, x in zip(numbers, point.x)}
            for p, n, z in zip(steps, levels, point.z):
                k = int(round(z * n - 0.5))
                values[p.name] = k if p.kind == "ordinal" else p.low + k
            values.update({p.name: int(c.argmax()) for p, c in zip(choices, point.c)})
            told.append((point, counted([values[p.name] for p in counted.problem.parameters])))
        optimizer.tell(told)


def theirs(problem, method, seed):
    counted = Counted(problem["problem"], problem["budget"]["trials"])
    if "choices" in problem["problem"]:
        by_catcma(counted, method["sigma"], seed)
    else:
        by_pycma(counted, method["sigma"], seed, None if method["restarts"] == "none" else method["restarts"])
    return counted.reached if counted.reached <= counted.budget else math.inf


def ours(folder):
    """{(problem, method): {seed: evaluations}}"""
    found = {}
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            seeds = found.setdefault((row["problem"], row["method"]), {})
            seeds.setdefault(int(row["seed"]), math.inf)
            if float(row["regret"]) <= TARGET:
                seeds[int(row["seed"])] = min(seeds[int(row["seed"])], int(row["evaluations"]))
    return found


def kept(path):
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {(row["problem"], row["method"], int(row["seed"])): float(row["evaluations"]) for row in csv.DictReader(file)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default=ROOT / "runs", type=pathlib.Path, help="where the runs lie")
    parser.add_argument("--seeds", default=30, type=int)
    parser.add_argument("--bench", default=str(ROOT / "build/release/bin/hpo_bench"), help="the program")
    parser.add_argument("--jobs", default=1, type=int, help="cells at a time")
    arguments = parser.parse_args()
    folder, path = arguments.dir / "populations", arguments.dir / "populations-peers.csv"
    jobs = ["-j", str(arguments.jobs)] if arguments.jobs > 1 else []
    subprocess.run([arguments.bench, "run", str(SUITE), "--out", str(folder), "--set", f"seeds={arguments.seeds}", *jobs],
                   check=True, stdout=subprocess.DEVNULL)
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    methods = {method["label"]: method for method in suite["methods"] if "label" in method}
    here, there, failed = ours(folder), kept(path), 0
    print("| problem | method | ours | theirs | ratio | reached, ours and theirs | p |\n|---|---|---|---|---|---|---|")
    for problem in suite["problems"]:
        if problem["methods"] == ["dehb"]:
            continue  # compare_dehb.py has its program
        for label in problem["methods"]:
            seeds = range(1, arguments.seeds + 1)
            for seed in seeds:
                if (problem["name"], label, seed) in there:
                    continue
                there[problem["name"], label, seed] = theirs(problem, methods[label], seed)
                with open(path, "w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file)
                    writer.writerow(["problem", "method", "seed", "evaluations"])
                    writer.writerows([*key, value] for key, value in there.items())
            a = [here[problem["name"], label][seed] for seed in seeds]
            b = [there[problem["name"], label, seed] for seed in seeds]
            x, y = statistics.median(a), statistics.median(b)
            if label == "cma-es":
                failed += not 0.9 <= x / y <= 1.1
            counts = [sum(value < math.inf for value in values) for values in (a, b)]
            print(f"| {problem['name']} | {label} | {x:.0f} | {y:.0f} | {x / y:.2f} | {counts[0]}, {counts[1]} "
                  f"| {mannwhitneyu(a, b).pvalue:.2f} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
