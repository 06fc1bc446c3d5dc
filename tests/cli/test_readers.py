# SPDX-License-Identifier: GPL-3.0-or-later
"""pandas on our CSV, PyYAML on best.yaml, DeepCAVE on the folder that hpo_report makes for it: each sees what our JSON says,
with its types. test_readers.py HPO_SEARCH HPO_REPORT VENV [--no-mpi]

VENV: a folder for the packages of tests/support/readers.txt, made when it is not there; SKIPPED where that fails."""
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import venv_folder  # noqa: E402

search, report, venv = sys.argv[1:4]
ranks = [] if "--no-mpi" in sys.argv else ["-j", "2"]
venv_folder.run_with_readers(venv)

import pandas  # noqa: E402
import yaml  # noqa: E402
from ConfigSpace import Configuration  # noqa: E402
from deepcave.runs.converters.deepcave import DeepCAVERun  # noqa: E402
from deepcave.runs.status import Status  # noqa: E402

HOSTILE = """
study: 'a "study", ünï'
seed: 7
objective: {command: {run: [/usr/bin/python3, program.py, "{config}"]}}
metric: '=loss, "ünï"'
method: random
budget: {trials: 50}
failure: {first: 0, retries: {crash: 0}}
parameters:
  'a:b[1]/c': {min: 1e-9, max: 1e-7, log: true}
  size: {min: 1, max: 9}
  depth: {min: 1, max: 6, when: {model: '=1+1'}}
  '-x': {min: 0.0, max: 0.5, step: 0.1}
  model: {values: ['=1+1', '@a,b', 'say "no"', plain]}
  flag: {values: [true, false]}
  mixed: {values: [no, 12, 1.5, null, 2001-12-14, 1_000, on]}
  fixed: {value: 1e-5}
"""
PROGRAM = """
import json, sys
c = json.load(open(sys.argv[1]))
if c["size"] > 7:
    sys.exit('=cmd("x"), failed\\nat "size"')
print(json.dumps({'=loss, "ünï"': c['a:b[1]/c'] * 100 + 1e-5 * c["size"]}))
"""
CONDITIONS = """
study: conditions
seed: 4
objective: {command: {run: [/usr/bin/python3, program.py, "{config}", "{z}"]}}
metrics: [{name: error, goal: minimize}, {name: speed, goal: maximize}]
method: {sampler: random, scheduler: hyperband}
fidelity: {z: {min: 1, max: 9}}
budget: {trials: 80}
failure: {first: 0, retries: {crash: 0}}
parameters:
  kind: {values: [a, b, c, d], probabilities: [0.4, 0.3, 0.2, 0.1]}
  depth: {min: 1, max: 9, prior: {speed: 7, error: 3}, confidence: {error: high}}
  width: {values: [16, 32, 64, 128], ordered: true, when: {depth: {ge: 4}}}
  rate: {min: 1e-5, max: 1e-1, log: true, when: {kind: {not_in: [c, d]}}}
  momentum: {min: 0.0, max: 0.9, when: {any: [{kind: [a, c], depth: {lt: 8, ne: 5}}, {kind: d, share: {le: 0.5}}]}}
  share: {min: 0.01, max: 0.99, logit: true}
  decay: {min: 2, max: 20, step: 3, when: {width: {gt: 16}, share: {gt: 0.2}}}
  last: {values: [2, text, true], when: {width: [32, 64], depth: {in: [4, 6, 8, 9]}}}
  fixed: {value: 7, when: {kind: {ne: a}}}
"""
OTHER_PROGRAM = """
import json, os, signal, sys, time
c, z = json.load(open(sys.argv[1])), float(sys.argv[2])
if c["depth"] == 1:
    os.kill(os.getpid(), signal.SIGSEGV)
if c["depth"] == 9:
    sys.exit("too deep")
print(json.dumps({"z": z, "error": c["share"] + 1 / z, "speed": -c["depth"] * z}))
"""
STOPPING = """
study: stopping
seed: 2
objective: {command: {run: [/usr/bin/python3, program.py, "{x}", "{epoch}"]}}
metric: {name: accuracy, goal: maximize}
method: {sampler: random, scheduler: median-stop, min_trials: 2}
fidelity: {epoch: {min: 1, max: 6}}
budget: {trials: 25}
repeats: true
parameters: {x: {values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]}}
"""
CURVE = """
import json, sys, time
x, epochs = float(sys.argv[1]), int(sys.argv[2])
for epoch in range(1, epochs + 1):
    time.sleep(0.02)
    print(json.dumps({"epoch": epoch, "accuracy": x * epoch / (epoch + 1)}), flush=True)
"""
ALONE = """
study: on
seed: 1
objective: {command: {run: [/usr/bin/python3, program.py]}}
metric: {name: m, goal: minimize}
method: random
budget: {trials: 1}
"""
ONE = "print('{\"m\": 1e-7}')"
METRIC = '=loss, "ünï"'
STATUS = {"timeout": Status.TIMEOUT, "oom": Status.MEMORYOUT, "crash": Status.CRASHED, "exit": Status.FAILED}


