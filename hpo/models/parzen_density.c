/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Densities and draws of a fitted Parzen estimator, PARZEN_CHUNK points together.
 *
 * The classes of a stepped number or a choice get their logarithms once for each value among the points, spread to a
 * column over the rows; what is left of a row is a product of normals (lanes_mixture.inc). */
#include "hpo/models/parzen_impl.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/lanes.h"

enum { CHUNK = PARZEN_CHUNK, FEW_LEVELS = 8 };

static bool has_few_levels(const axis *a) {
    return a->levels > 0 && a->levels <= FEW_LEVELS;
}

static double level_to_unit(const axis *a, double level) {
    return a->levels == 0 ? hpo_param_to_unit(a->param, level) : (level + 0.5) / a->levels;
}

static void make_column(hpo_parzen *p, const axis *a, size_t number) {
    double *column = p->columns + number * p->padded;
    for (size_t row = 0; row < p->padded; row++) column[row] = p->table[a->class_of[row]];
}

static void choice_columns(hpo_parzen *p, const axis *a, const double *levels, size_t count) {
    const double sum = 1 + a->levels * p->smoothing;
    const double other = log(p->smoothing / sum), own = log((1 + p->smoothing) / sum), prior = -log(a->levels);
    for (size_t k = 0; k + 1 < a->n_classes; k++) p->table[k] = other;
    p->table[a->n_classes - 1] = prior;
    for (size_t i = 0; i < count; i++) {
        p->table[(size_t)levels[i]] = own;
        make_column(p, a, i);
        p->table[(size_t)levels[i]] = other;
    }
}

/* Of few values all edges, which neighbours share; else 0, 1 and those of each. */
static void number_columns(hpo_parzen *p, const axis *a, const double *levels, size_t count) {
    const bool few = has_few_levels(a);
    double edges[2 * CHUNK + 2] = {0, 1};
    size_t low[CHUNK], n = 2;
    for (size_t i = 0; i < count; i++, n += 2) {
        low[i] = few ? (size_t)levels[i] : n;
        if (few) continue;
        edges[n] = levels[i] / a->levels;
        edges[n + 1] = (levels[i] + 1) / a->levels;
        if (a->levels == 0) hpo_param_bin(a->param, levels[i], &edges[n], &edges[n + 1]);
    }
    if (few) {
        n = (size_t)a->levels + 1;
        for (size_t k = 0; k < n; k++) edges[k] = (double)k / a->levels;
    }
    BASE_GROW(p->tails, p->tails_capacity, n * a->n_classes);
    hpo_lanes()->tails(a->class_mean, a->class_sigma, a->n_classes, edges, n, p->tails);
    const double *last = p->tails + (few ? n - 1 : 1) * a->n_classes;
    for (size_t i = 0; i < count; i++) {
        const double *at = p->tails + low[i] * a->n_classes;
        hpo_lanes()->log_masses(at, at + a->n_classes, p->tails, last, a->n_classes, p->table);
        make_column(p, a, i);
    }
}

/* The different levels among the candidates, or all where they are few: nothing to search, no branch to foretell.
 * number: by candidate, which of them it has. */
static size_t find_levels(const axis *a, size_t dim, size_t dims, const double *points, size_t count, double *levels,
                          size_t *number) {
    size_t n = 0, guess[CHUNK] = {0}; /* by hash of a level */
    if (has_few_levels(a)) {
        for (size_t c = 0; c < count; c++) number[c] = (size_t)parzen_level(a, points[c * dims + dim]);
        for (; n < (size_t)a->levels; n++) levels[n] = (double)n;
        return n;
    }
    for (size_t c = 0; c < count; c++) {
        const double level = parzen_level(a, points[c * dims + dim]);
        size_t *const k = &guess[(uint64_t)fabs(level) % CHUNK];
        if (*k >= n || levels[*k] != level) {
            for (*k = 0; *k < n && levels[*k] != level;) ++*k;
        }
        if (*k == n) levels[n++] = level;
        number[c] = *k;
    }
    return n;
}

/* For each candidate the column of its value. */
static void add_classes(hpo_parzen *p, const axis *a, size_t dim, const double *points, size_t count) {
    double levels[CHUNK];
    const double *columns[CHUNK];
    size_t number[CHUNK];
    const size_t n = find_levels(a, dim, p->dims, points, count, levels, number);
    BASE_GROW(p->table, p->table_capacity, a->n_classes);
    if (a->kind == AXIS_CHOICE) {
        choice_columns(p, a, levels, n);
    } else {
        number_columns(p, a, levels, n);
    }
    for (size_t c = 0; c < count; c++) columns[c] = p->columns + number[c] * p->padded;
    hpo_lanes()->add_columns(p->values, p->padded, columns, count);
}

