#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run measures once, with the latencies of a small architecture search: a table before the first trial, which the
journal's head holds, which later starts and other ranks use, and which another machine, a changed file or a lost one
cannot replace. What is found is within the limit by the table."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

program = sys.argv[1]
ranks = "--no-mpi" not in sys.argv
STUDY = """
seed: 1
objective:
  darts:
    dataset: digits
    fraction: 0.2
    space: toy
    search: darts-first
    channels: 4
    alpha_learning_rate: 0.3
    search_epochs: 1
    limits: {latency: %s}
    retrain: %s
budget: {trials: %d}
"""
failures = 0


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def run(folder, trials, limit="1s", retrain="none", *flags):
    study = folder / "study.yaml"
    study.write_text(STUDY % (limit, retrain, trials) + ("metric: supernet_error\n" if retrain == "none" else ""))
    done = subprocess.run([program, *flags, "--dir", str(folder / "run"), str(study)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def entries(text):
    rows = [line.split(",") for line in text.splitlines()[2:]]
    return {tuple(row[:-1]): int(row[-1]) for row in rows}


def sum_of(table, genotype):
    """Of the toy space with 8 channels on images of 8 x 8 pixels: where the edges of each cell stand."""
    places = {"reduce": [("8", "8", "2", "4"), ("4", "16", "2", "2")], "normal": [("4", "8", "1", "4")]}
    total = table[("rest", "8", "8", "1", "8", "3")]
    for cell, edges in genotype["cells"].items():
        for edge in edges:
            for size, channels, stride, after in places[cell]:
                inner = edge["from"] > 0
                key = (after, after, channels, channels, "1") if inner else (size, size, channels, channels, stride)
                total += table[(edge["operation"], *key)]
    return total


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    run_dir, csv = folder / "run", folder / "run" / "latency.csv"
    code, text = run(folder, 1)
    check(code == 0, "a first start", text)
    table = csv.read_text()
    rows = entries(table)
    check(table.startswith("machine,") and len(rows) == 17, "a table of 16 shapes and the rest", table)
    head = (run_dir / "journal.log").read_text().splitlines()[1]
    check(json.dumps(table)[1:-1].replace("\\n", "\\\\n") in head, "the table is in the journal's head", head)

    code, text = run(folder, 2, "1s", "none", *(["-j", "2"] if ranks else []))
    check(code == 0 and csv.read_text() == table, "a later start uses the table", text)
    code, text = run(folder, 2, "1s", "none", "--replay")
    check(code == 0, "replay", text)

    csv.write_text(re.sub(r"machine,.*", "machine,Another One", table))
    code, text = run(folder, 3)
    check(code == 2 and "another machine (Another One;" in text and "--dir" in text, "another machine", text)
    csv.write_text(re.sub(r"(rest,.*),\d+", r"\1,1", table))
    code, text = run(folder, 3)
    check(code == 2 and "belongs to another study" in text, "a changed table", text)
    csv.unlink()
    code, text = run(folder, 3)
    check(code == 2 and "is gone" in text and "--dir" in text, "a lost table", text)

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    code, text = run(folder, 1, "1ns", "{epochs: 1, channels: 8}")
    check(code == 2 and "such as 2ms" in text, "an unknown unit", text)
    code, text = run(folder, 1, "0.001us", "{epochs: 1, channels: 8}")
    found = re.search(r"study.yaml:12:23: no network of the space is so small: the smallest has ([0-9.e-]+) ms", text)
    check(code == 2 and found, "an impossible limit is refused with the smallest number", text)
    check(not (folder / "run" / "journal.log").exists(), "before the first trial", text)
    kept = (folder / "run" / "latency.csv").read_text()
    rows = entries(kept)
    fast = [{"node": n, "from": f, "operation": "dil_conv_3x3"} for n, f in ((1, 0), (2, 0), (2, 1))]
    limit = 1.1e-3 * sum_of(rows, {"cells": {"reduce": fast, "normal": fast}})
    # with the same table, which the study may state itself
    code, text = run(folder, 2, f"{limit:.6f}us, table: {json.dumps(kept)}", "{epochs: 1, channels: 8}")
    check(code == 0, "a limit near the smallest", text)
    for trial in sorted((folder / "run" / "trials").iterdir()):
        total = sum_of(rows, json.loads((trial / "genotype.json").read_text()))
        check(total <= 1e3 * limit, f"{trial.name} is within the limit", f"{total} ns, {limit} us")
    best = (folder / "run" / "best.yaml").read_text()
    check(re.search(r"latency: [0-9.e-]+", best), "the metric", best)

sys.exit(1 if failures else 0)
