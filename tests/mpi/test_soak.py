# SPDX-License-Identifier: GPL-3.0-or-later
"""Many trials with stops and failures: what a run holds on to while it goes on, and what it leaves on the disk.

    test_soak.py HPO_SEARCH [TRIALS]      (400 unless it is said)

Descriptors and memory of workers and fork servers stay as they are, the controller grows by no more than its history,
the folder holds the journal and the logs, and checkpoints are those of paused trials.
"""
import os
import pathlib
import signal
import statistics
import sys
import time

from harness import DONE, INTERRUPTED, check, check_equal, entries, main, status, wait_until

TRIALS = int(sys.argv[2]) if len(sys.argv) > 2 else 400
PATIENCE = 60 + TRIALS // 10
GROWTH_OF_WORKERS = 256  # kB between the first half and the end: what an allocator may round up to
GROWTH_OF_CONTROLLER = 1024  # bytes a trial

# Ends in every way. Most programs are over before anybody can stop them, and then count; three in ten are slow enough.
PROGRAM = """\
#!/bin/sh
case $HPO_TRIAL in
*3) echo "cannot open the data" >&2; exit 3 ;;
*17) kill -SEGV $$ ;;
*27) echo '{"epochs": 1, "loss": NaN}'; exit ;;
*37) exit ;;
*47) sleep 100 & ;;
*57) kill 0 ;;
esac
for epoch in 1 2 3 4 5 6 7 8 9; do
    echo "{\\"epochs\\": $epoch, \\"loss\\": $1$epoch}"
    case $HPO_TRIAL in *[159]) sleep 0.02 ;; esac
done
"""
STUDY = """\
study: soak
seed: 11
objective: {{command: {{run: [{program}, "{{x}}"]}}}}
metric: {{name: loss, goal: minimize}}
method: {{name: asha, mode: stopping}}
fidelity: {{epochs: {{min: 1, max: 9}}}}
budget: {{trials: {trials}}}
trial: {{config: false, time: 10s}}
failure: {{retries: {{crash: 0}}, max_failures: {trials}, first: 0}}
parameters:
  x: {{min: 0.0, max: 1.0}}
"""
TRAINING = """\
study: soak
seed: 11
objective: {{train: {{dataset: blobs, hidden: [4], batch_size: 64}}}}
metric: {{name: valid_error, goal: minimize}}
method: hyperband
fidelity: {{epochs: {{min: 1, max: 9}}}}
budget: {{trials: {trials}}}
parameters:
  learning_rate: {{min: 1e-4, max: 1e-1, log: true}}
"""


class Usage:
    """Descriptors and memory of the processes of a run, over the trials that have begun."""

    def __init__(self, place, folder):
        self.place, self.folder = place, folder
        self.samples = []  # (trials, {name of the process: (descriptors, kB)})

    def roles(self):
        servers = sorted((p for p in self.place.processes() if p.name == "hpo forkserver"), key=lambda p: p.pid)
        found = {f"server of rank {p.rank}": p for p in servers}
        found.update({f"rank {rank}": p for rank, p in self.place.ranks().items()})
        return found

    def look(self):
        begun = len(entries(self.folder, "start")) if TRIALS < 1000 else status(self.folder)["trials"]["all"]
        now = {}
        for role, process in self.roles().items():
            fields = dict(line.split(":", 1) for line in process.read("status").splitlines() if ":" in line)
            try:
                descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
            except OSError:
                continue
            if "RssAnon" in fields:
                now[role] = (descriptors, int(fields["RssAnon"].split()[0]))
        self.samples.append((begun, now))

    def of(self, role, first, last):
        return [now[role] for trials, now in self.samples if first * TRIALS <= trials <= last * TRIALS and role in now]

    def check_flat(self):
        roles = sorted({role for _, now in self.samples for role in now})
        check(len(roles) >= 5, f"processes that were seen: {roles}")
        for role in roles:
            early, late = self.of(role, 0.25, 0.5), self.of(role, 0.75, 1.0)
            check(early and late, f"{role} was seen {len(early)} and {len(late)} times: take more trials")
            descriptors = min(d for d, _ in early), min(d for d, _ in late)
            grown = statistics.median(kb for _, kb in late) - statistics.median(kb for _, kb in early)
            print(f"  {role}: {descriptors[1]} descriptors, grown by {grown:.0f} kB")
            check(descriptors[1] <= max(d for d, _ in early), f"{role}: descriptors {descriptors}")
            if role == "rank 0":
                self.check_controller(grown)
            else:
                check(grown <= GROWTH_OF_WORKERS, f"{role} has grown by {grown} kB")

    def check_controller(self, grown):
        a_trial = 1024 * grown / (TRIALS / 2)
        print(f"  rank 0: {a_trial:.0f} bytes a trial")
        check(grown <= GROWTH_OF_WORKERS or a_trial <= GROWTH_OF_CONTROLLER, f"the controller: {a_trial:.0f} B a trial")


