/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A search space: parameters, conditions between them, forbidden combinations, priors; and what can be done with a
 * point of it.
 *
 * A point ("configuration") is an array of hpo_space_count(space) doubles, one per parameter in declaration order:
 *   FLOAT        the value                     CATEGORICAL, ORDINAL   the index of the choice
 *   INT          the value (exact to 2^53)     CONSTANT               0
 * and NaN where the parameter is inactive (its condition does not hold). Plain doubles: they travel over MPI, lie in
 * the history and are compared bit for bit.
 *
 * The unit cube: every searched parameter (all but constants) has one coordinate in [0,1], in declaration order;
 * hpo_space_dims() of them. Numbers are scaled (log, logit) and then mapped linearly; integers and stepped floats are
 * padded by half a step on each side, so that each value has equal mass; choices cut [0,1] into equal bins, index k
 * being the bin's centre (k + 0.5)/n on the way in. */
#ifndef HPO_SPACE_SPACE_H
#define HPO_SPACE_SPACE_H

#include "base/rng.h"
#include "hpo/space/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_param_kind { HPO_FLOAT, HPO_INT, HPO_CATEGORICAL, HPO_ORDINAL, HPO_CONSTANT } hpo_param_kind;
typedef enum hpo_scale { HPO_LINEAR, HPO_LOG, HPO_LOGIT } hpo_scale;

/* Tests of a condition or a forbidden clause, as a tree in disjunctive or conjunctive form. */
typedef enum hpo_cond_op {
    HPO_COND_ALL,
    HPO_COND_ANY,
    HPO_COND_EQ,
    HPO_COND_NE,
    HPO_COND_LT,
    HPO_COND_LE,
    HPO_COND_GT,
    HPO_COND_GE,
    HPO_COND_IN,
    HPO_COND_NOT_IN
} hpo_cond_op;
typedef struct hpo_cond hpo_cond;
struct hpo_cond {
    hpo_cond_op op;
    size_t param;       /* leaf: the parameter that is tested */
    bool against_param; /* leaf: compare with parameter `other` instead of values */
    size_t other;
    const hpo_value *values; /* leaf: one, or several for IN / NOT_IN */
    size_t n_values;
    const hpo_cond *const *children; /* ALL (and), ANY (or) */
    size_t n_children;
};

/* A user's belief. Numbers: a normal at `center` truncated to the bounds, whose standard deviation is `deviation` as a
 * fraction of the padded range on the parameter's scale: 0.5 / 0.25 / 0.125 for confidence low / medium / high.
 * Choices: weight 2 / 4 / 6 for the preferred one against 1 for each other (multiplied into nothing: it is a belief,
 * not the base measure). Source: the PriorBand experiments (Mallik et al., NeurIPS 2023). */
typedef struct hpo_prior {
    bool given;
    double center;    /* internal value: number or index */
    double deviation; /* numbers */
    double weight;    /* choices */
} hpo_prior;

/* The belief about where one metric of several is best; where: its value in the file, or NULL. */
typedef struct hpo_metric_prior {
    const char *metric;
    hpo_prior prior;
    const base_yaml_node *where;
} hpo_metric_prior;

typedef struct hpo_param {
    const char *name;
    hpo_param_kind kind;
    hpo_scale scale;
    double min, max; /* as declared; max is the last reachable value of a stepped range */
    double step;     /* 0 = continuous; 1 for INT by default */
    size_t n_choices;
    const hpo_value *choices;              /* CATEGORICAL, ORDINAL; CONSTANT: one */
    const double *probabilities;           /* CATEGORICAL/ORDINAL: normalized base measure; NULL = uniform */
    const struct base_index *by_value;     /* choices by value when there are many; hpo_space_add makes it */
    hpo_prior prior;                       /* for all metrics */
    const hpo_metric_prior *metric_priors; /* or of single metrics, each once; prior is not given then */
    size_t n_metric_priors;
    const hpo_cond *when;        /* NULL = always active */
    const base_yaml_node *where; /* position for messages; may be NULL */
} hpo_param;

typedef struct hpo_space hpo_space;

/* ---- building (space_file.c does it from YAML; an objective may do it for itself) ---- */
hpo_space *hpo_space_create(void);
void hpo_space_destroy(hpo_space *space);
/* The arena that lives as long as the space: names, values and conditions are allocated here by builders. */
base_arena *hpo_space_arena(hpo_space *space);
/* Copies *param (shallowly: its pointers must live in the space's arena). Checks bounds, scale, step, probabilities,
 * prior: BASE_INVALID with the parameter's position and what would be right; a name that exists already. */
BASE_CHECK base_status hpo_space_add(hpo_space *space, const hpo_param *param, base_err *err);
/* Replaces the condition of parameter `index` (before sealing). */
void hpo_space_set_when(hpo_space *space, size_t index, const hpo_cond *when);
/* A configuration for which clause holds is never tried. A test of an inactive parameter is false. */
void hpo_space_forbid(hpo_space *space, const hpo_cond *clause, const base_yaml_node *where);
/* Orders parents before children. BASE_INVALID: a cycle of conditions (named), a test that can never hold, a space
 * whose sampled points are all forbidden. Nothing can be added afterwards; everything below needs a sealed space. */
BASE_CHECK base_status hpo_space_seal(hpo_space *space, base_err *err);

/* ---- looking ---- */
size_t hpo_space_count(const hpo_space *space); /* parameters, constants included */
size_t hpo_space_dims(const hpo_space *space);  /* coordinates of the unit cube: parameters that are searched */
const hpo_param *hpo_space_param(const hpo_space *space, size_t index);
/* Index of the name, or SIZE_MAX. */
size_t hpo_space_find(const hpo_space *space, const char *name);
/* The parameter of unit coordinate `dim`. */
size_t hpo_space_dim_param(const hpo_space *space, size_t dim);
/* Number of different points when conditions and forbidden clauses are ignored; INFINITY when any parameter is
 * continuous. */
