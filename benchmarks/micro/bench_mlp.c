/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast is a training step? Our executor against a plain hand-written OpenBLAS loop of the same step, in one run.
 *
 * The step is the whole step: MLP 784-256-128-10, batch 64, ReLU, softmax cross-entropy, gradients, SGD with momentum.
 * Both start from the same parameters and see the same batches, and their losses must agree, or the comparison is void.
 * Rounds are interleaved, and inside a round the two take turns every few steps, so that whatever
 * else the machine does meets both; medians are printed. The second table is
 * the step of a tiny network, where overhead is all there is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "benchmarks/micro/alone.h"
#include "benchmarks/micro/plain_mlp.h"
#include "engine/engine.h"

enum { ROUNDS = 7, TURNS = 20, STEPS = 20, WARM = 50, BATCHES = 16 };

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
    uint64_t step;
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

static double step_ours(ours *o, const data *d, double rate) {
    size_t at = o->step % d->batches;
    eng_batch batch = {.n = d->batch, .x = d->x + at * d->batch * d->inputs, .labels = d->labels + at * d->batch};
    double loss = eng_model_train(o->model, &batch, o->step++);
    eng_optimizer_step(o->optimizer, rate);
    return loss;
}

static double step_plain(plain_mlp *p, const data *d, float rate) {
    size_t at = p->step++ % d->batches;
    return plain_mlp_step(p, d->x + at * d->batch * d->inputs, d->labels + at * d->batch, rate);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count) {
    double sorted[ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, by_value);
    return sorted[count / 2];
}

static bool losses_agree(ours *o, plain_mlp *p, const data *d, double rate) {
    for (int i = 0; i < WARM; i++) {
        double a = step_ours(o, d, rate), b = step_plain(p, d, (float)rate);
        if (!(fabs(a - b) <= 1e-3 * (1.0 + fabs(b)))) {
            fprintf(stderr, "step %d: loss %.7g here, %.7g in the plain loop\n", i, a, b);
            return false;
        }
        if (i == 0 || i == WARM - 1) printf("  loss after %2d steps: %.6f here, %.6f plain\n", i, a, b);
    }
    return true;
}

static int compare(void) {
    static const size_t widths[] = {256, 128};
    eng_mlp_config config = {.inputs = 784, .outputs = 10, .widths = widths, .layers = 2, .task = ENG_MULTICLASS};
    const size_t batch = 64;
    data d = make_data(BATCHES, batch, config.inputs, config.outputs);
    ours o;
    base_err err;
    if (make_ours(&config, batch, &o, &err) != BASE_OK) return fail(err.text);
    plain_mlp *p = plain_mlp_create(batch, (const size_t[]){784, 256, 128, 10}, 3, eng_model_params(o.model));

    printf("MLP 784-256-128-10, batch %zu, ReLU, softmax cross-entropy, SGD with momentum\n", batch);
    printf("  kernels %s, BLAS %s, %d thread\n", eng_model_kernels(o.model)->name, eng_blas_core(), eng_blas_threads());
    if (!losses_agree(&o, p, &d, 0.01)) return fail("the two loops do not compute the same");
    double here[ROUNDS], plain[ROUNDS], ratio[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        here[r] = plain[r] = 0.0;
        for (int turn = 0; turn < TURNS; turn++) {
            double t0 = base_monotonic();
            for (int i = 0; i < STEPS; i++) step_ours(&o, &d, 0.01);
            double t1 = base_monotonic();
            for (int i = 0; i < STEPS; i++) step_plain(p, &d, 0.01f);
            here[r] += 1e6 * (t1 - t0) / (TURNS * STEPS);
            plain[r] += 1e6 * (base_monotonic() - t1) / (TURNS * STEPS);
        }
        ratio[r] = plain[r] / here[r];
    }
    double ours_us = median(here, ROUNDS), plain_us = median(plain, ROUNDS);
    printf("  %-12s %8.1f us/step %10.0f samples/s\n", "here", ours_us, 1e6 * (double)batch / ours_us);
    printf("  %-12s %8.1f us/step %10.0f samples/s\n", "plain loop", plain_us, 1e6 * (double)batch / plain_us);
    printf("  ratio of speeds, here / plain: %.3f (median of %d interleaved rounds)\n", median(ratio, ROUNDS), ROUNDS);
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
        double us[ROUNDS];
        for (int r = 0; r < ROUNDS; r++) {
            double t0 = base_monotonic();
            for (int i = 0; i < TINY_STEPS; i++) step_ours(&o, &d, 0.01);
            us[r] = 1e6 * (base_monotonic() - t0) / TINY_STEPS;
        }
        printf("  batch %2zu: %6.3f us/step\n", batches[b], median(us, ROUNDS));
        free_ours(&o);
        free_data(&d);
    }
    return 0;
}

int main(int argc, char **argv) {
    (void)argc;
    micro_alone(argv);
    eng_blas_set_threads(1);
    int status = compare();
    return status != 0 ? status : tiny();
}
