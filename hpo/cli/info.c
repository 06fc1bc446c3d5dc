/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What hpo_search can print without running anything: usage, --list, --help NAME. All of it comes from the same tables
 * that read a study file, so it cannot disagree with them. */
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
                       "                 `budget` and every other key: its section\n"
                       "  --progress     a live line even when the output is no terminal\n"
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
}

static void print_heading(const char *title, const char *name, const char *summary, base_buf *out) {
    base_buf heading = {0};
    base_buf_printf(&heading, "%s %s: %s", title, name, summary ? summary : "");
    base_put_text(base_buf_text(&heading), 0, out);
    base_buf_fini(&heading);
}

static void print_options(const char *title, const char *name, const char *summary, const base_option *options,
                          base_buf *out) {
    print_heading(title, name, summary, out);
    if (options && options[0].name) {
        base_options_help(options, out);
    } else {
        base_buf_puts(out, "  (no options)\n");
    }
}

static void print_objective(const hpo_objective_type *objective, base_buf *out) {
    base_arena *arena = base_arena_create();
    print_options("objective", objective->name, objective->summary, hpo_objective_table(objective, arena), out);
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

static const hpo_objective_type *find_objective(const hpo_catalog *catalog, const char *name) {
    for (size_t i = 0; i < catalog->n_objectives; i++) {
        if (strcmp(catalog->objectives[i]->name, name) == 0) return catalog->objectives[i];
    }
    return NULL;
}

static base_status unknown_topic(const hpo_catalog *catalog, const char *topic, base_err *err) {
    size_t n_samplers = 0, n_schedulers = 0, n_methods = 0, n_keys = 0, n = 0;
    while (hpo_study_key_name(n_keys)) n_keys++;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    const hpo_method *methods = hpo_methods(&n_methods);
    base_arena *arena = base_arena_create();
    const size_t count = n_samplers + n_schedulers + n_methods + n_keys + catalog->n_objectives + 1;
    const char **names = BASE_NEW_ARRAY(arena, count, const char *);
    names[n++] = "study";
    for (size_t i = 0; i < n_keys; i++) names[n++] = hpo_study_key_name(i);
    for (size_t i = 0; i < n_samplers; i++) names[n++] = samplers[i]->name;
    for (size_t i = 0; i < n_schedulers; i++) names[n++] = schedulers[i]->name;
    for (size_t i = 0; i < n_methods; i++) names[n++] = methods[i].name;
    for (size_t i = 0; i < catalog->n_objectives; i++) names[n++] = catalog->objectives[i]->name;
    const char *near = base_nearest(topic, names, n);
    base_status status =
        near ? BASE_FAIL(err, BASE_NOTFOUND, "there is no help on '%s'; did you mean '%s'?", topic, near)
             : BASE_FAIL(err, BASE_NOTFOUND, "there is no help on '%s'; --list shows every name", topic);
    base_arena_destroy(arena);
    return status;
}

base_status cli_print_topic(const hpo_catalog *catalog, const char *topic, base_buf *out, base_err *err) {
    if (strcmp(topic, "study") == 0) {
        hpo_study_help(out);
        return BASE_OK;
    }
    size_t before = out->length;
    const hpo_method *method = hpo_method_find(topic);
    const char *sampler_name = topic, *scheduler_name = topic;
    if (method) {
        print_heading("method", method->name, method->summary, out);
        base_buf_printf(out, "  = {sampler: %s, scheduler: %s}\n\n", method->sampler, method->scheduler);
        sampler_name = method->sampler;
        scheduler_name = method->scheduler;
    }
    const hpo_sampler_type *sampler = hpo_sampler_find(sampler_name);
    const hpo_scheduler_type *scheduler = hpo_scheduler_find(scheduler_name);
    const hpo_objective_type *objective = find_objective(catalog, topic);
    if (sampler) print_options("sampler", sampler->name, sampler->summary, sampler->options, out);
    if (sampler && scheduler) base_buf_puts(out, "\n");
    if (scheduler) print_options("scheduler", scheduler->name, scheduler->summary, scheduler->options, out);
    if (objective) print_objective(objective, out);
    if (out->length == before) hpo_study_help_key(topic, out);
    return out->length > before ? BASE_OK : unknown_topic(catalog, topic, err);
}
