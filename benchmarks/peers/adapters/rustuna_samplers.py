# SPDX-License-Identifier: GPL-3.0-or-later
"""Rustuna's TPE, at its defaults but the seed. A conditional parameter is suggested when it exists."""
import rustuna
from accounting import Suggestion
from space import is_active


class TPE:
    def __init__(self, space, seed, _study):
        self.space, self.study = space, rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=seed))

    def ask(self):
        trial, config = self.study.ask(), {}
        for d in self.space:
            if not is_active(d, config):
                continue
            if d.choices:
                config[d.name] = trial.suggest_categorical(d.name, d.choices)
            elif d.kind == "float":
                config[d.name] = trial.suggest_float(d.name, d.low, d.high, log=d.log)
            else:
                config[d.name] = trial.suggest_int(d.name, d.low, d.high, log=d.log)
        return Suggestion(trial, config)

    def tell(self, suggestion, value):
        self.study.tell(suggestion.token.number, value)
