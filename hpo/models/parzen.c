/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Parzen estimator of TPE (J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, NeurIPS 2011; multivariate as in S.
 * Falkner, A. Klein, F. Hutter, ICML 2018), with the rules of Optuna 5:
 *
 * - Kernels of numbers are normals truncated to [0,1]. The deviation is the larger gap to the two neighbours in that
 *   coordinate, the ends 0 and 1 being neighbours only of a lone point; clipped to [1/min(100, 1 + kernels), 1].
 *   A stepped number has the kernel's mass over its bin. The prior kernel has mean 1/2 and deviation 1.
 * - A choice's kernel gives 1/kernels to every choice and 1 more to its own, normalized; the prior kernel is uniform.
 * - Weights: the newest 25 points and the prior have 1, older ones rise linearly from 1/n.
 *
 * Speed: the points stay sorted in each coordinate, so new deviations take one pass; a kernel's constants are computed
 * again only if its deviation has changed. Of stepped numbers and choices, rows with the same kernel are a class
 * (parzen_density.c). The prior kernel is row 0.
 * Deviation from Optuna: a range of so many steps that no bin is wider than 1e-5 counts as continuous. */
#include "hpo/models/parzen_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/lanes.h"

enum { FULL_WEIGHTS = 25, FEWEST_ROWS = 64 };
static const double WIDEST_FINE_BIN = 1e-5;

static axis_kind kind_of(const hpo_param *param) {
    if (param->kind == HPO_CATEGORICAL) return AXIS_CHOICE;
    if (hpo_param_levels(param) == 0) return AXIS_CONTINUOUS;
    double low, high, first_low, first_high;
    hpo_param_bin(param, param->kind == HPO_ORDINAL ? 0 : param->min, &first_low, &first_high);
    hpo_param_bin(param, param->kind == HPO_ORDINAL ? (double)param->n_choices - 1 : param->max, &low, &high);
    const double middle = hpo_param_from_unit(param, 0.5);
    double widest = fmax(first_high - first_low, high - low);
    hpo_param_bin(param, middle, &low, &high);
    widest = fmax(widest, high - low);
    return widest < WIDEST_FINE_BIN ? AXIS_CONTINUOUS : AXIS_BINNED;
}

hpo_parzen *hpo_parzen_create(const hpo_space *space) {
    hpo_parzen *p = base_calloc(1, sizeof *p);
    p->dims = hpo_space_dims(space);
    p->axes = base_calloc(p->dims + 1, sizeof *p->axes);
    for (size_t d = 0; d < p->dims; d++) {
        const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, d));
        p->axes[d] = (axis){.param = param, .kind = kind_of(param)};
        const bool even = (param->kind != HPO_INT && param->kind != HPO_FLOAT) || param->scale == HPO_LINEAR;
        if (even) p->axes[d].levels = (double)hpo_param_levels(param);
    }
    p->x = base_calloc(p->dims + 1, sizeof *p->x);
    p->scale = base_calloc(p->dims + 1, sizeof *p->scale);
    p->uniform = base_calloc(PARZEN_CHUNK * (p->dims + 1), sizeof *p->uniform);
    hpo_parzen_clear(p);
    return p;
}

void hpo_parzen_destroy(hpo_parzen *p) {
    if (!p) return;
    for (size_t d = 0; d < p->dims; d++) {
        const axis *a = &p->axes[d];
        free(a->x);
        free(a->order);
        free(a->sigma);
        free(a->scale);
        free(a->log_norm);
        free(a->class_of);
        free(a->class_mean);
        free(a->class_sigma);
    }
    free(p->axes);
    free(p->x);
    free(p->scale);
    free(p->changed.row);
    free(p->changed.mean);
    free(p->changed.sigma);
    free(p->changed.scale);
    free(p->changed.log_norm);
    free(p->used);
    free(p->in_order);
    free(p->weight);
    free(p->base);
    free(p->values);
    free(p->columns);
    free(p->tails);
    free(p->table);
    free(p->points);
    free(p->uniform);
    free(p);
}

/* ---- points ---- */

