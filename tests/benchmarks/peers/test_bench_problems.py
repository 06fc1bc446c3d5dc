# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems in Python: their spaces, values and optima, what is refused, and that the library shows nothing else."""
import ctypes
import math
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks/peers"))
from bench_problems import Problem, names  # noqa: E402


class Problems(unittest.TestCase):
    def test_names(self):
        self.assertIn("branin", names())
        self.assertIn("bbob-f24", names())
        self.assertEqual(len(names()), len(set(names())))

    def test_a_formula(self):
        branin = Problem(problem="branin")
        self.assertEqual([(p.name, p.kind, p.low, p.high) for p in branin.parameters],
                         [("x1", "float", -5.0, 10.0), ("x2", "float", 0.0, 15.0)])
        self.assertAlmostEqual(branin.value({"x1": 2.5, "x2": 7.5}), 24.129964413622268, delta=1e-12)
        self.assertEqual(len(branin.optima()), 3)
        for config, value in branin.optima():
            self.assertAlmostEqual(value, 10 / (8 * math.pi), delta=1e-12)
            self.assertAlmostEqual(branin.value(config), value, delta=1e-12)
        self.assertIsNone(branin.fidelity)
        self.assertFalse(branin.maximize)

    def test_a_table(self):
        naval = Problem(problem="fcnet-naval", average=True)
        rate = next(p for p in naval.parameters if p.name == "init_lr")
        self.assertEqual((rate.kind, rate.choices), ("ordinal", [5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1]))
        (config, value), = naval.optima()
        self.assertEqual(config["activation_fn_1"] in ("relu", "tanh"), True)
        self.assertEqual(naval.evaluate(config), {"value": value, "exact": value})

    def test_fidelity_and_seed(self):
        hartmann = Problem(problem="mf-hartmann3-bad")
        config = {"x1": 0.2, "x2": 0.4, "x3": 0.6}
        self.assertEqual(hartmann.fidelity, ("z", 1.0, 100.0, False))
        self.assertAlmostEqual(hartmann.value(config), -1.0023086415041336, delta=1e-12)
        noisy = [hartmann.evaluate(config, fidelity=3, seed=seed)["value"] for seed in (1, 2, 1)]
        self.assertEqual(noisy[0], noisy[2])
        self.assertNotEqual(noisy[0], noisy[1])
        self.assertAlmostEqual(hartmann.cost(3), 0.050855, delta=1e-12)

    def test_several_metrics(self):
        lcbench = Problem(problem="lcbench", task="segment")
        self.assertEqual(lcbench.metrics[0], "val_accuracy")
        self.assertTrue(lcbench.maximize)
        self.assertEqual(lcbench.optima(), [])
        batch = lcbench.parameters[0]
        self.assertEqual((batch.name, batch.kind, batch.log, batch.low, batch.high), ("batch_size", "int", True, 16, 512))

    def test_conditions(self):
        tuning = Problem(problem="tuning", noise=0.1)
        (config, value), = tuning.optima()
        self.assertEqual((value, config["optimizer"], config["layers"]), (0, "sgd", 3))
        self.assertNotIn("units_4", config)
        self.assertAlmostEqual(tuning.evaluate(config)["exact"], 0, delta=1e-14)
        self.assertNotEqual(tuning.evaluate(config)["value"], 0)
        self.assertEqual(tuning.active({**config, "units_4": 64, "history": 3}), config)
        self.assertIn("units_4: {min: 8, max: 1024, log: true, when: {layers: {ge: 4}}}", tuning.space)

    def test_a_mixed_variant(self):
        mixed = Problem(problem="bbob-f3", dimensions=4, integers=1, choices=1, logs=1, levels=5)
        self.assertEqual([p.kind for p in mixed.parameters], ["int", "categorical", "float", "float"])
        self.assertEqual(mixed.parameters[1].choices, ["c1", "c2", "c3", "c4", "c5"])
        (config, value), = mixed.optima()
        self.assertAlmostEqual(mixed.value(config), value, delta=1e-9)
        with self.assertRaises(ValueError):
            mixed.evaluate_point([5, 0, 1, 0])

    def test_priors(self):
        believed = Problem(problem="hartmann3", prior="bad").parameters[0]
        self.assertEqual(believed.prior, (0.94811347770, 0.25))
        self.assertIsNone(Problem(problem="hartmann3").parameters[0].prior)

    def test_refusals(self):
        with self.assertRaisesRegex(ValueError, "did you mean 'branin'"):
            Problem(problem="brannin")
        with self.assertRaisesRegex(ValueError, "no such point"):
            Problem(problem="branin").evaluate({"x1": 1})
        with self.assertRaises(ValueError):
            Problem(problem="fcnet-naval").parameters[0].encode("gelu")

    def test_nothing_else_is_visible(self):
        library = ctypes.CDLL(os.environ["HPO_PROBLEMS"])
        for name in ("bench_problems", "bench_evaluate", "base_arena_create", "hpo_space_create"):
            self.assertFalse(hasattr(library, name), name)


if __name__ == "__main__":
    unittest.main()
