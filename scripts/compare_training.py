#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the same networks with PyTorch, JAX, TensorFlow and with ours, side by side, and prints samples per second.

usage: scripts/compare_training.py [install|run|summary]... [options]
  install   virtual environments with the pinned versions of benchmarks/peers/training (several gigabytes)
  run       every network: rows of benchmarks/peers/training/results.csv, which is rewritten
  summary   the table of what is there, which also replaces the one in benchmarks/peers/training/README.md
Without a word: all three.

bench_train writes down network, first weights and batches; the others read them, so that all must find the same losses,
and the command fails when they do not. Every program of a network runs on one and the same processor with one thread.
They are started and warmed up one after the other, and then take turns: one at a time, in every round in another order.
Of the ways to use a library only the fastest goes into the rounds. Times are processor time: a busy machine makes
everybody slower, but nobody waits at the cost of another. Needs only Python's standard library.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

from results_csv import read_rows, write_rows

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRAINING = ROOT / "benchmarks/peers/training"
ENVIRONMENTS = ROOT / "build/peers-training"

NETWORKS = {  # name: (what it is, the arguments of bench_train)
    "mlp": ("784-256-128-10", ["mlp.yaml"]),
    "cnn": ("3 convolutions, 16-32-64", ["cnn.yaml"]),
    "resnet8": ("ResNet-8, 16-32-64", ["resnet8.yaml"]),
    "separable": ("depthwise-separable, 3x3 and 5x5", ["separable.yaml"]),
    "darts": ("a DARTS cell, 16 channels at 28x28", ["darts.yaml", "--darts-cell", "16"]),
    "supernet": ("the supernet of DARTS, 8 channels, 5 cells", ["supernet.yaml", "--supernet", "8", "5"]),
}
OURS = "here"
# program: (the environment's name, or None for Debian's Python; ways to use it)
PEERS = {
    "pytorch-debian": (None, ["torch", "torch,channels_last"]),
    "pytorch": ("torch", ["torch,fused", "torch,channels_last,fused"]),
    "pytorch-compile": ("torch", ["torch,compile,fused", "torch,compile,channels_last,fused"]),
    "jax": ("jax", ["jax,shifts", "jax,shifts,scan"]),
    "tensorflow": ("tensorflow", ["tensorflow"]),
}
LIBRARY = {"pytorch-debian": "torch", "pytorch": "torch", "pytorch-compile": "torch", "jax": "jax",
           "tensorflow": "tensorflow"}
# What a library has not been taught: mixtures of operations, so far only PyTorch's way to write them.
ONLY = {"supernet": ["pytorch-debian", "pytorch", "pytorch-compile"]}
COLUMNS = ["network", "program", "version", "way", "us_per_step", "samples_per_s", "ratio", "first_loss", "loss"]
CHUNK = 8       # steps: a number of them that every program can take at once (train_peers.py)
LOSSES = 64     # of the first steps, which are compared
# How far the mean of the first so many losses may be apart, relative to 1 + loss. Every step multiplies the rounding
# errors of those before it: here they are held against each other while they are small.
LIMITS = {1: 1e-5, 16: 1e-3, LOSSES: 1e-2}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", choices=["install", "run", "summary", []], help="what to do")
    parser.add_argument("--build", default=str(ROOT / "build/release"), help="the folder of our build")
    parser.add_argument("--dir", default=str(ROOT / "runs/peers-training"), help="where the written trainings lie")
    parser.add_argument("--results", default=str(TRAINING / "results.csv"), help="the table of results")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="only these, separated by commas")
    parser.add_argument("--peers", default=",".join(PEERS), help="only these, separated by commas")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the processor to run on")
    parser.add_argument("--rounds", type=int, default=7, help="turns of every program")
    parser.add_argument("--turn", type=float, default=0.4, help="seconds of a turn, at least")
    return parser.parse_args()


