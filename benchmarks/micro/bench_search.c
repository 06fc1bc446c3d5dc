/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a differentiable search costs: planning and memory of its supernet, and its steps.
 *
 *   bench_search [CHANNELS CELLS]        (default 8 5; batches of 64 random images, 28 x 28 x 1)
 *
 * Planning and predicted memory are also shown for the search of the paper, 16 channels and 8 cells on 32 x 32 x 3.
 * Memory is what the process grew by when everything was made and used, beside what nas_search_bytes' parts predict.
 * Steps take turns; times are the processor's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "benchmarks/micro/alone.h"
#include "benchmarks/micro/fma_peak.h"
#include "benchmarks/micro/median.h"
#include "base/buf.h"
#include "base/rng.h"
#include "engine/tensor/subnormal.h"
#include "nas/problem.h"

enum { BATCH = 64, SIDE = 28, CLASSES = 10, ROUNDS = 5, STEPS = 2 };

static const char *const steps[STEPS] = {"first", "second"};

typedef struct subject {
    base_arena *arena;
    nas_choices choices;
    nas_supernet_options options;
    nas_supernet *net;
    nas_problem *problem;
    nas_step *step[STEPS];
    float *x[2];
    int32_t *labels[2];
} subject;

static base_status describe(subject *s, int64_t channels, int64_t cells, eng_shape input, base_err *err) {
    *s = (subject){.arena = base_arena_create()};
    BASE_TRY(nas_choices_read(NULL, s->arena, &s->choices, err));
    s->options = (nas_supernet_options){
        .settings = {.channels = (size_t)channels, .cells = (size_t)cells},
        .choices = &s->choices,
        .net = {.input = input, .task = ENG_MULTICLASS, .outputs = CLASSES},
        .batch = BATCH,
        .seed = 1,
    };
    return nas_space_find("darts", s->arena, &s->options.space, err);
}

static base_status show_plan(int64_t channels, int64_t cells, eng_shape input, base_err *err) {
    subject s;
    nas_supernet_size size;
    base_status status = describe(&s, channels, cells, input, err);
    double seconds[ROUNDS];
    for (size_t r = 0; r < ROUNDS && status == BASE_OK; r++) {
        const double begun = cpu_seconds();
        status = nas_supernet_measure(&s.options, &size, err);
        seconds[r] = cpu_seconds() - begun;
    }
    if (status == BASE_OK)
        printf(
            "C%lld L%lld, %zu x %zu x %zu: %zu weights, %zu alphas, %.1f MFLOP a sample; built and planned in %.3f s, "
            "%.0f MB\n",
            (long long)channels, (long long)cells, input.dim[0], input.dim[1], input.dim[2], size.numbers, size.alphas,
            1e-6 * size.flops, micro_median(seconds, ROUNDS), 1e-6 * (double)size.bytes);
    base_arena_destroy(s.arena);
    return status;
}

static void fill(subject *s) {
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t h = 0; h < 2; h++) {
        s->x[h] = base_calloc(BATCH * SIDE * SIDE, sizeof(float));
        s->labels[h] = base_calloc(BATCH, sizeof(int32_t));
        for (size_t i = 0; i < BATCH * SIDE * SIDE; i++) s->x[h][i] = (float)base_rng_normal(&rng);
        for (size_t i = 0; i < BATCH; i++) s->labels[h][i] = (int32_t)base_rng_below(&rng, CLASSES);
    }
}

static base_status make(subject *s, base_err *err) {
    const nas_problem_options problem = {
        .momentum = 0.9, .weight_decay = 3e-4, .clip_norm = 5, .alpha_weight_decay = 1e-3};
    BASE_TRY(nas_supernet_create(&s->options, &s->net, err));
    BASE_TRY(nas_problem_create(&problem, s->net, &s->problem, err));
    for (size_t i = 0; i < STEPS; i++)
        BASE_TRY(nas_step_create(nas_step_find(steps[i]), NULL, nas_problem_bilevel(s->problem), &s->step[i], err));
    fill(s);
    return BASE_OK;
}

static void destroy(subject *s) {
    for (size_t i = 0; i < STEPS; i++) nas_step_destroy(s->step[i]);
    nas_problem_destroy(s->problem);
    nas_supernet_destroy(s->net);
    for (size_t h = 0; h < 2; h++) {
        free(s->x[h]);
        free(s->labels[h]);
    }
    base_arena_destroy(s->arena);
}

static base_status take(const subject *s, size_t which, uint32_t number, double *seconds, base_err *err) {
    nas_problem_step at = {.number = number, .rate = {[NAS_WEIGHTS] = 0.025, [NAS_ALPHAS] = 3e-4}};
    nas_step_losses losses;
    for (size_t h = 0; h < 2; h++) at.batch[h] = (eng_batch){.n = BATCH, .x = s->x[h], .labels = s->labels[h]};
    const double begun = cpu_seconds();
    nas_problem_begin(s->problem, &at);
    BASE_TRY(nas_step_take(s->step[which], &losses, err));
    *seconds = cpu_seconds() - begun;
    return BASE_OK;
}

static double resident(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * (double)usage.ru_maxrss;
}

static base_status show_steps(int64_t channels, int64_t cells, base_err *err) {
    subject s;
    const double before = resident();
    BASE_TRY(describe(&s, channels, cells, eng_shape_3d(SIDE, SIDE, 1), err));
    base_status status = make(&s, err);
    double seconds[STEPS][ROUNDS], ratio[ROUNDS], first;
    for (size_t i = 0; i < STEPS && status == BASE_OK; i++) status = take(&s, i, 0, &first, err);
    if (status == BASE_OK) {
        /* Momentum and both moments of Adam; the second order's two copies of the weights. */
        const eng_params *params = nas_supernet_params(s.net);
        const eng_param_range w = eng_params_group(params, NAS_GROUP_WEIGHTS);
        const double predicted = (double)nas_supernet_bytes(s.net) + 3.0 * sizeof(float) * (double)(w.end - w.first);
        printf("memory: predicted %.0f MB, grown by %.0f MB (%.3f of that)\n", 1e-6 * predicted,
               1e-6 * (resident() - before), (resident() - before) / predicted);
    }
    for (uint32_t r = 0; r < ROUNDS && status == BASE_OK; r++) {
        for (size_t i = 0; i < STEPS && status == BASE_OK; i++) status = take(&s, i, r, &seconds[i][r], err);
        ratio[r] = seconds[1][r] / seconds[0][r];
    }
    if (status == BASE_OK)
        printf("a step of %d and %d images: first order %.3f s, second order %.3f s, ratio %.2f\n", BATCH, BATCH,
               micro_median(seconds[0], ROUNDS), micro_median(seconds[1], ROUNDS), micro_median(ratio, ROUNDS));
    destroy(&s);
    return status;
}

int main(int argc, char **argv) {
    int64_t channels = 8, cells = 5;
    micro_alone(argv);
    if (argc != 1 && (argc != 3 || !base_parse_i64(argv[1], &channels) || !base_parse_i64(argv[2], &cells))) {
        fprintf(stderr, "usage: bench_search [CHANNELS CELLS]\n");
        return 2;
    }
    base_err err = {0};
    eng_subnormals_flush();
    base_status status = show_plan(16, 8, eng_shape_3d(32, 32, 3), &err);
    if (status == BASE_OK) status = show_plan(channels, cells, eng_shape_3d(SIDE, SIDE, 1), &err);
    if (status == BASE_OK) status = show_steps(channels, cells, &err);
    if (status != BASE_OK) fprintf(stderr, "bench_search: %s\n", err.text);
    return status == BASE_OK ? 0 : 1;
}
