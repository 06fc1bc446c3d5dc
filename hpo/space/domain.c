/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The algebra of spans: meeting, inverting, comparing with a number, drawing. */
#include "hpo/space/domain.h"

#include <math.h>
#include <stdlib.h>

bool hpo_param_is_discrete(const hpo_param *param) {
    return !hpo_param_is_number(param) || param->step > 0;
}

double hpo_param_coordinate(const hpo_param *param, double value) {
    return hpo_param_is_number(param) && param->step > 0 ? hpo_param_nearest_level(param, value) : value;
}

double hpo_param_at(const hpo_param *param, double coordinate) {
    return hpo_param_is_number(param) && param->step > 0 ? hpo_param_level(param, coordinate) : coordinate;
}

static double before(const hpo_param *param, double coordinate) {
    return hpo_param_is_discrete(param) ? coordinate - 1 : nextafter(coordinate, -HUGE_VAL);
}

static double behind(const hpo_param *param, double coordinate) {
    return hpo_param_is_discrete(param) ? coordinate + 1 : nextafter(coordinate, HUGE_VAL);
}

static hpo_span full_span(const hpo_param *param) {
    if (!hpo_param_is_discrete(param)) return (hpo_span){param->min, param->max};
    return (hpo_span){0, (double)hpo_param_levels(param) - 1};
}

static hpo_domain one_span(base_arena *arena, double low, double high) {
    if (!(low <= high)) return (hpo_domain){0};
    hpo_span *span = BASE_NEW(arena, hpo_span);
    *span = (hpo_span){low, high};
    return (hpo_domain){span, 1};
}

hpo_domain hpo_domain_full(base_arena *arena, const hpo_param *param) {
    const hpo_span full = full_span(param);
    return one_span(arena, full.low, full.high);
}

hpo_domain hpo_domain_point(base_arena *arena, double coordinate) {
    return one_span(arena, coordinate, coordinate);
}

hpo_domain hpo_domain_meet(base_arena *arena, hpo_domain a, hpo_domain b) {
    hpo_span *spans = BASE_NEW_ARRAY(arena, a.count + b.count, hpo_span);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        const double low = fmax(a.spans[i].low, b.spans[j].low), high = fmin(a.spans[i].high, b.spans[j].high);
        if (low <= high) spans[count++] = (hpo_span){low, high};
        if (a.spans[i].high < b.spans[j].high)
            i++;
        else
            j++;
    }
    return (hpo_domain){spans, count};
}

hpo_domain hpo_domain_invert(base_arena *arena, const hpo_param *param, hpo_domain a) {
    const hpo_span full = full_span(param);
    hpo_span *spans = BASE_NEW_ARRAY(arena, a.count + 1, hpo_span);
    size_t count = 0;
    double low = full.low;
    for (size_t i = 0; i < a.count; i++) {
        const double high = before(param, a.spans[i].low);
        if (low <= high) spans[count++] = (hpo_span){low, high};
        low = behind(param, a.spans[i].high);
    }
    if (low <= full.high) spans[count++] = (hpo_span){low, full.high};
    return (hpo_domain){spans, count};
}

hpo_overlap hpo_domain_overlap(hpo_domain a, hpo_domain b) {
    bool touches = false, inside = true;
    for (size_t i = 0, j = 0; i < a.count; i++) {
        while (j < b.count && b.spans[j].high < a.spans[i].low) j++;
        const bool meets = j < b.count && b.spans[j].low <= a.spans[i].high;
        touches |= meets;
        inside &= meets && b.spans[j].low <= a.spans[i].low && a.spans[i].high <= b.spans[j].high;
    }
    return !touches ? HPO_APART : inside ? HPO_INSIDE : HPO_OVERLAPS;
}

/* ---- comparing ---- */

