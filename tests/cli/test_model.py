#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""hpo_model on what hpo_search leaves behind: the answers of a trial's checkpoint have the test error that the trial
reported, and every mistake has a sentence and an exit code."""
import csv
import io
import pathlib
import re
import subprocess
import sys
import tempfile

search, model = sys.argv[1:3]
failures = 0
STUDY = """
seed: 1
objective:
  train: {dataset: csv, path: flowers.csv, model: mlp, hidden: [8], epochs: 5, batch_size: 8, test_fraction: 0.25}
parameters:
  learning_rate: {min: 0.003, max: 0.01, log: true}
budget: {trials: 2}
method: random
"""
CLASSES = ["=red", "blue", "green, dark"]


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def write_flowers(path):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["length", "width", "colour"])
        for i in range(120):
            k = i % 3
            out.writerow([k + (i * 37 % 11) / 30, 2 - k + (i * 53 % 13) / 30, CLASSES[k]])


def refused(arguments, code, part):
    got, _, err = run(model, *arguments)
    check(got == code and part in err and err.count("\n") == 1, f"hpo_model {arguments}: {code}, '{part}'", f"{got} {err}")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    study = folder / "study.yaml"
    study.write_text(STUDY)
    write_flowers(folder / "flowers.csv")
    code, out, err = run(search, "--dir", folder / "run", study)
    check(code == 0, "the study runs", out + err)
    best = re.search(r"trial: (\d+)", (folder / "run/best.yaml").read_text()).group(1)
    checkpoint = next((folder / "run/trials" / best).glob("checkpoint-*.ckpt"))

    # Columns in another order, one that is not known, and no target.
    with open(folder / "flowers.csv") as file:
        rows = list(csv.DictReader(file))
    with open(folder / "new.csv", "w", newline="") as file:
        columns = csv.writer(file)
        columns.writerow(["who", "width", "length"])
        columns.writerows(["me", row["width"], row["length"]] for row in rows)
    code, text, err = run(model, "predict", checkpoint, folder / "new.csv")
    answers = list(csv.DictReader(io.StringIO(text)))
    check(code == 0 and len(answers) == 120, "predict", err)
    check(list(answers[0]) == ["sample", "class", "p(=red)", "p(blue)", "p(green, dark)"], "its columns", text[:200])
    check({a["class"] for a in answers} == {"'=red", "blue", "green, dark"}, "no class is a formula", text[:400])
    right = sum(a["class"].lstrip("'") == row["colour"] for a, row in zip(answers, rows))
    check(right > 100, "most answers are right", right)
    for a in answers:
        p = [float(a[k]) for k in list(a)[2:]]
        check(abs(sum(p) - 1) < 1e-6 and p.index(max(p)) == CLASSES.index(a["class"].lstrip("'")), "probabilities", a)
    code, silent, err = run(model, "predict", checkpoint, folder / "new.csv", "--out", folder / "answers.csv")
    check(code == 0 and not silent and (folder / "answers.csv").read_text() == text, "--out", err)

    (folder / "bad.csv").write_text("length,width\n1,x\n")
    (folder / "broken").write_bytes(checkpoint.read_bytes()[:-1])
    refused(["predict", checkpoint, folder / "bad.csv"], 2, "bad.csv:2:3: 'x' is not a finite")
    refused(["predict", checkpoint, folder / "none.csv"], 2, "no file or folder")
    refused(["predict", folder / "broken", folder / "new.csv"], 4, "broken")
    refused(["predict", folder / "study.yaml", folder / "new.csv"], 4, "is not a checkpoint")
    refused(["predict", checkpoint], 2, "predict needs MODEL and DATA")
    refused(["predict", "--fast", checkpoint, folder / "new.csv"], 2, "no option --fast")
    refused(["predict", checkpoint, folder / "new.csv", "--out"], 2, "--out needs a value")
    refused(["predict", checkpoint, folder / "new.csv", "--out", folder / "none/x.csv"], 2, "none/x.csv")
    code, _, err = run(model, "export", checkpoint, folder / "net.h")
    check(code == 0 and "net_predict" in (folder / "net.h").read_text(), "export", err)
    code, _, err = run(model, "export", checkpoint, folder / "net.onnx")
    check(code == 0 and b"hpo_model" in (folder / "net.onnx").read_bytes(), "export of ONNX", err)
    refused(["export", checkpoint, folder / "net.txt"], 2, "net.txt: what should it be?")
    refused(["export", checkpoint], 2, "export needs MODEL and FILE")
    refused(["export", checkpoint, folder / "net.h", "--out", "x"], 2, "no option --out")
    refused(["dance"], 2, "does not dance")
    code, out, _ = run(model, "--help")
    check(code == 0 and "usage: hpo_model predict" in out and max(map(len, out.splitlines())) <= 80, "--help", out)

sys.exit(1 if failures else 0)