def measure_folder(folder):
    """Bytes by kind of file, but for what does not depend on the number of trials."""
    kinds = {"journal": (folder / "journal.log").stat().st_size, "logs": 0, "others": 0}
    others = []
    for path in (folder / "trials").rglob("*"):
        if path.is_file():
            kinds["logs" if path.name == "log" else "others"] += path.stat().st_size
            others += [path] if path.name != "log" else []
    print("  " + ", ".join(f"{kind} {size / TRIALS:.0f} bytes a trial" for kind, size in kinds.items()))
    check_equal(others[:5], [], "files beside the logs")
    check(kinds["journal"] <= 8000 * TRIALS, f"the journal has {kinds['journal']} bytes")
    check(kinds["logs"] <= 2000 * TRIALS, f"the logs have {kinds['logs']} bytes")


def test_many_programs(place):
    program = place.write("train.sh", PROGRAM, 0o755)
    study = place.write("study.yaml", STUDY.format(program=program, trials=TRIALS))
    folder = place.path("run")
    run, usage = place.jobs(2, study, "--dir", folder), Usage(place, folder)
    wait_until(lambda: status(folder) or run.ended(), "status.json")
    while not run.ended():
        usage.look()
        check(time.monotonic() - run.started < PATIENCE, f"not over after {PATIENCE} s")
        time.sleep(0.02 if TRIALS < 1000 else 0.5)
    run.expect(DONE)
    place.check_nothing_left(5)
    said = status(folder)["trials"]
    print(f"  {said} in {time.monotonic() - run.started:.0f} s")
    check_equal(said["all"], TRIALS, "trials")
    check(0.1 * TRIALS < said["failed"] < 0.3 * TRIALS and said["stopped"] > 0.2 * TRIALS, f"ends of trials: {said}")
    usage.check_flat()
    measure_folder(folder)


def checkpoints(folder):
    return [path for path in pathlib.Path(folder).rglob("*.ckpt")]


def test_checkpoints_are_those_of_paused_trials(place):
    study = place.write("study.yaml", TRAINING.format(trials=max(TRIALS // 4, 400)))  # far more than are begun below
    folder = place.path("run")
    for part in (1, 2, 3):
        begun = len(entries(folder, "start")) if part > 1 else 0
        run = place.jobs(2, study, "--dir", folder)
        wanted = max(part * TRIALS / 16, begun + 1)  # one of its own: by then it heeds signals
        wait_until(lambda: len(entries(folder, "start")) >= wanted or run.ended(), "trials", PATIENCE)
        run.signal(signal.SIGTERM)
        run.expect(INTERRUPTED)
        said = status(folder)["trials"]
        kept = len(checkpoints(folder))
        print(f"  {said}: {kept} checkpoints")
        check(kept <= said["paused"] + 2 * said["running"] + 1, f"{kept} checkpoints, of trials {said}")
    place.jobs(2, study, "--dir", folder).expect(DONE, PATIENCE)
    place.check_nothing_left(5)
    said = status(folder)["trials"]
    check_equal(len(checkpoints(folder)), said["paused"] + 1, f"checkpoints at the end, of trials {said}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], test_many_programs, test_checkpoints_are_those_of_paused_trials))
