# SPDX-License-Identifier: GPL-3.0-or-later
"""The current Optuna and optuna-dashboard on runs that are made here, finished and going on: what they show of a journal
is what hpo_report and the journal say. test_optuna.py HPO_SEARCH HPO_REPORT VENV [--no-mpi]

VENV: a folder for the packages of tests/support/readers.txt, made when it is not there; SKIPPED where that fails."""
import csv
import datetime
import json
import math
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import journal_dump  # noqa: E402
import venv_folder  # noqa: E402

search, report, venv = sys.argv[1:4]
ranks = [] if "--no-mpi" in sys.argv else ["-j", "2"]
venv_folder.run_with_readers(venv)

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot  # noqa: E402
import optuna  # noqa: E402
import optuna.visualization.matplotlib  # noqa: E402
from optuna import importance, visualization  # noqa: E402
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # noqa: E402
from optuna.storages import JournalStorage  # noqa: E402
from optuna.storages.journal import JournalFileBackend  # noqa: E402
from optuna.terminator import BestValueStagnationEvaluator  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)

STATES = {"running": "RUNNING", "paused": "RUNNING", "complete": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
RANDOM = ("study: random\nseed: 1\nobjective: {function: {problem: hartmann6}}\nmethod: random\nbudget: {trials: 300}\n")
HYPERBAND = ("study: hyperband\nseed: 3\nobjective: {function: {problem: mf-hartmann3}}\nmethod: hyperband\n"
             "fidelity: {z: {min: 1, max: 27}}\nbudget: {trials: 120}\n")
CONDITIONAL = """
study: 'con"ditional, ünï'
seed: 5
objective: {command: {run: [/usr/bin/python3, program.py, "{config}"]}}
metric: val/loss
method: random
budget: {trials: 60}
failure: {first: 0, retries: {crash: 0}}
parameters:
  model: {values: [mlp, cnn, true, 3, null, 1.5]}
  opt/lr: {min: 1e-5, max: 1e-1, log: true}
  depth: {min: 1, max: 6, when: {model: mlp}}
  width: {min: 8, max: 512, log: true, when: {model: cnn}}
  dropout: {min: 0.0, max: 0.5, step: 0.1}
  batch: {values: [16, 32, 64], ordered: true}
  units: {min: 2, max: 20, step: 3}
  share: {min: 0.01, max: 0.99, logit: true}
  fixed: {value: 7}
"""
DISTRIBUTIONS = {
    "model": CategoricalDistribution(["mlp", "cnn", True, 3, None, 1.5]),
    "opt/lr": FloatDistribution(1e-5, 1e-1, log=True),
    "depth": IntDistribution(1, 6),
    "width": IntDistribution(8, 512, log=True),
    "dropout": FloatDistribution(0.0, 0.5, step=0.1),
    "batch": CategoricalDistribution([16, 32, 64]),
    "units": IntDistribution(2, 20, step=3),
    "share": FloatDistribution(0.01, 0.99),
    "fixed": CategoricalDistribution([7]),
}
PROGRAM = """
import json, sys
c = json.load(open(sys.argv[1]))
if c["model"] == "cnn" and c["width"] > 100:
    sys.exit("too wide")
loss = 10 * c["opt/lr"] + c["dropout"] + 0.01 * c.get("depth", 0)
print(json.dumps({"val/loss": float("nan") if c["model"] is True and c["share"] > 0.5 else loss, "accuracy": 1 - loss}))
"""
STOPPING = """
study: stopping
seed: 2
objective: {command: {run: [/usr/bin/python3, curve.py, "{x}", "{epoch}", "0.02"]}}
metric: {name: accuracy, goal: maximize}
method: {sampler: random, scheduler: median-stop, min_trials: 2}
fidelity: {epoch: {min: 1, max: 6}}
budget: {trials: 25}
parameters: {x: {min: 0.0, max: 1.0}}
"""
CONSTRAINED = """
study: constrained
seed: 3
objective: {function: {problem: gramacy}}
constraints: [{metric: c1, max: 0}, {metric: c2, max: 0}]
method: random
budget: {trials: 60}
"""
RUNNING = """
study: running
seed: 2
objective: {command: {run: [/usr/bin/python3, curve.py, "{x}", "{epoch}", "0.1"]}}
metric: {name: accuracy, goal: maximize}
method: hyperband
fidelity: {epoch: {min: 1, max: 9}}
budget: {trials: 40}
parameters:
  x: {min: 0.0, max: 1.0}
  kind: {values: [a, b]}
  y: {min: 1, max: 9, when: {kind: b}}
"""
CURVE = """
import json, sys, time
x, epochs, pause = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
for epoch in range(1, epochs + 1):
    time.sleep(pause)
    print(json.dumps({"epoch": epoch, "accuracy": x * epoch / (epoch + 1), "loss": 1 - x}), flush=True)
"""


def call(*args, cwd=None):
    ended = subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=cwd, check=False)
    assert ended.returncode == 0, f"{args}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def prepare(folder, study):
    (folder / "study.yaml").write_text(study)
    (folder / "program.py").write_text(PROGRAM)
    (folder / "curve.py").write_text(CURVE)
    return folder / "run"


