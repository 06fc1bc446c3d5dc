/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: a forest that is grown again from the same stream in the most naive way (every row drawn is a row of its own,
 * every split tried by adding up both sides, recursion instead of a stack), and the definitions of mean and variance.
 */
#include "hpo/models/forest.h"
#include "tests/support/check.h"

enum { TREES = 10, MAX_ROWS = 400, MAX_FEATURES = 8 };

typedef struct data {
    size_t n, features;
    size_t categories[MAX_FEATURES];
    double x[MAX_ROWS][MAX_FEATURES], packed[MAX_ROWS * MAX_FEATURES], y[MAX_ROWS];
} data;

/* Feature f: constant, ternary, a category or continuous. */
static void make_data(data *d, size_t n, size_t features, uint32_t who) {
    static const size_t categories[MAX_FEATURES] = {0, 0, 4, 0, 2, 0, 0, 60};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, who, 0);
    d->n = n;
    d->features = features;
    for (size_t f = 0; f < features; f++) d->categories[f] = categories[f];
    for (size_t i = 0; i < n; i++) {
        d->y[i] = -2 + 0.3 * base_rng_normal(&rng);
        for (size_t f = 0; f < features; f++) {
            double x = base_rng_uniform(&rng);
            if (f == 1) x = floor(3 * x) / 2;
            if (f == 3) x = 0.25;
            if (categories[f] > 0) x = (double)base_rng_below(&rng, categories[f]);
            d->x[i][f] = d->packed[i * features + f] = x;
            d->y[i] += categories[f] > 0 ? 0.3 * sin(7 * x) : f < 3 ? (x - 0.6) * (x - 0.6) : 0;
        }
    }
}

/* ---- the naive forest ---- */

typedef struct naive {
    const data *d;
    base_rng *rng;
    double values[MAX_ROWS]; /* by row of the data: the leaf that it falls into */
    bool logs;
    size_t total, leaves, least;
} naive;

typedef struct split {
    size_t feature;
    uint32_t draw;
    double threshold, score;
    uint64_t mask;
} split;

static bool left_of(const naive *t, const split *s, size_t row) {
    const double x = t->d->x[row][s->feature];
    return t->d->categories[s->feature] > 0 ? (s->mask >> (int)x) & 1 : x <= s->threshold;
}

/* Sum of squares around the mean of the drawn rows for which left_of(s) == side (s NULL: all). */
static double squares(const naive *t, const size_t *drawn, size_t count, const split *s, bool side) {
    double sum = 0, n = 0, result = 0;
    for (size_t i = 0; i < count; i++) {
        if (s && left_of(t, s, drawn[i]) != side) continue;
        sum += t->d->y[drawn[i]];
        n++;
    }
    for (size_t i = 0; i < count; i++) {
        if (s && left_of(t, s, drawn[i]) != side) continue;
        result += (t->d->y[drawn[i]] - sum / n) * (t->d->y[drawn[i]] - sum / n);
    }
    return result;
}

static size_t different(const naive *t, const size_t *drawn, size_t count, const split *s, bool side) {
    bool seen[MAX_ROWS] = {false};
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (s && left_of(t, s, drawn[i]) != side) continue;
        n += !seen[drawn[i]];
        seen[drawn[i]] = true;
    }
    return n;
}

static bool draw_split(const naive *t, const size_t *drawn, size_t count, size_t f, split *s) {
    double low = INFINITY, high = -INFINITY;
    uint64_t present = 0;
    for (size_t i = 0; i < count; i++) {
        const double x = t->d->x[drawn[i]][f];
        low = fmin(low, x);
        high = fmax(high, x);
        present |= UINT64_C(1) << (int)x;
    }
    if (!(low < high)) return false;
    *s = (split){.feature = f};
    if (t->d->categories[f] > 0) {
        s->mask = base_rng_u64(t->rng) & present;
        if (s->mask == 0 || s->mask == present) {
            uint64_t which = base_rng_below(t->rng, (uint64_t)__builtin_popcountll(present));
            for (int bit = 0; bit < 64; bit++) {
                if (!((present >> bit) & 1) || which-- > 0) continue;
                s->mask ^= UINT64_C(1) << bit;
                break;
            }
        }
    }
    s->draw = base_rng_u32(t->rng);
    s->threshold = low + s->draw * 0x1p-32 * (high - low);
    s->score =
        squares(t, drawn, count, NULL, true) - squares(t, drawn, count, s, true) - squares(t, drawn, count, s, false);
    return true;
}

