/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random forest regression as SMAC uses it: F. Hutter, H. H. Hoos, K. Leyton-Brown, "Sequential Model-Based
 * Optimization for General Algorithm Configuration", LION 5 (2011), section 4.1; L. Breiman, "Random Forests", Machine
 * Learning 45 (2001); split points at random after P. Geurts, D. Ernst, L. Wehenkel, "Extremely Randomized Trees",
 * Machine Learning 63 (2006).
 *
 * The settings are those of SMAC3's hyperparameter facade: every tree sees n rows drawn with replacement; at a node
 * every feature that varies proposes one threshold, uniform between its least and largest value there, and the one that
 * explains most of the variance is taken; nodes are split as long as both sides keep `least` rows (SMAC3: one), unless
 * the best split explains less than 1e-8 of variance (of the whole tree). Mean and variance are those of the trees'
 * leaf values (ddof 0).
 *
 * Different: a categorical feature is split into random subsets of the categories that are present, not at a threshold
 * of their indices; equal splits (frequent in small nodes) are decided by the draw and not by the features' order.
 *
 * Outside the bag: a row is predicted by the trees that have not drawn it, about 0.37 of them (Breiman, section 3.1). A
 * mean over k trees, whose values vary by s^2, misses by s^2 (1/k - 1/trees) more than one over all would, which the
 * error leaves out: few trees would make a case for smooth ones.
 *
 * Speed: rows drawn several times are one row with a weight. Rows are stored side by side, so that one pass over a node
 * finds all ranges, and a second one all sums, with the features in vector registers. Trees are walked one after the
 * other over all points, so that a tree stays in the cache. */
#include "hpo/models/forest_impl.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MASK_BITS = 64 };
static const double MIN_DECREASE = 1e-8;
static const double TIE = 1e-12; /* relative: sums in another order */

hpo_forest *hpo_forest_create(size_t features, const size_t *categories, size_t trees) {
    hpo_forest *forest = base_calloc(1, sizeof *forest);
    forest->features = features;
    forest->trees = trees;
    forest->tries = 1;
    forest->tree = base_calloc(trees, sizeof *forest->tree);
    forest->categories = base_calloc(features + 1, sizeof *forest->categories);
    for (size_t f = 0; categories && f < features; f++) {
        forest->categories[f] = categories[f];
        forest->any_category |= categories[f] > 0;
    }
    return forest;
}

void hpo_forest_follow_closely(hpo_forest *forest, size_t tries) {
    forest->tries = tries;
    forest->has_all_rows = true;
}

void hpo_forest_destroy(hpo_forest *forest) {
    if (!forest) return;
    for (size_t t = 0; t < forest->trees; t++) free(forest->tree[t].nodes);
    free(forest->tree);
    free(forest->categories);
    free(forest->outside);
    free(forest);
}

static void *copied(base_arena *arena, const void *items, size_t count, size_t size) {
    void *copy = base_arena_array(arena, count, size);
    if (count > 0) memcpy(copy, items, count * size);
    return copy;
}

const hpo_forest *hpo_forest_copy(const hpo_forest *forest, base_arena *arena) {
    hpo_forest *copy = copied(arena, forest, 1, sizeof *forest);
    copy->categories = copied(arena, forest->categories, forest->features, sizeof *forest->categories);
    copy->tree = copied(arena, forest->tree, forest->trees, sizeof *forest->tree);
    for (size_t t = 0; t < forest->trees; t++) {
        tree *of = &copy->tree[t];
        of->nodes = copied(arena, of->nodes, of->count, sizeof *of->nodes);
        of->capacity = of->count;
    }
    copy->outside = NULL; /* of fitting alone */
    copy->outside_capacity = 0;
    return copy;
}

/* The bit of a category in the mask of node `index`. More than 64 categories share bits, others in every node. */
static uint64_t category_bit(size_t categories, double value, uint32_t index) {
    uint64_t bit = (uint64_t)value;
    if (categories > MASK_BITS) {
        bit = (bit + 1) * (2 * (uint64_t)index + 1) * UINT64_C(0x9e3779b97f4a7c15);
        bit = (bit ^ (bit >> 29)) * UINT64_C(0xbf58476d1ce4e5b9) >> 58;
    }
    return UINT64_C(1) << bit;
}

/* ---- growing ---- */

/* A part of the tree's rows that waits to become node `node`. */
typedef struct job {
    uint32_t node;
    size_t first, count;
} job;

