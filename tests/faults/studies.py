# SPDX-License-Identifier: GPL-3.0-or-later
"""The small studies that schedules disturb; each takes a few tenths of a second."""

# Short times, so that what is lost is noticed soon. Whoever is lost is never to blame: a study gives nothing up for it.
HEAD = """\
study: {name}
seed: 11
metric: {{name: {metric}, goal: minimize}}
failure: {{heartbeat: 0.05s, lost_after: 0.5s, retries: {{lost: 1000, crash: {crash}}}, max_failures: 1000, first: 0}}
"""
COMMAND = """\
objective: {{command: {{run: ["{trial}", "{{x}}", "{naps}"{plain}], env: {{HPO_TEST_MISBEHAVE: "{misbehave}"}}}}}}
parameters: {{x: {{min: 0.0, max: 1.0}}}}
"""
EPOCHS = "fidelity: {epochs: {min: 1, max: 9}}\n"
ORDERED = "deterministic: true\nworkers: 3\n"


class Study:
    """trials: the budget, exactly; cost: the same, as a sum; None: the method ends by itself."""

    def __init__(self, name, text, trials=None, cost=None, metric="loss", naps="4", plain=False, misbehave=False,
                 command=True, crash=1000):
        self.name, self.trials, self.cost, self.metric = name, trials, cost, metric
        self.text, self.naps, self.plain, self.misbehave, self.command = text, naps, plain, misbehave, command
        self.crash = crash
        self.deterministic = "deterministic: true" in text

    def yaml(self, trial):
        text = HEAD.format(name=self.name, metric=self.metric, crash=self.crash)
        if self.command:
            text += COMMAND.format(trial=trial, naps=self.naps, plain=', "2"' if self.plain else "",
                                   misbehave="yes" if self.misbehave else "")
        if self.trials:
            text += f"budget: {{trials: {self.trials}}}\n"
        return text + self.text


TRAIN = """\
objective: {train: {dataset: blobs, hidden: [4], batch_size: 64}}
parameters: {learning_rate: {min: 1e-4, max: 1e-1, log: true}}
method: hyperband
fidelity: {epochs: {min: 1, max: 9}}
"""
FUNCTION = """\
objective: {function: {problem: mf-hartmann3}}
fidelity: {z: {min: 1, max: 27}}
"""

STUDIES = {study.name: study for study in (
    Study("random", "method: random\n", trials=14, naps="6", plain=True),
    Study("crashes", "method: random\n", trials=20, plain=True, misbehave=True, crash=1),
    Study("hyperband", "method: hyperband\n" + EPOCHS, trials=12),
    Study("tpe-asha", "method: {sampler: tpe, scheduler: asha, n_startup: 4}\n" + EPOCHS, trials=14),
    Study("stopping", "method: {name: asha, mode: stopping}\n" + EPOCHS, trials=12),
    Study("evolution", "method: {name: cma-es}\n", trials=16, plain=True),
    Study("dehb", "method: dehb\n" + EPOCHS, trials=12, naps="2"),
    Study("durable", "method: random\ndurability: each\n", trials=12, plain=True),
    Study("ordered-random", "method: random\n" + ORDERED, trials=14, naps="6", plain=True),
    Study("ordered-hyperband", "method: hyperband\n" + EPOCHS + ORDERED, trials=12),
    Study("ordered-stopping", "method: {name: asha, mode: stopping}\n" + EPOCHS + ORDERED, trials=12),
    Study("ordered-tpe", "method: {name: tpe, n_startup: 4}\n" + ORDERED, trials=14, plain=True),
    Study("ordered-pbt", "method: {name: pbt, population_size: 4, perturbation_interval: 3}\n" + EPOCHS + ORDERED),
    Study("ordered-replicates", "method: {name: tpe, n_startup: 4}\nreplicates: {seeds: 3, race: true}\n"
          "budget: {cost: 20}\n" + ORDERED, cost=20, plain=True),
    Study("ordered-folds", "method: {name: successive-halving, eta: 2}\n" + EPOCHS.replace("9", "8") + ORDERED, trials=12),
    Study("ordered-crashes", "method: random\n" + ORDERED, trials=20, plain=True, misbehave=True, crash=1),
    Study("ordered-train", TRAIN + ORDERED, trials=12, metric="valid_error", command=False),
    Study("function", FUNCTION + "method: hyperband\n", trials=300, metric="value", command=False),
    Study("ordered-function", FUNCTION + "method: hyperband\n" + ORDERED, trials=300, metric="value", command=False),
)}
