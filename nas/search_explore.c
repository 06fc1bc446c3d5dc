/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a search lets a selection do with its supernet once its epochs are over: try networks, score and tune under
 * stated weights. Afterwards everything is as before, so that a genotype may be asked for at any time: a search that
 * goes on has the bits of one that was not asked, and one that was killed meanwhile finds the same from its last
 * checkpoint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nas/search_impl.h"

static const double PI = 3.14159265358979323846;

/* A search that is being explored, and who follows it. */
typedef struct exploration {
    nas_search *search;
    const nas_search_watch *watch; /* NULL: nobody */
} exploration;

static nas_relaxation *relaxation_of(const nas_search *s) {
    return nas_supernet_relaxation(s->net);
}

static base_status heed(const exploration *x, base_err *err) {
    if (!x->watch || !x->watch->stop || !x->watch->stop(x->watch->self)) return BASE_OK;
    return BASE_FAIL(err, BASE_CANCELLED, "the selection was told to stop");
}

static void told(void *self, size_t done, size_t of) {
    const exploration *x = self;
    if (x->watch && x->watch->explored) x->watch->explored(x->watch->self, done, of);
}

static base_status error_of(void *self, const nas_genotype *genotype, size_t batches, double *error, base_err *err) {
    const exploration *x = self;
    nas_search *s = x->search;
    BASE_TRY(heed(x, err));
    nas_genotype_weights(genotype, s->block);
    nas_relaxation_use(relaxation_of(s), (const double *const *)s->block, NULL);
    const eng_scores scores = nas_search_evaluate(s, s->half[NAS_VALID], batches, false);
    *error = nas_search_error(&scores);
    return BASE_OK;
}

static void mean(void *self, double *const *weights, double *const *edges) {
    nas_search *s = ((const exploration *)self)->search;
    nas_relaxation_alphas(relaxation_of(s), s->block);
    nas_relaxation_edges(relaxation_of(s), edges);
    nas_relaxation_mean(relaxation_of(s), (const double *const *)s->block, NULL, weights);
}

static void use(nas_search *s, const double *const *weights, const double *const *edges) {
    nas_relaxation_use(relaxation_of(s), weights, edges);
    nas_supernet_progress(s->net, nas_search_progress(s));
}

/* Running statistics are those of the whole sum, so the batch's own are used (as in the authors' code of DARTS-PT). A
 * batch has the same dropout each time. */
static base_status score(void *self, const double *const *weights, const double *const *edges, double *loss,
                         double *error, base_err *err) {
    const exploration *x = self;
    nas_search *s = x->search;
    eng_feed *feed = s->feed[NAS_VALID];
    const size_t room = eng_feed_room(feed), count = s->half[NAS_VALID].count;
    eng_scorer scorer = eng_scorer_begin(nas_supernet_task(s->net), nas_supernet_output_count(s->net),
                                         1 / (double)s->view->normalizer.target_scale);
    base_status status = BASE_OK;
    use(s, weights, edges);
    for (size_t begin = 0; begin < count && (status = heed(x, err)) == BASE_OK; begin += room) {
        const eng_batch batch = eng_feed_gather(feed, s->half[NAS_VALID], begin);
        const double mean_loss = nas_supernet_train(s->net, &batch, false, (uint32_t)(begin / room));
        eng_scorer_add(&scorer, &batch, mean_loss, nas_supernet_outputs(s->net));
    }
    const eng_scores scores = eng_scorer_end(&scorer);
    *loss = eng_scores_get(&scores, "loss");
    *error = nas_search_error(&scores);
    return status;
}

static double rate_of(const nas_search_settings *settings, size_t epoch, size_t epochs) {
    const double first = settings->learning_rate / 10, last = fmin(settings->final_learning_rate, first);
    return last + (first - last) * (1 + cos(PI * (double)epoch / (double)epochs)) / 2;
}

