#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trainings of a run came to, one line each, and their validation errors after some of the epochs.

usage: experiments/cnn-fashion-mnist/results.py RUN...     RUN: a run's folder, such as runs/cnn-fashion-mnist-small

For runs without fidelity, whose trials all have the same number of epochs. Errors in %; seconds are those of the clock.
Needs only Python's standard library.
"""
import json
import pathlib
import statistics
import sys

COLUMNS = (("parameters", "parameters", 1, 0), ("MFLOPs", "flops", 1e-6, 1), ("seconds", "seconds", 1, 0),
           ("valid error", "valid_error", 100, 2), ("test error", "test_error", 100, 2))
EPOCHS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50)


def read(journal):
    """[(valid error after each epoch, metrics of the result)] of the trials that are complete."""
    curves, results = {}, {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        attributes = entry.get("user_attr", {})
        if "hpo:report" in attributes:
            report = attributes["hpo:report"]
            curves.setdefault(entry["trial_id"], {})[report["fidelity"]] = report["metrics"]["valid_error"]
        elif "metrics" in attributes.get("hpo:result", {}):
            results[entry["trial_id"]] = attributes["hpo:result"]["metrics"]
    return [([error for _, error in sorted(curves[trial].items())], results[trial]) for trial in sorted(results)]


def show(cells):
    print("| " + " | ".join(cells) + " |")


def numbers(metrics):
    return [f"{metrics[key] * scale:.{digits}f}" for _, key, scale, digits in COLUMNS]


def show_run(trials):
    show(["trial", *(title for title, *_ in COLUMNS)])
    show(["---"] * (len(COLUMNS) + 1))
    for number, (_, metrics) in enumerate(trials):
        show([str(number), *numbers(metrics)])
    show(["mean", *numbers({key: statistics.fmean(metrics[key] for _, metrics in trials)
                            for _, key, *_ in COLUMNS})])
    last = len(trials[0][0])
    epochs = [epoch for epoch in EPOCHS if epoch < last] + [last]
    print()
    show(["valid error after epoch", *map(str, epochs)])
    show(["---"] * (len(epochs) + 1))
    for number, (curve, _) in enumerate(trials):
        show([f"trial {number}", *(f"{100 * curve[epoch - 1]:.2f}" for epoch in epochs)])


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    for run in map(pathlib.Path, sys.argv[1:]):
        print(f"\n{run.name}\n")
        trials = read(run / "journal.log")
        if trials:
            show_run(trials)
        else:
            print("no trial has come to its end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
