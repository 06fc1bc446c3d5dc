# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that misbehave in every way fail alone, each with its reason in the journal; the rest completes, and nothing
is left running. And a controller that waits hardly needs its core: test_misbehaviour.py HPO_SEARCH MISBEHAVE."""
import pathlib
import sys
import time

from harness import DONE, check, check_equal, journal_dump, main, results, status, wait_until

# What the program does: the failure that the journal must name, and words of its reason.
DEEDS = {
    "ok": ("none", ""),
    "segfault": ("crash", "signal 11"),
    "abort": ("crash", "signal 6"),
    "kill9": ("crash", "signal 9"),
    "exit3": ("exit", "status 3"),
    "exit0": ("output", "result"),
    "garbage": ("output", "result"),
    "sleep": ("timeout", "trial.time"),
    "hang": ("timeout", "trial.time"),
    "brood": ("timeout", "trial.time"),
    "eat": ("oom", "trial.memory"),
    "gulp": ("oom", "memory"),
    "daemon": ("none", ""),
    "flood": ("none", ""),
}

STUDY = """\
study: misbehaviour
objective: {{command: {{run: ["{program}", "{{how}}"]}}}}
metric: loss
method: grid
trial: {{time: 2s, memory: 200MiB, stop_grace: 0.5s}}
failure: {{retries: {{crash: 0}}, max_failures: 100, heartbeat: 0.2s, lost_after: 5s}}
parameters: {{how: {{values: [{deeds}]}}}}
"""


def deeds_of(folder):
    """The trial that was asked for each deed; a categorical's internal value is the index of the choice."""
    names, starts = list(DEEDS), [params for kind, _, _, params in journal_dump.entries(folder / "journal.log")
                                  if kind == "start"]
    return {names[int(params["how"])]: trial for trial, params in enumerate(starts)}


def check_deeds(place, start):
    program = pathlib.Path(sys.argv[2]).resolve()
    study = place.write("study.yaml", STUDY.format(program=program, deeds=", ".join(DEEDS)))
    folder = place.path("run")
    start(study, "--dir", folder).expect(DONE)
    place.check_nothing_left(5)
    trials = deeds_of(folder)
    check_equal(sorted(trials), sorted(DEEDS), "deeds that were tried")
    ended = dict(results(folder))
    for how, (failure, words) in DEEDS.items():
        result = ended[trials[how]]
        check_equal(result.get("failure", "none"), failure, f"failure of {how}: {result}")
        check(words in result.get("reason", ""), f"{how}: {words!r} is not in the reason: {result}")
        if failure == "none":
            check_equal(result["value"], 0.25, f"value of {how}")
    log = folder / "trials" / str(trials["flood"]) / "log"
    check(1_000_000 < log.stat().st_size < 1_300_000, f"the log of 100 MB has {log.stat().st_size} bytes")
    said = status(folder)
    fine = sum(failure == "none" for failure, _ in DEEDS.values())
    check_equal((said["trials"]["complete"], said["trials"]["failed"]), (fine, len(DEEDS) - fine), "complete, failed")


def test_every_misbehaviour_under_j(place):
    check_deeds(place, lambda *a: place.jobs(2, *a))


def test_every_misbehaviour_without_mpi(place):
    check_deeds(place, place.alone)


IDLE = """\
study: idle
objective: {command: {run: [/bin/sleep, "{x}"]}}
metric: loss
budget: {trials: 4}
parameters: {x: {min: 20.0, max: 21.0}}
failure: {heartbeat: 0.5s, lost_after: 5s}
"""


def test_a_waiting_rank_needs_under_5_percent_of_a_core(place):
    study, folder = place.write("study.yaml", IDLE), place.path("run")
    run = place.jobs(2, study, "--dir", folder)
    wait_until(lambda: sum(p.name == "sleep" for p in place.trials()) == 2, "sleeping trials")
    ranks = place.ranks()
    before = {rank: process.cpu_seconds() for rank, process in ranks.items()}
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() > begun + 5, "5 seconds")
    for rank, process in ranks.items():
        share = (process.cpu_seconds() - before[rank]) / (time.monotonic() - begun)
        print(f"  rank {rank}: {100 * share:.1f} % of a core")
        check(share < 0.05, f"rank {rank} burns {100 * share:.1f} % of a core")
    run.kill_everything()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_every_misbehaviour_under_j, test_every_misbehaviour_without_mpi,
                  test_a_waiting_rank_needs_under_5_percent_of_a_core))
