/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Splits as ranges of one stratified order.
 *
 * Each class is shuffled by itself; the sample of rank r among n of its class gets the quantile (r + u) / n, with one
 * uniform phase u per class, and all samples are sorted by quantile. Any window of that order holds a fraction of each
 * class that is proportional within one sample. So every part is simply a range: the test part first, then validation
 * (or one of K equal windows), then training, and a fraction of the training part is its beginning, which makes smaller
 * fractions subsets of larger ones. Regression sets are one class. */
#include "engine/data/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

typedef struct quantile {
    double at;
    uint32_t index;
} quantile;

static int by_quantile(const void *a, const void *b) {
    const quantile *x = a, *y = b;
    if (x->at < y->at) return -1;
    if (x->at > y->at) return 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static size_t class_of(const eng_dataset *set, size_t i) {
    return set->labels ? (size_t)set->labels[i] : 0;
}

/* order[0 .. count-1]: the samples 0 .. count-1 in stratified order. members: room for count. */
static void stratify(const eng_dataset *set, size_t count, uint64_t seed, quantile *sorted, uint32_t *members,
                     uint32_t *order) {
    size_t classes = set->labels ? set->classes : 1;
    size_t *begin = base_calloc(classes + 2, sizeof *begin); /* begin[c + 1] moves while class c fills */
    for (size_t i = 0; i < count; i++) begin[class_of(set, i) + 2]++;
    for (size_t c = 0; c < classes; c++) begin[c + 2] += begin[c + 1];
    for (size_t i = 0; i < count; i++) members[begin[class_of(set, i) + 1]++] = (uint32_t)i;
    for (size_t c = 0; c < classes; c++) {
        size_t n = begin[c + 1] - begin[c];
        base_rng rng = base_rng_stream(seed, BASE_RNG_SPLIT, (uint32_t)c, 0);
        double phase = base_rng_uniform(&rng);
        base_rng_shuffle_u32(&rng, members + begin[c], n);
        for (size_t r = 0; r < n; r++)
            sorted[begin[c] + r] = (quantile){((double)r + phase) / (double)n, members[begin[c] + r]};
    }
    free(begin);
    qsort(sorted, count, sizeof *sorted, by_quantile);
    for (size_t i = 0; i < count; i++) order[i] = sorted[i].index;
}

static base_status check_shares(const eng_split_settings *s, base_err *err) {
    if (!(s->test_fraction >= 0 && s->test_fraction < 1))
        return BASE_FAIL(err, BASE_INVALID, "test_fraction is %g; it must lie in [0, 1)", s->test_fraction);
    if (!(s->valid_fraction >= 0 && s->valid_fraction < 1))
        return BASE_FAIL(err, BASE_INVALID, "valid_fraction is %g; it must lie in [0, 1)", s->valid_fraction);
    if (!(s->fraction > 0 && s->fraction <= 1))
        return BASE_FAIL(err, BASE_INVALID, "fraction is %g; it must lie in (0, 1]", s->fraction);
    return BASE_OK;
}

/* pool: the samples that do not test. */
static base_status check_folds(const eng_dataset *set, const eng_split_settings *s, size_t pool, base_err *err) {
    if (s->folds == 1 || s->folds > pool)
        return BASE_FAIL(err, BASE_INVALID,
                         "folds is %zu; 0 (none) or 2 to %zu (what %s has besides its test part) are possible",
                         s->folds, pool, set->name);
    if (s->folds && s->fold >= s->folds)
        return BASE_FAIL(err, BASE_INVALID, "fold is %zu; with folds: %zu it is 0 to %zu", s->fold, s->folds,
                         s->folds - 1);
    return BASE_OK;
}

/* round(share * count), but neither nothing nor everything of what a positive share is taken from. */
static size_t share_of(double share, size_t count) {
    size_t n = (size_t)llround(share * (double)count);
    if (share > 0 && n == 0) n = 1;
    return n < count || count == 0 ? n : count - 1;
}

typedef struct window {
    size_t begin, end;
} window;

/* How many samples test, and what of the others validates. */
static window windows_of(const eng_dataset *set, const eng_split_settings *s, size_t *test, size_t *pool) {
    size_t shuffled = set->count - set->test_count; /* an official test part stays as it is, at the end */
    *test = set->test_count ? 0 : share_of(s->test_fraction, shuffled);
    *pool = shuffled - *test;
    if (s->folds == 0) return (window){0, share_of(s->valid_fraction, *pool)};
    return (window){*pool * s->fold / s->folds, *pool * (s->fold + 1) / s->folds};
}

static size_t used_of(double fraction, size_t train) {
    size_t used = (size_t)llround(fraction * (double)train);
    return used ? used : (train > 0);
}

/* order holds `pool` samples. Lays the training samples out behind the validation window in place. */
static void lay_out(uint32_t *order, size_t pool, window valid, double fraction, eng_split *out) {
    uint32_t *kept = base_malloc((valid.end - valid.begin + 1) * sizeof *kept);
    size_t n = valid.end - valid.begin, train = pool - n;
    memcpy(kept, order + valid.begin, n * sizeof *kept);
    memmove(order + n, order, valid.begin * sizeof *order);
    memcpy(order, kept, n * sizeof *kept);
    free(kept);
    out->valid = (eng_part){order, n};
    out->train = (eng_part){order + n, used_of(fraction, train)};
}

size_t eng_split_train_count(const eng_dataset *set, const eng_split_settings *settings) {
    size_t test, pool;
    const window valid = windows_of(set, settings, &test, &pool);
    return used_of(settings->fraction, pool - (valid.end - valid.begin));
}

base_status eng_split_make(const eng_dataset *set, const eng_split_settings *settings, eng_split *out, base_err *err) {
    const eng_split_settings *s = settings;
    *out = (eng_split){0};
    BASE_TRY(check_shares(s, err));
    size_t shuffled = set->count - set->test_count, test, pool;
    const window valid = windows_of(set, s, &test, &pool);
    BASE_TRY(check_folds(set, s, pool, err));
    bool want_valid = s->folds || s->valid_fraction > 0;
    if (pool - (valid.end - valid.begin) == 0 || (want_valid && valid.end == valid.begin))
        return BASE_FAIL(err, BASE_INVALID,
                         "%s has %zu samples besides %zu to test: too few for a training and a validation part",
                         set->name, pool, set->test_count + test);

    uint32_t *order = malloc(set->count * sizeof *order), *members = malloc(shuffled * sizeof *members);
    quantile *sorted = malloc(shuffled * sizeof *sorted);
    base_status status = BASE_OK;
    if (order && members && sorted) {
        stratify(set, shuffled, s->seed, sorted, members, order);
        for (size_t i = shuffled; i < set->count; i++) order[i] = (uint32_t)i;
        out->memory = order;
        out->test = set->test_count ? (eng_part){order + shuffled, set->test_count} : (eng_part){order, test};
        lay_out(order + test, pool, valid, s->fraction, out);
    } else {
        status = BASE_FAIL(err, BASE_NOMEM, "no memory to split the %zu samples of %s", set->count, set->name);
        free(order);
    }
    free(members);
    free(sorted);
    return status;
}

void eng_split_fini(eng_split *split) {
    free(split->memory);
    *split = (eng_split){0};
}
