# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of the report of peers: tables of the rank sum's distribution, ties by counting, Holm's own procedure."""
import itertools
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks/peers"))
import report  # noqa: E402


class Tests(unittest.TestCase):
    def test_tables(self):
        p, smallest = report.mann_whitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
        self.assertAlmostEqual(p, 2 / 252, delta=1e-15)
        self.assertAlmostEqual(smallest, 2 / 252, delta=1e-15)
        self.assertAlmostEqual(report.mann_whitney([1, 2, 3, 4, 6], [5, 7, 8, 9, 10])[0], 4 / 252, delta=1e-15)
        self.assertAlmostEqual(report.mann_whitney([1, 1], [1, 1])[0], 1, delta=1e-15)

    def test_ties_by_all_assignments(self):
        a, b = [1, 2, 2, 5], [2, 3, 5, 5, 7]
        pooled = a + b
        mean_rank = [sum(y < x for y in pooled) + (sum(y == x for y in pooled) + 1) / 2 for x in pooled]
        middle, seen = 4 * 10 / 2, abs(sum(mean_rank[:4]) - 4 * 10 / 2)
        sums = [abs(sum(chosen) - middle) for chosen in itertools.combinations(mean_rank, 4)]
        p, _ = report.mann_whitney(a, b)
        self.assertAlmostEqual(p, sum(s >= seen - 1e-9 for s in sums) / len(sums), delta=1e-15)

    def test_holm(self):
        for got, want in zip(report.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]):
            self.assertAlmostEqual(got, want, delta=1e-15)

    def test_superiority(self):
        self.assertEqual(report.superiority([1, 2], [2, 3]), (1 + 1 + 0.5 + 1) / 4)

    def test_ranks_with_seeds_that_differ_in_number(self):
        found = {("a", "x"): {"1": 1, "2": 2}, ("b", "x"): {"1": 3}, ("c", "x"): {"1": 1, "2": 4, "3": 5},
                 ("a", "y"): {"1": 0}, ("b", "y"): {"1": 0}, ("c", "y"): {"1": 0}}
        ranks = report.expected_ranks(found, ["a", "b", "c"], ["x", "y"])
        self.assertAlmostEqual(ranks["a"], (1 + 0 + 1.5 / 6 + 2) / 2, delta=1e-15)
        self.assertAlmostEqual(sum(ranks.values()), 1 + 2 + 3, delta=1e-15)

    def test_ahead_with_and_without_correction(self):
        lines = [("x", 5, 0, 1, 0.9, 0.02, 0.01), ("y", 5, 0, 1, 0.1, 0.001, 0.01), ("z", 5, 0, 1, 0.6, 0.5, 0.01)]
        corrected = report.holm([line[5] for line in lines])
        self.assertEqual(report.ahead(lines, corrected, "ours"), "1 / 1")
        self.assertEqual(report.ahead(lines, [0.06, 0.003, 0.5], "ours"), "0 / 1")
        self.assertEqual(report.ahead(lines, [0.06, 0.003, 0.5], "theirs"), "1 / 1")

    def test_a_page_keeps_what_is_outside_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder, "page.md")
            for name, method in (("ours", "tpe"), ("theirs", "optuna tpe")):
                write_run(pathlib.Path(folder, name), method)
            page.write_text("before\n<!-- workers 1 -->\nold\n<!-- end -->\nafter <!-- end -->\n", encoding="utf-8")
            for _ in range(2):  # the second time finds the first one's place
                subprocess.run([sys.executable, "-B", report.__file__, f"{folder}/ours", f"{folder}/theirs", "--into",
                                page], check=True)
            text = page.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("before\n<!-- workers 1 -->\n\n| peer "))
        self.assertTrue(text.endswith("\n<!-- end -->\nafter <!-- end -->\n"))
        self.assertIn("| optuna tpe | tpe | 1 | 2 | 0.50 | 0 / 0 | 0 / 0 | 1 | 0.3 |", text)
        self.assertIn("| **tpe** | 1.50 | 2 |", text)
        self.assertNotIn("old", text)


def write_run(folder, method):
    folder.mkdir()
    keys = [f"branin,{method},1,{seed}" for seed in (1, 2)]
    (folder / "cells.csv").write_text("problem,method,workers,seed,goal\n" +
                                      "".join(f"{key},minimize\n" for key in keys), encoding="utf-8")
    (folder / "results.csv").write_text("problem,method,workers,seed,spent,value,exact,regret\n" +
                                        "".join(f"{key},5,1,1,0.5\n{key},70,0,0,0.1\n" for key in keys),
                                        encoding="utf-8")


if __name__ == "__main__":
    unittest.main()
