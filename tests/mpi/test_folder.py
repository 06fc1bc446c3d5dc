# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a run's folder or its inputs gets a clear sentence and its exit code, and loses nothing."""
import os
import signal
import sys

from harness import (BAD_INPUT, DONE, INTERRUPTED, QUICK_FAILURES, STORAGE, check, check_each_once, check_equal,
                     command_study, main, records, results, status, wait_until)

FUNCTION = """\
study: f
seed: 3
objective: {function: {problem: branin}}
budget: {trials: 20}
"""


def starts(place):
    """As the exit codes are promised."""
    return {"alone": place.alone, "-j 2": lambda *a: place.jobs(2, *a)}


def test_two_runs_in_one_folder(place):
    study, folder = command_study(place, 0.2, "budget: {trials: 30}\n" + QUICK_FAILURES), place.path("run")
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: results(folder), "a result")
    for start in starts(place).values():
        start(study, "--dir", folder).expect(STORAGE).says("another run holds", "process ")
    run.expect(DONE)
    check_each_once(folder, 30)
    check_equal(status(folder)["attempts_run_again"], 0, "attempts run again")


def test_a_changed_study_over_a_living_run(place):
    """Nothing has succeeded, so the folder could be begun anew: but somebody works in it."""
    study, folder = command_study(place, 60, "budget: {trials: 30}\n" + QUICK_FAILURES), place.path("run")
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: place.trials(), "a trial at work")
    inode = (folder / "journal.log").stat().st_ino
    for start in starts(place).values():
        start(study, "--dir", folder, "--seed", "12").expect(STORAGE).says("another run holds", "process ")
    check_equal((folder / "journal.log").stat().st_ino, inode, "the journal's inode")
    check(not (folder / "journal.log.1").exists(), "the journal was put aside")
    run.signal(signal.SIGTERM)
    run.expect(INTERRUPTED)
    again = place.jobs(2, study, "--dir", folder, "--seed", "12", "--set", "budget.time=0.5s", "--set",
                       "trial.stop_grace=1s")
    again.wait()
    again.says("the run begins anew")
    check((folder / "journal.log.1").stat().st_ino == inode, "the old journal was not kept")


def test_a_changed_study_over_an_old_journal(place):
    study, folder = place.write("study.yaml", FUNCTION), place.path("run")
    place.alone(study, "--dir", folder).expect(DONE)
    before = (folder / "journal.log").read_bytes()
    for old, new, words in (("seed: 3", "seed: 4", "seed: 4"), ("branin", "hartmann3", "x3: {min: 0.0"),
                            ("budget:", "deterministic: true\nworkers: 2\nbudget:", "another study")):
        place.write("study.yaml", FUNCTION.replace(old, new))
        for start in starts(place).values():
            start(study, "--dir", folder).expect(BAD_INPUT).says("belongs to another study", words)
    check_equal((folder / "journal.log").read_bytes(), before, "the journal")
    check_equal(status(folder)["exit_code"], DONE, "exit_code of status.json")
    place.write("study.yaml", FUNCTION)
    place.alone(study, "--dir", folder).expect(DONE)


def test_former_names(place):
    """A study file may take up the new name of a setting, and another spelling of a value, in the middle of a run."""
    text = ("seed: 3\nobjective: {train: {dataset: blobs, hidden: [4], epochs: 2, normalise: scale01, init: he-normal}}\n"
            "parameters: {learning_rate: {min: 1e-3, max: 1e-1, log: true}}\nmethod: random\nbudget: {trials: 4}\n")
    folder = place.path("run")
    place.jobs(2, place.write("study.yaml", text), "--dir", folder).expect(DONE)
    text = text.replace("normalise", "normalize").replace("he-normal", "he_normal").replace("trials: 4", "trials: 8")
    study = place.write("study.yaml", text)
    place.jobs(2, study, "--dir", folder).expect(DONE)
    check_each_once(folder, 8)
    place.alone(study, "--dir", folder, "--replay").expect(DONE)
    study = place.write("study.yaml", text.replace("scale01", "standard"))
    place.jobs(2, study, "--dir", folder).expect(BAD_INPUT).says("normalize", "another study")


def test_a_larger_budget_continues(place):
    study, folder = place.write("study.yaml", FUNCTION), place.path("run")
    for trials, start in ((20, place.alone), (35, starts(place)["-j 2"]), (50, place.alone)):
        start(study, "--dir", folder, "--set", f"budget.trials={trials}").expect(DONE)
        check_each_once(folder, trials)
        check_equal(status(folder)["trials"]["complete"], trials, "complete trials")


def test_a_folder_that_cannot_be_used(place):
    study = place.write("study.yaml", FUNCTION)
    place.write("file", "")
    places = [place.path("file") / "run", "/proc/run"]
    if os.geteuid() != 0:
        place.path("closed").mkdir(mode=0o555)
        places.append(place.path("closed") / "run")
    for folder in places:
        for start in starts(place).values():
            start(study, "--dir", folder).expect(STORAGE).says(str(folder).rsplit("/", 1)[0])


