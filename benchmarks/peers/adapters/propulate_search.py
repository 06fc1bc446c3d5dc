# SPDX-License-Identifier: GPL-3.0-or-later
"""Propulate's default evolution, bred as one worker of one island breeds, without its messages.

The size of the breeding population has no default: 10. It has neither logarithms nor conditions: it searches the
logarithm of a parameter with a log, and the flat space.
"""
import math
import random

import mpi4py

mpi4py.rc.initialize = False  # nothing is sent
from accounting import Suggestion  # noqa: E402
from propulate.utils import get_default_propagator  # noqa: E402

POPULATION = 10


def limits(d):
    if d.choices:
        return tuple(str(choice) for choice in d.choices)
    return (math.log(d.low), math.log(d.high)) if d.log else (d.low, d.high)


def value(d, gene):
    if not d.log:
        return gene
    number = math.exp(gene)
    return number if d.kind == "float" else round(number)


class Search:
    def __init__(self, space, seed, _study):
        self.space, self.population = space, []
        self.breed = get_default_propagator(POPULATION, {d.name: limits(d) for d in space}, rng=random.Random(seed))

    def ask(self):
        individual = self.breed(self.population)
        return Suggestion(individual, {d.name: value(d, individual[d.name]) for d in self.space})

    def tell(self, suggestion, loss):
        individual = suggestion.token
        individual.loss, individual.generation = loss, len(self.population)
        self.population.append(individual)
