/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An evaluation is whole when no damage lies between its beginning and its end, and both are there. */
#include "hpo/trials/journal_survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static journal_evaluation *newest_of(journal_survey *survey, uint64_t trial) {
    const size_t need = (size_t)trial + 1;
    if (need > survey->n_newest) {
        BASE_GROW(survey->newest, survey->cap_newest, need);
        memset(survey->newest + survey->n_newest, 0, (need - survey->n_newest) * sizeof *survey->newest);
        survey->n_newest = need;
    }
    return &survey->newest[trial];
}

static void add_partial(journal_survey *survey, uint64_t trial, uint32_t rung) {
    BASE_GROW(survey->partial, survey->cap_partial, survey->n_partial + 1);
    survey->partial[survey->n_partial++] = (journal_evaluation){.rung = rung, .trial = trial};
}

/* Its end is not there, and something is missing where it could be. */
static void look_at_open(journal_survey *survey, const journal_evaluation *newest) {
    const bool open = newest->begun && !newest->ended;
    if (open && newest->damages != survey->damages) add_partial(survey, newest->trial, newest->rung);
}

void hpo_survey_begin(journal_survey *survey, uint64_t trial, uint32_t rung) {
    journal_evaluation *newest = newest_of(survey, trial);
    look_at_open(survey, newest);
    *newest = (journal_evaluation){.begun = true, .trial = trial, .rung = rung, .damages = survey->damages};
}

void hpo_survey_report(journal_survey *survey, uint64_t trial, uint32_t rung) {
    const journal_evaluation *newest = newest_of(survey, trial);
    const bool known = newest->begun && newest->rung == rung;
    if (known || survey->damages == 0) return;
    hpo_survey_begin(survey, trial, rung);
    newest_of(survey, trial)->damages = 0;
}

void hpo_survey_end(journal_survey *survey, uint64_t trial, uint32_t rung) {
    journal_evaluation *newest = newest_of(survey, trial);
    const bool known = newest->begun && newest->rung == rung;
    const uint64_t damages = known ? newest->damages : 0;
    if (damages != survey->damages) add_partial(survey, trial, rung);
    if (known) newest->ended = true;
}

void hpo_survey_finish(journal_survey *survey) {
    for (size_t i = 0; i < survey->n_newest; i++) look_at_open(survey, &survey->newest[i]);
}

bool hpo_survey_is_partial(const journal_survey *survey, uint64_t trial, uint32_t rung) {
    for (size_t i = 0; i < survey->n_partial; i++) {
        if (survey->partial[i].trial == trial && survey->partial[i].rung == rung) return true;
    }
    return false;
}

void hpo_survey_fini(journal_survey *survey) {
    free(survey->newest);
    free(survey->partial);
}
