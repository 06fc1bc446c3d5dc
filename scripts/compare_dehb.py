#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the method dehb with its authors' program on counting ones, by hand.

usage: benchmarks/peers/install.sh dehb; build/peers/dehb/bin/python scripts/compare_dehb.py [--dir FOLDER] [--seeds N]

The suite benchmarks/suites/populations.yaml runs in FOLDER/populations (default runs/); the program runs on the same
problems through libhpo-problems.so. Regret per argument, without noise, of the incumbent (the best observed value on the
highest fidelity so far) after 10, 30 and 100 full evaluations, each paid from scratch.
"""
import argparse
import csv
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "benchmarks/peers"), str(ROOT / "benchmarks/peers/adapters")]
import ConfigSpace  # noqa: E402
import dehb  # noqa: E402
from bench_problems import Problem  # noqa: E402
from configspaces import parameter  # noqa: E402
from loguru import logger  # noqa: E402

MOMENTS, LOWEST, HIGHEST = (10, 30, 100), 9, 729
PROBLEMS = {"counting-ones 8+8": (8, 8), "counting-ones 0+16": (0, 16)}


def theirs(sizes, seed, folder):
    problem = Problem(problem="counting-ones", n_categorical=sizes[0], n_continuous=sizes[1])
    space = ConfigSpace.ConfigurationSpace(seed=seed)
    space.add([parameter(p) for p in problem.parameters])
    program = dehb.DEHB(cs=space, min_fidelity=LOWEST, max_fidelity=HIGHEST, n_workers=1, seed=seed, save_freq="end",
                        output_path=folder)
    noise, spent, best, found = random.Random(seed), 0.0, (0, math.inf, math.nan), []
    while len(found) < len(MOMENTS):
        job = program.ask()
        fidelity = int(job["fidelity"] + 1e-9)
        config = {name: float(value) for name, value in dict(job["config"]).items()}
        for p in problem.parameters:
            config[p.name] = int(config[p.name]) if p.choices else config[p.name]
        values = problem.evaluate(config, fidelity=fidelity, seed=noise.getrandbits(60))
        program.tell(job, {"fitness": values["value"], "cost": fidelity})
        spent += fidelity / HIGHEST
        while len(found) < len(MOMENTS) and spent > MOMENTS[len(found)] * (1 + 1e-9):
            found.append(best[2])
        if fidelity > best[0] or (fidelity == best[0] and values["value"] < best[1]):
            best = fidelity, values["value"], 1 + values["exact"] / sum(sizes)
    return found


def ours(folder, name, sizes, seeds):
    found = {seed: [math.nan] * len(MOMENTS) for seed in seeds}
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["problem"] != name or int(row["seed"]) not in found:
                continue
            for i, moment in enumerate(MOMENTS):
                if float(row["spent"]) <= moment * (1 + 1e-9):
                    found[int(row["seed"])][i] = float(row["regret"]) / sum(sizes)
    return list(found.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default=ROOT / "runs", type=pathlib.Path, help="where the runs lie")
    parser.add_argument("--seeds", default=30, type=int)
    parser.add_argument("--bench", default=str(ROOT / "build/release/bin/hpo_bench"), help="the program")
    arguments = parser.parse_args()
    logger.remove()
    folder, seeds = arguments.dir / "populations", range(1, arguments.seeds + 1)
    subprocess.run([arguments.bench, "run", str(ROOT / "benchmarks/suites/populations.yaml"), "--out", str(folder),
                    "--set", f"seeds={arguments.seeds}"], check=True, stdout=subprocess.DEVNULL)
    print("| problem | full evaluations | ours | theirs | z |\n|---|---|---|---|---|")
    for name, sizes in PROBLEMS.items():
        with tempfile.TemporaryDirectory() as scratch:
            there = [theirs(sizes, seed, scratch) for seed in seeds]
        here = ours(folder, name, sizes, seeds)
        for i, moment in enumerate(MOMENTS):
            a, b = [run[i] for run in here], [run[i] for run in there]
            error = math.sqrt(sum(statistics.variance(x) / len(x) for x in (a, b)))
            difference = statistics.mean(a) - statistics.mean(b)
            print(f"| {name} | {moment} | {statistics.mean(a):.3f} | {statistics.mean(b):.3f} | {difference / error:+.1f} |",
                  flush=True)


if __name__ == "__main__":
    main()
