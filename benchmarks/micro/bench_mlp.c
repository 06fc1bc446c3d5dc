/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast is a training step? Ours against a plain hand-written OpenBLAS loop, against oneDNN, and against the
 * processor's own limit, in one run.
 *
 * The step is the whole step: MLP 784-256-128-10, batches of 64 and 128, ReLU, softmax cross-entropy, gradients, SGD
 * with momentum. All start from the same parameters and see the same batches, and their losses must agree, or the
 * comparison is void. Rounds are interleaved, inside a round the contenders take turns every few steps, and ratios are
 * taken inside a round; medians are printed. Time is processor time of the thread. "% peak" counts the multiply-adds of
 * the products alone. The second table is the step of a tiny network, where overhead is all there is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "benchmarks/micro/alone.h"
#include "benchmarks/micro/fma_peak.h"
#include "benchmarks/micro/median.h"
#include "benchmarks/micro/mlp_onednn.h"
#include "benchmarks/micro/plain_mlp.h"
#include "engine/engine.h"
#include "engine/tensor/subnormal.h"
#include "hpo/models/blas.h"

enum { ROUNDS = 11, TURNS = 10, STEPS = 10, WARM = 50, BATCHES = 16, CONTENDERS = 3 };

typedef struct data {
    size_t batches, batch, inputs;
    float *x;
    int32_t *labels;
} data;

static int fail(const char *what) {
    fprintf(stderr, "bench_mlp: %s\n", what);
    return 1;
}

static data make_data(size_t batches, size_t batch, size_t inputs, size_t classes) {
    data d = {.batches = batches, .batch = batch, .inputs = inputs};
    d.x = base_malloc(batches * batch * inputs * sizeof *d.x);
    d.labels = base_malloc(batches * batch * sizeof *d.labels);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < batches * batch * inputs; i++) d.x[i] = base_rng_uniformf(&rng);
    for (size_t i = 0; i < batches * batch; i++) d.labels[i] = (int32_t)base_rng_below(&rng, classes);
    return d;
}

static void free_data(data *d) {
    free(d->x);
    free(d->labels);
}

/* One learner of ours: model and optimizer. */
typedef struct ours {
    eng_model *model;
    eng_optimizer *optimizer;
} ours;

static base_status make_ours(const eng_mlp_config *config, size_t batch, ours *o, base_err *err) {
    *o = (ours){0};
    BASE_TRY(eng_mlp_create(config, &(eng_model_options){.batch = batch, .seed = 7}, &o->model, err));
    return eng_optimizer_create(&eng_optimizer_momentum, &eng_optimizer_momentum.defaults, eng_model_params(o->model),
                                eng_model_kernels(o->model), &o->optimizer, err);
}

static void free_ours(ours *o) {
    eng_optimizer_destroy(o->optimizer);
    eng_model_destroy(o->model);
}

/* Step number `number` of a learner; the mean loss before it. */
typedef double step_fn(void *learner, const eng_batch *batch, uint64_t number);

#define RATE 0.01

static double step_ours(void *learner, const eng_batch *batch, uint64_t number) {
    ours *o = learner;
    return eng_model_step(o->model, batch, number, o->optimizer, RATE);
}

static double step_plain(void *learner, const eng_batch *batch, uint64_t number) {
    (void)number;
    return plain_mlp_step(learner, batch->x, batch->labels, (float)RATE);
}

static double step_onednn(void *learner, const eng_batch *batch, uint64_t number) {
    (void)number;
    return mlp_onednn_step(learner, batch->x, batch->labels, (float)RATE);
}

typedef struct contender {
    const char *name;
    step_fn *step;
    void *learner; /* NULL: not in this build */
    uint64_t steps;
    double us[ROUNDS], ratio[ROUNDS];
} contender;

static double take_step(contender *c, const data *d) {
    const size_t at = c->steps % d->batches;
    const eng_batch batch = {.n = d->batch, .x = d->x + at * d->batch * d->inputs, .labels = d->labels + at * d->batch};
    return c->step(c->learner, &batch, c->steps++);
}

static double median(const double values[ROUNDS]) {
    return micro_median(values, ROUNDS);
}

static bool losses_agree(contender *c, const data *d) {
    for (int i = 0; i < WARM; i++) {
        double loss[CONTENDERS];
        for (int k = 0; k < CONTENDERS; k++) {
            if (c[k].learner == NULL) continue;
            loss[k] = take_step(&c[k], d);
            if (fabs(loss[k] - loss[0]) <= 1e-3 * (1.0 + fabs(loss[0]))) continue;
            fprintf(stderr, "step %d: loss %.7g of %s, %.7g of %s\n", i, loss[k], c[k].name, loss[0], c[0].name);
            return false;
        }
    }
    return true;
}