def opened(run):
    storage = JournalStorage(JournalFileBackend(str(run / "journal.log")))
    (frozen,) = storage.get_all_studies()
    return optuna.load_study(study_name=frozen.study_name, storage=storage)


def shown(trial):
    """Steps and values that our report has of a trial: what Optuna calls intermediate."""
    worked = [e for e in trial["evaluations"] if "failure" not in e]
    return dict([(int(step), value) for step, value in trial["reports"]] +
                [(int(e["fidelity"]), e["value"]) for e in worked])


def near(moment, seconds):
    return abs((moment - datetime.datetime.fromtimestamp(seconds)).total_seconds()) < 2e-3


def times(journal):
    """(begin, end) by trial, seconds since 1970."""
    begins, ends = {}, {}
    for kind, trial, a, _ in journal_dump.entries(journal):
        if kind == "start":
            begins[trial] = a["at"]
        elif kind in ("result", "report", "close"):
            ends[trial] = a["at"]
    return begins, ends


def check_trials(run, study, whole):
    """Every trial that Optuna has against our report."""
    rows = list(csv.DictReader(call(report, "--format", "csv", run).splitlines()))
    begins, ends = times(run / "journal.log")
    assert len(study.trials) == len(whole["trials"]) == len(rows)
    for seen, ours, row in zip(study.trials, whole["trials"], rows):
        what = (seen, ours, row)
        assert seen.number == ours["trial"] == int(row["trial"]), what
        assert seen.state.name == STATES[ours["state"]], what
        config = ours["config"]
        assert {k: (type(v), v) for k, v in seen.params.items()} == {k: (type(v), v) for k, v in config.items()}, what
        assert set(seen.distributions) == set(config), what
        assert seen.intermediate_values == shown(ours), what
        if seen.state in (TrialState.COMPLETE, TrialState.PRUNED):
            assert seen.value == float(row[whole["metric"]]) == seen.intermediate_values[seen.last_step], what
        else:
            assert seen.value is None, what
        assert near(seen.datetime_start, begins[seen.number]), what
        if seen.state.is_finished():
            assert near(seen.datetime_complete, ends[seen.number]), what
        assert seen.user_attrs["hpo:start"]["trial"] == seen.number, what
        last = ours["evaluations"][-1] if ours["evaluations"] else {}
        told = seen.user_attrs.get("hpo:result", {})
        if seen.state == TrialState.COMPLETE:  # a report tells only of metrics that are not the study's alone
            assert told["metrics"] == last.get("metrics", {whole["metric"]: last["value"]}), what
        if seen.state == TrialState.FAIL:
            assert told["reason"] == last["reason"], what


def count(whole, state):
    return sum(STATES[t["state"]] == state for t in whole["trials"])


