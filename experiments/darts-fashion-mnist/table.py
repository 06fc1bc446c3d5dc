#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of searches.yaml and random cells, from the folders of their runs; copies what was found to genotypes/.

usage: experiments/darts-fashion-mnist/table.py RANDOM SEARCHES...
  e.g. experiments/darts-fashion-mnist/table.py runs/random-cells runs/searches-1 runs/searches-2 runs/searches-3
"""
import json
import pathlib
import shutil
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent


def results(run):
    """(trial, chosen value of every parameter, metrics) of the trials that are complete."""
    chosen, found = {}, []
    for line in (run / "journal.log").read_text().splitlines():
        entry = json.loads(line)
        start = entry.get("user_attrs", {}).get("hpo:start")
        result = entry.get("user_attr", {}).get("hpo:result")
        if start:
            choices = {name: json.loads(text)["attributes"]["choices"]
                       for name, text in entry["distributions"].items()}
            chosen[start["trial"]] = {name: choices[name][int(value)] for name, value in entry["params"].items()}
        if result and result.get("failure", "none") == "none":
            found.append((entry["trial_id"], chosen[entry["trial_id"]], result["metrics"]))
    return sorted(found, key=lambda row: row[0])


def percent(values):
    return " ".join(f"{100 * (1 - value):.2f}" for value in values)


def row(name, metrics, timed):
    tested = [m["test_error"] for m in metrics]
    seconds = f"{statistics.mean(m['search_seconds'] for m in metrics):.0f} s" if timed else ""
    supernet = percent([statistics.mean(m["supernet_error"] for m in metrics)]) if timed else ""
    size = statistics.mean(m["parameters"] for m in metrics)
    shown = percent(tested) if timed else f"{percent([max(tested)])} to {percent([min(tested)])}"
    return f"| {name} | {percent([statistics.mean(tested)])} | {shown} | {supernet} | {size:,.0f} | {seconds} |"


def main():
    random, runs = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
    by_search = {}
    (HERE / "genotypes").mkdir(exist_ok=True)
    for seed, run in enumerate(runs, 1):
        for trial, parameters, metrics in results(run):
            search = parameters["search"]
            by_search.setdefault(search, []).append(metrics)
            shutil.copy(run / "trials" / str(trial) / "genotype.json", HERE / "genotypes" / f"{search}-{seed}.json")
    print("| search | test accuracy, mean | of each seed | supernet | parameters | search time |\n|---|---|---|---|---|---|")
    for search in sorted(by_search, key=lambda name: statistics.mean(m["test_error"] for m in by_search[name])):
        print(row(f"`{search}`", by_search[search], True))
    lots = [metrics for _, _, metrics in results(random)]
    tested = [m["test_error"] for m in lots]
    print(row(f"{len(lots)} random cells", lots, False))
    print(f"\nstandard deviation of the random cells: {100 * statistics.stdev(tested):.2f}")


if __name__ == "__main__":
    sys.exit(main())
