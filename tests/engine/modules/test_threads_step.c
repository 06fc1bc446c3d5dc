/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training with threads is the training without: losses, parameters and running statistics of whole networks have the
 * same bits after steps of one to four threads, and a step of several threads allocates nothing either. */
#include "tests/support/check.h"

#include "base/arena.h"
#include "tests/support/count_malloc.h"
#include "tests/support/sample_nets.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { BATCH = 8, LAST = 5, STEPS = 2, MOST_THREADS = 3, QUICK = 1 };
#else
enum { BATCH = 24, LAST = 13, STEPS = 4, MOST_THREADS = 4, QUICK = 0 };
#endif

typedef struct outcome {
    double loss[STEPS + 1];
    size_t count;
    float *numbers;
} outcome;

/* The way of training: as a whole with clipping, or each parameter as soon as its gradient is known. */
static eng_optimizer *optimizer_of(eng_model *model, bool clipped, eng_threads *threads) {
    base_err err;
    eng_optimizer *optimizer;
    eng_optimizer_config config = eng_optimizer_adam.defaults;
    if (clipped) config.clip_norm = 1.0;
    CHECK_OK(eng_optimizer_create(&eng_optimizer_adam, &config, eng_model_params(model), eng_model_kernels(model),
                                  &optimizer, &err));
    eng_optimizer_threads(optimizer, threads);
    return optimizer;
}

static outcome train(const sample_net *net, const eng_kernels *kernels, bool clipped, eng_threads *threads) {
    base_err err;
    eng_model *model = sample_net_model(net, BATCH, kernels);
    eng_optimizer *optimizer = optimizer_of(model, clipped, threads);
    float *x = base_calloc(BATCH * eng_shape_count(&net->input), sizeof *x);
    int32_t labels[BATCH];
    outcome o = {0};
    CHECK_OK(eng_model_threads(model, threads, &err));
    size_t before = allocations;
    for (uint32_t step = 0; step < STEPS; step++) {
        const size_t n = step == STEPS - 1 ? LAST : BATCH;
        sample_net_batch(net, n, step, x, labels);
        o.loss[step] = eng_model_step(model, &(eng_batch){.n = n, .x = x, .labels = labels}, step, optimizer, 0.01);
    }
    o.loss[STEPS] = eng_model_evaluate(model, &(eng_batch){.n = LAST, .x = x, .labels = labels});
    assert_int_equal(allocations - before, 0);
    o.count = eng_params_size(eng_model_params(model));
    o.numbers = base_calloc(o.count, sizeof(float));
    memcpy(o.numbers, eng_params_values(eng_model_params(model)), o.count * sizeof(float));
    eng_optimizer_destroy(optimizer);
    eng_model_destroy(model);
    free(x);
    return o;
}

static void check_network(const sample_net *net, const eng_kernels *kernels, bool clipped) {
    const outcome want = train(net, kernels, clipped, NULL);
    for (size_t i = 0; i <= STEPS; i++) assert_true(isfinite(want.loss[i]));
    for (size_t n = 1; n <= MOST_THREADS; n++) {
        base_err err;
        eng_threads *threads;
        CHECK_OK(eng_threads_create(n, &threads, &err));
        const outcome got = train(net, kernels, clipped, threads);
        for (size_t i = 0; i <= STEPS; i++)
            if (memcmp(&got.loss[i], &want.loss[i], sizeof(double)) != 0)
                fail_msg("%s, %s, %zu threads: loss %zu is %.17g, not %.17g", net->name, kernels->name, n, i,
                         got.loss[i], want.loss[i]);
        assert_int_equal(got.count, want.count);
        if (memcmp(got.numbers, want.numbers, got.count * sizeof(float)) != 0)
            fail_msg("%s, %s, %zu threads: other parameters", net->name, kernels->name, n);
        free(got.numbers);
        eng_threads_destroy(threads);
    }
    free(want.numbers);
}

static void every_network_keeps_its_bits(void **state) {
    (void)state;
    for (size_t i = 0; i < sample_nets_count; i++)
        for (size_t clipped = 0; clipped < (QUICK ? 1 : 2); clipped++)
            check_network(&sample_nets[i], eng_kernels_find(NULL), clipped == 1);
}

static void on_every_instance(void **state) {
    (void)state;
    for (const char *const *name = eng_kernels_names; *name != NULL && !QUICK; name++)
        if (eng_kernels_find(*name) != NULL && eng_kernels_find(*name) != eng_kernels_find(NULL))
            check_network(sample_net_find("resnet8"), eng_kernels_find(*name), false);
}

/* A plan takes what threads need of memory when it is told of them, and gives it back. */
static void memory_grows_with_threads_alone(void **state) {
    (void)state;
    eng_model *model = sample_net_model(sample_net_find("unet"), BATCH, NULL);
    const eng_graph *graph = eng_model_graph(model);
    const size_t two = eng_plan_threads_bytes(graph, BATCH, 2), three = eng_plan_threads_bytes(graph, BATCH, 3);
    const size_t four = eng_plan_threads_bytes(graph, BATCH, 4);
    assert_int_equal(eng_plan_threads_bytes(graph, BATCH, 1), 0);
    assert_true(two > 0 && three > two && four - three == three - two);
    const size_t alone = eng_plan_bytes(eng_model_plan(model));
    base_err err;
    eng_threads *threads;
    CHECK_OK(eng_threads_create(2, &threads, &err));
    CHECK_OK(eng_model_threads(model, threads, &err));
    assert_int_equal(eng_plan_bytes(eng_model_plan(model)), alone);
    CHECK_OK(eng_model_threads(model, NULL, &err));
    eng_threads_destroy(threads);
    eng_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_keeps_its_bits),
        cmocka_unit_test(on_every_instance),
        cmocka_unit_test(memory_grows_with_threads_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
