# SPDX-License-Identifier: GPL-3.0-or-later
"""A study of another program on virtual workers, counted as hpo_bench counts: its results.csv, cells.csv, times.csv.

An evaluation takes as long as it costs. Events of the same time are told in the order in which their evaluations began.
A budget of full evaluations is one of evaluations where there is no fidelity; else nothing new begins when the cost of
what has ended reaches it, and what still runs counts, too. An evaluation costs what the problem says for its fidelity
from scratch; the difference to what this configuration was trained for before, on LCBench, whose networks can be
trained on, and wherever the program only decides whether an evaluation goes on (`continues`).

With several metrics a program is told a list of losses, and the value of what it found is the hypervolume.
"""
import heapq
import math
import time

from bench_problems import hypervolume

KEY = ["problem", "method", "workers", "seed"]
HEADINGS = {
    "results.csv": KEY + ["spent", "time", "evaluations", "trial", "fidelity", "value", "exact", "regret"],
    "cells.csv": KEY + ["goal", "trials", "evaluations", "spent", "time", "utilisation", "value", "exact", "regret"],
    "times.csv": KEY + ["suggestions", "seconds"],
}


def digits(number):
    return f"{number:.10g}"


class Suggestion:
    """token: what the program wants back; config: a value for each dimension by name; fidelity: None is a full one."""

    def __init__(self, token, config, fidelity=None):
        self.token, self.config, self.fidelity = token, config, fidelity


class Goals:
    """What is searched for. metrics: (name, reference) of each of several, or None: the problem's first one alone."""

    def __init__(self, problem, metrics=None):
        self.names = [name for name, _ in metrics] if metrics else problem.metrics[:1]
        self.signs = [-1 if problem.maximizes[problem.metrics.index(name)] else 1 for name in self.names]
        self.several, self.found = metrics is not None, []
        self.maximize = self.several or problem.maximize
        self.reference = [sign * r for sign, (_, r) in zip(self.signs, metrics)] if metrics else None

    def losses(self, values):
        return [sign * values[name] for sign, name in zip(self.signs, self.names)]

    def told(self, values):
        """What the program gets."""
        return self.losses(values) if self.several else self.losses(values)[0]

    def worth(self, values):
        """(the value with this result, the same without noise)"""
        if not self.several:
            value = values[self.names[0]]
            return value, values.get("exact", value)
        self.found.append(self.losses(values))
        return (hypervolume(self.found, self.reference),) * 2


class Study:
    def __init__(self, problem, decode, peer, workers, full, fidelity, seed, metrics=None):
        """fidelity: (lowest, highest) or None; full: the budget; metrics: of Goals."""
        self.goals = Goals(problem, metrics)
        self.problem, self.decode, self.peer = problem, decode, peer
        self.workers, self.full, self.seed = workers, full, seed
        self.highest = fidelity[1] if fidelity else None
        self.resumes = fidelity is not None and (problem.fidelity[0] == "epochs" or getattr(peer, "continues", False))
        self.trials, self.n_trials, self.running = {}, 0, []
        self.now = self.spent = self.busy = self.thinking = 0.0
        self.begun = self.ended = self.suggestions = 0
        self.best, self.points = None, []

    def trial_of(self, key, fidelity):
        """(its number, what it was trained for before or None): a configuration on a higher fidelity is a trial that
        goes on; what is evaluated again otherwise is a new one, with noise of its own."""
        if key in self.trials and self.trials[key][1] < fidelity:
            return self.trials[key]
        self.n_trials += 1
        return self.n_trials - 1, None

    def evaluate(self, suggestion):
        """(cost, values of the metrics, fidelity, configuration)"""
        config = self.decode(suggestion.config)
        key = tuple(sorted(config.items()))
        fidelity = math.nan if self.highest is None else suggestion.fidelity or self.highest
        trial, before = self.trial_of(key, fidelity)
        self.trials[key] = trial, fidelity
        metrics = self.problem.evaluate(config, fidelity, self.seed * 1000003 + trial)
        cost = 1.0 if self.highest is None else self.problem.cost(fidelity)
        if self.resumes and before is not None:
            cost -= self.problem.cost(before)
        return cost, metrics, 1 if self.highest is None else fidelity, trial

    def open(self):
        return self.begun < math.ceil(self.full) if self.highest is None else self.spent < self.full

    def ask(self):
        """Until nobody is idle, or the program waits for a result."""
        while len(self.running) < self.workers and self.open():
            start = time.process_time()
            suggestion = self.peer.ask()
            self.thinking += time.process_time() - start
            if suggestion is None:
                return
            self.suggestions += 1
            outcome = self.evaluate(suggestion)
            heapq.heappush(self.running, (self.now + outcome[0], self.begun, suggestion, outcome))
            self.begun += 1

    def tell(self):
        self.now, _, suggestion, (cost, metrics, fidelity, trial) = heapq.heappop(self.running)
        self.spent += cost
        self.busy += cost
        self.ended += 1
        start = time.process_time()
        self.peer.tell(suggestion, self.goals.told(metrics))
        self.thinking += time.process_time() - start
        if self.highest is not None and fidelity < self.highest:
            return
        value, exact = self.goals.worth(metrics)
        if self.best is None or (value > self.best if self.goals.maximize else value < self.best):
            self.best = value
            self.points.append((self.spent, self.now, self.ended, trial, fidelity, value, exact))

    def run(self):
        self.ask()
        while self.running:
            self.tell()
            self.ask()

    # ---- lines ----

    def regret(self, exact):
        optima = self.problem.optima()
        if not optima or self.goals.several:
            return ""
        return digits(optima[0][1] - exact if self.problem.maximize else exact - optima[0][1])

    def results(self, key):
        return [[*key, digits(spent), digits(now), ended, trial, digits(fidelity), digits(value), digits(exact),
                 self.regret(exact)] for spent, now, ended, trial, fidelity, value, exact in self.points]

    def cell(self, key):
        end = ["", "", ""]
        if self.points:
            end = [digits(self.points[-1][5]), digits(self.points[-1][6]), self.regret(self.points[-1][6])]
        share = self.busy / (self.now * self.workers) if self.now > 0 else 0
        return [[*key, "maximize" if self.goals.maximize else "minimize", self.n_trials, self.ended,
                 digits(self.spent), digits(self.now), f"{share:.6g}", *end]]

    def times(self, key):
        return [[*key, self.suggestions, f"{self.thinking:.6g}"]]

    def tables(self, key):
        return {"results.csv": self.results(key), "cells.csv": self.cell(key), "times.csv": self.times(key)}