typedef struct grower {
    const hpo_forest *forest;
    const double *points, *targets; /* all rows */
    const double *raised;           /* exp(target), or NULL */
    double *weight;                 /* by row: times drawn */
    size_t *rows;                   /* drawn at least once; permuted while growing */
    double total;                   /* sum of weights */
    double least;                   /* rows of a leaf, at least */
    double *low, *high;             /* per feature, over the node */
    double *split;                  /* proposed thresholds */
    double *left_weight, *left_sum, *left_rows;
    uint32_t *draw;
    uint64_t *present, *subset;
    job *jobs;
    size_t n_jobs, jobs_capacity;
    base_rng rng;
} grower;

static double leaf_value(const grower *g, const size_t *rows, size_t count) {
    const double *of = g->raised ? g->raised : g->targets;
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        sum += g->weight[rows[i]] * of[rows[i]];
        weight += g->weight[rows[i]];
    }
    return g->raised ? log(sum / weight) : sum / weight;
}

/* The ranges of the numbers and the sets of the categories. */
static void find_ranges(grower *g, const size_t *rows, size_t count, uint32_t index) {
    const size_t features = g->forest->features;
    const double *const first = g->points + rows[0] * features;
    double *restrict low = g->low, *restrict high = g->high;
    memcpy(low, first, features * sizeof *low);
    memcpy(high, first, features * sizeof *high);
    for (size_t i = 1; i < count; i++) {
        const double *restrict x = g->points + rows[i] * features;
        for (size_t f = 0; f < features; f++) {
            low[f] = x[f] < low[f] ? x[f] : low[f];
            high[f] = x[f] > high[f] ? x[f] : high[f];
        }
    }
    for (size_t f = 0; g->forest->any_category && f < features; f++) {
        const size_t categories = g->forest->categories[f];
        if (categories == 0) continue;
        g->present[f] = 0;
        for (size_t i = 0; i < count; i++) {
            g->present[f] |= category_bit(categories, g->points[rows[i] * features + f], index);
        }
    }
}

/* A random set of bits that holds some of those present but not all: what the draw says, with one bit turned when that
 * says all or none. */
static uint64_t draw_subset(grower *g, uint64_t present) {
    const uint64_t drawn = base_rng_u64(&g->rng) & present;
    if (drawn != 0 && drawn != present) return drawn;
    uint64_t skip = base_rng_below(&g->rng, (uint64_t)__builtin_popcountll(present)), bits = present;
    while (skip-- > 0) bits &= bits - 1;
    return drawn ^ (bits & -bits);
}

/* One split for every feature that varies; `draw` decides ties, 0 = does not vary. */
static void propose_splits(grower *g) {
    for (size_t f = 0; f < g->forest->features; f++) {
        g->draw[f] = 0;
        if (g->forest->categories[f] > 0) {
            if ((g->present[f] & (g->present[f] - 1)) == 0) continue;
            g->subset[f] = draw_subset(g, g->present[f]);
        } else {
            if (!(g->low[f] < g->high[f])) continue;
        }
        const uint32_t draw = base_rng_u32(&g->rng);
        g->draw[f] = draw | 1;
        if (g->forest->categories[f] > 0) continue;
        const double u = (double)draw * 0x1p-32;
        g->split[f] = g->low[f] + u * (g->high[f] - g->low[f]);
        if (!(g->split[f] < g->high[f])) g->split[f] = g->low[f];
    }
}

/* Rows, weight and sum of the (centred) targets that each proposed split sends left. */
static void sum_splits(grower *g, const size_t *rows, size_t count, double centre, uint32_t index) {
    const size_t features = g->forest->features;
    double *restrict left_weight = g->left_weight, *restrict left_sum = g->left_sum;
    double *restrict left_rows = g->left_rows;
    const double *restrict split = g->split;
    memset(left_weight, 0, features * sizeof *left_weight);
    memset(left_sum, 0, features * sizeof *left_sum);
    memset(left_rows, 0, features * sizeof *left_rows);
    for (size_t i = 0; i < count; i++) {
        const double *restrict x = g->points + rows[i] * features;
        const double weight = g->weight[rows[i]], sum = weight * (g->targets[rows[i]] - centre);
        for (size_t f = 0; f < features; f++) {
            left_weight[f] += x[f] <= split[f] ? weight : 0;
            left_sum[f] += x[f] <= split[f] ? sum : 0;
            left_rows[f] += x[f] <= split[f] ? 1 : 0;
        }
    }
    for (size_t f = 0; g->forest->any_category && f < features; f++) {
        const size_t categories = g->forest->categories[f];
        if (categories == 0 || g->draw[f] == 0) continue;
        left_weight[f] = left_sum[f] = left_rows[f] = 0;
        for (size_t i = 0; i < count; i++) {
            if (!(category_bit(categories, g->points[rows[i] * features + f], index) & g->subset[f])) continue;
            left_rows[f] += 1;
            left_weight[f] += g->weight[rows[i]];
            left_sum[f] += g->weight[rows[i]] * (g->targets[rows[i]] - centre);
        }
    }
}

