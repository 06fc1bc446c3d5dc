#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the suites that claims rest on, and checks the claims. Fails when one does not hold.

usage: scripts/check_suites.py [--bench PROGRAM] [--dir FOLDER] [--jobs N] [--summary]

  multi-fidelity  no method with a model is behind its own scheduler with random configurations after 5, 10, 20 full
  and priors      evaluations
  priors          PriorBand is ahead of Hyperband with good priors and those of the best of 25 points, from 2 full
                  evaluations on; with bad ones it is not behind after 30
  published       BOHB is ahead of Hyperband from 30 full evaluations on, on counting ones 8+8; and the four procedures
                  agree with benchmarks/envelopes.csv (programs of their own) and simulated.csv (simulate_envelopes.py): at
                  most 1 number in 40 beyond 3 combined standard errors, none beyond 4
  nas             local search and aging evolution agree with benchmarks/anchors.csv, programs of their own on the same
                  tables (the mean of repeated trainings; a network that comes back is not charged again by local search,
                  but is by evolution), within 4 standard errors

What is compared over problems is normalized regret, a mean over the suite's problems: 1 is the regret of the median random
configuration (column median of cells.csv). z is a difference in standard errors over seeds, the problems being what they
are. Each `ahead` is a claim of its own: z < -2. All `not behind` together are one family of some 60 comparisons, of which
one or two have z > 2 by chance alone when nothing differs. So it is tested as a family, in two ways, each at the level 0.05:
none is behind by Holm's correction of the one-sided p over the family (S. Holm, "A Simple Sequentially Rejective Multiple
Test Procedure", Scandinavian Journal of Statistics 6, 1979), which finds a method that is clearly behind; and those with
z > 2 are no more than chance makes of as many independent comparisons without a difference (binomial), which finds many
that are a little behind. The z that are printed are not corrected.

