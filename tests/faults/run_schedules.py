#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs random schedules of faults and checks that no invariant breaks.

    run_schedules.py BUILD_TESTS_FAULTS [FIRST [COUNT]] [--jobs N] [--program PATH] [--mpi HPO_SEARCH EVERY] [--expect-broken]
                     [--busy]

BUILD_TESTS_FAULTS: where the build has left faults_search and its companions. A schedule that breaks an invariant is
printed with its events and the command that repeats it, and its folder is kept. --expect-broken: ends well as soon as
one schedule has broken an invariant, and badly when none did (planted mutants). --busy: on a machine that has more to do
half a second of silence may mean nothing, so what breaks is run again three times, alone, and counts if it breaks each time."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))
import journal_dump  # noqa: E402
from invariants import (Broken, Journal, check, check_not_again, check_records, check_side, side_lines,  # noqa: E402
                        told)
from schedule import Dice, schedule  # noqa: E402
from studies import STUDIES  # noqa: E402

DONE, STORAGE, INTERRUPTED = 0, 4, 75
PATIENCE = float(os.environ.get("HPO_TEST_PATIENCE", 40))  # seconds for a run that takes one: the machine may be busy
LOST_AFTER = 0.5  # of the studies
LEAVE_PATIENCE = LOST_AFTER + 15


class Processes:
    """All processes that carry a mark in their environment."""

    def __init__(self, mark):
        self.needle = f"HPO_TEST_MARK={mark}".encode()

    def all(self):
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                environ = pathlib.Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
                if self.needle not in environ:
                    continue
                name = pathlib.Path(f"/proc/{entry}/comm").read_text().strip()
            except OSError:
                continue
            variables = dict(item.split(b"=", 1) for item in environ if b"=" in item)
            rank = variables.get(b"OMPI_COMM_WORLD_RANK")
            found.append((int(entry), name, int(rank) if rank else None, b"HPO_TRIAL" in variables))
        return found

    def of(self, role, parent):
        """Process ids of a role; see schedule.ROLES."""
        if role == "parent":
            return [parent]
        found = []
        for pid, name, rank, is_trial in self.all():
            is_server = name == "hpo forkserver" and not is_trial
            kind = {"everything": True, "trial": is_trial, "mpirun": name == "mpirun"}.get(role)
            if kind is None:
                wanted = int(role.split()[1])
                is_rank = not is_server and not is_trial and (
                    rank == wanted or (wanted == 0 and pid == parent and rank is None and name != "mpirun"))
                is_rank = is_rank and name != "mpirun"
                kind = (is_server and (rank or 0) == wanted) if role.startswith("server") else is_rank
            if kind:
                found.append(pid)
        return found

    def wait_gone(self, patience):
        until = time.monotonic() + patience
        while (left := self.all()) and time.monotonic() < until:
            time.sleep(0.02)
        return left


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Bench:
    """What all schedules share: programs, and the records of undisturbed runs of deterministic studies."""

    def __init__(self, args):
        self.tools = pathlib.Path(args.tools).resolve()
        self.program = pathlib.Path(args.program).resolve() if args.program else self.tools / "faults_search"
        self.mpi_program = pathlib.Path(args.mpi[0]).resolve() if args.mpi else None
        self.mpi_every = int(args.mpi[1]) if args.mpi else 0
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpo-faults-"))
        self.references, self.lock = {}, threading.Lock()

    def reference(self, study):
        with self.lock:
            if study.name not in self.references:
                place = Place(self, self.folder / f"undisturbed-{study.name}", study, "alone", False)
                code = place.start({}).wait(PATIENCE)
                check(code == DONE, f"the undisturbed run of {study.name} ended with {code}")
                self.references[study.name] = journal_dump.records(place.journal)
            return self.references[study.name]