def call(*args, cwd=None, code=0):
    ended = subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=cwd, check=False)
    assert ended.returncode == code, f"{args}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


def made(folder, study, program):
    """The run's folder, and what our JSON says of it."""
    (folder / "study.yaml").write_text(study)
    (folder / "program.py").write_text(program)
    call(search, *ranks, "study.yaml", "--dir", "run", cwd=folder)
    return folder / "run", json.loads(call(report, "--format", "json", folder / "run"))


def typed(config):
    return {name: (type(value), value) for name, value in config.items()}


def apart(text):
    """As our CSV writes a text: what a spreadsheet would compute has an apostrophe in front."""
    return "'" + text if text[:1] in tuple("=+-@") else text


# ---- pandas and PyYAML ----

def pandas_reads(folder):
    run, whole = made(folder, HOSTILE, PROGRAM)
    (run / "trials.csv").write_text(call(report, "--format", "csv", run))
    table = pandas.read_csv(run / "trials.csv")
    trials, metric = whole["trials"], "'" + METRIC
    assert whole["metric"] == METRIC and len(table) == len(trials) == 50
    names = ["a:b[1]/c", "size", "depth", "'-x", "model", "flag", "mixed", "fixed"]
    assert list(table.columns)[6] == metric and list(table.columns)[-len(names):] == names, list(table.columns)
    for name in ("trial", "bracket", "rung", "size"):
        assert table[name].dtype == "int64", (name, table[name].dtype)
    for name in (metric, "cost", "seconds", "fidelity", "a:b[1]/c", "'-x", "depth", "fixed"):
        assert table[name].dtype == "float64", (name, table[name].dtype)
    assert table["flag"].dtype == "bool" and not pandas.api.types.is_numeric_dtype(table["model"])
    failed = table["state"] == "failed"
    assert 5 < failed.sum() < 30 and (table[metric].isna() == failed).all() and (table["reason"].notna() == failed).all()
    assert set(table["reason"][failed]) == {apart(t["evaluations"][-1]["reason"]) for t in trials if t["state"] == "failed"}
    assert 0 < table["depth"].isna().sum() < 50
    for row, ours in zip(table.to_dict("records"), trials):
        config = ours["config"]
        assert row["state"] == ours["state"] and row["trial"] == ours["trial"]
        if row["state"] == "complete":
            assert row[metric] == ours["evaluations"][-1]["value"], (row, ours)  # to the bit
        for column, name in zip(names, ["a:b[1]/c", "size", "depth", "-x", "model", "flag"]):
            seen, value = row[column], config.get(name)
            good = seen == (apart(value) if isinstance(value, str) else value) or (value is None and math.isnan(seen))
            assert good, (name, seen, value)
    assert "\n" not in "".join(table["reason"][failed])
    exact = pandas.read_csv(run / "trials.csv", keep_default_na=False, na_values=[""])["mixed"]
    assert list(exact) == ["null" if t["config"]["mixed"] is None else str(t["config"]["mixed"]) for t in trials], list(exact)


