# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's programs under the search, one folder each: what a real script does, and what must become of it.

    run_programs.py HPO_SEARCH [--no-mpi] [NAME...]      NAME: only these cases

tests/cli/cases/NAME holds a study, its program and case.txt: a heading that tells the situation and what is right, then
the command lines and marks of a session (run_sessions.py). Every case runs in a copy of its folder.
"""
import pathlib
import sys

from run_sessions import environment_for, read_table, report

CASES = pathlib.Path(__file__).resolve().parent / "cases"


def read_case(folder, kind):
    """The sessions of a case that this build can play."""
    sessions = read_table(folder / "case.txt")
    return [session for session in sessions if session.needs in (None, kind)]


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    names = [name for name in sys.argv[2:] if name != "--no-mpi"]
    kind = "no mpi" if "--no-mpi" in sys.argv else "mpi"
    folders = [folder for folder in sorted(CASES.iterdir()) if not names or folder.name in names]
    cases = [(f"{folder.name}: {session.name}", f"{folder.name}/case.txt", session, folder)
             for folder in folders for session in read_case(folder, kind)]
    return report(cases, environment_for(program))


if __name__ == "__main__":
    sys.exit(main())
