/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Parzen estimator of TPE (J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, NeurIPS 2011; multivariate as in S.
 * Falkner, A. Klein, F. Hutter, ICML 2018), with the rules of Optuna 5:
 *
 * - Kernels of numbers are normals truncated to [0,1]. The deviation is the larger gap to the two neighbours in that
 *   coordinate, the ends 0 and 1 being neighbours only of a lone point; clipped to [1/min(100, 1 + kernels), 1].
 *   A stepped number has the kernel's mass over its bin. The prior kernel has mean 1/2 and deviation 1.
 * - A choice's kernel gives 1/kernels to every choice and 1 more to its own, normalised; the prior kernel is uniform.
 * - Weights: the newest 25 points and the prior have 1, older ones rise linearly from 1/n.
 *
 * Speed: the points stay sorted in each coordinate, so new deviations take one pass; a kernel's constants are computed
 * again only if its deviation has changed. Densities are summed in blocks that stay in the first cache (sums.c).
 * Deviation from Optuna: a range of so many steps that no bin is wider than 1e-5 counts as continuous. */
#include "hpo/models/parzen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/sums.h"
#include "hpo/models/truncated_normal.h"

enum { BLOCK = 64, CHUNK = 32, FULL_WEIGHTS = 25 };
static const double WIDEST_FINE_BIN = 1e-5, SQRT_1_2 = 0.70710678118654752440, LN_SQRT_2PI = 0.91893853320467274178;

typedef enum axis_kind { AXIS_CONTINUOUS, AXIS_BINNED, AXIS_CHOICE } axis_kind;

/* Everything about one coordinate; arrays by row. */
typedef struct axis {
    const hpo_param *param;
    axis_kind kind;
    double *x;       /* NaN = inactive; choices: the index */
    uint32_t *order; /* rows that have the coordinate, sorted by (x, row) */
    size_t n_order;
    /* kernels, of the last fit of this coordinate */
    double *sigma, *scale, *log_norm; /* scale: 1 / (sqrt(2) sigma) */
    uint32_t *class_of;               /* BINNED, CHOICE: kernels with the same values */
    double *class_mean, *class_sigma;
    size_t n_classes;
} axis;

struct hpo_parzen {
    size_t dims;
    axis *axes;
    size_t n, capacity, n_sorted;
    /* the fit */
    const size_t *fitted;
    size_t n_fitted, n_members, padded; /* padded: n rounded up to whole blocks */
    unsigned char *used;
    double *weight; /* by row; 0 = not used */
    double *base;   /* by row: minus the logarithms of the norms */
    double total_weight, smoothing;
    double *values; /* scratch: CHUNK x padded */
    double *table;  /* scratch: CHUNK x classes */
    size_t fit_capacity, values_capacity, table_capacity;
};

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
    }
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
    free(p->used);
    free(p->weight);
    free(p->base);
    free(p->values);
    free(p->table);
    free(p);
}

/* ---- points ---- */

void hpo_parzen_clear(hpo_parzen *p) {
    for (size_t d = 0; d < p->dims; d++) {
        p->axes[d].n_order = 0;
        if (p->capacity > 0) memset(p->axes[d].sigma, 0, p->capacity * sizeof *p->axes[d].sigma);
    }
    p->n = p->n_sorted = 0;
}

size_t hpo_parzen_points(const hpo_parzen *p) {
    return p->n;
}

static void *resized(void *data, size_t count, size_t size) {
    size_t capacity = 0;
    base_grow_bytes(&data, &capacity, count, size);
    return data;
}

/* The capacity is a multiple of BLOCK: a block may be read to its end. */
static void reserve(hpo_parzen *p, size_t need) {
    if (need <= p->capacity) return;
    size_t capacity = p->capacity * 2 > need ? p->capacity * 2 : need;
    capacity = (capacity + BLOCK - 1) / BLOCK * BLOCK;
    for (size_t d = 0; d < p->dims; d++) {
        axis *a = &p->axes[d];
        double **const reals[] = {&a->x, &a->sigma, &a->scale, &a->log_norm, &a->class_mean, &a->class_sigma};
        for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
            *reals[i] = resized(*reals[i], capacity, sizeof **reals[i]);
            memset(*reals[i] + p->capacity, 0, (capacity - p->capacity) * sizeof **reals[i]);
        }
        a->order = resized(a->order, capacity, sizeof *a->order);
        a->class_of = resized(a->class_of, capacity, sizeof *a->class_of);
        memset(a->class_of + p->capacity, 0, (capacity - p->capacity) * sizeof *a->class_of);
    }
    p->capacity = capacity;
}

