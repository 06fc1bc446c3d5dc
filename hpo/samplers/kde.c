/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BOHB's sampler: two kernel densities, of the good and of the bad results of one fidelity; of several draws around
 * good points the one with the largest ratio is proposed (S. Falkner, A. Klein, F. Hutter, ICML 2018, Algorithm 2).
 *
 * The procedure is HpBandSter's: the model is that of the highest fidelity with enough results, whatever fidelity is
 * asked for; enough are min_points in each set, at least one more than there are dimensions; the best 15% (at least
 * min_points) are good, the next 85% bad; failures are bad. One proposal in three is random, which keeps Hyperband's
 * guarantee. Running trials play no part. With the scheduler hyperband this is BOHB, without `trust`; with it as many
 * proposals are random as the modelled fidelity is not to be trusted (trust.h). kde.c in hpo/models says what of
 * HpBandSter's density is repaired.
 *
 * Deviation: a draw that is forbidden, or (when the study asks again) has been tried, gives way to the next best. */
#include "hpo/samplers/trust.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/models/best.h"
#include "hpo/models/kde.h"

enum { MAX_MODEL_ATTEMPT = 32 };
static const double LN_LOWEST = -73.682722797; /* log 1e-32: densities below count as equal */

typedef struct draw {
    double score;
    size_t index;
} draw;

typedef struct kde_state {
    int64_t min_points, samples;
    double top, random, factor, min_bandwidth;
    const hpo_space *space;
    uint64_t seed;
    bool may_doubt; /* the option trust */
    double max_fidelity, trust;
    hpo_observations *observations;
    hpo_kde *good, *bad;
    hpo_view view; /* that the model was fitted for */
    bool fitted;   /* there was enough data */
    hpo_ranked *ranked;
    size_t *rows;
    uint64_t *trials;
    size_t ranked_capacity, rows_capacity, trials_capacity;
    double *points, *log_good, *log_bad;
    draw *draws;
} kde_state;

static const base_option kde_options[] = {
    {.name = "min_points",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(kde_state, min_points),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "points that each density needs; 0 or less than that: one more than there are dimensions"},
    {.name = "top_n_percent",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(kde_state, top),
     .fallback = "15",
     .min = 1,
     .max = 50,
     .help = "percentage of the results that count as good"},
    {.name = "num_samples",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(kde_state, samples),
     .fallback = "64",
     .min = 1,
     .max = 1e5,
     .help = "draws around good points, of which the most promising is tried"},
    {.name = "random_fraction",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(kde_state, random),
     .fallback = "0.3333333333333333",
     .min = 0,
     .max = 1,
     .help = "share of proposals that are drawn at random"},
    {.name = "bandwidth_factor",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(kde_state, factor),
     .fallback = "3",
     .min = 0,
     .max = 1000,
     .open_min = true,
     .help = "draws are this much wider than the density of the good"},
    {.name = "min_bandwidth",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(kde_state, min_bandwidth),
     .fallback = "1e-3",
     .min = 1e-12,
     .max = 1,
     .help = "smallest bandwidth, as a fraction of the range"},
    {.name = "trust",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(kde_state, may_doubt),
     .fallback = "true",
     .help =
         "as many proposals are random as the fidelity of the densities is not to be trusted, which promoted trials "
         "show; false: BOHB's random_fraction alone"},
    BASE_OPTIONS_END,
};

static void fit_set(kde_state *s, hpo_kde *kde, const hpo_dataset *data, const hpo_ranked *ranked, size_t count) {
    BASE_GROW(s->rows, s->rows_capacity, count);
    BASE_GROW(s->trials, s->trials_capacity, count);
    for (size_t i = 0; i < count; i++) {
        s->rows[i] = ranked[i].row;
        s->trials[i] = ranked[i].trial;
    }
    hpo_kde_fit(kde, data->unit, s->rows, s->trials, count, s->seed);
}

