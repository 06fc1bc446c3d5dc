# SPDX-License-Identifier: GPL-3.0-or-later
"""HpBandSter: BOHB's model alone, every evaluation on one budget, and BOHB with its brackets.

The parts of the program that decide are called, without its name server and its messages: brackets begin and ask as in
Master.run.
"""
import types

import ConfigSpace
import numpy
from accounting import Suggestion
from hpbandster.core.dispatcher import Job
from hpbandster.optimizers import BOHB as Program
from hpbandster.optimizers.config_generators.bohb import BOHB as Generator


def parameter(d):
    if d.choices:
        return ConfigSpace.CategoricalHyperparameter(d.name, [str(choice) for choice in d.choices])
    kind = ConfigSpace.UniformFloatHyperparameter if d.kind == "float" else ConfigSpace.UniformIntegerHyperparameter
    return kind(d.name, d.low, d.high, log=d.log)


def configspace(space, seed):
    made = ConfigSpace.ConfigurationSpace(seed=seed)
    for d in space:
        made.add_hyperparameter(parameter(d))
    for d in space:
        if d.when:
            parent, values = d.when
            as_text = made.get_hyperparameter(parent)
            values = [str(v) for v in values] if isinstance(as_text, ConfigSpace.CategoricalHyperparameter) else values
            made.add_condition(ConfigSpace.InCondition(made.get_hyperparameter(d.name), as_text, values))
    return made


class KDE:
    def __init__(self, space, seed, _study):
        numpy.random.seed(seed)
        self.generator = Generator(configspace(space, seed))

    def ask(self):
        config = dict(self.generator.get_config(1.0)[0])
        return Suggestion(config, config)

    def tell(self, suggestion, value):
        self.generator.new_result(types.SimpleNamespace(id=0, exception=None, result={"loss": value},
                                                        kwargs={"budget": 1.0, "config": suggestion.token}))


class BOHB:
    """eta 3, as everywhere."""

    def __init__(self, space, seed, study):
        numpy.random.seed(seed)
        lowest, highest = study["fidelity"]
        self.program, self.brackets, self.integer = Program.__new__(Program), [], study["integer"]
        n = -int(numpy.log(lowest / highest) / numpy.log(3)) + 1  # as in its constructor
        self.program.__dict__.update(config_generator=Generator(configspace(space, seed)), eta=3, max_SH_iter=n,
                                     budgets=highest * numpy.power(3.0, -numpy.linspace(n - 1, 0, n)))

    def next_run(self):
        for bracket in self.brackets:
            run = None if bracket.is_finished else bracket.get_next_run()
            if run is not None:
                return run
        self.brackets.append(self.program.get_next_iteration(len(self.brackets), {}))
        return self.brackets[-1].get_next_run()

    def ask(self):
        number, config, budget = self.next_run()
        job = Job(number, config=config, budget=budget)
        return Suggestion(job, dict(config), int(budget + 1e-9) if self.integer else float(budget))

    def tell(self, suggestion, value):
        job = suggestion.token
        job.result = {"loss": value}
        self.brackets[job.id[0]].register_result(job)
        self.program.config_generator.new_result(job)
