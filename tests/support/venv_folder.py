# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of Python packages that tests need and Debian does not have, made once. Where that is not possible the test
is skipped with the reason."""
import fcntl
import os
import pathlib
import subprocess
import sys

SKIPPED = 77
READERS = pathlib.Path(__file__).resolve().with_name("readers.txt")
# Its reader of folders runs on Python 3.11 with newer packages than it asks for; its plots are not needed here.
DEEPCAVE = ["--no-deps", "--ignore-requires-python", "DeepCAVE==1.3.4"]


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def last_line(text):
    return (text.strip().splitlines() or ["no message"])[-1]


def install(python, arguments, patience):
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=patience)
    except subprocess.CalledProcessError as failed:
        skip(f"pip install {' '.join(arguments)}: {last_line(failed.stderr)}")
    except subprocess.TimeoutExpired:
        skip(f"pip install {' '.join(arguments)}: not done within {patience} seconds")


def python_of(folder, imports, *installs, patience=90):
    """The Python of the venv in folder, which can import `imports` ("onnx, onnxruntime"). It is made with `installs`, each
    the arguments of one `pip install`, unless it was made so before. patience: seconds for each of them."""
    folder = pathlib.Path(folder)
    python, stamp = folder / "bin/python", folder / "installed.txt"
    wanted = repr(installs) + "".join(pathlib.Path(a).read_text() for i in installs for a in i if a.endswith(".txt"))
    with open(f"{folder}.lock", "w") as lock:  # tests that run at the same time may need the same one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], capture_output=True, text=True)
            if made.returncode != 0:
                skip(f"no venv: {last_line(made.stdout + made.stderr)}")
            for arguments in installs:
                install(python, arguments, patience)
            stamp.write_text(wanted)
    seen = subprocess.run([str(python), "-c", f"import {imports}"], capture_output=True, text=True)
    if seen.returncode != 0:
        skip(f"{imports} cannot be imported: {last_line(seen.stderr)}")
    return python


def readers(folder):
    """With Optuna, optuna-dashboard, pandas, PyYAML, and DeepCAVE."""
    return python_of(folder, "optuna, optuna_dashboard, pandas, yaml, deepcave.runs.converters.deepcave",
                     ["-r", str(READERS)], DEEPCAVE, patience=170)


def run_with_readers(folder):
    """The script goes on in that venv: begins anew in it unless it is there."""
    if pathlib.Path(sys.prefix).resolve() != pathlib.Path(folder).resolve():
        python = readers(folder)
        os.execv(python, [str(python), "-B", *sys.argv])
