#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/compare_training.py: which losses agree, who is fastest, what the page says."""
import argparse
import pathlib
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import compare_training as subject  # noqa: E402


class Fake:
    """A program whose step takes the microseconds of a list, one after the other."""

    def __init__(self, name, times):
        self.name, self.times, self.way = name, times, "torch,fused"

    def turn(self):
        return self.times.pop(0)


def row(network, program, samples, ratio, way=""):
    return {"network": network, "program": program, "version": "1.0", "way": way, "us_per_step": "0",
            "samples_per_s": str(samples), "ratio": str(ratio), "first_loss": "2.3", "loss": "1.5"}


class Losses(unittest.TestCase):
    program = types.SimpleNamespace(name="peer", way="torch")

    def test_the_first_must_be_equal_to_rounding(self):
        ours = [2.0] + [1.0] * 63
        self.assertIsNone(subject.disagreement(self.program, [2.00002] + [1.0] * 63, ours))
        self.assertIn("mean of 1 losses 2.0001", subject.disagreement(self.program, [2.0001] + [1.0] * 63, ours))

    def test_later_ones_may_drift_a_little(self):
        ours = [1.0] * 64
        self.assertIsNone(subject.disagreement(self.program, [1.0] + [1.001] * 63, ours))
        self.assertIn("mean of 16", subject.disagreement(self.program, [1.0] + [1.005] * 63, ours))
        self.assertIsNone(subject.disagreement(self.program, [1.0] * 16 + [1.01] * 48, ours))
        self.assertIn("mean of 64", subject.disagreement(self.program, [1.0] * 16 + [1.05] * 48, ours))

    def test_what_is_not_a_number_never_agrees(self):
        ours = [1.0] * 64
        self.assertIsNotNone(subject.disagreement(self.program, [1.0] * 63 + [float("nan")], ours))
        self.assertIsNotNone(subject.disagreement(self.program, [float("nan")] * 64, ours))


class Turns(unittest.TestCase):
    def test_every_program_has_one_in_every_round(self):
        programs = [Fake("here", [1, 2, 3]), Fake("peer", [4, 5, 6])]
        self.assertEqual(subject.take_turns(programs, 3), {"here": [1, 2, 3], "peer": [4, 5, 6]})


class Page(unittest.TestCase):
    rows = [row("mlp", "here", 1000, 1), row("mlp", "slow", 100, 10), row("mlp", "fast", 500, 2, "torch,fused")]

    def test_ours_is_compared_with_the_fastest_peer(self):
        lines = subject.table(self.rows).splitlines()
        self.assertIn("**here** | 1,000 | **2.00 times the fastest peer**", lines[2])
        self.assertIn("fast 1.0 (fused) | 500 | 2.00", lines[3])
        self.assertIn("slow 1.0 | 100 | 10.00", lines[4])

    def test_only_the_table_is_replaced(self):
        page = "before\n<!-- compare_training.py -->\nold\n<!-- end -->\nafter\n"
        self.assertEqual(subject.replace_table(page, "new\n"),
                         "before\n<!-- compare_training.py -->\n\nnew\n\n<!-- end -->\nafter\n")

    def test_the_page_has_a_place_for_it(self):
        page = (subject.TRAINING / "README.md").read_text(encoding="utf-8")
        self.assertIn("x\n", subject.replace_table(page, "x\n"))

    def test_every_network_has_its_file(self):
        for _, arguments in subject.NETWORKS.values():
            self.assertTrue((subject.TRAINING / arguments[0]).exists())


class Ways(unittest.TestCase):
    """The fastest stays, the others end; what is for images is left out without them."""

    def fastest(self, times, shape):
        started, saved = [], (subject.start_peer, subject.warm_up, subject.description_of)

        class Started:
            def __init__(self, way):
                self.way, self.open = way, True
                started.append(self)

            def time(self, _):
                return times[self.way]

            def close(self):
                self.open = False

        subject.start_peer = lambda name, way, network, arguments: Started(way)
        subject.warm_up = lambda program, ours: None
        subject.description_of = lambda network, arguments: {"shape": shape}
        try:
            best = subject.fastest_way("pytorch-debian", "cnn", [], argparse.Namespace(turn=1))
        finally:
            subject.start_peer, subject.warm_up, subject.description_of = saved
        self.assertEqual([p.way for p in started if p.open], [best.way])
        return best.way, len(started)

    def test_the_second_may_be_faster(self):
        self.assertEqual(self.fastest({"torch": 3, "torch,channels_last": 2}, [28, 28, 1]), ("torch,channels_last", 2))

    def test_or_the_first(self):
        self.assertEqual(self.fastest({"torch": 1, "torch,channels_last": 2}, [28, 28, 1]), ("torch", 2))

    def test_a_perceptron_has_no_channels(self):
        self.assertEqual(self.fastest({"torch": 1}, [784]), ("torch", 1))


if __name__ == "__main__":
    unittest.main()