/* rows: every row of the data that comes here; drawn: the bootstrap's. */
static void grow_naively(naive *t, const size_t *rows, size_t n_rows, const size_t *drawn, size_t count) {
    split best = {.score = -1};
    bool differ = false;
    for (size_t i = 1; i < count; i++) differ = differ || t->d->y[drawn[i]] != t->d->y[drawn[0]];
    differ = differ && different(t, drawn, count, NULL, true) >= 2 * t->least;
    for (size_t f = 0; differ && f < t->d->features; f++) {
        split s;
        if (!draw_split(t, drawn, count, f, &s)) continue;
        if (different(t, drawn, count, &s, true) < t->least || different(t, drawn, count, &s, false) < t->least)
            continue;
        if (best.score >= 0 && fabs(s.score - best.score) < 1e-11 * best.score ? (s.draw | 1) > (best.draw | 1)
                                                                               : s.score > best.score) {
            best = s;
        }
    }
    if (best.score < 1e-8 * (double)t->total) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) sum += t->logs ? exp(t->d->y[drawn[i]]) : t->d->y[drawn[i]];
        const double mean = sum / (double)count;
        for (size_t i = 0; i < n_rows; i++) t->values[rows[i]] = t->logs ? log(mean) : mean;
        t->leaves++;
        return;
    }
    for (int side = 1; side >= 0; side--) {
        size_t my_rows[MAX_ROWS], my_drawn[MAX_ROWS], n_my_rows = 0, n_my_drawn = 0;
        for (size_t i = 0; i < n_rows; i++)
            if (left_of(t, &best, rows[i]) == side) my_rows[n_my_rows++] = rows[i];
        for (size_t i = 0; i < count; i++)
            if (left_of(t, &best, drawn[i]) == side) my_drawn[n_my_drawn++] = drawn[i];
        grow_naively(t, my_rows, n_my_rows, my_drawn, n_my_drawn);
    }
}

/* The square of what the mean of k trees misses holds s^2/k that the mean of all would hold as s^2/TREES. */
static void check_outside(const hpo_forest *forest, const data *d, double (*leaves)[TREES], bool (*seen)[TREES]) {
    double total = 0;
    size_t rows = 0;
    for (size_t i = 0; i < d->n; i++) {
        double k = 0, sum = 0, squared = 0;
        for (size_t t = 0; t < TREES; t++) k += !seen[i][t], sum += seen[i][t] ? 0 : leaves[i][t];
        for (size_t t = 0; t < TREES; t++) squared += seen[i][t] ? 0 : pow(leaves[i][t] - sum / k, 2);
        if (k < 2) continue;
        total += pow(d->y[i] - sum / k, 2) + squared / (k - 1) * (1.0 / TREES - 1 / k);
        rows++;
    }
    const double error = hpo_forest_outside_error(forest, d->y, d->n);
    if (rows == 0) assert_true(error == INFINITY);
    if (rows > 0) CHECK_NEAR(error, total / (double)rows, 1e-12);
}

