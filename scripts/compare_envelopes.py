#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares random search, Hyperband, BOHB and PriorBand with two tables of what they should show, and draws the curves.

usage: scripts/compare_envelopes.py [--search PROGRAM] [--dir FOLDER] [--jobs N] [--summary] [--only TEXT]
                                    [--svg FOLDER] [--charge fidelity|cost]

benchmarks/envelopes.csv: means (and their standard errors) of the incumbent's regret on counting ones (20 seeds; regret
divided by the number of parameters; fidelities 9 to 729) and MF-Hartmann (100 seeds; fidelities 3 to 100), eta = 3, one
worker, computed by programs of their own that share nothing with this project. benchmarks/simulated.csv: the same by
scripts/simulate_envelopes.py with more seeds. Both charge an evaluation on fidelity z with z / z_max, from scratch.

z is the difference in combined standard errors; a cell without spread must agree to rounding. Fails when, for one of
the tables, more than 1 cell in 40 has |z| > 3 or one has |z| > 4; and when a claim about who is ahead does not hold.
Methods that the program does not have are named and left out. Resumable, like scripts/compare_searchers.py.
"""
import argparse
import csv
import math
import os
import pathlib
import sys

sys.dont_write_bytecode = True  # no __pycache__ beside the scripts
import compare_searchers as compare  # noqa: E402
import curves  # noqa: E402

METHODS = {"RS": "random + full", "HB": "random + hyperband", "BOHB": "bohb", "PB": "priorband"}
TABLES = {"reference": "benchmarks/envelopes.csv", "simulated": "benchmarks/simulated.csv"}
OPTIMA = {"mf-hartmann3": -3.862779787332663, "mf-hartmann6": -3.322368011391339}
LABELS = {("RS", ""): ("random search", "#777777"), ("HB", ""): ("Hyperband", "#0072b2"),
          ("BOHB", ""): ("BOHB", "#d55e00"), ("PB", "at25"): ("PriorBand, at25", "#009e73"),
          ("PB", "bad"): ("PriorBand, bad", "#cc79a7")}
ROUNDING = 0.0006  # of a mean with three decimals
# method and prior, ahead of or not behind Hyperband, problems, full evaluations
CLAIMS = [(("PB", "at25"), "ahead of", "mf-hartmann", (5, 10, 12, 30)),
          (("PB", "bad"), "not behind", "mf-hartmann", (30,)),
          (("BOHB", ""), "ahead of", "counting-ones 8+8", (30, 100))]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", default=str(compare.ROOT / "build/release/bin/hpo_search"), help="the program")
    parser.add_argument("--dir", default=str(compare.ROOT / "runs/envelopes"), help="where the runs' folders lie")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--only", default="", help="only problems that contain this text")
    parser.add_argument("--svg", help="where the figures go, one for each problem (default: curves in --dir)")
    parser.add_argument("--charge", choices=["fidelity", "cost"], default="fidelity",
                        help="cost: the problem's own instead of z / z_max, to see that the tables do not use it")
    parser.add_argument("--summary", action="store_true", help="run nothing: compare what is done")
    return parser.parse_args()


class Row:
    """A method on a problem, and what the tables say that it should show after so many evaluations."""

    def __init__(self, problem, method, prior):
        self.problem, self.method, self.prior = problem, method, prior
        self.expected = {table: {} for table in TABLES}  # moment: (mean, error)
        self.scale, belief, self.curves = 1.0, f", prior: {prior}" if prior else "", []
        if problem.startswith("counting-ones"):
            categorical, continuous = map(int, problem.split()[1].split("+"))
            settings = f"{{problem: counting-ones, n_categorical: {categorical}, n_continuous: {continuous}{belief}}}"
            self.seeds, self.fidelity, self.full = 20, "{samples: {min: 9, max: 729}}", 729
            optimum, self.scale = -categorical - continuous, categorical + continuous
        else:
            settings = f"{{problem: {problem}{belief}}}"
            self.seeds, self.fidelity, self.full = 100, compare.PAIR_FIDELITY, compare.PAIR_FULL
            optimum = OPTIMA[problem[:len("mf-hartmann3")]]
        self.key = f"{problem} {prior}".strip()
        compare.PROBLEMS[self.key] = (settings, optimum)

    def cells(self):
        """Its runs. The budget counts the problem's own cost, of which MF-Hartmann has less (a cycle of brackets costs
        12.3 of it and 14.75 in z / z_max): a run goes beyond the last moment of the tables."""
        last = max(self.expected["reference"])
        return [compare.Cell(self.key, METHODS[self.method], seed, last, self.fidelity, self.full)
                for seed in range(1, self.seeds + 1)]

    def load(self, base, charge):
        """Its curves, where all its runs are done."""
        cells = self.cells()
        if all(cell.is_done(base) for cell in cells):
            self.curves = [cell.curve(base, charge) for cell in cells]
            if min(curve[-1][0] for curve in self.curves) < max(self.expected["reference"]) * (1 - 1e-9):
                sys.exit(f"{self.key}: a run ends before the last moment")

    def at(self, moment):
        """Mean regret and its standard error."""
        return compare.mean_and_error([compare.at(curve, moment) / self.scale for curve in self.curves])

    def scores(self, table):
        """{moment: z}; infinite where exact agreement fails."""
        return {moment: score(self.at(moment), expected) for moment, expected in self.expected[table].items()
                if self.curves}

    def __str__(self):
        reference, simulated = self.scores("reference"), self.scores("simulated")
        cells = [f"{moment}: {{:.3f}}({{:.3f}}) z={reference[moment]:+.1f}".format(*self.at(moment))
                 + (f",{simulated[moment]:+.1f}" if moment in simulated else "") for moment in reference]
        return f"{self.key:27} {self.method:4} " + ("  ".join(cells) or "not done")


def score(ours, expected):
    (mean, error), (other, other_error) = ours, expected
    spread = math.hypot(error, other_error)
    if other_error == 0 or spread < ROUNDING:
        return 0.0 if abs(mean - other) <= ROUNDING else math.inf
    return (mean - other) / spread


def read_rows(only):
    rows = {}
    for table, path in TABLES.items():
        with open(compare.ROOT / path, newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                key = line["problem"], line["method"], line["prior"]
                if only in line["problem"]:
                    row = rows.setdefault(key, Row(*key))
                    row.expected[table][int(line["evaluations"])] = float(line["mean"]), float(line["error"])
    return list(rows.values())


def judge(rows, table):
    """Prints a line for each method and one for all. Whether the table is met. mean z^2 is about 1 where
    both follow the same procedure, though the cells of a row come from the same runs."""
    print(f"\n{table:28} cells  |z| > 2  |z| > 3  |z| > 4  largest  mean z^2")
    zs = {method: [z for row in rows if row.method == method for z in row.scores(table).values()]
          for method in METHODS}
    zs["all"] = [z for method in METHODS for z in zs[method]]
    for name, values in zs.items():
        if values:
            counts = [sum(abs(z) > limit for z in values) for limit in (2, 3, 4)]
            print(f"  {METHODS.get(name, name):26} {len(values):5}" + "".join(f"{count:9}" for count in counts)
                  + f"{max(map(abs, values)):9.2f}{sum(z * z for z in values) / len(values):10.2f}")
    return bool(zs["all"]) and sum(abs(z) > 3 for z in zs["all"]) <= len(zs["all"]) / 40 \
        and not any(abs(z) > 4 for z in zs["all"])


def compare_tables(rows):
    """Where the two tables themselves are apart, the program cannot meet both."""
    print("\nreference values beyond 3 combined standard errors of the simulated ones, which have more seeds")
    for row in rows:
        for moment, reference in row.expected["reference"].items():
            simulated = row.expected["simulated"].get(moment)
            if simulated and abs(score(reference, simulated)) > 3:
                print("  {} {} {}: {:.3f}({:.3f}), simulated {:.4f}({:.4f}), z={:+.1f}".format(
                    row.key, row.method, moment, *reference, *simulated, score(reference, simulated)))


def judge_claims(rows):
    """Ahead: by more than 2 combined standard errors; not behind: by no more than 2. Whether all hold."""
    print("\nagainst Hyperband: differences in combined standard errors, negative is better")
    found, hold = {(row.problem, row.method, row.prior): row for row in rows if row.curves}, True
    for (method, prior), relation, problems, moments in CLAIMS:
        for problem in dict.fromkeys(row.problem for row in rows if row.problem.startswith(problems)):
            row, hyperband = found.get((problem, method, prior)), found.get((problem, "HB", ""))
            if not row or not hyperband:
                continue
            zs = [score(row.at(moment), hyperband.at(moment)) for moment in moments]
            right = all(z < -2 if relation == "ahead of" else z <= 2 for z in zs)
            hold = hold and right
            print(f"  {problem:21} {LABELS[method, prior][0]:16} {relation:10} "
                  + "  ".join(f"{moment}: {z:+.1f}" for moment, z in zip(moments, zs))
                  + ("" if right else "  DOES NOT HOLD"))
    return hold


def draw(rows, folder):
    """One figure for each problem: our curves, and the reference values as points."""
    folder.mkdir(parents=True, exist_ok=True)
    for problem in dict.fromkeys(row.problem for row in rows):
        series = []
        for row in (row for row in rows if row.problem == problem and row.curves):
            label, colour = LABELS[row.method, row.prior]
            last = max(row.expected["reference"])
            first = max(0.1, max(curve[0][0] for curve in row.curves))
            moments = [first * (last / first) ** (i / 120) for i in range(121)]
            series.append(curves.Series(label, colour, [(moment, *row.at(moment)) for moment in moments],
                                        [(moment, *value) for moment, value in row.expected["reference"].items()]))
        if series:
            file = folder / (problem.replace(" ", "-").replace("+", "-") + ".svg")
            regret = "mean regret" + (" per parameter" if problem.startswith("counting") else "")
            file.write_text(curves.figure(problem, "full evaluations", regret, series,
                                          ["bands and bars: ±1 s.e.", "circles: reference values"]), encoding="utf-8")
    print(f"\nfigures: {folder}")


def main():
    arguments = parse_arguments()
    known = compare.registered(arguments.search, "methods")
    rows = read_rows(arguments.only)
    for method in sorted({row.method for row in rows if "+" not in METHODS[row.method]}):
        if METHODS[method] not in known:
            print(f"left out: the program has no method {METHODS[method]}")
            rows = [row for row in rows if row.method != method]
    failures = 0
    if not arguments.summary:
        failures = compare.run_all([cell for row in rows for cell in row.cells()], arguments)
    print("regret(standard error), and z: difference to the reference value, to the simulated one")
    for row in rows:
        row.load(arguments.dir, arguments.charge)
        print(row)
    met = [judge(rows, table) for table in TABLES]
    compare_tables(rows)
    hold = judge_claims(rows)
    draw(rows, pathlib.Path(arguments.svg or pathlib.Path(arguments.dir) / "curves"))
    return 0 if not failures and all(met) and hold else 1


if __name__ == "__main__":
    sys.exit(main())
