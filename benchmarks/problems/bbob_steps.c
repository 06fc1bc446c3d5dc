/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transformations of BBOB's definitions (RR-6829, section 0.2), each over a whole vector. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/bbob.h"

double bbob_oscillate(double x) {
    if (x == 0) return 0;
    const double hat = log(fabs(x)), c1 = x > 0 ? 10 : 5.5, c2 = x > 0 ? 7.9 : 3.1;
    return copysign(exp(hat + 0.049 * (sin(c1 * hat) + sin(c2 * hat))), x);
}

double bbob_outside(const double *x, size_t dims, double limit) {
    double sum = 0;
    for (size_t i = 0; i < dims; i++) {
        const double beyond = fmax(0, fabs(x[i]) - limit);
        sum += beyond * beyond;
    }
    return sum;
}

void bbob_rotate(const double *rotation, size_t dims, const double *z, double *out) {
    memset(out, 0, dims * sizeof *out);
    for (size_t k = 0; k < dims; k++) {
        const double *column = rotation + k * dims, factor = z[k];
        for (size_t i = 0; i < dims; i++) out[i] += factor * column[i];
    }
}

double bbob_magnification(size_t dims) {
    return fmax(1, sqrt((double)dims) / 8);
}

/* i / (D - 1), with which every graded factor grows. */
static double grade(const bbob_data *data, size_t i) {
    return (double)i / (double)(data->dims - 1);
}

static double skewed(double z, double exponent) {
    return z > 0 ? pow(z, 1 + exponent * sqrt(z)) : z;
}

static double stretched(double z, size_t i, double graded) {
    const double factor = pow(10, 0.5 * graded);
    return z > 0 && i % 2 == 0 ? 10 * factor * z : factor * z;
}

static double rounded(double z) {
    return fabs(z) > 0.5 ? floor(z + 0.5) : floor(10 * z + 0.5) / 10;
}

static void rotate(const bbob_data *data, const double *rotation) {
    memcpy(data->scratch, data->z, data->dims * sizeof *data->z);
    bbob_rotate(rotation, data->dims, data->scratch, data->z);
}

/* From the last coordinate down, because each needs its neighbour as it was. */
static void chain(const bbob_data *data, double amount) {
    for (size_t i = data->dims - 1; i > 0; i--) data->z[i] += 0.25 * (data->z[i - 1] - amount);
}

static double step_of(const bbob_data *data, const bbob_step *step, size_t i, double z) {
    switch (step->kind) {
    case BBOB_SHIFT: return z - data->x_opt[i];
    case BBOB_REFLECT: return copysign(2, data->x_opt[i]) * z;
    case BBOB_OFFSET: return z + step->amount;
    case BBOB_MULTIPLY: return step->amount * z;
    case BBOB_MAGNIFY: return bbob_magnification(data->dims) * z;
    case BBOB_CONDITION: return pow(step->amount, 0.5 * grade(data, i)) * z;
    case BBOB_OSCILLATE: return bbob_oscillate(z);
    case BBOB_SKEW: return skewed(z, step->amount * grade(data, i));
    case BBOB_STRETCH: return stretched(z, i, grade(data, i));
    case BBOB_ROUND: return rounded(z);
    default: return z;
    }
}

void bbob_transform(const bbob_data *data, const double *x) {
    memcpy(data->z, x, data->dims * sizeof *x);
    for (const bbob_step *step = data->function->steps; step->kind != BBOB_END; step++) {
        switch (step->kind) {
        case BBOB_ROTATE_0: rotate(data, data->rotation[0]); break;
        case BBOB_ROTATE_1: rotate(data, data->rotation[1]); break;
        case BBOB_CHAIN: chain(data, step->amount); break;
        default:
            for (size_t i = 0; i < data->dims; i++) data->z[i] = step_of(data, step, i, data->z[i]);
        }
    }
}