static void compare_with_naive(size_t n, size_t features, bool logs, size_t least) {
    static data d;
    make_data(&d, n, features, (uint32_t)(n + features));
    hpo_forest *forest = hpo_forest_create(features, d.categories, TREES);
    hpo_forest_fit(forest, d.packed, d.y, n, logs, least, 77, 5);
    double leaves[MAX_ROWS][TREES], mean[MAX_ROWS], variance[MAX_ROWS];
    for (size_t i = 0; i < n; i++) hpo_forest_leaves(forest, d.packed + i * features, leaves[i]);
    static bool seen[MAX_ROWS][TREES];
    memset(seen, 0, sizeof seen);
    for (uint32_t tree = 0; tree < TREES; tree++) {
        base_rng rng = base_rng_stream(77, BASE_RNG_BOOTSTRAP, 5, tree);
        naive t = {.d = &d, .rng = &rng, .logs = logs, .total = n, .least = least};
        size_t rows[MAX_ROWS], drawn[MAX_ROWS];
        for (size_t i = 0; i < n; i++) {
            rows[i] = i;
            drawn[i] = (size_t)base_rng_below(&rng, n);
            seen[drawn[i]][tree] = true;
        }
        grow_naively(&t, rows, n, drawn, n);
        for (size_t i = 0; i < n; i++) CHECK_NEAR(leaves[i][tree], t.values[i], 1e-12);
        if (n > 50) assert_true(t.leaves > n / (least == 1 ? 3 : 8 * least)); /* grown out, not stunted */
        if (least > 1) assert_true(t.leaves <= n / least);
    }
    hpo_forest_predict(forest, d.packed, n, mean, variance);
    for (size_t i = 0; i < n; i++) {
        double sum = 0, squared = 0;
        for (size_t t = 0; t < TREES; t++) sum += leaves[i][t];
        for (size_t t = 0; t < TREES; t++) squared += pow(leaves[i][t] - sum / TREES, 2);
        CHECK_NEAR(mean[i], sum / TREES, 1e-13);
        CHECK_NEAR(variance[i], squared / TREES, 1e-13);
    }
    check_outside(forest, &d, leaves, seen);
    hpo_forest_destroy(forest);
}

static void trees_are_those_of_the_naive_forest(void **state) {
    (void)state;
    compare_with_naive(1, 3, false, 1);
    compare_with_naive(2, 2, false, 1);
    compare_with_naive(30, 1, false, 1);
    compare_with_naive(300, 2, false, 1);
    compare_with_naive(200, MAX_FEATURES, false, 1);
    compare_with_naive(200, MAX_FEATURES, false, 3);
    compare_with_naive(300, 2, false, 12);
    compare_with_naive(100, MAX_FEATURES, true, 6);
}

static void leaves_of_logarithms_hold_the_logarithm_of_the_mean(void **state) {
    (void)state;
    compare_with_naive(60, 2, true, 1);
    compare_with_naive(200, MAX_FEATURES, true, 1);
    /* one leaf that holds three targets: nothing varies */
    const double x[3] = {0.5, 0.5, 0.5}, y[3] = {-1, -2, -4};
    hpo_forest *forest = hpo_forest_create(1, NULL, 400);
    double mean, variance, leaves[400];
    hpo_forest_fit(forest, x, y, 3, true, 1, 1, 0);
    hpo_forest_leaves(forest, x, leaves);
    double raised = 0;
    for (size_t t = 0; t < 400; t++) raised += exp(leaves[t]) / 400;
    CHECK_NEAR(raised, (exp(-1) + exp(-2) + exp(-4)) / 3, 0.03); /* over bootstraps it is the mean again */
    hpo_forest_predict(forest, x, 1, &mean, &variance);
    assert_true(variance > 0);
    hpo_forest_destroy(forest);
}

/* Another fit number or seed is another bootstrap, the same is the same, whatever was fitted in between. */
static void a_fit_follows_from_its_stream(void **state) {
    (void)state;
    static data d;
    make_data(&d, 100, 4, 3);
    hpo_forest *forest = hpo_forest_create(4, d.categories, TREES);
    double first[TREES], again[TREES];
    hpo_forest_fit(forest, d.packed, d.y, 100, false, 1, 9, 1);
    hpo_forest_leaves(forest, d.packed, first);
    for (uint32_t other = 0; other < 2; other++) {
        hpo_forest_fit(forest, d.packed, d.y, 100, false, 1, 9 + other, 2 - other);
        hpo_forest_leaves(forest, d.packed, again);
        assert_true(memcmp(first, again, sizeof first) != 0);
    }
    hpo_forest_fit(forest, d.packed, d.y, 100, false, 1, 9, 1);
    hpo_forest_leaves(forest, d.packed, again);
    assert_memory_equal(first, again, sizeof first);
    hpo_forest_destroy(forest);
}

