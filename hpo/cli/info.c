/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What hpo_search can print without running anything: usage, --list, and a page of --help. All of it comes from the
 * same tables that read a study file, so it cannot disagree with them. */
#include <string.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"

void cli_print_usage(base_buf *out) {
    base_buf_puts(out, "usage: hpo_search [options] STUDY.yaml\n"
                       "\n"
                       "Runs the study, or continues it when its folder holds a journal.\n"
                       "  mpirun -n 4 hpo_search study.yaml    rank 0 controls, ranks 1 to 3 work\n"
                       "  hpo_search -j 4 study.yaml           starts mpirun itself with 4 workers\n"
                       "  hpo_search study.yaml                one process, without MPI\n"
                       "\n"
                       "  -j N           N workers: mpirun -n N+1 with the flags that survive a lost\n"
                       "                 worker\n"
                       "  --dir DIR      the run's folder (default: runs/<name of the study>)\n"
                       "  --set KEY=VAL  replaces a key of the study file: --set budget.trials=50\n"
                       "  --seed N       replaces the seed\n"
                       "  --more N       adds N to the budget of trials (or cost) that has ended; with a\n"
                       "                 unit, --more 5m, to that of time\n"
                       "  --retry-failed   failed trials are tried again, as new trials\n"
                       "  --accept-change  goes on with the results of another run, cwd, env, input or\n"
                       "                 parse of a command\n"
                       "  --check        reads the study, prints it with every default, runs nothing\n"
                       "  --replay       recomputes every decision of the run's journal and compares\n"
                       "  --repair DIR   makes a sound journal of a damaged one, for the run in DIR\n"
                       "  --list         samplers, schedulers, methods, objectives, data sets, models\n"
                       "  --help [NAME]  this page; the options of NAME; `study`: the study file;\n"
                       "                 `budget` and every other key: its section; KIND:NAME where a\n"
                       "                 name has several meanings: objective:NAME, method:NAME\n"
                       "  --progress     the live view even when the output is no terminal\n"
                       "  --quiet        nothing but errors and the best configuration\n"
                       "  --json         one JSON object per finished evaluation, and one at the end\n"
                       "  --version      name and version\n"
                       "\n"
                       "exit status\n"
                       "  0   done\n"
                       "  2   bad input: command line, study file, data set\n"
                       "  3   nothing has succeeded, or more failures than max_failures\n"
                       "  4   the run's folder cannot be used: unwritable, full, damaged, in use\n"
                       "  70  internal error: a mistake of this program\n"
                       "  75  stopped with work left, or a process died: the same command continues\n"
                       "Under plain mpirun it is in status.json of the run's folder.\n");
}

static void print_row(base_buf *out, const char *name, const char *summary) {
    base_put_row(name, 23, summary ? summary : "", out);
}

void cli_print_list(const hpo_catalog *catalog, base_buf *out) {
    size_t count = 0;
    base_buf_puts(out, "methods (a sampler with a scheduler)\n");
    print_row(out, "auto", hpo_study_auto_summary());
    const hpo_method *methods = hpo_methods(&count);
    for (size_t i = 0; i < count; i++) print_row(out, methods[i].name, methods[i].summary);
    base_buf_puts(out, "\nsamplers: where to look\n");
    const hpo_sampler_type *const *samplers = hpo_samplers(&count);
    for (size_t i = 0; i < count; i++) print_row(out, samplers[i]->name, samplers[i]->summary);
    base_buf_puts(out, "\nschedulers: how much to spend\n");
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&count);
    for (size_t i = 0; i < count; i++) print_row(out, schedulers[i]->name, schedulers[i]->summary);
    base_buf_puts(out, "\nobjectives: what is tuned\n");
    for (size_t i = 0; i < catalog->n_objectives; i++) {
        print_row(out, catalog->objectives[i]->name, catalog->objectives[i]->summary);
    }
    for (size_t i = 0; i < catalog->n_objectives; i++) {
        if (!catalog->objectives[i]->list) continue;
        base_buf_puts(out, "\n");
        catalog->objectives[i]->list(out);
    }
    for (size_t i = 0; catalog->topics && catalog->topics[i]; i++) {
        const hpo_topics *topics = catalog->topics[i];
        base_buf_printf(out, "\n%s\n", topics->title);
        for (size_t k = 0; k < topics->count(); k++) print_row(out, topics->name(k), topics->summary(k));
    }
}

void cli_print_heading(const char *title, const char *name, const char *summary, base_buf *out) {
    base_buf heading = {0};
    base_buf_printf(&heading, "%s %s: %s", title, name, summary ? summary : "");
    base_put_text(base_buf_text(&heading), 0, out);
    base_buf_fini(&heading);
}

void cli_print_options(const char *title, const char *name, const char *summary, const base_option *options,
                       base_buf *out) {
    cli_print_heading(title, name, summary, out);
    if (options && options[0].name) {
        base_options_help(options, out);
    } else {
        base_buf_puts(out, "  (no options)\n");
    }
}

void cli_print_objective(const hpo_objective_type *objective, base_buf *out) {
    base_arena *arena = base_arena_create();
    cli_print_options("objective", objective->name, objective->summary, hpo_objective_table(objective, arena), out);
    base_arena_destroy(arena);
    if (objective->notes) {
        base_buf_putc(out, '\n');
        base_put_text(objective->notes, 0, out);
    }
    if (objective->help) {
        base_buf_putc(out, '\n');
        objective->help(out);
    }
}
