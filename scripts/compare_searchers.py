#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs searchers on benchmark problems and prints their mean ranks and regrets.

usage: scripts/compare_searchers.py [pairs|samplers|all] [options]
  pairs     every sampler x every scheduler on MF-Hartmann 6: 10 seeds, 30 full evaluations' worth
  samplers  every sampler with full evaluations on Branin, Hartmann 6, FCNet, HPOBench and NAS-Bench-201: 20 seeds, 100
  all       both (default)
Samplers that need priors take part in pairs alone, with the best of 25 random points to believe in.

Each run is one process of hpo_search without MPI, with a virtual clock, in a folder of its own; a run that is done is
not repeated, so that the same command continues what was interrupted. A run is judged by the best value on the highest
fidelity seen so far, told without noise where the problem can. Needs only Python's standard library.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# name: (settings, optimum). Averages of the tables' repeated trainings, so that the optimum is one.
PROBLEMS = {
    "branin": ("{problem: branin}", 0.39788735772973816),
    "hartmann6": ("{problem: hartmann6}", -3.322368011391339),
    "fcnet-naval": ("{problem: fcnet-naval, average: true}", 3.191134738e-05),
    "hpobench-vehicle": ("{problem: hpobench-vehicle, average: true}", 0.95157014),
    "nasbench201-cifar10": ("{problem: nasbench201-cifar10, average: true}", 91.60666666666667),
    "mf-hartmann6-good": ("{problem: mf-hartmann6-good, report_every: 10}", -3.322368011391339),
}
SAMPLER_PROBLEMS = ["branin", "hartmann6", "fcnet-naval", "hpobench-vehicle", "nasbench201-cifar10"]
PAIR_PROBLEM, PAIR_FIDELITY, PAIR_FULL = "mf-hartmann6-good", "{z: {min: 3, max: 100}}", 100
NEED_PRIOR = ["priorband", "priorband-bo"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", default="all", choices=["pairs", "samplers", "all"])
    parser.add_argument("--search", default=str(ROOT / "build/release/bin/hpo_search"), help="the program")
    parser.add_argument("--dir", default=str(ROOT / "runs/compare"), help="where the runs' folders lie")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--samplers", help="only these, separated by commas")
    parser.add_argument("--schedulers", help="only these, separated by commas (pairs)")
    parser.add_argument("--problems", help="only these, separated by commas (samplers)")
    parser.add_argument("--seeds", type=int, help="instead of 10 (pairs) and 20 (samplers)")
    parser.add_argument("--evaluations", type=int, help="instead of 30 (pairs) and 100 (samplers)")
    parser.add_argument("--summary", action="store_true", help="run nothing: summarise the runs that are done")
    return parser.parse_args()


def registered(search, heading):
    """The names below a heading of --list."""
    text = subprocess.run([search, "--list"], capture_output=True, text=True, check=True).stdout
    block = re.search(rf"^{heading}\b.*\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  (\S+)", block.group(1), re.M)


def incumbents(file, charge="cost"):
    """(charged so far, result of the incumbent) after each result of a journal, from the first that is a number on. A
    trial that a report stopped is charged, too. The incumbent is the best on the highest fidelity seen so far."""
    best, spent, sign = None, 0.0, 1
    with open(file, encoding="utf-8") as journal:
        for line in journal:
            if '"directions"' in line:
                sign = -1 if json.loads(line)["directions"] == [2] else 1
            if '"hpo:report"' in line and '"stop":true' in line:
                spent += json.loads(line)["user_attr"]["hpo:report"].get(charge, 0)
            if '"hpo:result"' not in line:
                continue
            result = json.loads(line)["user_attr"]["hpo:result"]
            spent += result.get(charge, 0)
            result["value"], = result["values"]
            if math.isfinite(float(result["value"])):
                key = (-result["fidelity"], sign * result["value"])
                if best is None or key < best[0]:
                    best = (key, result)
            if best:
                yield spent, best[1]


class Cell:
    """One run: a method (its name or "sampler + scheduler") on a problem of PROBLEMS with a seed."""

    def __init__(self, problem, method, seed, evaluations, fidelity=None, full=1):
        self.problem, self.method, self.seed = problem, method, seed
        self.evaluations, self.full = evaluations, full
        self.name = re.sub(r"[^a-z0-9-]+", "-", f"{problem}-{method}-{evaluations}-{seed}")
        settings = PROBLEMS[problem][0]
        if method.split(" ")[0] in NEED_PRIOR and "prior:" not in settings:
            settings = settings.replace("}", ", prior: at25}")
        budget = f"{{cost: {evaluations * full}}}" if fidelity else f"{{trials: {evaluations}}}"
        pair = re.sub(r"(.*) \+ (.*)", r"{sampler: \1, scheduler: \2}", method)
        self.study = (f"study: {self.name}\nseed: {seed}\nobjective: {{function: {settings}}}\n"
                      f"method: {pair}\nbudget: {budget}\ndeterministic: true\nworkers: 1\n"
                      + (f"fidelity: {fidelity}\n" if fidelity else ""))

    def folder(self, base):
        return pathlib.Path(base) / self.name

    def is_done(self, base):
        try:
            return json.loads((self.folder(base) / "status.json").read_text())["state"] == "done"
        except (OSError, ValueError, KeyError):
            return False

    def run(self, search, base):
        """None, or what went wrong. OpenBLAS with one thread: runs beside each other use the processors."""
        file = pathlib.Path(base) / "studies" / (self.name + ".yaml")
        file.write_text(self.study)
        done = subprocess.run([search, "--quiet", "--dir", str(self.folder(base)), str(file)], capture_output=True,
                              text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        return None if done.returncode == 0 else f"{self.name}: exit {done.returncode}: {done.stderr.strip()[-300:]}"

    def curve(self, base, charge="cost"):
        """[(full evaluations spent, regret of the incumbent)], one for each result; charge: what of it counts."""
        optimum = PROBLEMS[self.problem][1]
        return [(spent / self.full, abs(best["metrics"].get("exact", best["value"]) - optimum))
                for spent, best in incumbents(self.folder(base) / "journal.log", charge)]

    def seconds(self, base):
        return json.loads((self.folder(base) / "status.json").read_text())["elapsed"]


def cells_of(arguments):
    samplers = arguments.samplers.split(",") if arguments.samplers else registered(arguments.search, "samplers")
    cells = []
    if arguments.suite in ("samplers", "all"):
        problems = arguments.problems.split(",") if arguments.problems else SAMPLER_PROBLEMS
        cells += [Cell(problem, f"{sampler} + full", seed, arguments.evaluations or 100)
                  for seed in range(1, (arguments.seeds or 20) + 1) for problem in problems for sampler in samplers
                  if sampler not in NEED_PRIOR]
    if arguments.suite in ("pairs", "all"):
        schedulers = arguments.schedulers.split(",") if arguments.schedulers else registered(arguments.search,
                                                                                             "schedulers")
        evaluations = arguments.evaluations or 30
        cells += [Cell(PAIR_PROBLEM, f"{sampler} + {scheduler}", seed, evaluations, PAIR_FIDELITY, PAIR_FULL)
                  for seed in range(1, (arguments.seeds or 10) + 1) for sampler in samplers
                  for scheduler in schedulers]
    return cells


def run_all(cells, arguments):
    """Runs what is not done. The number of failures."""
    (pathlib.Path(arguments.dir) / "studies").mkdir(parents=True, exist_ok=True)
    left = [cell for cell in cells if not cell.is_done(arguments.dir)]
    print(f"{len(cells)} runs, {len(cells) - len(left)} of them done before", file=sys.stderr)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for count, problem in enumerate(pool.map(lambda cell: cell.run(arguments.search, arguments.dir), left), 1):
            if problem:
                failures += 1
                print(problem, file=sys.stderr)
            if count % 100 == 0 or count == len(left):
                print(f"{count} of {len(left)}", file=sys.stderr)
    return failures


def at(curve, spent):
    """The regret when so much is spent; before the first result: infinite."""
    regret = math.inf
    for where, value in curve:
        if where > spent * (1 + 1e-9):
            break
        regret = value
    return regret


def ranks(values):
    """1 for the least; equal ones share the mean of their ranks."""
    return [sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
            for value in values]


def mean_and_error(values):
    mean = sum(values) / len(values)
    if len(values) < 2 or not math.isfinite(mean):
        return mean, math.nan
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))


