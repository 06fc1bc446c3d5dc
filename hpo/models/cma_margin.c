/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What keeps a search of levels and choices alive: CatCMA with Margin (Hamano et al., GECCO 2025), as its authors'
 * program has it. A rounded number's probability of leaving its level, and every choice's of every level, never falls
 * below a margin; and steps that are due to rounding alone do not move the mean. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/models/cma_impl.h"

static const double EPS = 1e-8;

double cma_margin_alpha(const hpo_cma *cma) {
    return 1 - pow(0.73, 1 / (double)(cma->n_stepped + cma->n_choices));
}

static hpo_cma_bin bin_of(const hpo_cma *cma, size_t i, double value) {
    return cma->config.bin(cma->config.context, i, value);
}

/* ---- integer centering ---- */

/* Of the best points those that have left the mean's level are put on their level's centre; what that moves in one
 * direction is taken back from points on the mean's level that can move in the other. */
static void centre_level(hpo_cma *cma, size_t i) {
    const double at = bin_of(cma, i, cma->mean[i]).centre;
    double bias = 0, up = 0, down = 0;
    cma->mutated[i] = false;
    for (size_t k = 0; k < cma->mu; k++) {
        double *value = &cma->rows[k * cma->n + i];
        if (isnan(*value)) continue;
        const double centre = bin_of(cma, i, *value).centre, move = centre - *value;
        if (centre != at) {
            cma->mutated[i] = true;
            bias += move;
            *value = centre;
        } else if (move > 0) {
            up += move;
        } else {
            down += move;
        }
    }
    const double against = bias < 0 ? up : down;
    if (bias == 0 || against == 0) return;
    const double share = fmin(1, -bias / against);
    for (size_t k = 0; k < cma->mu; k++) {
        double *value = &cma->rows[k * cma->n + i];
        if (isnan(*value)) continue;
        const double centre = bin_of(cma, i, *value).centre, move = centre - *value;
        if (centre == at && bias * move < 0) *value += share * move;
    }
}

void cma_centre_levels(hpo_cma *cma) {
    for (size_t i = 0; i < cma->n; i++)
        if (cma->stepped[i]) centre_level(cma, i);
}

/* ---- the margin of levels ---- */

static double clamp(double value, double low, double high) {
    return fmin(fmax(value, low), high);
}

/* The mean is on the first or the last level: there is one way out. */
static void correct_end(hpo_cma *cma, size_t i, const hpo_cma_bin *bin, double deviation, double alpha) {
    const double cut = isinf(bin->low) ? bin->high : bin->low;
    const double leaves = isinf(bin->low) ? gsl_cdf_ugaussian_Q((cut - cma->mean[i]) / (deviation * cma->A[i]))
                                          : gsl_cdf_ugaussian_P((cut - cma->mean[i]) / (deviation * cma->A[i]));
    double p = fmax(fmin(leaves, 1 - leaves), alpha);
    if (!cma->mutated[i]) p = fmin(p, cma->p_mut[i]);
    p = clamp(p, EPS, 0.5 - EPS);
    cma->A[i] = fmax(cma->A[i], fabs(bin->centre - cut) / (deviation * gsl_cdf_ugaussian_Qinv(alpha)));
    const double side = cma->mean[i] > cut ? 1 : cma->mean[i] < cut ? -1 : 0;
    cma->mean[i] = cut + side * deviation * cma->A[i] * gsl_cdf_ugaussian_Qinv(p);
    cma->p_mut[i] = p;
}

static void correct_middle(hpo_cma *cma, size_t i, const hpo_cma_bin *bin, double deviation, double alpha) {
    const double scale = deviation * cma->A[i];
    double low = gsl_cdf_ugaussian_P((bin->low - cma->mean[i]) / scale);
    double high = gsl_cdf_ugaussian_Q((bin->high - cma->mean[i]) / scale);
    double stays = 1 - (low + high), most = alpha / 2; /* most: what `stays` may not fall below */
    low = fmax(low, alpha / 2);
    high = fmax(high, alpha / 2);
    if (!cma->mutated[i]) {
        most = 1 - cma->p_mut[i];
        stays = fmax(stays, most);
    }
    const double excess = 1 - low - high - stays, room = low + high + stays - alpha - most;
    const double change = room != 0 ? excess / room : 0;
    low = clamp(low + change * (low - alpha / 2), EPS, 0.5 - EPS);
    high = clamp(high + change * (high - alpha / 2), EPS, 0.5 - EPS);
    const double z_low = gsl_cdf_ugaussian_Qinv(low), z_high = gsl_cdf_ugaussian_Qinv(high);
    cma->A[i] = (bin->high - bin->low) / ((z_low + z_high) * deviation);
    cma->mean[i] = (bin->low * z_high + bin->high * z_low) / (z_low + z_high);
    cma->p_mut[i] = low + high;
}