static bool compares(hpo_cond_op op, double a, double b) {
    switch (op) {
    case HPO_COND_NE: return a != b;
    case HPO_COND_LT: return a < b;
    case HPO_COND_LE: return a <= b;
    case HPO_COND_GT: return a > b;
    case HPO_COND_GE: return a >= b;
    default: return a == b;
    }
}

/* The coordinates that a predicate picks, one by one. */
static hpo_domain pick(base_arena *arena, size_t n, const bool *table, const double *numbers, hpo_cond_op op,
                       double value) {
    hpo_span *spans = BASE_NEW_ARRAY(arena, n / 2 + 1, hpo_span);
    size_t count = 0;
    bool open = false;
    for (size_t k = 0; k < n; k++) {
        const bool picked = table ? table[k] : compares(op, numbers[k], value);
        if (picked && !open) spans[count++].low = (double)k;
        if (picked) spans[count - 1].high = (double)k;
        open = picked;
    }
    return (hpo_domain){spans, count};
}

/* The last coordinate whose number is below value (or equal, when equal is set); it may lie before the first one. */
static double last_below(const hpo_param *param, bool equal, double value) {
    if (!hpo_param_is_discrete(param)) return equal ? value : nextafter(value, -HUGE_VAL);
    if (!hpo_param_is_number(param)) return equal ? floor(value) : ceil(value) - 1;
    const double last = full_span(param).high;
    double k = hpo_param_nearest_level(param, value);
    while (k >= 0 && !(equal ? hpo_param_level(param, k) <= value : hpo_param_level(param, k) < value)) k--;
    while (k < last && (equal ? hpo_param_level(param, k + 1) <= value : hpo_param_level(param, k + 1) < value)) k++;
    return k;
}

hpo_domain hpo_domain_compare(base_arena *arena, const hpo_param *param, const double *numbers, hpo_cond_op op,
                              double value) {
    if (numbers) return pick(arena, param->n_choices, NULL, numbers, op, value);
    const hpo_span full = full_span(param);
    const double to_below = last_below(param, false, value), to_equal = last_below(param, true, value);
    const double low_end = fmin(to_below, full.high), equal_end = fmin(to_equal, full.high);
    const double from_equal = fmax(behind(param, to_below), full.low),
                 from_above = fmax(behind(param, to_equal), full.low);
    switch (op) {
    case HPO_COND_LT: return one_span(arena, full.low, low_end);
    case HPO_COND_LE: return one_span(arena, full.low, equal_end);
    case HPO_COND_GT: return one_span(arena, from_above, full.high);
    case HPO_COND_GE: return one_span(arena, from_equal, full.high);
    default: break;
    }
    const hpo_domain equal = one_span(arena, from_equal, equal_end);
    return op == HPO_COND_NE ? hpo_domain_invert(arena, param, equal) : equal;
}

