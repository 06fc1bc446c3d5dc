# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests share: a place to run in, runs as processes, and every process that they leave behind.

All processes that a test starts inherit a mark in their environment, which neither setsid nor a double fork washes off;
/proc/<pid>/environ tells who carries it. Zombies have none and do not count. Nothing here sleeps for a fixed time to be
in step with somebody else: conditions are polled, with a deadline.
"""
import atexit
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import journal_dump  # noqa: E402

# The mpirun of the library that the program was built with.
MPIEXEC = os.environ.get("HPO_TEST_MPIEXEC", "mpirun")
VERSION = subprocess.run([MPIEXEC, "--version"], capture_output=True, text=True, check=False).stdout
OPEN_MPI = "Open MPI" in VERSION or "OpenRTE" in VERSION  # as mpirun and as mpiexec

DONE, BAD_INPUT, ALL_FAILED, STORAGE, INTERRUPTED = 0, 2, 3, 4, 75
PATIENCE = 60  # seconds for what should take a few: the machine may be busy


class Failure(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(str(part) for part in what))


def check_equal(got, want, what):
    check(got == want, f"{what}: got {got!r}, expected {want!r}")


def wait_until(condition, what, patience=PATIENCE):
    """Polls until the condition is true and returns its value."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < deadline, f"waited {patience} s for {what}")
        time.sleep(0.01)


class Process:
    """A process of the test as /proc shows it."""

    def __init__(self, pid, environ):
        self.pid = pid
        self.environ = environ
        self.name = self.read("comm").strip()
        self.command = self.read("cmdline").replace("\0", " ").strip()
        ranks = [int(environ[name]) for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK") if name in environ]
        self.rank = ranks[0] if ranks else None
        self.launches = self.name.startswith(("mpirun", "mpiexec", "orterun"))

    def read(self, name):
        try:
            return pathlib.Path(f"/proc/{self.pid}/{name}").read_text(errors="replace")
        except OSError:
            return ""

    def cpu_seconds(self):
        fields = self.read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_gone(self):
        """A zombie is gone, too; one that is still on its way there has no environment any more, but is not."""
        return self.read("stat").rpartition(")")[2].split()[:1] in ([], ["Z"], ["X"])

    def kill(self, number=signal.SIGKILL):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def __repr__(self):
        return f"{self.pid} {self.name} [{self.command}]"


class Place:
    """A folder and a mark."""

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hpo-mpi-"))
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMIX_", "PMI_", "HPO_"))}
        self.env.update(HPO_TEST_MARK=self.mark, TMPDIR=str(self.dir))
        if os.geteuid() == 0:  # Open MPI refuses to start as root otherwise
            self.env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        atexit.register(self.close)

    def close(self):
        while self.processes():
            for process in self.processes():
                process.kill()
            time.sleep(0.01)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return self.dir / name

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.write_text(text)
        path.chmod(mode)
        return path

    def processes(self):
        needle = f"HPO_TEST_MARK={self.mark}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                environ = pathlib.Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if needle in environ:
                pairs = (item.decode(errors="replace").split("=", 1) for item in environ if b"=" in item)
                found.append(Process(int(entry), dict(pairs)))
        return found

    def ranks(self):
        """The ranks of mpirun, by number; not their fork servers and trials, which were forked from them."""
        return {p.rank: p for p in self.processes() if p.rank is not None and p.name == "hpo_search"}

    def trials(self):
        """Everything that evaluates: the children of fork servers and what they started."""
        own = ("hpo_search", "hpo forkserver", "orted", "hydra_pmi_proxy")
        return [p for p in self.processes() if p.name not in own and not p.launches]

    def check_nothing_left(self, patience=PATIENCE):
        try:
            wait_until(lambda: not self.processes(), "the end of every process", patience)
        except Failure:
            raise Failure(f"still running after {patience} s: {self.processes()}") from None

    # ---- runs ----

    def alone(self, *args):
        return Run(self, [self.program, *args])

    def jobs(self, n, *args):
        return Run(self, [self.program, "-j", str(n), *args])

    def mpirun(self, n, *args):
        flags = ["--oversubscribe"] if OPEN_MPI else []
        return Run(self, [MPIEXEC, "-n", str(n), *flags, self.program, *args])

    def launchers(self):
        """Every way to start the program."""
        return {
            "alone": lambda *a: self.alone(*a),
            "mpirun -n 1": lambda *a: self.mpirun(1, *a),
            "mpirun -n 2": lambda *a: self.mpirun(2, *a),
            "mpirun -n 5": lambda *a: self.mpirun(5, *a),
            "-j 3": lambda *a: self.jobs(3, *a),
        }


class Run:
    def __init__(self, place, command):
        self.place = place
        self.command = [str(word) for word in command]
        self.out = tempfile.NamedTemporaryFile(dir=place.dir, prefix="out-", delete=False)
        self.err = tempfile.NamedTemporaryFile(dir=place.dir, prefix="err-", delete=False)
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, cwd=place.dir, env=place.env, stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.err, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        return self.process.poll() is not None

    def text(self):
        return (pathlib.Path(self.out.name).read_text(errors="replace"),
                pathlib.Path(self.err.name).read_text(errors="replace"))

    def wait(self, patience=PATIENCE):
        """The exit code; -SIGNAL when it was killed."""
        try:
            wait_until(self.ended, f"the end of {' '.join(self.command)}", patience)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.describe()}\nprocesses: {self.place.processes()}") from None
        return self.process.returncode

    def expect(self, code, patience=PATIENCE):
        got = self.wait(patience)
        check(got == code, f"{' '.join(self.command)}: exit code {got}, expected {code}\n{self.describe()}")
        return self

    def says(self, *parts):
        both = "\n".join(self.text())
        for part in parts:
            check(part in both, f"{' '.join(self.command)} does not say {part!r}\n{self.describe()}")
        return self

    def describe(self):
        out, err = self.text()
        return f"--- stdout\n{out[-3000:]}\n--- stderr\n{err[-3000:]}\n---"

    def signal(self, number):
        self.process.send_signal(number)

    def kill_everything(self):
        """As when the machine's power fails: nobody can say goodbye."""
        killed = []
        while self.place.processes():
            for process in self.place.processes():
                killed.append(process)
                process.kill()
            time.sleep(0.005)
        self.process.wait()
        wait_until(lambda: all(process.is_gone() for process in killed), "the end of what was killed")