def interpreter(environment):
    return str(ENVIRONMENTS / environment / "bin/python") if environment else "/usr/bin/python3"


def install(_):
    for environment in sorted({name for name, _ in PEERS.values() if name}):
        if not pathlib.Path(interpreter(environment)).exists():
            subprocess.run(["python3", "-m", "venv", str(ENVIRONMENTS / environment)], check=True)
        subprocess.run([interpreter(environment), "-m", "pip", "install", "--quiet", "-r",
                        str(TRAINING / f"requirements-{environment}.txt")], check=True)


# ---- programs ----

class Program:
    """A process that trains so many steps when it is told to."""

    def __init__(self, name, way, command, arguments):
        environment = {**os.environ, "PEERS_CACHE": str(ENVIRONMENTS / "cache"),
                       "TORCHINDUCTOR_CACHE_DIR": str(ENVIRONMENTS / "cache/inductor")}
        self.name, self.way = name, way
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment, cwd=TRAINING,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {arguments.core}))

    def train(self, steps):
        """(seconds, losses)"""
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != steps + 1:
            sys.exit(f"{self.name} ({self.way}) ended")
        return float(answer[0]), [float(loss) for loss in answer[1:]]

    def time(self, seconds):
        """Of a step, in microseconds; `steps` is set so that a turn takes about so many seconds."""
        self.steps = CHUNK
        once = self.train(CHUNK)[0] / CHUNK
        self.steps = max(1, round(seconds / once / CHUNK)) * CHUNK
        return self.turn()

    def turn(self):
        return 1e6 * self.train(self.steps)[0] / self.steps

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start_ours(network, arguments):
    bench = pathlib.Path(arguments.build, "benchmarks/micro/bench_train").resolve()
    return Program(OURS, "", [str(bench), *NETWORKS[network][1], "--serve"], arguments)


def start_peer(name, way, network, arguments):
    command = [interpreter(PEERS[name][0]), str(TRAINING / "train_peers.py"), way, str(folder_of(network, arguments))]
    return Program(name, way, command, arguments)


def folder_of(network, arguments):
    return pathlib.Path(arguments.dir).resolve() / network


def version_of(name, arguments):
    if name != OURS:
        command = [interpreter(PEERS[name][0]), str(TRAINING / "train_peers.py"), "--version", LIBRARY[name]]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    text = subprocess.run([arguments.build + "/bin/hpo_search", "--version"], capture_output=True, text=True, check=True)
    commit = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%h", "--", "engine"], capture_output=True,
                            text=True, check=False).stdout.strip()
    return text.stdout.split()[1] + (f" ({commit})" if commit else "")


# ---- a network ----

def disagreement(program, losses, ours):
    """What is wrong with the losses of a program's first steps, or None."""
    for count, limit in LIMITS.items():
        theirs, mine = statistics.mean(losses[:count]), statistics.mean(ours[:count])
        if not abs(theirs - mine) <= limit * (1 + abs(mine)):
            return f"{program.name} ({program.way}): mean of {count} losses {theirs:.7g}, here {mine:.7g}"
    return None


def warm_up(program, ours):
    """The losses of the first steps, which must be ours."""
    _, losses = program.train(LOSSES)
    wrong = disagreement(program, losses, ours or losses)
    if wrong:
        sys.exit(wrong)
    program.losses = losses
    return losses


def description_of(network, arguments):
    return json.loads((folder_of(network, arguments) / "network.json").read_text(encoding="utf-8"))


def fastest_way(name, network, ours, arguments):
    best, images = None, len(description_of(network, arguments)["shape"]) == 3
    for way in PEERS[name][1]:
        if "channels" in way and not images:
            continue
        program = start_peer(name, way, network, arguments)
        warm_up(program, ours)
        us = min(program.time(arguments.turn / 2) for _ in range(2))
        print(f"  {name} ({way}): {us:.0f} us/step", file=sys.stderr)
        if best and best[0] <= us:
            program.close()
            continue
        if best:
            best[1].close()
        best = us, program
    return best[1]


