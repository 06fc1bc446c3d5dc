# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of results in a file: rows by the names of their columns. A module for the scripts beside it."""
import csv


def read_rows(path):
    """No rows when there is no file."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def write_rows(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
