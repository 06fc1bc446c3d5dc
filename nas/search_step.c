/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One step of a search as a trainer drives it: a batch of either half, a step of the bilevel problem, and after an
 * epoch the figures and the verdict.
 *
 * The alphas' half gives its next batch from a shuffled cursor of its own (the authors of DARTS draw from a new shuffle
 * each time). After an epoch the supernet is scored on that half with running statistics. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nas/hessian.h"
#include "nas/search_impl.h"

static const double PI = 3.14159265358979323846;

/* ---- steps ---- */

static size_t batches(const void *self) {
    return eng_feed_batches(((const nas_search *)self)->feed[NAS_TRAIN]);
}

static uint64_t steps(const void *self) {
    return eng_optimizer_steps(nas_problem_optimizer(((const nas_search *)self)->problem, NAS_WEIGHTS));
}

/* An epoch that is gone back to comes again. */
double nas_search_progress(const nas_search *s) {
    return (double)s->line_count / (double)s->settings.epochs;
}

/* And from 0 in the first epoch to 1 in the last, and after it. */
static double way_of(const nas_search *s) {
    const double last = (double)s->settings.epochs - 1;
    return last > 0 ? fmin((double)s->line_count / last, 1) : 0;
}

nas_course_epoch nas_search_course(const nas_search *s) {
    return nas_course_at(s->choices->course, s->course_state, s->line_count, (size_t)s->settings.epochs);
}

/* eta(e) = last + (first - last) (1 + cos(pi e / E)) / 2, one rate per epoch (DARTS, A.1), of a
 * stage. */
static double rate(const void *self) {
    const nas_search *s = self;
    const nas_course_epoch now = nas_search_course(s);
    const double way = (double)(s->line_count - now.first) / (double)now.count;
    const double first = s->settings.learning_rate, last = s->settings.final_learning_rate;
    return last + (first - last) * (1 + cos(PI * way)) / 2;
}

static bool is_wrong(const float *out, size_t outputs, int32_t label) {
    size_t best = 0;
    for (size_t k = 1; k < outputs; k++)
        if (out[k] > out[best]) best = k;
    return best != (size_t)label;
}

/* The errors of the batch that went through the supernet last, added up. */
static double errors_of(const nas_search *s, const eng_batch *batch) {
    const float *out = nas_supernet_outputs(s->net);
    const size_t outputs = nas_supernet_output_count(s->net);
    const bool numbers = nas_supernet_task(s->net) == ENG_REGRESSION;
    const double unit = 1 / (double)s->view->normalizer.target_scale;
    double sum = 0;
    for (size_t i = 0; i < batch->n; i++, out += outputs) {
        const double off = numbers ? unit * ((double)out[0] - (double)batch->values[i]) : 0;
        sum += numbers ? off * off : is_wrong(out, outputs, batch->labels[i]);
    }
    return sum;
}

static eng_batch batch_at(nas_search *s, nas_loss half, uint64_t number) {
    const uint64_t of_epoch = eng_feed_batches(s->feed[half]);
    return eng_feed_batch(s->feed[half], number / of_epoch, (size_t)(number % of_epoch));
}

/* A stage begins with a network of its own. */
static base_status begin_epoch(void *self, const eng_progress *progress, base_err *err) {
    nas_search *s = self;
    const nas_course_epoch now = nas_search_course(s);
    (void)progress;
    BASE_TRY(nas_search_enter(s, now.stage, err));
    nas_supernet_set_skip_dropout(s->net, now.skip_dropout);
    return BASE_OK;
}