void cma_correct_margin(hpo_cma *cma) {
    const double alpha = cma_margin_alpha(cma);
    for (size_t i = 0; i < cma->n; i++) {
        if (!cma->stepped[i]) continue;
        const hpo_cma_bin bin = bin_of(cma, i, cma->mean[i]);
        const double deviation = cma->sigma * sqrt(hpo_cma_covariance(cma, i, i));
        if (isinf(bin.low) || isinf(bin.high))
            correct_end(cma, i, &bin, deviation, alpha);
        else
            correct_middle(cma, i, &bin, deviation, alpha);
    }
}

/* ---- choices: adaptive stochastic natural gradient (Y. Akimoto et al., ICML 2019) ---- */

/* Into gradient, by level; returns the squared length by the square root of the Fisher information, which goes into
 * root: all levels but the last of each choice. */
static double gradient_of(const hpo_cma *cma, const hpo_cma_point *points, double *gradient, double *root) {
    double length2 = 0;
    for (size_t c = 0; c < cma->n_choices; c++) {
        const size_t first = cma->first[c], levels = cma->levels[c];
        const double *q = cma->q + first;
        double *g = gradient + first, all = 0;
        for (size_t j = 0; j < cma->mu; j++) {
            const double x = points[j].x[cma->n + c];
            for (size_t k = 0; k < levels && !isnan(x); k++) g[k] += cma->weights[j] * ((x == (double)k) - q[k]);
        }
        for (size_t k = 0; k + 1 < levels; k++) all += g[k];
        const double last = q[levels - 1];
        for (size_t k = 0; k + 1 < levels; k++) {
            const double r = g[k] / sqrt(q[k]) + sqrt(q[k]) * all / (last + sqrt(last));
            root[first + k] = r;
            length2 += r * r;
        }
    }
    return length2;
}

/* No probability below the margin; what that adds is taken from the others in proportion to what they have above it. */
static void keep_margin(hpo_cma *cma, size_t c) {
    double *q = cma->q + cma->first[c], sum = 0;
    const double levels = (double)cma->levels[c], least = cma_margin_alpha(cma) / (levels - 1);
    for (size_t k = 0; k < cma->levels[c]; k++) sum += q[k] = fmax(q[k], least);
    const double above = sum - least * levels, excess = sum - 1;
    double total = 0;
    for (size_t k = 0; k < cma->levels[c]; k++) total += q[k] -= excess * (q[k] - least) / above;
    for (size_t k = 0; k < cma->levels[c]; k++) q[k] /= total;
}

void cma_update_choices(hpo_cma *cma, const hpo_cma_point *points) {
    const size_t total = cma->first[cma->n_choices - 1] + cma->levels[cma->n_choices - 1];
    double *gradient = base_calloc(2 * total, sizeof *gradient), *root = gradient + total;
    const double length = sqrt(gradient_of(cma, points, gradient, root));
    if (length > 0) {
        const double before = 1 / cma->Delta, beta = fmin(1, before / sqrt((double)(total - cma->n_choices)));
        double s2 = 0;
        for (size_t i = 0; i < total; i++) {
            cma->q[i] += before / (length + EPS) * gradient[i];
            cma->s[i] = (1 - beta) * cma->s[i] + sqrt(beta * (2 - beta)) * root[i] / length;
            s2 += cma->s[i] * cma->s[i];
        }
        cma->gamma = (1 - beta) * (1 - beta) * cma->gamma + beta * (2 - beta);
        cma->Delta *= exp(beta * (cma->gamma - s2 / 1.5));
    }
    free(gradient);
    for (size_t c = 0; c < cma->n_choices; c++) keep_margin(cma, c);
}
