# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/evaluations_saved.py makes of tables whose numbers are known by hand."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import evaluations_saved  # noqa: E402

RUNS = {  # (method, seed): [(spent, value)], larger is better
    ("full", 1): [(1, 10), (50, 30)], ("full", 2): [(2, 10), (90, 40)], ("full", 3): [(3, 10), (120, 99)],
    ("early", 1): [(1, 5), (20, 35)], ("early", 2): [(4, 40)], ("early", 3): [(60, 20)], ("early", 4): [(1, 99)],
    ("late", 1): [(100, 29)], ("late", 2): [(101, 50)], ("late", 3): [(99, 29)],
}


def found():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "cells.csv").write_text("problem,method,workers,seed,goal\n" + "".join(
            f"x,{method},1,{seed},maximize\n" for method, seed in RUNS))
        (path / "results.csv").write_text("problem,method,workers,seed,spent,value,exact,regret\n" + "".join(
            f"x,{method},1,{seed},{at},{v},{v},\n" for (method, seed), run in RUNS.items() for at, v in run))
        return evaluations_saved.runs(path)


class Saved(unittest.TestCase):
    def test_medians_and_common_seeds(self):
        """The median of `full` is 30 at 100; of `early`, whose fourth seed counts for nothing, it is 35 from 20 on."""
        self.assertEqual(list(evaluations_saved.lines(found(), [("early", "full")], 100)),
                         ["| early | full | x | 3 | 20.0 | 80% |"])

    def test_never(self):
        self.assertEqual(list(evaluations_saved.lines(found(), [("late", "full")], 100)),
                         ["| late | full | x | 3 | never | |"])

    def test_nothing_found_yet(self):
        run = [(5, 2.0)]
        self.assertEqual(evaluations_saved.loss_at(run, 4.9), float("inf"))
        self.assertEqual(evaluations_saved.loss_at(run, 5), 2.0)


if __name__ == "__main__":
    unittest.main()