The same command continues what was interrupted. Needs only the standard library.
"""
import argparse
import csv
import math
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITES = ("multi-fidelity", "priors", "published", "nas")
MODELS = {  # of a scheduler with random configurations
    "multi-fidelity": {
        "random": ["gp", "tpe", "rf"],
        "hyperband": ["bohb", "smac", "tpe + hyperband", "gp-hyperband", "gp joint + hyperband"],
        "asha": ["kde + asha", "rf + asha", "tpe + asha", "mobster", "gp joint + asha"],
        "async-hyperband": ["gp joint + async-hyperband"]},
    "priors": {"random": ["gp", "tpe", "gp with priors", "tpe with priors"], "hyperband": ["bohb", "priorband-bo"]}}
TABLES = ("envelopes.csv", "simulated.csv")
PUBLISHED = {"RS": "random", "HB": "hyperband", "BOHB": "bohb", "PB": "priorband"}
LEVEL, LIMIT = 0.05, 2  # of the family of comparisons; the z above which one of them counts as suspicious
ROUNDING = 0.0006  # of a mean with three decimals


class Runs:
    """The tables of a folder: curves of regrets, or of values where the optimum is unknown."""

    def __init__(self, folder):
        self.curves, self.exact, self.scale, self.best = {}, {}, {}, {}
        for row in read_table(folder / "cells.csv"):
            key = row["problem"], row["method"], int(row["seed"])
            self.curves[key], self.exact[key] = [], []
            sign = -1 if row["goal"] == "maximize" else 1
            self.scale[row["problem"]] = sign, float(row["median"] or "nan")
        for row in read_table(folder / "results.csv"):
            problem = row["problem"]
            key, exact = (problem, row["method"], int(row["seed"])), float(row["exact"])
            value = self.scale[problem][0] * exact
            self.best[problem] = min(self.best.get(problem, math.inf), value - float(row["regret"] or 0))
            self.curves[key].append((float(row["spent"]), value))
            self.exact[key].append((float(row["spent"]), exact))
        self.problems = list(dict.fromkeys(key[0] for key in self.curves))

    def runs(self, problem, method):
        return [key for key in self.curves if key[:2] == (problem, method)]

    def normalized(self, problem, method, moment):
        """One number for each seed; a run that has found nothing yet counts 1."""
        sign, median = self.scale[problem]
        best, scale = self.best[problem], sign * median - self.best[problem]
        found = [at(self.curves[key], moment) for key in self.runs(problem, method)]
        return [1.0 if value is None else (value - best) / scale for value in found]

    def regrets(self, problem, method, moment):
        return [math.inf if value is None else value - self.best[problem]
                for value in (at(self.curves[key], moment) for key in self.runs(problem, method))]

    def difference(self, problems, method, other, moment):
        """(mean over problems of the method's normalized regret less the other's, its standard error, their means)"""
        means, errors = [], []
        for name in (method, other):
            samples = [self.normalized(problem, name, moment) for problem in problems]
            means.append(statistics.mean(statistics.mean(sample) for sample in samples))
            errors.append(math.sqrt(sum(statistics.variance(sample) / len(sample) for sample in samples)) / len(samples))
        return means[0] - means[1], math.hypot(*errors), means


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def at(curve, moment):
    """The value of the incumbent when so much is spent; None before the first."""
    last = None
    for spent, value in curve:
        if spent > moment * (1 + 1e-9):
            break
        last = value
    return last


def z_of(difference, error):
    return difference / error if error > 0 else math.copysign(math.inf, difference) if difference else 0.0


def p_of(z):
    """That a normal number is greater."""
    return math.erfc(z / math.sqrt(2)) / 2


def holm(ps):
    """Corrected p, in the same order."""
    corrected, largest = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = corrected[index] = max(largest, min(1.0, ps[index] * (len(ps) - place)))
    return corrected


def most_by_chance(count, p, level):
    """The smallest k that more than k of so many events of probability p are less probable than the level."""
    tail = 1.0
    for k in range(count + 1):
        tail -= math.comb(count, k) * p ** k * (1 - p) ** (count - k)
        if tail < level:
            return k
    return count


class Checks:
    """What has been checked; a line is printed for each."""

    def __init__(self):
        self.failed = 0
        self.family = []  # of all comparisons `not behind`: (what, z)

    def line(self, holds, text):
        self.failed += not holds
        print(f"  {'' if holds else 'DOES NOT HOLD: '}{text}")

    def compare(self, runs, problems, method, relation, other, moments):
        parts, hold = [], True
        for moment in moments:
            difference, error, means = runs.difference(problems, method, other, moment)
            z = z_of(difference, error)
            if relation == "ahead of":
                hold = hold and z < -LIMIT
            else:
                self.family.append((f"{method} is behind {other} after {moment}", z))
            parts.append(f"{moment}: {means[0]:.3f} to {means[1]:.3f} (z {z:+.1f})")
        self.line(hold, f"{method} {relation} {other}: " + ", ".join(parts))


    def close_family(self):
        count = len(self.family)
        if count == 0:
            return
        print(f"not behind: {count} comparisons together")
        corrected = holm([p_of(z) for _, z in self.family])
        for (what, z), p in zip(self.family, corrected):
            if p < LEVEL:
                self.line(False, f"{what} (z {z:+.1f}, p by Holm {p:.4f})")
        suspicious = [(what, z) for what, z in self.family if z > LIMIT]
        most = most_by_chance(count, p_of(LIMIT), LEVEL)
        self.line(len(suspicious) <= most,
                  f"{len(suspicious)} have z > {LIMIT}, by chance up to {most} may; the least p by Holm is {min(corrected):.3f}")
        for what, z in suspicious:
            print(f"    {what} (z {z:+.1f})")


def check_models(name, runs, checks):
    print(f"{name}: models and their schedulers with random configurations, {len(runs.problems)} problems")
    for scheduler, methods in MODELS[name].items():
        for method in methods:
            checks.compare(runs, runs.problems, method, "not behind", scheduler, (5, 10, 20))


def check_priors(runs, checks):
    for prior, relation, moments in (("good", "ahead of", (2, 5, 10, 20, 30)), ("at25", "ahead of", (2, 5, 10, 20, 30)),
                                     ("bad", "not behind", (30,))):
        problems = [problem for problem in runs.problems if problem.endswith(" " + prior)]
        print(f"priors: {prior}, {len(problems)} problems")
        checks.compare(runs, problems, "priorband", relation, "hyperband", moments)


def check_table(name, runs, checks):
    """Every number of a table for which there are runs."""
    scores = []
    for row in read_table(ROOT / "benchmarks" / name):
        problem = row["problem"]
        if problem.startswith("mf-"):
            problem += " " + (row["prior"] or "at25")  # those without a prior are the same with any
        moment, keys = float(row["evaluations"]), runs.runs(problem, PUBLISHED[row["method"]])
        if not keys or moment > (100 if problem.startswith("counting") else 30):
            continue
        parts = sum(map(int, problem.split()[1].split("+"))) if problem.startswith("counting") else 1
        regrets = [regret / parts for regret in runs.regrets(problem, PUBLISHED[row["method"]], moment)]
        error = math.hypot(statistics.stdev(regrets) / math.sqrt(len(regrets)), float(row["error"]))
        difference = statistics.mean(regrets) - float(row["mean"])
        scores.append(0.0 if abs(difference) <= ROUNDING else z_of(difference, error))
    beyond = [sum(abs(z) > limit for z in scores) for limit in (2, 3, 4)]
    checks.line(bool(scores) and beyond[1] <= len(scores) / 40 and beyond[2] == 0,
                "{}: {} numbers, {} beyond 2 standard errors, {} beyond 3, {} beyond 4, mean z^2 {:.2f}".format(
                    name, len(scores), *beyond, statistics.mean(z * z for z in scores) if scores else math.nan))


def check_published(runs, checks):
    print("published: counting ones 8+8, and tables of other programs")
    checks.compare(runs, ["counting-ones 8+8"], "bohb", "ahead of", "hyperband", (30, 100))
    for name in TABLES:
        check_table(name, runs, checks)


def check_anchors(runs, anchors, checks):
    print("nas: local search and evolution")
    for row in anchors:
        values = [at(runs.exact[key], float(row["evaluations"])) for key in runs.runs(row["problem"], row["method"])]
        # of one procedure, seeds spread like theirs; few of ours may all have found the optimum
        spread = max(float(row["deviation"]), statistics.stdev(values))
        error = spread * math.sqrt(1 / len(values) + 1 / int(row["seeds"]))
        difference = statistics.mean(values) - float(row["mean"])
        checks.line(abs(difference) <= 4 * error + ROUNDING,
                    f"{row['method']}, {row['problem']} {row['evaluations']}: {statistics.mean(values):.3f}, there {row['mean']} "
                    f"(z {z_of(difference, error):+.1f})")


def run_suite(name, arguments):
    command = [arguments.bench, "run", name, "--out", str(arguments.dir / name)]
    jobs = ["-j", str(arguments.jobs)] if arguments.jobs > 1 else []
    done = subprocess.run(command + jobs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-500:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=str(ROOT / "build/release/bin/hpo_bench"), help="the program")
    parser.add_argument("--dir", default=ROOT / "runs/results", type=pathlib.Path, help="where the suites' runs lie")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="cells at a time")
    parser.add_argument("--summary", action="store_true", help="run nothing: check what is done")
    arguments = parser.parse_args()
    checks, folders = Checks(), {}
    for name in SUITES:
        if not arguments.summary:
            run_suite(name, arguments)
        if (arguments.dir / name / "results.csv").exists():
            folders[name] = Runs(arguments.dir / name)
        else:
            checks.line(False, f"{name}: there are no results in {arguments.dir / name}")
    for name in MODELS:
        if name in folders:
            check_models(name, folders[name], checks)
    for name, check in (("priors", check_priors), ("published", check_published)):
        if name in folders:
            check(folders[name], checks)
    checks.close_family()
    if "nas" in folders:
        check_anchors(folders["nas"], read_table(ROOT / "benchmarks/anchors.csv"), checks)
    print(f"{checks.failed} claims do not hold" if checks.failed else "all claims hold")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
