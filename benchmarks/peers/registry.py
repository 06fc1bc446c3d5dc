# SPDX-License-Identifier: GPL-3.0-or-later
"""The other programs: a line for each."""
import collections

# module and name of the class in adapters/; the environment under build/peers; the package whose version is told; our
# counterpart, a method of the suite peers; multi: it needs a fidelity; parallel: it also runs with simulated workers;
# seeds: at most so many; metrics: whether it searches one, several or any number of them
Peer = collections.namedtuple("Peer", "module name environment package ours multi parallel seeds metrics",
                              defaults=[False, False, 20, "one"])

PEERS = {  # those that take least time first
    "python random": Peer("random_search", "Random", None, None, "random", False, True, metrics="any"),
    "rustuna tpe": Peer("rustuna_samplers", "TPE", "rustuna", "rustuna", "tpe", False, True),
    "optuna cmaes": Peer("optuna_samplers", "CMAES", "optuna", "optuna", "cma-es", False, True),
    "pymoo nsga2 of 20": Peer("pymoo_nsga2", "Of20", "pymoo", "pymoo", "nsga2 of 20", metrics="several"),
    "optuna nsga2": Peer("optuna_samplers", "NSGA2", "optuna", "optuna", "nsga2", metrics="several"),
    "optuna nsga2 of 20": Peer("optuna_samplers", "NSGA2Of20", "optuna", "optuna", "nsga2 of 20", metrics="several"),
    "optuna tpe": Peer("optuna_samplers", "TPE", "optuna", "optuna", "tpe", False, True, metrics="any"),
    "hyperopt tpe": Peer("hyperopt_tpe", "TPE", "hyperopt", "hyperopt", "tpe"),
    "dehb": Peer("dehb_search", "Search", "dehb", "dehb", "hyperband", True),
    "hpbandster kde": Peer("hpbandster_bohb", "KDE", "hpbandster", "hpbandster", "kde"),
    "hpbandster bohb": Peer("hpbandster_bohb", "BOHB", "hpbandster", "hpbandster", "bohb", True),
    "nevergrad": Peer("nevergrad_search", "Search", "nevergrad", "nevergrad", "auto"),
    "optuna tpe + hyperband": Peer("optuna_samplers", "TPEHyperband", "optuna", "optuna", "tpe + hyperband", True),
    "neps hyperband": Peer("neps_search", "Hyperband", "torch", "neural-pipeline-search", "hyperband", True),
    "propulate": Peer("propulate_search", "Search", "propulate", "propulate", "evolution"),
    "syne tune asha": Peer("syne_tune_schedulers", "ASHA", "syne-tune", "syne-tune", "asha", True),
    "syne tune cqr": Peer("syne_tune_schedulers", "CQR", "syne-tune", "syne-tune", "rf", False, False, 10),
    "syne tune bore": Peer("syne_tune_schedulers", "BORE", "syne-tune", "syne-tune", "tpe"),
    "syne tune asha + cqr": Peer("syne_tune_schedulers", "ASHACQR", "syne-tune", "syne-tune", "mobster", True),
    "smac rf": Peer("smac_facades", "Forest", "smac", "smac", "rf"),
    "optuna gp": Peer("optuna_samplers", "GP", "torch", "optuna", "gp", False, False, 10, metrics="any"),
    "hebo": Peer("hebo_search", "Search", "hebo", "hebo", "gp", False, False, 2),
    "neps bo": Peer("neps_search", "BayesianOptimization", "torch", "neural-pipeline-search", "gp", False, False, 2),
    "smac gp": Peer("smac_facades", "GaussianProcess", "smac", "smac", "gp", False, False, 3),
    "smac multi-fidelity": Peer("smac_facades", "MultiFidelity", "smac", "smac", "smac", True),
    "deephyper": Peer("deephyper_cbo", "CBO", "deephyper", "deephyper", "rf", False, False, 10),
}
