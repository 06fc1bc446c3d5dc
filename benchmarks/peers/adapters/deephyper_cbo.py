# SPDX-License-Identifier: GPL-3.0-or-later
"""DeepHyper's centralized Bayesian optimization with its default surrogate, by ask and tell. It maximizes."""
from accounting import Suggestion
from configspaces import add_conditions, parameter
from deephyper.hpo import CBO as Program
from deephyper.hpo import HpProblem


class CBO:
    def __init__(self, space, seed, _study):
        problem = HpProblem()
        for d in space:
            problem.add(parameter(d))
        add_conditions(problem.space, space)
        self.program = Program(problem, random_state=seed, log_dir=".", checkpoint_history_to_csv=False)

    def ask(self):
        config = self.program.ask(1)[0]
        return Suggestion(config, dict(config))

    def tell(self, suggestion, value):
        self.program.tell([(suggestion.token, -value)])
