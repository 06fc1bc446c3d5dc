# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials that are stopped at a report, trained for real: the same ones at the same report on one process and on three
ranks, and by arrival every decision is found again: test_stopping.py HPO_SEARCH SOURCE_FOLDER."""
import pathlib
import sys

from harness import DONE, check, check_equal, main, records

METHODS = {
    "median": "{scheduler: median-stop, min_trials: 3, warmup: 2}",
    "asha": "{scheduler: asha, mode: stopping}",
}


def digits_study(place, name, method, deterministic):
    text = (pathlib.Path(sys.argv[2]) / "experiments" / "digits" / "study.yaml").read_text()
    changes = {"method: hyperband": f"method: {method}", "{min: 1, max: 27}": "{min: 1, max: 9}",
               "{trials: 120}": "{trials: 24}"}
    if not deterministic:
        changes["deterministic: true"] = "deterministic: false"
    for old, new in changes.items():
        check(old in text, "the study has changed:", old)
        text = text.replace(old, new)
    return place.write(f"{name}.yaml", text)


def stops(folder):
    return sum(line.startswith("report") and " stop " in line + " " for line in records(folder))


def test_the_same_trials_are_stopped(place):
    for name, method in METHODS.items():
        study = digits_study(place, name, method, True)
        want = None
        for how, start in {"alone": place.alone, "mpirun": lambda *args: place.mpirun(3, *args)}.items():
            folder = place.path(f"{name}_{how}")
            start(study, "--dir", folder).expect(DONE)
            place.check_nothing_left()
            got = records(folder)
            want = want or got
            check_equal(got, want, f"{name}: records of {how}")
        n = stops(folder)
        check(1 < n < 23, f"{name}: {n} of 24 trials were stopped")
        print(f"  {name}: {n} of 24 trials were stopped")
        place.alone(study, "--dir", folder, "--replay").expect(DONE).says("the same")


def test_by_arrival_every_decision_is_found_again(place):
    for name, method in METHODS.items():
        study = digits_study(place, name, method, False)
        folder = place.path(name)
        place.mpirun(3, study, "--dir", folder).expect(DONE)
        place.check_nothing_left()
        check(stops(folder) > 0, f"{name}: no trial was stopped")
        place.alone(study, "--dir", folder, "--replay").expect(DONE).says("the same")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_the_same_trials_are_stopped, test_by_arrival_every_decision_is_found_again))