def pyyaml_reads(folder):
    run, whole = made(folder, HOSTILE, PROGRAM)
    best = yaml.safe_load((run / "best.yaml").read_text())
    assert typed(best["config"]) == typed(whole["best"]["config"]), (best["config"], whole["best"]["config"])
    assert isinstance(best["config"]["fixed"], float) and best["config"]["a:b[1]/c"] < 1e-7
    assert (best["study"], best["trial"], best["value"]) == (whole["study"], whole["best"]["trial"], whole["best"]["value"])
    assert best["metric"] == {"name": METRIC, "goal": "minimize"}
    values = ("no", "12", "1.5", "2001-12-14", "1_000", "on", "y", "0b11", "0x1F", "true", "1e-4", "1e22", "text", "null",
              "'12'")
    names = (f"{name}: {{value: {value}}}" for name, value in zip("abcdefghijklmNoy", values))
    (folder / "other").mkdir()
    run, whole = made(folder / "other", ALONE + f"parameters: {{{', '.join(names)}, off: {{min: 0, max: 3}}}}\n", ONE)
    best = yaml.safe_load((run / "best.yaml").read_text())
    assert typed(best["config"]) == typed(whole["best"]["config"]) and len(best["config"]) == len(values) + 1, best
    assert best["config"]["a"] == "no" and best["config"]["d"] == "2001-12-14" and best["config"]["k"] == 1e-4, best
    assert best["study"] == "on" and best["value"] == 1e-7, best


# ---- DeepCAVE ----

def rows_of(trial, goals):
    """(budget, costs, status, reason) of what DeepCAVE shall know of a trial."""
    for e in trial["evaluations"]:
        if "failure" in e:
            yield e["fidelity"], [None] * len(goals), STATUS[e["failure"]], e["reason"]
        else:
            metrics = e.get("metrics", {goals[0]["name"]: e["value"]})
            yield e["fidelity"], [metrics[g["name"]] for g in goals], Status.SUCCESS, None
    if trial["state"] == "stopped" and len(goals) == 1 and trial["reports"] and not trial["evaluations"]:
        step, value = trial["reports"][-1]
        yield step, [value], Status.PRUNED, None


def opened(run, whole, statuses):
    """The run in DeepCAVE, compared with our JSON."""
    printed = call(report, "--format", "deepcave", run)
    assert printed.splitlines() == [f"{run}/deepcave/{name}" for name in (
        "configspace.json", "configs.json", "origins.json", "meta.json", "history.jsonl")], printed
    assert DeepCAVERun.is_valid_run(f"{run}/deepcave/")
    seen = DeepCAVERun.from_path(run / "deepcave")
    goals = whole.get("metrics", [{"name": whole["metric"], "goal": whole["goal"]}])
    assert seen.get_objective_names() == [g["name"] for g in goals]
    assert [o.optimize for o in seen.get_objectives()] == [{"minimize": "lower", "maximize": "upper"}[g["goal"]] for g in goals]
    want = [(t, row) for t in whole["trials"] for row in rows_of(t, goals)]
    assert len(seen.history) == len(want) > 0
    for theirs, (ours, (budget, costs, status, reason)) in zip(seen.history, want):
        assert (theirs.budget, theirs.costs, theirs.status) == (budget, costs, status), (theirs, ours)
        assert theirs.additional["trial"] == ours["trial"] and theirs.additional.get("traceback") == reason, (theirs, ours)
        assert typed(seen.configs[theirs.config_id]) == typed(ours["config"]), (theirs, ours)
        assert seen.get_origin(theirs.config_id) is not None
        assert isinstance(seen.get_config(theirs.config_id), Configuration)  # active as the space says, and within it
        assert 0 <= theirs.start_time <= theirs.end_time <= whole["seconds"] + 1e-6
    assert {t.status for t in seen.history} == statuses, {t.status for t in seen.history}
    assert len({t.get_key() for t in seen.history}) == len(seen.history)
    assert seen.get_meta()["budgets"] == sorted({budget for _, (budget, *_) in want})
    assert seen.get_meta()["seeds"] == sorted({t.seed for t in seen.history})
    for k, objective in enumerate(seen.get_objectives()):
        found = [costs[k] for _, (_, costs, *_) in want if costs[k] is not None]
        assert (objective.lower, objective.upper) == (min(found), max(found))
    return seen


