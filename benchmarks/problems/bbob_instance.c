/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an instance of a BBOB function draws at random: the optimum's place and value, rotations, Gallagher's peaks.
 *
 * Draws are COCO's, number for number: Park and Miller's minimal standard generator behind a shuffle of 32 numbers, the
 * normal ones by Box and Muller. The seed is that of the function plus 10,000 times the instance. */
#include <math.h>
#include <stdlib.h>

#include "benchmarks/problems/bbob.h"

enum { OTHER_SEED = 1000000 };

/* S. K. Park, K. W. Miller, "Random number generators: good ones are hard to find", CACM 31(10), 1988; the shuffle: C.
 * Bays, S. D. Durham, ACM TOMS 2(1), 1976. */
static uint64_t advance(uint64_t state) {
    return state * 16807 % 2147483647;
}

static void draw_uniform(uint64_t seed, size_t count, double *out) {
    enum { SHUFFLED = 32, FORGOTTEN = 8, BIN = 67108865 };
    uint64_t table[SHUFFLED], state = seed;
    for (size_t i = 0; i < FORGOTTEN; i++) state = advance(state);
    for (size_t i = SHUFFLED; i-- > 0;) table[i] = state = advance(state);
    uint64_t last = table[0];
    for (size_t i = 0; i < count; i++) {
        state = advance(state);
        uint64_t *place = &table[last / BIN];
        last = *place;
        *place = state;
        out[i] = (double)last / 2147483647.0;
    }
}

static void draw_normal(uint64_t seed, size_t count, double *out) {
    double *uniform = base_calloc(2 * count, sizeof *uniform);
    draw_uniform(seed, 2 * count, uniform);
    for (size_t i = 0; i < count; i++) {
        out[i] = sqrt(-2 * log(uniform[i])) * cos(2 * M_PI * uniform[count + i]);
        if (out[i] == 0) out[i] = 1e-99;
    }
    free(uniform);
}

/* The columns of a matrix of normal numbers, made orthonormal by Gram and Schmidt's procedure. */
static double *draw_rotation(uint64_t seed, size_t dims, base_arena *arena) {
    double *matrix = BASE_NEW_ARRAY(arena, dims * dims, double);
    draw_normal(seed, dims * dims, matrix);
    for (size_t i = 0; i < dims; i++) {
        double *column = matrix + i * dims, squares = 0;
        for (size_t k = 0; k < i; k++) {
            const double *earlier = matrix + k * dims;
            double product = 0;
            for (size_t n = 0; n < dims; n++) product += column[n] * earlier[n];
            for (size_t n = 0; n < dims; n++) column[n] -= product * earlier[n];
        }
        for (size_t n = 0; n < dims; n++) squares += column[n] * column[n];
        for (size_t n = 0; n < dims; n++) column[n] /= sqrt(squares);
    }
    return matrix;
}

/* A ratio of two normal numbers, times 100, on two digits, within [-1000, 1000] (section 0.1). */
static double draw_f_opt(uint64_t seed) {
    double above, below;
    draw_normal(seed, 1, &above);
    draw_normal(seed + 1, 1, &below);
    return fmin(1000, fmax(-1000, floor(100 * 100 * above / below + 0.5) / 100));
}

/* ---- the optimum's place ---- */
static void place_uniform(uint64_t seed, size_t dims, double *x) {
    draw_uniform(seed, dims, x);
    for (size_t i = 0; i < dims; i++) {
        x[i] = 8 * floor(1e4 * x[i]) / 1e4 - 4;
        if (x[i] == 0) x[i] = -1e-5;
    }
}

static void place_signs(const double *draws, double border, double size, size_t dims, double *x) {
    for (size_t i = 0; i < dims; i++) x[i] = draws[i] < border ? -size : size;
}

/* R^T 1 / 2 over the magnification: the sums of the rotation's columns. */
static void place_rotated(const bbob_data *data) {
    for (size_t i = 0; i < data->dims; i++) {
        double sum = 0;
        for (size_t n = 0; n < data->dims; n++) sum += data->rotation[0][i * data->dims + n];
        data->x_opt[i] = sum / (2 * bbob_magnification(data->dims));
    }
}

static void place_optimum(const bbob_data *data, uint64_t seed) {
    const size_t dims = data->dims;
    double *x = data->x_opt;
    const bbob_place place = data->function->place;
    place_uniform(place == BBOB_UNIFORM_1 ? seed + OTHER_SEED : seed, dims, x);
    switch (place) {
    case BBOB_HALF_POSITIVE:
        for (size_t i = 0; i < dims; i += 2) x[i] = fabs(x[i]);
        break;
    case BBOB_NARROW:
        for (size_t i = 0; i < dims; i++) x[i] *= 0.75;
        break;
    case BBOB_CORNER: place_signs(x, 0, 5, dims, x); break;
    case BBOB_ROTATED: place_rotated(data); break;
    case BBOB_SCHWEFEL:
        draw_uniform(seed, dims, x);
        place_signs(x, 0.5, 4.2096874637 / 2, dims, x);
        break;
    case BBOB_LUNACEK:
        draw_normal(seed, dims, x);
        place_signs(x, 0, 2.5 / 2, dims, x);
        break;
    default: break;
    }
}

