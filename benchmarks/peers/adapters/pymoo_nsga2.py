# SPDX-License-Identifier: GPL-3.0-or-later
"""pymoo's NSGA-II with a population of 20: its own default, 100, would be one generation at random. Where there are choices
or integers it is its genetic algorithm for mixed variables with the survival of NSGA-II, as its documentation has it.
Numbers keep their logarithm; pymoo has no conditions: the flat space."""
import math

import numpy
from accounting import Suggestion
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowding
from pymoo.core.evaluator import Evaluator
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination
from pymoo.core.variable import Choice, Integer, Real
from pymoo.problems.static import StaticProblem


def bounds(d):
    return [math.log(b) for b in (d.low, d.high)] if d.log else [d.low, d.high]


def variable(d):
    if d.choices:
        return Choice(options=d.choices)
    return Real(bounds=bounds(d)) if d.kind == "float" or d.log else Integer(bounds=(d.low, d.high))


def value_of(d, x):
    value = math.exp(x) if d.log else x
    return round(value) if d.kind == "int" else value


class Of20:
    size = 20

    def __init__(self, space, seed, study):
        self.space, self.told, self.asked, self.waiting = space, 0, [], []
        self.continuous = all(d.kind == "float" for d in space)
        if self.continuous:
            low, high = zip(*map(bounds, space))
            self.problem = Problem(n_var=len(space), n_obj=study["goals"], xl=numpy.array(low), xu=numpy.array(high))
            self.algorithm = NSGA2(pop_size=self.size)
        else:
            self.problem = Problem(vars={d.name: variable(d) for d in space}, n_obj=study["goals"])
            self.algorithm = MixedVariableGA(pop_size=self.size, survival=RankAndCrowding())
        self.algorithm.setup(self.problem, termination=NoTermination(), seed=seed, verbose=False)

    def config(self, x):
        values = zip(self.space, x) if self.continuous else [(d, x[d.name]) for d in self.space]
        return {d.name: v if d.choices else value_of(d, v) for d, v in values}

    def ask(self):
        if not self.waiting:
            if self.told < len(self.asked):
                return None
            self.asked, self.told = self.algorithm.ask(), 0
            self.losses = [None] * len(self.asked)
            self.waiting = list(range(len(self.asked)))
        index = self.waiting.pop(0)
        return Suggestion(index, self.config(self.asked[index].X))

    def tell(self, suggestion, value):
        self.losses[suggestion.token] = value
        self.told += 1
        if self.told == len(self.asked):
            Evaluator().eval(StaticProblem(self.problem, F=numpy.array(self.losses)), self.asked)
            self.algorithm.tell(infills=self.asked)
