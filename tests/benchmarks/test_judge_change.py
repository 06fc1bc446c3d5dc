# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/judge_change.py makes of tables whose numbers are known by hand."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import judge_change  # noqa: E402


def runs_of(rows):
    """rows: (problem, seed, goal, [(spent, value, exact, regret)]) of the method m on 8 workers"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "cells.csv").write_text("problem,method,workers,seed,goal\n" + "".join(
            f"{p},m,8,{seed},{goal}\n" for p, seed, goal, _ in rows))
        (path / "results.csv").write_text("problem,method,workers,seed,spent,value,exact,regret\n" + "".join(
            f"{p},m,8,{seed},{','.join(map(str, step))}\n" for p, seed, _, steps in rows for step in steps))
        return judge_change.runs(path)


class Losses(unittest.TestCase):
    def test_regret_exact_value(self):
        found = runs_of([("f x", 1, "minimize", [(1, 7, 5, 2), (4, 6, 6, 3)]), ("g x", 1, "maximize", [(2, 9, 8, "")]),
                         ("h x", 2, "maximize", [(2, 9, "", "")]), ("k x", 1, "minimize", [])])
        self.assertEqual(found["f x", "m", 8], {1: [(1, 2), (4, 3)]})
        self.assertEqual(found["g x", "m", 8], {1: [(2, -8)]})
        self.assertEqual(found["h x", "m", 8], {2: [(2, -9)]})
        self.assertEqual(found["k x", "m", 8], {1: []})

    def test_the_incumbent_by_then(self):
        run = [(1, 2.0), (4, 3.0)]
        self.assertEqual([judge_change.loss_at(run, at) for at in (0.5, 1, 3.9, 4)], [float("inf"), 2, 2, 3])


class Tests(unittest.TestCase):
    def test_superiority(self):
        self.assertEqual(judge_change.superiority([1, 2], [0, 2, 3]), (2 + 0.5) / 6)

    def test_wilcoxon(self):  # of the subsets of 1 to 6 one has a sum of 0, and 14 have one of at most 6
        self.assertEqual(judge_change.wilcoxon([1, 2, 3, 4, 5, 6]), 2 / 64)
        self.assertEqual(judge_change.wilcoxon([1, 2, 3, 4, 5, -6, 0]), 28 / 64)
        self.assertEqual(judge_change.wilcoxon([2, 2, 2, -2]), 10 / 16)  # every rank 2.5
        self.assertEqual(judge_change.wilcoxon([0, 0]), 1)


class Groups(unittest.TestCase):
    def test_kinds_and_seeds_of_both(self):
        before = runs_of([("noise f", 1, "minimize", [(1, 0, 0, 3)]), ("noise f", 2, "minimize", [(1, 0, 0, 4)]),
                          ("table g", 1, "minimize", [(1, 0, 0, 1)]), ("table h", 1, "minimize", [(1, 0, 0, 1)])])
        after = runs_of([("noise f", 1, "minimize", [(1, 0, 0, 2), (5, 0, 0, 9)]),
                         ("table g", 1, "minimize", [(1, 0, 0, 1)])])
        groups = judge_change.compare(before, after, 3)
        self.assertEqual(groups["m", 8, "noise"], [(1, False, 1)])
        self.assertEqual(groups["m", 8, "table"], [(0.5, True, 1)])
        self.assertEqual(groups["m", 8, "all"], [(1, False, 1), (0.5, True, 1)])
        self.assertEqual(judge_change.compare(before, after)["m", 8, "noise"], [(0, False, 1)])

    def test_two_methods(self):
        found = {("f", "a", 1): {1: [(1, 2)]}, ("f", "b", 1): {1: [(1, 1)]}, ("g", "b", 8): {1: []}}
        a, b = (judge_change.only(found, method, "b against a") for method in "ab")
        self.assertEqual(dict(judge_change.compare(a, b)), {
            ("b against a", 1, "f"): [(1, False, 1)], ("b against a", 1, "all"): [(1, False, 1)]})

    def test_error_of_a_mean(self):
        self.assertEqual(judge_change.mean_and_error([1, 3]), (2, 1))


if __name__ == "__main__":
    unittest.main()