static void *resized(void *data, size_t count, size_t size) {
    size_t capacity = 0;
    base_grow_bytes(&data, &capacity, count, size);
    return data;
}

/* The capacity is a multiple of HPO_LANES: a group may be read to its end. */
static void reserve(hpo_parzen *p, size_t need) {
    if (need <= p->capacity) return;
    const size_t twice = p->capacity == 0 ? FEWEST_ROWS : p->capacity * 2,
                 capacity = hpo_lanes_up(twice > need ? twice : need), more = capacity - p->capacity;
    for (size_t d = 0; d < p->dims; d++) {
        axis *a = &p->axes[d];
        double **const reals[] = {&a->x, &a->sigma, &a->scale, &a->log_norm, &a->class_mean, &a->class_sigma};
        for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
            *reals[i] = resized(*reals[i], capacity, sizeof **reals[i]);
            memset(*reals[i] + p->capacity, 0, more * sizeof **reals[i]);
        }
        a->order = resized(a->order, capacity, sizeof *a->order);
        a->class_of = resized(a->class_of, capacity, sizeof *a->class_of);
        memset(a->class_of + p->capacity, 0, more * sizeof *a->class_of);
    }
    p->capacity = capacity;
}

/* What is left is the prior. */
void hpo_parzen_clear(hpo_parzen *p) {
    p->given = NULL;
    reserve(p, 1);
    for (size_t d = 0; d < p->dims; d++) {
        axis *a = &p->axes[d];
        a->n_order = 0;
        a->some_nan = false;
        memset(a->sigma, 0, p->n * sizeof *a->sigma);
        a->x[0] = 0.5;
    }
    p->n = p->n_sorted = 1;
}

size_t hpo_parzen_points(const hpo_parzen *p) {
    return p->n - 1;
}

void hpo_parzen_add(hpo_parzen *p, const double *unit, size_t count) {
    reserve(p, p->n + count);
    for (size_t i = 0; i < count; i++, p->n++) {
        for (size_t d = 0; d < p->dims; d++) {
            axis *a = &p->axes[d];
            const double u = unit[i * p->dims + d];
            a->some_nan = a->some_nan || isnan(u);
            a->x[p->n] = a->kind == AXIS_CHOICE && !isnan(u) ? parzen_level(a, u) : u;
        }
    }
}

typedef struct keyed_row {
    double x;
    uint32_t row;
} keyed_row;

static int by_value(const void *a, const void *b) {
    const keyed_row *p = a, *q = b;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return p->row < q->row ? -1 : p->row > q->row;
}

/* Rows come in ascending order: equal values go after each other. No branch: which way to go is hard to foretell. */
static void insert_in_order(axis *a, uint32_t row) {
    size_t low = 0;
    for (size_t left = a->n_order, half; left > 0; left -= half) {
        half = (left + 1) / 2;
        low += half & -(size_t)(a->x[a->order[low + half - 1]] <= a->x[row]);
    }
    memmove(a->order + low + 1, a->order + low, (a->n_order - low) * sizeof *a->order);
    a->order[low] = row;
    a->n_order++;
}

static void sort_points(hpo_parzen *p) {
    const bool few = p->n - p->n_sorted <= 16;
    keyed_row *rows = few ? NULL : base_malloc(p->n * sizeof *rows);
    for (size_t d = 0; d < p->dims; d++) {
        axis *a = &p->axes[d];
        if (a->kind == AXIS_CHOICE) continue;
        if (few) {
            for (size_t row = p->n_sorted; row < p->n; row++) {
                if (!isnan(a->x[row])) insert_in_order(a, (uint32_t)row);
            }
            continue;
        }
        size_t count = 0;
        for (size_t row = 1; row < p->n; row++) {
            if (!isnan(a->x[row])) rows[count++] = (keyed_row){a->x[row], (uint32_t)row};
        }
        qsort(rows, count, sizeof *rows, by_value);
        for (size_t i = 0; i < count; i++) a->order[i] = rows[i].row;
        a->n_order = count;
    }
    free(rows);
    p->n_sorted = p->n;
}

/* ---- fitting ---- */