def check_study(run, study, whole):
    assert study.study_name == whole["study"] and study.metric_names == [whole["metric"]]
    assert study.direction.name.lower() == whole["goal"]
    assert not study.get_trials(states=[TrialState.WAITING])
    best = json.loads((run / "status.json").read_text())["best"]
    assert (study.best_trial.number, study.best_value) == (best["trial"], best["value"]), (study.best_trial, best)
    assert study.best_params == best["config"] == whole["best"]["config"]
    table = study.trials_dataframe()
    assert list(table["state"]) == [STATES[t["state"]] for t in whole["trials"]]
    values = table[f"value_{whole['metric']}"]
    assert values.dtype == "float64" and values.notna().sum() == count(whole, "COMPLETE") + count(whole, "PRUNED")
    assert str(table["duration"].dtype).startswith("timedelta64") and table["duration"].dt.total_seconds().min() >= 0


def traces(figure, **wanted):
    return [t for t in figure.data if all(getattr(t, k) == v for k, v in wanted.items())]


def check_plots(study, whole, params):
    """Every function for one objective: plotly's figures have as many marks as our report has trials."""
    complete = count(whole, "COMPLETE")
    draw = {name: getattr(visualization, name) for name in visualization.__all__ if name.startswith("plot_")}
    for name in ("plot_pareto_front", "plot_hypervolume_history"):
        del draw[name]  # these are for several objectives
    stagnation = {"plot_error": False, "improvement_evaluator": BestValueStagnationEvaluator()}  # others need PyTorch
    options = {"plot_contour": {"params": params}, "plot_rank": {"params": params},
               "plot_terminator_improvement": stagnation}
    figures = {name: plot(study, **options.get(name, {})) for name, plot in draw.items()}
    assert len(figures) == 10, sorted(figures)
    history = traces(figures["plot_optimization_history"], mode="markers")[0]
    assert len(history.x) == complete, history
    everywhere = {name for trial in whole["trials"] for name in trial["config"]}
    assert len(figures["plot_slice"].data) == len(everywhere)
    curves = figures["plot_intermediate_values"]
    shows = [t for t in whole["trials"] if shown(t) and t["state"] != "failed"]
    assert len(curves.data) == len(shows), (len(curves.data), len(shows))
    for curve in curves.data:
        assert dict(zip(curve.x, curve.y)) == shown(whole["trials"][int(curve.name.removeprefix("Trial"))])
    bars = {t.name: len(t.x) for t in figures["plot_timeline"].data}
    assert bars == {s: count(whole, s) for s in bars} and sum(bars.values()) == len(whole["trials"]), bars
    assert len(traces(figures["plot_parallel_coordinate"], mode="lines")) == complete
    (bar,) = [t for t in figures["plot_param_importances"].data if t.type == "bar"]
    assert bar.name == whole["metric"] and len(bar.x) == len(everywhere), bar
    steps = {x for t in figures["plot_terminator_improvement"].data for x in t.x or ()}
    assert {t["trial"] for t in whole["trials"] if STATES[t["state"]] == "COMPLETE"} <= steps, steps
    assert max(figures["plot_edf"].data[0].y) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # matplotlib's, about axes with one value
        for name in figures:
            assert getattr(visualization.matplotlib, name)(study, **options.get(name, {})) is not None, name
            matplotlib.pyplot.close("all")


def importances(study):
    evaluators = (importance.FanovaImportanceEvaluator(seed=1), importance.PedAnovaImportanceEvaluator(),
                  importance.MeanDecreaseImpurityImportanceEvaluator(seed=1))
    shares = [importance.get_param_importances(study, evaluator=e) for e in evaluators]
    for share in shares:
        assert all(math.isfinite(v) and v >= 0 for v in share.values()) and abs(sum(share.values()) - 1) < 1e-6, share
    return shares


