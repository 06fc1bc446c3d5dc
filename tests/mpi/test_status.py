# SPDX-License-Identifier: GPL-3.0-or-later
"""status.json tells a dead run from a living one, and has a last word for every end that somebody could see."""
import json
import os
import pathlib
import signal
import socket
import sys
import time

from harness import BAD_INPUT, DONE, INTERRUPTED, check, check_equal, command_study, main, results, status, wait_until

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def is_alive(folder):
    """As docs/study-file.md says."""
    said = status(folder)
    if said["state"] not in ("running", "stopping"):
        return False
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    if said["host"] == socket.gethostname() and said["boot"] == boot:
        try:
            return " Z " not in pathlib.Path(f"/proc/{said['pid']}/stat").read_text()
        except OSError:
            return False
    return time.time() - said["updated_unix"] < 3 * said["period"]


def starts(place):
    return {"alone": place.alone, "-j 2": lambda *a: place.jobs(2, *a), "mpirun -n 3": lambda *a: place.mpirun(3, *a)}


def test_a_living_run_and_a_dead_one(place):
    study = command_study(place, 0.2, "budget: {trials: 1000}\n")
    for name, start in starts(place).items():
        folder = place.path(name.replace(" ", ""))
        run = start(study, "--dir", folder)
        wait_until(lambda: results(folder) and status(folder), "a result")
        first = status(folder)["updated_unix"]
        check(is_alive(folder), name, "is not taken for a living run")
        wait_until(lambda: status(folder)["updated_unix"] > first, "a later beat", 3 * status(folder)["period"])
        run.kill_everything()
        check(not is_alive(folder), name, "is not taken for a dead run")


def test_whole_at_any_moment(place):
    """Readers meet no half file, however often they look."""
    study, folder = command_study(place, 0.05, "budget: {trials: 60}\n"), place.path("run")
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: status(folder), "status.json")
    looks = 0
    while not run.ended():
        json.loads((folder / "status.json").read_text())
        looks += 1
    run.expect(DONE)
    check(looks > 10, "looked only", looks, "times")
    check_equal(status(folder)["state"], "done", "state")


def test_a_second_signal(place):
    """Whoever waits no longer is not told that the run goes on."""
    study = command_study(place, 60, "budget: {trials: 9}\ntrial: {stop_grace: 5m}\n")
    script = place.path("train.py")
    script.write_text(DEAF + script.read_text())
    for name, start in list(starts(place).items())[:2]:
        folder = place.path(name.replace(" ", ""))
        run = start(study, "--dir", folder)
        wait_until(lambda: status(folder) and place.trials(), "a trial at work")
        run.signal(signal.SIGTERM)
        wait_until(lambda: status(folder)["state"] == "stopping", "that it is stopping")
        time.sleep(2.1)  # two within a second are one
        run.signal(signal.SIGTERM)
        run.expect(INTERRUPTED, 20).says("ended at once")
        place.check_nothing_left(20)
        said = status(folder)
        check(said["state"] in ("interrupted", "killed"), name, "says", said["state"])
        check_equal(said["exit_code"], INTERRUPTED, "exit_code")


def test_what_cannot_begin(place):
    study = place.write("study.yaml", "seed: 1\nobjective: {train: {dataset: csv, path: nowhere.csv, target: y}}\n"
                        "metric: valid_error\nbudget: {trials: 4}\nparameters: {width: {values: [4, 8]}}\n")
    for name, start in starts(place).items():
        folder = place.path(name.replace(" ", ""))
        start(study, "--dir", folder).wait()
        said = status(folder)
        check_equal((said["state"], said["exit_code"]), ("bad input", BAD_INPUT), f"state and exit_code of {name}")
        check("nowhere.csv" in said["reason"], name, "gives the reason", said["reason"])


def test_a_folder_that_takes_no_status(place):
    """The run does not depend on it."""
    study, folder = place.write("study.yaml", "seed: 3\nobjective: {function: {problem: branin}}\nbudget: {trials: 20}\n"
                                ), place.path("run")
    (folder / "status.json.tmp").mkdir(parents=True)
    place.alone(study, "--dir", folder).expect(DONE).says("20 trials", "status.json.tmp")
    check(not os.path.exists(folder / "status.json"), "there is a status.json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_a_living_run_and_a_dead_one, test_whole_at_any_moment, test_a_second_signal,
                  test_what_cannot_begin, test_a_folder_that_takes_no_status))
