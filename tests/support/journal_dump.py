#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal tells, in the order of telling: journal_dump.py JOURNAL prints one line per record.

    start TRIAL rung RUNG to FIDELITY from FROM {parameter: internal value}
    promote | report | result | close TRIAL ...

Numbers are printed with float.hex, so that equal lines mean equal bits. Who computed a value, when, how fast and in
which attempt is left out: two runs of a deterministic study must print the same lines.
"""
import json
import sys

OP_START, OP_ATTRIBUTE = 4, 8


def bits(value):
    return value if isinstance(value, str) else float(value).hex()  # "nan", "inf", "-inf" are texts


def entries(path):
    """(kind, trial, attribute, params) of every line of ours that is whole; kind is start, promote, raw, ..."""
    trials = 0
    with open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            op = json.loads(line)
            if op["op_code"] == OP_START:
                yield "start", trials, op["user_attrs"]["hpo:start"], op["params"]
                trials += 1
            elif op["op_code"] == OP_ATTRIBUTE:
                (key, attribute), *_ = op["user_attr"].items()
                if key.startswith("hpo:") and key != "hpo:format":
                    if "values" in attribute:  # format 1 has "value"
                        attribute["value"], = attribute["values"]
                    yield key[4:], op["trial_id"], attribute, None


def records(path):
    """The lines that main prints."""
    lines = []
    for kind, trial, attribute, params in entries(path):
        if kind in ("raw", "attempt"):
            continue
        words = [kind, str(trial)]
        if kind != "close":
            words += ["rung", str(attribute["rung"]), "to", bits(attribute["fidelity"])]
        if kind in ("start", "promote"):
            words += ["from", bits(attribute["from"])]
        if kind == "start":
            words += ["seed", attribute["seed"], "bracket", str(attribute["bracket"])]
            words += [f"{name}={bits(value)}" for name, value in sorted(params.items())]
        if kind in ("report", "result"):
            words += ["value", bits(attribute["value"]), attribute.get("failure", "none")]
            words += [flag for flag in ("stop", "final") if attribute.get(flag)]
            metrics = attribute.get("metrics", {}).items()
            words += [f"{name}={bits(value)}" for name, value in metrics if not name.endswith("seconds")]
            words += [f"made {text!r}" for text in attribute.get("artefact", [])]
        lines.append(" ".join(words))
    return lines


if __name__ == "__main__":
    print("\n".join(records(sys.argv[1])))
