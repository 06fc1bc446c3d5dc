# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells of one peer, in its environment: reads a job for each line of JSON, answers with lines of the tables.

run.py starts it. A cell runs in a child, so that whatever it leaves behind ends with it, and loading is paid once.
"""
import importlib
import json
import logging
import os
import pathlib
import signal
import sys
import tempfile
import traceback
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy and torch are loaded
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "adapters")]
import accounting  # noqa: E402
import registry  # noqa: E402
import space  # noqa: E402
from bench_problems import Problem  # noqa: E402

warnings.filterwarnings("ignore")


def run(job):
    """fidelity: (lowest, highest, whether whole numbers) or None; metrics: [(name, reference), ...] of several, or None."""
    peer, problem = registry.PEERS[job["peer"]], Problem(**job["problem"])
    dimensions = space.dimensions(problem)
    study = {key: job[key] for key in ("full", "fidelity", "workers")}
    study["goals"] = len(job["metrics"] or [0])
    if job["fidelity"]:
        study["integer"] = problem.fidelity[3]
    make = getattr(importlib.import_module(peer.module), peer.name)
    made = make(dimensions, job["seed"], study)
    end = accounting.Study(problem, lambda config: space.decode(dimensions, config), made, job["workers"], job["full"],
                           job["fidelity"], job["seed"], job["metrics"])
    end.run()
    return end.tables(job["key"])


def answer(job, out):
    """In a child. None: it failed, and its traceback is on the standard error."""
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.alarm(job["seconds"])
                os.chdir(folder)
                logging.disable(logging.ERROR)
                with open("tables", "w", encoding="utf-8") as file:
                    json.dump(run(job), file)
                code = 0
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
        failed = os.waitpid(child, 0)[1] != 0
        tables = None if failed else json.loads(pathlib.Path(folder, "tables").read_text(encoding="utf-8"))
    out.write(json.dumps(tables) + "\n")
    out.flush()


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # what a program prints is no answer
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.append(os.getcwd())
    importlib.import_module(registry.PEERS[sys.argv[1]].module)
    for line in sys.stdin:
        answer(json.loads(line), out)


if __name__ == "__main__":
    main()
