#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method of a study that leaves it open: printed with its reason, in the journal's head, and kept by every later start,
after a kill, with a larger budget, by --repair and --replay, on any number of ranks."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

program = sys.argv[1]
ranks = "--no-mpi" not in sys.argv
QUICK = "function: {problem: branin, prior: at25}"
NUMBER = "parameters: {x: {min: 0.0, max: 1.0%s}}\nmetric: loss\n"
ONE = """command: {input: env, run: [sh, -c, 'sleep 0.02; echo "{{\\"loss\\": 1}}"']}"""
FAILS = "command: {input: env, run: ['false']}"
failures = 0


def check(good, what, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n{seen}")


def write(folder, objective, rest="budget: {trials: 12}\n"):
    (folder / "study.yaml").write_text("seed: 3\nobjective: {%s}\n%s" % (objective, rest))


def run(folder, *flags):
    command = [program, *flags, "--dir", str(folder / "run"), str(folder / "study.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stderr, done.stdout


def head(folder):
    lines = (folder / "run" / "journal.log").read_text().splitlines()
    return json.loads(lines[1])["user_attr"]["hpo:study"]


def sampler(folder):
    return head(folder)["identity"].split("\nsampler: ")[1].split(",")[0]


def starts(folder):
    code, err, out = run(folder)
    check(code == 0 and "method: auto takes {sampler: priorband}, because" in " ".join(err.split()), "first start", err)
    check(all(len(line) <= 80 for line in err.splitlines() if "/" not in line), "80 columns", err)
    check("{sampler: priorband}, because" in head(folder)["chosen"], "the head", head(folder))
    check(sampler(folder) == "priorband", "the identity", head(folder))


def keeps(folder):
    """By the rules, a budget of 40 would be for another method."""
    code, err, out = run(folder, "--set", "budget.trials=40")
    check(code == 0 and "at the first start auto took {sampler: priorband}" in " ".join(err.split()), "grown budget", err)
    check("40 trials" in out, "it went on", out)
    code, err, out = run(folder, "--replay")
    check(code == 0 and "every decision of 40 trials" in out, "--replay", err + out)
    code, err, out = run(folder, "--set", "method={sampler: priorband}", "--set", "budget.trials=41")
    check(code == 0 and "auto" not in err, "the method by its name", err)
    for method in ("random", "gp", "{name: gp, prior: true}"):
        code, err, out = run(folder, "--set", f"method={method}")
        check(code == 2 and "belongs to another study" in err and '"sampler: priorband' in err, method, err)


def repairs(folder):
    journal = folder / "run" / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    lines[9] = lines[9].replace('"op_code"', '"op_kode"')
    journal.write_text("".join(lines))
    done = subprocess.run([program, "--repair", str(folder / "run")], capture_output=True, text=True)
    check(done.returncode == 0 and "is repaired" in done.stdout, "--repair", done.stdout + done.stderr)
    check("{sampler: priorband}" in head(folder)["chosen"], "the head after it", head(folder))
    code, err, out = run(folder, "--set", "budget.trials=42")
    check(code == 0 and "auto took {sampler: priorband}" in " ".join(err.split()), "after --repair", err)
    lines = journal.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace('"hpo:study"', '"hpo:stuby"')
    journal.write_text("".join(lines))
    done = subprocess.run([program, "--repair", str(folder / "run"), "--seed", "3"], capture_output=True, text=True)
    check(done.returncode == 4 and "has lost the method" in done.stderr, "a lost head", done.stdout + done.stderr)


def survives_a_kill(folder):
    write(folder, ONE, rest=NUMBER % ", prior: 0.3" + "budget: {trials: 400}\n")
    command = [program, "--dir", str(folder / "run"), str(folder / "study.yaml")]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = folder / "run" / "journal.log"
    until = time.monotonic() + 60
    while time.monotonic() < until and not (journal.exists() and b"hpo:result" in journal.read_bytes()):
        time.sleep(0.01)
    child.kill()
    child.wait()
    began = head(folder)
    check("{name: gp, prior: true}" in began["chosen"], "a budget of 400", began)
    code, err, out = run(folder, "--set", "budget.trials=15")  # fewer than 20 would be for another method
    check(code == 0 and "auto took {name: gp, prior: true}" in " ".join(err.split()), "after a kill", err)
    check(head(folder) == began, "the head stays", head(folder))


def begins_anew(folder):
    """Nothing has succeeded, and the study has changed: the choice is another one."""
    write(folder, FAILS, rest=NUMBER % ", prior: 0.3" + "budget: {trials: 3}\n")
    code, err, out = run(folder)
    check(code == 3 and sampler(folder) == "priorband", "all fail", err)
    write(folder, FAILS, rest=NUMBER % "" + "budget: {trials: 3}\n")
    code, err, out = run(folder)
    check("begins anew" in err and "method: auto takes gp, because" in err and sampler(folder) == "gp", "anew", err)


def old_journals(folder):
    """A journal in which nothing was chosen: of a study that named its method, or of a program that knew no auto."""
    write(folder, QUICK, rest="budget: {trials: 5}\nmethod: random\n")
    run(folder)
    check("chosen" not in head(folder), "nothing was chosen", head(folder))
    write(folder, QUICK, rest="budget: {trials: 8}\n")
    code, err, out = run(folder)
    check(code == 0 and "goes on with random, as it began" in " ".join(err.split()), "an old journal", err)
    check("8 trials" in out and sampler(folder) == "random", "it went on", out)


def same_on_any_ranks(folder):
    write(folder, QUICK, rest="budget: {trials: 8}\ndeterministic: true\nworkers: 2\nmethod: auto\n")
    heads = []
    for flags in ([], ["-j", "1"], ["-j", "3"]):
        code, err, out = run(folder, *flags)
        check(code == 0 and "2 workers)" in " ".join(err.split()), f"deterministic {flags}", err)
        heads.append(head(folder))
        subprocess.run(["rm", "-rf", str(folder / "run")], check=True)
    check(heads[0] == heads[1] == heads[2], "the same on any ranks", heads)


def is_checked(folder):
    write(folder, QUICK)
    workers, known = (("-j", "5"), "5 workers)") if ranks else ((), "1 worker)")
    code, err, out = run(folder, "--check", *workers)
    text = " ".join(line.lstrip("# ") for line in out.splitlines())
    check(code == 0 and "method: auto takes {sampler: priorband}, because" in text and known in text, "--check", out)
    (folder / "study.yaml").write_text(out)
    again = run(folder, "--check")[2]
    check("auto" not in again and "sampler: priorband" in again, "what --check prints names the method", again)


def in_a_folder(*steps):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, QUICK)
        for step in steps:
            step(folder)


in_a_folder(starts, keeps, repairs)
in_a_folder(survives_a_kill)
in_a_folder(begins_anew)
in_a_folder(old_journals)
in_a_folder(is_checked)
if ranks:
    in_a_folder(same_on_any_ranks)
sys.exit(1 if failures else 0)
