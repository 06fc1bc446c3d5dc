# SPDX-License-Identifier: GPL-3.0-or-later
"""A deterministic study tells the same sequence of (trial, configuration, fidelity, value), bit for bit, however it is
run and however often it is killed: test_sequences.py HPO_SEARCH
function|command|spent|model|train|darts|pbt|pb2|replicates SOURCE_FOLDER."""
import pathlib
import random
import sys
import time

from harness import DONE, check, check_equal, command_study, main, records, status, wait_until

# The seed is 2^56 + 2^8: its bytes are zeros between ones, wherever it travels as bytes.
FUNCTION = """\
study: function
seed: 72057594037928192
objective: {function: {problem: mf-hartmann3}}
method: hyperband
fidelity: {z: {min: 1, max: 81}}
budget: {trials: 3000}
deterministic: true
workers: 4
"""


def function_study(place):
    return place.write("study.yaml", FUNCTION)


def sleeping_study(place):
    return command_study(place, 0.02, "budget: {trials: 24}\ndeterministic: true\nworkers: 4\n", fidelity=True)


def spending_study(place):
    """Ends when the trials have reported so much of the loss, wherever their evaluations go on."""
    return command_study(place, 0.02, "budget: {metric: {name: loss, max: 8}}\ndeterministic: true\nworkers: 4\n",
                         fidelity=True)


def modelling_study(place):
    """Suggestions come from a thread of their own, and take longer than evaluations."""
    return command_study(place, 0.005, "method: {sampler: gp, startup: 5, candidates: 3000}\nbudget: {trials: 30}\n"
                         "deterministic: true\nworkers: 3\n")


def training_study(place):
    digits = pathlib.Path(sys.argv[3]) / "experiments" / "digits" / "study.yaml"
    return place.write("study.yaml", digits.read_text().replace("budget: {trials: 120}", "budget: {trials: 40}"))


DARTS = """\
study: darts
seed: 3
objective:
  darts:
    dataset: digits
    fraction: 0.2
    space: toy
    search: darts
    channels: 4
    batch_size: 32
    alpha_learning_rate: 0.1
    retrain: {epochs: 2, channels: 4, batch_size: 32}
method: hyperband
fidelity: {search_epochs: {min: 1, max: 9}}
budget: {trials: 16}
deterministic: true
workers: 3
parameters:
  learning_rate: {min: 0.005, max: 0.1, log: true}
  retrain.learning_rate: {min: 0.005, max: 0.1, log: true}
"""


def searching_study(place):
    """What a trial makes is compared, too: its genotype, and the alphas that it was read from."""
    return place.write("study.yaml", DARTS)


# The surface of figure 2 of Jaderberg et al. (2017): what is inherited is where the climb has come to.
CLIMB = """\
import json, os, pathlib, sys
h = [float(sys.argv[1]), float(sys.argv[2])]
first, last = os.environ["HPO_FIDELITY_FROM"], os.environ["HPO_FIDELITY"]
own = pathlib.Path(os.environ["HPO_CHECKPOINT"])
left = pathlib.Path(os.environ.get("HPO_PARENT_CHECKPOINT", own)) / first
theta = json.loads(left.read_text()) if int(first) > 0 else [0.9, 0.9]
for _ in range(int(first), int(last)):
    theta = [t - 0.02 * 2 * k * t for t, k in zip(theta, h)]
(own / "part").write_text(json.dumps(theta))
(own / "part").rename(own / last)
print(json.dumps({"steps": int(last), "q": 1.2 - theta[0] ** 2 - theta[1] ** 2}))
"""


def population(place):
    place.write("climb.py", CLIMB)
    return place.write("study.yaml", f"""\
study: climb
seed: 5
objective:
  command:
    run: [/usr/bin/python3, -I, -S, {place.path("climb.py")}, "{{h0}}", "{{h1}}"]
metric: {{name: q, goal: maximize}}
method: {{name: {sys.argv[2]}, population_size: 4, perturbation_interval: 10}}
fidelity: {{steps: {{min: 1, max: 120}}}}
deterministic: true
workers: 3
trial: {{keep: none}}
try_first: [{{h0: 1.0, h1: 0.0}}, {{h0: 0.0, h1: 1.0}}]
parameters:
  h0: {{min: 0.0, max: 1.0}}
  h1: {{min: 0.0, max: 1.0}}
""")


# A seed that finds what another one has left would go on from it, and say what that one said.
SEEDED = """\
import json, os, pathlib, sys, time
own = pathlib.Path(os.environ["HPO_CHECKPOINT"]) / "state"
seed = int(own.read_text()) if own.exists() else int(os.environ["HPO_SEED"])
own.write_text(str(seed))
time.sleep(0.02)
x = float(sys.argv[1])
print(json.dumps({"loss": (x - 0.3) ** 2 + (0.2 * x + 0.05) * ((seed * 2654435761 % 1000003) / 1000003 - 0.5), "seed": seed % 65536}))
"""