double hpo_space_cardinality(const hpo_space *space);
/* The same with them; an estimate unless *exact, and then perhaps 0 where little is allowed. */
double hpo_space_size(const hpo_space *space, bool *exact);
bool hpo_space_has_prior(const hpo_space *space);
/* Whether a parameter has priors of single metrics. */
bool hpo_space_has_metric_priors(const hpo_space *space);
bool hpo_space_has_beliefs(const hpo_space *space); /* one or the other */
/* Tells a sealed space, once, the metrics that are optimized: priors of single metrics are brought into their order.
 * BASE_INVALID with the position: a prior of another metric, or of the only one. */
BASE_CHECK base_status hpo_space_set_metrics(hpo_space *space, const char *const *names, size_t count, base_err *err);
/* What is believed: one belief, or with priors of single metrics one for each metric, in their order. A belief is the
 * same space with the priors of that metric as its only ones, and lives as long as the space. */
size_t hpo_space_n_beliefs(const hpo_space *space);
const hpo_space *hpo_space_belief(const hpo_space *space, size_t index);
/* Sets tested[i] for each parameter that the condition of another one tests; leaves the others alone. */
void hpo_space_mark_tested(const hpo_space *space, bool *tested);
/* Which choices of its parameter pass a leaf that tests values. passes: n_choices truths. */
void hpo_cond_choices(const hpo_param *param, const hpo_cond *leaf, bool *passes);
/* Values that parameter `index` can take: choices, steps; 0 = a continuum. */
uint64_t hpo_param_levels(const hpo_param *param);

/* ---- points ---- */
/* Sets inactive parameters to NaN and constants to 0, parents first. Call after any change of a point. */
void hpo_space_activate(const hpo_space *space, double *config);
/* True when no forbidden clause matches an activated point. */
bool hpo_space_allowed(const hpo_space *space, const double *config);
/* BASE_INVALID with the reason when the point is out of bounds, off its grid, wrongly active or forbidden. */
BASE_CHECK base_status hpo_space_check(const hpo_space *space, const double *config, base_err *err);
/* Draws from the base measure (uniform in the unit cube, declared probabilities), activates, and draws again while the
 * point is forbidden (at most 10,000 times, then BASE_END with a sentence). */
BASE_CHECK base_status hpo_space_sample(const hpo_space *space, base_rng *rng, double *config, base_err *err);
/* The same from the product of the user's priors (base measure where none is given). */
BASE_CHECK base_status hpo_space_sample_prior(const hpo_space *space, base_rng *rng, double *config, base_err *err);
/* A point with the values that are given (NaN: none is), the others drawn from the base measure until the point is
 * allowed and every given parameter is active. BASE_END (after 10,000 draws) says why the last one was not. */
BASE_CHECK base_status hpo_space_complete(const hpo_space *space, const double *given, base_rng *rng, double *config,
                                          base_err *err);
/* Log density of the priors at the point (product over active parameters, each normalized over its unit coordinate; 0
 * for a parameter without prior). A stepped number and a choice have the mean density of their bin: times the bin's
 * width it is the probability of being drawn. */
double hpo_space_log_prior(const hpo_space *space, const double *config);
/* unit: hpo_space_dims() coordinates in [0,1]; inactive ones are NaN on the way out and are decoded like any on the way
 * in. from_unit activates; the result may be forbidden. Any double in [0,1] is legal; values outside are clipped. */
void hpo_space_to_unit(const hpo_space *space, const double *config, double *unit);
void hpo_space_from_unit(const hpo_space *space, const double *unit, double *config);
/* One parameter alone. */
double hpo_param_to_unit(const hpo_param *param, double value);
double hpo_param_from_unit(const hpo_param *param, double unit);
/* The unit interval that decodes to the same value: a bin of a stepped parameter or of a choice. */
void hpo_param_bin(const hpo_param *param, double value, double *low, double *high);
/* Its term of hpo_space_log_prior: 0 without a prior or when value is NaN. */
double hpo_param_log_prior(const hpo_param *param, double value);
/* One value drawn from its prior, or from its base measure where it has none. */
double hpo_param_draw_prior(const hpo_param *param, base_rng *rng);
/* The value below which share v in [0,1) of the base measure lies: from_unit, except that choices with declared
 * probabilities have intervals of these widths. */
double hpo_param_quantile(const hpo_param *param, double v);
/* Point number `index` of the full grid, mixed radix over parameters in declaration order (last fastest), numeric
 * continua cut into `points` values equally spaced on the parameter's scale, end points included (a single point is the
 * middle); activates. Requires index < hpo_space_grid_size. Different indices may give equal points (inactive
 * parameters). */
double hpo_space_grid_size(const hpo_space *space, size_t points);
void hpo_space_grid_point(const hpo_space *space, size_t points, uint64_t index, double *config);
/* Bitwise equality of activated points (NaN equals NaN), and a hash that agrees with it. */
bool hpo_space_equal(const hpo_space *space, const double *a, const double *b);
uint64_t hpo_space_hash(const hpo_space *space, const double *config);
/* The value of parameter `index` at the point as the user would write it; kind NULL when inactive. */
hpo_value hpo_space_value(const hpo_space *space, const double *config, size_t index);
/* "{learning_rate: 0.01, optimizer: sgd}" (active parameters only), and as JSON. */
void hpo_space_print(const hpo_space *space, const double *config, base_buf *out);
void hpo_space_print_json(const hpo_space *space, const double *config, base_buf *out);
/* The space itself in canonical one-line form: part of a study's identity, and of --check. */
void hpo_space_describe(const hpo_space *space, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
