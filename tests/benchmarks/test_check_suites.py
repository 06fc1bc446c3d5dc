# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/check_suites.py says of tables whose numbers are known by hand."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_suites  # noqa: E402

CELLS = "problem,method,workers,seed,goal,median\n"
RESULTS = "problem,method,workers,seed,spent,exact,regret\n"


def runs_of(rows):
    """rows: (problem, method, seed, goal, median, [(spent, exact, regret or "")])"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "cells.csv").write_text(CELLS + "".join(f"{p},{m},1,{s},{g},{v}\n" for p, m, s, g, v, _ in rows))
        (path / "results.csv").write_text(RESULTS + "".join(
            f"{p},{m},1,{s},{spent},{exact},{regret}\n" for p, m, s, _, _, steps in rows
            for spent, exact, regret in steps))
        return check_suites.Runs(path)


def said(method, *arguments):
    """(claims that do not hold, what is printed)"""
    checks, out = check_suites.Checks(), io.StringIO()
    with contextlib.redirect_stdout(out):
        method(checks, *arguments)
    return checks.failed, out.getvalue()


class NormalizedRegret(unittest.TestCase):
    def test_known_and_unknown_optima(self):
        runs = runs_of([("f", "a", 1, "minimize", 18, [(1, 14, 4), (3, 12, 2)]),
                        ("g", "a", 1, "maximize", 10, [(2, 12, "")]), ("g", "b", 1, "maximize", 10, [(1, 14, "")])])
        self.assertEqual(runs.normalized("f", "a", 1), [0.5])
        self.assertEqual(runs.normalized("f", "a", 3), [0.25])
        self.assertEqual(runs.normalized("g", "a", 1), [1.0])  # nothing yet
        self.assertEqual(runs.normalized("g", "a", 2), [0.5])  # of 14, the best that anybody has
        self.assertEqual(runs.regrets("g", "a", 2), [2])

    def test_the_error_is_that_of_the_seeds(self):
        rows = [("f", m, s, "minimize", 10, [(1, x, x)]) for m, xs in (("a", (1, 3)), ("b", (5, 9)))
                for s, x in enumerate(xs)]
        difference, error, means = runs_of(rows).difference(["f"], "a", "b", 1)
        self.assertAlmostEqual(difference, -0.5)
        self.assertAlmostEqual(error, (0.02 / 2 + 0.08 / 2) ** 0.5)
        self.assertEqual([round(mean, 12) for mean in means], [0.2, 0.7])


class Claims(unittest.TestCase):
    def rows(self, ours, theirs):
        return runs_of([("f", m, s, "minimize", 10, [(1, x + s / 100, x + s / 100)])
                        for m, x in (("a", ours), ("b", theirs)) for s in range(9)])

    def compare(self, runs, relation):
        return said(check_suites.Checks.compare, runs, ["f"], "a", relation, "b", (1,))

    def test_ahead_and_behind(self):
        self.assertEqual(self.compare(self.rows(2, 3), "ahead of")[0], 0)
        self.assertEqual(self.compare(self.rows(3, 3), "ahead of")[0], 1)
        self.assertIn("DOES NOT HOLD: a ahead of b: 1: 0.304 to 0.304", self.compare(self.rows(3, 3), "ahead of")[1])

    def test_not_behind_is_for_the_family(self):
        for ours, failures in ((3, 0), (4, 1)):
            checks, out = check_suites.Checks(), io.StringIO()
            with contextlib.redirect_stdout(out):
                checks.compare(self.rows(ours, 3), ["f"], "a", "not behind", "b", (1, 2))
                self.assertEqual(checks.failed, 0)
                self.assertEqual(len(checks.family), 2)
                checks.close_family()
            self.assertEqual(checks.failed, failures * 3)  # both comparisons, and their number
            self.assertEqual("DOES NOT HOLD: a is behind b after 2" in out.getvalue(), failures == 1)

    def family(self, *zs):
        def close(checks):
            checks.family = [(f"number {i}", z) for i, z in enumerate(zs)]
            checks.close_family()
        return said(close)

    def test_what_chance_does_is_no_fault(self):
        self.assertEqual(self.family(*[2.2] * 3, *[-1] * 57)[0], 0)
        self.assertEqual(self.family(*[2.2] * 8, *[-1] * 52)[0], 1)  # too many, though none by itself
        failed, text = self.family(3.5, *[-1] * 59)
        self.assertEqual(failed, 1)
        self.assertIn("DOES NOT HOLD: number 0 (z +3.5, p by Holm 0.0140)", text)

    def test_corrections(self):
        # Holm (1979): p times the number of hypotheses that are left, never less than one before
        for found, there in zip(check_suites.holm([0.01, 0.04, 0.03, 0.005]), (0.03, 0.06, 0.06, 0.02)):
            self.assertAlmostEqual(found, there)
        self.assertAlmostEqual(check_suites.p_of(1.959964), 0.025, 6)
        # of 10 fair coins more than 8 show heads with probability 11/1024, more than 7 with 56/1024
        self.assertEqual(check_suites.most_by_chance(10, 0.5, 0.05), 8)
        self.assertEqual(check_suites.most_by_chance(10, 0.5, 0.06), 7)

    def test_local_search_and_its_anchors(self):
        for there, failures in ((90.9, 0), (90.7, 1)):  # the spread of 0.28 allows 4 * 0.28 / 2 = 0.56 below 91.391
            rows = [("nasbench201-cifar10", "local", s, "maximize", 80,
                     [(50, there + 0.2 * (-1) ** s, 0.1), (90, 91.534 + 0.01 * (-1) ** s, 0.1),
                      (290, 91.606 + 0.001 * (-1) ** s, 0)]) for s in range(4)]
            runs, checks, out = runs_of(rows), check_suites.Checks(), io.StringIO()
            anchors = [row for row in check_suites.read_table(check_suites.ROOT / "benchmarks/anchors.csv")
                       if row["problem"] == "nasbench201-cifar10" and row["method"] == "local"]
            with contextlib.redirect_stdout(out):
                check_suites.check_anchors(runs, anchors, checks)
            self.assertEqual(checks.failed, failures, out.getvalue())


if __name__ == "__main__":
    unittest.main()
