# SPDX-License-Identifier: GPL-3.0-or-later
"""DEHB by ask and tell. What it evaluates on a higher fidelity is mostly a new configuration, paid from scratch."""
import dehb
from accounting import Suggestion
from configspaces import configspace
from loguru import logger


class Search:
    def __init__(self, space, seed, study):
        logger.remove()
        lowest, highest = study["fidelity"]
        self.integer = study["integer"]
        self.program = dehb.DEHB(cs=configspace(space, seed), min_fidelity=lowest, max_fidelity=highest, n_workers=1,
                                 seed=seed, save_freq="end", output_path=".")

    def ask(self):
        job = self.program.ask()
        fidelity = int(job["fidelity"] + 1e-9) if self.integer else float(job["fidelity"])
        return Suggestion((job, fidelity), dict(job["config"]), fidelity)

    def tell(self, suggestion, value):
        job, fidelity = suggestion.token
        self.program.tell(job, {"fitness": value, "cost": fidelity})
