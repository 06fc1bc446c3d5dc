# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of benchmarks/problems for searchers in Python: the same spaces, the same values.

A parameter is ("float", name, low, high), ("int", name, number of values) - the index on an ordered axis - or
("choice", name, number of values). compare_peers.py checks the values against journals of hpo_search.
"""
import gzip
import math
import pathlib

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

ALPHA = (1.0, 1.2, 3.0, 3.2)
A6 = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
P6 = ((0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886), (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
      (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650), (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381))
FCNET = (("choice", "activation_fn_1", ("relu", "tanh")), ("choice", "activation_fn_2", ("relu", "tanh")),
         ("int", "batch_size", (8, 16, 32, 64)), ("int", "dropout_1", (0, 0.3, 0.6)),
         ("int", "dropout_2", (0, 0.3, 0.6)), ("int", "init_lr", (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1)),
         ("choice", "lr_schedule", ("cosine", "const")), ("int", "n_units_1", (16, 32, 64, 128, 256, 512)),
         ("int", "n_units_2", (16, 32, 64, 128, 256, 512)))


class Branin:
    optimum = 10 / (8 * math.pi)
    space = [("float", "x1", -5.0, 10.0), ("float", "x2", 0.0, 15.0)]

    def value(self, config):
        x, y = config["x1"], config["x2"]
        b, c, t = 5.1 / (4 * math.pi ** 2), 5 / math.pi, 1 / (8 * math.pi)
        return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - t) * math.cos(x) + 10


class Hartmann6:
    optimum = -3.322368011391339
    space = [("float", f"x{i}", 0.0, 1.0) for i in range(1, 7)]

    def value(self, config, loss=0.0):
        return -sum((alpha - loss) * math.exp(-sum(weight * (config[f"x{j}"] - place) ** 2 for j, (weight, place)
                                                   in enumerate(zip(weights, places), 1)))
                    for alpha, weights, places in zip(ALPHA, A6, P6))


class MFHartmann6Good(Hartmann6):
    """With z in [1, 100]: biased and noisy below 100. cost: in full evaluations."""
    bias, noise = 2.5, 2.0

    def noisy(self, config, z, normal):
        missing = 1 - math.log(z) / math.log(100)
        return self.value(config, self.bias * missing) + abs(normal) * self.noise * missing

    @staticmethod
    def cost(z):
        return 0.05 + 0.95 * (z / 100) ** 2


class FCNetNaval:
    """The mean of a row's four trainings; a configuration holds the indices on the axes."""
    optimum = 3.191134738e-05
    space = [(kind, name, len(values)) for kind, name, values in FCNET]

    def __init__(self):
        with gzip.open(DATA / "fcnet-naval.csv.gz", "rt") as file:
            next(file)
            self.mean = {row[0]: sum(map(float, row[1:5])) / 4 for row in (line.split(",") for line in file)}

    def value(self, config):
        return self.mean["".join(str(int(config[name])) for _, name, _ in self.space)]

    @staticmethod
    def indices(config):
        """Of a configuration with the table's own values."""
        return {name: values.index(config[name]) for _, name, values in FCNET}


PROBLEMS = {"branin": Branin, "hartmann6": Hartmann6, "fcnet-naval": FCNetNaval, "mf-hartmann6-good": MFHartmann6Good}
