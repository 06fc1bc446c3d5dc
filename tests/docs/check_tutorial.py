# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of docs/tutorial.md, run as it is printed.

    check_tutorial.py PART FOLDER_OF_PROGRAMS [--no-mpi]            shortened by SHORTER, in a folder of its own
    check_tutorial.py PART FOLDER_OF_PROGRAMS --full FOLDER         as printed; the runs stay in FOLDER

PART is the number of the page's section. A block of yaml, python or c whose first line names a file ("# cnn.yaml") is
that file; a block of sh is run by bash, one after the other, and each must succeed; a block of another kind is an
error, so that no command stays aside. A block without a language is what the commands before it print, "..." in it is
anything.

The short form makes the replacements of SHORTER in files and commands; each must be found in the page. INSTEAD has the
commands that are not run here, with what is tried in their place. Exit code 77: what the part needs is not installed.

--full tells how long each block takes and compares what is printed with the page: other words are an error, other
numbers are listed only, since they depend on the kind of processor and, those of time, on its speed.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from programs import built

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs" / "tutorial.md"
IMAGES = pathlib.Path("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
PROGRAMS = ("hpo_search", "hpo_report", "hpo_model")
SHORTER = {
    1: {"fraction: 0.25": "fraction: 0.01", "trials: 40": "trials: 5", "trials=20": "trials=3",
        "learning_rate.min=0.1": "learning_rate.min=0.001",  # where the best of five trials lies, too
        "--fraction 1 ": "--fraction 0.01 "},
    2: {"trials: 30": "trials: 4", "max: 10": "max: 3", "in 1 2 3": "in 1"},
}
INSTEAD = {
    "./scripts/quickstart.sh --build": f"bash -n '{SOURCE}/scripts/quickstart.sh'",  # scripts/check_more.sh runs it
    "sudo apt-get install python3-sklearn": "python3 -c 'import sklearn'",
    "xdg-open runs/cnn/report.html": "grep -q '^<h1>cnn</h1>' runs/cnn/report.html",
    "xdg-open runs/boost/report.html": "grep -q '^<h1>boost</h1>' runs/boost/report.html",
}
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def skip(why):
    print(why)
    sys.exit(77)


def blocks(part):
    """(line, language, text) of a section's blocks."""
    page = PAGE.read_text()
    section = re.search(rf"^## {part}\. .*?(?=^## |\Z)", page, re.M | re.S)
    for block in re.finditer(r"^```(\w*)\n(.*?)^```\n", section[0], re.M | re.S):
        line = page.count("\n", 0, section.start() + block.start()) + 1
        yield line, block[1], block[2]


def check_pictures():
    """What is wrong with the pictures: each is shown in a page, and each that is shown is there."""
    shown = {name for page in PAGE.parent.glob("*.md") for name in re.findall(r"\]\(pictures/([^)]+)\)", page.read_text())}
    there = {picture.name for picture in (PAGE.parent / "pictures").iterdir()}
    return [f"docs/pictures/{name} is shown or there, but not both" for name in sorted(shown ^ there)]


class Tutorial:
    def __init__(self, options, folder):
        self.full, self.mpi, self.folder = options.full is not None, not options.no_mpi, folder
        self.cwd, self.commands, self.wrong = folder / "hpo", 0, []  # where the reader's clone is
        self.cwd.mkdir(exist_ok=True)
        self.shorter = {} if self.full else SHORTER[options.part]
        self.unused = set(self.shorter)
        (folder / ".bin").mkdir(exist_ok=True)
        python = folder / ".bin/python3"
        if not python.exists():
            python.symlink_to(sys.executable)
        path = f"{folder}/.bin:{options.programs}:{os.environ['PATH']}"
        self.environment = dict(os.environ, PATH=path, **ENVIRONMENT)

    def shorten(self, text):
        for long, short in self.shorter.items():
            if long in text:
                self.unused.discard(long)
                text = text.replace(long, short)
        return text if self.mpi else text.replace(" -j 2", "")

    def file(self, line, text):
        name = re.match(r"(?:#|//) (\S+\.\w+)\n", text)
        if not name:
            sys.exit(f"docs/tutorial.md:{line}: a block without the name of its file")
        (self.cwd / name[1]).write_text(self.shorten(text))

    def run(self, line, text):
        """What the commands print, standard error too."""
        self.commands += len(re.sub(r"\\\n", "", text).splitlines())
        for command, instead in INSTEAD.items():
            text = text.replace(command, instead)
        script = f"set -e\n{self.shorten(text)}\npwd >'{self.folder}/.cwd'\n"
        began = time.monotonic()
        done = subprocess.run(["bash", "-c", script], cwd=self.cwd, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            sys.exit(f"docs/tutorial.md:{line}: exit code {done.returncode}\n{text}{done.stdout}")
        if self.full:
            print(f"{time.monotonic() - began:6.1f} s  line {line}: {text.splitlines()[0]}", flush=True)
        self.cwd = pathlib.Path((self.folder / ".cwd").read_text().strip())
        return done.stdout

    def compare(self, line, shown, printed):
        have = [row.strip() for row in printed.splitlines()]
        alike = {re.sub(r"[0-9.e+-]*\d", "#", row) for row in have}
        for row in filter(None, map(str.strip, shown.splitlines())):
            if row == "..." or row in have:
                continue
            if re.sub(r"[0-9.e+-]*\d", "#", row) in alike:
                print(f"          another number than in line {line}: {row}")
            else:
                self.wrong.append(f"docs/tutorial.md:{line}: this is not printed: {row}")

    def walk(self, part):
        printed = None
        for line, language, text in blocks(part):
            if language in ("yaml", "python", "c"):
                self.file(line, text)
            elif language == "sh":
                printed = self.run(line, text)
            elif language:
                sys.exit(f"docs/tutorial.md:{line}: a block of {language} is not known here, so it would not be tried")
            elif printed is None:
                sys.exit(f"docs/tutorial.md:{line}: no command stands before what it prints")
            elif self.full:
                self.compare(line, text, printed)
        self.wrong += [f"docs/tutorial.md does not say '{text}', which SHORTER replaces" for text in self.unused]
        self.wrong += check_pictures()
        if self.commands < 4:
            self.wrong.append(f"only {self.commands} commands were found")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("part", type=int, choices=SHORTER)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--no-mpi", action="store_true")
    parser.add_argument("--full", type=pathlib.Path)
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    for program in PROGRAMS:
        built(options.programs / program)
    if options.part == 1 and not IMAGES.exists():
        skip("Debian's dataset-fashion-mnist is not installed")
    if options.part == 2 and subprocess.run([sys.executable, "-c", "import sklearn"], capture_output=True).returncode:
        skip(f"{sys.executable} has no scikit-learn (Debian's python3-sklearn)")
    if options.full:
        options.full.mkdir(parents=True, exist_ok=True)
        tutorial = Tutorial(options, options.full.resolve())
        tutorial.walk(options.part)
    else:
        with tempfile.TemporaryDirectory() as folder:
            tutorial = Tutorial(options, pathlib.Path(folder).resolve())
            tutorial.walk(options.part)
    print("\n".join(tutorial.wrong) if tutorial.wrong else f"{tutorial.commands} lines of commands run")
    sys.exit(1 if tutorial.wrong else 0)


main()