# ---- what a run's folder holds ----


def status(folder):
    """status.json; {} while there is none."""
    try:
        return json.loads((folder / "status.json").read_text())
    except FileNotFoundError:
        return {}


def records(folder):
    return journal_dump.records(folder / "journal.log")


def entries(folder, *kinds):
    """(trial, attribute) of the entries of these kinds; [] while there is no journal."""
    path = folder / "journal.log"
    if not path.exists():
        return []
    return [(trial, a) for kind, trial, a, _ in journal_dump.entries(path) if kind in kinds]


def results(folder):
    return entries(folder, "result")


def check_each_once(folder, trials, rungs=1):
    """Every trial was started once, in order, and evaluated once per rung."""
    starts = [trial for trial, _ in entries(folder, "start")]
    check_equal(starts, list(range(trials)), "trials started")
    seen = [(trial, a["rung"]) for trial, a in results(folder)]
    check_equal(len(seen), len(set(seen)), "results told twice")
    if rungs == 1:
        check_equal(sorted(trial for trial, _ in seen), list(range(trials)), "trials with a result")


# ---- studies ----

# Sleeps and reports once per epoch; the value is a function of x and the epoch.
TRAIN = """\
import json, os, sys, time
x, seconds = float(sys.argv[1]), float(sys.argv[2])
first, last = float(os.environ["HPO_FIDELITY_FROM"]), float(os.environ["HPO_FIDELITY"])
with open(os.environ["HPO_TEST_LOG"], "a") as log:
    log.write("begin %s %g\\n" % (os.environ["HPO_TRIAL"], last))
for epoch in range(int(first) + 1, int(last) + 1):
    time.sleep(seconds)
    print(json.dumps({"epochs": epoch, "loss": (x - 0.3) ** 2 + 1 / (1 + epoch + 3 * x), "epoch_squared": epoch ** 2}))
    sys.stdout.flush()
with open(os.environ["HPO_TEST_LOG"], "a") as log:
    log.write("end %s %g\\n" % (os.environ["HPO_TRIAL"], last))
"""


def command_study(place, seconds, extra, fidelity=False):
    """A study of a program that sleeps so long per epoch: Hyperband over 1 to 9 of them, else one each."""
    place.write("train.py", TRAIN)
    place.env["HPO_TEST_LOG"] = str(place.path("begun.log"))
    bands = ("method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\n" if fidelity else
             "fidelity: {epochs: {min: 1, max: 1}}\n")
    return place.write("study.yaml", f"""\
study: sleeper
seed: 11
objective:
  command:
    run: [/usr/bin/python3, -I, -S, {place.path("train.py")}, "{{x}}", "{seconds}"]
metric: {{name: loss, goal: minimize}}
{bands}parameters:
  x: {{min: 0.0, max: 1.0}}
{extra}
""")


def evaluations(place, word):
    """How often the program of command_study has said that it begins, or ends."""
    log = place.path("begun.log")
    return log.read_text().count(word + " ") if log.exists() else 0


QUICK_FAILURES = "failure: {heartbeat: 0.2s, lost_after: 2s}\n"


def main(program, *tests):
    """Runs the tests in order; the seed of what is random is printed, and may be given in HPO_TEST_SEED."""
    seed = int(os.environ.get("HPO_TEST_SEED", random.randrange(10**6)))
    random.seed(seed)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} cannot be run")
    failed = 0
    for test in tests:
        place = Place(program)
        started = time.monotonic()
        try:
            test(place)
            place.check_nothing_left(5)
            print(f"ok      {test.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception as failure:  # also a mistake of the test itself: the others run nevertheless
            failed += 1
            what = failure if isinstance(failure, Failure) else traceback.format_exc()
            print(f"FAILED  {test.__name__} ({time.monotonic() - started:.1f} s, HPO_TEST_SEED={seed})\n{what}",
                  flush=True)
        finally:
            place.close()
    return 1 if failed else 0
