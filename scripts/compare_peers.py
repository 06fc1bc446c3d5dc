#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the originals - Optuna, SMAC3, NePS, HpBandSter - and ours side by side and prints regrets and times.

usage: scripts/compare_peers.py [install|run|summary]... [options]
  install   virtual environments with the pinned versions of benchmarks/peers/requirements*.txt (several gigabytes)
  run       what is missing in benchmarks/peers/results.csv, a search of theirs and one of ours in turn
  summary   the tables of what is there
Without a word: all three. The same command continues what was interrupted.

Every peer meets its counterpart on the same problems with the same number of evaluations, one evaluation at a time. The
values of both sides are checked to be those of one function. Times are processor time from a result to the next
suggestion, with one thread: on a busy machine a wall clock would charge slow suggestions for other people's work. Needs
only Python's standard library, and Python 3.8 for HpBandSter's environment.
"""
import argparse
import csv
import itertools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks/peers"
sys.path[:0] = [str(ROOT / "scripts"), str(PEERS)]
from compare_searchers import PAIR_FIDELITY, PAIR_FULL, PAIR_PROBLEM, PROBLEMS, Cell, at, mean_and_error  # noqa: E402
from results_csv import read_rows, write_rows  # noqa: E402
import problems as python_problems  # noqa: E402

SINGLE = ["branin", "hartmann6", "fcnet-naval"]
# peer: (its environment, our counterpart, problems)
PAIRS = {
    "optuna-tpe": ("peers-venv", "tpe + full", SINGLE),
    "hpbandster-kde": ("peers-venv-hpbandster", "kde + full", SINGLE),
    "hpbandster-bohb": ("peers-venv-hpbandster", "bohb", [PAIR_PROBLEM]),
    "smac-rf": ("peers-venv", "rf + full", SINGLE),
    "optuna-gp": ("peers-venv", "gp + full", SINGLE),
    "neps-gp": ("peers-venv", "gp + full", SINGLE),
    "smac-gp": ("peers-venv", "gp + full", SINGLE),
}
ENVIRONMENTS = {"peers-venv": "requirements.txt", "peers-venv-hpbandster": "requirements-hpbandster.txt"}
COLUMNS = ["optimizer", "version", "problem", "seed", "evaluations", "regret", "median_us", "mean_us"]
STEPS = {problem: [10, 20, 30, 40, 50, 60] for problem in SINGLE}
STEPS[PAIR_PROBLEM] = [10, 20, 30]  # full evaluations' worth
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", choices=["install", "run", "summary", []], help="what to do")
    parser.add_argument("--build", default=str(ROOT / "build/release"), help="the folder of our build")
    parser.add_argument("--dir", default=str(ROOT / "runs/peers"), help="where our runs' folders lie")
    parser.add_argument("--results", default=str(PEERS / "results.csv"), help="the table of results")
    parser.add_argument("--peers", default=",".join(PAIRS), help="only these, separated by commas")
    parser.add_argument("--problems", help="only these, separated by commas")
    parser.add_argument("--seeds", type=int, default=10, help="the last one")
    parser.add_argument("--first", type=int, default=1, help="the first one: for several of these commands at a time")
    parser.add_argument("--core", help="run everything on this processor")
    parser.add_argument("--old-python", default="python3.8", help="Python 3.8, for HpBandSter")
    parser.add_argument("--again", action="store_true", help="forget our own rows first: after a change of ours")
    return parser.parse_args()


def interpreter(environment):
    return ROOT / "build" / environment / "bin/python"


def install(arguments):
    for environment, requirements in ENVIRONMENTS.items():
        python = arguments.old_python if "hpbandster" in environment else "python3"
        if not interpreter(environment).exists():
            subprocess.run([python, "-m", "venv", str(interpreter(environment).parent.parent)], check=True)
        subprocess.run([str(interpreter(environment)), "-m", "pip", "install", "--quiet", "-r",
                        str(PEERS / requirements)], check=True)


# ---- results ----

def runs_in(path):
    return {(row["optimizer"], row["problem"], int(row["seed"])) for row in read_rows(path)}


def forget_ours(path):
    rows = [row for row in read_rows(path) if not row["optimizer"].startswith("hpo-")]
    write_rows(path, COLUMNS, rows)


def append_run(path, optimizer, version, problem, seed, curve, times):
    """One row for each step: the regret so far, the times of the suggestions since the step before."""
    new = not pathlib.Path(path).exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        before, rows = 0, []
        for step in STEPS[problem]:
            part = times[before:step] if problem != PAIR_PROBLEM else []
            spent = [f"{statistics.median(part):.1f}", f"{statistics.mean(part):.1f}"] if part else ["", ""]
            rows.append([optimizer, version, problem, seed, step, f"{at(curve, step):.9g}", *spent])
            before = step
        writer.writerows(rows)


# ---- ours ----

def our_name(method):
    return "hpo-" + method.split(" ")[0]


def our_cell(method, problem, seed):
    if problem == PAIR_PROBLEM:
        return Cell(problem, method, seed, STEPS[problem][-1], PAIR_FIDELITY, PAIR_FULL)
    return Cell(problem, method, seed, STEPS[problem][-1])


def run_cell(cell, arguments):
    pathlib.Path(arguments.dir, "studies").mkdir(parents=True, exist_ok=True)
    subprocess.run(["rm", "-rf", str(cell.folder(arguments.dir))], check=True)
    failure = cell.run(arguments.build + "/bin/hpo_search", arguments.dir)
    if failure:
        sys.exit(failure)


def journal_lines(cell, arguments, key):
    with open(cell.folder(arguments.dir) / "journal.log", encoding="utf-8") as journal:
        return [json.loads(line) for line in journal if key in line]


def our_times(cell, arguments):
    """Of the same study, driven by bench_ask: its values must be those of the journal."""
    file = pathlib.Path(arguments.dir) / "studies" / (cell.name + ".yaml")
    program = arguments.build + "/experiments/bench_ask"
    text = subprocess.run([program, str(file)], capture_output=True, text=True, check=True, env=ONE_THREAD).stdout
    lines = [line.split() for line in text.splitlines()]
    results = [line["user_attr"]["hpo:result"]["values"][0] for line in journal_lines(cell, arguments, '"hpo:result"')]
    if [float(value) for _, _, value in lines] != results:
        sys.exit(f"{cell.name}: bench_ask and hpo_search differ")
    return [float(microseconds) for _, microseconds, _ in lines]


def our_version(arguments):
    program = arguments.build + "/bin/hpo_search"
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    commit = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%h", "--", "hpo"], capture_output=True,
                            text=True, check=False).stdout.strip()
    return text.stdout.split()[1] + (f" ({commit})" if commit else "")


def check_values(problem, arguments):
    """Our random configurations, evaluated by the peers' side."""
    cell = our_cell("random + full", problem, 1)
    run_cell(cell, arguments)
    function = python_problems.PROBLEMS[problem]()
    assert abs(function.optimum - PROBLEMS[problem][1]) < 1e-12, problem
    starts = journal_lines(cell, arguments, '"hpo:start"')
    results = journal_lines(cell, arguments, '"hpo:result"')
    for start, result in zip(starts, results):
        metrics = result["user_attr"]["hpo:result"]["metrics"]
        ours, theirs = metrics.get("exact", metrics["value"]), function.value(start["params"])
        if abs(ours - theirs) > 1e-12 * max(1, abs(ours)):
            sys.exit(f"{problem}: {ours} here and {theirs} in benchmarks/peers/problems.py at {start['params']}")
    print(f"{problem}: {len(results)} values agree", file=sys.stderr)


