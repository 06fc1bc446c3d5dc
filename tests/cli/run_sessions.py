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
"""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for one command line


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


def holds(mark, rest, folder, out, err):
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
    raise SystemExit(f"the table has an unknown mark: {mark}")


def play(step, folder, environment):
    """What is wrong, as a list of lines."""
    words = shlex.split(step.command.replace("@SOURCE@", str(SOURCE)))
    try:
        ended = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=PATIENCE, errors="replace")
    except subprocess.TimeoutExpired:
        return [f"took longer than {PATIENCE} s"]
    wrong = [] if ended.returncode == step.code else [f"exit code {ended.returncode} instead of {step.code}"]
    wrong += [f"not so: {mark} {rest}" for mark, rest in step.wants
              if not holds(mark, rest, folder, ended.stdout, ended.stderr)]
    if wrong:
        wrong += ["its output:"] + ended.stdout.splitlines()[-30:]
        wrong += ["its errors:"] + ended.stderr.splitlines()[-30:]
    return wrong


def run(session, environment):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hpo-session-"))
    try:
        for act in session.acts:
            if isinstance(act, Step):
                wrong = play(act, folder, environment)
                if wrong:
                    return [f"$ {act.command}"] + wrong
            else:
                path = folder / act[0]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(act[1])
                path.chmod(0o755)
        return []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    program, table = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    names = [name for name in sys.argv[3:] if name != "--no-mpi"]
    kind = "no mpi" if "--no-mpi" in sys.argv else "mpi"
    sessions = [session for session in read_table(table)
                if session.needs in (None, kind) and (not names or session.name in names)]
    environment = dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}", PYTHONDONTWRITEBYTECODE="1")
    failed = 0
    for session in sessions:
        wrong = run(session, environment)
        if wrong:
            failed += 1
            print(f"FAILED: {session.name} ({table.name}:{session.line})")
            print("\n".join(f"    {line}" for line in wrong))
    print(f"{len(sessions) - failed} of {len(sessions)} sessions passed")
    return 1 if failed or not sessions else 0


if __name__ == "__main__":
    sys.exit(main())
