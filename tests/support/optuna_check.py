#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Optuna makes of a journal: optuna_check.py JOURNAL prints its only study as JSON.

{"study": name, "direction": "minimize" | "maximize", "metrics": [name] or null, "best_trial": number or null,
 "trials": [{"number", "state", "value", "params", "distributions", "intermediate_values", "user_attrs": [keys]}]}
With several objectives: {"study", "directions": [...], "metrics", "best_trials": [numbers], "trials"}, with "values" for "value".
A value outside its distribution, or a distribution that Optuna has to mend, is an error.
"""
import json
import sys
import warnings

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import JournalFileStorage, JournalStorage

warnings.simplefilter("error", UserWarning)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.ERROR)


def show(trial, several):
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        if not distribution._contains(distribution.to_internal_repr(value)):
            sys.exit(f"trial {trial.number}: {name} = {value!r} is outside of {distribution}")
    return {
        "number": trial.number,
        "state": trial.state.name,
        **({"values": trial.values} if several else {"value": trial.value}),
        "params": trial.params,
        "distributions": {k: json.loads(distribution_to_json(d)) for k, d in trial.distributions.items()},
        "intermediate_values": {str(k): v for k, v in trial.intermediate_values.items()},
        "user_attrs": sorted(trial.user_attrs),
    }


def main(path):
    storage = JournalStorage(JournalFileStorage(path))
    (frozen,) = storage.get_all_studies()
    study = optuna.load_study(study_name=frozen.study_name, storage=storage)
    several = len(study.directions) > 1
    if several:
        told = {
            "directions": [direction.name.lower() for direction in study.directions],
            "best_trials": [trial.number for trial in study.best_trials],
        }
    else:
        try:
            best = study.best_trial.number
        except ValueError:  # no trial is complete
            best = None
        told = {"direction": study.direction.name.lower(), "best_trial": best}
    told["metrics"] = frozen.system_attrs.get("study:metric_names")
    trials = [show(trial, several) for trial in study.get_trials(deepcopy=False)]
    json.dump({"study": study.study_name, **told, "trials": trials}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
