/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The method of a study whose file leaves it open: chosen by rank 0 at the first start, handed to every rank as if the
 * study file said it, and from then on what the journal began with. */
#include <stdio.h>

#include "hpo/cli/run_impl.h"

void run_choose_method(run *r) {
    base_err err;
    if (!r->left_open) return;
    const base_status status = hpo_study_choose(r->spec, r->size > 1 ? (uint64_t)r->size - 1 : 1, &err);
    BASE_ASSERT(status == BASE_OK);
    r->method = hpo_study_method_assignment(r->spec);
}

/* A journal that cannot be read says so when it is opened; one whose method is impossible now is another study. */
void run_settle_method(run *r, const char *path) {
    hpo_journal_begun begun;
    base_err ignored;
    r->left_open = r->spec->chosen != NULL;
    if (!r->left_open) return;
    if (hpo_journal_peek(path, r->arena, &begun, &ignored) == BASE_OK &&
        hpo_study_keep_method(r->spec, begun.identity, begun.chosen, &ignored) == BASE_OK)
        r->method = hpo_study_method_assignment(r->spec);
    else
        run_choose_method(r);
}

void run_announce_method(const run *r) {
    const char *chosen = r->spec->chosen;
    base_buf line = {0}, text = {0};
    if (!r->left_open) return;
    if (chosen)
        base_buf_printf(&line, "method: %s %s",
                        hpo_journal_is_new(r->journal) ? "auto takes" : "at the first start auto took", chosen);
    else
        base_buf_printf(&line, "method: the study file leaves it open; this run goes on with %s, as it began",
                        r->spec->method);
    base_put_text(base_buf_text(&line), 0, &text);
    fputs(base_buf_text(&text), stderr);
    base_buf_fini(&line);
    base_buf_fini(&text);
}
