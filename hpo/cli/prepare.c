/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rank 0 before anything runs: it alone reads the file, makes the folder, takes the journal's lock and decides the
 * seed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "hpo/cli/run_impl.h"

const char *const *run_sets(const run *r, size_t *count) {
    const char *const *given = cli_sets(r->catalog, r->args, count);
    const char **sets = BASE_NEW_ARRAY(r->arena, *count + 3, const char *);
    for (size_t i = 0; i < *count; i++) sets[i] = given[i];
    if (r->measured) sets[(*count)++] = r->measured;
    if (r->first) sets[(*count)++] = r->first;
    if (r->method) sets[(*count)++] = r->method;
    return sets;
}

base_status run_read_study(run *r, const uint64_t *seed, base_err *err) {
    size_t n_sets = 0;
    const char *const *sets = run_sets(r, &n_sets);
    return hpo_study_read(r->catalog, r->args->file, base_buf_text(&r->text), r->text.length, sets, n_sets, seed,
                          &r->spec, err);
}

/* A name of one folder: neither a way out of runs/ nor a line break in what is printed. */
static bool names_folder(const char *name) {
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return false;
    for (const char *c = name; *c; c++) {
        if (*c == '/' || (unsigned char)*c < 0x20 || *c == 0x7F) return false;
    }
    return true;
}

/* The folder, made absolute, because every rank and every trial uses it. */
static base_status make_run_dir(run *r, base_err *err) {
    if (!r->args->dir && !names_folder(r->spec->name)) {
        return BASE_FAIL(err, BASE_INVALID, "the study's name cannot be that of a folder; rename it or give --dir");
    }
    r->shown_dir = r->args->dir ? r->args->dir : base_arena_printf(r->arena, "runs/%s", r->spec->name);
    BASE_TRY(base_make_folder(r->shown_dir, err));
    char *absolute = realpath(r->shown_dir, NULL);
    if (!absolute) return BASE_FAIL(err, BASE_IO, "%s: %s", r->shown_dir, strerror(errno));
    r->run_dir = base_arena_strdup(r->arena, absolute);
    free(absolute);
    return BASE_OK;
}

/* The seed: the file's or --seed's, else the journal's, else a fresh one. */
static base_status choose_seed(run *r, const char *journal_path, base_err *err) {
    r->seed = r->spec->seed;
    if (r->spec->seed_given) return BASE_OK;
    hpo_journal_begun begun;
    base_status status = hpo_journal_peek(journal_path, r->arena, &begun, err);
    if (status == BASE_OK) {
        r->seed = begun.seed;
    } else if (status == BASE_NOTFOUND) {
        r->seed = base_rng_fresh_seed();
        r->drew_seed = true;
        status = BASE_OK;
        if (err) *err = (base_err){0};
    }
    hpo_study_spec_set_seed(r->spec, r->seed);
    return status;
}

hpo_journal_head cli_journal_head(const hpo_catalog *catalog, const hpo_study_spec *spec) {
    return (hpo_journal_head){.study = spec->name,
                              .goals = spec->goals,
                              .n_goals = spec->n_goals,
                              .constraints = spec->constraints,
                              .seed = spec->seed,
                              .identity = spec->recorded ? spec->recorded : spec->identity,
                              .chosen = spec->chosen,
                              .program = catalog->version,
                              .by_posterior = spec->by_posterior,
                              .integer_steps = spec->fidelity.name == NULL || spec->fidelity.integer,
                              .fsync_each = spec->fsync_each,
                              .stale_after = spec->failure.lost_after};
}

static base_status open_journal(run *r, const char *path, const char *replaces, base_err *err) {
    const hpo_study_spec *spec = r->spec;
    hpo_journal_head head = cli_journal_head(r->catalog, spec);
    head.read_only = r->args->replay;
    head.elapsed = cli_elapsed_before(r->run_dir);
    head.replaces = replaces;
    BASE_TRY(hpo_journal_open(path, &head, spec->space, &r->journal, err));
    if (r->args->replay) return BASE_OK;
    const char *copy = base_arena_printf(r->arena, "%s/study.yaml", r->run_dir);
    return base_write_file(copy, base_buf_text(&r->text), r->text.length, err);
}

