#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`incumbent: posterior` from end to end, with a noisy program: what is recommended is not the luckiest trial, every place
names it, its files are there when others are gone, no decision depends on it, and a run may change its mind.

    test_incumbent.py HPO_SEARCH HPO_REPORT [--no-mpi]
"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

search, reporter = sys.argv[1:3]
ranks = "--no-mpi" not in sys.argv
PROGRAM = """
import json, random, sys, time
x = float(sys.argv[1])
time.sleep(float(sys.argv[2]))
exact = (x - 0.3) ** 2
value = exact + random.Random(repr(x)).gauss(0, 0.3)
print(json.dumps({"value": value, "exact": exact, "at": x}))
"""
STUDY = """
seed: 2
objective: {command: {run: [%s, %s, "{x}", "%g"]}}
metric: {name: value, goal: minimize}
incumbent: posterior
method: random
budget: {trials: %d}
trial: {keep: best}
parameters: {x: {min: -1.0, max: 1.0}}
"""
DETERMINISTIC = "deterministic: true\nworkers: 3\n"
failures = 0


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def write(folder, trials, more="", sleep=0):
    (folder / "program.py").write_text(PROGRAM)
    (folder / "study.yaml").write_text(STUDY % (sys.executable, folder / "program.py", sleep, trials) + more)


def command(folder, *flags, into="run"):
    return [search, *flags, "--dir", str(folder / into), str(folder / "study.yaml")]


def run(folder, *flags, into="run"):
    done = subprocess.run(command(folder, *flags, into=into), capture_output=True, text=True)
    return done.returncode, done.stderr, done.stdout


def attributes(folder, kind, into="run"):
    for line in (folder / into / "journal.log").read_text().splitlines():
        attr = json.loads(line).get("user_attr", {}).get("hpo:" + kind)
        if attr:
            yield json.loads(line).get("trial_id"), attr


def values(folder, into="run"):
    return {trial: attr["metrics"] for trial, attr in attributes(folder, "result", into) if "metrics" in attr}


def best_of(folder, into="run"):
    """(trial, posterior mean or None), as every place must tell it."""
    text = (folder / into / "best.yaml").read_text()
    trial = int(re.search(r"^trial: (\d+)", text, re.M).group(1))
    mean = re.search(r"^posterior_mean: (\S+)", text, re.M)
    mean = float(mean.group(1)) if mean else None
    status = json.loads((folder / into / "status.json").read_text())["best"]
    check((status["trial"], status.get("posterior_mean")) == (trial, mean), "status.json", status)
    told = subprocess.run([reporter, "--format", "json", str(folder / into)], capture_output=True, text=True)
    report = json.loads(told.stdout)["best"]
    check(report["trial"] == trial, "the report", report)
    check((mean is None) == ("posterior_mean" not in report), "the report's mean", report)
    if mean is not None:
        check(abs(report["posterior_mean"] - mean) < 1e-6 * (1 + abs(mean)), "the report's mean", (report, mean))
    return trial, mean


def folders(folder, into="run"):
    return sorted(int(path.parent.name) for path in (folder / into / "trials").glob("*/config.json"))


def records(folder, into):
    """What was decided and found: every line but those of the study, without times and chain."""
    lines = (folder / into / "journal.log").read_text().splitlines()
    lines = [line for line in lines if '"op_code":2' not in line]
    return [re.sub(r'"(at|elapsed|seconds|chain|datetime_\w+)":"?[^,}"]*"?', "", line) for line in lines]


