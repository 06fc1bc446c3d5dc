# SPDX-License-Identifier: GPL-3.0-or-later
"""A study of another program on virtual workers, counted as hpo_bench counts: its results.csv, cells.csv, times.csv.

An evaluation takes as long as it costs. Events of the same time are told in the order in which their evaluations began.
A budget of full evaluations is one of evaluations where there is no fidelity; else nothing new begins when the cost of
what has ended reaches it, and what still runs counts, too. An evaluation costs what the problem says for its fidelity
from scratch; the difference to what this configuration was trained for before, on LCBench, whose networks can be
trained on, and wherever the program only decides whether an evaluation goes on (`continues`).
"""
import heapq
import math
import time

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


class Study:
    def __init__(self, problem, decode, peer, workers, full, fidelity, seed):
        """fidelity: (lowest, highest) or None; full: the budget."""
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
        """(cost, the value that the program sees, the value without noise, fidelity, configuration)"""
        config = self.decode(suggestion.config)
        key = tuple(sorted(config.items()))
        fidelity = math.nan if self.highest is None else suggestion.fidelity or self.highest
        trial, before = self.trial_of(key, fidelity)
        self.trials[key] = trial, fidelity
        metrics = self.problem.evaluate(config, fidelity, self.seed * 1000003 + trial)
        cost = 1.0 if self.highest is None else self.problem.cost(fidelity)
        if self.resumes and before is not None:
            cost -= self.problem.cost(before)
        value = metrics[self.problem.metrics[0]]
        return cost, value, metrics.get("exact", value), 1 if self.highest is None else fidelity, trial

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
        self.now, _, suggestion, (cost, value, exact, fidelity, trial) = heapq.heappop(self.running)
        self.spent += cost
        self.busy += cost
        self.ended += 1
        start = time.process_time()
        self.peer.tell(suggestion, -value if self.problem.maximize else value)
        self.thinking += time.process_time() - start
        if self.highest is not None and fidelity < self.highest:
            return
        if self.best is None or (value > self.best if self.problem.maximize else value < self.best):
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
        if not optima:
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
        return [[*key, "maximize" if self.problem.maximize else "minimize", self.n_trials, self.ended,
                 digits(self.spent), digits(self.now), f"{share:.6g}", *end]]

    def times(self, key):
        return [[*key, self.suggestions, f"{self.thinking:.6g}"]]

    def tables(self, key):
        return {"results.csv": self.results(key), "cells.csv": self.cell(key), "times.csv": self.times(key)}
