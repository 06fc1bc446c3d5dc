# SPDX-License-Identifier: GPL-3.0-or-later
"""SMAC3's random forest. The scenario is told that the objective is deterministic: else it repeats configurations."""
import pathlib

import smac
from accounting import Suggestion
from configspaces import configspace
from smac.runhistory.dataclasses import TrialValue


class Forest:
    def __init__(self, space, seed, study):
        scenario = smac.Scenario(configspace(space, seed), deterministic=True, seed=seed,
                                 output_directory=pathlib.Path("smac"), n_trials=int(study["full"]))
        self.program = smac.HyperparameterOptimizationFacade(scenario, lambda config, seed=0: 0.0, overwrite=True,
                                                             logging_level=False)

    def ask(self):
        info = self.program.ask()
        return Suggestion(info, dict(info.config))

    def tell(self, suggestion, value):
        self.program.tell(suggestion.token, TrialValue(cost=value, time=0.1))