/* 200 categories share 64 bits, but in every node others: all can be told apart. */
static void many_categories_are_told_apart(void **state) {
    (void)state;
    enum { N = 200 };
    const size_t categories = N;
    double x[4 * N], y[4 * N], mean[4 * N], variance[4 * N];
    for (size_t i = 0; i < 4 * N; i++) {
        x[i] = (double)(i % N);
        y[i] = (double)((i % N) * 37 % N);
    }
    hpo_forest *forest = hpo_forest_create(1, &categories, 30);
    hpo_forest_fit(forest, x, y, 4 * N, false, 1, 3, 0);
    hpo_forest_predict(forest, x, N, mean, variance);
    double worst = 0, error = 0;
    for (size_t i = 0; i < N; i++) {
        worst = fmax(worst, fabs(mean[i] - y[i]));
        error += fabs(mean[i] - y[i]) / N;
    }
    assert_true(error < 2); /* of a deviation of 58; a category is missing in 2 of 100 bootstraps */
    assert_true(worst < 30);
    hpo_forest_destroy(forest);
}

/* Trees agree where there are data and disagree between: the variance is of use. */
static void variance_is_larger_where_nothing_is_known(void **state) {
    (void)state;
    enum { N = 60 };
    double x[N], y[N];
    for (size_t i = 0; i < N; i++) {
        x[i] = i < N / 2 ? 0.3 * (double)i / N : 1 - 0.3 * (double)(N - i) / N;
        y[i] = sin(6 * x[i]);
    }
    hpo_forest *forest = hpo_forest_create(1, NULL, 100);
    hpo_forest_fit(forest, x, y, N, false, 1, 4, 0);
    const double known = 0.1, unknown = 0.5;
    double mean, at_known, at_unknown;
    hpo_forest_predict(forest, &known, 1, &mean, &at_known);
    CHECK_NEAR(mean, sin(0.6), 0.05);
    hpo_forest_predict(forest, &unknown, 1, &mean, &at_unknown);
    assert_true(at_unknown > 20 * at_known);
    hpo_forest_destroy(forest);
}

static void a_copy_outlives_the_forest(void **state) {
    (void)state;
    enum { N = 40 };
    double points[2 * N], targets[N], mean[N], variance[N], again[N];
    const size_t categories[] = {0, 3};
    base_arena *arena = base_arena_create();
    for (size_t i = 0; i < N; i++) {
        points[2 * i] = (double)i / N;
        points[2 * i + 1] = (double)(i % 3);
        targets[i] = points[2 * i] * (1 + points[2 * i + 1]);
    }
    hpo_forest *forest = hpo_forest_create(2, categories, 10);
    hpo_forest_fit(forest, points, targets, N, false, 1, 5, 0);
    hpo_forest_predict(forest, points, N, mean, variance);
    const hpo_forest *copy = hpo_forest_copy(forest, arena);
    hpo_forest_destroy(forest);
    hpo_forest_predict(copy, points, N, again, variance);
    CHECK_ARRAY_NEAR(again, mean, N, 0);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_those_of_the_naive_forest),
        cmocka_unit_test(leaves_of_logarithms_hold_the_logarithm_of_the_mean),
        cmocka_unit_test(a_fit_follows_from_its_stream),
        cmocka_unit_test(many_categories_are_told_apart),
        cmocka_unit_test(variance_is_larger_where_nothing_is_known),
        cmocka_unit_test(a_copy_outlives_the_forest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