static void race(contender *c, const data *d, const char *kernels, double flops, double *share) {
    double of_peak[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        double peak = 0.0;
        for (int turn = 0; turn < TURNS; turn++)
            for (int k = 0; k < CONTENDERS; k++) {
                if (c[k].learner == NULL) continue;
                peak = fmax(peak, fma_peak(kernels));
                double t0 = cpu_seconds();
                for (int i = 0; i < STEPS; i++) take_step(&c[k], d);
                c[k].us[r] += 1e6 * (cpu_seconds() - t0) / (TURNS * STEPS);
            }
        for (int k = 0; k < CONTENDERS; k++) c[k].ratio[r] = c[k].us[r] / c[0].us[r];
        of_peak[r] = 100.0 * flops / c[0].us[r] * 1e-3 / peak;
    }
    *share = median(of_peak);
}

static int compare(size_t batch) {
    static const size_t widths[] = {784, 256, 128, 10};
    eng_mlp_config config = {.inputs = 784, .outputs = 10, .widths = widths + 1, .layers = 2, .task = ENG_MULTICLASS};
    data d = make_data(BATCHES, batch, config.inputs, config.outputs);
    ours o;
    base_err err;
    if (make_ours(&config, batch, &o, &err) != BASE_OK) return fail(err.text);
    const eng_params *like = eng_model_params(o.model);
    plain_mlp *p = plain_mlp_create(batch, widths, 3, like);
    mlp_onednn *m = mlp_onednn_create(batch, widths, 3, like);
    contender c[CONTENDERS] = {{.name = "here", .step = step_ours, .learner = &o},
                               {.name = "plain loop", .step = step_plain, .learner = p},
                               {.name = "oneDNN", .step = step_onednn, .learner = m}};
    if (!losses_agree(c, &d)) return fail("the contenders do not compute the same");
    /* Forward and dW of every layer, dX of all but the first. */
    double flops = 2.0 * (double)batch * (2.0 * 784 * 256 + 3.0 * (256 * 128 + 128 * 10)), share;
    race(c, &d, eng_model_kernels(o.model)->name, flops, &share);
    printf("  batch %3zu %12s %12s %7s\n", batch, "us/step", "samples/s", "ratio");
    for (int k = 0; k < CONTENDERS; k++) {
        if (c[k].learner == NULL) continue;
        double us = median(c[k].us);
        printf("  %-10s%12.1f %12.0f %7.3f", c[k].name, us, 1e6 * (double)batch / us, median(c[k].ratio));
        printf(k == 0 ? " %4.0f %% peak\n" : "\n", share);
    }
    mlp_onednn_destroy(m);
    plain_mlp_destroy(p);
    free_ours(&o);
    free_data(&d);
    return 0;
}

static int tiny(void) {
    static const size_t widths[] = {16}, batches[] = {1, 8, 32};
    enum { TINY_STEPS = 20000 };
    printf("MLP 8-16-3, ReLU, softmax cross-entropy, SGD with momentum\n");
    for (size_t b = 0; b < 3; b++) {
        eng_mlp_config config = {.inputs = 8, .outputs = 3, .widths = widths, .layers = 1, .task = ENG_MULTICLASS};
        data d = make_data(BATCHES, batches[b], config.inputs, config.outputs);
        ours o;
        base_err err;
        if (make_ours(&config, batches[b], &o, &err) != BASE_OK) return fail(err.text);
        contender c = {.name = "here", .step = step_ours, .learner = &o};
        double us[ROUNDS];
        for (int r = 0; r < ROUNDS; r++) {
            double t0 = cpu_seconds();
            for (int i = 0; i < TINY_STEPS; i++) take_step(&c, &d);
            us[r] = 1e6 * (cpu_seconds() - t0) / TINY_STEPS;
        }
        printf("  batch %2zu: %6.3f us/step\n", batches[b], median(us));
        free_ours(&o);
        free_data(&d);
    }
    return 0;
}

int main(int argc, char **argv) {
    (void)argc;
    micro_alone(argv);
    hpo_blas_set_threads(1);
    eng_subnormals_flush(); /* as the trainer does: weights of dead units and momenta end there */
    const eng_kernels *k = eng_kernels_find(NULL);
    double peak = 0.0;
    for (int i = 0; i < 50; i++) peak = fmax(peak, fma_peak(k->name));
    printf("MLP 784-256-128-10, ReLU, softmax cross-entropy, SGD with momentum\n");
    printf("  kernels %s, FMA peak %.0f GFLOP/s, BLAS %s, one thread; medians of %d interleaved rounds\n", k->name,
           peak, hpo_blas_core(), ROUNDS);
    printf("  ratio: time of the contender / time of ours\n");
    int status = compare(64);
    if (status == 0) status = compare(128);
    return status != 0 ? status : tiny();
}
