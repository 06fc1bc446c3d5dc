# SPDX-License-Identifier: GPL-3.0-or-later
"""Optuna opens the journal of a Hyperband run that has finished, that is going on, that was killed: states, parameters,
intermediate values and the best trial are ours. Skipped (77) where Optuna is not installed."""
import json
import math
import subprocess
import sys

from harness import (DONE, HERE, QUICK_FAILURES, check, check_equal, command_study, entries, journal_dump, main, results,
                     status, wait_until)

TRIALS = 30
CHECKER = HERE.parent / "support" / "optuna_check.py"


def ours(journal):
    """What the journal's own attributes say, in Optuna's words."""
    trials = []
    for kind, trial, a, params in journal_dump.entries(journal):
        if kind == "start":
            trials.append({"state": "RUNNING", "value": None, "params": params, "intermediate_values": {}})
            continue
        mine = trials[trial]
        value = a.get("value")
        finite = isinstance(value, float) and math.isfinite(value)
        if kind in ("report", "result") and finite:
            mine["intermediate_values"][str(int(a["fidelity"]))] = mine["newest"] = value
        if kind == "result" and "failure" in a:
            mine["state"] = "FAIL"
        elif kind == "result" and a.get("final"):
            mine.update(state="COMPLETE", value=value)
        elif kind == "close" or (kind == "report" and a.get("stop")):
            mine.update(state="PRUNED", value=mine.get("newest"))
    return trials


def compare(journal, same_moment):
    """What Optuna sees; a journal that is still being written may have more lines by the time that we look."""
    text = subprocess.run(["/usr/bin/python3", CHECKER, journal], check=True, capture_output=True, text=True).stdout
    theirs, mine = json.loads(text), ours(journal)
    if not same_moment:
        check(len(theirs["trials"]) <= len(mine), "Optuna sees trials that are not there")
        return theirs
    check_equal(len(theirs["trials"]), len(mine), "trials")
    for number, (seen, known) in enumerate(zip(theirs["trials"], mine)):
        for key in ("state", "value", "params", "intermediate_values"):
            check_equal(seen[key], known[key], f"trial {number}: {key}")
    complete = [t["value"] for t in mine if t["state"] == "COMPLETE"]
    if complete:
        check_equal(theirs["trials"][theirs["best_trial"]]["value"], min(complete), "value of the best trial")
    return theirs


def study_of(place):
    return command_study(place, 0.03, f"budget: {{trials: {TRIALS}}}\n" + QUICK_FAILURES, fidelity=True)


def check_best(folder, seen):
    check_equal(seen["best_trial"], status(folder)["best"]["trial"], "best trial of Optuna and of status.json")


def test_a_finished_and_a_running_journal(place):
    study, folder = study_of(place), place.path("run")
    journal = folder / "journal.log"
    run = place.jobs(2, study, "--dir", folder)
    looks = 0
    wait_until(lambda: results(folder), "a result")
    while not run.ended():
        seen = compare(journal, same_moment=False)
        check_equal((seen["study"], seen["metrics"]), ("sleeper", ["loss"]), "names of the study and its metric")
        looks += 1
    run.expect(DONE)
    check(looks > 1, "nobody looked while it was running")
    check_best(folder, compare(journal, same_moment=True))
    check_equal(len(ours(journal)), TRIALS, "trials")


def test_killed_journals(place):
    """Killed after some results, then cut after each of its last lines: however a record was torn, the run that goes on
    shows Optuna what it knows."""
    study, folder = study_of(place), place.path("run")
    journal = folder / "journal.log"
    run = place.jobs(3, study, "--dir", folder)
    wait_until(lambda: len(entries(folder, "promote")) > 3, "promotions")
    run.kill_everything()
    compare(journal, same_moment=True)
    whole = journal.read_bytes().splitlines(keepends=True)
    for lines in range(len(whole), max(len(whole) - 8, 2), -1):
        journal.write_bytes(b"".join(whole[:lines]))
        run = place.alone(study, "--dir", folder, "--set", "budget.time=0.001s").expect(DONE)
        compare(journal, same_moment=True)
    place.jobs(3, study, "--dir", folder).expect(DONE)
    check_best(folder, compare(journal, same_moment=True))


if __name__ == "__main__":
    if subprocess.run(["/usr/bin/python3", "-c", "import optuna"], capture_output=True).returncode != 0:
        print("Optuna is not installed")
        sys.exit(77)
    sys.exit(main(sys.argv[1], test_a_finished_and_a_running_journal, test_killed_journals))
