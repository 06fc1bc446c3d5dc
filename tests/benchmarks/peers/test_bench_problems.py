# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems in Python: their spaces, values and optima, what is refused, and that the library shows nothing else."""
import ctypes
import math
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks/peers"))
from bench_problems import Problem, hypervolume, names  # noqa: E402


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

    def test_directions(self):
        macro = Problem(problem="nasbench-macro")
        self.assertEqual(macro.metrics, ["value", "exact", "parameters", "flops"])
        self.assertEqual(macro.maximizes, [True, True, False, False])

    def test_hypervolume(self):
        front = [[1, 3], [2, 2], [3, 1], [3, 3], [9, 0]]  # the last but one is dominated, the last beyond the reference
        self.assertEqual(hypervolume(front, [4, 4]), 3 + 2 + 1)
        self.assertEqual(hypervolume([[0, 0, 0], [1, 1, 1]], [2, 3, 4]), 24)

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
        branin, naval = Problem(problem="branin"), Problem(problem="fcnet-naval")
        (best, _), = naval.optima()
        hartmann, middle = Problem(problem="mf-hartmann3-bad"), {"x1": 0.5, "x2": 0.5, "x3": 0.5}
        mixed = Problem(problem="bbob-f3", dimensions=2, integers=1)
        for problem, config, message in (
                (branin, {"x1": 1}, "x2 is missing"),
                (branin, {"x1": 99, "x2": 1}, "x1 = 99 is outside [-5, 10]"),
                (branin, {"x1": math.nan, "x2": 1}, "x1 = nan is outside [-5, 10]"),
                (branin, {"x1": 1, "x2": 1, "zzz": 1}, "no parameter 'zzz'; there are: x1, x2"),
                (branin, {"x1": "one", "x2": 1}, "x1: 'one' is no number"),
                (mixed, {"x1": 1.5, "x2": 0}, "x1 = 1.5 is no integer"),
                (naval, {**best, "activation_fn_1": "nonsense"}, "activation_fn_1: 'nonsense' is none of relu, tanh")):
            for ask in (problem.value, problem.evaluate, problem.active):
                with self.assertRaises(ValueError) as refused:
                    ask(config)
                self.assertEqual(str(refused.exception), message)
        with self.assertRaisesRegex(ValueError, r"z = 200 is outside \[1, 100\]"):
            hartmann.value(middle, fidelity=200)
        with self.assertRaisesRegex(ValueError, "no such point"):
            branin.evaluate_point([1, math.nan])

    def test_what_rounding_leaves_is_within(self):
        batch = Problem(problem="branin").parameters[0]
        self.assertEqual(batch.encode(10.000000001), 10)
        self.assertEqual(batch.encode(-5.000000001), -5)

    def test_what_is_inactive_may_be_there(self):
        """It counts for nothing; what is active and missing is refused, also where it has a condition."""
        tuning = Problem(problem="tuning")
        (config, value), = tuning.optima()
        self.assertEqual(tuning.value({**config, "units_4": 64}), value)
        with self.assertRaisesRegex(ValueError, "units_3 is missing"):
            tuning.value({name: at for name, at in config.items() if name != "units_3"})

    def test_they_say_what_they_are(self):
        self.assertEqual(repr(Problem(problem="branin")),
                         "branin: minimize value\n  x1: float [-5, 10]\n  x2: float [0, 15]")
        self.assertIn("lcbench: maximize val_accuracy, epochs from 1 to 52\n  batch_size: int [16, 512] log\n",
                      repr(Problem(problem="lcbench", task="segment")))
        self.assertIn("\n  init_lr: ordinal [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1]\n",
                      repr(Problem(problem="fcnet-naval")))

    def test_without_the_library(self):
        """One message, and nothing of an object that was never made."""
        program = "from bench_problems import Problem; Problem(problem='branin')"
        ended = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True,
                               cwd=ROOT / "benchmarks/peers", env={**os.environ, "HPO_PROBLEMS": "/nowhere.so"})
        self.assertEqual(ended.returncode, 1)
        self.assertIn("OSError: /nowhere.so", ended.stderr)
        self.assertNotIn("__del__", ended.stderr)

    def test_nothing_else_is_visible(self):
        library = ctypes.CDLL(os.environ["HPO_PROBLEMS"])
        for name in ("bench_problems", "bench_evaluate", "base_arena_create", "hpo_space_create"):
            self.assertFalse(hasattr(library, name), name)


if __name__ == "__main__":
    unittest.main()
