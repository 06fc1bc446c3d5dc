# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranks that are killed: lost workers under -j are replaced, under plain mpirun the same command goes on;
without rank 0, without mpirun, or without the process above it everything is gone soon, and the same command goes on."""
import signal
import sys
import time

from harness import (DONE, INTERRUPTED, OPEN_MPI, QUICK_FAILURES, check, check_each_once, check_equal, command_study, entries,
                     evaluations, main, results, status, wait_until)

TRIALS = 24
LOST_AFTER = 2  # of QUICK_FAILURES


def at_work(place):
    """Trials whose program runs."""
    return len({p.environ["HPO_TRIAL"] for p in place.trials() if "HPO_TRIAL" in p.environ})


def study_of(place, trials=TRIALS):
    return command_study(place, 0.2, f"budget: {{trials: {trials}}}\n" + QUICK_FAILURES)


def continue_to_the_end(place, study, folder):
    known = {trial for trial, _ in results(folder)}
    begun = -evaluations(place, "begin")
    place.jobs(2, study, "--dir", folder).expect(DONE)
    check_each_once(folder, TRIALS)
    begun += evaluations(place, "begin")
    check_equal(begun, TRIALS - len(known), "evaluations of the run that went on")


def test_a_worker_under_j(place):
    """The job is started again with all its workers; a second loss soon after is survived with those that are left."""
    trials = 4 * TRIALS  # there is work left when both losses have been noticed
    study, folder = study_of(place, trials), place.path("run")
    run = place.jobs(3, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3 and at_work(place) == 3, "three trials at work")
    first = place.ranks()
    first[2].kill()
    wait_until(lambda: "started again" in run.text()[1], "another job")

    def another_job():
        zero = place.ranks().get(0)
        return zero and zero.pid != first[0].pid and at_work(place) == 3

    wait_until(another_job, "three at work again")
    check_equal(status(folder)["workers_lost"], 0, "workers lost by the second job")
    if not OPEN_MPI:
        return run.expect(DONE)  # MPICH's mpirun does not survive the second loss
    place.ranks()[2].kill()
    run.expect(DONE)
    place.check_nothing_left()
    check_each_once(folder, trials)
    said = status(folder)
    check_equal((said["workers"], said["workers_lost"], said["attempts_run_again"]), (3, 1, 1),
                "workers, lost ones, attempts run again")
    check_equal({a["failure"] for _, a in entries(folder, "attempt")}, {"lost"}, "attempts in the journal")
    check_equal(said["trials"]["complete"], trials, "trials that are complete")
    run.says("1 worker lost")


def test_two_workers_at_once_under_j(place):
    study, folder = study_of(place), place.path("run")
    run = place.jobs(4, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3, "some results")
    ranks = place.ranks()
    ranks[1].kill()
    ranks[4].kill()
    run.expect(DONE).says("started again")
    place.check_nothing_left()
    check_each_once(folder, TRIALS)
    check_equal(status(folder)["workers_lost"], 0, "workers lost by the last job")


def test_a_fork_server_under_j(place):
    study, folder = study_of(place), place.path("run")
    run = place.jobs(3, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3 and at_work(place) == 3, "three trials at work")
    next(p for p in place.processes() if p.name == "hpo forkserver").kill()
    run.expect(DONE).says("started again")
    place.check_nothing_left()
    check_each_once(folder, TRIALS)
    check_equal(status(folder)["workers_lost"], 0, "workers lost by the last job")


def test_all_workers_under_j(place):
    study, folder = study_of(place), place.path("run")
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3, "some results")
    ranks = place.ranks()
    ranks[1].kill()
    ranks[2].kill()
    run.expect(DONE).says("started again")
    place.check_nothing_left()
    check_each_once(folder, TRIALS)


def test_a_worker_under_plain_mpirun(place):
    study, folder = study_of(place), place.path("run")
    run = place.mpirun(4, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3, "some results")
    place.ranks()[1].kill()
    check(run.wait() != 0, "mpirun takes a dead rank for a success")
    place.check_nothing_left(LOST_AFTER + 10)
    check(len(results(folder)) < TRIALS, "the run had ended")
    continue_to_the_end(place, study, folder)


def test_rank_0_under_j(place):
    study, folder = study_of(place), place.path("run")
    run = place.jobs(3, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3, "some results")
    place.ranks()[0].kill()
    if not OPEN_MPI:  # MPICH's mpirun ends all of them, whoever died
        run.expect(DONE).says("started again")
        return check_each_once(folder, TRIALS)
    wait_until(lambda: status(folder).get("state") == "died", "its death in status.json", 5)
    run.expect(INTERRUPTED, LOST_AFTER + 10).says("the same command continues")
    check_equal((status(folder)["state"], status(folder)["exit_code"]), ("died", INTERRUPTED), "status.json")
    place.check_nothing_left(LOST_AFTER + 10)
    continue_to_the_end(place, study, folder)


def kill_one(place, start, which):
    study, folder = study_of(place), place.path("run")
    run = start(study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3, "some results")
    victims = [p for p in place.processes() if which(p) and p.rank is None]
    check_equal(len(victims), 1, "processes to kill")
    victims[0].kill()
    check(run.wait(LOST_AFTER + 10) != DONE, "the run was not disturbed")
    place.check_nothing_left(LOST_AFTER + 10)
    continue_to_the_end(place, study, folder)


def test_mpirun_under_j(place):
    kill_one(place, lambda *a: place.jobs(3, *a), lambda p: p.launches)


def test_the_parent_of_j(place):
    kill_one(place, lambda *a: place.jobs(3, *a), lambda p: p.name == "hpo_search")


def test_plain_mpirun(place):
    kill_one(place, lambda *a: place.mpirun(3, *a), lambda p: p.launches)


def test_a_suspended_run(place):
    """Stopped as a whole for longer than lost_after, it goes on as if nothing had been."""
    study, folder = study_of(place), place.path("run")
    run = place.jobs(3, study, "--dir", folder)
    wait_until(lambda: len(results(folder)) > 3, "some results")
    stopped = place.processes()
    for process in stopped:
        process.kill(signal.SIGSTOP)
    for process in stopped:
        wait_until(lambda p=process: p.read("stat").rpartition(")")[2][1:2] in ("T", "Z", ""), "a stopped process")
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() > begin + LOST_AFTER + 0.5, "longer than lost_after")
    for process in stopped:
        process.kill(signal.SIGCONT)
    run.expect(DONE)
    check_each_once(folder, TRIALS)
    said = status(folder)
    check_equal((said["workers_lost"], said["attempts_run_again"]), (0, 0), "workers lost, attempts run again")


TESTS = {
    "workers": (test_a_worker_under_j, test_two_workers_at_once_under_j, test_a_fork_server_under_j,
                test_all_workers_under_j, test_a_worker_under_plain_mpirun),
    "controller": (test_rank_0_under_j, test_mpirun_under_j, test_the_parent_of_j, test_plain_mpirun,
                   test_a_suspended_run),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *TESTS[sys.argv[2]]))
