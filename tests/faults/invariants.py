# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true after a schedule, whatever it did. The journal is read here by code that is not the product's."""
import json
import math
import re
import struct
from collections import Counter

MASK = (1 << 64) - 1
HEX = re.compile("[0-9a-f]{32}")
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


class Broken(Exception):
    """An invariant that does not hold."""


def check(condition, what):
    if not condition:
        raise Broken(what)


def xxh64(data):
    """XXH64 of bytes with the seed 0."""
    def rotate(x, r):
        return ((x << r) | (x >> (64 - r))) & MASK

    def turn(acc, lane):
        return rotate((acc + lane * P2) & MASK, 31) * P1 & MASK

    n, at = len(data), 0
    if n >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        whole = n - n % 32
        for words in struct.iter_unpack("<4Q", data[:whole]):
            lanes = [turn(acc, word) for acc, word in zip(lanes, words)]
        h = sum(rotate(lane, r) for lane, r in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = ((h ^ turn(0, lane)) * P1 + P4) & MASK
        at = whole
    else:
        h = P5
    h = (h + n) & MASK
    while at + 8 <= n:
        h = (rotate(h ^ turn(0, int.from_bytes(data[at:at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= n:
        h = (rotate(h ^ (int.from_bytes(data[at:at + 4], "little") * P1 & MASK), 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ (byte * P5 & MASK), 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


def number(value):
    """A value of the journal or of the display; None: not a finite number."""
    value = float(value) if value is not None else math.nan
    return value if math.isfinite(value) else None


class Entry:
    """A line of ours: kind is start, promote, report, result, close, attempt or raw."""

    def __init__(self, kind, trial, attribute, line):
        self.kind, self.trial, self.attribute, self.line = kind, trial, attribute, line

    def __getitem__(self, name):
        return self.attribute[name]

    def get(self, name):
        return self.attribute.get(name)

    @property
    def key(self):
        """What a display tells of it: (trial, fidelity, value)."""
        if self.kind == "close":
            return (self.trial, None, None)
        return (self.trial, float(self["fidelity"]), number(self["values"][0]))


class Journal:
    """The whole lines of a file, as far as they can be understood; whole: that is all of them."""

    def __init__(self, path):
        self.entries, self.whole, self.sound = [], True, 0
        data = path.read_bytes() if path.exists() else b""
        trials, previous = 0, 0
        for count, line in enumerate(data.split(b"\n")):
            if not line:
                continue
            try:
                operation = json.loads(line)
                chain = operation.get("chain", "")
            except ValueError:
                self.whole = False
                break
            if not data[self.sound + len(line):self.sound + len(line) + 1]:
                self.whole = False  # no newline
                break
            self.sound += len(line) + 1
            if len(chain) == 32:
                body = line[:-len('0123456789abcdef"}')]
                check(HEX.fullmatch(chain) and int(chain[16:], 16) == xxh64(body),
                      f"line {count + 1} of the journal: its checksum is wrong")
                check(int(chain[:16], 16) == previous, f"line {count + 1} of the journal does not follow the one before")
                previous = int(chain[16:], 16)
            if operation["op_code"] == 4:
                self.entries.append(Entry("start", trials, operation["user_attrs"]["hpo:start"], count))
                trials += 1
            elif operation["op_code"] == 8:
                (key, attribute), = operation["user_attr"].items()
                if key.startswith("hpo:"):
                    self.entries.append(Entry(key[4:], operation["trial_id"], attribute, count))

    def of(self, *kinds):
        return [entry for entry in self.entries if entry.kind in kinds]

    def keys(self):
        return {entry.key for entry in self.of("report", "result", "close")}

    def known(self):
        """Evaluations whose result is there: (trial, rung, fidelity)."""
        raw = [entry for entry in self.of("raw") if not entry.get("report")]
        return {(entry.trial, entry["rung"], float(entry["fidelity"])) for entry in self.of("result") + raw}


def told(text):
    """What a run has printed of finished trials (--json), as Entry.key. Its last line may be torn."""
    keys = set()
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "trial" not in said:
            continue
        if "fidelity" not in said:
            keys.add((said["trial"], None, None))
            continue
        values = [value for name, value in said.items()
                  if name not in ("trial", "state", "fidelity", "failure", "reason", "artefact", "config", "feasible")]
        keys.add((said["trial"], float(said["fidelity"]), number(values[0])))
    return keys


def side_lines(path, offset=0):
    """The evidence that trials left (trial.c), from a byte on."""
    if not path.exists():
        return []
    return [line.split() for line in path.read_bytes()[offset:].decode().splitlines()]


def check_side(lines, frozen):
    """Nothing was evaluated in two places, or before the journal knew. frozen: a rank alone was stopped, and its fork
    server not, so that its trial went on while it seemed lost (docs/faults.md); or a fork server was killed, and what
    the kernel kills with it takes a moment to die."""
    for words in lines:
        check(frozen or words[0] != "twice", f"trial {words[1]} was evaluated in two places at once: {' '.join(words)}")
        check(words[0] != "unwritten", f"trial {words[1]} was started before the journal knew: {' '.join(words)}")


def check_records(journal, study, lines):
    """Each trial once, in order; each evaluation told once, and by a program that said so."""
    starts = [entry.trial for entry in journal.of("start")]
    check(starts == list(range(len(starts))), f"trials started: {starts}")
    check(study.trials is None or len(starts) == study.trials, f"{len(starts)} trials, the budget is {study.trials}")
    counts = Counter((entry.trial, entry["rung"]) for entry in journal.of("result"))
    twice = [key for key, count in counts.items() if count > 1]
    check(not twice, f"told twice (trial, rung): {twice}")
    ended = {entry.trial for entry in journal.of("result", "close")} | {
        entry.trial for entry in journal.of("report") if entry.get("stop")}
    check(ended == set(starts), f"trials without an end: {set(starts) - ended}")
    if not study.command or study.cost:  # of replicates, the journal has the mean
        return
    said = {(int(words[1]), float(words[4])) for words in lines if words[0] == "end"}
    for entry in journal.of("result"):
        value = number(entry["values"][0])
        check(entry.get("failure") or (entry.trial, value) in said,
              f"the result {value} of trial {entry.trial} was not said by its program")


def check_not_again(known, study, lines):
    """What the journal knew when a run began is not evaluated again."""
    if not study.command or study.cost:  # a further seed of replicates is not told from the first
        return
    known = {(trial, 0.0 if study.plain else fidelity) for trial, _, fidelity in known}
    again = [words for words in lines if words[0] == "begin" and (int(words[1]), float(words[2])) in known]
    check(not again, f"evaluated again, although the journal had the result: {again}")