/* ---- Gallagher's peaks ---- */
typedef struct ranked {
    double value;
    size_t index;
} ranked;

static int by_value(const void *a, const void *b) {
    const double one = ((const ranked *)a)->value, two = ((const ranked *)b)->value;
    return (one > two) - (one < two);
}

/* A random permutation: the order of count uniform numbers. */
static void draw_order(uint64_t seed, size_t count, double *draws, ranked *order) {
    draw_uniform(seed, count, draws);
    for (size_t i = 0; i < count; i++) order[i] = (ranked){draws[i], i};
    qsort(order, count, sizeof *order, by_value);
}

/* The root of the condition number alpha of every peak: that of the highest is 31.6 or 1000, the others' are 1000^(2k /
 * (n - 2)) in random order. */
static void draw_conditions(const bbob_peaks *peaks, uint64_t seed, double *draws, ranked *order, double *conditions) {
    const bool many = peaks->count > 21;
    draw_order(seed, peaks->count - 1, draws, order);
    conditions[0] = many ? sqrt(1000) : 1000;
    for (size_t i = 1; i < peaks->count; i++)
        conditions[i] = pow(1000, (double)order[i - 1].index / (double)(peaks->count - 2));
}

/* f21 scatters its 101 peaks over [-5, 5], f22 its 21 over [-4.9, 4.9]; the highest is kept away from the border. */
static void place_peaks(const bbob_data *data, uint64_t seed, double *draws) {
    const bbob_peaks *peaks = &data->peaks;
    const double reach = peaks->count > 21 ? 5 : 4.9;
    draw_uniform(seed, peaks->count * data->dims, draws);
    for (size_t i = 0; i < peaks->count; i++) {
        double *y = draws + i * data->dims;
        for (size_t k = 0; k < data->dims; k++) y[k] = (i == 0 ? 0.8 : 1) * (2 * reach * y[k] - reach);
        bbob_rotate(data->rotation[0], data->dims, y, peaks->center + i * data->dims);
    }
    for (size_t k = 0; k < data->dims; k++) data->x_opt[k] = draws[k];
}

static void draw_peaks(bbob_data *data, uint64_t seed, base_arena *arena) {
    const size_t count = data->function->peaks, dims = data->dims, most = count > dims ? count : dims;
    data->peaks = (bbob_peaks){.count = count,
                               .height = BASE_NEW_ARRAY(arena, count, double),
                               .center = BASE_NEW_ARRAY(arena, count * dims, double),
                               .scale = BASE_NEW_ARRAY(arena, count * dims, double)};
    double *draws = base_calloc(count * dims, sizeof *draws), *conditions = base_calloc(count, sizeof *conditions);
    ranked *order = base_calloc(most, sizeof *order);
    draw_conditions(&data->peaks, seed, draws, order, conditions);
    for (size_t i = 0; i < count; i++) {
        data->peaks.height[i] = i == 0 ? 10 : 1.1 + 8 * (double)(i - 1) / (double)(count - 2);
        draw_order(seed + 1000 * i, dims, draws, order);
        for (size_t k = 0; k < dims; k++)
            data->peaks.scale[i * dims + k] = pow(conditions[i], (double)order[k].index / (double)(dims - 1) - 0.5);
    }
    place_peaks(data, seed, draws);
    free(order);
    free(conditions);
    free(draws);
}

const bbob_data *bbob_create(const bbob_function *function, size_t dims, uint64_t instance, base_arena *arena) {
    const uint64_t seed = (uint64_t)function->seed + 10000 * instance;
    bbob_data *data = BASE_NEW(arena, bbob_data);
    *data = (bbob_data){.function = function,
                        .dims = dims,
                        .f_opt = draw_f_opt(seed),
                        .x_opt = BASE_NEW_ARRAY(arena, dims, double),
                        .z = BASE_NEW_ARRAY(arena, dims, double),
                        .scratch = BASE_NEW_ARRAY(arena, dims, double)};
    for (const bbob_step *step = function->steps; step->kind != BBOB_END; step++) {
        const size_t which = step->kind == BBOB_ROTATE_1;
        if ((which || step->kind == BBOB_ROTATE_0) && !data->rotation[which])
            data->rotation[which] = draw_rotation(seed + (which ? OTHER_SEED : 0), dims, arena);
    }
    if (function->place == BBOB_PEAK)
        draw_peaks(data, seed, arena);
    else
        place_optimum(data, seed);
    return data;
}