void hpo_parzen_add(hpo_parzen *p, const double *unit, size_t count) {
    reserve(p, p->n + count);
    for (size_t i = 0; i < count; i++, p->n++) {
        for (size_t d = 0; d < p->dims; d++) {
            axis *a = &p->axes[d];
            const double u = unit[i * p->dims + d];
            a->x[p->n] = a->kind == AXIS_CHOICE && !isnan(u) ? hpo_param_from_unit(a->param, u) : u;
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

static void insert_in_order(axis *a, uint32_t row) {
    size_t low = 0, high = a->n_order;
    while (low < high) { /* rows come in ascending order: equal values go after each other */
        const size_t middle = (low + high) / 2;
        if (a->x[a->order[middle]] <= a->x[row]) {
            low = middle + 1;
        } else {
            high = middle;
        }
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
        for (size_t row = 0; row < p->n; row++) {
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
    for (size_t i = 0; i < n; i++) {
        const double first = 1 / (double)n, rise = old > 1 ? (1 - first) / (double)(old - 1) : 0;
        weights[i] = i >= old ? 1 : i + 1 == old && old > 1 ? 1 : first + (double)i * rise;
    }
}

static void choose_members(hpo_parzen *p, const unsigned char *member) {
    p->n_members = 0;
    for (size_t row = 0; row < p->n; row++) p->used[row] = !member || member[row];
    for (size_t i = 0; i < p->n_fitted; i++) {
        const double *x = p->axes[p->fitted[i]].x;
        for (size_t row = 0; row < p->n; row++) p->used[row] &= x[row] == x[row]; /* not NaN */
    }
    for (size_t row = 0; row < p->n; row++) p->n_members += p->used[row];
}

/* Comparisons, because fmin and fmax are calls. */
static void set_sigma(axis *a, size_t row, double sigma, double smallest) {
    if (sigma < smallest) sigma = smallest;
    if (sigma > 1) sigma = 1;
    if (a->sigma[row] == sigma) return;
    a->sigma[row] = sigma;
    if (a->kind != AXIS_CONTINUOUS) return;
    a->scale[row] = SQRT_1_2 / sigma;
    a->log_norm[row] = LN_SQRT_2PI + log(sigma * hpo_truncated_normal_mass(a->x[row], sigma));
}

/* One pass over the sorted points: each gets its larger gap. */
static void fit_number(const hpo_parzen *p, axis *a) {
    const size_t kernels = p->n_members + 1;
    const double smallest = 1 / (double)(kernels + 1 < 100 ? kernels + 1 : 100);
    size_t current = SIZE_MAX;
    double left = 0;
    for (size_t i = 0; i < a->n_order; i++) {
        const size_t row = a->order[i];
        if (!p->used[row]) continue;
        if (current != SIZE_MAX) {
            const double right = a->x[row] - a->x[current];
            set_sigma(a, current, left > right ? left : right, smallest);
            left = right;
        }
        current = row;
    }
    if (p->n_members == 1) left = fmax(a->x[current], 1 - a->x[current]);
    if (current != SIZE_MAX) set_sigma(a, current, left, smallest);
}

/* Kernels with the same mean and deviation lie side by side in the order, up to alternation within a level. */
static void class_numbers(const hpo_parzen *p, axis *a) {
    a->n_classes = 0;
    for (size_t i = 0; i < a->n_order; i++) {
        const size_t row = a->order[i];
        if (!p->used[row]) continue;
        const size_t last = a->n_classes - 1;
        if (a->n_classes == 0 || a->class_mean[last] != a->x[row] || a->class_sigma[last] != a->sigma[row]) {
            a->class_mean[a->n_classes] = a->x[row];
            a->class_sigma[a->n_classes++] = a->sigma[row];
        }
        a->class_of[row] = (uint32_t)(a->n_classes - 1);
    }
}

static void class_choices(const hpo_parzen *p, axis *a) {
    a->n_classes = a->param->n_choices;
    for (size_t row = 0; row < p->n; row++) a->class_of[row] = p->used[row] ? (uint32_t)a->x[row] : 0;
}

static void reserve_fit(hpo_parzen *p) {
    p->padded = (p->n + BLOCK - 1) / BLOCK * BLOCK;
    if (p->fit_capacity >= p->padded && p->fit_capacity > 0) return;
    p->fit_capacity = p->capacity > BLOCK ? p->capacity : BLOCK;
    p->used = resized(p->used, p->fit_capacity, sizeof *p->used);
    p->weight = resized(p->weight, p->fit_capacity, sizeof *p->weight);
    p->base = resized(p->base, p->fit_capacity, sizeof *p->base);
}

void hpo_parzen_fit(hpo_parzen *p, const size_t *dims, size_t n_dims, const unsigned char *member) {
    if (p->n_sorted < p->n) sort_points(p);
    p->fitted = dims;
    p->n_fitted = n_dims;
    reserve_fit(p);
    choose_members(p, member);
    p->smoothing = 1 / (double)(p->n_members + 1);
    hpo_parzen_weights(p->n_members, p->weight);
    size_t left = p->n_members;
    p->total_weight = 1; /* the prior's */
    for (size_t i = 0; i < left; i++) p->total_weight += p->weight[i];
    for (size_t row = p->padded; row-- > 0;) {
        const bool used = row < p->n && p->used[row];
        p->weight[row] = used ? p->weight[--left] : 0; /* left <= row: from the back, in place */
        p->base[row] = used ? 0 : -(double)INFINITY;
    }
    for (size_t i = 0; i < n_dims; i++) {
        axis *a = &p->axes[dims[i]];
        if (a->kind == AXIS_CHOICE) {
            class_choices(p, a);
            continue;
        }
        fit_number(p, a);
        if (a->kind == AXIS_BINNED) class_numbers(p, a);
        if (a->kind != AXIS_CONTINUOUS) continue;
        for (size_t row = 0; row < p->n; row++) p->base[row] -= a->log_norm[row];
    }
}

size_t hpo_parzen_kernels(const hpo_parzen *p) {
    return p->n_members;
}

double hpo_parzen_sigma(const hpo_parzen *p, size_t dim, size_t row) {
    return p->axes[dim].sigma[row];
}

/* ---- densities ---- */

static double log_bin_mass(double low, double high, double mean, double sigma) {
    return log(hpo_normal_mass((low - mean) / sigma, (high - mean) / sigma)) -
           log(hpo_truncated_normal_mass(mean, sigma));
}

static double prior_log_density(const hpo_parzen *p, const double *point) {
    const double mass = hpo_truncated_normal_mass(0.5, 1);
    double sum = 0;
    for (size_t i = 0; i < p->n_fitted; i++) {
        const axis *a = &p->axes[p->fitted[i]];
        const double x = point[p->fitted[i]];
        if (a->kind == AXIS_CHOICE) {
            sum -= log((double)a->param->n_choices);
        } else if (a->kind == AXIS_BINNED) {
            double low, high;
            hpo_param_bin(a->param, hpo_param_from_unit(a->param, x), &low, &high);
            sum += log_bin_mass(low, high, 0.5, 1);
        } else {
            sum -= (x - 0.5) * (x - 0.5) / 2 + LN_SQRT_2PI + log(mass);
        }
    }
    return sum;
}

/* For each candidate the log mass that kernels of each class give to its value. */
static void fill_table(hpo_parzen *p, const axis *a, size_t dim, const double *points, size_t count) {
    BASE_GROW(p->table, p->table_capacity, count * a->n_classes + 1);
    for (size_t c = 0; c < count; c++) {
        const double value = hpo_param_from_unit(a->param, points[c * p->dims + dim]);
        double *row = p->table + c * a->n_classes;
        if (a->kind == AXIS_CHOICE) {
            const double sum = 1 + (double)a->n_classes * p->smoothing;
            const double other = log(p->smoothing / sum), own = log((1 + p->smoothing) / sum);
            for (size_t k = 0; k < a->n_classes; k++) row[k] = (double)k == value ? own : other;
            continue;
        }
        size_t same = 0; /* of few values most have come before */
        while (same < c && hpo_param_from_unit(a->param, points[same * p->dims + dim]) != value) same++;
        if (same < c) {
            memcpy(row, p->table + same * a->n_classes, a->n_classes * sizeof *row);
            continue;
        }
        double low, high;
        hpo_param_bin(a->param, value, &low, &high);
        for (size_t k = 0; k < a->n_classes; k++) row[k] = log_bin_mass(low, high, a->class_mean[k], a->class_sigma[k]);
    }
}

static void add_classes(hpo_parzen *p, const axis *a, size_t dim, const double *points, size_t count) {
    if (p->n_members == 0) return;
    fill_table(p, a, dim, points, count);
    for (size_t c = 0; c < count; c++) {
        const double *table = p->table + c * a->n_classes;
        double *values = p->values + c * p->padded;
        for (size_t row = 0; row < p->n; row++) {
            if (p->used[row]) values[row] += table[a->class_of[row]];
        }
    }
}

static void add_normals(const hpo_parzen *p, const double *points, size_t count) {
    for (size_t block = 0; block < p->padded; block += BLOCK) {
        for (size_t i = 0; i < p->n_fitted; i++) {
            const size_t dim = p->fitted[i];
            const axis *a = &p->axes[dim];
            if (a->kind != AXIS_CONTINUOUS) continue;
            for (size_t c = 0; c < count; c++) {
                hpo_subtract_squares(p->values + c * p->padded + block, a->x + block, a->scale + block,
                                     points[c * p->dims + dim], BLOCK);
            }
        }
    }
}

static void density_of_chunk(hpo_parzen *p, const double *points, size_t count, double *out) {
    for (size_t c = 0; c < count; c++) memcpy(p->values + c * p->padded, p->base, p->padded * sizeof *p->base);
    add_normals(p, points, count);
    for (size_t i = 0; i < p->n_fitted; i++) {
        const axis *a = &p->axes[p->fitted[i]];
        if (a->kind != AXIS_CONTINUOUS) add_classes(p, a, p->fitted[i], points, count);
    }
    for (size_t c = 0; c < count; c++) {
        const double prior = prior_log_density(p, points + c * p->dims);
        out[c] = hpo_log_sum_exp(p->values + c * p->padded, p->weight, p->padded, prior) - log(p->total_weight);
    }
}

void hpo_parzen_log_density(hpo_parzen *p, const double *points, size_t count, double *out) {
    BASE_GROW(p->values, p->values_capacity, CHUNK * p->padded + 1);
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t some = count - first < CHUNK ? count - first : CHUNK;
        density_of_chunk(p, points + first * p->dims, some, out + first);
    }
}

/* ---- drawing ---- */

/* A row, or SIZE_MAX for the prior kernel. */
static size_t draw_kernel(const hpo_parzen *p, base_rng *rng) {
    double v = base_rng_uniform(rng) * p->total_weight;
    for (size_t row = 0; row < p->n; row++) {
        if (!p->used[row]) continue;
        if (v < p->weight[row]) return row;
        v -= p->weight[row];
    }
    return SIZE_MAX;
}

static double draw_choice(const hpo_parzen *p, const axis *a, size_t row, base_rng *rng) {
    const double n = (double)a->param->n_choices, own = row == SIZE_MAX ? 0 : 1;
    const double v = base_rng_uniform(rng) * (own + n * p->smoothing);
    const double k = v < own ? a->x[row] : floor((v - own) / p->smoothing);
    return ((k < n ? k : n - 1) + 0.5) / n;
}

void hpo_parzen_draw(const hpo_parzen *p, base_rng *rng, double *point) {
    const size_t row = draw_kernel(p, rng);
    for (size_t i = 0; i < p->n_fitted; i++) {
        const axis *a = &p->axes[p->fitted[i]];
        double *out = &point[p->fitted[i]];
        if (a->kind == AXIS_CHOICE) {
            *out = draw_choice(p, a, row, rng);
            continue;
        }
        const double mean = row == SIZE_MAX ? 0.5 : a->x[row], sigma = row == SIZE_MAX ? 1 : a->sigma[row];
        *out = hpo_truncated_normal_quantile(mean, sigma, base_rng_uniform(rng));
        if (a->kind == AXIS_BINNED) *out = hpo_param_to_unit(a->param, hpo_param_from_unit(a->param, *out));
    }
}
