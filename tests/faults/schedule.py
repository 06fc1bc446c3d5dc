# SPDX-License-Identifier: GPL-3.0-or-later
"""A schedule: which study runs how, and what happens to it. It is a function of its number alone.

A schedule has one to three rounds. A round is one start of the command with its disturbances: deeds of this harness
(kill, signal, freeze, a second start) at points of the journal, one rule for the file system (shim.c), or rates for
messages (sockets.c); behind it, files may be damaged. After the last round the command is started undisturbed until it
is done.
"""
import random
from dataclasses import dataclass, field

from studies import STUDIES

LAUNCHERS = ("alone", "jobs", "ranks", "recovery")  # one process; -j 3; mpirun -n 4, without and with recovery
ROLES = {"alone": ("rank 0", "server 0", "trial", "everything"),
         "jobs": ("rank 0", "rank 1", "rank 2", "rank 3", "server 1", "server 2", "trial", "mpirun", "parent",
                  "everything")}
ROLES["ranks"] = ROLES["recovery"] = tuple(role for role in ROLES["jobs"] if role != "parent")

# What a run writes, and what may go wrong with it. A file is named by a text that its path holds.
IO_FATES = {"write": ("ENOSPC", "EIO", "EDQUOT", "short", "torn", "before", "after"),
            "sync": ("EIO", "ENOSPC", "before", "after"), "open": ("ENOSPC", "EIO", "before"), "rename": ("ENOSPC", "before", "after"), "cut": ("EIO", "after")}
IO_FILES = (("journal.log", 10), ("status.json", 2), ("best.yaml", 1), ("report.html", 1), ("study.yaml", 1), ("hpo-lock", 2),
            ("/done", 3), ("/trials/", 3), ("run/", 2))
DAMAGES = ("cut", "cut line", "zeros", "garbage", "flip", "checkpoint cut", "checkpoint flip", "checkpoint gone", "status cut",
           "stale draft", "trials gone")


@dataclass
class Round:
    deeds: list = field(default_factory=list)  # (at: lines of the journal, what, whom, seconds)
    io: str = ""        # HPO_TEST_IO
    messages: str = ""  # HPO_TEST_MESSAGES
    damage: list = field(default_factory=list)  # (what, number)

    def __str__(self):
        parts = [f"at line {at}: {what} {whom}" + (f" for {seconds:.2f} s" if seconds else "")
                 for at, what, whom, seconds in self.deeds]
        parts += [f"files: {self.io}"] * bool(self.io) + [f"messages: {self.messages}"] * bool(self.messages)
        parts += [f"then {what} ({number})" for what, number in self.damage]
        return "; ".join(parts) or "undisturbed"


@dataclass
class Schedule:
    number: int
    study: str
    launcher: str
    rounds: list
    mpi: bool = False  # the real mpirun and hpo_search

    def __str__(self):
        lines = [f"schedule {self.number}: {self.study}, {self.launcher}{' (MPI)' if self.mpi else ''}"]
        return "\n".join(lines + [f"  round {i + 1}: {one}" for i, one in enumerate(self.rounds)])


class Dice:
    """Draws that are functions of random() alone, which no version of Python changes."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, n):
        return int(self.random() * n)

    def one_of(self, items):
        return items[self.below(len(items))]

    def weighted(self, pairs):
        at = self.below(sum(weight for _, weight in pairs))
        for item, weight in pairs:
            at -= weight
            if at < 0:
                return item
        raise AssertionError

    def chance(self, share):
        return self.random() < share


def draw_deed(dice, launcher):
    at = 2 + dice.below(90) if dice.chance(0.85) else 0
    what = dice.weighted((("kill", 8), ("freeze", 4), ("signal", 2), ("second", 1)))
    if what == "second":
        return (at, what, "command", 0)
    if what == "signal":
        return (at, what, dice.one_of(("TERM", "INT", "USR1")), 0)
    whom = dice.one_of(ROLES[launcher])
    return (at, what, whom, 0.05 + 1.2 * dice.random() if what == "freeze" else 0)


def draw_io(dice):
    file = dice.weighted(IO_FILES)
    operation = dice.weighted((("write", 6), ("sync", 2), ("open", 1), ("rename", 1), ("cut", 1)))
    fate = dice.one_of(IO_FATES[operation])
    first = 1 + dice.below(60 if file == "journal.log" and operation == "write" else 6)
    count = dice.weighted(((1, 2), (0, 1)))
    if file in ("/done", "/trials/", "run/"):
        count = 1  # a trial without room is tried again for a minute
    return f"{file}:{operation}:{first}:{count}:{fate}"


def draw_messages(dice):
    rates = [dice.one_of((0, 20, 60)) for _ in range(3)]
    return f"{dice.below(10**6)}:{rates[0]}:{rates[1]}:{rates[2]}:{0.02 + 0.7 * dice.random():.3f}"


def draw_round(dice, launcher):
    one = Round()
    kind = dice.weighted((("deeds", 5), ("io", 4), ("messages", 3 if launcher != "alone" else 0), ("mixed", 2)))
    if kind in ("deeds", "mixed"):
        one.deeds = sorted(draw_deed(dice, launcher) for _ in range(1 + dice.below(3)))
    if kind in ("io", "mixed"):
        one.io = draw_io(dice)
    if kind == "messages" or (kind == "mixed" and launcher != "alone"):
        one.messages = draw_messages(dice)
    if dice.chance(0.25):
        one.damage = [(dice.one_of(DAMAGES), dice.below(10**6))]
    return one


def schedule(number, mpi_every=0):
    """The schedule of this number. mpi_every: each of so many is run by the real mpirun."""
    dice = Dice(number)
    study = dice.one_of(tuple(STUDIES))
    launcher = dice.weighted((("alone", 3), ("jobs", 5), ("ranks", 2), ("recovery", 3)))
    rounds = [draw_round(dice, launcher) for _ in range(1 + dice.below(3))]
    mpi = mpi_every > 0 and number % mpi_every == 0 and launcher == "jobs"
    if mpi:
        for one in rounds:
            one.messages = ""
    return Schedule(number, study, launcher, rounds, mpi)
