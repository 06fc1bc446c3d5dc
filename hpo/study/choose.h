/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `method: auto`, and what a study without `method:` gets: a list of rules over what is known before the first trial.
 * The rules and what they were measured on are in choose.c and docs/algorithms/auto.md. */
#ifndef HPO_STUDY_CHOOSE_H
#define HPO_STUDY_CHOOSE_H

#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a choice depends on. */
typedef struct hpo_situation {
    size_t searched;       /* parameters with more than one value */
    size_t choices;        /* of these, those without an order */
    size_t conditional;    /* and those that are not always there */
    double configurations; /* conditions aside; INFINITY: a continuum, or the same ones may come again */
    double range;          /* the highest fidelity over the lowest; 1: there is none */
    bool priors;
    size_t goals;       /* metrics */
    size_t constraints; /* on metrics */
    double budget;      /* in full evaluations; INFINITY: until nothing is left; NAN: not known, such as a time */
    uint64_t workers;   /* at least 1 */
} hpo_situation;

/* A rule of the list: the first that holds decides. The last one always holds. */
typedef struct hpo_rule {
    bool (*holds)(const hpo_situation *situation);
    const char *when;    /* the same for people */
    const char *method;  /* as behind `method:` in a study file */
    const char *because; /* a half sentence */
} hpo_rule;

const hpo_rule *hpo_rules(size_t *count);
const hpo_rule *hpo_rule_for(const hpo_situation *situation);

/* That of a study on so many workers (its virtual ones when it is deterministic). */
hpo_situation hpo_situation_of(const hpo_study_spec *spec, uint64_t workers);
/* "4 numbers, 2 choices, 30 full evaluations, 8 workers". */
void hpo_situation_print(const hpo_situation *situation, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
