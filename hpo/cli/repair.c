/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --repair DIR: a sound journal for a run whose journal was damaged.
 *
 * The folder has the study file as it was given; what the run was told by --set must be said again, because the
 * journal is compared with the whole study. */
#include <stdio.h>

#include "hpo/cli/run_impl.h"

static base_status read_spec(const hpo_catalog *catalog, const hpo_cli_args *args, const char *file,
                             hpo_study_spec **spec, base_err *err) {
    base_buf text = {0};
    base_status status = cli_read_study_file(file, &text, err);
    if (status == BASE_OK) {
        status = hpo_study_read(catalog, file, base_buf_text(&text), text.length, args->sets, args->n_sets,
                                args->has_seed ? &args->seed : NULL, spec, err);
    }
    base_buf_clear(&text);
    if (status == BASE_OK) status = cli_read_try_first(*spec, args->repair, &text, err); /* the run's own copy */
    base_buf_fini(&text);
    return status;
}

/* What the study file leaves to the journal: the seed, the method. */
static base_status take_over(hpo_study_spec *spec, const char *journal, base_arena *arena, base_err *err) {
    hpo_journal_begun begun;
    base_status status = hpo_journal_peek_damaged(journal, arena, &begun, err);
    if (status == BASE_OK && spec->seed_given) hpo_study_respell(spec, begun.identity);
    if (spec->seed_given && !spec->chosen) return BASE_OK; /* a head that is lost is made again */
    if (status == BASE_CORRUPT && spec->chosen) {
        return BASE_FAIL(err, BASE_CORRUPT,
                         "%s has lost the method that was chosen for it; give it with --set method=... as the run "
                         "printed it, and the seed with --seed",
                         journal);
    }
    if (status != BASE_OK) return status;
    if (!spec->seed_given) hpo_study_spec_set_seed(spec, begun.seed);
    if (spec->chosen) status = hpo_study_keep_method(spec, begun.identity, begun.chosen, err);
    if (status == BASE_OK) hpo_study_respell(spec, begun.identity);
    return status;
}

int cli_repair(const hpo_catalog *catalog, const hpo_cli_args *args, base_buf *out, base_err *err) {
    base_arena *arena = base_arena_create();
    const char *file = args->file ? args->file : base_arena_printf(arena, "%s/study.yaml", args->repair);
    const char *journal = base_arena_printf(arena, "%s/journal.log", args->repair);
    hpo_study_spec *spec = NULL;
    base_status status = read_spec(catalog, args, file, &spec, err);
    if (status == BASE_OK) status = take_over(spec, journal, arena, err);
    if (status == BASE_OK) {
        const hpo_journal_head head = cli_journal_head(catalog, spec);
        status = hpo_journal_repair(journal, &head, spec->space, spec->deterministic, out, err);
    }
    if (status == BASE_OK) base_buf_puts(out, "the same command as before continues the run\n");
    hpo_study_spec_destroy(spec);
    base_arena_destroy(arena);
    return run_exit_code(status);
}