static void density_of_chunk(hpo_parzen *p, const double *points, size_t count, double *out) {
    const bool discrete = p->n_continuous < p->n_fitted;
    size_t done = 0;
    for (size_t c = 0; discrete && c < count; c++) {
        memcpy(p->values + c * p->padded, p->base, p->padded * sizeof *p->base);
    }
    for (size_t i = 0; i < p->n_fitted; i++) {
        const size_t dim = p->fitted[i];
        const axis *a = &p->axes[dim];
        if (a->kind != AXIS_CONTINUOUS) {
            add_classes(p, a, dim, points, count);
            continue;
        }
        for (size_t c = 0; c < count; c++) p->points[c * p->n_continuous + done] = points[c * p->dims + dim];
        done++;
    }
    const hpo_mixture mixture = {
        .rows = p->padded,
        .axes = p->n_continuous,
        .x = p->x,
        .scale = p->scale,
        .weight = p->weight,
        .base = discrete ? p->values : p->base,
        .base_stride = discrete ? p->padded : 0,
    };
    hpo_lanes()->mixture(&mixture, p->points, count, out);
}

void hpo_parzen_log_density(hpo_parzen *p, const double *points, size_t count, double *out) {
    BASE_GROW(p->points, p->points_capacity, CHUNK * p->n_continuous + 1);
    if (p->n_continuous < p->n_fitted) {
        BASE_GROW(p->values, p->values_capacity, CHUNK * p->padded);
        BASE_GROW(p->columns, p->columns_capacity, CHUNK * p->padded);
    }
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t some = count - first < CHUNK ? count - first : CHUNK;
        density_of_chunk(p, points + first * p->dims, some, out + first);
    }
    const double norm = log(p->total_weight);
    for (size_t c = 0; c < count; c++) out[c] -= norm;
}

/* ---- drawing ---- */

static uint32_t kernel_at(const hpo_parzen *p, double v) {
    v *= p->total_weight;
    for (size_t row = 1; row < p->n; row++) {
        if (v < p->weight[row]) return (uint32_t)row;
        v -= p->weight[row];
    }
    return 0;
}

static double choice_at(const hpo_parzen *p, const axis *a, size_t row, double v) {
    const double own = row == 0 ? 0 : 1;
    v *= own + a->levels * p->smoothing;
    const double k = v < own ? a->x[row] : floor((v - own) / p->smoothing);
    return k < a->levels ? k : a->levels - 1;
}

/* The tails of the kernels that were drawn, which are computed for every kernel where those are fewer. */
static void draw_number(const hpo_parzen *p, const axis *a, const uint32_t *rows, const double *v, size_t count,
                        double *out) {
    static const double ends[] = {0, 1};
    double mean[CHUNK], sigma[CHUNK], tails[2 * CHUNK], of_row[2 * CHUNK];
    const bool few = p->padded < count;
    if (few) hpo_lanes()->tails(a->x, a->sigma, p->padded, ends, 2, of_row);
    for (size_t c = 0; c < count; c++) {
        mean[c] = a->x[rows[c]];
        sigma[c] = a->sigma[rows[c]];
        if (few) tails[c] = of_row[rows[c]], tails[count + c] = of_row[p->padded + rows[c]];
    }
    if (!few) hpo_lanes()->tails(mean, sigma, count, ends, 2, tails);
    hpo_lanes()->quantiles(mean, sigma, tails, tails + count, v, count, out);
}

/* uniform: the coordinate's of the first point, `stride` from one to the next. rows: whole lane groups. */
static void draw_coordinate(const hpo_parzen *p, size_t dim, const uint32_t *rows, const double *uniform, size_t stride,
                            size_t count, double *points) {
    const axis *a = &p->axes[dim];
    double x[CHUNK];
    for (size_t c = 0; c < hpo_lanes_up(count); c++) x[c] = c < count ? uniform[c * stride] : 0.5;
    if (a->kind != AXIS_CHOICE) draw_number(p, a, rows, x, hpo_lanes_up(count), x);
    for (size_t c = 0; c < count; c++) {
        if (a->kind == AXIS_CHOICE) x[c] = level_to_unit(a, choice_at(p, a, rows[c], x[c]));
        if (a->kind == AXIS_BINNED) x[c] = level_to_unit(a, parzen_level(a, x[c]));
        points[c * p->dims + dim] = x[c];
    }
}

/* Each point takes a uniform number for its kernel and one for each coordinate. */
static void draw_chunk(const hpo_parzen *p, base_rng *rng, size_t count, double *points) {
    const size_t stride = p->n_fitted + 1;
    uint32_t rows[CHUNK] = {0};
    hpo_lanes()->uniforms(rng, p->uniform, count * stride);
    for (size_t c = 0; c < count; c++) rows[c] = kernel_at(p, p->uniform[c * stride]);
    for (size_t i = 0; i < p->n_fitted; i++) {
        draw_coordinate(p, p->fitted[i], rows, p->uniform + i + 1, stride, count, points);
    }
}

void hpo_parzen_draw(const hpo_parzen *p, base_rng *rng, size_t count, double *points) {
    for (size_t first = 0; first < count; first += CHUNK) {
        draw_chunk(p, rng, count - first < CHUNK ? count - first : CHUNK, points + first * p->dims);
    }
}