/* Batches and dropout are those of epochs behind the search's last. */
static base_status tune(void *self, const double *const *weights, const double *const *edges, size_t epoch,
                        size_t epochs, base_err *err) {
    const exploration *x = self;
    nas_search *s = x->search;
    eng_feed *feed = s->feed[NAS_TRAIN];
    eng_optimizer *optimizer = nas_problem_optimizer(s->problem, NAS_WEIGHTS);
    const uint64_t number = (uint64_t)s->settings.epochs + epoch;
    const size_t batches = eng_feed_batches(feed);
    use(s, weights, edges);
    for (size_t k = 0; k < batches; k++) {
        BASE_TRY(heed(x, err));
        const eng_batch batch = eng_feed_batch(feed, number, k);
        const double loss = nas_supernet_train(s->net, &batch, true, (uint32_t)(2 * (number * batches + k)));
        if (!isfinite(loss))
            return BASE_FAIL(err, BASE_NUMERIC, "the supernet's training loss became %g when it was tuned", loss);
        nas_supernet_backward(s->net, 1u << NAS_GROUP_WEIGHTS);
        (void)eng_optimizer_step(optimizer, rate_of(&s->settings, epoch, epochs));
    }
    return BASE_OK;
}

/* ---- as before ---- */

/* All that tuning moves: weights, running statistics, momentum and its count of steps. */
typedef struct kept {
    float *values, *momentum;
    uint64_t steps;
} kept;

static float *copy_of(const float *values, size_t count) {
    float *copy = base_malloc((count > 0 ? count : 1) * sizeof *copy);
    memcpy(copy, values, count * sizeof *copy);
    return copy;
}

/* Tuning begins without momentum. */
static kept keep(const nas_search *s) {
    const eng_params *params = nas_supernet_params(s->net);
    eng_optimizer *optimizer = nas_problem_optimizer(s->problem, NAS_WEIGHTS);
    const size_t size = eng_optimizer_size(optimizer);
    float *momentum = eng_optimizer_slot(optimizer, 0);
    const kept k = {
        .values = copy_of(eng_params_values(params), eng_params_size(params)),
        .momentum = copy_of(momentum, size),
        .steps = eng_optimizer_steps(optimizer),
    };
    memset(momentum, 0, size * sizeof *momentum);
    return k;
}

static void put_back(nas_search *s, kept *k) {
    eng_params *params = nas_supernet_params(s->net);
    eng_optimizer *optimizer = nas_problem_optimizer(s->problem, NAS_WEIGHTS);
    memcpy(eng_params_values(params), k->values, eng_params_size(params) * sizeof(float));
    memcpy(eng_optimizer_slot(optimizer, 0), k->momentum, eng_optimizer_size(optimizer) * sizeof(float));
    eng_optimizer_set_steps(optimizer, k->steps);
    free(k->values);
    free(k->momentum);
}

/* What knows of no limits may be above them: then as many of its operations stand as can be. */
static nas_genotype *within_limits(const nas_search *s, nas_genotype *genotype, base_arena *arena) {
    if (!s->settings.limits) return genotype;
    nas_search_weights(s, s->epochs - 1, s->block);
    return nas_limits_nearest(s->settings.limits, genotype, (const double *const *)s->block, arena);
}

base_status nas_search_explore(nas_search *s, const nas_search_watch *watch, base_arena *arena, nas_genotype **out,
                               base_err *err) {
    const nas_selection *selection = s->choices->selection;
    exploration x = {.search = s, .watch = watch};
    const nas_explorer explorer = {
        .self = &x,
        .seed = (uint64_t)s->settings.seed,
        .error = error_of,
        .mean = mean,
        .score = score,
        .tune = tune,
        .told = told,
        .limits = s->settings.limits,
    };
    kept before = {0};
    if (selection->copies > 0) before = keep(s);
    const base_status status = selection->explore(s->selection_state, s->space, &explorer, arena, out, err);
    if (selection->copies > 0) put_back(s, &before);
    nas_relaxation_use_mean(relaxation_of(s));
    if (status == BASE_OK) *out = within_limits(s, *out, arena);
    return status;
}