static int by_number(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* IN and EQ: the listed values. */
static hpo_domain listed(base_arena *arena, const hpo_param *param, const hpo_test *test) {
    double *at = BASE_NEW_ARRAY(arena, test->n_values, double);
    hpo_span *spans = BASE_NEW_ARRAY(arena, test->n_values, hpo_span);
    size_t n = 0, count = 0;
    for (size_t i = 0; i < test->n_values; i++) {
        const double coordinate = hpo_param_coordinate(param, test->values[i]);
        if (hpo_param_at(param, coordinate) == test->values[i]) at[n++] = coordinate;
    }
    qsort(at, n, sizeof *at, by_number);
    for (size_t i = 0; i < n; i++) {
        if (count > 0 && at[i] <= behind(param, spans[count - 1].high))
            spans[count - 1].high = at[i];
        else
            spans[count++] = (hpo_span){at[i], at[i]};
    }
    return (hpo_domain){spans, count};
}

hpo_domain hpo_domain_of_test(base_arena *arena, const hpo_param *param, const hpo_test *test) {
    if (test->table) return pick(arena, param->n_choices, test->table, NULL, test->op, 0);
    switch (test->op) {
    case HPO_COND_EQ:
    case HPO_COND_IN: return listed(arena, param, test);
    case HPO_COND_NE:
    case HPO_COND_NOT_IN: return hpo_domain_invert(arena, param, listed(arena, param, test));
    default: return hpo_domain_compare(arena, param, NULL, test->op, test->values[0]);
    }
}

void hpo_domain_range(const hpo_param *param, const double *numbers, hpo_domain a, double *low, double *high) {
    BASE_ASSERT(a.count > 0);
    *low = hpo_param_at(param, a.spans[0].low);
    *high = hpo_param_at(param, a.spans[a.count - 1].high);
    if (!numbers) return;
    *low = HUGE_VAL;
    *high = -HUGE_VAL;
    for (size_t i = 0; i < a.count; i++) {
        for (size_t k = (size_t)a.spans[i].low; k <= (size_t)a.spans[i].high; k++) {
            *low = fmin(*low, numbers[k]);
            *high = fmax(*high, numbers[k]);
        }
    }
}

/* ---- drawing ---- */

static double weight_of(const hpo_param *param, bool prior, size_t k) {
    if (prior && param->prior.given) return (double)k == param->prior.center ? param->prior.weight : 1;
    return param->probabilities ? param->probabilities[k] : 1;
}

static double draw_choice(const hpo_param *param, hpo_domain a, bool prior, base_rng *rng) {
    double total = 0, last = a.spans[0].low;
    for (size_t i = 0; i < a.count; i++)
        for (double k = a.spans[i].low; k <= a.spans[i].high; k++) total += weight_of(param, prior, (size_t)k);
    double left = base_rng_uniform(rng) * total;
    for (size_t i = 0; i < a.count; i++) {
        for (double k = a.spans[i].low; k <= a.spans[i].high; k++) {
            const double weight = weight_of(param, prior, (size_t)k);
            if (weight <= 0) continue;
            last = k;
            if (left < weight) return k;
            left -= weight;
        }
    }
    return last;
}

/* The unit interval of a span, or the fraction of the prior below its ends. */
static void measure(const hpo_param *param, const hpo_span *span, bool prior, double *low, double *high) {
    double ignored;
    if (param->step > 0) {
        hpo_param_bin(param, hpo_param_level(param, span->low), low, &ignored);
        hpo_param_bin(param, hpo_param_level(param, span->high), &ignored, high);
    } else {
        *low = hpo_param_to_unit(param, span->low);
        *high = hpo_param_to_unit(param, span->high);
    }
    if (!prior || !param->prior.given) return;
    *low = hpo_param_prior_share(param, *low);
    *high = hpo_param_prior_share(param, *high);
}

static double draw_number(const hpo_param *param, hpo_domain a, bool prior, base_rng *rng) {
    double total = 0, low, high;
    for (size_t i = 0; i < a.count; i++) {
        measure(param, &a.spans[i], prior, &low, &high);
        total += high - low;
    }
    const double v = base_rng_uniform(rng);
    if (!(total > 0)) return a.spans[(size_t)(v * (double)a.count)].low; /* points of a continuum */
    double left = v * total;
    for (size_t i = 0; i < a.count; i++) {
        measure(param, &a.spans[i], prior, &low, &high);
        if (left > high - low && i + 1 < a.count) {
            left -= high - low;
            continue;
        }
        const double at = low + fmin(left, high - low);
        const double unit = prior && param->prior.given ? hpo_param_prior_unit(param, at) : at;
        const double coordinate = hpo_param_coordinate(param, hpo_param_from_unit(param, unit));
        return fmin(fmax(coordinate, a.spans[i].low), a.spans[i].high);
    }
    return a.spans[0].low;
}

double hpo_domain_draw(const hpo_param *param, hpo_domain a, bool prior, base_rng *rng) {
    BASE_ASSERT(a.count > 0);
    return hpo_param_is_number(param) ? draw_number(param, a, prior, rng) : draw_choice(param, a, prior, rng);
}
