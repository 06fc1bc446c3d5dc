/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training step allocates nothing: this program's malloc family counts, and every library in the process uses it. */
#include "tests/support/check.h"

#include "engine/modules/convnets.h"
#include "engine/modules/mlp.h"
#include "engine/optim/optimizer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTING 0 /* a sanitizer brings its own malloc */
#else
#define COUNTING 1
#endif

static volatile size_t allocations;

#if COUNTING
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    allocations++;
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    allocations++;
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? 12 : 0;
}
#endif

static void the_counter_counts(void **state) {
    (void)state;
    if (!COUNTING) skip();
    size_t before = allocations;
    base_err err;
    void *memory;
    CHECK_OK(eng_alloc(100, &memory, &err));
    eng_free(memory);
    assert_true(allocations > before);
}

static void a_step_allocates_nothing(void **state) {
    (void)state;
    if (!COUNTING) skip();
    static const size_t widths[] = {300, 64, 64, 64};
    static float x[64 * 100];
    static int32_t labels[64];
    const eng_batch batch = {.n = 64, .x = x, .labels = labels}, last = {.n = 17, .x = x, .labels = labels};
    eng_mlp_config config = {.inputs = 100,
                             .outputs = 10,
                             .widths = widths,
                             .layers = 4,
                             .skip = true,
                             .dropout_input = 0.1,
                             .dropout_hidden = 0.5,
                             .task = ENG_MULTICLASS,
                             .label_smoothing = 0.1};
    for (const char *const *name = eng_activation_names; *name != NULL; name++) {
        base_err err;
        eng_model *model;
        eng_optimizer *optimizer;
        config.activation = eng_op_find(*name);
        eng_optimizer_config adam = eng_optimizer_adam.defaults;
        adam.clip_norm = 1.0;
        CHECK_OK(eng_mlp_create(&config, &(eng_model_options){.batch = 64, .seed = 1, .l1 = 1e-4}, &model, &err));
        CHECK_OK(eng_optimizer_create(&eng_optimizer_adam, &adam, eng_model_params(model), eng_model_kernels(model),
                                      &optimizer, &err));
        eng_model_train(model, &batch, 0); /* BLAS allocates its buffers at its first call */
        size_t before = allocations;
        for (uint64_t step = 1; step < 20; step++) {
            eng_model_train(model, step % 5 == 0 ? &last : &batch, step);
            eng_optimizer_step(optimizer, 1e-3);
            eng_model_evaluate(model, &last);
        }
        assert_int_equal(allocations - before, 0);
        eng_optimizer_destroy(optimizer);
        eng_model_destroy(model);
    }
}

/* The same for a network with convolutions, normalisation, skips, drop-path and a branch, and for its batches. */
static void a_step_of_a_convolutional_network_allocates_nothing(void **state) {
    (void)state;
    if (!COUNTING) skip();
    base_err err;
    eng_net net;
    eng_ports ports;
    eng_model *model;
    eng_optimizer *optimizer;
    static float x[8 * 12 * 12 * 3];
    static int32_t labels[8];
    const eng_batch batch = {.n = 8, .x = x, .labels = labels}, last = {.n = 3, .x = x, .labels = labels};
    const eng_net_config config = {.input = {.ndim = 3, .dim = {12, 12, 3}},
                                   .task = ENG_MULTICLASS,
                                   .outputs = 10,
                                   .activation = &eng_op_relu,
                                   .norm = ENG_NORM_BATCH};
    const eng_convnet_config shape = {.stages = 2, .blocks = 2, .width = 8, .drop_path = 0.2};
    CHECK_OK(eng_net_begin(&net, &config, &err));
    CHECK_OK(eng_net_concat(&net, (eng_value[]){net.at, net.at}, 2));
    CHECK_OK(eng_resnet_build(&net, &shape));
    CHECK_OK(eng_net_end(&net, &ports));
    CHECK_OK(eng_model_adopt(net.graph, &ports, &(eng_model_options){.batch = 8, .seed = 1}, &model, &err));
    CHECK_OK(eng_optimizer_create(&eng_optimizer_nesterov, &eng_optimizer_nesterov.defaults, eng_model_params(model),
                                  eng_model_kernels(model), &optimizer, &err));
    eng_model_train(model, &batch, 0);
    size_t before = allocations;
    for (uint64_t step = 1; step < 10; step++) {
        eng_model_train(model, step % 3 == 0 ? &last : &batch, step);
        eng_optimizer_step(optimizer, 1e-3);
        eng_model_evaluate(model, &last);
    }
    assert_int_equal(allocations - before, 0);
    eng_optimizer_destroy(optimizer);
    eng_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(a_step_of_a_convolutional_network_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
