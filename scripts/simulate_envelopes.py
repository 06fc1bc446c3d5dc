#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulates random search, Hyperband, BOHB and PriorBand: what the suite `published` should find, apart from chance.

usage: scripts/simulate_envelopes.py [--seeds N] [--only TEXT] [--methods RS,HB,BOHB,PB] [--faulty-kernel] [--jobs N]

Prints rows of benchmarks/simulated.csv: mean and standard error of the incumbent's regret. It shares nothing with the
C program but the published procedures: it is written in numpy from the papers, for the serial case alone, and with
its own random numbers. Needs Python 3 with numpy, which nothing else here does; it is never part of the tests.
An evaluation on fidelity z costs z / z_max, from scratch.

  Hyperband   L. Li et al., JMLR 18, 2018: brackets from the widest to the full one, floor((s_max + 1)/(s + 1)) eta^s
              configurations in bracket s, one in eta promoted, every evaluation charged from scratch
  BOHB        S. Falkner, A. Klein, F. Hutter, ICML 2018, Algorithm 2. --faulty-kernel: the kernel of a choice counts
              the choices seen in the data, as HpBandSter does, which divides by zero when it is one; a density that is
              not finite wins at once, as there
  PriorBand   N. Mallik et al., NeurIPS 2023, section 5, as in NePS 0.12
