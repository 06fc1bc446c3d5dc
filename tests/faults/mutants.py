#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planted faults, each one text of one source replaced: what the schedules must find.

    mutants.py NAME SOURCE_FOLDER OUT     writes the source with the fault
    mutants.py --hunt BUILD_TESTS_FAULTS [COUNT]     fails unless each one breaks an invariant within COUNT schedules (200)
"""
import pathlib
import subprocess
import sys
import time

MUTANTS = {
    # a job leaves before its line is in the file
    "journal_late": ("hpo/dispatch/controller.c",
                     "    BASE_TRY(controller_flush(c, err));\n"
                     "    if (c->env->journal) c->jobs.safe = hpo_journal_safe(c->env->journal);",
                     "    c->jobs.safe = UINT64_MAX;"),
    # a job that comes twice runs twice
    "copies_run": ("hpo/dispatch/worker.c", "if (counted && message->number <= worker->newest) return;", ""),
    # the result of a lost attempt counts, too, and one that comes twice
    "told_twice": ("hpo/dispatch/controller.c",
                   "    if (was_lost || !its_own) return BASE_OK; /* run again elsewhere: it does not count any more */\n"
                   "    if (controller_is_stopped(c, message->trial, message->rung, message->attempt)) {\n"
                   "        return controller_take_late(c, index, message, err);\n"
                   "    }\n"
                   "    if (!controller_is_current(c, message->trial, message->rung, message->attempt)) return BASE_OK;\n",
                   ""),
    # the trial of a lost worker is forgotten
    "not_rerun": ("hpo/dispatch/controller.c", "return controller_take_lost(c, p->trial, (uint32_t)index, err);",
                  "return BASE_OK;"),
    # every run has the lock
    "no_lock": ("hpo/trials/journal_lock.c", "base_status status = create_lock(lock, path, stale_after, err);",
                "base_status status = create_lock(lock, path, stale_after, err);\n"
                "    if (status == BASE_BUSY) return free(path), BASE_OK;"),
}


def write(name, folder, out):
    source, text, by = MUTANTS[name]
    whole = (pathlib.Path(folder) / source).read_text()
    if whole.count(text) != 1:
        sys.exit(f"the mutant {name}: {source} does not have its text once")
    pathlib.Path(out).write_text(whole.replace(text, by))


def hunt(tools, count):
    escaped = 0
    for name in MUTANTS:
        started = time.monotonic()
        command = [sys.executable, "-B", str(pathlib.Path(__file__).with_name("run_schedules.py")), tools, "0", count,
                   "--program", f"{tools}/mutants/faults_{name}", "--expect-broken"]
        done = subprocess.run(command, capture_output=True, text=True)
        found = [line.strip() for line in done.stdout.splitlines() if line.startswith(("schedule", "  BROKEN"))][:2]
        escaped += done.returncode != 0
        print(f"{name}: {'; '.join(found)[:200] if found else 'NOT FOUND'} ({time.monotonic() - started:.0f} s)", flush=True)
    return escaped


if __name__ == "__main__":
    if sys.argv[1] == "--hunt":
        sys.exit(hunt(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "200"))
    write(*sys.argv[1:4])