def finished_random(folder):
    run = prepare(folder, RANDOM)
    call(search, "study.yaml", "--dir", run, cwd=folder)
    study, whole = opened(run), json.loads(call(report, "--format", "json", run))
    assert count(whole, "COMPLETE") == 300
    check_trials(run, study, whole)
    check_study(run, study, whole)
    check_plots(study, whole, ["x1", "x4"])
    assert study.best_trial.distributions["x1"] == FloatDistribution(0.0, 1.0)
    fanova, ped, _ = importances(study)
    ours = whole["importance"]
    main = {name: share / sum(ours["fanova"].values()) for name, share in ours["fanova"].items()}
    assert set(sorted(fanova, key=fanova.get)[-3:]) == set(sorted(main, key=main.get)[-3:]), (fanova, main)
    assert all(abs(ped[name] - ours["ped_anova"][name]) < 0.05 for name in ped), (ped, ours["ped_anova"])


def finished_hyperband(folder):
    run = prepare(folder, HYPERBAND)
    call(search, "study.yaml", "--dir", run, cwd=folder)
    study, whole = opened(run), json.loads(call(report, "--format", "json", run))
    assert count(whole, "PRUNED") > 80 and count(whole, "COMPLETE") > 10
    check_trials(run, study, whole)
    check_study(run, study, whole)
    check_plots(study, whole, ["x1", "x2"])
    importances(study)


def finished_conditional(folder):
    run = prepare(folder, CONDITIONAL)
    call(search, *ranks, "study.yaml", "--dir", run, cwd=folder)
    study, whole = opened(run), json.loads(call(report, "--format", "json", run))
    failed = {e["failure"] for t in whole["trials"] for e in t["evaluations"] if "failure" in e}
    assert failed == {"exit", "nan"} and count(whole, "COMPLETE") > 40, failed
    assert {k: d for t in study.trials for k, d in t.distributions.items()} == DISTRIBUTIONS
    assert all(t.distributions[k] == DISTRIBUTIONS[k] for t in study.trials for k in t.distributions)
    assert any("depth" in t.params for t in study.trials) and any("depth" not in t.params for t in study.trials)
    check_trials(run, study, whole)
    check_study(run, study, whole)
    check_plots(study, whole, ["opt/lr", "dropout"])
    assert max(importances(study)[0].items(), key=lambda item: item[1])[0] == "opt/lr"


def finished_stopping(folder):
    run = prepare(folder, STOPPING)
    call(search, *ranks, "study.yaml", "--dir", run, cwd=folder)
    study, whole = opened(run), json.loads(call(report, "--format", "json", run))
    assert study.direction.name == "MAXIMIZE" and min(count(whole, s) for s in ("COMPLETE", "PRUNED")) > 2
    assert any(a.get("stop") for _, _, a, _ in journal_dump.entries(run / "journal.log"))  # at a report
    check_trials(run, study, whole)
    check_study(run, study, whole)


# ---- optuna-dashboard ----