# ---- theirs ----

class Peer:
    """Its process answers one search after another; the libraries are loaded once."""

    def __init__(self, name, arguments):
        self.name, self.process = name, None
        self.command = (["taskset", "-c", arguments.core] if arguments.core else []) + [
            str(interpreter(PAIRS[name][0])), str(PEERS / "search_peers.py")]
        self.version = subprocess.run([*self.command, "--version", name], capture_output=True, text=True,
                                      check=True).stdout.strip()

    def search(self, problem, seed):
        """(curve as Cell.curve, microseconds of every suggestion)"""
        if not self.process:
            self.process = subprocess.Popen([*self.command, self.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            text=True, env=ONE_THREAD)
        self.process.stdin.write(f"{problem} {seed} {STEPS[problem][-1]}\n")
        self.process.stdin.flush()
        best, spent, curve, times = None, 0.0, [], []
        for line in self.process.stdout:
            if line == "end\n":
                return curve, times
            _, microseconds, cost, fidelity, value, exact = map(float, line.split())
            spent += cost
            if best is None or (-fidelity, value) < best[0]:
                best = ((-fidelity, value), exact)
            curve.append((spent, abs(best[1] - PROBLEMS[problem][1])))
            times.append(microseconds)
        sys.exit(f"{self.name} ended on {problem} with seed {seed}")

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def run(arguments):
    os.nice(max(0, 10 - os.nice(0)))
    if arguments.core:
        os.sched_setaffinity(0, {int(arguments.core)})
    if arguments.again:
        forget_ours(arguments.results)
    version, checked = our_version(arguments), set()
    for name in arguments.peers.split(","):
        _, method, on = PAIRS[name]
        peer = None
        for problem, seed in itertools.product(on, range(arguments.first, arguments.seeds + 1)):
            if arguments.problems and problem not in arguments.problems.split(","):
                continue
            if problem not in checked:
                check_values(problem, arguments)
                checked.add(problem)
            done = runs_in(arguments.results)
            if (name, problem, seed) not in done:
                peer = peer or Peer(name, arguments)
                append_run(arguments.results, name, peer.version, problem, seed, *peer.search(problem, seed))
                print(name, problem, seed, file=sys.stderr)
            ours = our_name(method)
            if (ours, problem, seed) not in done:
                cell = our_cell(method, problem, seed)
                run_cell(cell, arguments)
                append_run(arguments.results, ours, version, problem, seed, cell.curve(arguments.dir),
                           our_times(cell, arguments))
        if peer:
            peer.close()


# ---- summary ----

def signed_rank(differences):
    """Wilcoxon's signed-rank test, two-sided and exact: the share of all sign patterns whose rank sum is as far
    from its mean. (p, whether the first is the larger one.) Pairs that are equal are left out."""
    values = [d for d in differences if d != 0]
    if not values:
        return 1.0, False
    sizes = [abs(d) for d in values]
    twice = [2 * sum(s < size for s in sizes) + sum(s == size for s in sizes) + 1 for size in sizes]  # ranks x 2
    patterns = {0: 1}  # how many have this sum
    for rank in twice:
        more = dict(patterns)
        for total, count in patterns.items():
            more[total + rank] = more.get(total + rank, 0) + count
        patterns = more
    middle = sum(twice) / 2
    observed = sum(rank for rank, d in zip(twice, values) if d > 0)
    extreme = sum(count for total, count in patterns.items() if abs(total - middle) >= abs(observed - middle))
    return extreme / 2 ** len(twice), observed > middle


def modelled(by, optimizer, problem, seeds, column):
    """Mean over runs of the time of a suggestion after 20 evaluations, when all use models."""
    return statistics.mean(float(by[optimizer, problem, seed, step][column]) for seed in seeds
                           for step in STEPS[problem] if step > 20)


def summary(arguments):
    by = {(r["optimizer"], r["problem"], int(r["seed"]), int(r["evaluations"])): r
          for r in read_rows(arguments.results)}
    print("| problem | peer | its regret | ours | our regret | p | | us, median | ours | ratio | us, mean | ours "
          "| ratio |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name in arguments.peers.split(","):
        _, method, on = PAIRS[name]
        ours = our_name(method)
        for problem in on:
            last = STEPS[problem][-1]
            seeds = [s for s in range(1, arguments.seeds + 1)
                     if (name, problem, s, last) in by and (ours, problem, s, last) in by]
            if not seeds:
                continue
            a, b = ([max(0, round(float(by[who, problem, s, last]["regret"]), 12)) for s in seeds]
                    for who in (ours, name))  # rounding makes no difference between two that found the optimum
            p, worse = signed_rank([x - y for x, y in zip(a, b)])
            verdict = "" if p >= 0.05 else "ours worse" if worse else "ours better"
            some = f" ({len(seeds)} seeds)" if len(seeds) < arguments.seeds else ""
            cells = [problem + some, f"{name} {by[name, problem, seeds[0], last]['version']}",
                     "{:.3g} ({:.1g})".format(*mean_and_error(b)), ours, "{:.3g} ({:.1g})".format(*mean_and_error(a)),
                     f"{p:.3f}", verdict]
            for column in ("median_us", "mean_us") if problem != PAIR_PROBLEM else ():
                theirs, mine = (modelled(by, o, problem, seeds, column) for o in (name, ours))
                cells += [f"{theirs:,.0f}", f"{mine:,.0f}", f"{theirs / mine:,.0f}"]
            print("| " + " | ".join(cells) + " |" + " |" * (13 - len(cells)))


def main():
    arguments = parse_arguments()
    for step in arguments.steps or ["install", "run", "summary"]:
        {"install": install, "run": run, "summary": summary}[step](arguments)


if __name__ == "__main__":
    main()