/* The feature whose split explains most and leaves enough rows on either side; SIZE_MAX when none explains enough. With
 * centred targets the squares between the sides are s^2 (1/w_left + 1/w_right), s the sum of either side. */
static size_t best_split(const grower *g, double weight, double rows, double *best_of) {
    size_t best = SIZE_MAX;
    double best_score = 0;
    for (size_t f = 0; f < g->forest->features; f++) {
        if (g->draw[f] == 0 || fmin(g->left_rows[f], rows - g->left_rows[f]) < g->least) continue;
        const double left = g->left_weight[f], sum = g->left_sum[f];
        const double score = sum * sum * weight / (left * (weight - left));
        const bool tie = best != SIZE_MAX && fabs(score - best_score) <= TIE * best_score;
        if (tie ? g->draw[f] > g->draw[best] : score > best_score) {
            best = f;
            best_score = score;
        }
    }
    *best_of = best_score;
    return best_score >= MIN_DECREASE * g->total ? best : SIZE_MAX;
}

static bool goes_left(const hpo_forest *forest, const node *n, uint32_t index, const double *x) {
    const size_t categories = forest->categories[n->feature];
    return categories > 0 ? (category_bit(categories, x[n->feature], index) & n->u.mask) != 0
                          : x[n->feature] <= n->u.threshold;
}

static size_t partition(const grower *g, const node *n, uint32_t index, size_t *rows, size_t count) {
    size_t left = 0, right = count;
    while (left < right) {
        if (goes_left(g->forest, n, index, g->points + rows[left] * g->forest->features)) {
            left++;
        } else {
            const size_t swap = rows[--right];
            rows[right] = rows[left];
            rows[left] = swap;
        }
    }
    return left;
}

static void take_split(const grower *g, size_t feature, node *n) {
    n->feature = (uint32_t)feature;
    if (g->forest->categories[feature] > 0) {
        n->u.mask = g->subset[feature];
    } else {
        n->u.threshold = g->split[feature];
    }
}

/* Returns false for a leaf: few rows, equal targets, or nothing to be explained. */
static bool split_node(grower *g, tree *out, job j, size_t *left_count) {
    size_t *rows = g->rows + j.first;
    double sum = 0, weight = 0, least = DBL_MAX, most = -DBL_MAX;
    for (size_t i = 0; i < j.count; i++) {
        const double y = g->targets[rows[i]];
        sum += g->weight[rows[i]] * y;
        weight += g->weight[rows[i]];
        least = y < least ? y : least;
        most = y > most ? y : most;
    }
    if ((double)j.count < 2 * g->least || !(least < most)) return false;
    find_ranges(g, rows, j.count, j.node);
    node *n = &out->nodes[j.node];
    double best = -1;
    for (size_t i = 0; i < g->forest->tries; i++) {
        double score;
        propose_splits(g);
        sum_splits(g, rows, j.count, sum / weight, j.node);
        const size_t feature = best_split(g, weight, (double)j.count, &score);
        if (feature == SIZE_MAX || score <= best) continue;
        best = score;
        take_split(g, feature, n);
    }
    if (best < 0) return false;
    *left_count = partition(g, n, j.node, rows, j.count);
    return *left_count > 0 && *left_count < j.count;
}

/* Preorder, the left child first: the order in which the stream is read. */
static void grow(grower *g, tree *out, size_t n_rows) {
    out->count = 1;
    BASE_GROW(out->nodes, out->capacity, 2 * n_rows);
    g->n_jobs = 0;
    BASE_GROW(g->jobs, g->jobs_capacity, 1);
    g->jobs[g->n_jobs++] = (job){.node = 0, .first = 0, .count = n_rows};
    while (g->n_jobs > 0) {
        const job j = g->jobs[--g->n_jobs];
        size_t left = 0;
        node *n = &out->nodes[j.node];
        if (!split_node(g, out, j, &left)) {
            *n = (node){.left = 0, .u.value = leaf_value(g, g->rows + j.first, j.count)};
            continue;
        }
        n->left = (uint32_t)out->count;
        out->count += 2;
        BASE_GROW(g->jobs, g->jobs_capacity, g->n_jobs + 2);
        g->jobs[g->n_jobs++] = (job){.node = n->left + 1, .first = j.first + left, .count = j.count - left};
        g->jobs[g->n_jobs++] = (job){.node = n->left, .first = j.first, .count = left};
    }
}

