# SPDX-License-Identifier: GPL-3.0-or-later
"""Random search with Python's standard library: what shows that a run is counted as ours are."""
import math
import random

from accounting import Suggestion
from space import is_active


class Random:
    def __init__(self, space, seed, _study):
        self.space, self.random = space, random.Random(seed)

    def draw(self, d):
        if d.choices:
            return self.random.choice(d.choices)
        if d.log:
            value = math.exp(self.random.uniform(math.log(d.low), math.log(d.high)))
            return value if d.kind == "float" else round(value)
        return self.random.uniform(d.low, d.high) if d.kind == "float" else self.random.randint(d.low, d.high)

    def ask(self):
        config = {}
        for d in self.space:
            if is_active(d, config):
                config[d.name] = self.draw(d)
        return Suggestion(None, config)

    def tell(self, suggestion, value):
        pass
