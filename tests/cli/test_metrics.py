#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A study of two metrics from end to end: the front on the terminal, in best.yaml, status.json and the report is that of the
journal's results; the same on any number of ranks, after a kill of the last records, and computed again; what keeps folders
keeps those of the front; a program without one of the metrics is told so.

    test_metrics.py HPO_SEARCH HPO_REPORT [--no-mpi]
"""
import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

search, reporter = sys.argv[1:3]
ranks = "--no-mpi" not in sys.argv
PROGRAM = """
import json, sys
x, y = float(sys.argv[1]), float(sys.argv[2])
epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 9
print(json.dumps({"epochs": epochs, "error": x * x + y + 1 / epochs, "speed": -((x - 1) ** 2) - y, "note": 7}))
"""
STUDY = """
seed: 5
objective: {command: {run: [%s, %s, "{x}", "{y}"%s]}}
metrics: [{name: error, goal: minimize}, {name: speed, goal: maximize, reference: -3}]
method: %s
budget: {trials: %d}
deterministic: true
workers: 3
parameters: {x: {min: -0.5, max: 1.5}, y: {min: 0.0, max: 0.3}}
"""
failures = 0


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def write(folder, method, trials, more=""):
    (folder / "program.py").write_text(PROGRAM)
    rungs = ', "{epochs}"' if "fidelity" in more else ""
    text = STUDY % (sys.executable, folder / "program.py", rungs, method, trials) + more
    (folder / "study.yaml").write_text(text)


def run(folder, *flags, into="run", program=search):
    command = [program, *flags, "--dir", str(folder / into), str(folder / "study.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stderr, done.stdout


def results(folder, into="run"):
    """{trial: (error, speed)} of the highest fidelity."""
    found, highest = {}, 0
    for line in (folder / into / "journal.log").read_text().splitlines():
        line = json.loads(line)
        result = line.get("user_attr", {}).get("hpo:result")
        if result and "failure" not in result:
            if result["fidelity"] > highest:
                found, highest = {}, result["fidelity"]
            if result["fidelity"] == highest:
                found[line["trial_id"]] = tuple(result["values"])
    return found


def front_of(values):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] >= b[1]

    front = [t for t, mine in values.items() if not any(beats(other, mine) for other in values.values())]
    return sorted(front, key=lambda t: values[t])


def volume_of(points, reference):
    """Both as losses; the points sorted by the first."""
    area, height = 0, reference[1]
    for x, y in points:
        if x < reference[0] and y < height:
            area += (reference[0] - x) * (height - y)
            height = y
    return area


def the_front_is_everywhere(folder):
    write(folder, "sobol", 40)
    code, err, out = run(folder)
    check(code == 0, "exit", err)
    values = results(folder)
    front = front_of(values)
    check(len(front) > 3, "a front", front)
    first = list(values.values())[:10]
    volume = volume_of([(values[t][0], -values[t][1]) for t in front], (max(v[0] for v in first), 3))
    check(f"front: {len(front)} trials" in out and f"hypervolume {volume:.6g}" in out, "the summary", (volume, out))
    check(re.search(rf"trial {front[0]}: error {values[front[0]][0]:.6g}, speed", out), "its first row", out)
    check("on the front: error" in err, "what happens", err)
    best = (folder / "run" / "best.yaml").read_text()
    check(f"front: {front}\n" in best.replace("\n  ", " "), "best.yaml has the ids", best)
    check(best.count("  - trial: ") == len(front), "best.yaml has the members", best)
    status = json.loads((folder / "run" / "status.json").read_text())
    check([m["trial"] for m in status["front"]] == front, "status.json", status)
    check(abs(status["hypervolume"] - volume) < 1e-12 * volume, "its hypervolume", status)
    check(all((m["values"]["error"], m["values"]["speed"]) == values[m["trial"]] for m in status["front"]), "its values")
    report = subprocess.run([reporter, str(folder / "run")], capture_output=True, text=True).stdout
    check(f"Front of {len(front)}, hypervolume {volume:.6g}" in report, "the report", report)
    check("error, minimize; speed, maximize" in report and "tell of error" in report, "the report's facts", report)
    page = (folder / "run" / "report.html").read_text()
    check(f"Front of {len(front)}, hypervolume {volume:.6g}" in page, "the page", page)
    picture = page[page.index("the front</title>"):] if "the front</title>" in page else ""
    check(picture[:picture.find("</svg>")].count('class="f1"') == len(front), "the picture of the front", picture[:3000])
    table = subprocess.run([reporter, "--format", "csv", str(folder / "run")], capture_output=True, text=True).stdout
    rows = list(csv.DictReader(table.splitlines()))
    told = {int(row["trial"]): (float(row["error"]), float(row["speed"])) for row in rows if row["state"] == "complete"}
    check({trial: told.get(trial) for trial in front} == {trial: values[trial] for trial in front}, "the table", table)
    again = (folder / "run" / "best.yaml").read_bytes()
    code, err, out = run(folder, "--replay")
    check(code == 0, "computed again", err)
    if ranks:
        code, err, out = run(folder, "-j", "3", into="three")
        check(code == 0 and (folder / "three" / "best.yaml").read_bytes() == again, "on three ranks", err)
    code, err, out = run(folder, "--set", "budget.trials=50")
    check(code == 0 and len(results(folder)) == 50, "goes on", err)


def rungs_and_folders(folder):
    """With a fidelity, and folders of the front alone."""
    write(folder, "hyperband", 30, "fidelity: {epochs: {min: 1, max: 9}}\ntrial: {keep: best}\n")
    code, err, out = run(folder)
    check(code == 0, "exit", err)
    front = front_of(results(folder))
    kept = sorted(int(path.parent.name) for path in (folder / "run" / "trials").glob("*/config.json"))
    check(kept == sorted(front), "folders of the front", (kept, front))
    code, err, out = run(folder, "--replay")
    check(code == 0, "computed again", err)
    journal = (folder / "run" / "journal.log").read_text()
    check('"op_code":7' not in journal and '"directions":[1,2]' in journal, "for Optuna")
    (folder / "cut").mkdir()
    (folder / "cut" / "journal.log").write_text(journal[: len(journal) * 2 // 3])
    code, err, out = run(folder, into="cut")
    check(code == 0 and results(folder, "cut") == results(folder), "from two thirds of the journal", err)


def a_metric_is_missing(folder):
    write(folder, "random", 6)
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text.replace("name: speed", "name: sped"))
    code, err, out = run(folder)
    said = " ".join((err + out).split())
    check(code == 3 and "has no metric 'sped'; it has error, epochs, speed, note" in said, "named", said)


def main():
    for test in (the_front_is_everywhere, rungs_and_folders, a_metric_is_missing):
        with tempfile.TemporaryDirectory() as folder:
            test(pathlib.Path(folder))
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
