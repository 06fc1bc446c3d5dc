# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of other programs counts as hpo_bench does: random search of Python's standard library beside ours.

usage: test_run.py HPO_BENCH
"""
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks/peers"))
import accounting  # noqa: E402
import space  # noqa: E402
from bench_problems import Problem  # noqa: E402

PAGE = {"suite": "small", "title": "Two problems", "methods": ["random"], "workers": [1, 8], "seeds": 2,
        "budget": {"full": 13},
        "problems": [{"problem": "branin"}, {"problem": {"problem": "hartmann6", "noise": 0.1}, "name": "noisy"},
                     {"problem": {"problem": "mf-hartmann3-good"}, "name": "with a fidelity",
                      "fidelity": {"z": {"min": 3, "max": 100}}},
                     {"problem": {"problem": "nasbench-macro", "average": True}, "name": "two metrics",
                      "metrics": [{"name": "value", "reference": 45}, {"name": "parameters", "reference": 2200000}]}]}
HPO_BENCH = sys.argv.pop()


def rows(folder, name):
    with open(pathlib.Path(folder, name), newline="", encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: (row["problem"], row["workers"], row["seed"]))


def run_peers(folder):
    subprocess.run([sys.executable, "-B", str(ROOT / "benchmarks/peers/run.py"), f"{folder}/page.yaml", "--out",
                    f"{folder}/theirs", "--peers", "python random"], check=True, stdout=subprocess.DEVNULL)


class Counting(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        pathlib.Path(self.folder.name, "page.yaml").write_text(json.dumps(PAGE), encoding="utf-8")
        run_peers(self.folder.name)

    def test_cells_are_those_of_hpo_bench(self):
        folder = self.folder.name
        subprocess.run([HPO_BENCH, "run", f"{folder}/page.yaml", "--out", f"{folder}/ours"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ours, theirs = rows(f"{folder}/ours", "cells.csv"), rows(f"{folder}/theirs", "cells.csv")
        self.assertEqual(len(ours), 16)
        for a, b in zip(ours, theirs):
            for column in accounting.HEADINGS["cells.csv"][2:10] + ["problem"]:
                self.assertEqual(a[column], b[column], column)
        headings = [list(rows(f"{folder}/{who}", "results.csv")[0]) for who in ("ours", "theirs")]
        self.assertEqual(*headings)

    def test_regret_is_without_noise(self):
        optimum = Problem(problem="hartmann6").optima()[0][1]
        noisy = [row for row in rows(f"{self.folder.name}/theirs", "results.csv") if row["problem"] == "noisy"]
        self.assertTrue(any(row["value"] != row["exact"] for row in noisy))
        for row in noisy:
            self.assertAlmostEqual(float(row["regret"]), float(row["exact"]) - optimum, delta=1e-8)

    def test_the_value_of_a_front_is_its_hypervolume(self):
        problem = Problem(problem="nasbench-macro", average=True)
        goals = accounting.Goals(problem, [("value", 45), ("parameters", 2200000)])
        self.assertEqual(goals.told({"value": 90, "exact": 1, "parameters": 7, "flops": 3}), [-90, 7])
        self.assertEqual(goals.worth({"value": 46, "parameters": 2199990}), (10, 10))
        self.assertEqual(goals.worth({"value": 47, "parameters": 2199995}), (15, 15))  # 1 x 10, and 1 x 5 more
        self.assertEqual(goals.worth({"value": 44, "parameters": 1}), (15, 15))  # beyond the reference
        two = [row for row in rows(f"{self.folder.name}/theirs", "results.csv") if row["problem"] == "two metrics"]
        self.assertTrue(two and all(row["regret"] == "" and row["value"] == row["exact"] for row in two))

    def test_what_was_cut_short_is_run_again(self):
        results, cells = (pathlib.Path(self.folder.name, "theirs", name) for name in ("results.csv", "cells.csv"))
        whole, lines = sorted(results.read_text().splitlines()), cells.read_text().splitlines()
        cells.write_text("\n".join(lines[:-1]) + "\n")  # its rows in results.csv are there
        run_peers(self.folder.name)
        self.assertEqual(sorted(results.read_text().splitlines()), whole)
        self.assertEqual(sorted(cells.read_text().splitlines()), sorted(lines))


class Script:
    """A program that says the same configurations on the same fidelities."""

    def __init__(self, suggestions):
        self.left = list(suggestions)

    def ask(self):
        config, fidelity = self.left.pop(0)
        return accounting.Suggestion(None, config, fidelity)

    def tell(self, _suggestion, _value):
        pass


class Costs(unittest.TestCase):
    def study(self, problem, config, fidelities, highest, full):
        known = space.dimensions(problem)
        study = accounting.Study(problem, lambda c: space.decode(known, c), Script([(config, f) for f in fidelities]),
                                 1, full, (1, highest), 1)
        study.run()
        return study

    def test_a_network_is_trained_on(self):
        problem = Problem(problem="lcbench", task="adult")
        config = {d.name: d.low for d in space.dimensions(problem)}
        study = self.study(problem, config, [13, 26, 52, 52], 52, 2)
        self.assertAlmostEqual(study.spent, 2, delta=1e-12)
        self.assertEqual((study.ended, study.n_trials), (4, 2))

    def test_a_formula_begins_anew(self):
        problem = Problem(problem="mf-hartmann3-good")
        study = self.study(problem, {"x1": 0.1, "x2": 0.2, "x3": 0.3}, [50, 100], 100, 1)
        self.assertAlmostEqual(study.spent, 0.05 + 0.95 * 0.25 + 1, delta=1e-12)
        self.assertEqual(study.n_trials, 1)


class Conditions(unittest.TestCase):
    def test_they_are_the_problems(self):
        """What the conditions of a dimension leave active is what the problem leaves active."""
        for name in ("jenatton", "tuning"):
            problem = Problem(problem=name)
            known = space.dimensions(problem)
            for k in range(64):
                config = {d.name: d.values()[k // (i + 1) % len(d.values())] if d.kind != "float" else
                          math.sqrt(d.low * d.high) if d.log else (d.low + d.high) / 2 for i, d in enumerate(known)}
                self.assertEqual(space.decode(known, config), problem.active(config))


if __name__ == "__main__":
    unittest.main()
