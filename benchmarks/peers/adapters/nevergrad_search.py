# SPDX-License-Identifier: GPL-3.0-or-later
"""Nevergrad's NGOpt, which chooses its method by space and budget. It has no conditions: the flat space."""
import nevergrad
from accounting import Suggestion


def parameter(d):
    if d.choices:
        return nevergrad.p.Choice(d.choices)
    scalar = nevergrad.p.Log(lower=d.low, upper=d.high) if d.log else nevergrad.p.Scalar(lower=d.low, upper=d.high)
    return scalar if d.kind == "float" else scalar.set_integer_casting()


class Search:
    def __init__(self, space, seed, study):
        parameters = nevergrad.p.Dict(**{d.name: parameter(d) for d in space})
        parameters.random_state.seed(seed)
        self.optimizer = nevergrad.optimizers.NGOpt(parameters, budget=int(study["full"]),
                                                    num_workers=study["workers"])

    def ask(self):
        candidate = self.optimizer.ask()
        return Suggestion(candidate, dict(candidate.value))

    def tell(self, suggestion, value):
        self.optimizer.tell(suggestion.token, value)
