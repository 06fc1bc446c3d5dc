# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that ask a run to stop: it ends with 75 in status.json (and as its exit code where mpirun does not rewrite it)
within stop_grace, nothing is left running, no result is lost, and the same command goes on."""
import signal
import sys
import time

from harness import (DONE, INTERRUPTED, QUICK_FAILURES, check, check_each_once, check_equal, command_study, evaluations, main,
                     results, status, wait_until)

TRIALS = 24
GRACE = 5

# Notes SIGTERM and finishes its evaluation nevertheless, within the grace.
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def study_of(place, seconds=0.2, grace=GRACE):
    return command_study(place, seconds,
                         f"budget: {{trials: {TRIALS}}}\ntrial: {{stop_grace: {grace}s}}\n" + QUICK_FAILURES)


def stop_and_go_on(place, start, number, code, seconds=0.2, deaf=False, patience=GRACE + 5, send=None):
    study, folder = study_of(place, seconds), place.path("run")
    if deaf:
        script = place.path("train.py")
        script.write_text(DEAF + script.read_text())
    run = start(study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3 and place.trials(), "some results and trials at work")
    (send or run.signal)(number)
    if code is None:
        run.wait(patience)
    else:
        run.expect(code, patience)
    place.check_nothing_left(5)
    said = status(folder)
    check_equal((said["exit_code"], said["state"]), (INTERRUPTED, "interrupted"), "exit_code and state of status.json")
    ended = evaluations(place, "end")
    known = len(results(folder))
    check(known < TRIALS, "the run had ended")
    check(known <= ended, f"{known} results of {ended} evaluations")
    if deaf:
        check_equal(known, ended, "results of evaluations that ended")
    before = evaluations(place, "begin")
    place.jobs(2, study, "--dir", folder).expect(DONE)
    check_each_once(folder, TRIALS)
    check_equal(evaluations(place, "begin") - before, TRIALS - known, "evaluations of the run that went on")


def test_sigterm_to_j(place):
    stop_and_go_on(place, lambda *a: place.jobs(3, *a), signal.SIGTERM, INTERRUPTED)


def test_sigusr1_to_j(place):
    stop_and_go_on(place, lambda *a: place.jobs(3, *a), signal.SIGUSR1, INTERRUPTED)


def test_sigint_to_j_while_programs_are_deaf(place):
    """What finishes within the grace counts."""
    stop_and_go_on(place, lambda *a: place.jobs(3, *a), signal.SIGINT, INTERRUPTED, seconds=0.5, deaf=True)


def test_sigterm_to_every_process(place):
    """As a batch system does: the ranks, their fork servers and mpirun get it, too. mpirun would linger, but
    nobody waits for that: the run is over when its trials are."""

    def send(number):
        for process in place.processes():
            if process not in place.trials():
                process.kill(number)

    stop_and_go_on(place, lambda *a: place.jobs(3, *a), signal.SIGTERM, INTERRUPTED, patience=4, send=send)


def test_sigterm_without_mpi(place):
    stop_and_go_on(place, place.alone, signal.SIGTERM, INTERRUPTED)


def test_sigusr1_to_plain_mpirun(place):
    stop_and_go_on(place, lambda *a: place.mpirun(3, *a), signal.SIGUSR1, None)


def test_sigterm_to_plain_mpirun(place):
    stop_and_go_on(place, lambda *a: place.mpirun(3, *a), signal.SIGTERM, None)


def test_a_program_that_does_not_end(place):
    """It is killed when the grace is over, and its trial is run again."""
    study, folder = study_of(place, 30, 1), place.path("run")
    script = place.path("train.py")
    script.write_text(DEAF + script.read_text())
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: evaluations(place, "begin") == 2, "trials at work")
    asked = time.monotonic()
    run.signal(signal.SIGTERM)
    run.expect(INTERRUPTED, 10)
    check(time.monotonic() - asked >= 1, "the grace was not kept")
    place.check_nothing_left(5)
    check_equal(len(results(folder)), 0, "results")
    check_equal(status(folder)["trials"]["running"], 2, "trials that a later run goes on with")


def test_a_second_signal_ends_it_at_once(place):
    study, folder = study_of(place, 30, 600), place.path("run")
    script = place.path("train.py")
    script.write_text(DEAF + script.read_text())
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: evaluations(place, "begin") == 2, "trials at work")
    run.signal(signal.SIGINT)
    wait_until(lambda: status(folder).get("state") == "stopping", "the first signal")
    moment = time.monotonic() + 1.2
    wait_until(lambda: time.monotonic() > moment, "a person to become impatient")
    run.signal(signal.SIGINT)
    run.expect(INTERRUPTED, 10)
    place.check_nothing_left(5)


def test_a_signal_during_the_start(place):
    """Whenever it comes, the run ends in order; before anything has begun, it ends."""
    study, folder = study_of(place), place.path("run")
    for delay in (0.02, 0.1, 0.2, 0.3):
        run = place.jobs(2, study, "--dir", folder)
        moment = time.monotonic() + delay
        wait_until(lambda: time.monotonic() > moment, "the moment")
        begun = any(p.launches for p in place.processes())
        run.signal(signal.SIGTERM)
        code = run.wait(20)
        check(code == INTERRUPTED or (code == -signal.SIGTERM and not begun), f"exit code {code}\n{run.describe()}")
        place.check_nothing_left(5)
    place.jobs(2, study, "--dir", folder).expect(DONE)
    check_each_once(folder, TRIALS)


TESTS = {
    "j": (test_sigterm_to_j, test_sigusr1_to_j, test_sigint_to_j_while_programs_are_deaf, test_a_signal_during_the_start),
    "mpirun": (test_sigterm_without_mpi, test_sigusr1_to_plain_mpirun, test_sigterm_to_plain_mpirun),
    "hard": (test_a_program_that_does_not_end, test_a_second_signal_ends_it_at_once, test_sigterm_to_every_process),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *TESTS[sys.argv[2]]))
