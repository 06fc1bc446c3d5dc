#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the table that our BBOB functions are tested against, from the answers of COCO's own program.

usage: scripts/check_bbob.py golden > tests/benchmarks/problems/bbob_golden.csv

Needs the Python package coco-experiment (BSD-3-Clause), in an environment of its own:
  python3 -m venv build/bbob-venv && build/bbob-venv/bin/pip install coco-experiment==2.8.2
  build/bbob-venv/bin/python scripts/check_bbob.py golden
"""
import argparse
import math

import cocoex

FUNCTIONS, INSTANCES, DIMENSIONS = range(1, 25), range(1, 16), (2, 3, 5, 10, 20)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["golden"])
    parser.parse_args()
    golden()


if __name__ == "__main__":
    main()
