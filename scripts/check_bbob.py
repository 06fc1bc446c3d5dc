#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares our BBOB functions with COCO's own program, and makes the table that the unit test compares them with.

usage: scripts/check_bbob.py [--points N]
       scripts/check_bbob.py golden > tests/benchmarks/problems/bbob_golden.csv

The comparison: 24 functions, dimensions 2, 3, 5, 10, 20, instances 1 to 15, N random points inside and N outside of
[-5, 5]^D, and the optimum's place and value. It fails where a value differs by more than 1e-9 max(1, |f|). Our side is
libhpo-problems.so (benchmarks/peers/bench_problems.py).

Needs the Python package coco-experiment (BSD-3-Clause), in an environment of its own:
  python3 -m venv build/bbob-venv && build/bbob-venv/bin/pip install coco-experiment==2.8.2
  build/bbob-venv/bin/python scripts/check_bbob.py
"""
import argparse
import math
import pathlib
import random
import sys

import cocoex

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "benchmarks/peers"))
from bench_problems import Problem  # noqa: E402

FUNCTIONS, INSTANCES, DIMENSIONS = range(1, 25), range(1, 16), (2, 3, 5, 10, 20)
TOLERANCE = 1e-9


def golden_point(dimension, instance, reach):
    """A point that C makes with the same bits: multiples of irrational numbers, folded into [-reach, reach]."""
    multiples = [(i + 1) * 0.6180339887498949 + instance * 0.7548776662466927 for i in range(dimension)]
    return [reach * (2 * (t - math.floor(t)) - 1) for t in multiples]


def golden():
    print("function,instance,dimension,f_opt,inside,outside")
    for function in FUNCTIONS:
        for instance in INSTANCES:
            dimension = DIMENSIONS[(function + instance) % len(DIMENSIONS)]
            coco = cocoex.BareProblem("bbob", function, dimension, instance)
            values = [coco.best_value()] + [coco(golden_point(dimension, instance, reach)) for reach in (5, 8)]
            print(function, instance, dimension, *(repr(float(value)) for value in values), sep=",")


def error(ours, theirs):
    return abs(ours - theirs) / max(1, abs(theirs))


def largest_error(function, dimension, instance, points, rng):
    """Over random points, and both programs at our optimum; its value is theirs."""
    coco = cocoex.BareProblem("bbob", function, dimension, instance)
    ours = Problem(problem=f"bbob-f{function}", dimensions=dimension, instance=instance)
    config, value = ours.optima()[0]
    best = [config[f"x{i}"] for i in range(1, dimension + 1)]
    tried = [[rng.uniform(-reach, reach) for _ in range(dimension)] for reach in (5, 10) for _ in range(points)]
    errors = [error(ours.evaluate_point(point)[0], coco(point)) for point in tried + [best]]
    return max(errors + [error(value, coco.best_value()), error(value, coco(best))])


def compare(points):
    rng = random.Random(1)
    compared, worst = 0, 0.0
    for function in FUNCTIONS:
        errors = [largest_error(function, dimension, instance, points, rng) for dimension in DIMENSIONS
                  for instance in INSTANCES]
        compared += len(errors)
        worst = max(worst, *errors)
        print(f"f{function:<3} largest error {max(errors):.1e}")
    print(f"{compared} problems at {2 * points + 1} points each: largest error {worst:.1e} of max(1, |f|)")
    return worst <= TOLERANCE


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=["compare", "golden"], default="compare", help="default: compare")
    parser.add_argument("--points", type=int, default=20, help="inside and as many outside, per problem; default 20")
    arguments = parser.parse_args()
    if arguments.step == "golden":
        golden()
    elif not compare(arguments.points):
        sys.exit(f"differs by more than {TOLERANCE}")


if __name__ == "__main__":
    main()