static size_t draw_rows(grower *g, size_t n) {
    memset(g->weight, 0, n * sizeof *g->weight);
    for (size_t i = 0; i < n; i++) g->weight[g->forest->has_all_rows ? i : base_rng_below(&g->rng, n)] += 1;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (g->weight[i] > 0) g->rows[count++] = i;
    }
    return count;
}

static double tree_value(const hpo_forest *forest, const tree *grown, const double *x) {
    const node *nodes = grown->nodes;
    uint32_t at = 0;
    if (forest->any_category) {
        while (nodes[at].left != 0) at = nodes[at].left + (goes_left(forest, &nodes[at], at, x) ? 0 : 1);
    } else {
        while (nodes[at].left != 0) at = nodes[at].left + (x[nodes[at].feature] <= nodes[at].u.threshold ? 0 : 1);
    }
    return nodes[at].u.value;
}

/* Every row that the tree has not seen hears what it says about it. */
static void look_outside(hpo_forest *forest, const tree *grown, const grower *g, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (g->weight[i] > 0) continue;
        outside *o = &forest->outside[i];
        const double value = tree_value(forest, grown, g->points + i * forest->features), difference = value - o->mean;
        o->trees++;
        o->mean += difference / (double)o->trees;
        o->squares += difference * (value - o->mean);
    }
}

void hpo_forest_fit(hpo_forest *forest, const double *points, const double *targets, size_t n, bool log_targets,
                    size_t least, uint64_t seed, uint32_t fit) {
    const size_t features = forest->features;
    base_arena *arena = base_arena_create();
    BASE_GROW(forest->outside, forest->outside_capacity, n);
    memset(forest->outside, 0, n * sizeof *forest->outside);
    grower g = {
        .forest = forest,
        .points = points,
        .targets = targets,
        .total = (double)n,
        .least = (double)least,
        .weight = BASE_NEW_ARRAY(arena, n, double),
        .rows = BASE_NEW_ARRAY(arena, n, size_t),
        .low = BASE_NEW_ARRAY(arena, features, double),
        .high = BASE_NEW_ARRAY(arena, features, double),
        .split = BASE_NEW_ARRAY(arena, features, double),
        .left_weight = BASE_NEW_ARRAY(arena, features, double),
        .left_sum = BASE_NEW_ARRAY(arena, features, double),
        .left_rows = BASE_NEW_ARRAY(arena, features, double),
        .draw = BASE_NEW_ARRAY(arena, features, uint32_t),
        .present = BASE_NEW_ARRAY(arena, features, uint64_t),
        .subset = BASE_NEW_ARRAY(arena, features, uint64_t),
    };
    if (log_targets) {
        double *raised = BASE_NEW_ARRAY(arena, n, double);
        for (size_t i = 0; i < n; i++) raised[i] = exp(targets[i]);
        g.raised = raised;
    }
    for (size_t t = 0; t < forest->trees; t++) {
        g.rng = base_rng_stream(seed, BASE_RNG_BOOTSTRAP, fit, (uint32_t)t);
        grow(&g, &forest->tree[t], draw_rows(&g, n));
        look_outside(forest, &forest->tree[t], &g, n);
    }
    free(g.jobs);
    base_arena_destroy(arena);
}

/* ---- predicting ---- */

void hpo_forest_leaves(const hpo_forest *forest, const double *point, double *values) {
    for (size_t t = 0; t < forest->trees; t++) values[t] = tree_value(forest, &forest->tree[t], point);
}

/* Welford's recurrence: the trees come one by one. */
void hpo_forest_predict(const hpo_forest *forest, const double *points, size_t count, double *mean, double *variance) {
    memset(mean, 0, count * sizeof *mean);
    memset(variance, 0, count * sizeof *variance);
    for (size_t t = 0; t < forest->trees; t++) {
        for (size_t i = 0; i < count; i++) {
            const double value = tree_value(forest, &forest->tree[t], points + i * forest->features);
            const double difference = value - mean[i];
            mean[i] += difference / (double)(t + 1);
            variance[i] += difference * (value - mean[i]);
        }
    }
    for (size_t i = 0; i < count; i++) variance[i] /= (double)forest->trees;
}

double hpo_forest_outside_error(const hpo_forest *forest, const double *targets, size_t n) {
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const outside *o = &forest->outside[i];
        if (o->trees < 2) continue;
        const double trees = (double)o->trees, miss = targets[i] - o->mean, variance = o->squares / (trees - 1);
        sum += miss * miss - variance * (1 / trees - 1 / (double)forest->trees);
        count++;
    }
    return count > 0 ? sum / (double)count : (double)INFINITY;
}