def take_turns(programs, rounds):
    """Microseconds per step of every program in every round."""
    times = {program.name: [] for program in programs}
    for r in range(rounds):
        at = r % len(programs)
        for program in programs[at:] + programs[:at]:
            times[program.name].append(program.turn())
    return times


def compare(network, arguments):
    """Rows of results.csv."""
    print(network, file=sys.stderr)
    bench = pathlib.Path(arguments.build, "benchmarks/micro/bench_train").resolve()
    subprocess.run([str(bench), *NETWORKS[network][1], "--export", str(folder_of(network, arguments))], cwd=TRAINING,
                   check=True)
    ours = start_ours(network, arguments)
    losses = warm_up(ours, None)
    peers = [name for name in arguments.peers.split(",") if name in ONLY.get(network, PEERS)]
    programs = [ours] + [fastest_way(name, network, losses, arguments) for name in peers]
    for program in programs:
        program.time(arguments.turn)
    times = take_turns(programs, arguments.rounds)
    batch = description_of(network, arguments)["batch"]
    rows = []
    for program in programs:
        us = statistics.median(times[program.name])
        ratio = statistics.median(a / b for a, b in zip(times[program.name], times[OURS]))
        rows.append({"network": network, "program": program.name, "version": version_of(program.name, arguments),
                     "way": program.way, "us_per_step": f"{us:.1f}", "samples_per_s": f"{1e6 * batch / us:.0f}",
                     "ratio": f"{ratio:.3f}", "first_loss": f"{program.losses[0]:.6f}",
                     "loss": f"{statistics.mean(program.losses):.6f}"})
        program.close()
    return rows


# ---- results ----

def run(arguments):
    """A network that is not run keeps its rows."""
    for network in arguments.networks.split(","):
        new = compare(network, arguments)
        rows = [row for row in read_rows(arguments.results) if row["network"] != network] + new
        rows.sort(key=lambda row: list(NETWORKS).index(row["network"]))
        write_rows(arguments.results, COLUMNS, rows)


def table(rows):
    lines = ["| network | program | samples/s | time, ours = 1 | mean loss |", "|---|---|---|---|---|"]
    for network, (what, _) in NETWORKS.items():
        of_network = [row for row in rows if row["network"] == network]
        peers = sorted(float(row["ratio"]) for row in of_network if row["program"] != OURS)
        for row in sorted(of_network, key=lambda row: -float(row["samples_per_s"])):
            mine = row["program"] == OURS
            way = " (" + ", ".join(row["way"].split(",")[1:]) + ")" if "," in row["way"] else ""
            name = "**here**" if mine else f"{row['program']} {row['version']}{way}"
            ratio = f"**{peers[0]:.2f} times the fastest peer**" if mine and peers else f"{float(row['ratio']):.2f}"
            lines.append(f"| {network}: {what} | {name} | {int(row['samples_per_s']):,} | {ratio} | {row['loss']} |")
    return "\n".join(lines) + "\n"


def replace_table(text, new):
    """The text with the lines between its two marks replaced."""
    begin, end = "<!-- compare_training.py -->\n", "<!-- end -->\n"
    head, rest = text.split(begin, 1)
    return head + begin + "\n" + new + "\n" + end + rest.split(end, 1)[1]


def summary(arguments):
    new = table(read_rows(arguments.results))
    print(new, end="")
    page = TRAINING / "README.md"
    if arguments.results == str(TRAINING / "results.csv") and page.exists():
        page.write_text(replace_table(page.read_text(encoding="utf-8"), new), encoding="utf-8")


def main():
    arguments = parse_arguments()
    for step in arguments.steps or ["install", "run", "summary"]:
        {"install": install, "run": run, "summary": summary}[step](arguments)


if __name__ == "__main__":
    main()