static void fit(kde_state *s, hpo_view view) {
    if (s->view.history == view.history && s->view.as_of == view.as_of) return;
    s->view = view;
    const size_t dims = hpo_space_dims(s->space), given = (size_t)s->min_points;
    const hpo_data_query query = {.policy = HPO_DATA_HIGHEST, .needed = (given > dims ? given : dims + 1) + dims + 1};
    const hpo_dataset data = hpo_observations_collect(s->observations, view, &query);
    size_t good, bad;
    s->fitted = hpo_kde_split(dims, data.n, given, s->top, &good, &bad) && data.n > data.n_failed;
    if (!s->fitted) return;
    s->trust = s->may_doubt ? hpo_trust(s->observations, view, data.level, s->max_fidelity) : 1;
    BASE_GROW(s->ranked, s->ranked_capacity, data.n);
    hpo_ranked_fill(s->ranked, &data);
    hpo_ranked_select(s->ranked, data.n, good);
    hpo_ranked_select(s->ranked + good, data.n - good, bad);
    fit_set(s, s->good, &data, s->ranked, good);
    fit_set(s, s->bad, &data, s->ranked + good, bad);
}

static int by_score(const void *a, const void *b) {
    const draw *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void draw_candidates(kde_state *s, base_rng *rng) {
    const size_t count = (size_t)s->samples;
    hpo_kde_draw(s->good, s->factor, rng, count, s->points);
    hpo_kde_log_density(s->good, s->points, count, s->log_good);
    hpo_kde_log_density(s->bad, s->points, count, s->log_bad);
    for (size_t i = 0; i < count; i++) {
        s->draws[i] = (draw){fmax(s->log_good[i], LN_LOWEST) - fmax(s->log_bad[i], LN_LOWEST), i};
    }
    qsort(s->draws, count, sizeof *s->draws, by_score);
}

static base_status kde_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                           base_err *err) {
    kde_state *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    const bool random = base_rng_uniform(&rng) < s->random || request->attempt > MAX_MODEL_ATTEMPT;
    *origin = "random";
    if (!random) fit(s, view);
    if (random || !s->fitted || !hpo_trust_follows(s->trust, s->random, s->seed, request)) {
        return hpo_space_sample(s->space, &rng, config, err);
    }
    draw_candidates(s, &rng);
    for (size_t i = 0; i < (size_t)s->samples; i++) {
        hpo_space_from_unit(s->space, s->points + s->draws[i].index * hpo_space_dims(s->space), config);
        if (!hpo_space_allowed(s->space, config)) continue;
        if (request->attempt > 0 && hpo_view_has_config(view, config)) continue;
        *origin = "model";
        return BASE_OK;
    }
    return hpo_space_sample(s->space, &rng, config, err);
}

static base_status kde_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    kde_state *s = self;
    const size_t count = (size_t)s->samples;
    s->space = env->space;
    s->seed = env->seed;
    s->max_fidelity = env->max_fidelity;
    s->observations = hpo_observations_create(env->space);
    s->good = hpo_kde_create(env->space, s->min_bandwidth);
    s->bad = hpo_kde_create(env->space, s->min_bandwidth);
    s->points = base_calloc(count * hpo_space_dims(env->space) + 1, sizeof *s->points);
    s->log_good = base_calloc(count, sizeof *s->log_good);
    s->log_bad = base_calloc(count, sizeof *s->log_bad);
    s->draws = base_calloc(count, sizeof *s->draws);
    return BASE_OK;
}

static void kde_fini(void *self) {
    kde_state *s = self;
    hpo_observations_destroy(s->observations);
    hpo_kde_destroy(s->good);
    hpo_kde_destroy(s->bad);
    free(s->ranked);
    free(s->rows);
    free(s->trials);
    free(s->points);
    free(s->log_good);
    free(s->log_bad);
    free(s->draws);
}

const hpo_sampler_type hpo_sampler_kde = {
    .name = "kde",
    .summary = "BOHB's kernel densities of good and bad results at the highest fidelity with enough",
    .options = kde_options,
    .flags = HPO_SAMPLER_SLOW,
    .state_size = sizeof(kde_state),
    .init = kde_init,
    .ask = kde_ask,
    .fini = kde_fini,
};
