#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches by another program on our problems, driven by ask and tell.

usage: search_peers.py OPTIMIZER      reads lines "PROBLEM SEED EVALUATIONS", runs each in a child, answers with lines
       search_peers.py --version OPTIMIZER

Runs in the environment of that optimizer, which scripts/compare_peers.py makes. An answer is a line for each evaluation
- its number, the microseconds of processor time from the last result to this suggestion (telling and asking), its cost
in full evaluations, its fidelity as a share of the full one, the value, the value of a full evaluation without noise -
and "end". Everything is at its defaults but the seed, one evaluation at a time, and what is said at a class below.
"""
import functools
import importlib
import importlib.metadata
import logging
import math
import os
import pathlib
import sys
import tempfile
import time
import traceback
import types
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy and torch are loaded

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import problems  # noqa: E402

warnings.filterwarnings("ignore")


class Optuna:
    def __init__(self, space, seed, _evaluations):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.space, self.study = space, optuna.create_study(sampler=self.sampler(optuna.samplers, seed))

    def ask(self):
        self.trial, config = self.study.ask(), {}
        for kind, name, *bounds in self.space:
            if kind == "float":
                config[name] = self.trial.suggest_float(name, *bounds)
            elif kind == "int":
                config[name] = self.trial.suggest_int(name, 0, bounds[0] - 1)
            else:
                config[name] = self.trial.suggest_categorical(name, list(range(bounds[0])))
        return config

    def tell(self, _config, value):
        self.study.tell(self.trial, value)


class OptunaTPE(Optuna):
    @staticmethod
    def sampler(samplers, seed):
        return samplers.TPESampler(seed=seed)


class OptunaGP(Optuna):
    """deterministic_objective is left at False: it is not told that the problems have no noise, and neither is ours."""

    @staticmethod
    def sampler(samplers, seed):
        import torch
        torch.set_num_threads(1)
        return samplers.GPSampler(seed=seed)


class SMAC:
    """The scenario is told that the objective is deterministic: without that it repeats configurations."""

    def __init__(self, space, seed, evaluations):
        import ConfigSpace
        import smac
        from smac.runhistory.dataclasses import TrialValue
        logging.disable(logging.WARNING)
        self.trial_value, cs = TrialValue, ConfigSpace.ConfigurationSpace(seed=seed)
        for kind, name, *bounds in space:
            if kind == "float":
                cs.add(ConfigSpace.Float(name, tuple(bounds)))
            elif kind == "int":
                cs.add(ConfigSpace.Integer(name, (0, bounds[0] - 1)))
            else:
                cs.add(ConfigSpace.Categorical(name, list(range(bounds[0]))))
        self.folder = tempfile.TemporaryDirectory()
        scenario = smac.Scenario(cs, deterministic=True, n_trials=evaluations, seed=seed,
                                 output_directory=pathlib.Path(self.folder.name))
        facade = getattr(smac, self.facade)
        self.optimizer = facade(scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=False)

    def ask(self):
        self.info = self.optimizer.ask()
        return dict(self.info.config)

    def tell(self, _config, value):
        self.optimizer.tell(self.info, self.trial_value(cost=value, time=0.1))


class SMACForest(SMAC):
    facade = "HyperparameterOptimizationFacade"


class SMACProcess(SMAC):
    facade = "BlackBoxFacade"


class NePSProcess:
    """It draws from the global generators; they are seeded."""

    def __init__(self, space, seed, _evaluations):
        import random

        import neps
        import numpy
        import torch
        torch.set_num_threads(1)
        logging.disable(logging.WARNING)
        random.seed(seed), numpy.random.seed(seed), torch.manual_seed(seed)
        made = {}
        for kind, name, *bounds in space:
            if kind == "float":
                made[name] = neps.Float(*bounds)
            elif kind == "int":
                made[name] = neps.Integer(0, bounds[0] - 1)
            else:
                made[name] = neps.Categorical(tuple(range(bounds[0])))
        self.names = list(made)
        pipeline = type("Space", (neps.PipelineSpace,), made)()
        self.optimizer = neps.AskAndTell(neps.algorithms.bayesian_optimization(pipeline))

    def ask(self):
        self.trial = self.optimizer.ask()
        return {name: self.trial.config[name] for name in self.names}

    def tell(self, _config, value):
        self.optimizer.tell(self.trial, value)


def old_configspace(space, seed):
    import ConfigSpace
    cs = ConfigSpace.ConfigurationSpace(seed=seed)
    for kind, name, *bounds in space:
        if kind == "float":
            cs.add_hyperparameter(ConfigSpace.UniformFloatHyperparameter(name, *bounds))
        elif kind == "int":
            cs.add_hyperparameter(ConfigSpace.UniformIntegerHyperparameter(name, 0, bounds[0] - 1))
        else:
            cs.add_hyperparameter(ConfigSpace.CategoricalHyperparameter(name, list(range(bounds[0]))))
    return cs


class HpBandSterKDE:
    """BOHB's model alone, every evaluation on one budget: its configuration generator in a loop."""

    def __init__(self, space, seed, _evaluations):
        import numpy
        from hpbandster.optimizers.config_generators.bohb import BOHB
        logging.disable(logging.WARNING)
        numpy.random.seed(seed)
        self.generator = BOHB(old_configspace(space, seed))

    def ask(self):
        return dict(self.generator.get_config(1.0)[0])

    def tell(self, config, value):
        self.generator.new_result(types.SimpleNamespace(id=0, exception=None, result={"loss": value},
                                                        kwargs={"budget": 1.0, "config": config}))


