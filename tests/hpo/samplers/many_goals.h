/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sampler on a cube whose trials are told several values. */
#ifndef TESTS_HPO_SAMPLERS_MANY_GOALS_H
#define TESTS_HPO_SAMPLERS_MANY_GOALS_H

#include "hpo/models/hypervolume.h"
#include "tests/hpo/samplers/results.h"

static inline void open_goals(toy_sampling *s, const char *sampler, uint64_t seed, size_t dims, const char *options,
                              const hpo_goal *goals, size_t n_goals) {
    char *yaml = toy_cube(dims, options);
    toy_sampling_open(s, sampler, seed, yaml);
    free(yaml);
    hpo_history_destroy(s->history);
    s->history = hpo_history_create_for(s->space, goals, n_goals, 1);
}

static inline void finish(toy_sampling *s, uint64_t id, const double *values, size_t n_goals, bool fails) {
    base_err err;
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = id,
                         .fidelity = 1,
                         .n_values = (uint32_t)n_goals,
                         .final = true,
                         .result = {.cost = 1, .failure = fails ? HPO_FAILURE_CRASH : HPO_FAILURE_NONE}};
    memcpy(record.values, values, n_goals * sizeof *values);
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

static const hpo_goal zdt1_goals[] = {{.name = "first", .reference = 11}, {.name = "second", .reference = 11}};

/* ZDT1 (E. Zitzler, K. Deb, L. Thiele, Evol. Comput. 8, 2000): the front is f2 = 1 - sqrt(f1), where all but x0 are 0.
 */
static inline void zdt1(const double *x, size_t dims, double *f) {
    double sum = 0;
    for (size_t d = 1; d < dims; d++) sum += x[d];
    const double g = 1 + 9 * sum / (double)(dims - 1);
    f[0] = x[0];
    f[1] = g * (1 - sqrt(x[0] / g));
}

/* What a sampler's front lacks of the hypervolume of the whole one, 11 * 11 - 1/3, after `trials` trials. */
static inline double zdt1_lack(const char *sampler, const char *options, uint64_t seed, size_t dims, size_t trials) {
    static toy_sampling s;
    open_goals(&s, sampler, seed, dims, options, zdt1_goals, 2);
    for (uint64_t id = 0; id < trials; id++) {
        double f[2];
        propose(&s, 0);
        zdt1(s.config, dims, f);
        add_running(&s, s.config, 1);
        finish(&s, id, f, 2, false);
    }
    const double volume = hpo_view_hypervolume(hpo_history_view(s.history));
    toy_sampling_close(&s);
    return 11 * 11 - 1.0 / 3 - volume;
}

#endif
