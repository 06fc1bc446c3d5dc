# SPDX-License-Identifier: GPL-3.0-or-later
"""Suites over what a user brings, without MPI: a finished run as a problem. test_bench_own.py HPO_BENCH HPO_SEARCH"""
import csv
import pathlib
import subprocess
import sys
import tempfile

RUN = "objective: {function: {problem: branin}}\nmethod: random\nseed: 5\nbudget: {trials: %d}\n"
SUITE = ("suite: own\nproblems: [{problem: {journal: run}, name: my run}]\nmethods: [random, rf]\nseeds: 3\n"
         "budget: {full: 15}\n")


def call(*args, code=0, cwd=None):
    ended = subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=cwd)
    assert ended.returncode == code, f"{args}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


def a_run_is_a_problem(bench, search, folder):
    (folder / "study.yaml").write_text(RUN % 120)
    (folder / "suite.yaml").write_text(SUITE)
    call(search, folder / "study.yaml", "--dir", folder / "run")
    told = call(bench, "run", "suite.yaml", "--out", "out", cwd=folder)
    fit = "run/journal.log: a forest fitted to 120 results of 120 trials (value)"
    assert fit in told and "cross-validation over trials: R2 " in told, told
    assert fit in (folder / "out/index.html").read_text()
    call(bench, "run", folder / "suite.yaml", "--out", folder / "again")  # from elsewhere
    results = (folder / "out/results.csv").read_text()
    assert results == (folder / "again/results.csv").read_text()
    rows = list(csv.DictReader(results.splitlines()))
    assert {row["method"] for row in rows} == {"random", "rf"} and len({row["seed"] for row in rows}) == 3
    assert all(row["problem"] == "my run" and not row["regret"] for row in rows)
    seen = [float(row["value"]) for row in csv.DictReader((folder / "out/cells.csv").read_text().splitlines())]
    assert len(seen) == 6 and all(0.3 < value < 320 for value in seen), seen  # the range of the function
    check = call(bench, "check", folder / "suite.yaml")
    assert "a forest fitted to" in check and "6 cells" in check, check


def few_results_are_warned_of(bench, search, folder):
    (folder / "study.yaml").write_text((RUN % 40).replace("random", "gp\ntry_first: [{x1: 0, x2: 0}]"))
    (folder / "suite.yaml").write_text(SUITE)
    call(search, folder / "study.yaml", "--dir", folder / "run")
    told = call(bench, "check", folder / "suite.yaml")
    assert "40 evaluations are few" in told, told
    (folder / "suite.yaml").write_text(SUITE.replace("journal: run", "journal: walk"))
    told = call(bench, "check", folder / "suite.yaml", code=2)
    assert "there is no journal at" in told and "suite.yaml" in told, told


def main():
    for case in (a_run_is_a_problem, few_results_are_warned_of):
        with tempfile.TemporaryDirectory() as folder:
            case(*sys.argv[1:3], pathlib.Path(folder))
    print("what a user brings is measured")


if __name__ == "__main__":
    main()
