/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Selecting the best results: quickselect (C. A. R. Hoare, Algorithm 65, Comm. ACM 4, 1961) with the median of three,
 * over a total order, so that which rows are selected does not depend on how they lie. */
#include "hpo/models/best.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { FEW = 32 };

/* Of two successes with different violations. */
static bool less_violating(const hpo_ranked *a, const hpo_ranked *b) {
    const bool feasible = a->violation == 0 || b->violation == 0;
    if (!feasible && a->fidelity != b->fidelity) return a->fidelity > b->fidelity;
    return a->violation < b->violation;
}

bool hpo_ranked_less(const hpo_ranked *a, const hpo_ranked *b) {
    if (a->violation != b->violation && isfinite(a->loss) && isfinite(b->loss)) return less_violating(a, b);
    const bool plain = a->loss - b->loss != 0 && fabs(a->loss - b->loss) < (double)INFINITY; /* finite and not equal */
    if (plain && a->fidelity == b->fidelity) return a->loss < b->loss;
    if (isfinite(a->loss) && isfinite(b->loss) && a->fidelity != b->fidelity) return a->fidelity > b->fidelity;
    return hpo_loss_less(a->loss, a->trial, b->loss, b->trial);
}

static int compare(const void *a, const void *b) {
    return hpo_ranked_less(a, b) ? -1 : hpo_ranked_less(b, a) ? 1 : 0;
}

void hpo_ranked_sort(hpo_ranked *rows, size_t n) {
    if (n > 1) qsort(rows, n, sizeof *rows, compare);
}

static void swap(hpo_ranked *a, hpo_ranked *b) {
    const hpo_ranked old = *a;
    *a = *b;
    *b = old;
}

/* Orders first, middle and last; the middle one is the pivot. */
static hpo_ranked pivot_of(hpo_ranked *rows, size_t n) {
    hpo_ranked *first = rows, *middle = rows + n / 2, *last = rows + n - 1;
    if (hpo_ranked_less(middle, first)) swap(middle, first);
    if (hpo_ranked_less(last, middle)) swap(last, middle);
    if (hpo_ranked_less(middle, first)) swap(middle, first);
    return *middle;
}

void hpo_ranked_select(hpo_ranked *rows, size_t n, size_t count) {
    while (count > 0 && count < n) {
        const hpo_ranked pivot = pivot_of(rows, n);
        if (n <= 3) return;
        size_t i = 0, j = n - 1;
        for (;;) {
            while (hpo_ranked_less(&rows[i], &pivot)) i++;
            while (hpo_ranked_less(&pivot, &rows[j])) j--;
            if (i >= j) break;
            swap(&rows[i++], &rows[j--]);
        }
        /* rows[0..j] are not above the pivot, rows[j+1..] not below it. */
        if (count <= j) {
            n = j + 1;
        } else {
            rows += j + 1;
            n -= j + 1;
            count -= j + 1;
        }
    }
}

/* Of few: those so far stay sorted, and most of the others fail at the last of them. */
static void first_few(hpo_ranked *rows, size_t n, size_t count) {
    hpo_ranked_sort(rows, count);
    for (size_t i = count; i < n; i++) {
        if (!hpo_ranked_less(&rows[i], &rows[count - 1])) continue;
        const hpo_ranked better = rows[i];
        size_t at = count - 1;
        rows[i] = rows[at];
        for (; at > 0 && hpo_ranked_less(&better, &rows[at - 1]); at--) rows[at] = rows[at - 1];
        rows[at] = better;
    }
}

void hpo_ranked_first(hpo_ranked *rows, size_t n, size_t count) {
    if (count > 0 && count <= FEW) {
        first_few(rows, n, count);
    } else {
        hpo_ranked_select(rows, n, count);
        hpo_ranked_sort(rows, count);
    }
}

void hpo_ranked_fill(hpo_ranked *ranked, const hpo_dataset *data) {
    for (size_t i = 0; i < data->n; i++) {
        const hpo_member m = hpo_dataset_member(data, i);
        ranked[i] = (hpo_ranked){data->fidelity[i], m.loss, m.violation, m.trial, i};
    }
}

size_t hpo_best_count(size_t n, double share, size_t most) {
    const double wanted = ceil(share * (double)n);
    return wanted < (double)most ? (size_t)wanted : most;
}

static bool row_less(const hpo_dataset *data, size_t a, size_t b) {
    const double violation_a = hpo_dataset_member(data, a).violation;
    const double violation_b = hpo_dataset_member(data, b).violation;
    return violation_a != violation_b ? violation_a < violation_b : data->loss[a] < data->loss[b];
}

size_t hpo_best_configs(const hpo_dataset *data, hpo_view view, size_t most, double *configs) {
    const size_t width = hpo_space_count(hpo_history_space(view.history));
    size_t *rows = base_malloc((most + 1) * sizeof *rows), count = 0;
    for (size_t i = 0; i < data->n && most > 0; i++) {
        if (!isfinite(data->loss[i])) continue;
        size_t at = count < most ? count++ : most;
        if (at == most && !row_less(data, i, rows[most - 1])) continue;
        if (at == most) at--;
        for (; at > 0 && row_less(data, i, rows[at - 1]); at--) rows[at] = rows[at - 1];
        rows[at] = i;
    }
    for (size_t k = 0; k < count; k++) {
        memcpy(configs + k * width, hpo_view_trial(view, data->trial[rows[k]]).config, width * sizeof *configs);
    }
    free(rows);
    return count;
}
