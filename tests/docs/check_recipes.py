# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of docs/any-program.md, and the first one of README.md, run as they are printed.

    check_recipes.py HPO_SEARCH

A block whose first line names a file ("# train.py") is that file; a study.yaml ends a recipe. Each is checked and run in
a folder of its own: no warning, and every trial complete or stopped early. A recipe whose interpreter is not installed
gets a stand-in that prints a result, so that at least its study file and its command line are tried.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from programs import built

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs" / "any-program.md"
FIRST_SCREEN = 40  # lines of README.md
STAND_IN = '#!/bin/sh\ntest -f "$1" && echo "{\\"loss\\": $2}"\n'


def first_recipe():
    """The program and the study of README's first screen."""
    text = "".join((SOURCE / "README.md").read_text().splitlines(keepends=True)[:FIRST_SCREEN])
    return {re.match(r"# (\S+)", block)[1]: block
            for block in re.findall(r"^```(?:python|yaml)\n(.*?)^```$", text, re.M | re.S)}


def recipes():
    files, found = {}, [first_recipe()]
    for block in re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        name = re.match(r"# (\S+\.\w+)\n", block)
        if not name:
            sys.exit("a block without the name of its file:\n" + block)
        files[name[1]] = block
        if name[1] == "study.yaml":
            found.append(files)
            files = {}
    return found


def run(program, folder, *arguments):
    env = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}")
    done = subprocess.run([program, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def try_recipe(program, files):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/bin")
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text)
        for interpreter in ("Rscript", "julia"):
            if not shutil.which(interpreter):
                path = pathlib.Path(folder, "bin", interpreter)
                path.write_text(STAND_IN)
                path.chmod(0o755)
        code, out, err = run(program, folder, "--check", "study.yaml")
        if code != 0 or "# a trial runs: " not in out or "warning" in out + err:
            return f"--check: exit {code}\n{out}{err}"
        code, out, err = run(program, folder, "study.yaml")
        counts = re.search(r"(\d+) trials in .*: (.*)", out)
        if code != 0 or not counts or "failed" in counts[2] or "warning" in err or " 0 complete" in out:
            return f"exit {code}\n{out}{err}"
    return None


def main():
    program, found, wrong = built(sys.argv[1]), recipes(), 0
    for files in found:
        trouble = try_recipe(program, files)
        if trouble:
            wrong += 1
            print("FAILED:\n" + files["study.yaml"] + trouble)
    if len(found) < 10:
        sys.exit(f"only {len(found)} recipes were found")
    print(f"{len(found) - wrong} of {len(found)} recipes run")
    sys.exit(wrong > 0)


main()
