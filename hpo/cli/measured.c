/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an objective measures once for a run (hpo_measurement): made by rank 0 before the first trial, kept in the run's
 * folder, and from there handed to every rank and every later start as if the study file said it. So it is part of the
 * study's identity, and a copy that was changed is refused like a changed study file. */
#include <stdio.h>
#include <unistd.h>

#include "hpo/cli/run_impl.h"

static base_status read_kept(const char *path, base_buf *text, base_err *err) {
    base_err why;
    const base_status status = base_read_file(path, text, &why);
    if (status == BASE_OK) return BASE_OK;
    return BASE_FAIL(err, status == BASE_IO ? status : BASE_INVALID,
                     "%s: what this run has measured at its first start is gone: bring it back, or begin another run "
                     "with --dir",
                     why.text);
}

static const char *assignment_of(const run *r, const hpo_measurement *m, const base_buf *text) {
    base_buf out = {0};
    base_buf_printf(&out, "objective.%s.%s=", r->spec->objective->name, m->setting);
    base_buf_put_json(&out, base_buf_text(text));
    const char *assignment = base_arena_strdup(r->arena, base_buf_text(&out));
    base_buf_fini(&out);
    return assignment;
}

/* The study again, with the setting. */
static base_status use(run *r, const hpo_measurement *m, const base_buf *text, base_err *err) {
    r->measured = assignment_of(r, m, text);
    hpo_study_spec_destroy(r->spec);
    r->spec = NULL;
    return run_read_study(r, r->args->has_seed ? &r->args->seed : NULL, err);
}

static base_status measure(const run *r, const hpo_measurement *m, const char *path, base_buf *text, base_err *err) {
    const hpo_objective_env env = hpo_study_objective_env(r->spec);
    BASE_TRY(m->make(&env, text, err));
    return base_write_file(path, base_buf_text(text), text->length, err);
}

base_status run_measure(run *r, bool begun, base_err *err) {
    const hpo_measurement *m = r->spec->objective->measurement;
    base_buf text = {0};
    base_status status;
    if (!m || !m->wanted(r->spec->settings)) return BASE_OK;
    const char *path = base_arena_printf(r->arena, "%s/%s", r->run_dir, m->file);
    if (begun)
        status = read_kept(path, &text, err);
    else
        status = measure(r, m, path, &text, err);
    if (status == BASE_OK && begun && !r->args->replay) status = m->check(path, base_buf_text(&text), err);
    if (status == BASE_OK) status = use(r, m, &text, err);
    base_buf_fini(&text);
    return status;
}
