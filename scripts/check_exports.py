#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks what `hpo_bench compare DIR --export OUT` writes with the programs that it is for.

usage: scripts/check_exports.py DIR OUT      DIR: a run with one number of workers, whose runs all have incumbents

Needs the packages iohinspector and carps. Every run's last best value must be that of results.csv for both.
"""
import csv
import pathlib
import sys
import tempfile

import iohinspector
import pandas
from carps.analysis.gather_data import gather_and_check


def expected(folder):
    """(method, problem, seed) -> the least regret, or value (sign turned if larger is better), as both count."""
    goals, best = {}, {}
    with open(folder / "cells.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            goals[row["problem"]] = row["goal"]
    with open(folder / "results.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sign = -1 if goals[row["problem"]] == "maximize" else 1
            value = float(row["regret"]) if row["regret"] else sign * float(row["exact"])
            key = row["method"], row["problem"], int(row["seed"])
            best[key] = min(best.get(key, float("inf")), value)
    return best


def close(ours, theirs):
    return abs(ours - theirs) <= 1e-9 * max(1, abs(ours))


def check_iohprofiler(best, folder):
    manager = iohinspector.DataManager()
    manager.add_folder(str(folder))
    overview = manager.overview.to_dicts()
    maximized = {data.function.name: data.function.maximization for data in manager.data_sets}
    data = manager.load(monotonic=True, include_meta_data=True)
    assert len(overview) == len(best), (len(overview), len(best))
    for run in overview:
        sign = -1 if maximized[run["function_name"]] else 1
        ours = best[run["algorithm_name"], run["function_name"], run["instance"]]
        curve = data.filter(data["data_id"] == run["data_id"])["raw_y"].to_list()
        assert close(ours, sign * run["best_y"]), (run, ours)
        assert close(ours, sign * curve[-1]), (run, ours, curve)
    return len(overview)


def check_carps(best, folder):
    with tempfile.TemporaryDirectory() as out:
        gather_and_check(str(folder), outdir=out, n_processes=1)
        status = pandas.read_csv(pathlib.Path(out) / "runstatus.csv")
        logs = pandas.read_csv(pathlib.Path(out) / "logs.csv")
    assert (status["status"] == "COMPLETED").all() and len(status) == len(best), status
    last = logs.sort_values("n_trials").groupby(["optimizer_id", "task_id", "seed"])["trial_value__cost_inc"].last()
    for key, ours in best.items():
        assert close(ours, last[key]), (key, ours, last[key])
    return len(last)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    best, out = expected(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    print(f"iohinspector reads {check_iohprofiler(best, out / 'iohprofiler')} runs, "
          f"CARP-S {check_carps(best, out / 'carps')}: all as in results.csv")


if __name__ == "__main__":
    main()