def finished_constrained(folder):
    """The best is not the smallest value: that one is infeasible, for Optuna as for us."""
    run = prepare(folder, CONSTRAINED)
    call(search, "study.yaml", "--dir", run, cwd=folder)
    study, whole = opened(run), json.loads(call(report, "--format", "json", run))
    exceeded = [t.system_attrs["constraints"] for t in study.trials]
    assert len(exceeded) == 60 and all(len(bounds) == 2 for bounds in exceeded)
    feasible = [t for t, bounds in zip(study.trials, exceeded) if max(bounds) <= 0]
    best = min(feasible, key=lambda t: t.value)
    assert whole["best"]["trial"] == best.number and whole["best"]["feasible"]
    assert min(study.trials, key=lambda t: t.value).number != best.number
    assert study.best_trial.number == best.number, study.best_trial


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(port, path, method="GET", body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method,
                                     data=json.dumps(body).encode() if body else None,
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def wait_for(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited a minute for {what}"
        time.sleep(0.05)


def answers(port):
    try:
        return bool(get(port, "/api/studies"))
    except (urllib.error.URLError, OSError):
        return False


def compare(seen, study):
    """What the dashboard tells of trials against Optuna's API on the same journal, at the same moment or later."""
    assert len(seen) <= len(study.trials)
    for theirs, trial in zip(seen, study.trials):
        assert theirs["number"] == trial.number and theirs["state"] in (trial.state.name.capitalize(), "Running")
        steps = {v["step"]: v["value"] for v in theirs["intermediate_values"]}
        assert steps.items() <= trial.intermediate_values.items(), (theirs, trial)
        params = {p["name"]: p["param_external_value"] for p in theirs["params"]}
        assert params == {k: str(v) for k, v in trial.params.items()}, (theirs, trial)
        if theirs["state"] != "Running":
            assert theirs.get("values") == trial.values and steps == trial.intermediate_values, (theirs, trial)


def a_run_goes_on(folder):
    run = prepare(folder, RUNNING)
    goes = subprocess.Popen([search, *ranks, "study.yaml", "--dir", run], cwd=folder, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    port, dashboard = free_port(), None
    try:
        wait_for(lambda: (run / "journal.log").exists() and '"op_code":6' in (run / "journal.log").read_text(), "a trial")
        dashboard = subprocess.Popen([f"{venv}/bin/optuna-dashboard", "--host", "127.0.0.1", "--port", str(port),
                                      run / "journal.log"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: answers(port), "the dashboard")
        (summary,) = json.loads(get(port, "/api/studies"))["study_summaries"]
        assert summary["study_name"] == "running" and summary["directions"] == ["maximize"]
        looks, states = 0, set()
        while goes.poll() is None:
            seen = json.loads(get(port, "/api/studies/0"))
            compare(seen["trials"], opened(run))
            states |= {trial["state"] for trial in seen["trials"]}
            looks += 1
            if looks == 1:  # a note of its user is a line of somebody else in our journal
                get(port, "/api/studies/0/note", "PUT", {"version": 1, "body": "looks good"})
        assert goes.returncode == 0, goes.stderr.read()
        assert looks > 3 and "Running" in states and len(states) > 1, (looks, states)
        check_end(run, port)
        call(search, "study.yaml", "--dir", run, "--set", "budget.trials=45", cwd=folder)
        study, whole = opened(run), json.loads(call(report, "--format", "json", run))
        assert len(study.trials) >= 45
        check_trials(run, study, whole)
    finally:
        for process in (goes, dashboard):
            if process and process.poll() is None:
                process.kill()
            if process:
                process.wait()


def check_end(run, port):
    study, whole = opened(run), json.loads(call(report, "--format", "json", run))
    check_trials(run, study, whole)
    check_study(run, study, whole)
    wait_for(lambda: '"Running"' not in get(port, "/api/studies/0"), "the dashboard to look again")  # it keeps trials for 10 s
    seen = json.loads(get(port, "/api/studies/0"))
    assert len(seen["trials"]) == len(whole["trials"])
    compare(seen["trials"], study)
    for theirs, ours in zip(seen["trials"], whole["trials"]):
        assert theirs["state"].upper() == STATES[ours["state"]] and theirs.get("values") == [shown(ours)[max(shown(ours))]]
    (best,) = seen["best_trials"]
    assert best["number"] == whole["best"]["trial"] and best["values"] == [whole["best"]["value"]]
    assert seen["has_intermediate_values"] and {p["name"] for p in seen["union_search_space"]} == {"x", "kind", "y"}
    (shares,) = json.loads(get(port, "/api/studies/0/param_importances"))["param_importances"]
    assert max(shares, key=lambda share: share["importance"])["name"] == "x", shares
    for plot in ("contour", "slice", "parallel_coordinate", "rank", "edf", "timeline"):
        assert json.loads(get(port, f"/api/studies/0/plot/{plot}"))["data"], plot
    rows = list(csv.DictReader(get(port, "/csv/0").splitlines()))
    assert [row["State"] for row in rows] == [STATES[t["state"]] for t in whole["trials"]]
    assert [row["accuracy"] for row in rows] == [str(t.value) for t in study.trials]


def main():
    for case in (finished_random, finished_hyperband, finished_conditional, finished_stopping, finished_constrained,
                 a_run_goes_on):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            case(pathlib.Path(folder))
        print(f"{case.__name__}: {time.monotonic() - began:.1f} s")
    print(f"Optuna {optuna.__version__} shows what we know")


if __name__ == "__main__":
    main()