def paired(values, baseline):
    """The mean difference in units of its standard error: below -2 clearly better than the baseline."""
    differences = [a - b for a, b in zip(values, baseline) if math.isfinite(a) and math.isfinite(b)]
    if len(differences) < 2 or not any(differences):
        return "     same"
    mean, error = mean_and_error(differences)
    return f"{mean / error:9.1f}" if error > 0 else f"{math.copysign(math.inf, mean):9}"


def table(title, cells, base):
    """Ranks among the methods on the same problem and seed, and regrets at a tenth, a third and the end."""
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    methods = list(dict.fromkeys(cell.method for cell in cells))
    curves = {(c.problem, c.method, c.seed): c.curve(base) for c in cells}
    seconds = {(c.problem, c.method, c.seed): c.seconds(base) for c in cells}
    budget = cells[0].evaluations
    moments = [budget / 10, budget / 3, budget]
    seeds = [seed for seed in sorted({cell.seed for cell in cells})
             if all((p, m, seed) in curves for p in problems for m in methods)]
    if not seeds:
        print(f"\n{title}: no seed is complete")
        return
    rank_of = {(m, k): [] for m in methods for k in range(len(moments))}
    for problem in problems:
        for seed in seeds:
            for k, moment in enumerate(moments):
                row = ranks([at(curves[problem, m, seed], moment) for m in methods])
                for method, rank in zip(methods, row):
                    rank_of[method, k].append(rank)
    order = sorted(methods, key=lambda m: sum(rank_of[m, len(moments) - 1]))
    width = max(map(len, methods)) + 2
    print(f"\n{title}: {len(seeds)} seeds, {len(methods)} methods\nmean rank (standard error) after "
          + ", ".join(f"{moment:.3g}" for moment in moments) + " full evaluations; seconds per run")
    for method in order:
        text = "".join("{:9.2f} ({:.2f})".format(*mean_and_error(rank_of[method, k])) for k in range(len(moments)))
        time = [seconds[p, method, s] for p in problems for s in seeds]
        print(f"  {method:{width}}{text}{sum(time) / len(time):10.3f}")
    for problem in problems:
        last = {m: [at(curves[problem, m, s], budget) for s in seeds] for m in methods}
        baselines = [m for m in ("random + full", "local + full") if m in methods]
        print(f"regret (standard error): {problem}; at the end, paired differences in standard errors to "
              + ", ".join(baselines))
        for method in order:
            found = [mean_and_error([at(curves[problem, method, s], moment) for s in seeds]) for moment in moments]
            print(f"  {method:{width}}" + "".join(f"{f'{mean:.5g} ({error:.2g})':>22}" for mean, error in found)
                  + "".join(paired(last[method], last[b]) for b in baselines))


def main():
    arguments = parse_arguments()
    cells = cells_of(arguments)
    failures = 0 if arguments.summary else run_all(cells, arguments)
    done = [cell for cell in cells if cell.is_done(arguments.dir)]
    for title, part in (("samplers with full evaluations", [c for c in done if c.problem != PAIR_PROBLEM]),
                        (f"samplers x schedulers on {PAIR_PROBLEM}", [c for c in done if c.problem == PAIR_PROBLEM])):
        if part:
            table(title, part, arguments.dir)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