def check_best(seen, whole):
    """DeepCAVE's incumbent is ours, among first, second, ... tries of configurations. (It rounds a configuration's values.)"""
    (ours,) = [t for t in seen.history if t.additional["trial"] == whole["best"]["trial"] and t.status == Status.SUCCESS]
    objective, budget = seen.get_objectives()[0], seen.get_meta()["budgets"][-1]
    config, _ = seen.get_incumbent(objectives=[objective], budget=budget, seed=ours.seed, statuses=Status.SUCCESS)
    assert config == seen.get_config(ours.config_id) and ours.costs[0] == whole["best"]["value"], (config, whole["best"])


def deepcave_opens_failures(folder):
    run, whole = made(folder, HOSTILE, PROGRAM)
    seen = opened(run, whole, {Status.SUCCESS, Status.FAILED})
    check_best(seen, whole)
    assert seen.configspace["mixed"].choices == ("no", 12, 1.5, None, "2001-12-14", "1_000", "on")
    assert (seen.configspace["size"].lower, seen.configspace["size"].upper) == (1, 9)
    assert seen.configspace["a:b[1]/c"].log and (seen.configspace["a:b[1]/c"].lower == 1e-9)
    table = seen.get_encoded_data(seen.get_objectives(), seen.get_meta()["budgets"][-1], seed=0, specific=True,
                                  statuses=Status.SUCCESS)
    assert len(table) == sum(t["state"] == "complete" for t in whole["trials"])
    call(report, "--format", "deepcave", "--anonymous", "--out", folder / "other", run)
    assert "failed" not in (folder / "other/history.jsonl").read_text()


def deepcave_opens_conditions(folder):
    run, whole = made(folder, CONDITIONS, OTHER_PROGRAM)
    seen = opened(run, whole, {Status.SUCCESS, Status.CRASHED, Status.FAILED})
    assert len(seen.get_meta()["budgets"]) == 3
    space = seen.configspace
    assert space["depth"].default_value == 3 and space["rate"].log and list(space["width"].sequence) == [16, 32, 64, 128]
    assert [round(p, 6) for p in space["kind"].probabilities] == [0.4, 0.3, 0.2, 0.1]
    absent = {name for t in whole["trials"] for name in space if name not in t["config"]}
    assert absent == {"width", "rate", "momentum", "decay", "last", "fixed"}, absent  # each is inactive somewhere
    # Points of ConfigSpace are points of ours: we refuse one with a parameter too many or too few.
    space.seed(1)
    for config in space.sample_configuration(60):
        point = {name: value for name, value in dict(config).items()}
        point = {name: value.item() if hasattr(value, "item") else value for name, value in point.items()}
        if "decay" in point:  # it has no steps there
            point["decay"] = 2 + 3 * ((point["decay"] - 2) // 3)
        study = yaml.safe_load(CONDITIONS) | {"try_first": [point]}
        (folder / "point.yaml").write_text(yaml.safe_dump(study))
        call(search, "--check", "point.yaml", cwd=folder)


def deepcave_opens_stopped_and_repeated(folder):
    run, whole = made(folder, STOPPING, CURVE)
    seen = opened(run, whole, {Status.SUCCESS, Status.PRUNED})
    assert len(seen.configs) == 10 < len(whole["trials"]) == 25 and len(seen.get_meta()["seeds"]) > 1
    check_best(seen, whole)


def deepcave_is_refused(folder):
    for name, parameters, why in (
            ("against", "  a: {min: 1, max: 9}\n  b: {min: 1, max: 9}\n"
             "  c: {min: 1, max: 9, when: {a: {lt: {parameter: b}}}}\n",
             "c is active where a is compared with b: DeepCAVE knows only comparisons with values"),
            ("equal", "  a: {values: [x, 1, true]}\n", "a has the choices true and 1: they are the same to DeepCAVE")):
        (folder / name).mkdir()
        run, _ = made(folder / name, ALONE + "parameters:\n" + parameters, ONE)
        said = call(report, "--format", "deepcave", run, code=2)
        assert why in said and not list((run / "deepcave").glob("*")), said


def main():
    for case in (pandas_reads, pyyaml_reads, deepcave_opens_failures, deepcave_opens_conditions,
                 deepcave_opens_stopped_and_repeated, deepcave_is_refused):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            case(pathlib.Path(folder))
        print(f"{case.__name__}: {time.monotonic() - began:.1f} s")
    print(f"pandas {pandas.__version__} and PyYAML {yaml.__version__} read what we write")


if __name__ == "__main__":
    main()
