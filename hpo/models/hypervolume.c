/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hypervolume by the algorithm of the Walking Fish Group (L. While, L. Bradstreet, L. Barone, "A Fast Way of
 * Calculating Exact Hypervolumes", IEEE Trans. Evol. Comput. 16, 2012): the sum of what each row adds to those behind
 * it, and what it adds is its own box less the hypervolume of the others limited to that box.
 *
 * Rows are taken in order of the last goal, worst first: limited to the box of one of them, all behind it have its
 * value there, so that the box and what is taken from it are prisms over k - 1 goals. Two goals are swept. */
#include "hpo/models/hypervolume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/trials/order.h"

/* ---- two goals ---- */

static int compare_pairs(const void *a, const void *b) {
    const double *x = a, *y = b;
    if (x[0] != y[0]) return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : x[1] > y[1];
}

/* Sorts them. */
static double sweep(double *pairs, size_t n, const double *reference) {
    double area = 0, height = reference[1];
    if (n > 1) qsort(pairs, n, 2 * sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < n; i++) {
        const double *at = pairs + 2 * i;
        if (!(at[1] < height)) continue;
        area += (reference[0] - at[0]) * (height - at[1]);
        height = at[1];
    }
    return area;
}

/* ---- more ---- */

typedef struct row {
    const double *losses;
    size_t k;
} row;

static int worst_last_goal_first(const void *a, const void *b) {
    const row *x = a, *y = b;
    for (size_t g = x->k; g-- > 0;)
        if (x->losses[g] != y->losses[g]) return x->losses[g] > y->losses[g] ? -1 : 1;
    return 0;
}

/* Takes out rows that others dominate, or that are there twice. */
static size_t keep_front(double *losses, size_t n, size_t k) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double *mine = losses + i * k;
        bool there = true;
        for (size_t j = 0; j < n && there; j++) {
            const double *other = losses + j * k;
            const bool same = memcmp(mine, other, k * sizeof *mine) == 0;
            there = j == i || !(hpo_dominates(other, mine, k) || (same && j > i));
        }
        if (!there) continue;
        memmove(losses + kept++ * k, mine, k * sizeof *mine);
    }
    return kept;
}

/* The n rows, limited to the box of one, in their first k goals. */
static void limit(const double *box, const row *rows, size_t n, size_t k, double *out) {
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < k; g++) out[i * k + g] = fmax(box[g], rows[i].losses[g]);
}

static double box_of(const double *corner, size_t k, const double *reference) {
    double volume = 1;
    for (size_t g = 0; g < k; g++) volume *= reference[g] - corner[g];
    return volume;
}

/* Of rows within the reference; their order changes. */
static double volume_of(double *losses, size_t n, size_t k, const double *reference) {
    if (n == 0) return 0;
    if (n == 1) return box_of(losses, k, reference);
    if (k == 2) return sweep(losses, n, reference);
    if (k > 3) n = keep_front(losses, n, k);
    row *rows = base_malloc(n * sizeof *rows);
    double *limited = base_malloc(n * k * sizeof *limited), volume = 0;
    for (size_t i = 0; i < n; i++) rows[i] = (row){losses + i * k, k};
    qsort(rows, n, sizeof *rows, worst_last_goal_first);
    for (size_t i = 0; i < n; i++) {
        const double *mine = rows[i].losses, depth = reference[k - 1] - mine[k - 1];
        limit(mine, rows + i + 1, n - i - 1, k - 1, limited);
        volume += depth * (box_of(mine, k - 1, reference) - volume_of(limited, n - i - 1, k - 1, reference));
    }
    free(rows);
    free(limited);
    return volume;
}

static bool is_within(const double *losses, size_t k, const double *reference) {
    for (size_t g = 0; g < k; g++)
        if (!(losses[g] < reference[g])) return false;
    return true;
}

double hpo_hypervolume(const double *losses, size_t n, size_t k, const double *reference) {
    double *within = base_malloc((n * k + 1) * sizeof *within), best = reference[0];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_within(losses + i * k, k, reference)) continue;
        memcpy(within + count++ * k, losses + i * k, k * sizeof *within);
        best = fmin(best, losses[i * k]);
    }
    const double volume = k == 1 ? reference[0] - best : volume_of(within, count, k, reference);
    free(within);
    return volume;
}

double hpo_hypervolume_gain(const double *mine, const double *losses, size_t n, size_t k, const double *reference) {
    if (!is_within(mine, k, reference)) return 0;
    double *limited = base_malloc((n * k + 1) * sizeof *limited);
    for (size_t i = 0; i < n * k; i++) limited[i] = fmax(mine[i % k], losses[i]);
    const double gain = box_of(mine, k, reference) - hpo_hypervolume(limited, n, k, reference);
    free(limited);
    return fmax(gain, 0);
}

void hpo_worst_reference(const double *losses, size_t n, size_t k, double *reference) {
    for (size_t g = 0; g < k; g++) {
        double worst = losses[g];
        for (size_t i = 1; i < n; i++) worst = fmax(worst, losses[i * k + g]);
        reference[g] = worst == 0 ? 1e-12 : fmax(1.1 * worst, 0.9 * worst);
    }
}

