# SPDX-License-Identifier: GPL-3.0-or-later
"""HEBO. It has no conditions: the flat space."""
import random

import numpy
import torch
from accounting import Suggestion
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO


def parameter(d):
    if d.choices:
        return {"name": d.name, "type": "cat", "categories": [str(choice) for choice in d.choices]}
    kind = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
    return {"name": d.name, "type": kind[d.kind, d.log], "lb": d.low, "ub": d.high}


class Search:
    """Its generators are those of Python, NumPy and PyTorch."""

    def __init__(self, space, seed, _study):
        random.seed(seed)
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        self.program = HEBO(DesignSpace().parse([parameter(d) for d in space]), scramble_seed=seed)

    def ask(self):
        row = self.program.suggest(n_suggestions=1)
        return Suggestion(row, {name: _plain(value) for name, value in row.iloc[0].items()})

    def tell(self, suggestion, value):
        self.program.observe(suggestion.token, numpy.array([[value]]))


def _plain(value):
    return value.item() if isinstance(value, numpy.generic) else value