void hpo_parzen_weights(size_t n, double *weights) {
    const size_t old = n > FULL_WEIGHTS ? n - FULL_WEIGHTS : 0;
    const double first = 1 / (double)n, rise = old > 1 ? (1 - first) / (double)(old - 1) : 0;
    for (size_t i = 0; i < old; i++) weights[i] = first + (double)i * rise;
    for (size_t i = old > 1 ? old - 1 : old; i < n; i++) weights[i] = 1;
}

void hpo_parzen_weigh(hpo_parzen *p, const double *weights) {
    p->given = weights;
}

static void choose_members(hpo_parzen *p, const unsigned char *member) {
    p->n_members = 0;
    p->used[0] = 1;
    if (member) {
        for (size_t row = 1; row < p->n; row++) p->used[row] = member[row - 1] != 0;
    } else {
        memset(p->used + 1, 1, p->n - 1);
    }
    for (size_t i = 0; i < p->n_fitted; i++) {
        const axis *a = &p->axes[p->fitted[i]];
        const double *x = a->x;
        if (!a->some_nan) continue;
        for (size_t row = 1; row < p->n; row++) p->used[row] &= x[row] == x[row]; /* not NaN */
    }
    for (size_t row = 1; row < p->n; row++) p->n_members += p->used[row];
}

/* Comparisons, because fmin and fmax are calls; no branches, because half of the kernels change. */
static void set_sigma(changed_kernels *changed, axis *a, size_t row, double sigma, double smallest) {
    sigma = sigma < smallest ? smallest : sigma;
    sigma = sigma > 1 ? 1 : sigma;
    changed->row[changed->n] = (uint32_t)row;
    changed->n += a->sigma[row] != sigma;
    a->sigma[row] = sigma;
}

/* One pass over the sorted points: each gets its larger gap. */
static void fit_number(hpo_parzen *p, axis *a) {
    changed_kernels *changed = &p->changed;
    changed->n = 0;
    if (a->sigma[0] == 0) set_sigma(changed, a, 0, 1, 1); /* the prior */
    const size_t kernels = p->n_members + 1;
    const double smallest = 1 / (double)(kernels + 1 < 100 ? kernels + 1 : 100);
    size_t n = 0;
    for (size_t i = 0; i < a->n_order; i++) { /* no branch: some are not used, here and there */
        p->in_order[n] = a->order[i];
        n += p->used[a->order[i]];
    }
    double left = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        const double right = a->x[p->in_order[i + 1]] - a->x[p->in_order[i]];
        set_sigma(changed, a, p->in_order[i], left > right ? left : right, smallest);
        left = right;
    }
    if (n == 0) return;
    const double last = a->x[p->in_order[n - 1]];
    set_sigma(changed, a, p->in_order[n - 1], n > 1 ? left : fmax(last, 1 - last), smallest);
}

static void refresh_normals(changed_kernels *changed, axis *a) {
    const size_t padded = hpo_lanes_up(changed->n);
    for (size_t i = 0; i < padded; i++) {
        const size_t row = changed->row[i < changed->n ? i : 0];
        changed->mean[i] = a->x[row];
        changed->sigma[i] = a->sigma[row];
    }
    hpo_lanes()->normals(changed->mean, changed->sigma, padded, changed->scale, changed->log_norm);
    for (size_t i = 0; i < changed->n; i++) {
        a->scale[changed->row[i]] = changed->scale[i];
        a->log_norm[changed->row[i]] = changed->log_norm[i];
    }
}

static size_t add_class(axis *a, size_t row) {
    a->class_mean[a->n_classes] = a->x[row];
    a->class_sigma[a->n_classes] = a->sigma[row];
    return a->n_classes++;
}

static bool is_class(const axis *a, size_t class, size_t row) {
    return class < a->n_classes && a->class_mean[class] == a->x[row] && a->class_sigma[class] == a->sigma[row];
}

