#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Optuna makes of a journal: optuna_check.py JOURNAL prints its only study as JSON.

{"study": name, "direction": "minimize" | "maximize", "metrics": [name] or null, "best_trial": number or null,
 "trials": [{"number", "state", "value", "params", "distributions", "intermediate_values", "user_attrs": [keys]}]}
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


def show(trial):
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        if not distribution._contains(distribution.to_internal_repr(value)):
            sys.exit(f"trial {trial.number}: {name} = {value!r} is outside of {distribution}")
    return {
        "number": trial.number,
        "state": trial.state.name,
        "value": trial.value,
        "params": trial.params,
        "distributions": {k: json.loads(distribution_to_json(d)) for k, d in trial.distributions.items()},
        "intermediate_values": {str(k): v for k, v in trial.intermediate_values.items()},
        "user_attrs": sorted(trial.user_attrs),
    }


def main(path):
    storage = JournalStorage(JournalFileStorage(path))
    (frozen,) = storage.get_all_studies()
    study = optuna.load_study(study_name=frozen.study_name, storage=storage)
    try:
        best = study.best_trial.number
    except ValueError:  # no trial is complete
        best = None
    json.dump(
        {
            "study": study.study_name,
            "direction": study.direction.name.lower(),
            "metrics": frozen.system_attrs.get("study:metric_names"),
            "best_trial": best,
            "trials": [show(trial) for trial in study.get_trials(deepcopy=False)],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
