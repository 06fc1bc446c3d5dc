#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs on the problems of a suite, counted as hpo_bench counts.

usage: benchmarks/peers/run.py [SUITE.yaml] [--out runs/peers] [--hours H] [-j N] [--peers NAME,...] [--seeds N]

Cells that are in the output folder are not run again; seeds are outermost, so that a run that was cut short has as many
of everybody. A peer whose environment is not installed is left out (install.sh). The page is read by PyYAML, unless it
is JSON; else only Python's standard library is needed. One of these commands at a time writes to a folder.
"""
import argparse
import concurrent.futures
import csv
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
from accounting import HEADINGS, KEY  # noqa: E402
from registry import PEERS  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", default=str(ROOT / "benchmarks/suites/peers.yaml"), help="the page")
    parser.add_argument("--out", default=str(ROOT / "runs/peers"), help="the folder of the tables")
    parser.add_argument("--hours", type=float, default=8, help="nothing new begins after so long")
    parser.add_argument("--seconds", type=int, default=600, help="of one cell, at most")
    parser.add_argument("-j", type=int, default=1, help="peers at a time")
    parser.add_argument("--peers", default=",".join(name for name in PEERS if name != "python random"),
                        help="only these, separated by commas")
    parser.add_argument("--seeds", type=int, help="only so many")
    return parser.parse_args()


# ---- the page ----

def read_page(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError:
        import yaml  # pylint: disable=import-outside-toplevel
        return yaml.safe_load(text)


def as_list(value):
    return value if isinstance(value, list) else [value]


def problems_of(page):
    """(name, settings of the objective `function`, fidelity, budget, (name, reference) of several metrics) of each."""
    found = []
    for entry in page["problems"]:
        entry = entry if isinstance(entry, dict) else {"problem": entry}
        settings = entry["problem"] if isinstance(entry["problem"], dict) else {"problem": entry["problem"]}
        ranges = [(r["min"], r["max"]) for r in entry.get("fidelity", {}).values()]
        full = entry.get("budget", page.get("budget"))["full"]
        metrics = [(metric["name"], metric["reference"]) for metric in entry.get("metrics", [])]
        found.append((entry.get("name", settings["problem"]), settings, ranges[0] if ranges else None, full,
                      metrics if metrics else None))
    return found


def jobs_of(page, peer, seed, seconds):
    spec, jobs = PEERS[peer], []
    for workers in as_list(page.get("workers", 1)):
        for name, settings, fidelity, full, metrics in problems_of(page):
            if seed > spec.seeds or (spec.multi and not fidelity) or (workers > 1 and not spec.parallel):
                continue
            if spec.metrics not in ("any", "several" if metrics else "one"):
                continue
            jobs.append({"key": [name, peer, workers, seed], "peer": peer, "problem": settings, "fidelity": fidelity,
                         "full": full, "metrics": metrics, "workers": workers, "seed": seed, "seconds": seconds})
    return jobs


# ---- the tables ----

def key_of(row):
    return tuple(str(field) for field in row[:len(KEY)])


def read_table(path):
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


class Tables:
    """A cell's line in cells.csv is written last: what has none there was cut short, and goes at the next start."""

    def __init__(self, folder):
        self.folder, self.lock = pathlib.Path(folder), threading.Lock()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.done = {key_of(row) for row in read_table(self.folder / "cells.csv")}
        for name in HEADINGS:
            rows = [row for row in read_table(self.folder / name) if key_of(row) in self.done]
            with open(self.folder / name, "w", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows([HEADINGS[name], *rows])

    def has(self, key):
        return key_of(key) in self.done

    def add(self, tables):
        with self.lock:
            for name in ("results.csv", "times.csv", "cells.csv"):
                with open(self.folder / name, "a", newline="", encoding="utf-8") as file:
                    csv.writer(file, lineterminator="\n").writerows(tables[name])


# ---- running ----

def interpreter(peer):
    environment = PEERS[peer].environment
    return sys.executable if environment is None else str(ROOT / "build/peers" / environment / "bin/python")


class Runner:
    """A process of a peer's environment, for all seeds: loading some of them takes longer than their search."""

    def __init__(self, peer, tables, deadline):
        self.peer, self.tables, self.deadline = peer, tables, deadline
        self.process, self.lock = None, threading.Lock()

    def start(self):
        self.process = subprocess.Popen([interpreter(self.peer), "-B", str(HERE / "cell.py"), self.peer], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(self.tables.folder / "errors.log", "a", encoding="utf-8"))

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None

    def answer(self, job):
        """The lines of the tables, or None."""
        if not self.process:
            self.start()
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.process.wait()
        self.process = None
        return None

    def run(self, jobs):
        """How many failed."""
        failed = 0
        with self.lock:
            for job in jobs:
                if time.monotonic() > self.deadline:
                    break
                answer = self.answer(job)
                if answer:
                    self.tables.add(answer)
                failed += not answer
                print(" ".join(map(str, job["key"])), "" if answer else "FAILED: see errors.log", flush=True)
        return failed


def main():
    arguments = parse_arguments()
    page, tables = read_page(arguments.suite), Tables(arguments.out)
    deadline = time.monotonic() + 3600 * arguments.hours
    runners = {peer: Runner(peer, tables, deadline) for peer in arguments.peers.split(",")
               if os.path.exists(interpreter(peer))}
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        running = []
        for seed in range(1, (arguments.seeds or page.get("seeds", 10)) + 1):
            for peer, runner in runners.items():
                jobs = [job for job in jobs_of(page, peer, seed, arguments.seconds) if not tables.has(job["key"])]
                if jobs:
                    running.append(pool.submit(runner.run, jobs))
        failed = sum(future.result() for future in running)
    for runner in runners.values():
        runner.stop()
    return 1 if failed > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
