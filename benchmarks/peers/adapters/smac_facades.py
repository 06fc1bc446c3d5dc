# SPDX-License-Identifier: GPL-3.0-or-later
"""SMAC3's facades. The scenario is told that the objective is deterministic: else it repeats configurations."""
import pathlib

import smac
from accounting import Suggestion
from configspaces import configspace
from smac.runhistory.dataclasses import TrialValue


class Facade:
    def __init__(self, space, seed, study):
        scenario = smac.Scenario(configspace(space, seed), deterministic=True, seed=seed,
                                 output_directory=pathlib.Path("smac"), n_trials=int(study["full"]),
                                 **self.budgets(study))
        self.program = self.facade(scenario, lambda config, seed=0, budget=0: 0.0, overwrite=True, logging_level=False)

    def budgets(self, _study):
        return {}

    def ask(self):
        info = self.program.ask()
        return Suggestion(info, dict(info.config))

    def tell(self, suggestion, value):
        self.program.tell(suggestion.token, TrialValue(cost=value, time=0.1))


class Forest(Facade):
    facade = smac.HyperparameterOptimizationFacade


class GaussianProcess(Facade):
    facade = smac.BlackBoxFacade


class MultiFidelity(Facade):
    """Hyperband with the forest; n_trials does not bound it here."""
    facade = smac.MultiFidelityFacade

    def budgets(self, study):
        self.integer = study["integer"]
        lowest, highest = study["fidelity"]
        return {"min_budget": lowest, "max_budget": highest}

    def ask(self):
        info = self.program.ask()
        return Suggestion(info, dict(info.config), int(info.budget + 1e-9) if self.integer else float(info.budget))
