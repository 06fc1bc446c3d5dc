# SPDX-License-Identifier: GPL-3.0-or-later
"""A problem's parameters as most other programs know them: ranges of numbers, and choices without order.

Ordered choices are integers, their place in the list: few programs have a type for them. Numbers keep their logarithm.
"""
import re

_WHEN = re.compile(r"(\w+): \{[^{}]*when: \{(\w+): \{(eq|ne|ge): ([^{}]+)\}\}\}")


class Dimension:
    """kind: float, int or choice; low, high and log of a number; choices; when: None, or the name of another parameter
    and the values with which this one exists."""

    def __init__(self, parameter):
        self.parameter, self.name, self.when = parameter, parameter.name, None
        self.kind = {"float": "float", "int": "int", "ordinal": "int", "categorical": "choice"}[parameter.kind]
        ordered = parameter.kind == "ordinal"
        self.low, self.high = (0, len(parameter.choices) - 1) if ordered else (parameter.low, parameter.high)
        self.log = parameter.log
        self.choices = parameter.choices if self.kind == "choice" else None

    def values(self):
        """Of a choice or an integer, all."""
        return self.choices if self.choices else list(range(self.low, self.high + 1))

    def decode(self, value):
        """What the problem gets: of the problem's type, within its bounds when rounding left them."""
        if self.choices:
            return self.choices[[str(choice) for choice in self.choices].index(str(value))]
        value = min(max(value, self.low), self.high)
        if self.kind == "float":
            return float(value)
        return self.parameter.choices[int(value)] if self.parameter.choices else int(value)


def _meaning(text, parent):
    return next(value for value in parent.values() if str(value) == text.strip('"'))


def dimensions(problem):
    """In the problem's order: a parent comes before its children."""
    made = {parameter.name: Dimension(parameter) for parameter in problem.parameters}
    for name, parent, relation, text in _WHEN.findall(problem.space):
        value = _meaning(text, made[parent])
        holds = {"eq": lambda v, w=value: v == w, "ne": lambda v, w=value: v != w, "ge": lambda v, w=value: v >= w}
        made[name].when = parent, [v for v in made[parent].values() if holds[relation](v)]
    if problem.space.count("when:") != sum(d.when is not None for d in made.values()):
        raise ValueError(f"a condition that is not understood: {problem.space}")
    return list(made.values())


def is_active(dimension, config):
    """config: what was chosen for the parameters before it; what is inactive is missing."""
    return dimension.when is None or config.get(dimension.when[0], _MISSING) in dimension.when[1]


_MISSING = object()


def decode(space, config):
    """The problem's configuration of a peer's, which may say values for what is inactive."""
    active, made = {}, {}
    for d in space:
        if d.name in config and config[d.name] is not None and is_active(d, active):
            made[d.name] = d.decode(config[d.name])
            active[d.name] = made[d.name] if d.choices or d.kind == "float" else int(min(max(config[d.name], d.low),
                                                                                         d.high))
    return made