OPTIMIZERS = {"optuna-tpe": OptunaTPE, "optuna-gp": OptunaGP, "smac-rf": SMACForest, "smac-gp": SMACProcess,
              "neps-gp": NePSProcess,
              "hpbandster-kde": HpBandSterKDE}
PACKAGES = {"optuna": "optuna", "smac": "smac", "neps": "neural-pipeline-search", "hpbandster": "hpbandster"}
MODULES = {"optuna-tpe": ["optuna"], "optuna-gp": ["torch", "scipy.optimize", "optuna.samplers._gp.sampler"],
           "smac-rf": ["ConfigSpace", "smac"], "smac-gp": ["ConfigSpace", "smac"],
           "neps-gp": ["torch", "botorch", "neps"],
           "hpbandster-kde": ["hpbandster.optimizers"], "hpbandster-bohb": ["hpbandster.optimizers"]}


def search(optimizer, problem, seed, evaluations):
    """Telling and asking alternate; only they are on the clock."""
    function = problems.PROBLEMS[problem]()
    peer = OPTIMIZERS[optimizer](function.space, seed, evaluations)
    told = 0.0
    for number in range(evaluations):
        start = time.process_time()
        config = peer.ask()
        waited = told + time.process_time() - start
        value = function.value(config)
        print(number, f"{waited * 1e6:.3f}", 1, 1, repr(value), repr(value))
        start = time.process_time()
        peer.tell(config, value)
        told = time.process_time() - start


# ---- BOHB with its brackets, on a problem with a fidelity ----

def bohb(problem, seed, evaluations, lowest=3, highest=100):
    """The whole program: its name server, its master and one worker, on this machine. An evaluation begins anew on
    every budget and is charged in full. Brackets are run until the cost is spent; what a bracket does beyond it does
    not count. Times are not taken: messages would be in them."""
    import numpy
    from hpbandster.core.nameserver import NameServer
    from hpbandster.core.worker import Worker
    from hpbandster.optimizers import BOHB
    logging.disable(logging.WARNING)
    numpy.random.seed(seed)
    function, noise = problems.PROBLEMS[problem](), numpy.random.RandomState(1000 + seed)

    class One(Worker):
        def compute(self, config, budget, **_):
            z = min(budget, highest)
            return {"loss": function.noisy(config, z, noise.normal()), "info": function.value(config)}

    name = f"peers-{seed}-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        server = NameServer(run_id=name, host="127.0.0.1", port=0, working_directory=folder)
        host, port = server.start()
        One(run_id=name, nameserver=host, nameserver_port=port).run(background=True)
        master = BOHB(old_configspace(function.space, seed), run_id=name, nameserver=host, nameserver_port=port,
                      min_budget=lowest, max_budget=highest)
        spent, runs = 0.0, []
        while spent < evaluations:
            runs = sorted(master.run(n_iterations=1).get_all_runs(), key=lambda run: run.time_stamps["finished"])
            spent = sum(function.cost(min(run.budget, highest)) for run in runs)
        master.shutdown(shutdown_workers=True)
        server.shutdown()
    for number, run in enumerate(runs):
        z = min(run.budget, highest)
        print(number, math.nan, repr(function.cost(z)), repr(z / highest), repr(run.loss), repr(run.info))


def answer(optimizer, problem, seed, evaluations):
    """In a child: whatever a search leaves behind ends with it. Loading the libraries is paid once."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run = bohb if optimizer == "hpbandster-bohb" else functools.partial(search, optimizer)
            run(problem, seed, evaluations)
            code = 0
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(f"{optimizer} failed on {problem} with seed {seed}")
    print("end", flush=True)


def main():
    if sys.argv[1] == "--version":
        print(importlib.metadata.version(PACKAGES[sys.argv[2].split("-")[0]]))
        return
    for module in MODULES[sys.argv[1]]:
        importlib.import_module(module)
    for line in sys.stdin:
        problem, seed, evaluations = line.split()
        answer(sys.argv[1], problem, int(seed), int(evaluations))


if __name__ == "__main__":
    main()
