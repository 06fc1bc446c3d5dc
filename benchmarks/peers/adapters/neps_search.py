# SPDX-License-Identifier: GPL-3.0-or-later
"""NePS by its ask and tell: Bayesian optimization of full evaluations, and Hyperband, which PriorBand is without priors.
It has no conditions in a space that its models know: the flat space."""
import random

import neps
import numpy
import torch
from accounting import Suggestion


def parameter(d):
    if d.choices:
        return neps.HPOCategorical([str(choice) for choice in d.choices])
    return (neps.HPOFloat if d.kind == "float" else neps.HPOInteger)(d.low, d.high, log=d.log)


class NePS:
    """Its generators are those of Python, NumPy and PyTorch."""

    def __init__(self, space, seed, study):
        random.seed(seed)
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        parameters = {d.name: parameter(d) for d in space}
        self.program = neps.AskAndTell(self.algorithm(neps.SearchSpace({**parameters, **self.fidelity(study)})))

    def fidelity(self, _study):
        return {}

    def ask(self):
        trial = self.program.ask()
        return Suggestion(trial, dict(trial.config), trial.config.get("fidelity"))

    def tell(self, suggestion, value):
        self.program.tell(suggestion.token, value)


class BayesianOptimization(NePS):
    algorithm = staticmethod(neps.algorithms.bayesian_optimization)


class Hyperband(NePS):
    algorithm = staticmethod(neps.algorithms.hyperband)

    def fidelity(self, study):
        kind = neps.HPOInteger if study["integer"] else neps.HPOFloat
        return {"fidelity": kind(*study["fidelity"], is_fidelity=True)}
