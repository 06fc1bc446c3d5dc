# SPDX-License-Identifier: GPL-3.0-or-later
"""Optuna's samplers, at their defaults but the seed. A conditional parameter is suggested when it exists."""
import optuna
from accounting import Suggestion
from space import is_active

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Optuna:
    def __init__(self, space, seed, study):
        self.space = space
        self.study = optuna.create_study(directions=["minimize"] * study["goals"], sampler=self.sampler(seed),
                                         pruner=self.pruner(study))

    def pruner(self, _study):
        return optuna.pruners.NopPruner()

    def suggest(self, trial):
        config = {}
        for d in self.space:
            if not is_active(d, config):
                continue
            if d.choices:
                config[d.name] = trial.suggest_categorical(d.name, d.choices)
            else:
                suggest = trial.suggest_float if d.kind == "float" else trial.suggest_int
                config[d.name] = suggest(d.name, d.low, d.high, log=d.log)
        return config

    def ask(self):
        trial = self.study.ask()
        return Suggestion(trial, self.suggest(trial))

    def tell(self, suggestion, value):
        self.study.tell(suggestion.token, value)


class TPE(Optuna):
    def sampler(self, seed):
        return optuna.samplers.TPESampler(seed=seed)


class NSGA2(Optuna):
    def sampler(self, seed):
        return optuna.samplers.NSGAIISampler(seed=seed)


class NSGA2Of20(Optuna):
    def sampler(self, seed):
        return optuna.samplers.NSGAIISampler(population_size=20, seed=seed)


class CMAES(Optuna):
    """Choices and conditional parameters are drawn at random, as Optuna does."""

    def sampler(self, seed):
        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


class GP(Optuna):
    """Conditional parameters are drawn at random, as Optuna does."""

    def sampler(self, seed):
        return optuna.samplers.GPSampler(seed=seed)


class TPEHyperband(Optuna):
    """A trial reports at every whole step of the fidelity, and the pruner decides whether it goes on."""
    continues = True

    def __init__(self, space, seed, study):
        super().__init__(space, seed, study)
        self.lowest, self.highest = study["fidelity"]
        self.waiting = []

    def sampler(self, seed):
        return optuna.samplers.TPESampler(seed=seed)

    def pruner(self, study):
        lowest, highest = study["fidelity"]
        return optuna.pruners.HyperbandPruner(min_resource=lowest, max_resource=highest, reduction_factor=3)

    def ask(self):
        if self.waiting:
            return self.waiting.pop()
        trial = self.study.ask()
        return Suggestion(trial, self.suggest(trial), self.lowest)

    def tell(self, suggestion, value):
        trial, fidelity = suggestion.token, suggestion.fidelity
        trial.report(value, fidelity)
        if fidelity >= self.highest:
            self.study.tell(trial, value)
        elif trial.should_prune():
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            self.waiting.append(Suggestion(trial, suggestion.config, fidelity + 1))
