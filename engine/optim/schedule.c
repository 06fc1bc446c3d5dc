/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Learning-rate schedules.
 *
 * Each is a factor f(t) of the base rate, t steps after the warm-up, T steps in all without it:
 *   constant     1
 *   linear       1 + (final - 1) t / T
 *   exponential  final^(t / T)
 *   step         gamma^floor(t / every)
 *   cosine       final + (1 - final) (1 + cos(pi t / T)) / 2
 *   sgdr         the cosine over cycles of period, period m, period m^2, ... steps
 * Warm-up: P. Goyal et al., "Accurate, Large Minibatch SGD", arXiv:1706.02677, section 2.2. Cosine and restarts:
 * I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, eq. 5, evaluated at every step rather than every epoch. */
#include "engine/optim/schedule.h"

#include <math.h>
#include <string.h>

static double constant(const eng_schedule_config *config, double t, double total) {
    (void)config, (void)t, (void)total;
    return 1.0;
}

static double linear(const eng_schedule_config *config, double t, double total) {
    return 1.0 + (config->final - 1.0) * t / total;
}

static double exponential(const eng_schedule_config *config, double t, double total) {
    return pow(config->final, t / total);
}

static double step(const eng_schedule_config *config, double t, double total) {
    double every = config->every > 0.0 ? config->every : ceil(total / 3.0);
    return pow(config->gamma, floor(t / every));
}

static double cosine_between(double final, double share) {
    return final + (1.0 - final) * 0.5 * (1.0 + cos(3.14159265358979323846 * share));
}

static double cosine(const eng_schedule_config *config, double t, double total) {
    return cosine_between(config->final, t / total);
}

/* The cycle that t lies in is found by walking, not by a logarithm that would round a restart to the wrong side. */
static double sgdr(const eng_schedule_config *config, double t, double total) {
    double length = config->period > 0.0 ? config->period : ceil(total / 10.0);
    if (config->multiplier == 1.0) {
        t = fmod(t, length);
    } else {
        for (; t >= length; length *= config->multiplier) t -= length;
    }
    return cosine_between(config->final, t / length);
}

static const char *const no_settings[] = {NULL};
static const char *const final_settings[] = {"final", NULL};
static const char *const step_settings[] = {"gamma", "every", NULL};
static const char *const sgdr_settings[] = {"final", "period", "multiplier", NULL};

const eng_schedule_type eng_schedule_constant = {
    .name = "constant", .summary = "the base rate", .settings = no_settings, .factor = constant};
const eng_schedule_type eng_schedule_linear = {
    .name = "linear", .summary = "a straight line to final", .settings = final_settings, .factor = linear};
const eng_schedule_type eng_schedule_exponential = {.name = "exponential",
                                                    .summary = "an exponential decay to final",
                                                    .defaults = {.final = 0.01},
                                                    .settings = final_settings,
                                                    .factor = exponential};
const eng_schedule_type eng_schedule_step = {.name = "step",
                                             .summary = "a drop by gamma now and then",
                                             .defaults = {.gamma = 0.1},
                                             .settings = step_settings,
                                             .factor = step};
const eng_schedule_type eng_schedule_cosine = {
    .name = "cosine", .summary = "half a cosine to final", .settings = final_settings, .factor = cosine};
const eng_schedule_type eng_schedule_sgdr = {.name = "sgdr",
                                             .summary = "cosines with warm restarts",
                                             .defaults = {.multiplier = 2.0},
                                             .settings = sgdr_settings,
                                             .factor = sgdr};

static const eng_schedule_type *const types[] = {
#define ENG_SCHEDULE_ENTRY(name) &eng_schedule_##name,
    ENG_SCHEDULE_LIST(ENG_SCHEDULE_ENTRY)
#undef ENG_SCHEDULE_ENTRY
};

const char *const eng_schedule_names[] = {
#define ENG_SCHEDULE_NAME(name) #name,
    ENG_SCHEDULE_LIST(ENG_SCHEDULE_NAME)
#undef ENG_SCHEDULE_NAME
        NULL,
};

const eng_schedule_type *eng_schedule_find(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i]->name, name) == 0) return types[i];
    return NULL;
}

base_status eng_schedule_check(const eng_schedule_type *type, const eng_schedule_config *config, base_err *err) {
    const char *name = type->name;
    if (!(config->warmup >= 0.0 && isfinite(config->warmup)))
        return BASE_FAIL(err, BASE_INVALID, "the warm-up of %s must be a number of steps, not %g", name,
                         config->warmup);
    if (!(config->final >= 0.0 && config->final <= 1.0))
        return BASE_FAIL(err, BASE_INVALID, "final of %s must lie between 0 and 1, not be %g", name, config->final);
    if (type == &eng_schedule_exponential && config->final == 0.0)
        return BASE_FAIL(err, BASE_INVALID, "final of exponential must be above 0: an exponential never gets there");
    if (type == &eng_schedule_step && !(config->gamma > 0.0 && config->gamma <= 1.0))
        return BASE_FAIL(err, BASE_INVALID, "gamma of step must be above 0 and at most 1, not %g", config->gamma);
    if (!(config->every >= 0.0 && config->period >= 0.0))
        return BASE_FAIL(err, BASE_INVALID, "lengths of %s are numbers of steps, not below 0", name);
    if (type == &eng_schedule_sgdr && !(config->multiplier >= 1.0 && isfinite(config->multiplier)))
        return BASE_FAIL(err, BASE_INVALID, "multiplier of sgdr must be at least 1, not %g", config->multiplier);
    return BASE_OK;
}

double eng_schedule_factor(const eng_schedule_type *type, const eng_schedule_config *config, uint64_t step,
                           uint64_t total) {
    double at = step < total ? (double)step : (double)total;
    if (at < config->warmup) {
        double ramp = (at + 1.0) / config->warmup;
        return ramp < 1.0 ? ramp : 1.0;
    }
    double rest = (double)total - config->warmup;
    return rest > 0.0 ? type->factor(config, at - config->warmup, rest) : 1.0;
}
