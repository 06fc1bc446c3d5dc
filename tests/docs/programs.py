# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that checks of the documents run."""
import pathlib
import sys


def built(path):
    """The path of a program, which is there."""
    if not pathlib.Path(path).exists():
        name = pathlib.Path(path).name
        sys.exit(f"{path} is not there: build {name} first (cmake --build build/release --target {name})")
    return path
