/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points of a space: activation, legality, drawing, the unit cube, the grid, equality.
 *
 * Nothing here allocates, but for spaces of which little is allowed: a study of cheap functions draws hundreds of
 * thousands of points. */
#include "hpo/space/space_impl.h"

#include <math.h>
#include <string.h>

#include "hpo/space/narrow.h"

enum { MAX_DRAWS = 10000, NARROWED_DRAWS = 200 };

void hpo_space_activate(const hpo_space *space, double *config) {
    if (space->dims < space->count)
        for (size_t i = 0; i < space->count; i++)
            if (space->params[i].kind == HPO_CONSTANT) config[i] = 0;
    for (size_t k = space->count - space->n_conditional; k < space->count; k++) {
        size_t i = space->order[k];
        if (!hpo_test_holds(space->tests[i], config)) config[i] = (double)NAN;
    }
}

static const hpo_clause *matching_clause(const hpo_space *space, const double *config) {
    for (size_t i = 0; i < space->n_clauses; i++)
        if (hpo_test_holds(space->clauses[i].test, config)) return &space->clauses[i];
    return NULL;
}

bool hpo_space_allowed(const hpo_space *space, const double *config) {
    return !matching_clause(space, config);
}

/* ---- checking ---- */

static base_status check_value(const hpo_param *param, double value, base_err *err) {
    if (!hpo_param_is_number(param)) {
        if (value >= 0 && value < (double)param->n_choices && value == floor(value)) return BASE_OK;
        return BASE_FAIL(err, BASE_INVALID, "%s: %.17g is not the index of one of its %zu values", param->name, value,
                         param->n_choices);
    }
    if (!(value >= param->min && value <= param->max))
        return BASE_FAIL(err, BASE_INVALID, "%s: %.17g lies outside of %.17g to %.17g", param->name, value, param->min,
                         param->max);
    if (param->step > 0 && value != hpo_param_level(param, hpo_param_nearest_level(param, value)))
        return BASE_FAIL(err, BASE_INVALID, "%s: %.17g is not a step: the nearest is %.17g", param->name, value,
                         hpo_param_level(param, hpo_param_nearest_level(param, value)));
    return BASE_OK;
}

