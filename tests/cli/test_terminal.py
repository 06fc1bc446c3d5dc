# SPDX-License-Identifier: GPL-3.0-or-later
"""The live view on a terminal of 80 x 24, as tmux shows it: a program without reports, and a training that has them.

    test_terminal.py HPO_SEARCH [--no-mpi]

Exits with 77 where tmux is missing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = """#!/bin/sh
sleep 0.$((HPO_TRIAL % 3 + 3))
[ $((HPO_TRIAL % 8)) = 3 ] && { echo "no convergence" >&2; exit 3; }
echo '{"loss": '0.$((HPO_TRIAL * 7919 % 900 + 100))'}'
"""
COMMAND = """study: program
seed: 1
objective: {command: {run: [./train.sh]}}
metric: loss
method: random
budget: {trials: 24}
failure: {retries: {crash: 0}}
parameters: {x: {min: 0.0, max: 1.0}}
"""
TRAINING = """study: training
seed: 1
objective: {train: {dataset: spirals}}
metric: valid_error
method: hyperband
fidelity: {epochs: {min: 10, max: 270}}
budget: {time: 6s}
parameters: {learning_rate: {min: 1e-4, max: 1e-1, log: true}, width: {min: 64, max: 128}}
"""
PATIENCE = 40


class Terminal:
    """A server of its own, so that nobody's sessions are touched."""

    def __init__(self, folder, command, environment):
        self.base = ["tmux", "-u", "-S", tempfile.mktemp(dir=folder), "-f", "/dev/null"]
        values = " ".join(f"{name}={value}" for name, value in environment.items())
        line = f"cd {folder}; env -u LC_ALL -u NO_COLOR TERM=screen {values} {command}; echo ENDED $?; sleep 100"
        subprocess.run([*self.base, "new-session", "-d", "-x", "80", "-y", "24", line], check=True)

    def screen(self, *options):
        return subprocess.run([*self.base, "capture-pane", "-p", *options], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def wait(self, *patterns):
        """The first screen that has them all."""
        give_up = time.monotonic() + PATIENCE
        while True:
            shown = self.screen()
            if all(re.search(pattern, shown, re.MULTILINE) for pattern in patterns):
                return shown
            if time.monotonic() > give_up:
                sys.exit(f"no screen with {patterns}; the last one:\n{shown}")
            time.sleep(0.05)

    def close(self):
        subprocess.run([*self.base, "kill-server"], check=False)


def check(holds, shown, what):
    if not holds:
        sys.exit(f"{what}:\n{shown}")


def check_program(folder, search, jobs):
    terminal = Terminal(folder, f"{search} {jobs} program.yaml", {"LANG": "C.UTF-8"})
    try:
        shown = terminal.wait(r"^\[█+░+\] +\d+ %  \d+(\.\d)?s, about .*s left$", r"^best loss 0\.\d+, trial \d+",
                              r"^  trial \d+: \d(\.\d)?s", r"^\d+ trials: \d+ complete, \d running, [1-9]\d* failed; \S+ a minute",
                              r"^trial 3 failed: .*no convergence")
        view = shown[shown.index("\n[") + 1:].splitlines()
        check(max(map(len, view)) < 80, shown, "a line is too wide")
        check(shown.count("░]") == 1, shown, "an old view was not wiped")
        check("\033[31m" in terminal.screen("-e"), shown, "failures are not red")
        shown = terminal.wait(r"^ENDED 0")
        check("░" not in shown and "█]" not in shown, shown, "the view is still there")
        check("24 trials in" in shown and "best: trial" in shown, shown, "no summary")
    finally:
        terminal.close()


def check_training(folder, search):
    terminal = Terminal(folder, f"{search} training.yaml", {"LANG": "C", "NO_COLOR": "1"})
    try:
        shown = terminal.wait(r"^\[#+\.*\] +\d+ %  \d+(\.\d)?s, \d+(\.\d)?s left$",
                              r"^best valid_error 0(\.\d+)? at epochs \d+, trial \d+  ",
                              r"^  trial \d+, rung \d: \d+/\d+ epochs, valid_error 0(\.\d+)?, .*s  [_.=+*#@-]+$")
        check(shown.isascii(), shown, "not ASCII alone")
        check("\033[" not in terminal.screen("-e"), shown, "styles in spite of NO_COLOR")
        terminal.wait(r"^ENDED 0")
    finally:
        terminal.close()


def main():
    search = pathlib.Path(sys.argv[1]).resolve()
    if not shutil.which("tmux"):
        print("SKIPPED: tmux is not installed")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "train.sh").write_text(PROGRAM)
        os.chmod(folder / "train.sh", 0o755)
        (folder / "program.yaml").write_text(COMMAND)
        (folder / "training.yaml").write_text(TRAINING)
        check_program(folder, search, "" if "--no-mpi" in sys.argv else "-j 2")
        check_training(folder, search)
    return 0


if __name__ == "__main__":
    sys.exit(main())