static base_status step(void *self, eng_progress *p, base_err *err) {
    nas_search *s = self;
    const nas_course_epoch now = nas_search_course(s);
    const uint64_t number = p->epoch * batches(s) + p->batch;
    nas_problem_step at = {
        .batch = {batch_at(s, NAS_TRAIN, number)},
        .number = (uint32_t)number,
        .progress = nas_search_progress(s),
        .way = way_of(s),
        .rate = {rate(s), s->settings.alpha_learning_rate},
        .limits = s->stages[s->stage].limits,
        .limit_penalty = s->settings.limit_penalty,
    };
    nas_step_losses losses;
    if (p->batch == 0) s->error_sum = 0;
    if (s->choices->step->moves_alphas && !now.alphas_stay) at.batch[NAS_VALID] = batch_at(s, NAS_VALID, number);
    nas_problem_begin(s->problem, &at);
    BASE_TRY(nas_step_take(now.alphas_stay ? s->warm_up : s->step, &losses, err));
    s->error_sum += errors_of(s, &at.batch[NAS_TRAIN]);
    p->loss_sum += losses.train * (double)at.batch[NAS_TRAIN].n;
    p->seen += at.batch[NAS_TRAIN].n;
    p->batch++;
    return BASE_OK;
}

/* ---- after an epoch ---- */

eng_scores nas_search_evaluate(nas_search *s, eng_part part, size_t batches_wanted, bool draw) {
    eng_feed *feed = s->feed[NAS_VALID];
    const size_t room = eng_feed_room(feed), all = (part.count + room - 1) / room;
    eng_scorer scorer = eng_scorer_begin(nas_supernet_task(s->net), nas_supernet_output_count(s->net),
                                         1 / (double)s->view->normalizer.target_scale);
    nas_supernet_progress(s->net, nas_search_progress(s));
    for (size_t k = 0; k < all && (batches_wanted == 0 || k < batches_wanted); k++) {
        const eng_batch batch = eng_feed_gather(feed, part, k * room);
        if (draw) nas_supernet_draw(s->net, (uint32_t)(s->epochs * all + k), NAS_DRAW_EVALUATE, way_of(s));
        const double loss = nas_supernet_evaluate(s->net, &batch);
        eng_scorer_add(&scorer, &batch, loss, nas_supernet_outputs(s->net));
    }
    return eng_scorer_end(&scorer);
}

double nas_search_error(const eng_scores *scores) {
    const double error = eng_scores_get(scores, "error");
    return isnan(error) ? eng_scores_get(scores, "mse") : error;
}

/* Of what is drawn as one path, as it is drawn; else of the mean. */
static eng_scores evaluate(void *self, eng_part part) {
    nas_search *s = self;
    nas_relaxation_use_mean(nas_supernet_relaxation(s->net));
    return nas_search_evaluate(s, part, 0, s->choices->edge_weights->single_path);
}

/* The figures of an epoch as a trainer keeps them, and back. */
static const struct {
    const char *name;
    size_t offset;
} kept[] = {
    {"train_error", offsetof(nas_figures, train_error)},
    {"entropy", offsetof(nas_figures, entropy)},
    {"eigenvalue", offsetof(nas_figures, eigenvalue)},
};
static const struct {
    const char *name;
    size_t offset;
} counted[] = {
    {"skips", offsetof(nas_figures, skips)},
    {"pools", offsetof(nas_figures, pools)},
    {"chosen", offsetof(nas_figures, chosen)},
};

static void keep(const nas_figures *figures, eng_scores *to) {
    if (figures->learners > 0) {
        eng_scores_set(to, "frozen", figures->frozen);
        eng_scores_set(to, "learners", figures->learners);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const double value = *(const double *)(const void *)((const char *)figures + kept[i].offset);
        if (!isnan(value)) eng_scores_set(to, kept[i].name, value);
    }
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        eng_scores_set(to, counted[i].name,
                       *(const uint32_t *)(const void *)((const char *)figures + counted[i].offset));
}

static uint32_t count_in(const eng_scores *scores, const char *name) {
    const double count = eng_scores_get(scores, name);
    return isnan(count) ? 0 : (uint32_t)count;
}

