#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is `auto` among the best methods of every suite? Runs the suites, `auto` beside their methods, and compares ranks.

    scripts/check_auto.py HPO_BENCH DIR [--seeds N] [--first SEED] [SUITE...]

A suite and its problems searched by auto alone are two folders in DIR, so that the same command goes on with what was
interrupted, and runs of a suite that are there already (DIR/SUITE) are used. Another first seed wants another DIR. A rank is
that of hpo_bench compare: among all methods on a problem, a mean over seeds. Its mean over problems, numbers of workers and
the points at which the suite tells results is compared with that of each method over the problems that the method is on, and
may be at most a tenth larger.
"""
import argparse
import collections
import csv
import pathlib
import re
import subprocess
import sys

SUITES = ["synthetic", "bbob", "multi-fidelity", "priors", "tabular", "nas", "noise", "parallel", "objectives",
          "constraints"]
PAGES = pathlib.Path(__file__).resolve().parents[1] / "benchmarks" / "suites"
TOLERANCE = 1.1


def run(bench, *arguments):
    subprocess.run([bench, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def page_of_auto(suite, folder):
    """The suite's page with auto as its only method, on every problem."""
    text = (PAGES / f"{suite}.yaml").read_text()
    text = re.sub(r",\s*methods: \[[^]]*\]", "", text)
    text = re.sub(r"^methods:.*?(?=^\S)", "methods: [auto]\n", text, flags=re.MULTILINE | re.DOTALL)
    page = folder / f"{suite}-auto.yaml"
    page.write_text(text)
    return page


def ranks(path):
    """{method: {(problem, workers, at): rank}}"""
    found = collections.defaultdict(dict)
    with path.open() as file:
        for row in csv.DictReader(file):
            if row["rank"]:
                found[row["method"]][row["problem"], row["workers"], row["at"]] = float(row["rank"])
    return found


def mean(rank, places):
    return sum(rank[place] for place in places) / len(places)


def judge(suite, found):
    """The methods by the ratio of auto's rank to theirs, the worst one first."""
    own = found.pop("auto", {})
    rows = []
    for method, rank in found.items():
        shared = sorted(set(rank) & set(own))
        if shared:
            rows.append((mean(own, shared) / mean(rank, shared), method, mean(own, shared), mean(rank, shared)))
    rows.sort(reverse=True)
    if not rows:
        print(f"{suite}: auto shares no problem with another method")
        return False
    ratio, method, auto, best = rows[0]
    good = ratio <= TOLERANCE
    print(f"{suite:16}{method:28}{best:6.2f}{auto:8.2f}{ratio:8.2f}  {'' if good else 'BEHIND'}")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("suites", nargs="*", default=SUITES)
    parser.add_argument("--seeds", type=int, help="of every suite; default: its own number")
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_intermixed_args()
    arguments.dir.mkdir(parents=True, exist_ok=True)
    good = True
    print(f"{'suite':16}{'hardest to match':28}{'rank':>6}{'auto':>8}{'ratio':>8}")
    for suite in arguments.suites:
        seeds = ["--set", f"seeds={arguments.seeds}"] if arguments.seeds else []
        if arguments.first > 1:
            seeds += ["--set", f"first_seed={arguments.first}"]
        others, auto, report = (arguments.dir / name for name in (suite, f"{suite}-auto", f"{suite}-report"))
        run(arguments.bench, "run", suite, "--out", others, *seeds)
        run(arguments.bench, "run", page_of_auto(suite, arguments.dir), "--out", auto, *seeds)
        run(arguments.bench, "compare", others, auto, "--out", report)
        good &= judge(suite, ranks(report / "summary.csv"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
