/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting failures by choice. A program that cannot do one of its choices looks like bad luck in a list of failures:
 * the sampler learns to avoid it, and nobody learns why. */
#include "hpo/study/failed_choices.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

enum { FEWEST = 3 };

typedef struct tally {
    uint64_t failed, worked;
} tally;

static void count_trials(hpo_view view, size_t param, tally *of, uint64_t *worked) {
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        const double choice = trial.config[param];
        const bool failed = trial.state == HPO_TRIAL_FAILED;
        if (trial.state == HPO_TRIAL_RUNNING && trial.n_evals == 0) continue;
        *worked += !failed;
        if (isnan(choice)) continue;
        of[(size_t)choice].failed += failed;
        of[(size_t)choice].worked += !failed;
    }
}

void hpo_failed_choices(hpo_view view, void (*visit)(void *self, const char *choice, uint64_t trials), void *self) {
    const hpo_space *space = hpo_history_space(view.history);
    if (hpo_view_count(view, HPO_TRIAL_FAILED) < FEWEST) return;
    base_buf text = {0};
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const hpo_param *param = hpo_space_param(space, i);
        if (param->kind != HPO_CATEGORICAL && param->kind != HPO_ORDINAL) continue;
        uint64_t worked = 0;
        tally *of = base_calloc(param->n_choices, sizeof *of);
        count_trials(view, i, of, &worked);
        for (size_t k = 0; worked > 0 && k < param->n_choices; k++) {
            if (of[k].worked > 0 || of[k].failed < FEWEST) continue;
            base_buf_clear(&text);
            base_buf_printf(&text, "%s=", param->name);
            hpo_value_print(&param->choices[k], &text);
            visit(self, base_buf_text(&text), of[k].failed);
        }
        free(of);
    }
    base_buf_fini(&text);
}