static nas_figures figures_of(const eng_epoch *epoch) {
    nas_figures figures = {
        .epoch = (uint32_t)epoch->epoch,
        .train_loss = epoch->train_loss,
        .valid_loss = eng_scores_get(&epoch->valid, "loss"),
        .valid_error = nas_search_error(&epoch->valid),
        .frozen = count_in(&epoch->figures, "frozen"),
        .learners = count_in(&epoch->figures, "learners"),
        .seconds = epoch->seconds,
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        *(double *)(void *)((char *)&figures + kept[i].offset) = eng_scores_get(&epoch->figures, kept[i].name);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        *(uint32_t *)(void *)((char *)&figures + counted[i].offset) =
            (uint32_t)eng_scores_get(&epoch->figures, counted[i].name);
    return figures;
}

/* On the alphas' batch of the last step. */
static base_status find_eigenvalue(nas_search *s, double *value, base_err *err) {
    const uint64_t seed = base_rng_derive((uint64_t)s->settings.seed, BASE_RNG_ARCHITECTURE, 2);
    *value = (double)NAN;
    if (!s->choices->step->moves_alphas || !nas_stop_wants_eigenvalue(s->stop, s->line_count)) return BASE_OK;
    const uint64_t number = (s->epochs + 1) * batches(s) - 1;
    const nas_problem_step at = {
        .batch = {[NAS_VALID] = batch_at(s, NAS_VALID, number)},
        .number = (uint32_t)number,
        .progress = nas_search_progress(s),
        .way = way_of(s),
    };
    nas_problem_begin(s->problem, &at);
    return nas_dominant_eigenvalue(nas_problem_bilevel(s->problem), seed, value, err);
}

size_t nas_search_kept(const nas_search *s) {
    const bool shares = nas_relaxation_weighs_edges(s->stages[0].reader);
    return nas_space_weights(s->space) + (shares ? nas_space_edges(s->space) : 0);
}

/* The alphas now are those of the next epoch of the history; where none are learned, zeros. */
static void record_alphas(nas_search *s) {
    const size_t count = nas_search_kept(s);
    const bool learned = s->choices->edge_weights->learned;
    BASE_GROW(s->alphas, s->alphas_capacity, (s->epochs + 1) * count);
    float *to = s->alphas + s->epochs * count;
    const nas_relaxation *now = nas_supernet_relaxation(s->net);
    nas_relaxation_alphas(now, s->stages[s->stage].block);
    nas_widen_blocks(s->space, s->stages[s->stage].space, (const double *const *)s->stages[s->stage].block, s->block);
    nas_relaxation_edges(now, s->edges);
    for (size_t t = 0; t < s->space->n_cells; t++)
        for (size_t i = 0; i < s->space->cells[t].weights; i++) *to++ = learned ? (float)s->block[t][i] : 0;
    for (size_t t = 0; nas_relaxation_weighs_edges(now) && t < s->space->n_cells; t++)
        for (size_t e = 0; e < s->space->cells[t].n_edges; e++) *to++ = (float)s->edges[t][e];
}

/* What the rule says of the line, whose last epoch is the search's last when as many are trained as there may be. */
static void judge(nas_search *s) {
    const size_t total = (size_t)s->settings.epochs, left = total - s->epochs;
    s->verdict = nas_stop_judge(s->stop, s->line, s->line_count, s->line_count + left);
    if (s->verdict.stop && !s->verdict.early)
        snprintf(s->verdict.reason, sizeof s->verdict.reason, "all %zu epochs are over", total);
    const size_t chosen = s->line[s->verdict.genotype].epoch - 1;
    if (s->verdict.restart) {
        s->line_count = s->verdict.genotype + 1;
        s->weight_decay = s->verdict.weight_decay;
    }
    s->verdict.genotype = chosen;
}

static void record_figures(nas_search *s, const eng_epoch *epoch) {
    BASE_GROW(s->figures, s->figures_capacity, s->epochs + 1);
    BASE_GROW(s->line, s->line_capacity, s->line_count + 1);
    nas_figures *now = &s->figures[s->epochs++];
    *now = figures_of(epoch);
    now->weight_decay = s->weight_decay;
    now->from = s->line_count > 0 ? s->line[s->line_count - 1].epoch : 0;
    now->stage = (uint32_t)nas_search_course(s).stage + 1;
    s->line[s->line_count++] = *now;
    judge(s);
}

/* Goes back, or keeps what may be gone back to. */
static void keep_or_restore(nas_search *s) {
    if (s->verdict.restart) {
        nas_snapshots_restore(s->snapshots, s->verdict.genotype);
        nas_problem_set_decay(s->problem, s->weight_decay);
    } else if (s->snapshots && nas_stop_wants_state(s->stop, s->line_count - 1)) {
        nas_snapshots_take(s->snapshots, s->epochs - 1);
    }
}

static base_status end_epoch(void *self, eng_epoch *epoch, bool *stop, base_err *err) {
    nas_search *s = self;
    nas_figures figures = {.train_error = s->error_sum / (double)s->half[NAS_TRAIN].count};
    BASE_TRY(find_eigenvalue(s, &figures.eigenvalue, err));
    if (s->agreement) {
        figures.frozen = (uint32_t)nas_agreement_frozen(s->agreement);
        figures.learners = (uint32_t)nas_agreement_operations(s->agreement);
    }
    record_alphas(s);
    BASE_TRY(nas_search_describe(s, &figures, err));
    keep(&figures, &epoch->figures);
    record_figures(s, epoch);
    keep_or_restore(s);
    *stop = s->verdict.stop;
    return BASE_OK;
}

/* ---- sections ---- */

static const char ERRORS[] = "errors", ALPHAS[] = "alphas", VALUES[] = "values", STAGE[] = "stage";
static const char *const optimizers[NAS_SIDES] = {"optimizer of weights", "optimizer of alphas"};
enum { VERSION = 1 };

static size_t alphas_bytes(const nas_search *s, size_t epochs) {
    return epochs * nas_search_kept(s) * sizeof *s->alphas;
}

static void save(const void *self, eng_sections *to) {
    const nas_search *s = self;
    const uint64_t stage = s->stage;
    if (nas_search_stages(s) > 1) eng_sections_put(to, STAGE, VERSION, &stage, sizeof stage);
    eng_sections_put(to, ERRORS, VERSION, &s->error_sum, sizeof s->error_sum);
    eng_sections_put(to, ALPHAS, VERSION, s->alphas, alphas_bytes(s, s->epochs));
    eng_checkpoint_put_params(to, VALUES, nas_supernet_params(s->net));
    for (int side = 0; side < NAS_SIDES; side++)
        eng_checkpoint_put_optimizer(to, optimizers[side], nas_problem_optimizer(s->problem, (nas_side)side));
    if (s->snapshots) nas_snapshots_put(s->snapshots, to);
    if (s->agreement) nas_agreement_put(s->agreement, to);
}

/* How many epochs of alphas the file has; whether that agrees with its history is for whoever wrote it. */
static size_t epochs_in(const nas_search *s, const eng_sections *from) {
    return (size_t)eng_sections_find(from, ALPHAS)->length / alphas_bytes(s, 1);
}

/* The stage that a file's values belong to. */
static base_status stage_in(const nas_search *s, const eng_sections *from, uint64_t *stage, base_err *err) {
    *stage = 0;
    if (nas_search_stages(s) == 1) return BASE_OK;
    BASE_TRY(eng_sections_take(from, STAGE, VERSION, stage, sizeof *stage, err));
    if (*stage < nas_search_stages(s)) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "checkpoint %s is of a search with more stages", eng_sections_path(from));
}

