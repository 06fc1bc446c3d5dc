/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One parameter and its coordinate in [0,1].
 *
 * Continuous ranges map their scaled bounds to 0 and 1. Integers and stepped floats are padded by half a step on each
 * side before scaling, so that on a linear scale every level has the same mass and on a log scale level k has the
 * log-uniform mass ln((k + 1/2)/(k - 1/2)): rounding the unpadded range instead would give the two end values half the
 * mass of the others. Levels of a stepped float are computed in decimal units, because 0.1 + 2 * 0.1 is not 0.3. */
#include "hpo/space/space_impl.h"

#include <math.h>

/* 10^d such that min and step are whole multiples of 10^-d, or 0 when there is none. Dividing two exact integers rounds
 * once, so the test also says that the decimal fraction reads as the very same double. */
static double decimal_unit(double min, double step) {
    double unit = 1;
    for (int d = 0; d <= 18; d++, unit *= 10) {
        double a = rint(min * unit), b = rint(step * unit);
        if (fabs(a) > 0x1p53 || b > 0x1p53) return 0;
        if (b >= 1 && a / unit == min && b / unit == step) return unit;
    }
    return 0;
}

double hpo_param_level(const hpo_param *param, double k) {
    double unit = param->kind == HPO_INT ? 1 : decimal_unit(param->min, param->step);
    if (unit > 0) {
        double units = rint(param->min * unit) + k * rint(param->step * unit);
        if (fabs(units) <= 0x1p53) return units / unit;
    }
    return param->min + k * param->step;
}

double hpo_param_nearest_level(const hpo_param *param, double value) {
    double last = rint((param->max - param->min) / param->step);
    double k = rint((value - param->min) / param->step);
    return k < 0 ? 0 : k > last ? last : k;
}

uint64_t hpo_param_levels(const hpo_param *param) {
    if (!hpo_param_is_number(param)) return param->n_choices;
    if (param->step <= 0) return 0;
    return (uint64_t)rint((param->max - param->min) / param->step) + 1;
}

static double scale_value(hpo_scale scale, double x) {
    switch (scale) {
    case HPO_LINEAR: break;
    case HPO_LOG: return log(x);
    case HPO_LOGIT: return log(x) - log1p(-x);
    }
    return x;
}

static double unscale_value(hpo_scale scale, double t) {
    switch (scale) {
    case HPO_LINEAR: break;
    case HPO_LOG: return exp(t);
    case HPO_LOGIT: return t >= 0 ? 1 / (1 + exp(-t)) : exp(t) / (1 + exp(t));
    }
    return t;
}

static double clip(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

/* Scaled ends of the padded range. */
static void scaled_range(const hpo_param *param, double *low, double *high) {
    double pad = param->step / 2;
    *low = scale_value(param->scale, param->min - pad);
    *high = scale_value(param->scale, param->max + pad);
}

static double number_to_unit(const hpo_param *param, double value) {
    double low, high;
    scaled_range(param, &low, &high);
    return clip((scale_value(param->scale, value) - low) / (high - low), 0, 1);
}

double hpo_param_to_unit(const hpo_param *param, double value) {
    if (param->kind == HPO_CONSTANT) return 0.5;
    if (isnan(value)) return value;
    if (!hpo_param_is_number(param)) return (value + 0.5) / (double)param->n_choices;
    if (param->step > 0 && param->scale == HPO_LINEAR)
        return (hpo_param_nearest_level(param, value) + 0.5) / (double)hpo_param_levels(param);
    return number_to_unit(param, value);
}

/* The bin of [0,1] cut into n equal ones. */
static double bin_of_unit(double unit, double n) {
    double k = floor(unit * n);
    return k < n ? k : n - 1;
}

/* A coordinate that is not a number (an inactive one that was handed back) decodes to the middle. */
double hpo_param_from_unit(const hpo_param *param, double unit) {
    if (param->kind == HPO_CONSTANT) return 0;
    unit = isnan(unit) ? 0.5 : clip(unit, 0, 1);
    if (!hpo_param_is_number(param)) return bin_of_unit(unit, (double)param->n_choices);
    if (param->step > 0 && param->scale == HPO_LINEAR)
        return hpo_param_level(param, bin_of_unit(unit, (double)hpo_param_levels(param)));
    if (unit <= 0) return param->min;
    if (unit >= 1) return param->max;
    double low, high;
    scaled_range(param, &low, &high);
    double value = unscale_value(param->scale, low + unit * (high - low));
    if (param->step > 0) value = hpo_param_level(param, hpo_param_nearest_level(param, value));
    return clip(value, param->min, param->max);
}

void hpo_param_bin(const hpo_param *param, double value, double *low, double *high) {
    if (hpo_param_is_number(param) && param->scale != HPO_LINEAR) {
        *low = number_to_unit(param, value - param->step / 2);
        *high = number_to_unit(param, value + param->step / 2);
        return;
    }
    double n = (double)hpo_param_levels(param);
    double k = hpo_param_is_number(param) ? hpo_param_nearest_level(param, value) : value;
    *low = k / n;
    *high = (k + 1) / n;
}
