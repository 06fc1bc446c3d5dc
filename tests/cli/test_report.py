# SPDX-License-Identifier: GPL-3.0-or-later
"""hpo_report on runs that are made here: formats, texts that mean harm, the page as a file.
test_report.py HPO_REPORT HPO_SEARCH"""
import csv
import json
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

FUNCTION = ("study: curves\nseed: 3\nobjective: {function: {problem: mf-hartmann3}}\nmethod: hyperband\n"
            "fidelity: {z: {min: 1, max: 27}}\nbudget: {trials: 120}\n")
MANY = ("study: many\nseed: 1\nobjective: {function: {problem: ackley, dimensions: 20}}\nmethod: random\n"
        "budget: {trials: 10000}\n")
HOSTILE = ("study: hostile\nseed: 1\nobjective: {command: {run: [sh, program.sh, '{x}'], env: {TOKEN: s3cret}}}\n"
           "metric: loss\nmethod: grid\nbudget: {trials: 3}\nfailure: {first: 0, retries: {crash: 0}}\n"
           "parameters: {x: {values: ['=1+1', '<b>bold</b>', good]}}\n")
PROGRAM = ("[ \"$1\" = good ] && { echo '{\"loss\": 0.5}'; exit 0; }\n"
           "echo '</script><script>document.title=\"broken\"</script>' >&2; exit 3\n")

GAIN = ("study: gain\nseed: 1\nobjective: {command: {run: [sh, gain.sh, '{x}']}}\nmetric: {name: gain, goal: maximize}\n"
        "method: random\nbudget: {trials: 5}\nparameters: {x: {min: 0.0, max: 1.0}}\n")
SLOW = ("study: slow\nseed: 1\nobjective: {command: {run: [sh, slow.sh, '{x}']}}\n"
        "metric: {name: loss, goal: minimize}\nmethod: random\nbudget: {trials: 6}\nparameters: {x: {min: 0.0, max: 1.0}}\n")
LEFT = ("study: left\nobjective: {command: {run: [sh, left.sh, '{x}']}}\nmetric: {name: loss, goal: minimize}\n"
        "method: random\nbudget: {time: 2s}\ntry_first: [{x: 0}, {x: 60}]\nparameters: {x: {values: [0, 60]}}\n")


def call(*args, code=0, cwd=None):
    ended = subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=cwd, check=False)
    assert ended.returncode == code, f"{args}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout if code == 0 else ended.stderr


def run(search, folder, study, name):
    (folder / f"{name}.yaml").write_text(study)
    call(search, f"{name}.yaml", "--dir", name, cwd=folder)
    return folder / name


def formats_agree(report, search, folder):
    made = run(search, folder, FUNCTION, "run")
    whole = json.loads(call(report, "--format", "json", made))
    best = json.loads((made / "status.json").read_text())["best"]
    assert whole["best"]["trial"] == best["trial"] and whole["best"]["value"] == best["value"]
    rows = list(csv.DictReader(call(report, "--format", "csv", made).splitlines()))
    assert len(rows) == len(whole["trials"]) == 120
    for row, trial in zip(rows, whole["trials"]):
        assert row["state"] == trial["state"] and float(row["x1"]) == trial["config"]["x1"]
        assert float(row["value"]) == trial["evaluations"][-1]["value"]
    assert sum(w["evaluations"] for w in whole["workers"]) == sum(len(t["evaluations"]) for t in whole["trials"])
    text = call(report, made)
    assert max(map(len, text.splitlines())) <= 80, text
    for part in ("Rungs and promotions", "Importance", "Ablation", "again "):
        assert part in text, text
    again = whole["best"]["again"].replace("hpo_search", str(search), 1)
    call("sh", "-c", again)
    redone = json.loads((folder / "run-again/status.json").read_text())["best"]
    assert redone["config"] == best["config"] and redone["metrics"]["exact"] == best["metrics"]["exact"]