class Place:
    """The folder of one schedule, and how its command is started."""

    def __init__(self, bench, folder, study, launcher, mpi):
        self.folder, self.study, self.launcher = folder, study, launcher
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "tmp").mkdir(parents=True)
        self.run, self.journal, self.side = folder / "run", folder / "run" / "journal.log", folder / "side"
        (folder / "study.yaml").write_text(study.yaml(bench.tools / "faults_trial"))
        self.mark = f"{os.getpid()}-{folder.name}-{time.monotonic_ns()}"
        self.processes = Processes(self.mark)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMIX_", "PMI_", "HPO_"))}
        path = self.env["PATH"] if mpi else f"{bench.tools / 'path'}:{self.env['PATH']}"
        self.env.update(HPO_TEST_MARK=self.mark, TMPDIR=str(folder / "tmp"), HPO_TEST_SIDE=str(self.side), PATH=path,
                        OPENBLAS_NUM_THREADS="1")
        if mpi and os.geteuid() == 0:
            self.env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        self.program = str(bench.mpi_program if mpi else bench.program)
        self.shim = str(bench.tools / "libfaults_shim.so")
        self.outputs = 0

    def command(self, *more):
        start = {"alone": [self.program], "jobs": [self.program, "-j", "3"], "ranks": ["mpirun", "-n", "4", self.program],
                 "recovery": ["mpirun", "--enable-recovery", "-n", "4", self.program]}[self.launcher]
        return start + ["study.yaml", "--dir", "run", *more]

    def start(self, env, *more, alone=False):
        self.outputs += 1
        command = [self.program, "study.yaml", "--dir", "run", *more] if alone else self.command("--json", *more)
        return Run(self, command, {**self.env, **env}, self.folder / f"out-{self.outputs}")

    def faults_of(self, one):
        env = {}
        if one.io:
            state = self.folder / f"io-{self.outputs}"
            state.write_bytes(bytes(64))
            env.update(LD_PRELOAD=self.shim, HPO_TEST_IO=one.io, HPO_TEST_IO_STATE=str(state))
        if one.messages:
            env["HPO_TEST_MESSAGES"] = one.messages
        return env

    def lines(self):
        try:
            return self.journal.read_bytes().count(b"\n")
        except OSError:
            return 0


class Run:
    def __init__(self, place, command, env, out):
        self.place, self.command, self.out = place, command, out
        with open(out, "wb") as stdout, open(f"{out}.err", "wb") as stderr:
            self.process = subprocess.Popen(command, cwd=place.folder, env=env, stdin=subprocess.DEVNULL, stdout=stdout,
                                            stderr=stderr, start_new_session=True)

    def text(self):
        return self.out.read_text(errors="replace")

    def errors(self):
        return pathlib.Path(f"{self.out}.err").read_text(errors="replace")

    def ended(self):
        return self.process.poll() is not None

    def wait(self, patience):
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Broken(f"{' '.join(self.command)} has not ended after {patience} s; "
                         f"processes: {self.place.processes.all()}\n{self.errors()[-2000:]}") from None


class Disturber:
    """Carries out the deeds of a round while its run goes on."""

    def __init__(self, place, run, deeds):
        self.place, self.run, self.deeds = place, run, list(deeds)
        self.frozen = []  # (until, pids)
        self.killed, self.signalled, self.done = set(), False, []

    def thaw(self, now):
        for one in [one for one in self.frozen if one[0] <= now]:
            send(one[1], signal.SIGCONT)
            self.frozen.remove(one)

    def second(self):
        """The same command while the run goes on must be refused."""
        second = self.place.start({})
        code = second.wait(PATIENCE)
        time.sleep(0.5)  # the run may have been at its end, and has given the lock back
        if not self.run.ended() and self.place.launcher in ("alone", "jobs"):
            check(code == STORAGE, f"a second run of the same folder ended with {code}\n{second.errors()}")

    def do(self, what, whom, seconds):
        self.done.append(f"{what} {whom} at line {self.place.lines()}")
        if what == "second":
            if not self.frozen:
                self.second()
        elif what == "signal":
            self.signalled = True
            send([self.run.process.pid], getattr(signal, f"SIG{whom}"))
        else:
            pids = self.place.processes.of(whom, self.run.process.pid)
            if what == "kill":
                self.killed.add(whom)
                send(pids, signal.SIGKILL)
                while whom == "everything" and (pids := [one[0] for one in self.place.processes.all()]):
                    send(pids, signal.SIGKILL)
                    self.run.process.poll()
            else:
                send(pids, signal.SIGSTOP)
                self.frozen.append((time.monotonic() + seconds, pids))

    def bury(self):
        """mpirun with recovery goes on without a rank 0 that died before the others had the study (they wait for it in
        a collective call, for five minutes at most): somebody ends the job."""
        if self.place.processes.of("rank 0", self.run.process.pid):
            return
        if self.place.processes.wait_gone(LOST_AFTER + 3):
            self.killed.add("mpirun")
            send([self.run.process.pid], signal.SIGKILL)

    def go(self):
        at_start, begun = self.place.lines(), time.monotonic()
        until, last, seen = begun + PATIENCE, begun + 3 * PATIENCE, at_start
        look = grown = begun + 0.5
        startup = (0, 0) if self.place.launcher == "alone" else (0.3, 1)
        while not self.run.ended() and time.monotonic() < until:
            now = time.monotonic()
            self.thaw(now)
            # Ranks that die before all have begun are MPI_Init's business, which sockets.c does not have, and one that dies
            # before its HELLO is missed after ten minutes.
            lines = self.place.lines() if self.deeds else 0
            if self.deeds and lines >= self.deeds[0][0] and now - begun >= startup[lines <= at_start]:
                self.do(*self.deeds.pop(0)[1:])
            if now > grown:  # messages that are late for longer than lost_after cost an attempt each: slow, not stuck
                lines = self.place.lines()
                if lines > seen:
                    seen, until = lines, min(now + PATIENCE, last)
                grown = now + 0.5
            if self.place.launcher == "recovery" and now > look:
                self.bury()
                look = time.monotonic() + 0.5
            time.sleep(0.003 if self.deeds or self.frozen else 0.02)
        if self.run.ended():
            self.thaw(float("inf"))
        return self.run.wait(1)


