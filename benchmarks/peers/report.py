#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each peer beside its counterpart of ours (registry.py): medians at the budget, p by Mann and Whitney, with Holm; and
the average rank of everybody, ours and peers.

usage: benchmarks/peers/report.py OURS PEERS [--workers N] [--full N] [--problems] [--digits N] [--into README.md]

OURS and PEERS are folders with results.csv and cells.csv. A run counts with the regret of its incumbent without noise,
or its value where no optimum is known, at the suite's budget: what was spent beyond it does not count. p is two-sided
and exact over all seeds of both, by the distribution of the rank sum with its ties; the smallest that these seeds
allow stands beside it. Holm's correction is for the problems of a peer. A rank is the one to be expected when a
run of everybody is drawn: 1, and for each other method the probability that it is better; so seeds may differ in
number. With --into the tables replace what stands on that page between `<!-- workers N -->` and `<!-- end -->`. Needs
only Python's standard library.
"""
import argparse
import collections
import csv
import math
import pathlib
import re
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from registry import PEERS  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours")
    parser.add_argument("peers")
    parser.add_argument("--workers", default="1")
    parser.add_argument("--full", type=float, default=60, help="the budget")
    parser.add_argument("--problems", action="store_true", help="a line for each problem, too")
    parser.add_argument("--digits", type=int, default=3, help="of the medians")
    parser.add_argument("--into", help="a page, instead of the standard output")
    return parser.parse_args()


# ---- the tables ----

def rows(folder, name):
    path = pathlib.Path(folder, name)
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def outcomes(folder, workers, full):
    """{(method, problem): {seed: regret, smaller is better}} at the budget; inf: no incumbent yet."""
    goals, found = {}, collections.defaultdict(dict)
    for row in rows(folder, "cells.csv"):
        if row["workers"] == workers:
            goals[row["problem"]] = row["goal"]
            found[row["method"], row["problem"]][row["seed"]] = math.inf
    for row in rows(folder, "results.csv"):
        known = found.get((row["method"], row["problem"]), {})
        if row["workers"] == workers and row["seed"] in known and float(row["spent"]) <= full + 1e-9:
            sign = -1 if goals[row["problem"]] == "maximize" else 1
            value = float(row["exact"] or row["value"])
            known[row["seed"]] = float(row["regret"]) if row["regret"] else sign * value
    return found


def microseconds(folder, workers):
    """Of a suggestion, by method: the mean over everything."""
    sums = collections.defaultdict(lambda: [0, 0.0])
    for row in rows(folder, "times.csv"):
        if row["workers"] == workers:
            sums[row["method"]][0] += int(row["suggestions"])
            sums[row["method"]][1] += float(row["seconds"])
    return {method: 1e6 * seconds / max(n, 1) for method, (n, seconds) in sums.items()}


# ---- tests ----

def mann_whitney(a, b):
    """(p two-sided and exact, given the ties; the smallest p without ties). Counts how many choices of len(a) of all
    ranks have each sum (Mann and Whitney 1947; Streitberg and Roehmel 1986 for ties); ranks are doubled to be whole."""
    pooled = sorted(a + b)
    rank = {value: pooled.index(value) + (pooled.index(value) + pooled.count(value) - 1) + 2 for value in set(pooled)}
    ways = [collections.Counter() for _ in range(len(a) + 1)]
    ways[0][0] = 1
    for value in pooled:
        for k in range(len(a) - 1, -1, -1):
            for total, n in ways[k].items():
                ways[k + 1][total + rank[value]] += n
    middle, observed = len(a) * (len(pooled) + 1), sum(rank[value] for value in a)
    every = math.comb(len(pooled), len(a))
    beyond = sum(n for total, n in ways[len(a)].items() if abs(total - middle) >= abs(observed - middle))
    return beyond / every, min(1.0, 2 / every)


def superiority(a, b):
    """The probability that one of a is smaller than one of b (Vargha and Delaney's A)."""
    return sum((x < y) + 0.5 * (x == y) for x in a for y in b) / (len(a) * len(b))


def holm(ps):
    corrected, worst = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        worst = max(worst, min(1.0, (len(ps) - place) * ps[index]))
        corrected[index] = worst
    return corrected


# ---- the report ----

def compare(peer, ours, theirs):
    """[(problem, its seeds, our median, its median, that ours is better, p, smallest p)]"""
    found = []
    for method, problem in sorted(theirs):
        a = list(ours.get((PEERS[peer].ours, problem), {}).values()) if method == peer else []
        b = list(theirs[method, problem].values())
        if len(a) >= 2 and len(b) >= 2:
            found.append((problem, len(b), statistics.median(a), statistics.median(b), superiority(a, b),
                          *mann_whitney(a, b)))
    return found


def verdict(line, corrected):
    if corrected > 0.05:
        return ""
    return "ours" if line[4] > 0.5 else "theirs"


def problem_lines(peer, lines, digits):
    corrected = holm([line[5] for line in lines])
    return [f"| {peer} | {PEERS[peer].ours} | {line[0]} | {line[1]} | {line[3]:.{digits}g} | {line[2]:.{digits}g} | {line[4]:.2f} "
            f"| {line[5]:.2g} | {p:.2g} | {line[6]:.1g} | {verdict(line, p)} |" for line, p in zip(lines, corrected)]


def ahead(lines, corrected, who):
    """How many problems somebody is ahead on, with Holm's correction and without."""
    return " / ".join(str([verdict(line, p) for line, p in zip(lines, ps)].count(who))
                      for ps in (corrected, [line[5] for line in lines]))


def peer_line(peer, lines, times):
    corrected = holm([line[5] for line in lines])
    seeds = sorted({line[1] for line in lines})
    return (f"| {peer} | {PEERS[peer].ours} | {len(lines)} | {'-'.join(map(str, sorted({seeds[0], seeds[-1]})))} "
            f"| {statistics.mean(line[4] for line in lines):.2f} | {ahead(lines, corrected, 'ours')} "
            f"| {ahead(lines, corrected, 'theirs')} | {min(corrected):.1g} | {max(line[6] for line in lines):.1g} "
            f"| {times[1].get(peer, math.nan):,.0f} | {times[0].get(PEERS[peer].ours, math.nan):,.0f} |")


# ---- ranks ----

def expected_ranks(found, methods, problems):
    """{method: mean over the problems of 1 + the probabilities that each other is better}"""
    return {m: statistics.mean(1 + sum(superiority(list(found[k, problem].values()), list(found[m, problem].values()))
                                       for k in methods if k != m) for problem in problems) for m in methods}


def rank_lines(ours, theirs, problems, times):
    """Of those that have every problem, the best first; ours in bold."""
    found = {**theirs, **ours}
    methods = [m for m in dict.fromkeys(method for method, _ in found) if all((m, p) in found for p in problems)]
    mine, lines = {method for method, _ in ours}, []
    for method, rank in sorted(expected_ranks(found, methods, problems).items(), key=lambda item: item[1]):
        n = min(len(found[method, problem]) for problem in problems)
        lines.append(f"| {f'**{method}**' if method in mine else method} | {rank:.2f} | {n} "
                     f"| {times[0 if method in mine else 1].get(method, math.nan):,.0f} |")
    return lines


def rank_tables(ours, theirs, times):
    """Over all problems, and over those on which methods with a fidelity run."""
    problems = {m: {p for method, p in {**theirs, **ours} if method == m} for m, _ in {**theirs, **ours}}
    every = set.union(*problems.values())
    few = [known for method, known in problems.items() if method in PEERS and PEERS[method].multi]
    found = []
    for some in [every] + ([set.union(*few)] if few else []):
        found += [f"Average rank over {len(some)} problems{'' if some == every else ': ' + ', '.join(sorted(some))}:",
                  "", "| method | rank | seeds | us |", "|---|---|---|---|",
                  *rank_lines(ours, theirs, sorted(some), times), ""]
    return found


def report(arguments):
    ours, theirs = (outcomes(folder, arguments.workers, arguments.full) for folder in (arguments.ours, arguments.peers))
    times = [microseconds(folder, arguments.workers) for folder in (arguments.ours, arguments.peers)]
    compared = {peer: lines for peer in PEERS if (lines := compare(peer, ours, theirs))}
    page = ["| peer | ours | problems | seeds | ours better | ours ahead | theirs ahead | least Holm p | smallest p "
            "| us | ours |", "|---|---|---|---|---|---|---|---|---|---|---|",
            *(peer_line(peer, lines, times) for peer, lines in compared.items()), "", *rank_tables(ours, theirs, times)]
    if arguments.problems:
        page += ["| peer | ours | problem | seeds | its median | our median | ours better | p | Holm | smallest p "
                 "| ahead |",
                 "|---|---|---|---|---|---|---|---|---|---|---|",
                 *(line for peer, lines in compared.items() for line in problem_lines(peer, lines, arguments.digits)), ""]
    return "\n".join(page)


def main():
    arguments = parse_arguments()
    text = report(arguments)
    if not arguments.into:
        print(text)
        return
    page, begin = pathlib.Path(arguments.into), f"<!-- workers {arguments.workers} -->\n"
    old = page.read_text(encoding="utf-8")
    new, n = re.subn(re.escape(begin) + ".*?<!-- end -->", lambda _: f"{begin}\n{text}\n<!-- end -->", old,
                     flags=re.DOTALL)
    if n != 1:
        sys.exit(f"{page} has no place {begin.strip()}")
    page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
