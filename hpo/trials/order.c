/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See order.h. A front is a list of rows, the newest first: rows come in lexicographic order, so that no later one can
 * dominate an earlier one, and with two goals the newest of a front is the only one that has to be compared. */
#include "hpo/trials/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* ---- ranks ---- */

typedef struct row {
    const double *losses;
    size_t k, index;
} row;

static int compare_rows(const void *a, const void *b) {
    const row *x = a, *y = b;
    for (size_t g = 0; g < x->k; g++)
        if (x->losses[g] != y->losses[g]) return x->losses[g] < y->losses[g] ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Whether a front has a row that dominates this one. */
static bool is_below(const row *rows, size_t newest, const size_t *older, const double *losses, size_t k) {
    for (size_t i = newest; i != SIZE_MAX; i = k > 2 ? older[i] : SIZE_MAX)
        if (hpo_dominates(rows[i].losses, losses, k)) return true;
    return false;
}

void hpo_order_ranks(const double *losses, size_t n, size_t k, uint32_t *ranks) {
    row *rows = base_malloc((n + 1) * sizeof *rows);
    size_t *newest = base_malloc((n + 1) * sizeof *newest), *older = base_malloc((n + 1) * sizeof *older), fronts = 0;
    for (size_t i = 0; i < n; i++) rows[i] = (row){losses + i * k, k, i};
    if (n > 1) qsort(rows, n, sizeof *rows, compare_rows);
    for (size_t i = 0; i < n; i++) {
        size_t first = 0, last = fronts; /* the front that it belongs to: a dominated row is so by all fronts before */
        while (first < last) {
            const size_t middle = first + (last - first) / 2;
            if (is_below(rows, newest[middle], older, rows[i].losses, k))
                first = middle + 1;
            else
                last = middle;
        }
        if (first == fronts) newest[fronts++] = SIZE_MAX;
        older[i] = newest[first];
        newest[first] = i;
        ranks[rows[i].index] = (uint32_t)first;
    }
    free(rows);
    free(newest);
    free(older);
}

/* ---- spreads ---- */

static void find_range(const double *losses, size_t n, size_t k, size_t goal, double *low, double *high) {
    *low = *high = losses[goal];
    for (size_t i = 1; i < n; i++) {
        *low = fmin(*low, losses[i * k + goal]);
        *high = fmax(*high, losses[i * k + goal]);
    }
}

void hpo_spread_epsilon_net(const double *losses, size_t n, size_t k, size_t *order) {
    double *scale = base_malloc(k * sizeof *scale), *nearest = base_malloc((n + 1) * sizeof *nearest);
    for (size_t g = 0; g < k; g++) {
        double low, high;
        find_range(losses, n, k, g, &low, &high);
        scale[g] = high > low ? 1 / (high - low) : 0;
    }
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        nearest[i] = (double)INFINITY;
        if (losses[i * k] < losses[next * k]) next = i;
    }
    for (size_t placed = 0; placed < n; placed++) {
        order[placed] = next;
        nearest[next] = -1; /* has its place */
        const double *from = losses + next * k;
        size_t farthest = next;
        for (size_t i = 0; i < n; i++) {
            double distance = 0;
            if (nearest[i] < 0) continue;
            for (size_t g = 0; g < k; g++) {
                const double d = (losses[i * k + g] - from[g]) * scale[g];
                distance += d * d;
            }
            nearest[i] = fmin(nearest[i], distance);
            if (nearest[i] > nearest[farthest]) farthest = i;
        }
        next = farthest;
    }
    free(scale);
    free(nearest);
}

/* A value with the row that it belongs to; ties to the earlier row. */
typedef struct place {
    double value;
    size_t row;
} place;

