/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/reference_points.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/trials/result.h"

/* ---- points of the simplex ---- */

/* How many there are with so many divisions of an edge, at most `most` + 1: C(divisions + k - 1, k - 1). */
static size_t count_points(size_t k, size_t divisions, size_t most) {
    double count = 1;
    for (size_t i = 1; i < k; i++) count = count * (double)(divisions + i) / (double)i;
    return count > (double)most ? most + 1 : (size_t)(count + 0.5);
}

static size_t most_divisions(size_t k, size_t most) {
    size_t divisions = 0;
    while (k > 1 && count_points(k, divisions + 1, most) <= most) divisions++;
    return divisions;
}

/* All ways to deal `left` of `divisions` parts to the coordinates from d on, drawn together towards the middle. */
static double *put_points(double *row, size_t k, size_t d, size_t left, size_t divisions, double size) {
    const double middle = (1 - size) / (double)k;
    if (d + 1 == k) {
        row[d] = middle + size * (double)left / (double)divisions;
        return row + k;
    }
    for (size_t parts = 0; parts <= left; parts++) {
        double *first = row;
        row[d] = middle + size * (double)parts / (double)divisions;
        row = put_points(row, k, d + 1, left - parts, divisions, size);
        for (double *other = first + k; other < row; other += k) memcpy(other, first, (d + 1) * sizeof *other);
    }
    return row;
}

double *hpo_reference_points(size_t k, size_t most, size_t *count) {
    size_t divisions = most_divisions(k, most);
    if (divisions == 0) divisions = 1;
    const size_t outer = count_points(k, divisions, SIZE_MAX - 1);
    const size_t room = outer < most ? most - outer : 0, inner_divisions = divisions < k ? most_divisions(k, room) : 0;
    const size_t inner = inner_divisions > 0 ? count_points(k, inner_divisions, room) : 0;
    *count = outer + inner;
    double *points = base_malloc(*count * k * sizeof *points);
    double *end = put_points(points, k, 0, divisions, divisions, 1);
    if (inner > 0) put_points(end, k, 0, inner_divisions, inner_divisions, 0.5);
    return points;
}

/* ---- normalization ---- */

/* To [0, 1] in every goal; 0 where all are equal. */
static void scale_goals(const double *losses, size_t n, size_t k, double *out) {
    for (size_t g = 0; g < k; g++) {
        double low = (double)INFINITY, high = (double)-INFINITY;
        for (size_t i = 0; i < n; i++) {
            low = fmin(low, losses[i * k + g]);
            high = fmax(high, losses[i * k + g]);
        }
        const double half = high / 2 - low / 2; /* the difference itself may overflow */
        for (size_t i = 0; i < n; i++) out[i * k + g] = half > 0 ? (losses[i * k + g] / 2 - low / 2) / half : 0;
    }
}

/* The row that is least in the scalarizing function of an axis. */
static size_t find_extreme(const double *rows, size_t n, size_t k, size_t axis) {
    size_t best = 0;
    double least = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        double worst = 0;
        for (size_t g = 0; g < k; g++) worst = fmax(worst, rows[i * k + g] / (g == axis ? 1 : 1e-6));
        if (worst < least) {
            least = worst;
            best = i;
        }
    }
    return best;
}

/* Where the plane through the extreme points meets the axes; false: nowhere, or not within the rows. */
static bool find_intercepts(const double *rows, size_t n, size_t k, double *intercepts) {
    double plane[HPO_MAX_GOALS * HPO_MAX_GOALS], ones[HPO_MAX_GOALS];
    size_t order[HPO_MAX_GOALS];
    gsl_matrix_view a = gsl_matrix_view_array(plane, k, k);
    const gsl_vector_view b = gsl_vector_view_array(ones, k);
    gsl_vector_view x = gsl_vector_view_array(intercepts, k);
    gsl_permutation permutation = {k, order};
    int sign;
    for (size_t g = 0; g < k; g++) {
        memcpy(plane + g * k, rows + find_extreme(rows, n, k, g) * k, k * sizeof *plane);
        ones[g] = 1;
    }
    gsl_linalg_LU_decomp(&a.matrix, &permutation, &sign);
    for (size_t g = 0; g < k; g++)
        if (fabs(plane[g * k + g]) < 1e-12) return false;
    gsl_linalg_LU_solve(&a.matrix, &permutation, &b.vector, &x.vector);
    for (size_t g = 0; g < k; g++) {
        intercepts[g] = 1 / intercepts[g];
        if (!(intercepts[g] > 1e-6 && intercepts[g] <= 1)) return false;
    }
    return true;
}

