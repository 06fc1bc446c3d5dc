#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trained networks of every kind, exported: the C header compiles without a warning and answers like hpo_model predict
to 1e-5; onnx's checker accepts the ONNX model, and onnxruntime gives the same class and the same answers to 1e-4.

  test_model_export.py HPO_SEARCH HPO_MODEL C_COMPILER
  test_model_export.py HPO_SEARCH HPO_MODEL --onnx VENV TEST_ONNX_MODEL

VENV: a folder where onnxruntime and onnx are installed; made when it is not there. When that is not possible the second
form says SKIPPED and why. TEST_ONNX_MODEL writes a network for each op, which are checked, too."""
import array
import csv
import gzip
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import venv_folder  # noqa: E402

search, model, compiler = sys.argv[1:4]
digits = pathlib.Path(__file__).resolve().parents[2] / "engine/data/sets/digits.csv.gz"
ROWS = 24
failures = 0
NETS = {
    "mlp": "model: mlp, hidden: [24], norm: layer, activation: gelu",
    "cnn": "network: [{conv: 6, kernel: 3}, {pool: max}, {conv: 8, kernel: 3, activation: elu}, flatten, "
           "{dropout: 0.2}, {dense: 16, activation: prelu}]",
    "resnet": "model: resnet, width: 4, blocks: 1",
    "separable": "model: separable, width: 8",
    "unet": "model: unet, width: 4",
    "cells": "model: cells, genotype: DARTS_V2, channels: 4, cells: 3, auxiliary: 0.4, drop_path: 0.1, batch_size: 96",
}
STUDY = """
seed: 1
objective:
  train: {dataset: digits, fraction: 0.2, epochs: %d, %s}
parameters:
  learning_rate: {min: 0.003, max: 0.01, log: true}
budget: {trials: 1}
method: random
"""
MAIN = """
#include "%s.h"
#include <stdio.h>
int main(void) {
    static float x[NAME_INPUTS], work[NAME_WORK], y[NAME_OUTPUTS];
    for (;;) {
        for (int i = 0; i < NAME_INPUTS; i++)
            if (scanf("%%f", &x[i]) != 1) return 0;
        name_predict(x, work, y);
        for (int i = 0; i < NAME_OUTPUTS; i++) printf("%%.9g ", (double)y[i]);
        printf("%%s\\n", name_class(0));
    }
}
"""


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def run(*command, text=None):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, input=text)
    return done.returncode, done.stdout, done.stderr


def differ(got, wanted):
    """The largest difference of two lists of numbers, relative to the larger of 1 and the number."""
    if len(got) != len(wanted) or not all(map(math.isfinite, got)):
        return math.inf
    return max(abs(g - w) / max(1, abs(w)) for g, w in zip(got, wanted))


# In the venv: checks models, asks each for its samples. In and out: JSON, a line for each model.
ASK = """
import json, sys
import numpy, onnx, onnxruntime
for line in sys.stdin:
    path, rows = json.loads(line)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    shape = [len(rows)] + session.get_inputs()[0].shape[1:]
    answer, = session.run(None, {"x": numpy.array(rows, "float32").reshape(shape)})
    print(json.dumps([answer.tolist(), session.get_modelmeta().custom_metadata_map]), flush=True)
