#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A study with constraints from end to end: the best is the best feasible result, by the journal's own numbers, on the
terminal, in best.yaml, status.json and the report; Optuna's attribute `constraints` stands before every state; a journal
that was cut goes on to the same lines; decisions are computed again; and what is said while nothing is feasible.

    test_constraints.py HPO_SEARCH HPO_REPORT
"""
import json
import pathlib
import subprocess
import sys
import tempfile

search, reporter = sys.argv[1:3]
PROGRAM = """
import json, sys
x, y = float(sys.argv[1]), float(sys.argv[2])
print(json.dumps({"error": x + y, "latency": 1.5 - x - y, "size": 7}))
"""
STUDY = """
seed: 5
objective: {command: {run: [%s, %s, "{x}", "{y}"]}}
metric: {name: error, goal: minimize}
constraints: [{metric: latency, max: %s}, {metric: size, min: 1}]
method: tpe
budget: {trials: 30}
deterministic: true
workers: 2
parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}
"""
failures = 0


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def write(folder, bound):
    folder.mkdir()
    (folder / "program.py").write_text(PROGRAM)
    (folder / "study.yaml").write_text(STUDY % (sys.executable, folder / "program.py", bound))


def run(folder, *flags, into="run"):
    done = subprocess.run([search, *flags, "--dir", str(folder / into), str(folder / "study.yaml")], capture_output=True,
                          text=True)
    return done.returncode, done.stdout + done.stderr


def lines(folder, into="run"):
    return [json.loads(line) for line in (folder / into / "journal.log").read_text().splitlines()]


def undated(folder, into="run"):
    """What the lines say of results: without clocks, workers and checksums."""
    kept = []
    for line in lines(folder, into):
        if line["op_code"] == 9 or line["op_code"] == 6:
            kept.append((line["op_code"], line["trial_id"], line.get("system_attr"), line.get("values")))
    return kept


def expected(folder):
    """(trial, error) of the best feasible result, and how many are feasible."""
    good = []
    for line in lines(folder):
        result = line.get("user_attr", {}).get("hpo:result") if line["op_code"] == 8 else None
        if result and result["metrics"]["latency"] <= 0.1:
            good.append((result["metrics"]["error"], line["trial_id"]))
    return min(good)[1], min(good)[0], len(good)


def check_feasible(folder):
    write(folder, "0.1")
    code, said = run(folder)
    trial, error, count = expected(folder)
    check(code == 0, "a run with constraints", said)
    check(f"feasible: {count} of 30 trials\nbest: trial {trial}, error" in said, "the summary", said)
    status = json.loads((folder / "run" / "status.json").read_text())
    check(status["feasible"] == count and status["best"]["trial"] == trial and status["best"]["feasible"] is True
          and status["best"]["violation"] == 0, "status.json", status)
    best = (folder / "run" / "best.yaml").read_text()
    check(f"trial: {trial}\n" in best and "\nfeasible: true\n" in best, "best.yaml", best)
    report = subprocess.run([reporter, "--format", "json", str(folder / "run")], capture_output=True, text=True)
    check(json.loads(report.stdout)["best"]["trial"] == trial, "the report as JSON", report.stdout[:2000] + report.stderr)
    text = subprocess.run([reporter, str(folder / "run")], capture_output=True, text=True).stdout
    check("feasible" in text and "yes" in text, "the report as text", text)
    shown = {}
    for line in lines(folder):
        if line["op_code"] == 9:
            shown[line["trial_id"]] = line["system_attr"]["constraints"]
        if line["op_code"] == 6:
            values = shown.get(line["trial_id"])
            check(values and len(values) == 2, "constraints before the state", line)
            latency = 1.5 - line["values"][0]
            check(abs(values[0] - (latency - 0.1) / 0.1) < 1e-9 and values[1] == -6.0, "excess", line)
    check(len(shown) == 30, "constraints of every trial", shown)
    code, said = run(folder, "--replay")
    check(code == 0, "--replay", said)


def check_cut(folder):
    """Cut before the line that Optuna reads, as by a kill: it is written again, and the run ends as before."""
    whole = (folder / "run" / "journal.log").read_bytes().splitlines(keepends=True)
    nines = [i for i, line in enumerate(whole) if b'"op_code":9' in line]
    for number, at in enumerate((nines[7], nines[20])):
        into = folder / f"cut{number}"
        into.mkdir()
        (into / "journal.log").write_bytes(b"".join(whole[:at]))
        code, said = run(folder, into=into.name)
        check(code == 0 and undated(folder) == undated(folder, into.name), "a journal that was cut", said)


def check_infeasible(folder):
    write(folder, "-9")
    code, said = run(folder)
    nearest = max((result["metrics"]["error"], -line["trial_id"]) for line in lines(folder) if line["op_code"] == 8
                  for result in [line["user_attr"].get("hpo:result")] if result)
    trial = -nearest[1]
    check(code == 0 and f"no trial is feasible; trial {trial} violates least: latency " in said and "(max -9)" in said
          and f"least violating: trial {trial}, " in said, "nothing is feasible", said)
    best = (folder / "run" / "best.yaml").read_text()
    check("feasible: false\nviolates: " in best and f"trial: {trial}\n" in best, "best.yaml", best)
    status = json.loads((folder / "run" / "status.json").read_text())
    check(status["feasible"] == 0 and status["best"]["feasible"] is False and status["best"]["violation"] > 0,
          "status.json", status)
    page = (folder / "run" / "report.html").read_text()
    check(f"No trial is feasible. Trial {trial} violates least: latency " in page, "report.html")
    text = subprocess.run([reporter, str(folder / "run")], capture_output=True, text=True).stdout
    check("no, none is; this one violates least" in text, "the report as text", text)


with tempfile.TemporaryDirectory() as place:
    check_feasible(pathlib.Path(place) / "feasible")
    check_cut(pathlib.Path(place) / "feasible")
    check_infeasible(pathlib.Path(place) / "infeasible")
sys.exit(1 if failures else 0)