def every_place_names_it(folder):
    write(folder, 60, DETERMINISTIC)
    code, err, out = run(folder)
    check(code == 0, "exit", err)
    trial, mean = best_of(folder)
    found = values(folder)
    lucky = min(found, key=lambda t: found[t]["value"])
    check(trial != lucky and mean is not None, "not the luckiest", (trial, lucky, mean))
    check(found[trial]["exact"] < found[lucky]["exact"], "but a better one", (found[trial], found[lucky]))
    said = " ".join(out.split())
    check(f"best: trial {trial}, value" in said and "recommended by its posterior mean" in said, "the summary", out)
    check(f"is that of trial {lucky}" in said, "and the best value", out)
    check(folders(folder) == [trial], "its folder alone", folders(folder))
    page = (folder / "run" / "report.html").read_text()
    check("Recommended by posterior mean: value" in page and f"trial {trial} of 60" in page, "the page")
    code, err, out = run(folder, "--replay")
    check(code == 0, "computed again", err)
    code, err, out = run(folder, "--set", "incumbent=value", into="by-value")
    check(code == 0 and best_of(folder, "by-value") == (lucky, None), "by value", err)
    check(folders(folder, "by-value") == [lucky], "its folder alone", folders(folder, "by-value"))
    check(records(folder, "run") == records(folder, "by-value"), "the same records")
    check("is gone" not in out, "nothing that is there is missed", out)
    code, err, out = run(folder, "--set", "incumbent=posterior", into="by-value")
    check(code == 0 and best_of(folder, "by-value")[0] == trial, "by posterior mean, too late", err)
    check(f"trials/{trial} is gone: it was deleted when another trial was the best" in out, "its folder is missed", out)
    if ranks:
        code, err, out = run(folder, "-j", "3", into="three")
        same = (folder / "three" / "best.yaml").read_bytes() == (folder / "run" / "best.yaml").read_bytes()
        check(code == 0 and same and folders(folder, "three") == [trial], "on three ranks", err)


def a_run_changes_its_mind(folder):
    write(folder, 40)
    code, err, out = run(folder, "--set", "incumbent=value", "--set", "trial.keep=all")
    check(code == 0 and best_of(folder)[1] is None, "by value", err)
    code, err, out = run(folder, "--set", "trial.keep=all")
    check(code == 0 and best_of(folder)[1] is not None, "by posterior mean, with no trial left", err)
    check([attr.get("incumbent") for _, attr in attributes(folder, "run")] == [None, "posterior"], "the journal")
    code, err, out = run(folder, "--set", "trial.keep=all", "--set", "budget.trials=45")
    check(code == 0 and best_of(folder)[1] is not None and len(values(folder)) == 45, "goes on", err)
    code, err, out = run(folder, "--set", "trial.keep=all", "--set", "incumbent=value")
    check(code == 0 and best_of(folder)[1] is None, "by value again", err)


def folders_wait_for_the_end(folder):
    """A run is told to stop and goes on: what could be recommended is kept until the end, what is not goes then."""
    write(folder, 40, sleep=0.02)
    process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = folder / "run" / "journal.log"
    for _ in range(3000):
        if process.poll() is not None or (journal.exists() and journal.read_text().count('"hpo:result"') >= 12):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    check(process.wait() == 75, "interrupted", process.returncode)
    before = sorted(values(folder))
    check(12 <= len(before) < 40 and set(before) <= set(folders(folder)), "kept", (before, folders(folder)))
    best_of(folder)
    code, err, out = run(folder)
    trial, mean = best_of(folder)
    check(code == 0 and len(values(folder)) == 40 and mean is not None, "goes on", err)
    check(folders(folder) == [trial], "one is left", (folders(folder), trial))


def values_decide_where_a_model_cannot(folder):
    write(folder, 4)
    code, err, out = run(folder)
    trial, mean = best_of(folder)
    said = " ".join(out.split())
    check(code == 0 and mean is None and "by its value, not by posterior mean: fewer than 5" in said, "few", out)
    check(folders(folder) == [trial], "its folder", folders(folder))
    write(folder, 30, "constraints: [{metric: at, max: 0.1}]\n")
    code, err, out = run(folder, into="bounded")
    trial, mean = best_of(folder, "bounded")
    check(code == 0 and mean is not None and values(folder, "bounded")[trial]["at"] <= 0.1, "feasible", out)
    write(folder, 30, "constraints: [{metric: at, max: -3}]\n")
    code, err, out = run(folder, into="none")
    trial, mean = best_of(folder, "none")
    found = values(folder, "none")
    check(mean is None and found[trial]["at"] == min(v["at"] for v in found.values()), "least violating", out)


def main():
    tests = (every_place_names_it, a_run_changes_its_mind, folders_wait_for_the_end, values_decide_where_a_model_cannot)
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            test(pathlib.Path(folder))
    sys.exit(1 if failures else 0)


main()