base_status run_prepare(run *r, base_err *err) {
    BASE_TRY(cli_read_study(r->catalog, r->args, &r->text, err));
    BASE_TRY(run_read_study(r, r->args->has_seed ? &r->args->seed : NULL, err));
    BASE_TRY(make_run_dir(r, err));
    const char *path = base_arena_printf(r->arena, "%s/journal.log", r->run_dir);
    if (r->args->replay && access(path, F_OK) != 0) {
        return BASE_FAIL(err, BASE_NOTFOUND, "%s: there is no run to replay; --dir names its folder", path);
    }
    BASE_TRY(run_measure(r, access(path, F_OK) == 0, err));
    run_settle_method(r, path);
    base_buf first = {0};
    const char *replaces = NULL;
    base_status status = cli_read_try_first(r->spec, access(path, F_OK) == 0 ? r->run_dir : NULL, &first, err);
    if (status == BASE_OK) r->first = cli_try_first_assignment(r->spec, r->arena);
    if (status == BASE_OK) status = choose_seed(r, path, err);
    if (status == BASE_OK) status = run_settle_change(r, path, &replaces, err);
    if (status == BASE_OK) status = open_journal(r, path, replaces, err);
    if (status == BASE_OK) status = run_amend(r, err);
    if (status == BASE_OK && !r->args->replay) status = cli_keep_try_first(r->spec, r->run_dir, &first, err);
    base_buf_fini(&first);
    return status == BASE_OK ? hpo_study_create(r->spec, &r->study, err) : status;
}

/* A study that could not begin leaves no journal behind which its corrected file would contradict. */
base_status run_close_journal(run *r, bool begun, base_err *err) {
    const bool useless = !begun && r->journal && hpo_journal_is_new(r->journal);
    base_status status = BASE_OK;
    if (useless) {
        hpo_journal_discard(r->journal);
    } else {
        status = hpo_journal_close(r->journal, err);
    }
    r->journal = NULL;
    return status;
}

/* What may be a mistake, though the study can be run. */
static void advise(const hpo_study_spec *spec) {
    base_buf text = {0};
    hpo_study_advise(spec, &text);
    for (const char *line = base_buf_text(&text); *line; line += strcspn(line, "\n") + 1)
        base_log(BASE_LOG_WARN, "%.*s", (int)strcspn(line, "\n"), line);
    base_buf_fini(&text);
}

/* What is not as the study file alone would have it. */
static void announce_change(const run *r) {
    if (r->put_aside > 0) {
        fprintf(stderr,
                "the study has changed and no trial had succeeded, so the run begins anew;\n"
                "journal.log.%d and trials.%d have what was there\n",
                r->put_aside, r->put_aside);
    }
    if (r->accepted) {
        fprintf(stderr, "accepted: the results so far are of another %s of the %s\n", r->accepted,
                r->spec->objective->name);
    }
    fputs(base_buf_text(&r->orders), stderr);
}

static void announce_folder(const run *r) {
    size_t workers = r->size > 1 ? (size_t)r->size - 1 : 1;
    fprintf(stderr, "%s: %s, seed %llu%s, %zu worker%s, %s in %s\n", r->spec->name, r->spec->method,
            (unsigned long long)r->seed, r->drew_seed ? " (drawn)" : "", workers, workers == 1 ? "" : "s",
            hpo_journal_is_new(r->journal) ? "new" : "continues", r->run_dir);
}

static void announce_first(const run *r) {
    const size_t repeated = r->spec->first.repeated;
    const uint64_t trials = r->spec->budget.trials;
    if (trials > 0 && r->spec->first.count > trials) {
        fprintf(stderr, "try_first: %zu configurations, but the budget of %llu trials ends before the last of them\n",
                r->spec->first.count, (unsigned long long)trials);
    }
    if (repeated == 0) return;
    fprintf(stderr, "try_first: %zu of %zu configurations stood there already and %s left out\n", repeated,
            repeated + r->spec->first.count, repeated == 1 ? "is" : "are");
}

void run_announce(const run *r) {
    if (r->args->replay) return;
    const bool brief = r->args->display == HPO_DISPLAY_QUIET || r->args->display == HPO_DISPLAY_JSON;
    if (!brief) announce_folder(r);
    if (!brief) run_announce_method(r);
    if (!brief) announce_change(r);
    if (!brief) announce_first(r);
    advise(r->spec);
}