# ---- damage ----


def cut(path, dice):
    size = path.stat().st_size
    os.truncate(path, max(size - 1 - dice.below(400), 0))


def flip(path, dice, last=600):
    data = bytearray(path.read_bytes())
    if data:
        at = len(data) - 1 - dice.below(min(last, len(data)))
        data[at] ^= 1 << dice.below(8)
        path.write_bytes(data)


def damage(place, what, number):
    """Between two runs. True: the journal was."""
    dice, journal = Dice(number), place.journal
    checkpoints = sorted(path for path in place.run.glob("trials/*/checkpoint/**/*") if path.is_file())
    if what.startswith("checkpoint"):
        if checkpoints:
            path = dice.one_of(checkpoints)
            {"checkpoint cut": lambda: cut(path, dice), "checkpoint flip": lambda: flip(path, dice),
             "checkpoint gone": path.unlink}[what]()
        return False
    if what == "status cut":
        if (place.run / "status.json").exists():
            cut(place.run / "status.json", dice)
    elif what == "stale draft":
        if place.run.exists():
            for name in ("best.yaml.tmp", "status.json.tmp", "report.html.tmp"):
                (place.run / name).write_bytes(b"half of")
    elif what == "trials gone":
        shutil.rmtree(place.run / "trials", ignore_errors=True)
    elif journal.exists():
        data = journal.read_bytes()
        if what == "cut":
            cut(journal, dice)
        elif what == "cut line":
            lines = data.splitlines(keepends=True)
            journal.write_bytes(b"".join(lines[:max(len(lines) - 1 - dice.below(4), 0)]))
        elif what == "zeros":
            journal.write_bytes(data + bytes(1 + dice.below(4096)))
        elif what == "garbage":
            journal.write_bytes(data + b'{"op_code":8,"worker_id":"' + b"x" * dice.below(30))
        elif data.count(b"\n") > 4:  # the head alone has the study's seed, which --repair would ask for
            flip(journal, dice, min(600, len(data) - len(b"".join(data.splitlines(keepends=True)[:4]))))
        return what in ("cut", "cut line", "flip")
    return False


# ---- one schedule ----