def replicated_study(place):
    place.write("seeded.py", SEEDED)
    return place.write("study.yaml", f"""\
study: seeded
seed: 6
objective:
  command:
    run: [/usr/bin/python3, -I, -S, {place.path("seeded.py")}, "{{x}}"]
metric: loss
method: {{name: tpe, n_startup: 5}}
replicates: {{seeds: 4, race: true}}
budget: {{cost: 60}}
deterministic: true
workers: 3
parameters:
  x: {{min: 0.0, max: 1.0}}
""")


def check_seeds(folder):
    """Each trial's evaluations had the study's seeds, and what each has left is kept apart."""
    seeds = {}
    for trial in (folder / "trials").iterdir():
        names = sorted(path.name for path in trial.iterdir() if path.name.startswith("seed-"))
        states = [(trial / name / "checkpoint" / "state").read_text() for name in names]
        states.append((trial / "checkpoint" / "state").read_text())
        seeds[trial.name] = states
    longest = max(seeds.values(), key=len)
    check_equal(len(longest), 4, "seeds of the trial that has most")
    check_equal(len(set(longest)), 4, "different seeds")
    for trial, states in seeds.items():
        check_equal(states, longest[:len(states)], f"the seeds of trial {trial}")
    check(any(len(states) < 4 for states in seeds.values()), "no trial lost its race")


STUDIES = {"function": function_study, "command": sleeping_study, "spent": spending_study, "model": modelling_study,
           "train": training_study, "darts": searching_study, "pbt": population, "pb2": population,
           "replicates": replicated_study}
MADE = ("genotype.json", "alphas.csv", "cells.svg", "alphas.svg", "epochs.csv", "epochs.svg")


def compare(got, want, how):
    for number, (ours, theirs) in enumerate(zip(got, want)):
        check(ours == theirs, f"{how}: record {number} is\n  {ours}\nbut should be\n  {theirs}")
    check_equal(len(got), len(want), f"{how}: records")


def made(folder):
    """What the best trial has made, beside best.yaml; and what led to it."""
    if sys.argv[2] in ("pbt", "pb2"):
        best = (folder / "best.yaml").read_text()
        check("schedule:" in best and best.count("from:") > 1, f"no schedule in {best}")
        return {"best.yaml": best}
    return {name: (folder / name).read_text() for name in MADE} if sys.argv[2] == "darts" else {}


def kill_three_times(place, study, folder, duration):
    """Killed at random moments, by what kills most: everybody at once, only mpirun, only the process above it."""
    starters = list(place.launchers().values())
    killed = 0
    for way in ("everybody", "mpirun", "parent"):
        run = place.jobs(3, study, "--dir", folder) if way != "everybody" else random.choice(starters)(
            study, "--dir", folder)
        moment = time.monotonic() + random.uniform(0, 1.1) * duration
        wait_until(lambda: time.monotonic() > moment or run.ended(), "a random moment")
        killed += not run.ended()
        if way == "everybody":
            run.kill_everything()
        elif way == "mpirun":
            for process in place.processes():
                if process.launches:
                    process.kill()
        else:
            run.process.kill()
        run.wait()
        place.check_nothing_left()
    print(f"  {killed} of 3 runs were killed on the way")


def test_the_sequence_is_the_same_however_it_is_run(place):
    study = STUDIES[sys.argv[2]](place)
    want, duration, files = None, 0, {}
    for how, start in place.launchers().items():
        folder = place.path("runs") / how.replace(" ", "_")
        started = time.monotonic()
        start(study, "--dir", folder).expect(DONE)
        place.check_nothing_left()
        got = records(folder)
        if want is None:
            want, duration, files = got, time.monotonic() - started, made(folder)
            check(len(want) > 50, "too few records")
        compare(got, want, how)
        check(made(folder) == files, f"{how}: the best trial made something else")
        check_equal(status(folder)["exit_code"], DONE, f"{how}: exit_code of status.json")
        if sys.argv[2] == "replicates":
            check_seeds(folder)
    folder = place.path("killed")
    kill_three_times(place, study, folder, duration * (0.3 if sys.argv[2] == "darts" else 1))
    shared = ["--set", "trial.threads=2"] if sys.argv[2] == "darts" else []  # threads change no bit either
    place.jobs(3, study, "--dir", folder, *shared).expect(DONE)
    compare(records(folder), want, "killed three times and continued")
    check(made(folder) == files, "killed three times and continued: the best trial made something else")
    if sys.argv[2] == "replicates":
        check_seeds(folder)
    place.alone(study, "--dir", folder, "--replay").expect(DONE).says("the same")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_the_sequence_is_the_same_however_it_is_run))