def figures_are_files(report, search, folder):
    made = run(search, folder, FUNCTION, "run")
    told = call(report, "--format", "svg", made).split()
    names = {pathlib.Path(path).name for path in told}
    assert names == {p.name for p in (made / "figures").iterdir()} and len(names) == len(told), told
    assert {f"best-over-{what}.svg" for what in ("trials", "cost", "time")} <= names, names
    assert {"learning-curves.svg", "importance.svg", "dependence-x1.svg"} <= names, names
    whole = json.loads(call(report, "--format", "json", made))
    assert ("workers.svg" in names) == (whole["seconds"] > 0), names  # milliseconds: a quick machine takes none
    assert sum(name.startswith("contours-") for name in names) == 3, names  # x1, x2, x3
    for path in told:
        root = xml.etree.ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and float(root.get("width")) > 200, path
        inside = {element.tag.split("}")[1] for element in root.iter()}
        assert "script" not in inside and "image" not in inside and {"style", "text"} <= inside, (path, inside)
    shares = [text.text for text in xml.etree.ElementTree.parse(made / "figures/importance.svg").getroot().iter()
              if text.text and re.fullmatch(r"\d+ %", text.text)]
    effects = whole["importance"]["fanova"]
    assert len(shares) == 6 and f"{max(effects.values()) * 100:.0f} %" == shares[0], (shares, effects)
    call(report, "--format", "svg", "--out", folder / "both", made, made)
    assert len(list((folder / "both").iterdir())) == 3  # what compares them


def harm_is_text(report, search, folder):
    (folder / "program.sh").write_text(PROGRAM)
    made = run(search, folder, HOSTILE, "run")
    for form in ("text", "md", "csv", "json"):
        told = call(report, "--format", form, made)
        assert "\x1b" not in told and "s3cret" not in told, told
    assert "document.title" in call(report, made) and "2 exit" in call(report, made), call(report, made)
    cells = [row["x"] for row in csv.DictReader(call(report, "--format", "csv", made).splitlines())]
    assert sorted(cells) == ["'=1+1", "<b>bold</b>", "good"], cells
    call(report, "--format", "html", made)
    page = (made / "report.html").read_text()
    assert "<script>document.title" not in page and "<b>bold" not in page and "s3cret" not in page
    hidden = call(report, "--format", "json", "--anonymous", made)
    assert "program.sh" not in hidden and str(folder) not in hidden and "document.title" not in hidden


def mistakes_are_said(report, _, folder):
    assert "no such file" in call(report, folder / "nothing", code=2).lower()
    assert "--format is" in call(report, "--format", "pdf", folder, code=2)
    assert "which run" in call(report, code=2)
    assert "one run" in call(report, "--format", "csv", folder, folder, code=2)


def a_page_of_many(report, search, folder):
    made = run(search, folder, MANY, "run")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call(report, "--format", "html", made)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
    page = made / "report.html"
    assert page.stat().st_size < 8e6
    text = page.read_text()
    assert not re.search(r"(src|href)=\"(?!data:)", text) and "4000 were looked at" in text
    for part in ("<svg", "Best configuration", "Importance", "<noscript>"):
        assert part in text


def runs_are_compared(report, search, folder):
    made = [run(search, folder, FUNCTION.replace("seed: 3", f"seed: {seed}"), f"run{seed}") for seed in (1, 2)]
    call(report, "--format", "html", "--out", folder / "both.html", *made)
    page = (folder / "both.html").read_text()
    assert "A comparison of runs" in page and page.count("<article>") == 2 and "run1" in page and "run2" in page


def unlike_runs_have_axes_of_their_own(report, search, folder):
    loss = [run(search, folder, FUNCTION.replace("seed: 3", f"seed: {seed}"), f"run{seed}") for seed in (1, 2)]
    (folder / "gain.sh").write_text("echo '{\"gain\": 1}'\n")
    gain = run(search, folder, GAIN, "gain")
    call(report, "--format", "html", "--out", folder / "all.html", loss[0], gain, loss[1])
    page = (folder / "all.html").read_text()
    lead = page[:page.index("<h1>run1</h1>")]
    titles = re.findall("<h3>(.*?)</h3>", lead)
    assert len(titles) == 2 and titles[0].endswith(", minimize") and titles[1] == "gain, maximize: gain", titles
    first, second = lead.split("<h3>")[1:]
    assert all(part.count("<figure>") == 3 for part in (first, second)), lead
    assert "run1</text>" in first and "run2</text>" in first and "gain</text>" not in first, first
    assert "gain</text>" in second and "run1" not in second and "<td class=\"label\">gain, maximize</td>" in lead, second
    told = call(report, "--format", "svg", "--out", folder / "figures", loss[0], gain, loss[1]).split()
    names = {pathlib.Path(path).name for path in told}
    assert len(names) == 6 and sum(name.endswith("-gain.svg") for name in names) == 3, names


