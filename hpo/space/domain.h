/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of values of one parameter, as sorted spans, while it is worked out what `forbid` leaves.
 *
 * A value is known by its coordinate: the number itself on a continuum, else the number of the level or choice, so that
 * next to k lies k + 1. The number that a coordinate stands for in a comparison is the value, or what a table says for
 * a choice. */
#ifndef HPO_SPACE_DOMAIN_H
#define HPO_SPACE_DOMAIN_H

#include "hpo/space/space_impl.h"

typedef struct hpo_span {
    double low, high; /* both belong to it */
} hpo_span;

/* Spans in rising order, with a gap between any two. */
typedef struct hpo_domain {
    const hpo_span *spans;
    size_t count; /* 0: empty */
} hpo_domain;

typedef enum hpo_overlap { HPO_APART, HPO_INSIDE, HPO_OVERLAPS } hpo_overlap;

hpo_domain hpo_domain_full(base_arena *arena, const hpo_param *param);
hpo_domain hpo_domain_point(base_arena *arena, double coordinate);
/* The coordinates whose number compares with value as op (EQ to GE) says. numbers: of the choices; NULL: see above. */
hpo_domain hpo_domain_compare(base_arena *arena, const hpo_param *param, const double *numbers, hpo_cond_op op,
                              double value);
/* What passes a compiled test against values. */
hpo_domain hpo_domain_of_test(base_arena *arena, const hpo_param *param, const hpo_test *test);
hpo_domain hpo_domain_meet(base_arena *arena, hpo_domain a, hpo_domain b);
/* Everything but a. */
hpo_domain hpo_domain_invert(base_arena *arena, const hpo_param *param, hpo_domain a);
/* Where a lies as seen from b; an empty one is apart. */
hpo_overlap hpo_domain_overlap(hpo_domain a, hpo_domain b);
/* Least and greatest number of a domain that is not empty. */
void hpo_domain_range(const hpo_param *param, const double *numbers, hpo_domain a, double *low, double *high);

bool hpo_param_is_discrete(const hpo_param *param);
double hpo_param_coordinate(const hpo_param *param, double value);
double hpo_param_at(const hpo_param *param, double coordinate);
/* A coordinate drawn from the part of the base measure, or of the prior where there is one, that lies in the domain. */
double hpo_domain_draw(const hpo_param *param, hpo_domain a, bool prior, base_rng *rng);

#endif
