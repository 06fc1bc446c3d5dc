# SPDX-License-Identifier: GPL-3.0-or-later
"""Suites over what a user brings, without MPI: a finished run and a program as problems. test_bench_own.py HPO_BENCH
HPO_SEARCH [--no-mpi]"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

RUN = "objective: {function: {problem: branin}}\nmethod: random\nseed: 5\nbudget: {trials: %d}\n"
SUITE = ("suite: own\nproblems: [{problem: {journal: run}, name: my run}]\nmethods: [random, rf]\nseeds: 3\n"
         "budget: {full: 15}\n")

# A curve that falls to the square of x.
PROGRAM = """
k=0
while [ "$k" -lt "$2" ]; do
    k=$((k + 1))
    echo "{\\"epochs\\": $k, \\"loss\\": $(($1 * $1 + 1000 / k))}"
done
"""
PROBLEM = ("objective: {command: {run: [sh, program.sh, '{x}', '{epochs}']}}\nparameters: {x: {min: 1, max: 1000}}\n"
           "metric: {name: loss, goal: minimize}\nfidelity: {epochs: {min: 1, max: 9}}")
PROGRAMS = (f"suite: programs\nproblems: [{{name: mine, {', '.join(PROBLEM.splitlines())}}}]\nmethods: [random, hyperband]\n"
            "workers: 3\nseeds: 2\nbudget: {full: 2}\n")


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


def rows_of(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def a_program_is_a_problem(bench, search, folder):
    """What a cell finds and spends is what a deterministic run of hpo_search finds with as many virtual workers."""
    (folder / "program.sh").write_text(PROGRAM)
    (folder / "suite.yaml").write_text(PROGRAMS)
    (folder / "study.yaml").write_text("seed: 2\ndeterministic: true\nworkers: 3\nmethod: hyperband\n"
                                       f"budget: {{cost: 18}}\n{PROBLEM}\n")
    call(bench, "run", folder / "suite.yaml", "--out", folder / "out")
    with_ranks = () if "--no-mpi" in sys.argv else ("-j", "1")
    call(bench, "run", folder / "suite.yaml", "--out", folder / "again", *with_ranks)
    call(search, folder / "study.yaml", "--dir", folder / "run")
    for name in ("results.csv", "cells.csv"):
        assert (folder / "out" / name).read_text() == (folder / "again" / name).read_text()
    cells = rows_of(folder / "out/cells.csv")
    assert [cell["method"] for cell in cells] == ["random", "hyperband"] * 2
    ours, status = cells[3], json.loads((folder / "run/status.json").read_text())
    assert int(ours["trials"]) == status["trials"]["all"] > 3
    assert abs(float(ours["spent"]) * 9 - status["cost"]) < 1e-6
    assert abs(float(ours["value"]) - status["best"]["value"]) < 1e-8
    assert {float(row["fidelity"]) for row in rows_of(folder / "out/results.csv")} == {1, 3, 9}
    assert not (folder / "out/trials/0/trials").exists()


def programs_that_fail_leave_their_logs(bench, search, folder):
    del search
    (folder / "program.sh").write_text("echo it hurts >&2; exit 3\n")
    (folder / "suite.yaml").write_text(PROGRAMS.replace("seeds: 2", "seeds: 1"))
    call(bench, "run", folder / "suite.yaml", "--out", folder / "out")
    assert all(cell["value"] in ("", "nan") for cell in rows_of(folder / "out/cells.csv"))
    assert "it hurts" in (folder / "out/trials/0/trials/0/log").read_text()


def other_methods_want_another_folder(bench, search, folder):
    del search
    suite = "suite: own\nproblems: [branin]\nmethods: [random, sobol]\nseeds: 1\nbudget: {full: 5}\n"
    (folder / "suite.yaml").write_text(suite)
    call(bench, "run", "suite.yaml", "--out", "out", cwd=folder)
    told = call(bench, "run", "suite.yaml", "--out", "out", "--set", "methods=[random]", code=2, cwd=folder)
    assert told.endswith("/out has the methods random, sobol; you ask for random: give another --out, or remove the "
                         "folder\n"), told
    assert "4 cells in " in call(bench, "run", "suite.yaml", "--out", "out", "--set", "seeds=2", cwd=folder)


def help_and_numbers(bench, search, folder):
    del search
    for verb in ("run", "compare", "check", "list"):
        assert call(bench, verb, "--help").startswith("usage: hpo_bench run SUITE"), verb
    (folder / "suite.yaml").write_text("suite: own\nproblems: [branin]\nmethods: [random]\nseeds: 1\nbudget: {full: 5}\n")
    told = call(bench, "check", folder / "suite.yaml")
    assert told == "own: 1 problem, 1 method, 1 seed: 1 cell\n", told
    told = call(bench, "check", folder / "suite.yaml", "--set", "workers=[1, 8]", "--set", "seeds=3")
    assert told == "own: 1 problem, 1 method, 2 numbers of workers, 3 seeds: 6 cells\n", told


def main():
    for case in (a_run_is_a_problem, few_results_are_warned_of, a_program_is_a_problem,
                 programs_that_fail_leave_their_logs, other_methods_want_another_folder,
                 help_and_numbers):
        with tempfile.TemporaryDirectory() as folder:
            case(*sys.argv[1:3], pathlib.Path(folder))
    print("what a user brings is measured")


if __name__ == "__main__":
    main()
