/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fits and applies an affine map per feature.
 *
 * Sums over bytes are exact integers; sums over reals are doubles in two passes (first the mean, then the squared
 * deviations from it), so that neither a large mean nor many samples cost digits. The map subtracts before it
 * multiplies for the same reason. */
#include "engine/data/normalizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Statistics of each feature over the training part. */
typedef struct column {
    double mean, variance, min, max;
} column;

enum { CACHE_LINE = 64, AHEAD = 2 };
enum { BLOCK = 65536 }; /* rows of bytes whose sums of squares fit 32 bits: 65536 * 255^2 < 2^32 */

typedef struct byte_sums {
    uint32_t *sum, *square; /* of the current block */
    uint64_t *total, *total_square;
    uint8_t *min, *max;
} byte_sums;

static void add_row(const uint8_t *restrict x, size_t features, uint32_t *restrict sum, uint32_t *restrict square,
                    uint8_t *restrict min, uint8_t *restrict max) {
    for (size_t j = 0; j < features; j++) {
        uint32_t v = x[j];
        sum[j] += v;
        square[j] += v * v;
    }
    for (size_t j = 0; j < features; j++) min[j] = x[j] < min[j] ? x[j] : min[j];
    for (size_t j = 0; j < features; j++) max[j] = x[j] > max[j] ? x[j] : max[j];
}

static void close_block(byte_sums *s, size_t features) {
    for (size_t j = 0; j < features; j++) {
        s->total[j] += s->sum[j];
        s->total_square[j] += s->square[j];
        s->sum[j] = s->square[j] = 0;
    }
}