def test_a_missing_study(place):
    for start in starts(place).values():
        start(place.path("nowhere.yaml")).expect(BAD_INPUT).says("nowhere.yaml")


CSV = """\
study: table
seed: 3
objective: {{train: {{dataset: csv, path: {path}, target: y}}}}
metric: valid_error
fidelity: {{epochs: {{min: 1, max: 2}}}}
budget: {{trials: 4}}
parameters: {{width: {{values: [4, 8, 16]}}, learning_rate: {{min: 1e-4, max: 1e-1, log: true}}}}
"""


def test_a_missing_data_set(place):
    table = place.path("table.csv")
    lines = ["a,b,y"] + [f"{i % 7},{i % 5},{'no' if i % 3 else 'yes'}" for i in range(120)]
    place.write("table.csv", "\n".join(lines) + "\n")
    study, folder = place.write("study.yaml", CSV.format(path=table)), place.path("run")
    place.alone(study, "--dir", folder).expect(DONE)
    before = records(folder)
    table.rename(place.path("elsewhere.csv"))
    for start in starts(place).values():
        start(study, "--dir", folder, "--set", "budget.trials=8").expect(BAD_INPUT).says("table.csv")
        place.check_nothing_left(5)
    check_equal(records(folder), before, "what the journal tells")
    check_equal(place.mpirun(3, study, "--dir", folder, "--set", "budget.trials=8").wait(), BAD_INPUT, "plain mpirun")
    place.path("elsewhere.csv").rename(table)
    place.jobs(2, study, "--dir", folder, "--set", "budget.trials=8").expect(DONE)
    check_equal(len(results(folder)), 8, "results")


def test_a_torn_journal(place):
    study, folder = place.write("study.yaml", FUNCTION), place.path("run")
    place.alone(study, "--dir", folder).expect(DONE)
    journal = folder / "journal.log"
    whole = journal.read_bytes()
    for cut in (len(whole) - 7, len(whole) // 2, len(whole) // 3):
        journal.write_bytes(whole[:cut])
        place.jobs(2, study, "--dir", folder).expect(DONE)
        check_each_once(folder, 20)
    lines = whole.splitlines(keepends=True)
    lines[9] = b"{}garbage\n"
    journal.write_bytes(b"".join(lines))
    for start in starts(place).values():
        start(study, "--dir", folder).expect(STORAGE).says("journal.log:10")
    check_equal(journal.read_bytes(), b"".join(lines), "a journal that cannot be read")


def test_configurations_to_try_first(place):
    """The file is read once: every rank and every later start gets the same from the run's own copy."""
    table = place.write("first.csv", "x,epochs_unused\n0.5,1\n")
    extra = "budget: {trials: 5}\ndeterministic: true\nworkers: 2\ntry_first: first.csv\n"
    study = command_study(place, 0, extra)
    folders = {name: place.path(name) for name in ("alone", "jobs")}
    for start in starts(place).values():
        start(study, "--dir", place.path("refused")).expect(BAD_INPUT).says("first.csv:1:3: there is no parameter")
    place.write("first.csv", "x\n0.5\n0.25\n0.50\n")
    place.alone(study, "--dir", folders["alone"]).expect(DONE).says("1 of 3 configurations")
    place.alone(study, "--dir", place.path("short"), "--set", "budget.trials=1").expect(DONE).says(
        "try_first: 2 configurations, but the budget of 1 trials ends before the last of them")
    place.jobs(2, study, "--dir", folders["jobs"]).expect(DONE)
    check_equal(records(folders["jobs"]), records(folders["alone"]), "what 2 workers did")
    first = [line.split()[-1] for line in records(folders["alone"]) if line.startswith("start")][:2]
    check_equal(first, [f"x={x.hex()}" for x in (0.5, 0.25)], "the first configurations")
    place.write("first.csv", "x\n0.75\n")
    place.jobs(2, study, "--dir", folders["jobs"], "--set", "budget.trials=7").expect(DONE).says("goes on with its copy")
    table.unlink()
    place.alone(study, "--dir", folders["alone"], "--set", "budget.trials=7").expect(DONE)
    check_equal(records(folders["jobs"]), records(folders["alone"]), "what was done later")
    place.alone(study, "--dir", folders["alone"], "--set", "budget.trials=7", "--replay").expect(DONE)
    place.alone(study, "--dir", place.path("other")).expect(BAD_INPUT).says("study.yaml:", "first.csv")
    place.alone(study, "--dir", folders["alone"], "--set", "try_first=[{x: 0.5}]").expect(BAD_INPUT).says(
        "another study", "try_first")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_two_runs_in_one_folder, test_a_changed_study_over_a_living_run,
                  test_a_changed_study_over_an_old_journal, test_former_names, test_a_larger_budget_continues, test_a_folder_that_cannot_be_used, test_a_missing_study,
                  test_a_missing_data_set, test_a_torn_journal, test_configurations_to_try_first))