void hpo_normalize_goals(const double *losses, size_t n, size_t k, double *out) {
    double intercepts[HPO_MAX_GOALS];
    scale_goals(losses, n, k, out);
    if (n == 0 || !find_intercepts(out, n, k, intercepts)) return;
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < k; g++) out[i * k + g] /= intercepts[g];
}

/* ---- niches ---- */

typedef struct niched {
    size_t point;
    double distance; /* its square, from the point's line */
    bool taken;
} niched;

static niched find_niche(const double *row, size_t k, const double *points, size_t n_points) {
    niched found = {.distance = (double)INFINITY};
    for (size_t p = 0; p < n_points; p++) {
        double along = 0, length = 0, square = 0;
        for (size_t g = 0; g < k; g++) {
            along += row[g] * points[p * k + g];
            length += points[p * k + g] * points[p * k + g];
            square += row[g] * row[g];
        }
        const double distance = fmax(square - along * along / length, 0);
        if (distance < found.distance) found = (niched){.point = p, .distance = distance};
    }
    return found;
}

/* One of the niches with the fewest members, of those that are open. */
static size_t find_emptiest(const size_t *members, const bool *open, size_t n_points, base_rng *rng) {
    size_t found = 0, ties = 0;
    for (size_t p = 0; p < n_points; p++) {
        if (!open[p] || (ties > 0 && members[p] > members[found])) continue;
        ties = ties > 0 && members[p] == members[found] ? ties + 1 : 1;
        if (ties == 1 || base_rng_below(rng, ties) == 0) found = p;
    }
    return found;
}

/* Of the rows of a niche that are not taken: the nearest when it has no member yet, else one at random; n: none. */
static size_t find_newcomer(const niched *rows, size_t kept, size_t n, size_t point, bool nearest, base_rng *rng) {
    size_t found = n, seen = 0;
    for (size_t i = kept; i < n; i++) {
        if (rows[i].point != point || rows[i].taken) continue;
        seen++;
        if (found == n || (nearest ? rows[i].distance < rows[found].distance : base_rng_below(rng, seen) == 0))
            found = i;
    }
    return found;
}

void hpo_niches_choose(const double *losses, size_t n, size_t k, size_t kept, size_t wanted, const double *points,
                       size_t n_points, base_rng *rng, size_t *chosen) {
    double *normal = base_malloc((n * k + 1) * sizeof *normal);
    niched *rows = base_malloc((n + 1) * sizeof *rows);
    size_t *members = base_calloc(n_points, sizeof *members);
    bool *open = base_malloc(n_points * sizeof *open);
    hpo_normalize_goals(losses, n, k, normal);
    for (size_t p = 0; p < n_points; p++) open[p] = true;
    for (size_t i = 0; i < n; i++) {
        rows[i] = find_niche(normal + i * k, k, points, n_points);
        if (i < kept) members[rows[i].point]++;
    }
    for (size_t count = 0; count < wanted;) {
        const size_t point = find_emptiest(members, open, n_points, rng);
        const size_t row = find_newcomer(rows, kept, n, point, members[point] == 0, rng);
        if (row == n) {
            open[point] = false;
            continue;
        }
        rows[row].taken = true;
        members[point]++;
        chosen[count++] = row;
    }
    free(normal);
    free(rows);
    free(members);
    free(open);
}
