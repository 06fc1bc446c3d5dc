# SPDX-License-Identifier: GPL-3.0-or-later
"""Syne Tune's schedulers, without its backends and its loop. They have no conditions: the flat space.

Of whole fidelities: conformal quantile regression and BORE. With reports: ASHA that stops, alone and with the former's
model; a trial reports at every whole step of the fidelity, and the scheduler decides whether it goes on.
"""
import datetime

from accounting import Suggestion
from syne_tune import config_space
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer import baselines
from syne_tune.optimizer.scheduler import SchedulerDecision


def domain(d):
    if d.choices:
        return config_space.choice([str(choice) for choice in d.choices])
    if d.kind == "float":
        return (config_space.loguniform if d.log else config_space.uniform)(d.low, d.high)
    return (config_space.lograndint if d.log else config_space.randint)(d.low, d.high)


class Scheduler:
    def __init__(self, space, seed, study):
        self.trials = 0
        self.program = self.scheduler({d.name: domain(d) for d in space}, metric="loss", random_seed=seed,
                                      **self.options(study))

    def options(self, _study):
        return {}

    def next_trial(self):
        trial = Trial(trial_id=self.trials, config=self.program.suggest().config, creation_time=datetime.datetime.now())
        self.trials += 1
        self.program.on_trial_add(trial)
        return trial

    def ask(self):
        trial = self.next_trial()
        return Suggestion(trial, dict(trial.config))

    def tell(self, suggestion, value):
        self.program.on_trial_complete(suggestion.token, {"loss": value})


class CQR(Scheduler):
    scheduler = baselines.CQR


class BORE(Scheduler):
    scheduler = baselines.BORE


class ASHA(Scheduler):
    continues = True
    scheduler = baselines.ASHA

    def options(self, study):
        self.lowest, self.highest = (int(fidelity) for fidelity in study["fidelity"])
        self.waiting = []
        return {"time_attr": "fidelity", "grace_period": self.lowest, "max_t": self.highest}

    def ask(self):
        if self.waiting:
            return self.waiting.pop()
        trial = self.next_trial()
        return Suggestion(trial, dict(trial.config), self.lowest)

    def tell(self, suggestion, value):
        trial, fidelity = suggestion.token, suggestion.fidelity
        result = {"loss": value, "fidelity": fidelity}
        if fidelity >= self.highest:
            self.program.on_trial_complete(trial, result)
        elif self.program.on_trial_result(trial, result) == SchedulerDecision.CONTINUE:
            self.waiting.append(Suggestion(trial, suggestion.config, fidelity + 1))


class ASHACQR(ASHA):
    scheduler = baselines.ASHACQR
