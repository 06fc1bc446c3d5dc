# SPDX-License-Identifier: GPL-3.0-or-later
"""Hyperopt's TPE. A condition on choices is a choice between branches, as its users write it; children of an integer or
of a parameter with several of them lie in the flat space."""
import hyperopt
import numpy
from accounting import Suggestion
from hyperopt import hp
from hyperopt.pyll.base import scope


def leaf(d):
    if d.kind == "float":
        return hp.loguniform(d.name, numpy.log(d.low), numpy.log(d.high)) if d.log else \
            hp.uniform(d.name, d.low, d.high)
    if d.log:
        return scope.int(hp.qloguniform(d.name, numpy.log(d.low), numpy.log(d.high), 1))
    return scope.int(hp.quniform(d.name, d.low, d.high, 1))


def node(d, space):
    """A parameter with what depends on it."""
    if not d.choices:
        return leaf(d)
    return hp.choice(d.name, [{"": choice, **{child.name: node(child, space) for child in space
                                              if is_nested(child, space) and child.when[0] == d.name and
                                              choice in child.when[1]}} for choice in d.choices])


def is_nested(d, space):
    parents = [parent for parent in space if d.when and parent.name == d.when[0]]
    return bool(parents) and parents[0].choices is not None and len(d.when[1]) == 1


def flatten(config):
    made = {}
    for name, value in config.items():
        if isinstance(value, dict):
            made[name] = value[""]
            made.update(flatten({key: inner for key, inner in value.items() if key}))
        else:
            made[name] = value
    return made


class TPE:
    def __init__(self, space, seed, _study):
        self.space = {d.name: node(d, space) for d in space if not is_nested(d, space)}
        self.domain = hyperopt.Domain(lambda config: 0.0, self.space)
        self.trials, self.random = hyperopt.Trials(), numpy.random.default_rng(seed)

    def ask(self):
        ids = self.trials.new_trial_ids(1)
        self.trials.refresh()
        documents = hyperopt.tpe.suggest(ids, self.domain, self.trials, int(self.random.integers(2**31 - 1)))
        self.trials.insert_trial_docs(documents)
        self.trials.refresh()
        trial = self.trials._dynamic_trials[-1]  # pylint: disable=protected-access
        values = {name: value[0] for name, value in trial["misc"]["vals"].items() if value}
        return Suggestion(trial, flatten(hyperopt.space_eval(self.space, values)))

    def tell(self, suggestion, value):
        suggestion.token["state"] = hyperopt.JOB_STATE_DONE
        suggestion.token["result"] = {"loss": value, "status": hyperopt.STATUS_OK}
        self.trials.refresh()
