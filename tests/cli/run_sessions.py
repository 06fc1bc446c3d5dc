# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the sessions of a table: command lines in a fresh folder, and what each must say.

    run_sessions.py HPO_SEARCH TABLE [--no-mpi] [NAME...]      NAME: only these sessions

A session of the table:
    === name                     (=== [mpi] name, === [no mpi] name: only in a build with or without MPI)
    --- path                     the lines up to the next mark become that file; the session runs beside it
    $ command line               words as a shell splits them; hpo_search is the program under test, @SOURCE@ its sources
    exit N                       the exit code (0 when not said)
    out TEXT, err TEXT           a text that must stand in the standard output, or in that of errors
    out- TEXT, err- TEXT         one that must not; without TEXT: nothing at all may stand there
    json                         every line of the standard output is a JSON object, and the last one has an exit code
    file PATH TEXT               a text that must stand in a file
    nofile PATH                  there must be no such file
    lines PATH MIN MAX           a file with so many lines; one that is not there has none
    status PATH KEY VALUE        status.json in the folder PATH: what stands under KEY (a.b: b in a), as JSON
    within SECONDS               of processor time: the command line takes no more
A command line that exits with 77 says that the machine lacks what the session needs: the rest is left out.
"""
import json
import os
import pathlib
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for one command line
SKIPPED = 77


class Step:
    """A command line and what is expected of it."""

    def __init__(self, command):
        self.command = command
        self.code = 0
        self.wants = []


class Session:
    def __init__(self, title, line):
        self.needs, self.name = None, title
        for mark in ("[mpi] ", "[no mpi] "):
            if title.startswith(mark):
                self.needs, self.name = mark[1:-2], title[len(mark):]
        self.line = line
        self.acts = []  # (path, text) or Step, in order


def read_table(path):
    sessions, file = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark, _, rest = line.partition(" ")
        if mark == "===":
            sessions.append(Session(rest, number))
            file = None
        elif not sessions:
            continue  # the table's own heading
        elif mark == "---":
            file = [rest, ""]
            sessions[-1].acts.append(file)
        elif mark == "$":
            sessions[-1].acts.append(Step(rest))
            file = None
        elif file is not None:
            file[1] += line + "\n"
        elif mark == "exit":
            sessions[-1].acts[-1].code = int(rest)
        elif line.strip():
            sessions[-1].acts[-1].wants.append((mark, rest))
    return sessions


def is_json(text):
    lines = text.splitlines()
    try:
        values = [json.loads(line) for line in lines]
    except ValueError:
        return False
    return bool(values) and all(isinstance(value, dict) for value in values) and "exit_code" in values[-1]


def count_lines(path):
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def status_has(path, key, value):
    if not path.is_file():
        return False
    found = json.loads(path.read_text())
    for name in key.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found == json.loads(value)


def holds(mark, rest, folder, out, err, seconds):
    if mark in ("out", "err"):
        return rest in {"out": out, "err": err}[mark]
    if mark in ("out-", "err-"):
        text = {"out-": out, "err-": err}[mark]
        return rest not in text if rest else not text.strip()
    if mark == "json":
        return is_json(out)
    if mark == "file":
        path, _, text = rest.partition(" ")
        return (folder / path).is_file() and text in (folder / path).read_text(errors="replace")
    if mark == "nofile":
        return not (folder / rest).exists()
    if mark == "lines":
        path, least, most = rest.split()
        return int(least) <= count_lines(folder / path) <= int(most)
    if mark == "status":
        path, key, value = rest.split(maxsplit=2)
        return status_has(folder / path / "status.json", key, value)
    if mark == "within":
        return seconds <= float(rest)
    raise SystemExit(f"the table has an unknown mark: {mark}")


def processor_seconds():
    """Of all processes that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def play(step, folder, environment):
    """What is wrong, as a list of lines; None when the session is to be left out."""
    words = shlex.split(step.command.replace("@SOURCE@", str(SOURCE)))
    began = processor_seconds()
    try:
        ended = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=PATIENCE, errors="replace")
    except subprocess.TimeoutExpired:
        return [f"took longer than {PATIENCE} s"]
    if ended.returncode == SKIPPED:
        return None
    seconds = processor_seconds() - began
    wrong = [] if ended.returncode == step.code else [f"exit code {ended.returncode} instead of {step.code}"]
    wrong += [f"not so: {mark} {rest}" for mark, rest in step.wants
              if not holds(mark, rest, folder, ended.stdout, ended.stderr, seconds)]
    if wrong:
        wrong += [f"it took {seconds:.1f} s of processor time"]
        wrong += ["its output:"] + ended.stdout.splitlines()[-30:]
        wrong += ["its errors:"] + ended.stderr.splitlines()[-30:]
    return wrong


def place_file(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def run(session, environment, files=None):
    """What is wrong, as a list of lines; None when it was left out. files: a folder whose files are there as well."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hpo-session-"))
    try:
        if files:
            shutil.copytree(files, folder, dirs_exist_ok=True)
        for act in session.acts:
            if not isinstance(act, Step):
                place_file(folder, *act)
                continue
            wrong = play(act, folder, environment)
            if wrong is None:
                return None
            if wrong:
                return [f"$ {act.command}"] + wrong
        return []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment_for(program):
    return dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}", PYTHONDONTWRITEBYTECODE="1")


def report(cases, environment):
    """Runs (name, place, session, files) in order and tells what failed; the exit code."""
    count = {"passed": 0, "failed": 0, "left out": 0}
    for name, place, session, files in cases:
        wrong = run(session, environment, files)
        count["left out" if wrong is None else "failed" if wrong else "passed"] += 1
        if wrong is None:
            print(f"left out: {name}")
        elif wrong:
            print(f"FAILED: {name} ({place}:{session.line})")
            print("\n".join(f"    {line}" for line in wrong), flush=True)
    print(f"{count['passed']} of {len(cases)} sessions passed, {count['left out']} left out")
    return 1 if count["failed"] or not count["passed"] else 0


def main():
    program, table = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    names = [name for name in sys.argv[3:] if name != "--no-mpi"]
    kind = "no mpi" if "--no-mpi" in sys.argv else "mpi"
    sessions = [session for session in read_table(table)
                if session.needs in (None, kind) and (not names or session.name in names)]
    return report([(session.name, table.name, session, None) for session in sessions], environment_for(program))


if __name__ == "__main__":
    sys.exit(main())