/* ---- subsets ---- */

/* A row that is not placed: what it adds to the first `placed` rows that were chosen, or more. */
typedef struct bound {
    double gain;
    size_t row, placed;
} bound;

static const double SLACK = 1 + 1e-9; /* of a bound over the rounding of what it bounds */

static bool comes_first(const bound *a, const bound *b) {
    return a->gain > b->gain || (a->gain == b->gain && a->row < b->row);
}

/* A heap: none comes before the one that it hangs from, (i - 1) / 2. */
static void sift_down(bound *heap, size_t n, size_t i) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && comes_first(&heap[child + 1], &heap[child]);
        if (!comes_first(&heap[child], &heap[i])) return;
        const bound moved = heap[i];
        heap[i] = heap[child];
        heap[child] = moved;
    }
}

/* A row adds no more to any rows than to one of them, its box less what they have in common. */
static void limit_bounds(bound *heap, size_t n, const double *losses, size_t k, const double *placed,
                         const double *reference) {
    double common[HPO_MAX_GOALS];
    for (size_t i = 0; i < n; i++) {
        const double *mine = losses + heap[i].row * k;
        for (size_t g = 0; g < k; g++) common[g] = fmax(mine[g], placed[g]);
        const double gain = box_of(mine, k, reference) - box_of(common, k, reference);
        heap[i].gain = fmin(heap[i].gain, SLACK * gain);
    }
    for (size_t i = n / 2; i-- > 0;) sift_down(heap, n, i);
}

static int by_row(const void *a, const void *b) {
    const bound *x = a, *y = b;
    return x->row < y->row ? -1 : x->row > y->row;
}

void hpo_select_hypervolume(const double *losses, size_t n, size_t k, size_t count, size_t *order) {
    BASE_ASSERT(k <= HPO_MAX_GOALS);
    if (n == 0) return;
    double reference[HPO_MAX_GOALS], *placed = base_malloc((count * k + 1) * sizeof *placed);
    bound *heap = base_malloc(n * sizeof *heap);
    hpo_worst_reference(losses, n, k, reference);
    for (size_t i = 0; i < n; i++) heap[i] = (bound){.gain = (double)INFINITY, .row = i, .placed = SIZE_MAX};
    size_t chosen = 0, left = n;
    while (chosen < count && left > 0) {
        const double *mine = losses + heap[0].row * k;
        if (heap[0].placed != chosen) {
            heap[0].gain = hpo_hypervolume_gain(mine, placed, chosen, k, reference);
            heap[0].placed = chosen;
            sift_down(heap, left, 0);
            continue;
        }
        memcpy(placed + chosen * k, mine, k * sizeof *placed);
        order[chosen++] = heap[0].row;
        heap[0] = heap[--left];
        limit_bounds(heap, left, losses, k, mine, reference);
    }
    if (left > 1) qsort(heap, left, sizeof *heap, by_row);
    for (size_t i = 0; i < left; i++) order[chosen++] = heap[i].row;
    free(placed);
    free(heap);
}

/* ---- of a study ---- */

/* The evaluation that ended with that event and worked, or NULL. */
static const hpo_eval *success_at(hpo_view view, uint64_t event) {
    const hpo_trial trial = hpo_view_trial(view, hpo_view_event_trial(view, event));
    const hpo_eval *eval = hpo_trial_eval(&trial, event);
    return eval && eval->failure == HPO_FAILURE_NONE ? eval : NULL;
}

bool hpo_view_reference(hpo_view view, double *reference) {
    size_t k, results = 0;
    const hpo_goal *goals = hpo_view_goals(view, &k);
    for (uint64_t event = 0; event < view.as_of && results < HPO_REFERENCE_RESULTS; event++) {
        const hpo_eval *eval = success_at(view, event);
        if (!eval) continue;
        for (size_t g = 0; g < k; g++) {
            const double loss = hpo_eval_losses(eval)[g];
            reference[g] = results > 0 ? fmax(reference[g], loss) : loss;
        }
        results++;
    }
    for (size_t g = 0; g < k; g++)
        if (!isnan(goals[g].reference)) reference[g] = goals[g].maximize ? -goals[g].reference : goals[g].reference;
    return results > 0;
}

double hpo_view_hypervolume(hpo_view view) {
    double reference[HPO_MAX_GOALS];
    if (!hpo_view_reference(view, reference)) return 0;
    const size_t k = hpo_view_n_goals(view);
    size_t n;
    hpo_incumbent *front = hpo_front_create(view, &n);
    double *losses = base_malloc((n * k + 1) * sizeof *losses);
    for (size_t i = 0; i < n; i++) memcpy(losses + i * k, hpo_eval_losses(front[i].eval), k * sizeof *losses);
    const double volume = hpo_hypervolume(losses, n, k, reference);
    free(front);
    free(losses);
    return volume;
}