def a_page_of_a_run_that_goes_on_reloads(report, search, folder):
    (folder / "study.yaml").write_text(SLOW)
    (folder / "slow.sh").write_text("sleep 1; echo '{\"loss\": 1}'\n")
    made, page = folder / "slow", folder / "slow.html"
    goes = subprocess.Popen([search, "study.yaml", "--dir", "slow"], cwd=folder, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    while not (made / "status.json").exists():
        assert goes.poll() is None
        time.sleep(0.02)
    watch = subprocess.Popen([report, "--watch", "--format", "html", "--out", page, made], stderr=subprocess.PIPE, text=True)
    reloads = '<meta http-equiv="refresh" content="10">'
    while not page.exists():
        assert watch.poll() is None, watch.stderr.read()
        time.sleep(0.02)
    assert reloads in page.read_text() and goes.poll() is None
    call(report, "--format", "html", "--out", folder / "once.html", made)
    assert "refresh" not in (folder / "once.html").read_text()  # nobody writes this one again
    assert goes.wait(60) == 0
    _, said = watch.communicate(timeout=60)
    assert watch.returncode == 0 and reloads not in page.read_text() and "<dd>done</dd>" in page.read_text(), said
    assert "refresh" not in (made / "report.html").read_text()


def seeds_have_a_mean(report, search, folder):
    (folder / "noisy.sh").write_text('echo "{\\"gain\\": $1$2}"\n')
    made = run(search, folder, GAIN.replace("[sh, gain.sh, '{x}']", "[sh, noisy.sh, '{x}', '{seed}']").replace(
        "{min: 0.0, max: 1.0}", "{values: [0.1, 0.2, 0.3]}").replace("trials: 5", "trials: 20") + "repeats: true\n", "run")
    values = {}
    for trial in json.loads(call(report, "--format", "json", made))["trials"]:
        values.setdefault(trial["config"]["x"], []).append((trial["evaluations"][0]["value"], trial["trial"]))
    means = sorted(((statistics.mean(v for v, _ in of), min(t for _, t in of), len(of), statistics.stdev(v for v, _ in of))
                    for of in values.values()), reverse=True)
    assert len(means) == 3 and sum(n for _, _, n, _ in means) == 20
    part = call(report, made).split("Configurations that were tried again: gain\n")[1].splitlines()[1:4]
    seen = [[float(cell) for cell in line.split()] for line in part]
    for (mean, first, count, deviation), row in zip(means, seen):
        assert row[:2] == [first, count] and abs(row[2] - mean) < 1e-5 and abs(row[3] - deviation) < 1e-6, (row, means)
    assert "tried again: gain" in (made / "report.html").read_text()


def a_run_leaves_its_report(report, search, folder):
    made = run(search, folder, FUNCTION, "run")
    page = (made / "report.html").read_text()
    assert "<dd>done</dd>" in page and "Learning curves" in page
    assert "report.html" in call(report, "--watch", "--format", "html", made)  # it has ended, so one look is enough
    again = (made / "report.html").read_text()
    assert page.split(str(made))[-1] == again.split(str(made))[-1]
    assert not (run(search, folder, FUNCTION + "report: false\n", "silent") / "report.html").exists()


def what_a_run_left_is_unfinished(report, search, folder):
    (folder / "left.sh").write_text("sleep $1; echo '{\"loss\": 1}'\n")
    made = run(search, folder, LEFT, "left")
    facts = call(report, made)
    assert re.search(r"trials +2, 1 complete, 1 unfinished", facts), facts
    (made / "status.json").write_text((made / "status.json").read_text().replace('"done"', '"running"', 1))
    assert re.search(r"trials +2, 1 complete, 1 running", call(report, made))


def main():
    for case in (formats_agree, figures_are_files, a_run_leaves_its_report, what_a_run_left_is_unfinished, harm_is_text,
                 mistakes_are_said, runs_are_compared, unlike_runs_have_axes_of_their_own, seeds_have_a_mean,
                 a_page_of_a_run_that_goes_on_reloads, a_page_of_many):
        with tempfile.TemporaryDirectory() as folder:
            case(sys.argv[1], sys.argv[2], pathlib.Path(folder))
    print("runs are reported")


if __name__ == "__main__":
    main()