static int compare_places(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

void hpo_crowding(const double *losses, size_t n, size_t k, double *distance) {
    place *places = base_malloc((n + 1) * sizeof *places);
    for (size_t i = 0; i < n; i++) distance[i] = 0;
    for (size_t g = 0; g < k && n > 0; g++) {
        for (size_t i = 0; i < n; i++) places[i] = (place){losses[i * k + g], i};
        qsort(places, n, sizeof *places, compare_places);
        const double range = places[n - 1].value - places[0].value;
        if (!(range > 0)) continue;
        distance[places[0].row] = distance[places[n - 1].row] = (double)INFINITY;
        for (size_t i = 1; i + 1 < n; i++)
            distance[places[i].row] += (places[i + 1].value - places[i - 1].value) / range;
    }
    free(places);
}

void hpo_spread_crowding(const double *losses, size_t n, size_t k, size_t *order) {
    double *distance = base_malloc((n + 1) * sizeof *distance);
    place *places = base_malloc((n + 1) * sizeof *places);
    hpo_crowding(losses, n, k, distance);
    for (size_t i = 0; i < n; i++) places[i] = (place){-distance[i], i};
    if (n > 1) qsort(places, n, sizeof *places, compare_places);
    for (size_t i = 0; i < n; i++) order[i] = places[i].row;
    free(distance);
    free(places);
}

/* ---- sets ---- */

static int compare_members(const void *a, const void *b) {
    return hpo_member_better(a, b) ? -1 : hpo_member_better(b, a) ? 1 : 0;
}

/* A success with its rank, and failures behind. */
typedef struct ranked {
    hpo_member member;
    uint32_t rank;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return x->member.trial < y->member.trial ? -1 : x->member.trial > y->member.trial;
}

static bool is_feasible(const hpo_member *member) {
    return isfinite(member->loss) && member->violation == 0;
}

static int compare_violations(const void *a, const void *b) {
    const ranked *x = *(ranked *const *)a, *y = *(ranked *const *)b;
    return x->member.violation < y->member.violation ? -1 : x->member.violation > y->member.violation;
}

/* Successes that are not feasible, by violation from a rank on. */
static void rank_infeasible(ranked *all, size_t n, uint32_t rank) {
    ranked **infeasible = base_malloc((n + 1) * sizeof(ranked *));
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(all[i].member.loss) && all[i].member.violation > 0) infeasible[count++] = &all[i];
    if (count > 1) qsort(infeasible, count, sizeof(ranked *), compare_violations);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && infeasible[i]->member.violation > infeasible[i - 1]->member.violation) rank++;
        infeasible[i]->rank = rank;
    }
    free(infeasible);
}

static void rank_members(const hpo_member *members, size_t n, size_t k, ranked *out) {
    double *losses = base_malloc((n * k + 1) * sizeof *losses);
    uint32_t *ranks = base_malloc((n + 1) * sizeof *ranks), behind = 0;
    size_t feasible = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = (ranked){members[i], UINT32_MAX};
        if (is_feasible(&members[i])) memcpy(losses + k * feasible++, members[i].losses, k * sizeof *losses);
    }
    hpo_order_ranks(losses, feasible, k, ranks);
    for (size_t i = 0; i < feasible; i++) behind = ranks[i] >= behind ? ranks[i] + 1 : behind;
    for (size_t i = 0, next = 0; i < n; i++)
        if (is_feasible(&members[i])) out[i].rank = ranks[next++];
    rank_infeasible(out, n, behind);
    free(losses);
    free(ranks);
}

void hpo_order_members(hpo_member *members, size_t n, size_t n_goals, hpo_spread spread, uint32_t *ranks) {
    if (n_goals == 1) {
        if (n > 1) qsort(members, n, sizeof *members, compare_members);
        for (size_t i = 0; ranks && i < n; i++) ranks[i] = isfinite(members[i].loss) ? (uint32_t)i : UINT32_MAX;
        return;
    }
    ranked *all = base_malloc((n + 1) * sizeof *all);
    double *losses = base_malloc((n * n_goals + 1) * sizeof *losses);
    size_t *order = base_malloc((n + 1) * sizeof *order);
    rank_members(members, n, n_goals, all);
    if (n > 1) qsort(all, n, sizeof *all, compare_ranked);
    for (size_t first = 0, end; first < n; first = end) {
        const uint32_t rank = all[first].rank;
        for (end = first; end < n && all[end].rank == rank; end++) {
            if (rank != UINT32_MAX)
                memcpy(losses + (end - first) * n_goals, all[end].member.losses, n_goals * sizeof *losses);
            order[end - first] = end - first;
        }
        if (rank != UINT32_MAX) spread(losses, end - first, n_goals, order);
        for (size_t i = first; i < end; i++) {
            members[i] = all[first + order[i - first]].member;
            if (ranks) ranks[i] = rank;
        }
    }
    free(all);
    free(losses);
    free(order);
}

/* ---- fronts ---- */

typedef struct front_row {
    row at;
    hpo_incumbent member;
} front_row;

static int compare_front(const void *a, const void *b) {
    return compare_rows(&((const front_row *)a)->at, &((const front_row *)b)->at);
}

hpo_incumbent *hpo_front_create(hpo_view view, size_t *count) {
    const size_t k = hpo_view_n_goals(view);
    *count = hpo_view_front(view, NULL, 0);
    if (*count == 0) return NULL;
    hpo_incumbent *front = base_malloc(*count * sizeof *front);
    front_row *rows = base_malloc(*count * sizeof *rows);
    (void)hpo_view_front(view, front, *count);
    for (size_t i = 0; i < *count; i++) {
        const row at = {hpo_eval_losses(front[i].eval), k, (size_t)front[i].trial};
        rows[i] = (front_row){at, front[i]};
    }
    qsort(rows, *count, sizeof *rows, compare_front);
    for (size_t i = 0; i < *count; i++) front[i] = rows[i].member;
    free(rows);
    return front;
}