"""


def asked(python, path, samples):
    code, out, err = run(python, "-c", ASK, text=json.dumps([str(path), samples]) + "\n")
    check(code == 0, f"onnxruntime reads {path.name}", err[-2000:])
    return json.loads(out) if code == 0 else ([], {})


def onnx(name, folder, checkpoint, samples, wanted, python):
    code, _, err = run(model, "export", checkpoint, folder / f"{name}.onnx")
    check(code == 0, f"{name}: export of ONNX", err)
    got, metadata = asked(python, folder / f"{name}.onnx", samples)
    check(len(got) == len(wanted), f"{name}: an answer for each sample", len(got))
    worst = max((differ(g, w) for g, w in zip(got, wanted)), default=math.inf)
    same = all(g.index(max(g)) == w.index(max(w)) for g, w in zip(got, wanted))
    check(worst <= 1e-4 and same, f"{name}: onnxruntime's answers", worst)
    check(json.loads(metadata.get("classes", "0")) == list("0123456789"), f"{name}: names of classes", metadata)
    print(f"{name}: onnxruntime within {worst:.1e}")


def ops(python, program, folder):
    """A network for each op, without training."""
    folder.mkdir()
    code, names, err = run(program, folder)
    check(code == 0 and len(names.splitlines()) > 40, "a network for each op", err)
    lines, wanted = [], []
    for line in names.splitlines():
        stem = folder / line.split()[0]
        lines.append(json.dumps([str(stem) + ".onnx", [list(array.array("f", stem.with_suffix(".x").read_bytes()))]]))
        wanted.append(list(array.array("f", stem.with_suffix(".y").read_bytes())))
    code, out, err = run(python, "-c", ASK, text="\n".join(lines) + "\n")
    got = [json.loads(line)[0][0] for line in out.splitlines()]
    last = names.splitlines()[min(len(got), len(wanted) - 1)]
    check(code == 0, f"onnxruntime reads every op, also {last}", err[-2000:])
    for name, g, w in zip(names.splitlines(), got, wanted):
        check(differ(g, w) <= 1e-4, f"onnxruntime's answers for {name}", (g, w))
    print(f"{len(got)} networks of ops: onnxruntime within {max(map(differ, got, wanted), default=math.inf):.1e}")


def answers(checkpoint, table):
    code, text, err = run(model, "predict", checkpoint, table)
    check(code == 0, "predict", err)
    return [[float(v) for v in row[2:]] for row in list(csv.reader(io.StringIO(text)))[1:]]


def header(name, folder, checkpoint, samples, wanted):
    code, _, err = run(model, "export", checkpoint, folder / f"{name}.h")
    check(code == 0, f"{name}: export of a header", err)
    (folder / "main.c").write_text((MAIN % name).replace("NAME", name.upper()).replace("name_", name + "_"))
    code, _, err = run(compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-o", folder / "main",
                       folder / "main.c", "-lm")
    check(code == 0, f"{name}: the header compiles", err)
    if code != 0:
        return
    _, text, _ = run(folder / "main", text="\n".join(" ".join(map(str, row)) for row in samples))
    rows = [line.split() for line in text.splitlines()]
    complete = len(rows) == len(wanted) and all(row[-1] == "0" for row in rows)
    check(complete, f"{name}: a line for each sample", text[:200])
    worst = max(differ([float(v) for v in row[:-1]], w) for row, w in zip(rows, wanted))
    check(worst <= 1e-5, f"{name}: the header's answers", worst)
    print(f"{name}: header within {worst:.1e}")


python = None
if compiler == "--onnx":
    python = venv_folder.python_of(sys.argv[4], "onnx, onnxruntime", ["onnxruntime", "onnx"])

with tempfile.TemporaryDirectory() as root:
    root = pathlib.Path(root)
    if python:
        ops(python, sys.argv[5], root / "ops")
    with gzip.open(digits, "rt") as file:
        table = list(csv.reader(file))[: ROWS + 1]
    (root / "x.csv").write_text("\n".join(",".join(row) for row in table) + "\n")
    samples = [[float(v) for v in row[:-1]] for row in table[1:]]
    for name, net in NETS.items():
        folder = root / name
        folder.mkdir()
        (folder / "study.yaml").write_text(STUDY % (1 if name == "cells" else 3, net))
        code, out, err = run(search, "--dir", folder / "run", folder / "study.yaml")
        check(code == 0, f"{name}: the study runs", out + err)
        found = sorted((folder / "run/trials").glob("*/checkpoint-*.ckpt"))
        check(found, f"{name}: a checkpoint is left", out)
        if not found:
            continue
        wanted = answers(found[0], root / "x.csv")
        if python:
            onnx(name, folder, found[0], samples, wanted, python)
        else:
            header(name, folder, found[0], samples, wanted)

sys.exit(1 if failures else 0)
