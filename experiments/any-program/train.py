#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any program can be tuned: this one fits y = sin(x) by a polynomial with gradient descent, and goes on where it stopped."""
import argparse, json, math, os, random

args = argparse.ArgumentParser()
args.add_argument("--lr", type=float)
args.add_argument("--momentum", type=float)
args.add_argument("--degree", type=int)
args.add_argument("--epochs", type=int)
args = args.parse_args()

checkpoint = os.path.join(os.environ["HPO_CHECKPOINT"], "state.json")
rng = random.Random(int(os.environ["HPO_SEED"]))
state = {"epoch": 0, "w": [rng.gauss(0, 0.1) for _ in range(args.degree + 1)], "v": [0.0] * (args.degree + 1)}
if float(os.environ["HPO_FIDELITY_FROM"]) > 0:
    state = json.load(open(checkpoint))

points = [-1 + 2 * i / 63 for i in range(64)]
features = [[x**k for k in range(args.degree + 1)] for x in points]
targets = [math.sin(3 * x) for x in points]
w, v = state["w"], state["v"]
while state["epoch"] < args.epochs:
    for _ in range(20):
        errors = [sum(a * b for a, b in zip(w, f)) - t for f, t in zip(features, targets)]
        for k in range(len(w)):
            gradient = sum(e * f[k] for e, f in zip(errors, features)) / len(errors)
            v[k] = args.momentum * v[k] - args.lr * gradient
            w[k] += v[k]
    state["epoch"] += 1
    loss = sum(e * e for e in errors) / len(errors)
    json.dump(state, open(checkpoint + ".new", "w"))
    os.replace(checkpoint + ".new", checkpoint)
    print(json.dumps({"epochs": state["epoch"], "loss": loss}), flush=True)
