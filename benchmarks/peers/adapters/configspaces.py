# SPDX-License-Identifier: GPL-3.0-or-later
"""A space of ConfigSpace 1, with its conditions: for SMAC3, DEHB and DeepHyper."""
import ConfigSpace


def parameter(d):
    if d.choices:
        return ConfigSpace.CategoricalHyperparameter(d.name, [str(choice) for choice in d.choices])
    if d.kind == "float":
        return ConfigSpace.UniformFloatHyperparameter(d.name, d.low, d.high, log=d.log)
    return ConfigSpace.UniformIntegerHyperparameter(d.name, d.low, d.high, log=d.log)


def add_conditions(made, space):
    for d in space:
        if d.when:
            name, values = d.when
            parent = made[name]
            values = [str(v) for v in values] if isinstance(parent, ConfigSpace.CategoricalHyperparameter) else values
            made.add(ConfigSpace.InCondition(made[d.name], parent, values))


def configspace(space, seed):
    made = ConfigSpace.ConfigurationSpace(seed=seed)
    made.add([parameter(d) for d in space])
    add_conditions(made, space)
    return made