class Trial:
    """A schedule under way."""

    def __init__(self, bench, plan):
        self.bench, self.plan, self.study = bench, plan, STUDIES[plan.study]
        self.place = Place(bench, bench.folder / str(plan.number), self.study, plan.launcher, plan.mpi)
        self.told, self.repaired, self.orphaned_notes = set(), False, False
        self.log = []

    def journal(self):
        return Journal(self.place.journal)

    def round(self, one):
        """One start of the command; True: the study is done."""
        place = self.place
        before = self.journal()
        side_from = place.side.stat().st_size if place.side.exists() else 0
        run = place.start(place.faults_of(one))
        disturber = Disturber(place, run, one.deeds)
        code = disturber.go()
        left = place.processes.wait_gone(LEAVE_PATIENCE)
        disturber.thaw(float("inf"))
        self.log.append(f"exit code {code}; {', '.join(disturber.done)}")
        self.orphaned_notes |= code < 0 or "everything" in disturber.killed
        check(not left, f"left running: {left}\n{run.errors()[-2000:]}")
        # a controller that dies of it is continued, so that nothing else may show it
        check("assertion failed" not in run.errors(), f"exit code {code}\n{run.errors()[-2000:]}")
        lines = side_lines(place.side, side_from)
        late = bool(one.messages) and float(one.messages.split(":")[-1]) > 0.5 * LOST_AFTER  # several may follow each other
        check_side(lines, late or any(done.startswith(("freeze rank", "kill server")) for done in disturber.done))
        check_not_again(before.known(), self.study, lines)
        now = self.journal()
        self.told |= told(run.text())
        missing = self.told - now.keys()
        check(not missing, f"told as finished, and not in the journal: {sorted(missing, key=str)}")
        lost = before.keys() - now.keys()
        check(not lost, f"was in the journal, and is no more: {sorted(lost, key=str)}")
        self.check_code(code, one, disturber, run)
        return code == DONE and place.launcher in ("alone", "jobs")

    def check_code(self, code, one, disturber, run):
        if self.place.launcher not in ("alone", "jobs"):
            return  # mpirun's own
        disturbed = bool(disturber.killed or disturber.signalled or disturber.done or one.messages or one.io)
        allowed = {DONE}
        if disturbed:
            allowed.add(INTERRUPTED)
        # A second command may have come first; a server that dies while it loads the data is said to have no room.
        if one.io or any(done.startswith(("second", "kill server")) for done in disturber.done):
            allowed.add(STORAGE)
        if disturber.killed or one.io:
            allowed.add(-signal.SIGKILL)
        if disturber.signalled:  # before it could listen
            allowed.update((-signal.SIGTERM, -signal.SIGINT, -signal.SIGUSR1))
        check(code in allowed, f"exit code {code}, allowed {sorted(allowed)}\n{run.errors()[-2000:]}")
        if code == DONE:
            said = json.loads((self.place.run / "status.json").read_text()) if not one.io else {"state": "done"}
            check(said["state"] == "done", f"exit code 0, and status.json says {said['state']}")

    def hurt(self, one):
        """Damage of the journal takes back what it holds; nothing else may be lost by it."""
        for what, number in one.damage:
            before = self.journal().keys()
            if not damage(self.place, what, number):
                continue
            if what == "flip":
                self.repair(before)
            self.told &= self.journal().keys()

    def repair(self, before):
        try:
            if self.journal().whole:
                return  # a bit that tells nothing: impossible, all bytes are summed
        except Broken:
            pass
        run = self.place.start({}, alone=True)
        code = run.wait(PATIENCE)
        self.place.processes.wait_gone(LEAVE_PATIENCE)
        if code == DONE:
            return  # the end of the file: cut off as torn
        check(code == STORAGE, f"a damaged journal: exit code {code}\n{run.errors()}")
        check("--repair" in run.errors() or ": byte " in run.errors(), f"a damaged journal: {run.errors()}")
        mend = subprocess.run([self.place.program, "--repair", "run"], cwd=self.place.folder, env=self.place.env,
                              capture_output=True, text=True)
        check(mend.returncode == DONE, f"--repair: {mend.returncode}\n{mend.stdout}{mend.stderr}")
        self.repaired = True
        after = self.journal()
        check(after.whole, "a repaired journal is not whole")
        lost = {key[0] for key in before - after.keys()}
        check(len(lost) <= 1, f"one line was damaged, and results of several trials are gone: {lost}")

    def finish(self):
        """Undisturbed until it is done; losing every worker to a busy machine is no fault."""
        from schedule import Round
        for _ in range(4):
            before = self.place.lines()
            run_done = self.round(Round())
            if run_done or self.place.launcher in ("ranks", "recovery") and self.status() == "done":
                return
            check(self.place.lines() >= before, "the journal has shrunk")
        raise Broken("not done after four undisturbed runs")

    def status(self):
        return json.loads((self.place.run / "status.json").read_text())["state"]

    def check_end(self):
        place, study = self.place, self.study
        journal = self.journal()
        check(journal.whole, "the journal does not end with a whole line")
        check_records(journal, study, side_lines(place.side))
        said = json.loads((place.run / "status.json").read_text())
        trials = said["trials"]
        check(said["state"] == "done" and said["exit_code"] == DONE, f"status.json says {said['state']}")
        paused = trials["paused"] if study.trials else 0  # a budget of cost may end between two rungs
        check(trials["running"] == paused == 0, f"status.json counts {trials}")
        names = [path for path in place.run.rglob("*") if path.name.endswith(".tmp") or "hpo-lock" in path.name]
        names += [] if self.orphaned_notes else list((place.folder / "tmp").glob("hpo_search.*"))
        check(not names, f"left behind: {names}")
        if study.deterministic and not self.repaired:
            want, got = self.bench.reference(study), journal_dump.records(place.journal)
            for number, (ours, theirs) in enumerate(zip(got, want)):
                check(ours == theirs, f"record {number} is\n  {ours}\nand of an undisturbed run\n  {theirs}")
            check(len(got) == len(want), f"{len(got)} records, and of an undisturbed run {len(want)}")
        replay = place.start({}, "--replay", alone=True)
        code = replay.wait(PATIENCE)
        check(code == DONE, f"--replay: exit code {code}\n{replay.text()}{replay.errors()}")

    def go(self):
        done = False
        for one in self.plan.rounds:
            done = self.round(one)
            self.hurt(one)
            if done and not one.damage:
                break
        self.finish()
        self.check_end()


