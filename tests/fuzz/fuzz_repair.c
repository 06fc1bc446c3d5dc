/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals of one study that were damaged. A repaired one is sound: it is opened, folds into a history, and a second
 * repair finds nothing. One that the program opens without a complaint is not damaged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/objectives/registry.h"
#include "hpo/cli/run_impl.h"
#include "hpo/trials/history.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/journals.h"

/* The seeds in tests/fuzz/corpus/repair are runs of it. */
static const char study_text[] = "objective: {function: {problem: mf-hartmann3}}\n"
                                 "seed: 1\n"
                                 "method: {sampler: random, scheduler: asha}\n"
                                 "fidelity: {z: {min: 1, max: 9}}\n"
                                 "budget: {trials: 4}\n"
                                 "workers: 2\n";

static const hpo_catalog *catalog(void) {
    static hpo_catalog made = {.version = "hpo fuzz"};
    if (!made.objectives) made.objectives = obj_registry(&made.n_objectives);
    return &made;
}

static const hpo_study_spec *study(bool deterministic) {
    static hpo_study_spec *specs[2];
    static const char *const sets[] = {"deterministic=true"};
    hpo_study_spec **spec = &specs[deterministic];
    base_err err = {0};
    if (*spec) return *spec;
    const base_status status = hpo_study_read(catalog(), "fuzz.yaml", study_text, sizeof study_text - 1, sets,
                                              deterministic, NULL, spec, &err);
    BASE_ASSERT(status == BASE_OK);
    return *spec;
}

static base_status fold(void *self, const hpo_entry *entry, base_err *err) {
    return entry->kind == HPO_ENTRY_RECORD ? hpo_history_apply(self, &entry->record, err) : BASE_OK;
}

/* As a run that goes on would. */
static base_status open_and_fold(const char *path, const hpo_study_spec *spec, base_err *err) {
    hpo_journal_head head = cli_journal_head(catalog(), spec);
    head.read_only = true;
    hpo_history *history = hpo_history_create_for(spec->space, spec->goals, spec->n_goals, spec->fidelity.max);
    hpo_journal *journal;
    base_err ignored;
    base_status status = hpo_journal_open(path, &head, spec->space, &journal, err);
    if (status == BASE_OK) {
        status = hpo_journal_replay(journal, fold, history, err);
        BASE_ASSERT(hpo_journal_close(journal, &ignored) == BASE_OK);
    }
    hpo_history_destroy(history);
    return status;
}

static base_status repair(const char *path, const hpo_study_spec *spec, base_buf *told, base_err *err) {
    const hpo_journal_head head = cli_journal_head(catalog(), spec);
    base_buf_clear(told);
    return hpo_journal_repair(path, &head, spec->space, spec->deterministic, told, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    const hpo_study_spec *spec = study((choice & 4) != 0);
    base_buf text = {0}, told = {0};
    base_err err = {0};
    fuzz_seal(choice, (const char *)data, size, &text);
    const char *kept = fuzz_file("journal.log.damaged", "", 0);
    const char *path = fuzz_file("journal.log", base_buf_text(&text), text.length);
    unlink(kept);
    if (repair(path, spec, &told, &err) == BASE_OK) {
        if (open_and_fold(path, spec, &err) != BASE_OK || repair(path, spec, &told, &err) != BASE_OK ||
            !strstr(base_buf_text(&told), "is not damaged")) {
            fprintf(stderr, "%s\n%s\n", err.text, base_buf_text(&told));
            abort();
        }
    } else {
        BASE_ASSERT(err.text[0] != '\0');
    }
    base_buf_fini(&text);
    base_buf_fini(&told);
    return 0;
}
