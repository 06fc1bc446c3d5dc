# SPDX-License-Identifier: GPL-3.0-or-later
"""An architecture search that is killed at stated places goes on to the same records, genotypes and alphas, bit for
bit: test_search_killed.py HPO_SEARCH [SEARCH], where SEARCH is one as in a study file, else darts.

A run is stopped in its search, which leaves a checkpoint, and killed with SIGKILL, all processes at once, (1) in an
epoch of the search that goes on from there, (2) between the search and its retraining, whose first epoch has not ended
(a selection that explores is at work then), and, after another stop, (3) in the retraining that goes on from its own
checkpoint. So on 1, 2 and 4 ranks, with 1 and 2 threads. Where a kill came is read off what it left: the log of the
trial and its checkpoints. One that came too late counts as a miss, and the round is done again; the test fails unless
every place was hit in every round.
"""
import signal
import sys
import time

from harness import DONE, INTERRUPTED, Failure, check, check_equal, main, records, results, status

SEARCH, RETRAINING = 6, 24  # epochs: enough for a stop to arrive before the last one on a fast machine
NAME = sys.argv[2] if len(sys.argv) > 2 else "darts"
STUDY = f"""\
study: killed
seed: 3
objective:
  darts:
    dataset: digits
    space: toy
    search: {NAME}
    search_epochs: {SEARCH}
    channels: 4
    batch_size: 32
    alpha_learning_rate: 0.1
    retrain: {{epochs: {RETRAINING}, channels: 16, batch_size: 32}}
budget: {{trials: 2}}
deterministic: true
workers: 2
"""
MADE = ("genotype.json", "alphas.csv", "cells.svg", "alphas.svg", "epochs.csv", "epochs.svg")
TRIES = 20  # of a round: others may keep the machine busy


class Missed(Exception):
    """The trial was further than it should be when it was killed, or stopped."""


class Watched:
    """A run, and the trial 0 of it as its folder shows it."""

    def __init__(self, place, folder, ranks, threads):
        self.place = place
        self.run_folder = folder
        self.folder = folder / "trials" / "0"
        self.before = len(self.sections())
        self.run = place.mpirun(ranks, place.path("study.yaml"), "--dir", folder, "--set", f"trial.threads={threads}")

    def sections(self):
        """The log, cut where an evaluation begins."""
        log = self.folder / "log"
        text = log.read_text() if log.exists() else ""
        return text.split("--- attempt ")[1:]

    def told(self):
        """(what, epoch) of each epoch that this run has finished in trial 0."""
        sections = self.sections()[self.before:]
        lines = sections[-1].rpartition("\n")[0].split("\n") if sections else []
        words = [line.split() for line in lines if line.startswith(("info: search: epoch", "info: retraining: epoch"))]
        return [(w[1].rstrip(":"), int(w[3].rstrip(":,"))) for w in words]

    def wait_for(self, condition):
        """Returns as soon as it is true; a run that ends before has missed it."""
        while not condition():
            if self.run.ended():
                raise Missed
            time.sleep(0.002)

    def wait_for_epoch_of(self, what):
        """The first one that this run finishes."""
        self.wait_for(lambda: what in [w for w, _ in self.told()])

    def written(self, name):
        """When a file was written, and as which; None: it is not there."""
        path = self.folder / name
        return (path.stat().st_mtime_ns, path.stat().st_ino) if path.exists() else None

    def stop(self, what):
        """As a batch system that ends the job: the trial saves what it has. It was at `what` then."""
        self.run.signal(signal.SIGUSR1)
        self.run.wait()
        self.place.check_nothing_left()
        if status(self.run_folder)["exit_code"] != INTERRUPTED or self.at() != what:
            raise Missed

    def at(self):
        """Where trial 0 is, or was when it ended."""
        last = self.told()[-1:] or [(None, 0)]
        if any(trial == 0 for trial, _ in results(self.run_folder)) or last[0] == ("retraining", RETRAINING):
            return "its end"
        if last[0] == ("search", SEARCH):
            return "between"
        return last[0][0]


def hit(condition):
    if not condition:
        raise Missed


def kill_in_search(start, epoch_seconds):
    watched = start()
    watched.wait_for_epoch_of("search")
    watched.stop("search")
    check(watched.written("search-1.ckpt"), "a stopped search has left no checkpoint")
    watched = start()
    saved = watched.written("search-1.ckpt")
    watched.wait_for_epoch_of("search")
    time.sleep(epoch_seconds / 3)
    watched.run.kill_everything()
    hit(watched.at() == "search" and watched.written("search-1.ckpt") == saved)
    check(("search", 1) not in watched.told(), "the search did not go on from its checkpoint")


def kill_between(start):
    watched = start()
    saved = watched.written("search-1.ckpt")
    watched.wait_for(lambda: watched.written("search-1.ckpt") != saved)  # all epochs: the genotype is known
    watched.run.kill_everything()
    hit(watched.at() == "between")


def kill_in_retraining(start):
    watched = start()
    watched.wait_for_epoch_of("retraining")
    watched.stop("retraining")
    check(not any(what == "search" for what, _ in watched.told()), "an epoch of a finished search was done again")
    check(watched.written("retrain-1.ckpt"), "a stopped retraining has left no checkpoint")
    watched = start()
    watched.wait_for_epoch_of("retraining")
    watched.run.kill_everything()
    hit(watched.at() == "retraining")
    check(("retraining", 1) not in watched.told(), "the retraining did not go on from its checkpoint")


def made(folder):
    return {f"{trial}/{name}": (folder / "trials" / str(trial) / name).read_text() for trial in (0, 1) for name in MADE}


def kill_at_every_place(place, ranks, threads, epoch_seconds):
    """A run that was killed three times, and how many rounds came too late before."""
    for misses in range(TRIES):
        folder = place.path(f"killed-{ranks}-{threads}-{misses}")

        def start():
            return Watched(place, folder, ranks, threads)

        try:
            kill_in_search(start, epoch_seconds)
            kill_between(start)
            kill_in_retraining(start)
            return start(), misses
        except Missed:
            for process in place.processes():
                process.kill()
            place.check_nothing_left()
    raise Failure(f"{ranks} ranks, {threads} threads: the places were not hit in {TRIES} rounds")


def test_a_killed_search_goes_on_to_the_same_bits(place):
    place.write("study.yaml", STUDY)
    undisturbed = Watched(place, place.path("undisturbed"), 1, 1)
    undisturbed.run.expect(DONE)
    want, files = records(undisturbed.run_folder), made(undisturbed.run_folder)
    check_equal(len(want), 2 * (1 + SEARCH + 1), "records: a start, reports and a result of each trial")
    seconds = dict(results(undisturbed.run_folder))[0]["metrics"]["search_seconds"]
    rounds = missed = 0
    for ranks in (1, 2, 4):
        for threads in (1, 2):
            how = f"{ranks} ranks, {threads} threads"
            watched, misses = kill_at_every_place(place, ranks, threads, seconds / SEARCH)
            watched.run.expect(DONE)
            check_equal(records(watched.run_folder), want, f"{how}: records")
            for name, text in made(watched.run_folder).items():
                check(text == files[name], f"{how}: {name} of a trial differs")
            rounds += 1
            missed += misses
    print(f"  {3 * rounds} kills at stated places, {missed} rounds done again because one came too late")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_a_killed_search_goes_on_to_the_same_bits))
