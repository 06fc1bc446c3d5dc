#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""hpo_model on what hpo_search leaves behind: a trial's checkpoint answers and is exported, its configuration is
trained again on all that it may learn from, and every mistake has a sentence and an exit code."""
import csv
import io
import json
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
  train: {dataset: csv, path: flowers.csv, model: mlp, hidden: [8], epochs: 12, early_stopping: 2, batch_size: 8,
          test_fraction: 0.25}
parameters:
  learning_rate: {min: 0.003, max: 0.01, log: true}
budget: {trials: 2}
method: random
"""
PROGRAM_STUDY = """
seed: 1
objective: {command: {run: [python3, program.py, "{x}", "{epochs}"]}}
metric: {name: loss, goal: minimize}
fidelity: {epochs: {min: 1, max: 9}}
method: hyperband
parameters:
  x: {min: 0.0, max: 1.0}
budget: {trials: 3}
"""
PROGRAM = """
import json, os, sys
x, epochs = float(sys.argv[1]), int(sys.argv[2])
with open(os.environ["HPO_CHECKPOINT"] + "/left.json", "w") as file:
    json.dump({"seed": os.environ["HPO_SEED"], "config": {"x": x, "epochs": epochs}}, file)
print(json.dumps({"loss": x, "epochs": epochs}))
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


def yaml_numbers(path):
    """The metrics of best.yaml."""
    return {k: float(v) for k, v in re.findall(r"^  (\w+): ([-0-9.e]+)$", path.read_text(), re.M)}


def refused(arguments, code, part):
    got, _, err = run(model, *arguments)
    good = got == code and part in err and err.count("\n") == 1
    check(good, f"hpo_model {arguments}: {code}, '{part}'", f"{got} {err}")


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

    # The best configuration again, on 120 samples less 30 to test, for the epochs that its trial took.
    found = yaml_numbers(folder / "run/best.yaml")
    code, text, err = run(model, "retrain", folder / "run", "--study", study)
    epochs = int(found["epochs_run"])
    head = f"trial {best}: valid_error {found['valid_error']:.6g}; {epochs} epochs on 90 samples, 30 to test"
    check(code == 0 and text.splitlines()[0] == head, "retrain", f"{head}\n{text}{err}")
    first = text.splitlines()[1]
    check(re.match(r"seed \d+: test_error [0-9.]+, test_loss ", first), "its scores", text)
    kept = folder / f"run/trial-{best}.model"
    check(text.splitlines()[2] == str(kept), "its file", text)
    code, answers, err = run(model, "predict", kept, folder / "new.csv")
    check(code == 0 and len(answers.splitlines()) == 121, "its answers", err)
    again = ["retrain", folder / "run", "--study", study]
    code, text, err = run(model, *again, "--seeds", "3", "--out", folder / "a.model")
    lines = text.splitlines()
    errors = [float(re.search(r"test_loss ([0-9.e-]+)", line).group(1)) for line in lines[1:4]]
    mean = float(re.search(r"3 seeds:.* test_loss ([0-9.e-]+)", lines[4]).group(1))
    check(code == 0 and lines[1] == first and len(set(errors)) == 3, "seeds, the first the trial's", text + err)
    check(abs(mean - sum(errors) / 3) < 1e-5 * mean + 1e-9, "their mean", text)
    check((folder / "a.model").read_bytes() == kept.read_bytes(), "the first one is kept")
    code, text, err = run(model, *again, "--fraction", "0.5", "--out", folder / "half.model")
    check(code == 0 and text.splitlines()[0] == head.replace("90 samples", "45 samples"), "--fraction", text + err)
    other = 1 - int(best)
    code, text, err = run(model, *again, "--trial", other)
    made = (folder / f"run/trial-{other}.model").exists()
    check(code == 0 and text.startswith(f"trial {other}: ") and made, "--trial", text + err)
    (folder / "other.yaml").write_text(STUDY.replace("hidden: [8]", "hidden: [9]"))
    refused(["retrain", folder / "run"], 2, "name that with --study")
    refused(["retrain", folder / "run", "--study", folder / "other.yaml"], 2, "is not the study of")
    refused(["retrain", folder / "run", "--study", study, "--set", "metric=valid_loss"], 2, "is not the study of")
    refused(["retrain", folder / "run", "--study", study, "--trial", "7"], 2, "has no trial 7; it has 2")
    refused(["retrain", folder / "run", "--seeds", "0"], 2, "--seeds takes a whole number from 1")
    refused(["retrain", folder / "run", "--fraction", "1.5"], 2, "--fraction takes a number above 0 and at most 1, not 1.5")
    refused(["retrain", folder / "none"], 2, "none/study.yaml")
    refused(["retrain"], 2, "retrain needs one DIR")
    # Where trials differ by luck alone, the one that the run recommends is trained again, not the luckiest.
    flat = folder / "flat.yaml"
    flat.write_text(STUDY.replace("epochs: 12", "epochs: 3").replace("min: 0.003, max: 0.01", "min: 0.0049, max: 0.0051")
                    .replace("seed: 1", "seed: 6").replace("trials: 2", "trials: 20")
                    + "metric: valid_loss\nincumbent: posterior\n")
    code, out, err = run(search, "--dir", folder / "flat", flat)
    said = re.search(r"recommended by its posterior mean, \S+ the best value, \S+ is that of trial (\d+)", out)
    wanted = re.search(r"^trial: (\d+)", (folder / "flat/best.yaml").read_text(), re.M).group(1)
    check(code == 0 and said and said.group(1) != wanted, "another one than the luckiest", out + err)
    code, text, err = run(model, "retrain", folder / "flat", "--study", flat)
    check(code == 0 and text.startswith(f"trial {wanted}: valid_loss "), "the recommended one is retrained", text + err)
    # A program runs once more as its trial did, to the highest fidelity.
    (folder / "program.py").write_text(PROGRAM)
    (folder / "program.yaml").write_text(PROGRAM_STUDY)
    code, _, err = run(search, "--dir", folder / "program", folder / "program.yaml")
    check(code == 0, "a study of a program runs", err)
    where = ["retrain", folder / "program", "--study", folder / "program.yaml"]
    trials = folder / "program/trials"
    own = json.loads((trials / "1/checkpoint/left.json").read_text())
    own["config"]["epochs"] = 9
    code, text, err = run(model, *where, "--trial", "1")
    left = json.loads((folder / "program/retrain-1/checkpoint/left.json").read_text())
    said = {"loss": own["config"]["x"], "epochs": 9}
    check(code == 0 and json.loads(text) == said, "its output is shown", text + err)
    check(left == own, "seed, configuration, checkpoint", (left, own))
    code, _, err = run(model, *where, "--trial", "0", "--out", folder / "elsewhere")
    check(code == 0 and (folder / "elsewhere/checkpoint/left.json").exists(), "--out of a program", err)
    refused(where, 2, "name the trial with --trial")
    refused([*where, "--trial", "1", "--seeds", "2"], 2, "--seeds is for networks")
    (folder / "program.py").write_text("import sys\nsys.exit(3)\n")
    refused([*where, "--trial", "1"], 2, "ended with exit code 3")

    (folder / "formula.yaml").write_text("objective: {function: {problem: branin}}\nbudget: {trials: 2}\nseed: 1\n")
    code, _, err = run(search, "--dir", folder / "formula", folder / "formula.yaml")
    check(code == 0, "a study without networks runs", err)
    refused(["retrain", folder / "formula"], 2, "the objective function trains no network")

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
    verbs = all(f"hpo_model {verb} " in out for verb in ("retrain", "predict", "export"))
    check(code == 0 and verbs and max(map(len, out.splitlines())) <= 80, "--help", out)

sys.exit(1 if failures else 0)