static base_status fits_net(const nas_search *s, const eng_sections *from, base_err *err) {
    BASE_TRY(eng_checkpoint_fits_params(from, VALUES, nas_supernet_params(s->net), err));
    for (int side = 0; side < NAS_SIDES; side++)
        BASE_TRY(eng_checkpoint_fits_optimizer(from, optimizers[side],
                                               nas_problem_optimizer(s->problem, (nas_side)side), err));
    if (s->agreement) BASE_TRY(nas_agreement_fit(s->agreement, from, err));
    return s->snapshots ? nas_snapshots_fit(s->snapshots, from, err) : BASE_OK;
}

/* The network of another stage can be compared when it is built, which the file's identity allows. */
static base_status fits(const void *self, const eng_sections *from, base_err *err) {
    const nas_search *s = self;
    uint64_t stage;
    BASE_TRY(eng_sections_expect(from, ERRORS, VERSION, sizeof s->error_sum, err));
    BASE_TRY(eng_sections_expect(from, ALPHAS, VERSION, SIZE_MAX, err));
    BASE_TRY(eng_sections_expect(from, ALPHAS, VERSION, alphas_bytes(s, epochs_in(s, from)), err));
    BASE_TRY(stage_in(s, from, &stage, err));
    return stage == s->stage ? fits_net(s, from, err) : BASE_OK;
}