/* Of the kernels of a level the first and the last may be wider than those between: two classes. */
static void class_numbers(const hpo_parzen *p, axis *a) {
    memset(a->class_of, 0, p->padded * sizeof *a->class_of);
    a->n_classes = 0;
    for (size_t i = 0; i < p->n_members; i++) {
        const size_t row = p->in_order[i], last = a->n_classes - 1;
        a->class_of[row] = (uint32_t)(is_class(a, last, row)       ? last
                                      : is_class(a, last - 1, row) ? last - 1
                                                                   : add_class(a, row));
    }
    a->class_of[0] = (uint32_t)add_class(a, 0);
    while (a->n_classes % HPO_LANES != 0) add_class(a, 0);
}

static void class_choices(const hpo_parzen *p, axis *a) {
    a->n_classes = a->param->n_choices + 1;
    memset(a->class_of, 0, p->padded * sizeof *a->class_of);
    for (size_t row = 1; row < p->n; row++) a->class_of[row] = p->used[row] ? (uint32_t)a->x[row] : 0;
    a->class_of[0] = (uint32_t)a->param->n_choices;
}

static void reserve_fit(hpo_parzen *p) {
    p->padded = hpo_lanes_up(p->n);
    if (p->fit_capacity >= p->padded) return;
    p->fit_capacity = p->capacity;
    p->used = resized(p->used, p->fit_capacity, sizeof *p->used);
    p->in_order = resized(p->in_order, p->fit_capacity, sizeof *p->in_order);
    p->weight = resized(p->weight, p->fit_capacity, sizeof *p->weight);
    p->base = resized(p->base, p->fit_capacity, sizeof *p->base);
    p->changed.row = resized(p->changed.row, p->fit_capacity, sizeof *p->changed.row);
    double **const reals[] = {&p->changed.mean, &p->changed.sigma, &p->changed.scale, &p->changed.log_norm};
    for (size_t i = 0; i < 4; i++) *reals[i] = resized(*reals[i], p->fit_capacity, sizeof **reals[i]);
}

/* Of the members, in their order. */
static void weigh_members(const hpo_parzen *p, double *weights) {
    if (!p->given) {
        hpo_parzen_weights(p->n_members, weights);
        return;
    }
    for (size_t row = 1, next = 0; row < p->n; row++)
        if (p->used[row]) weights[next++] = p->given[row - 1];
}

/* By row: 0 for those that are not used. */
static void fit_weights(hpo_parzen *p) {
    weigh_members(p, p->weight + 1);
    size_t left = p->n_members;
    p->weight[0] = p->total_weight = 1;
    for (size_t i = 1; i <= left; i++) p->total_weight += p->weight[i];
    for (size_t row = p->padded; row-- > 1;) {
        const bool used = row < p->n && p->used[row];
        p->weight[row] = used ? p->weight[left--] : 0; /* left <= row: from the back, in place */
        p->base[row] = used ? 0 : -(double)INFINITY;
    }
    p->base[0] = 0;
}

void hpo_parzen_fit(hpo_parzen *p, const size_t *dims, size_t n_dims, const unsigned char *member) {
    if (p->n_sorted < p->n) sort_points(p);
    p->fitted = dims;
    p->n_fitted = n_dims;
    p->n_continuous = 0;
    reserve_fit(p);
    choose_members(p, member);
    p->smoothing = 1 / (double)(p->n_members + 1);
    fit_weights(p);
    for (size_t i = 0; i < n_dims; i++) {
        axis *a = &p->axes[dims[i]];
        if (a->kind == AXIS_CHOICE) {
            class_choices(p, a);
            continue;
        }
        fit_number(p, a);
        if (a->kind == AXIS_BINNED) {
            class_numbers(p, a);
            continue;
        }
        refresh_normals(&p->changed, a);
        p->x[p->n_continuous] = a->x;
        p->scale[p->n_continuous++] = a->scale;
    }
    /* Only now: what has just been written one by one is slow to read in groups. */
    for (size_t i = 0; i < n_dims; i++) {
        const axis *a = &p->axes[dims[i]];
        for (size_t row = 0; a->kind == AXIS_CONTINUOUS && row < p->n; row++) p->base[row] -= a->log_norm[row];
    }
}

size_t hpo_parzen_kernels(const hpo_parzen *p) {
    return p->n_members;
}

double hpo_parzen_sigma(const hpo_parzen *p, size_t dim, size_t row) {
    return p->axes[dim].sigma[row + 1];
}