"""
import argparse
import concurrent.futures
import csv
import math
import os
import pathlib
import sys

import numpy as np

ETA = 3


class CountingOnes:
    """Minus the number of ones, of which the continuous ones are known by z tosses; regret per dimension."""

    def __init__(self, name):
        self.n_categorical, n_continuous = map(int, name.split()[1].split("+"))
        self.dims = self.n_categorical + n_continuous
        self.fidelities = [9, 27, 81, 243, 729]
        self.choices = np.array([2] * self.n_categorical + [0] * n_continuous)

    def draw(self, rng, count):
        x = rng.random((count, self.dims))
        x[:, :self.n_categorical] = np.floor(2 * x[:, :self.n_categorical])
        return x

    def evaluate(self, x, z, rng):
        tosses = rng.binomial(z, x[:, self.n_categorical:]).sum(axis=1) / z
        return -x[:, :self.n_categorical].sum(axis=1) - tosses

    def regret(self, x):
        return 1 - x.sum(axis=1) / self.dims

    def cost(self, z):
        return z / 729


class Hartmann:
    """Hartmann's functions with bias and noise below z = 100, as in the MF-Prior-Bench of PriorBand's authors."""

    WEIGHTS = np.array([1, 1.2, 3, 3.2])
    SHAPES = {3: np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]),
              6: np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
                           [17, 8, 0.05, 10, 0.1, 14]])}
    CENTERS = {3: 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]),
               6: 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                                   [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])}
    OPTIMUM = {3: -3.862779787332663, 6: -3.322368011391339}
    LEVELS = {"good": (2.5, 2.0), "terrible": (4.0, 5.0)}  # bias, noise
    PRIORS = {(3, "at25"): (0.04154300161, 0.56090192781, 0.97447101012),
              (3, "bad"): (0.94811347770, 0.99283114676, 0.01720182552),
              (6, "at25"): (0.31540008, 0.60049020, 0.40321546, 0.26936171, 0.32907090, 0.51931859),
              (6, "bad"): (0.88985502, 0.71085014, 0.02012111, 0.94936593, 0.93402226, 0.97195395)}

    def __init__(self, name):
        self.dims = int(name[len("mf-hartmann")])
        self.bias, self.noise = self.LEVELS[name.split("-")[2]]
        self.fidelities = [3, 11, 33, 100]
        self.choices = np.zeros(self.dims, dtype=int)

    def draw(self, rng, count):
        return rng.random((count, self.dims))

    def value(self, x, lack):
        squares = (self.SHAPES[self.dims] * (x[:, None, :] - self.CENTERS[self.dims]) ** 2).sum(axis=2)
        return -((self.WEIGHTS - self.bias * lack) * np.exp(-squares)).sum(axis=1)

    def evaluate(self, x, z, rng):
        lack = 1 - math.log(z) / math.log(100)
        return self.value(x, lack) + np.abs(rng.standard_normal(len(x))) * self.noise * lack

    def regret(self, x):
        return self.value(x, 0.0) - self.OPTIMUM[self.dims]

    def cost(self, z):
        return z / 100


class Run:
    """The evaluations of one run in their order; rungs are numbered over all brackets, 0 is the cheapest."""

    def __init__(self, problem, rng, budget):
        self.problem, self.rng, self.budget = problem, rng, budget
        self.x, self.rung, self.loss, self.spent = [], [], [], [0.0]

    def evaluate(self, x, rung):
        z = self.problem.fidelities[rung]
        loss = self.problem.evaluate(x, z, self.rng)
        cost = self.problem.cost(z)
        self.x.extend(x)
        self.loss.extend(loss)
        self.rung.extend([rung] * len(x))
        for _ in range(len(x)):
            self.spent.append(self.spent[-1] + cost)
        return loss

    def is_over(self):
        return self.spent[-1] > self.budget * (1 + 1e-9)

    def regrets(self, moments):
        """Of the best on the highest fidelity so far."""
        spent, rung, loss = np.array(self.spent[1:]), np.array(self.rung), np.array(self.loss)
        result = []
        for moment in moments:
            count = int((spent <= moment * (1 + 1e-9)).sum())
            top = np.flatnonzero(rung[:count] == rung[:count].max())
            result.append(self.problem.regret(self.x[top[np.argmin(loss[top])]][None, :])[0])
        return result


# ---- where to look ----

class Uniform:
    """In blocks: nothing depends on what came before."""

    block = True

    def __init__(self, run):
        self.run = run

    def propose(self, _rung, count):
        return self.run.problem.draw(self.run.rng, count)


class Densities:
    """BOHB's two kernel densities (numbers in [0, 1], choices as their index)."""

    block, FACTOR, DRAWS, LEAST, RANDOM = False, 3.0, 64, 1e-3, 1 / 3

    def __init__(self, run, faulty=False):
        self.run, self.faulty, self.seen, self.model = run, faulty, -1, None

    def propose(self, _rung, count):
        run = self.run
        if len(run.loss) != self.seen:
            self.seen, self.model = len(run.loss), self.fit()
        if self.model is None or run.rng.random() < self.RANDOM:
            return run.problem.draw(run.rng, count)
        return self.best_draw()[None, :]

    def fit(self):
        run, dims = self.run, self.run.problem.dims
        rung = np.array(run.rung)
        for level in reversed(range(len(run.problem.fidelities))):
            rows = np.flatnonzero(rung == level)
            n = len(rows)
            good, bad = max(dims + 1, 15 * n // 100), max(dims + 1, 85 * n // 100)
            if good > dims and min(bad, n - good) > dims:
                order = rows[np.argsort(np.array(run.loss)[rows], kind="stable")]
                x = np.array(run.x)
                return self.density(x[order[:good]]), self.density(x[order[good:good + bad]])
        return None

    def density(self, x):
        """Data, bandwidths, and what a kernel divides by."""
        n, dims = x.shape
        h = np.maximum(1.06 * x.std(axis=0) * n ** (-1 / (4 + dims)), self.LEAST)
        choices = self.run.problem.choices
        others = choices - 1.0
        if self.faulty:
            others = np.array([len(np.unique(x[:, j])) - 1.0 if choices[j] else 0.0 for j in range(dims)])
        else:
            h = np.where(choices > 0, np.minimum(h, others / np.maximum(choices, 1)), h)
        return x, h, others

    def best_draw(self):
        """The least bad/good ratio. With the fault also, at once, a point where only the bad density is infinite."""
        (x, h, _), rng, choices = self.model[0], self.run.rng, self.run.problem.choices
        points = x[rng.integers(len(x), size=self.DRAWS)].copy()
        numbers = np.flatnonzero(choices == 0)
        points[:, numbers] = truncated_normals(rng, points[:, numbers], self.FACTOR * h[numbers])
        for j in np.flatnonzero(choices):
            changed = rng.random(self.DRAWS) >= 1 - h[j]
            points[changed, j] = rng.integers(choices[j], size=int(changed.sum()))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            good, bad = (self.densities(model, points) for model in self.model)
            # As Python's max does it there: a bad density that is NaN counts as low, a good one stays NaN.
            ratio = np.where(bad > 1e-32, bad, 1e-32) / np.where(good < 1e-32, 1e-32, good)
        if self.faulty:
            at_once = np.flatnonzero(~np.isfinite(ratio) & np.isfinite(good))
            if len(at_once) > 0:
                return points[at_once[0]]
            if not (ratio < math.inf).any():
                return self.run.problem.draw(rng, 1)[0]
        return points[np.nanargmin(ratio)]

    def densities(self, model, points):
        x, h, others = model
        choices = self.run.problem.choices
        numbers, sets = np.flatnonzero(choices == 0), np.flatnonzero(choices)
        scaled = (points[:, None, numbers] - x[None, :, numbers]) / h[numbers]
        kernel = np.exp(-0.5 * (scaled ** 2).sum(axis=2)) / (math.sqrt(2 * math.pi) ** len(numbers) * h[numbers].prod())
        for j in sets:
            kernel = kernel * np.where(points[:, None, j] == x[None, :, j], 1 - h[j], np.divide(h[j], others[j]))
        return kernel.mean(axis=1)


def truncated_normals(rng, center, deviation):
    """Normals in [0, 1], by rejection."""
    result = np.full(center.shape, -1.0)
    wrong = np.ones(center.shape, dtype=bool)
    deviation = np.broadcast_to(deviation, center.shape)
    while wrong.any():
        result[wrong] = rng.normal(center[wrong], deviation[wrong])
        wrong = (result < 0) | (result > 1)
    return result


class Ensemble:
    """PriorBand's: uniform, from the prior, or near the incumbent."""

    block, DEVIATION = False, 0.25

    def __init__(self, run, center):
        self.run, self.center = run, np.array(center)
        z, members, self.bracket = run.problem.fidelities, ETA ** (len(run.problem.fidelities) - 1), 0.0
        for before, here in zip([0] + z, z):
            self.bracket += members * (here - before)
            members //= ETA
        run.evaluate(self.center[None, :], len(z) - 1)

    def propose(self, rung, _count):
        run, rng = self.run, self.run.rng
        uniform = 1 / (1 + ETA ** rung)
        source, incumbent = rng.random(), self.incumbent()
        if source < uniform:
            return run.problem.draw(rng, 1)
        prior = 1.0 if incumbent is None else self.prior_share(incumbent)
        if source < uniform + (1 - uniform) * prior:
            return truncated_normals(rng, self.center[None, :], self.DEVIATION)
        return self.mutated(incumbent)[None, :]

    def incumbent(self):
        """The best on any fidelity, once a bracket's worth is spent; promoted ones count where they are now."""
        run = self.run
        reached = {x.tobytes(): rung for x, rung in zip(run.x, run.rung)}
        spent = sum(run.problem.fidelities[rung] for rung in reached.values())
        if spent < self.bracket or max(run.rung) < len(run.problem.fidelities) - 1:
            return None
        return run.x[int(np.argmin(run.loss))]

    def prior_share(self, incumbent):
        run, rung = self.run, np.array(self.run.rung)
        for level in reversed(range(len(run.problem.fidelities))):
            rows = np.flatnonzero(rung == level)
            if len(rows) >= ETA:
                rows = rows[np.argsort(np.array(run.loss)[rows], kind="stable")][:max(len(rows) // ETA, ETA)]
                best, weights = np.array([run.x[i] for i in rows]), np.arange(len(rows), 0, -1)
                prior, near = (float(weights @ self.density(best, at)) for at in (self.center, incumbent))
                return prior / (prior + near) if prior + near > 0 else 0.5
        return ETA / (1 + ETA)

    def density(self, x, center):
        def phi(u):
            return 0.5 * (1 + math.erf(u / math.sqrt(2)))
        mass = math.prod(phi((1 - c) / self.DEVIATION) - phi(-c / self.DEVIATION) for c in center)
        return np.exp(-0.5 * (((x - center) / self.DEVIATION) ** 2).sum(axis=1)) / mass

    def mutated(self, incumbent):
        rng = self.run.rng
        while True:
            x = truncated_normals(rng, incumbent, self.DEVIATION)
            kept = rng.random(len(x)) >= 0.5
            if not kept.all():
                return np.where(kept, incumbent, x)


# ---- how much to spend ----

def search_at_random(run):
    cost = run.problem.cost(run.problem.fidelities[-1])
    run.evaluate(run.problem.draw(run.rng, int(run.budget / cost + 1e-9)), len(run.problem.fidelities) - 1)


def hyperband(run, sampler):
    top = len(run.problem.fidelities) - 1
    while True:
        for s in reversed(range(top + 1)):
            n = (top + 1) // (s + 1) * ETA ** s
            x, loss = np.empty((0, run.problem.dims)), np.empty(0)
            while len(x) < n:
                more = sampler.propose(top - s, n if sampler.block else 1)
                loss = np.append(loss, run.evaluate(more, top - s))
                x = np.append(x, more, axis=0)
                if run.is_over():
                    return
            for rung in range(top - s + 1, top + 1):
                n //= ETA
                x = x[np.argsort(loss, kind="stable")[:n]]
                loss = run.evaluate(x, rung)
                if run.is_over():
                    return


def simulate(task):
    name, method, prior, seed, moments, faulty = task
    problem = CountingOnes(name) if name.startswith("counting-ones") else Hartmann(name)
    run = Run(problem, np.random.default_rng([seed, problem.dims]), max(moments))
    if method == "RS":
        search_at_random(run)
    elif method == "HB":
        hyperband(run, Uniform(run))
    elif method == "BOHB":
        hyperband(run, Densities(run, faulty))
    else:
        hyperband(run, Ensemble(run, problem.PRIORS[problem.dims, prior]))
    return run.regrets(moments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--only", default="", help="only problems that contain this text")
    parser.add_argument("--methods", default="RS,HB,PB,BOHB", help="separated by commas")
    parser.add_argument("--last", type=int, default=1000, help="no moments beyond so many full evaluations")
    parser.add_argument("--faulty-kernel", action="store_true", help="BOHB with HpBandSter's kernel for choices")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    return parser.parse_args()


def reference_rows():
    """(problem, method, prior): the moments that the reference table has."""
    rows = {}
    with open(pathlib.Path(__file__).resolve().parent.parent / "benchmarks/envelopes.csv", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            rows.setdefault((line["problem"], line["method"], line["prior"]), []).append(int(line["evaluations"]))
    return rows


def main():
    arguments = parse_arguments()
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["problem", "method", "prior", "evaluations", "mean", "error", "seeds"])
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for (name, method, prior), moments in reference_rows().items():
            if arguments.only not in name or method not in arguments.methods.split(","):
                continue
            moments = [moment for moment in moments if moment <= arguments.last]
            tasks = [(name, method, prior, seed, moments, arguments.faulty_kernel)
                     for seed in range(1, arguments.seeds + 1)]
            regrets = np.array(list(pool.map(simulate, tasks, chunksize=10)))
            for moment, column in zip(moments, regrets.T):
                table.writerow([name, method + (" faulty" if arguments.faulty_kernel else ""), prior, moment,
                                f"{column.mean():.4f}", f"{column.std(ddof=1) / math.sqrt(len(column)):.4f}",
                                len(column)])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