def run_one(bench, number):
    """None, or what broke."""
    plan = schedule(number, bench.mpi_every)
    trial = Trial(bench, plan)
    started = time.monotonic()
    try:
        trial.go()
        shutil.rmtree(trial.place.folder, ignore_errors=True)
        return None, time.monotonic() - started
    except Exception as failure:
        what = str(failure) if isinstance(failure, Broken) else traceback.format_exc()
        events = "".join(f"  what happened in round {i + 1}: {line}\n" for i, line in enumerate(trial.log))
        return f"{plan}\n{events}  BROKEN: {what}\n  kept: {trial.place.folder}", time.monotonic() - started
    finally:
        send([pid for pid, *_ in trial.place.processes.all()], signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools")
    parser.add_argument("first", nargs="?", type=int, default=0)
    parser.add_argument("count", nargs="?", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--program")
    parser.add_argument("--mpi", nargs=2)
    parser.add_argument("--expect-broken", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--busy", action="store_true")
    args = parser.parse_args()
    bench = Bench(args)
    broken, ran, started, suspects = 0, 0, time.monotonic(), []
    stop = threading.Event()

    def one(number):
        return (number, None, 0) if stop.is_set() else (number, *run_one(bench, number))

    with ThreadPoolExecutor(args.jobs) as pool:
        for number, failure, seconds in pool.map(one, range(args.first, args.first + args.count)):
            ran += seconds > 0
            if args.times:
                print(f"{number} {seconds:.2f}", flush=True)
            if failure is None:
                continue
            broken += 1
            suspects.append(number)
            again = " ".join([sys.argv[0], str(args.tools), str(number)] + (["--program", args.program] if args.program else [])
                             + (["--mpi", *args.mpi] if args.mpi else []))
            print(f"{failure}\n  again: {again}\n", flush=True)
            if args.expect_broken:
                stop.set()
    if args.busy:
        broken = sum(all(run_one(bench, number)[0] for _ in range(3)) for number in suspects)
        if suspects:
            print(f"run again three times, alone: {broken} of {len(suspects)} broke each time")
    print(f"{ran} schedules in {time.monotonic() - started:.0f} s, {broken} broke an invariant", flush=True)
    if not broken or args.expect_broken:
        shutil.rmtree(bench.folder, ignore_errors=True)
    return int((broken == 0) == args.expect_broken)


if __name__ == "__main__":
    sys.exit(main())
