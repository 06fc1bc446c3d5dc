/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a differentiable search costs: planning and memory of its supernet, and its steps.
 *
 *   bench_search [CHANNELS CELLS [SPACE [SEARCH...]]]    (default 8 5 darts; batches of 64 random images, 28 x 28 x 1)
 *
 * Searches are as in a study file, e.g. "{mixed: entangled}": they take turns with first-order DARTS.
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

enum { BATCH = 64, SIDE = 28, CLASSES = 10, ROUNDS = 5, STEPS = 2, SEARCHES = 8 };

static const char *const steps[STEPS] = {"first", "second"};

/* What the arguments ask for. */
typedef struct request {
    int64_t channels, cells;
    const char *space, *search;
    eng_shape input;
} request;

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

static base_status describe(subject *s, const request *r, base_err *err) {
    base_yaml_node *search = NULL;
    *s = (subject){.arena = base_arena_create()};
    if (r->search) BASE_TRY(base_yaml_parse(s->arena, "search", r->search, strlen(r->search), &search, err));
    BASE_TRY(nas_choices_read(search, s->arena, &s->choices, err));
    s->options = (nas_supernet_options){
        .settings = {.channels = (size_t)r->channels, .cells = (size_t)r->cells},
        .choices = &s->choices,
        .net = {.input = r->input, .task = ENG_MULTICLASS, .outputs = CLASSES},
        .batch = BATCH,
        .seed = 1,
    };
    return nas_space_find(r->space, s->arena, &s->options.space, err);
}

static base_status show_plan(const request *r, base_err *err) {
    subject s;
    nas_supernet_size size;
    base_status status = describe(&s, r, err);
    double seconds[ROUNDS];
    for (size_t i = 0; i < ROUNDS && status == BASE_OK; i++) {
        const double begun = cpu_seconds();
        status = nas_supernet_measure(&s.options, &size, err);
        seconds[i] = cpu_seconds() - begun;
    }
    if (status == BASE_OK)
        printf("%s C%lld L%lld, %zu x %zu x %zu: %zu weights, %zu alphas, %.1f MFLOP a sample; built and planned in "
               "%.3f s, %.0f MB\n",
               r->space, (long long)r->channels, (long long)r->cells, r->input.dim[0], r->input.dim[1], r->input.dim[2],
               size.numbers, size.alphas, 1e-6 * size.flops, micro_median(seconds, ROUNDS), 1e-6 * (double)size.bytes);
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

static base_status show_steps(const request *r, base_err *err) {
    subject s;
    const double before = resident();
    BASE_TRY(describe(&s, r, err));
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
    for (uint32_t n = 0; n < ROUNDS && status == BASE_OK; n++) {
        for (size_t i = 0; i < STEPS && status == BASE_OK; i++) status = take(&s, i, n, &seconds[i][n], err);
        ratio[n] = seconds[1][n] / seconds[0][n];
    }
    if (status == BASE_OK)
        printf("a step of %d and %d images: first order %.3f s, second order %.3f s, ratio %.2f\n", BATCH, BATCH,
               micro_median(seconds[0], ROUNDS), micro_median(seconds[1], ROUNDS), micro_median(ratio, ROUNDS));
    destroy(&s);
    return status;
}

/* The first is what the others are compared with. */
static base_status compare(subject *s, size_t count, const char *const *names, base_err *err) {
    double seconds[SEARCHES][ROUNDS], ratio[SEARCHES][ROUNDS], first;
    for (size_t i = 0; i < count; i++) BASE_TRY(take(&s[i], 0, 0, &first, err));
    for (uint32_t n = 0; n < ROUNDS; n++)
        for (size_t i = 0; i < count; i++) {
            BASE_TRY(take(&s[i], 0, n + 1, &seconds[i][n], err));
            ratio[i][n] = seconds[i][n] / seconds[0][n];
        }
    printf("%-40s %10s %8s %12s %8s\n", "search", "weights", "MB", "s a step", "ratio");
    for (size_t i = 0; i < count; i++)
        printf("%-40s %10zu %8.1f %12.4f %8.2f\n", names[i], nas_supernet_numbers(s[i].net),
               1e-6 * (double)nas_supernet_bytes(s[i].net), micro_median(seconds[i], ROUNDS),
               micro_median(ratio[i], ROUNDS));
    return BASE_OK;
}

static base_status show_searches(const request *r, size_t count, const char *const *searches, base_err *err) {
    subject s[SEARCHES] = {0};
    const char *names[SEARCHES] = {"darts-first"};
    base_status status = BASE_OK;
    for (size_t i = 0; i <= count && status == BASE_OK; i++) {
        request one = *r;
        one.search = names[i] = i > 0 ? searches[i - 1] : names[0];
        status = describe(&s[i], &one, err);
        if (status == BASE_OK) status = make(&s[i], err);
    }
    if (status == BASE_OK) status = compare(s, count + 1, names, err);
    for (size_t i = 0; i <= count; i++)
        if (s[i].arena) destroy(&s[i]);
    return status;
}

int main(int argc, char **argv) {
    const request paper = {.channels = 16, .cells = 8, .space = "darts", .input = eng_shape_3d(32, 32, 3)};
    request r = {.channels = 8, .cells = 5, .space = "darts", .input = eng_shape_3d(SIDE, SIDE, 1)};
    const size_t searches = argc > 4 ? (size_t)argc - 4 : 0;
    micro_alone(argv);
    if (argc == 2 || searches >= SEARCHES ||
        (argc > 2 && (!base_parse_i64(argv[1], &r.channels) || !base_parse_i64(argv[2], &r.cells)))) {
        fprintf(stderr, "usage: bench_search [CHANNELS CELLS [SPACE [SEARCH...]]]\n");
        return 2;
    }
    if (argc > 3) r.space = argv[3];
    base_err err = {0};
    eng_subnormals_flush();
    base_status status = searches > 0 ? BASE_OK : show_plan(&paper, &err);
    if (status == BASE_OK) status = show_plan(&r, &err);
    if (status == BASE_OK && searches == 0) status = show_steps(&r, &err);
    if (status == BASE_OK && searches > 0) status = show_searches(&r, searches, (const char *const *)argv + 4, &err);
    if (status != BASE_OK) fprintf(stderr, "bench_search: %s\n", err.text);
    return status == BASE_OK ? 0 : 1;
}