/* What a file tells of the epochs. */
static base_status load_epochs(nas_search *s, const eng_sections *from, base_err *err) {
    const size_t epochs = epochs_in(s, from);
    const eng_progress *p = eng_trainer_progress(s->trainer);
    BASE_GROW(s->alphas, s->alphas_capacity, epochs * nas_search_kept(s) + 1);
    BASE_TRY(eng_sections_take(from, ERRORS, VERSION, &s->error_sum, sizeof s->error_sum, err));
    BASE_TRY(eng_sections_take(from, ALPHAS, VERSION, s->alphas, alphas_bytes(s, epochs), err));
    if (p->epochs != epochs)
        return BASE_FAIL(err, BASE_CORRUPT, "%s: alphas of %zu epochs, figures of %zu", eng_sections_path(from), epochs,
                         p->epochs);
    s->epochs = s->line_count = 0;
    s->verdict = (nas_verdict){0};
    s->weight_decay = s->settings.weight_decay;
    while (s->epochs < epochs) record_figures(s, &p->history[s->epochs]);
    return BASE_OK;
}

static base_status load(void *self, const eng_sections *from, base_err *err) {
    nas_search *s = self;
    uint64_t stage;
    BASE_TRY(stage_in(s, from, &stage, err));
    BASE_TRY(load_epochs(s, from, err));
    BASE_TRY(nas_search_reenter(s, (size_t)stage, err));
    BASE_TRY(fits_net(s, from, err));
    BASE_TRY(eng_checkpoint_take_params(from, VALUES, nas_supernet_params(s->net), err));
    for (int side = 0; side < NAS_SIDES; side++)
        BASE_TRY(eng_checkpoint_take_optimizer(from, optimizers[side],
                                               nas_problem_optimizer(s->problem, (nas_side)side), err));
    if (s->snapshots) BASE_TRY(nas_snapshots_read(s->snapshots, from, err));
    if (s->agreement) BASE_TRY(nas_agreement_read(s->agreement, from, err));
    nas_problem_set_decay(s->problem, s->weight_decay);
    return BASE_OK;
}

static size_t bytes(const void *self) {
    return nas_search_bytes(self);
}

static void destroy(void *self) {
    (void)self; /* the search owns its trainer, not the other way round */
}

const eng_step_type nas_search_step = {
    .name = "search",
    .batches = batches,
    .begin_epoch = begin_epoch,
    .step = step,
    .steps = steps,
    .rate = rate,
    .evaluate = evaluate,
    .end_epoch = end_epoch,
    .save = save,
    .fits = fits,
    .load = load,
    .bytes = bytes,
    .destroy = destroy,
};
