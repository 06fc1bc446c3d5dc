/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/best_goals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/hypervolume.h"

static const double LEAST_WEIGHT = 1e-12;

/* n rows of k losses, to be freed. */
static double *losses_of(const hpo_ranked *ranked, size_t n, const hpo_dataset *data, size_t k) {
    double *losses = base_malloc((n * k + 1) * sizeof *losses);
    for (size_t i = 0; i < n; i++) memcpy(losses + i * k, data->goals[ranked[i].row], k * sizeof *losses);
    return losses;
}

/* Of n successes at one fidelity: their rank becomes the loss. */
static void rank(hpo_ranked *ranked, size_t n, const hpo_dataset *data, size_t k) {
    double *losses = losses_of(ranked, n, data, k);
    uint32_t *ranks = base_malloc((n + 1) * sizeof *ranks);
    hpo_order_ranks(losses, n, k, ranks);
    for (size_t i = 0; i < n; i++) ranked[i].loss = ranks[i];
    free(losses);
    free(ranks);
}

/* Where the rows that are equal to the first one, or with `any_rank` of its fidelity, end. */
static size_t end_of(const hpo_ranked *ranked, size_t first, size_t n, bool any_rank) {
    size_t end = first + 1;
    while (end < n && ranked[end].fidelity == ranked[first].fidelity &&
           (any_rank || ranked[end].loss == ranked[first].loss))
        end++;
    return end;
}

static bool is_feasible(const hpo_dataset *data, const hpo_ranked *row) {
    return hpo_dataset_member(data, row->row).violation == 0;
}

/* The feasible ones first, else as they were; how many there are. */
static size_t feasible_first(hpo_ranked *ranked, size_t n, const hpo_dataset *data) {
    hpo_ranked *others = base_malloc((n + 1) * sizeof *others);
    size_t feasible = 0, left = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_feasible(data, &ranked[i])) {
            ranked[feasible++] = ranked[i];
        } else {
            others[left++] = ranked[i];
        }
    }
    memcpy(ranked + feasible, others, left * sizeof *others);
    free(others);
    return feasible;
}

/* Of n rows of one rank the `count` that cover most come first. */
static void cut(hpo_ranked *ranked, size_t n, const hpo_dataset *data, size_t k, size_t count) {
    double *losses = losses_of(ranked, n, data, k);
    size_t *order = base_malloc((n + 1) * sizeof *order);
    hpo_ranked *old = base_malloc((n + 1) * sizeof *old);
    memcpy(old, ranked, n * sizeof *old);
    hpo_select_hypervolume(losses, n, k, count, order);
    for (size_t i = 0; i < n; i++) ranked[i] = old[order[i]];
    free(losses);
    free(order);
    free(old);
}

size_t hpo_ranked_first_of_goals(hpo_ranked *ranked, const hpo_dataset *data, size_t k, size_t count) {
    const size_t worked = data->n - data->n_failed;
    hpo_ranked_fill(ranked, data);
    for (size_t i = 0; i < data->n; i++) {
        ranked[i].violation = 0; /* by losses alone */
        if (isfinite(ranked[i].loss)) ranked[i].loss = 0;
    }
    hpo_ranked_sort(ranked, data->n); /* by fidelity, then trial; failures last */
    for (size_t first = 0, end; first < worked; first = end) {
        end = end_of(ranked, first, worked, true);
        rank(ranked + first, end - first, data, k);
    }
    hpo_ranked_sort(ranked, worked);
    size_t best = 0;
    for (size_t taken = 0; best < worked && taken < count;) {
        const size_t end = end_of(ranked, best, worked, false);
        size_t feasible = 0;
        for (size_t i = best; i < end; i++) feasible += is_feasible(data, &ranked[i]);
        if (taken + feasible > count) {
            feasible = feasible_first(ranked + best, end - best, data);
            cut(ranked + best, feasible, data, k, count - taken);
            return best + count - taken;
        }
        taken += feasible;
        best = end;
    }
    return best;
}

void hpo_ranked_weights(const hpo_ranked *ranked, size_t n, const hpo_dataset *data, size_t k, double *weights) {
    double *losses = losses_of(ranked, n, data, k), *others = base_malloc((n * k + 1) * sizeof *others), most = 0;
    double reference[HPO_MAX_GOALS];
    hpo_worst_reference(losses, n, k, reference);
    for (size_t i = 0; i < n; i++) {
        memcpy(others, losses, i * k * sizeof *others);
        memcpy(others + i * k, losses + (i + 1) * k, (n - i - 1) * k * sizeof *others);
        weights[i] = hpo_hypervolume_gain(losses + i * k, others, n - 1, k, reference);
        most = fmax(most, weights[i]);
    }
    for (size_t i = 0; i < n; i++) weights[i] = most > 0 && isfinite(most) ? fmax(weights[i] / most, LEAST_WEIGHT) : 1;
    free(losses);
    free(others);
}
