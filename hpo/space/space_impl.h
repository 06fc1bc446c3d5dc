/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share and nobody else sees. */
#ifndef HPO_SPACE_SPACE_IMPL_H
#define HPO_SPACE_SPACE_IMPL_H

#include "base/index.h"
#include "hpo/space/space.h"

/* A condition after sealing: choices have become truth tables over their indices, values plain doubles, so that a test
 * is a load and a comparison. */
typedef struct hpo_test hpo_test;
struct hpo_test {
    hpo_cond_op op;
    size_t param;
    const bool *table; /* choices: the truth for each index; NULL = compare numbers */
    const double *values;
    size_t n_values;
    bool against_param;
    size_t other;
    const double *left, *right; /* against_param: the number that an index stands for; NULL = the value itself */
    const hpo_test *children;
    size_t n_children;
};

typedef struct hpo_clause {
    const hpo_cond *cond;
    const base_yaml_node *where; /* may be NULL */
    const hpo_test *test;        /* after sealing */
} hpo_clause;

typedef struct hpo_narrow hpo_narrow;

struct hpo_space {
    base_arena *arena;
    hpo_param *params;
    size_t count, capacity;
    base_index names; /* of params, by name */
    hpo_clause *clauses;
    size_t n_clauses, clauses_capacity;
    bool sealed;
    /* after sealing, in the arena */
    size_t *order;          /* parents before children */
    const hpo_test **tests; /* by parameter; NULL = always active */
    size_t *dim_param;      /* parameter of each unit coordinate */
    size_t dims;
    size_t n_conditional; /* order ends with this many parameters that have a condition */
    hpo_narrow *narrow;   /* what forbid leaves of each parameter; NULL without clauses */
    hpo_space *beliefs;   /* by metric, shallow copies with their own params; NULL: one belief for all */
    size_t n_beliefs;
    bool is_tight; /* that is so little that drawing from everything is not worth a try */
};

/* BASE_INVALID; with the position of `where` in front unless it is NULL. */
base_status hpo_space_fail(const base_yaml_node *where, base_err *err, const char *fmt, ...) BASE_PRINTF(3, 4);
/* "did you mean "x"?" or "one of a, b, c": what a user may have meant. Text in the arena. */
const char *hpo_space_hint(base_arena *arena, const char *word, const char *const *names, size_t count);
const char *hpo_space_name_hint(const hpo_space *space, const char *word);
const char *hpo_param_choice_hint(base_arena *arena, const hpo_param *param, const hpo_value *value);
/* A value and a number of the parameter's kind as text, for messages. In the arena. */
const char *hpo_value_string(base_arena *arena, const hpo_value *value);
const char *hpo_param_number(base_arena *arena, const hpo_param *param, double number);

/* Index of the name of these bytes, or SIZE_MAX. */
size_t hpo_space_find_bytes(const hpo_space *space, const char *name, size_t length);

/* ---- order.c ---- */
/* Fills order and n_conditional: unconditional parameters first, then the others with parents before children.
 * BASE_INVALID: a cycle of conditions, named. */
base_status hpo_space_sort(hpo_space *space, base_err *err);

/* ---- param.c: checks and completes a parameter before it is added ---- */
base_status hpo_param_complete(base_arena *arena, hpo_param *param, base_err *err);
base_status hpo_param_check_name(const char *name, const base_yaml_node *where, base_err *err);
static inline bool hpo_param_is_number(const hpo_param *param) {
    return param->kind == HPO_FLOAT || param->kind == HPO_INT;
}
/* True when every choice is a number. */
bool hpo_param_choices_are_numbers(const hpo_param *param);
/* Index of the choice that equals value, or SIZE_MAX. */
size_t hpo_param_find_choice(const hpo_param *param, const hpo_value *value);

/* ---- unit.c ---- */
/* Value of level k of a stepped parameter, free of binary dust: 0.3 and not 0.30000000000000004. */
double hpo_param_level(const hpo_param *param, double k);
/* The nearest level of a value. */
double hpo_param_nearest_level(const hpo_param *param, double value);

/* ---- condition.c ---- */
/* Checks a leaf: comparable, a value that the parameter can take, a test that can hold. */
base_status hpo_cond_check_leaf(const hpo_space *space, const hpo_cond *leaf, const base_yaml_node *where,
                                base_err *err);
/* Checks that some value of the parameter passes every one of the leaves, all tests of the same parameter. */
base_status hpo_cond_check_together(const hpo_space *space, const hpo_cond *const *leaves, size_t count,
                                    const base_yaml_node *where, base_err *err);
base_status hpo_cond_compile(const hpo_space *space, const hpo_cond *cond, const base_yaml_node *where,
                             const hpo_test **test, base_err *err);
bool hpo_test_holds(const hpo_test *test, const double *config);

/* ---- condition_file.c ---- */
base_status hpo_cond_read(const hpo_space *space, const base_yaml_node *node, const hpo_cond **cond, base_err *err);

/* ---- distribution.c ---- */
/* Which numbers a range has: integers when both bounds are written so; always real; always integers; integers when
 * bounds and step are. */
typedef enum hpo_number_rule { HPO_RULE_BY_BOUNDS, HPO_RULE_REAL, HPO_RULE_INT, HPO_RULE_BY_ALL } hpo_number_rule;
/* Whether the distribution of a parameter's map, if it names one, is one of those that can be written. */
base_status hpo_distribution_check(base_arena *arena, const char *param, const base_yaml_node *map, base_err *err);
/* What the key `distribution` of a parameter's map says; without the key HPO_RULE_BY_BOUNDS and no log scale. */
base_status hpo_distribution_read(base_arena *arena, const char *param, const base_yaml_node *map,
                                  hpo_number_rule *rule, bool *log, base_err *err);

/* ---- space_file.c ---- */
/* A number under the key `word` of parameter `name`. */
base_status hpo_number_read(base_arena *arena, const char *name, const char *word, const base_yaml_node *node,
                            double *out, base_err *err);

/* ---- prior_file.c ---- */
/* The keys prior and confidence of a parameter whose kind and choices are known; each may be NULL. */
base_status hpo_prior_read(base_arena *arena, const base_yaml_node *prior, const base_yaml_node *confidence,
                           hpo_param *param, base_err *err);

/* ---- prior.c ---- */
/* One value of a parameter drawn from its base measure. */
double hpo_param_draw(const hpo_param *param, base_rng *rng);
/* Of a number with a prior: how much of it lies below a unit coordinate, and the coordinate below which so much lies.
 */
double hpo_param_prior_share(const hpo_param *param, double unit);
double hpo_param_prior_unit(const hpo_param *param, double share);

/* ---- describe.c ---- */
void hpo_cond_print(const hpo_space *space, const hpo_cond *cond, base_buf *out);
extern const char *const HPO_COND_OP_WORDS[]; /* by hpo_cond_op: "all", "any", "eq", ... */

/* Words of `confidence`: deviation of a number, weight of a choice. */
typedef struct hpo_confidence {
    const char *word;
    double deviation, weight;
} hpo_confidence;
enum { HPO_CONFIDENCES = 3 };
extern const hpo_confidence HPO_CONFIDENCE[HPO_CONFIDENCES];

#endif