base_status hpo_space_check(const hpo_space *space, const double *config, base_err *err) {
    BASE_ASSERT(space->sealed);
    for (size_t k = 0; k < space->count; k++) { /* parents first: a test may rely on its parent's value */
        size_t i = space->order[k];
        const hpo_param *param = &space->params[i];
        bool active = !space->tests[i] || hpo_test_holds(space->tests[i], config);
        if (!active && !isnan(config[i]))
            return BASE_FAIL(err, BASE_INVALID, "%s has the value %.17g but its condition does not hold", param->name,
                             config[i]);
        if (active && isnan(config[i]))
            return BASE_FAIL(err, BASE_INVALID, "%s has no value but is active", param->name);
        if (active) BASE_TRY(check_value(param, config[i], err));
    }
    const hpo_clause *clause = matching_clause(space, config);
    if (!clause) return BASE_OK;
    base_buf text = {0};
    hpo_cond_print(space, clause->cond, &text);
    base_status status = BASE_FAIL(err, BASE_INVALID, "forbidden by %s", base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

/* ---- drawing ---- */

typedef double draw_function(const hpo_param *param, base_rng *rng);

/* By rejection, which is cheap where most is allowed; where little is, from what forbid leaves of every parameter. */
static base_status draw_allowed(const hpo_space *space, base_rng *rng, bool prior, double *config, base_err *err) {
    BASE_ASSERT(space->sealed);
    draw_function *draw = prior ? hpo_param_draw_prior : hpo_param_draw;
    for (int n = 0; n < (space->is_tight ? 0 : MAX_DRAWS); n++) {
        for (size_t k = 0; k < space->dims; k++) {
            size_t i = space->dim_param[k];
            config[i] = draw(&space->params[i], rng);
        }
        hpo_space_activate(space, config);
        if (hpo_space_allowed(space, config)) return BASE_OK;
    }
    if (hpo_narrow_draw(space, NULL, prior, NARROWED_DRAWS, rng, config)) return BASE_OK;
    return BASE_FAIL(err, BASE_END, "forbid leaves too little: no configuration was found that it allows");
}

base_status hpo_space_sample(const hpo_space *space, base_rng *rng, double *config, base_err *err) {
    return draw_allowed(space, rng, false, config, err);
}

base_status hpo_space_sample_prior(const hpo_space *space, base_rng *rng, double *config, base_err *err) {
    return draw_allowed(space, rng, true, config, err);
}

/* Why a completed point is none: a given parameter is inactive, or the point is forbidden. */
static base_status fail_completion(const hpo_space *space, const double *given, const double *config, bool drawn,
                                   base_err *err) {
    const char *prefix = drawn ? "no completion of this configuration was found; the last one: " : "";
    base_buf text = {0};
    base_status status;
    size_t i = 0;
    while (i < space->count && (isnan(given[i]) || !isnan(config[i]))) i++;
    if (i < space->count) {
        hpo_cond_print(space, space->params[i].when, &text);
        status = BASE_FAIL(err, BASE_END, "%s%s has a value, but its condition %s does not hold", prefix,
                           space->params[i].name, base_buf_text(&text));
    } else {
        hpo_cond_print(space, matching_clause(space, config)->cond, &text);
        status = BASE_FAIL(err, BASE_END, "%sit is forbidden by %s", prefix, base_buf_text(&text));
    }
    base_buf_fini(&text);
    return status;
}

static bool complete_once(const hpo_space *space, const double *given, base_rng *rng, double *config) {
    for (size_t k = 0; k < space->dims; k++) {
        size_t i = space->dim_param[k];
        config[i] = isnan(given[i]) ? hpo_param_draw(&space->params[i], rng) : given[i];
    }
    hpo_space_activate(space, config);
    bool fits = hpo_space_allowed(space, config);
    for (size_t i = 0; i < space->count && fits; i++) fits = isnan(given[i]) || !isnan(config[i]);
    return fits;
}

base_status hpo_space_complete(const hpo_space *space, const double *given, base_rng *rng, double *config,
                               base_err *err) {
    BASE_ASSERT(space->sealed);
    bool drawn = false, fits = false;
    for (size_t k = 0; k < space->dims; k++) drawn |= isnan(given[space->dim_param[k]]);
    for (int n = 0; n < (drawn && !space->is_tight ? MAX_DRAWS : 1) && !fits; n++)
        fits = complete_once(space, given, rng, config);
    if (!fits && drawn && space->narrow)
        fits = hpo_narrow_draw(space, given, false, NARROWED_DRAWS, rng, config) ||
               complete_once(space, given, rng, config); /* which is named */
    return fits ? BASE_OK : fail_completion(space, given, config, drawn, err);
}

/* ---- the unit cube ---- */

void hpo_space_to_unit(const hpo_space *space, const double *config, double *unit) {
    for (size_t k = 0; k < space->dims; k++) {
        size_t i = space->dim_param[k];
        unit[k] = hpo_param_to_unit(&space->params[i], config[i]);
    }
}

void hpo_space_from_unit(const hpo_space *space, const double *unit, double *config) {
    for (size_t k = 0; k < space->dims; k++) {
        size_t i = space->dim_param[k];
        config[i] = hpo_param_from_unit(&space->params[i], unit[k]);
    }
    hpo_space_activate(space, config);
}

/* ---- the grid ---- */

static uint64_t grid_radix(const hpo_param *param, size_t points) {
    uint64_t levels = hpo_param_levels(param);
    return levels > 0 ? levels : points;
}

/* One single point of a continuum is its middle. */
static double grid_value(const hpo_param *param, uint64_t radix, uint64_t digit) {
    if (!hpo_param_is_number(param)) return (double)digit;
    if (param->step > 0) return hpo_param_level(param, (double)digit);
    return hpo_param_from_unit(param, radix > 1 ? (double)digit / (double)(radix - 1) : 0.5);
}

double hpo_space_grid_size(const hpo_space *space, size_t points) {
    BASE_ASSERT(points >= 1);
    double size = 1;
    for (size_t i = 0; i < space->count; i++) size *= (double)grid_radix(&space->params[i], points);
    return size;
}

void hpo_space_grid_point(const hpo_space *space, size_t points, uint64_t index, double *config) {
    BASE_ASSERT(space->sealed && points >= 1);
    for (size_t i = space->count; i-- > 0;) {
        uint64_t radix = grid_radix(&space->params[i], points);
        config[i] = grid_value(&space->params[i], radix, index % radix);
        index /= radix;
    }
    BASE_ASSERT(index == 0);
    hpo_space_activate(space, config);
}

/* ---- equality ---- */

/* One pattern for every NaN. */
static uint64_t canonical_bits(double x) {
    uint64_t bits = UINT64_C(0x7ff8000000000000);
    if (!isnan(x)) memcpy(&bits, &x, sizeof bits);
    return bits;
}

bool hpo_space_equal(const hpo_space *space, const double *a, const double *b) {
    for (size_t i = 0; i < space->count; i++)
        if (canonical_bits(a[i]) != canonical_bits(b[i])) return false;
    return true;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over the chain of values. */
uint64_t hpo_space_hash(const hpo_space *space, const double *config) {
    uint64_t hash = 0;
    for (size_t i = 0; i < space->count; i++) {
        hash = (hash ^ canonical_bits(config[i])) + UINT64_C(0x9e3779b97f4a7c15);
        hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
        hash ^= hash >> 31;
    }
    return hash;
}

hpo_value hpo_space_value(const hpo_space *space, const double *config, size_t index) {
    const hpo_param *param = hpo_space_param(space, index);
    double value = config[index];
    if (isnan(value)) return (hpo_value){.kind = HPO_VALUE_NULL};
    switch (param->kind) {
    case HPO_FLOAT: return hpo_value_real(value);
    case HPO_INT: return hpo_value_int((int64_t)value);
    case HPO_CATEGORICAL:
    case HPO_ORDINAL:
    case HPO_CONSTANT: break;
    }
    return param->choices[(size_t)value];
}