static void count_bytes(const eng_dataset *set, eng_part part, column *columns) {
    size_t f = set->features;
    byte_sums s = {base_calloc(f, sizeof *s.sum),
                   base_calloc(f, sizeof *s.square),
                   base_calloc(f, sizeof *s.total),
                   base_calloc(f, sizeof *s.total_square),
                   base_malloc(f),
                   base_calloc(f, 1)};
    memset(s.min, 0xff, f);
    for (size_t i = 0; i < part.count; i++) {
        add_row(set->bytes + part.index[i] * f, f, s.sum, s.square, s.min, s.max);
        if ((i + 1) % BLOCK == 0) close_block(&s, f);
    }
    close_block(&s, f);
    double n = (double)part.count;
    for (size_t j = 0; j < f; j++) {
        double mean = (double)s.total[j] / n;
        columns[j] = (column){mean, (double)s.total_square[j] / n - mean * mean, s.min[j], s.max[j]};
    }
    void *const all[] = {s.sum, s.square, s.total, s.total_square, s.min, s.max};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void count_reals(const eng_dataset *set, eng_part part, column *columns) {
    size_t f = set->features;
    double n = (double)part.count;
    for (size_t j = 0; j < f; j++) columns[j] = (column){.min = INFINITY, .max = -INFINITY};
    for (size_t i = 0; i < part.count; i++) {
        const float *x = set->reals + part.index[i] * f;
        for (size_t j = 0; j < f; j++) {
            columns[j].mean += (double)x[j] / n;
            columns[j].min = fmin(columns[j].min, (double)x[j]);
            columns[j].max = fmax(columns[j].max, (double)x[j]);
        }
    }
    for (size_t i = 0; i < part.count; i++) {
        const float *x = set->reals + part.index[i] * f;
        for (size_t j = 0; j < f; j++) {
            double d = (double)x[j] - columns[j].mean;
            columns[j].variance += d * d / n;
        }
    }
}

/* One column that stands for every `step`-th of them, which are the pixels of a channel: the law of total variance
 * joins them. */
static void pool_columns(column *columns, size_t pixels, size_t step) {
    const size_t end = pixels * step;
    const double count = (double)pixels;
    column all = {.min = INFINITY, .max = -INFINITY};
    for (size_t j = 0; j < end; j += step) {
        all.mean += columns[j].mean / count;
        all.min = fmin(all.min, columns[j].min);
        all.max = fmax(all.max, columns[j].max);
    }
    for (size_t j = 0; j < end; j += step) {
        double d = columns[j].mean - all.mean;
        all.variance += (columns[j].variance + d * d) / count;
    }
    for (size_t j = 0; j < end; j += step) columns[j] = all;
}

static void affine(eng_normalize kind, const column *c, float *offset, float *scale) {
    double width = kind == ENG_NORMALISE_SCALE01 ? c->max - c->min : sqrt(fmax(c->variance, 0));
    *offset = (float)(kind == ENG_NORMALISE_SCALE01 ? c->min : c->mean);
    *scale = c->max > c->min && width > 0 ? (float)(1 / width) : 0;
}

static void fit_targets(const eng_dataset *set, eng_part train, eng_normalizer *out) {
    column c = {.min = INFINITY, .max = -INFINITY};
    double n = (double)train.count;
    for (size_t i = 0; i < train.count; i++) {
        double y = (double)set->targets[train.index[i]];
        c.mean += y / n;
        c.min = fmin(c.min, y);
        c.max = fmax(c.max, y);
    }
    for (size_t i = 0; i < train.count; i++) c.variance += pow((double)set->targets[train.index[i]] - c.mean, 2) / n;
    affine(ENG_NORMALIZE_STANDARD, &c, &out->target_offset, &out->target_scale);
    if (out->target_scale == 0) out->target_scale = 1; /* a constant target must stay readable in its own unit */
}

base_status eng_normalizer_fit(eng_normalize kind, const eng_dataset *set, eng_part train, eng_normalizer *out,
                               base_err *err) {
    size_t f = set->features;
    BASE_ASSERT(train.count > 0);
    *out = (eng_normalizer){.features = f, .target_scale = 1};
    out->offset = calloc(f, sizeof *out->offset);
    out->scale = calloc(f, sizeof *out->scale);
    column *columns = kind == ENG_NORMALIZE_NONE ? NULL : calloc(f, sizeof *columns);
    if (!out->offset || !out->scale || (kind != ENG_NORMALIZE_NONE && !columns)) {
        free(columns);
        eng_normalizer_fini(out);
        return BASE_FAIL(err, BASE_NOMEM, "no memory to normalize %zu features of %s", f, set->name);
    }
    if (kind == ENG_NORMALIZE_NONE) {
        for (size_t j = 0; j < f; j++) out->scale[j] = 1;
        return BASE_OK;
    }
    if (set->bytes)
        count_bytes(set, train, columns);
    else
        count_reals(set, train, columns);
    const size_t channels = set->shape[set->rank - 1];
    for (size_t c = 0; set->rank > 1 && c < channels; c++) pool_columns(columns + c, f / channels, channels);
    for (size_t j = 0; j < f; j++) affine(kind, &columns[j], &out->offset[j], &out->scale[j]);
    if (set->targets) fit_targets(set, train, out);
    free(columns);
    return BASE_OK;
}

void eng_normalizer_fini(eng_normalizer *normalizer) {
    free(normalizer->offset);
    free(normalizer->scale);
    *normalizer = (eng_normalizer){0};
}

static void map_bytes(const uint8_t *restrict x, const float *restrict offset, const float *restrict scale,
                      size_t features, float *restrict y) {
    for (size_t j = 0; j < features; j++) y[j] = ((float)x[j] - offset[j]) * scale[j];
}

static void map_reals(const float *restrict x, const float *restrict offset, const float *restrict scale,
                      size_t features, float *restrict y) {
    for (size_t j = 0; j < features; j++) y[j] = (x[j] - offset[j]) * scale[j];
}

/* The rows of a shuffled batch lie anywhere in memory, where the processor does not foresee them: asked for two rows
 * ahead, an epoch of Fashion-MNIST is gathered in half the time. */
static void prefetch(const eng_dataset *set, size_t row) {
    size_t size = set->features * (set->bytes ? sizeof *set->bytes : sizeof *set->reals);
    const char *start = (set->bytes ? (const char *)set->bytes : (const char *)set->reals) + row * size;
    for (size_t at = 0; at < size; at += CACHE_LINE) __builtin_prefetch(start + at);
}

void eng_normalizer_gather(const eng_normalizer *normalizer, const eng_dataset *set, const uint32_t *index,
                           size_t count, float *out) {
    const eng_normalizer *n = normalizer;
    size_t f = n->features;
    BASE_ASSERT(f == set->features);
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) prefetch(set, index[i + AHEAD]);
        if (set->bytes)
            map_bytes(set->bytes + index[i] * f, n->offset, n->scale, f, out + i * f);
        else
            map_reals(set->reals + index[i] * f, n->offset, n->scale, f, out + i * f);
    }
}

void eng_gather_labels(const eng_dataset *set, const uint32_t *index, size_t count, int32_t *out) {
    for (size_t i = 0; i < count; i++) out[i] = set->labels[index[i]];
}

void eng_normalizer_gather_targets(const eng_normalizer *normalizer, const eng_dataset *set, const uint32_t *index,
                                   size_t count, float *out) {
    for (size_t i = 0; i < count; i++)
        out[i] = (set->targets[index[i]] - normalizer->target_offset) * normalizer->target_scale;
}
