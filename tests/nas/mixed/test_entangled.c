/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Families of operations as one: the parameters that are left, the single operations that it must agree with,
 * gradients against differences, what weights of zero leave out, and the same bits with threads. */
#include "tests/nas/supernet_support.h"

#define ENTANGLED "{name: darts-first, mixed: entangled}"

/* ---- sizes ---- */

static bool belongs_to(const char *name, const char *const *operations) {
    for (; *operations != NULL; operations++)
        if (strstr(name, *operations) != NULL) return true;
    return false;
}

/* Plain without the smaller members of each family; what is left has its name and shape. */
static void check_size(const char *space, const char *const *smaller) {
    bench plain = bench_create(space, "darts-first", 4, 0, 28, 2), b = bench_create(space, ENTANGLED, 4, 0, 28, 2);
    const eng_params *all = nas_supernet_params(plain.net), *left = nas_supernet_params(b.net);
    size_t count = 0, numbers = 0;
    for (size_t i = 0; i < eng_params_count(all); i++) {
        const eng_param *want = eng_params_at(all, i), *got = eng_params_find(left, want->name);
        if (belongs_to(want->name, smaller)) {
            assert_null(got);
            continue;
        }
        count++;
        assert_non_null(got);
        assert_true(eng_shape_equal(&got->shape, &want->shape));
        assert_int_equal(got->flags, want->flags);
        if (want->group == NAS_GROUP_WEIGHTS && (want->flags & ENG_PARAM_STATE) == 0) numbers += want->count;
    }
    assert_int_equal(eng_params_count(left), count);
    assert_int_equal(nas_supernet_numbers(b.net), numbers);
    assert_true(nas_supernet_numbers(b.net) < nas_supernet_numbers(plain.net));
    bench_destroy(&plain);
    bench_destroy(&b);
}

static void the_parameters_are_those_of_the_largest_kernels(void **state) {
    (void)state;
    static const char *const separable[] = {".sep_conv_3x3.", ".dil_conv_3x3.", NULL};
    static const char *const dense[] = {".nor_conv_1x1.", NULL}, *const inverted[] = {".mbconv_3x3_e3.", NULL};
    check_size("darts", separable);
    check_size("toy", separable);
    check_size("nasbench201", dense);
    check_size("nasbench-macro", inverted);
}

/* He's variance for 25 taps, as the layer itself has. */
static void kernels_begin_like_those_of_a_layer(void **state) {
    (void)state;
    bench b = bench_create("darts", ENTANGLED, 16, 8, 8, 2);
    const eng_params *params = nas_supernet_params(b.net);
    double squares = 0;
    size_t count = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        if (strstr(param->name, "conv_5x5.depthwise") == NULL) continue;
        for (size_t k = 0; k < param->count; k++) squares += pow(eng_params_values(params)[param->offset + k], 2);
        count += param->count;
    }
    assert_true(count > 100000);
    CHECK_NEAR(squares / (double)count / (2. / 25), 1, .02);
    bench_destroy(&b);
}

/* ---- one candidate of each family ---- */

/* The larger operation of each family. */
static const char *const families[][2] = {{".sep_conv_3x3.", ".sep_conv_5x5."},
                                          {".dil_conv_3x3.", ".dil_conv_5x5."},
                                          {".nor_conv_1x1.", ".nor_conv_3x3."},
                                          {".mbconv_3x3_e3.", ".mbconv_5x5_e6."}};

/* The middle of the kernel and the first channels. */
static void crop(const eng_shape *large, const float *from, const eng_shape *small, float *to) {
    const size_t *l = large->dim, *s = small->dim, edge = (l[0] - s[0]) / 2;
    assert_int_equal(small->ndim, 4);
    for (size_t row = 0; row < s[0]; row++)
        for (size_t column = 0; column < s[1]; column++)
            for (size_t i = 0; i < s[2]; i++, to += s[3])
                memcpy(to, from + (((row + edge) * l[1] + column + edge) * l[2] + i) * l[3], s[3] * sizeof *to);
}

/* What a network's parameter is in the supernet. Statistics of hidden channels are those of the first. */
static void take_numbers(const eng_params *from, const eng_param *to, float *out) {
    char name[160];
    snprintf(name, sizeof name, "%s", to->name);
    for (size_t i = 0; i < CHECK_COUNT(families); i++) {
        const char *at = strstr(to->name, families[i][0]);
        if (at)
            snprintf(name, sizeof name, "%.*s%s%s", (int)(at - to->name), to->name, families[i][1],
                     at + strlen(families[i][0]));
    }
    const eng_param *there = eng_params_find(from, name);
    assert_non_null(there);
    const float *values = eng_params_values(from) + there->offset;
    if (eng_shape_equal(&there->shape, &to->shape) || to->shape.ndim == 1)
        memcpy(out, values, to->count * sizeof *out);
    else
        crop(&there->shape, values, &to->shape, out);
}

static void one_candidate_is_the_operation_itself(void **state) {
    (void)state;
    check_networks("darts", ENTANGLED, 3, 6, take_numbers);
    check_networks("nasbench201", ENTANGLED, 0, 6, take_numbers);
    check_networks("nasbench-macro", ENTANGLED, 0, 6, take_numbers);
}

/* ---- one edge ---- */

/* A single edge, whose ReLU reads the stem: what comes out is smooth in alphas and weights. */
#define EDGE(operations)                                                                                               \
    "cells:\n"                                                                                                         \
    "  cell: {inputs: 1, nodes: 1, operations: " operations ", keep: all, output: last, preprocess: false}\n"          \
    "skeleton:\n"                                                                                                      \
    "  channels: 6\n"                                                                                                  \
    "  stem: {width: 1, kernel: 3}\n"                                                                                  \
    "  stack: [{cell: cell}]\n"                                                                                        \
    "  head: [global_pool]\n"

static void use(bench *b, const double *weights) {
    const double *const blocks[] = {weights};
    nas_relaxation_use(nas_supernet_relaxation(b->net), blocks, NULL);
}

/* The logits, which have no bias yet, are a multiple of what comes out of the edge. */
static void the_sum_of_a_family_weighs_its_output(void **state) {
    (void)state;
    static const double weights[][3] = {{.2, 0, .3}, {.4, 0, .6}, {.6, 0, .4}};
    bench b = bench_create(EDGE("[dil_conv_3x3, skip_connect, dil_conv_5x5]"), ENTANGLED, 6, 0, 8, 4);
    float logits[3][12];
    for (size_t i = 0; i < 3; i++) {
        use(&b, weights[i]);
        (void)nas_supernet_train(b.net, &b.batch[0], false, 0);
        memcpy(logits[i], nas_supernet_outputs(b.net), sizeof logits[i]);
    }
    double differs = 0;
    for (size_t k = 0; k < 12; k++) {
        CHECK_NEAR(logits[1][k], 2 * logits[0][k], 1e-6);
        differs = fmax(differs, fabs(logits[2][k] - logits[1][k]));
    }
    assert_true(differs > 1e-3); /* another kernel */
    bench_destroy(&b);
}

static float *family_of(const bench *b, size_t *count) {
    const eng_params *params = nas_supernet_params(b->net);
    const eng_param *kernel = eng_params_find(params, "cell0.e0.dil_conv_5x5.depthwise.weight");
    assert_non_null(kernel);
    *count = kernel->count;
    return eng_params_values(params) + kernel->offset;
}

/* Of a family without weight nothing is computed; of a kernel without weight nothing is trained. */
static void what_has_no_weight_is_left_out(void **state) {
    (void)state;
    static const double skip[] = {0, 1, 0}, small[] = {.5, .5, 0}, large[] = {0, .5, .5};
    bench b = bench_create(EDGE("[dil_conv_3x3, skip_connect, dil_conv_5x5]"), ENTANGLED, 6, 0, 8, 4);
    size_t count;
    float *kernel = family_of(&b, &count);
    const float *gradient =
        eng_params_gradients(nas_supernet_params(b.net)) + (kernel - eng_params_values(nas_supernet_params(b.net)));
    for (size_t c = 0; c < 3; c++) {
        const float kept = kernel[0];
        use(&b, c == 0 ? skip : c == 1 ? small : large);
        if (c == 0) kernel[0] = NAN; /* would show */
        assert_true(isfinite(nas_supernet_train(b.net, &b.batch[0], false, 0)));
        nas_supernet_backward(b.net, 1u << NAS_GROUP_WEIGHTS);
        kernel[0] = kept;
        for (size_t i = 0; i < count; i++) {
            const size_t row = i / (count / 5), column = i / (count / 25) % 5;
            const bool middle = row > 0 && row < 4 && column > 0 && column < 4;
            assert_int_equal(gradient[i] != 0, c == 2 || (c == 1 && middle));
        }
    }
    bench_destroy(&b);
}

/* Alone, a member is what it is in a plain edge: the same nodes, the same bits. */
static void a_family_of_one_is_plain(void **state) {
    (void)state;
    static const char space[] = EDGE("[none, dil_conv_3x3, skip_connect, sep_conv_5x5]");
    bench plain = bench_create(space, "darts-first", 6, 0, 8, 4), b = bench_create(space, ENTANGLED, 6, 0, 8, 4);
    assert_int_equal(eng_graph_nodes(nas_supernet_graph(b.net)), eng_graph_nodes(nas_supernet_graph(plain.net)));
    CHECK_SAME_DOUBLE(nas_supernet_train(b.net, &b.batch[0], false, 0),
                      nas_supernet_train(plain.net, &b.batch[0], false, 0));
    bench_destroy(&plain);
    bench_destroy(&b);
}

/* ---- gradients ---- */

static double loss_at(bench *b, float *at, float value) {
    const float kept = *at;
    *at = value;
    const double loss = nas_supernet_train(b->net, &b->batch[0], false, 7);
    *at = kept;
    return loss;
}

static double difference(bench *b, float *at, float h) {
    const float x = *at;
    const double near = loss_at(b, at, x + h) - loss_at(b, at, x - h);
    const double far = loss_at(b, at, x + 2 * h) - loss_at(b, at, x - 2 * h);
    return (8 * near - far) / (12 * (double)h);
}

/* |got - want| / |want| over the parameters of a group whose names begin so, every step-th number. */
static double relative_error(bench *b, uint32_t group, const char *prefix, size_t step, float h) {
    const eng_params *params = nas_supernet_params(b->net);
    double off = 0, all = 0;
    (void)nas_supernet_train(b->net, &b->batch[0], false, 7);
    nas_supernet_backward(b->net, 1u << group);
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        const bool state = (param->flags & ENG_PARAM_STATE) != 0;
        if (param->group != group || state || strncmp(param->name, prefix, strlen(prefix)) != 0) continue;
        for (size_t k = 0; k < param->count; k += step) {
            const double got = eng_params_gradients(params)[param->offset + k];
            const double want = difference(b, eng_params_values(params) + param->offset + k, h);
            off += (got - want) * (got - want);
            all += want * want;
        }
    }
    assert_true(all > 0);
    return sqrt(off / all);
}

/* Alphas far from zero, so that the fractions of a family differ. */
static void spread_alphas(bench *b) {
    const eng_params *params = nas_supernet_params(b->net);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    for (size_t i = range.first; i < range.end; i++) eng_params_values(params)[i] = (float)base_rng_normal(&rng);
}

/* In front of any rule whose weights are a smooth function of the alphas. */
static void check_rule(const char *space, const nas_edge_weights *rule) {
    char search[128];
    snprintf(search, sizeof search, "{edge_weights: %s, mixed: entangled, step: first, stop: epochs}", rule->name);
    bench b = bench_create(space, search, 6, 0, 8, 4);
    spread_alphas(&b);
    nas_supernet_draw(b.net, 3, NAS_DRAW_TRAIN, .4);
    CHECK_NEAR(relative_error(&b, NAS_GROUP_ALPHAS, "", 1, .03125f), 0, 2e-4);
    CHECK_NEAR(relative_error(&b, NAS_GROUP_WEIGHTS, "cell0.", 1, .03125f), 0, 3e-4);
    bench_destroy(&b);
}

static void gradients_of_a_smooth_edge_are_those_of_differences(void **state) {
    (void)state;
    static const char *const spaces[] = {EDGE("[dil_conv_3x3, skip_connect, dil_conv_5x5, avg_pool_3x3]"),
                                         EDGE("[nor_conv_3x3, none, skip_connect, nor_conv_1x1]")};
    size_t count, checked = 0;
    const nas_edge_weights *const *rules = nas_edge_weights_list(&count);
    for (size_t i = 0; i < 2 * count; i++) {
        const nas_edge_weights *rule = rules[i / 2];
        if (!rule->learned || rule->single_path) continue;
        check_rule(spaces[i % 2], rule);
        checked++;
    }
    assert_true(checked >= 2);
}

/* Through all of a supernet; differences cross kinks as in the plain one (tests/nas/test_supernet.c). */
static void gradients_through_the_space_of_darts(void **state) {
    (void)state;
    bench b = bench_create("darts", ENTANGLED, 4, 3, 8, 16);
    spread_alphas(&b);
    CHECK_NEAR(relative_error(&b, NAS_GROUP_ALPHAS, "", 5, 8e-4f), 0, .02);
    CHECK_NEAR(relative_error(&b, NAS_GROUP_WEIGHTS, "cell", 397, 8e-4f), 0, .02);
    bench_destroy(&b);
}

/* ---- threads ---- */

static nas_supernet *supernet_of(const bench *b, eng_threads *threads) {
    const nas_supernet_options options = {
        .space = b->space,
        .settings = {.channels = 8, .cells = 3},
        .choices = b->choices,
        .net = {.input = eng_shape_3d(14, 14, 1), .task = ENG_MULTICLASS, .outputs = 3},
        .batch = 16,
        .seed = 2,
        .threads = threads,
    };
    nas_supernet *net;
    base_err err = {0};
    CHECK_OK(nas_supernet_create(&options, &net, &err));
    return net;
}

static void threads_keep_the_bits(void **state) {
    (void)state;
    bench b = bench_create("darts", ENTANGLED, 4, 3, 8, 2);
    const eng_batch batch = random_batch(b.arena, 16, 14 * 14, 3, 5);
    eng_threads *two;
    base_err err = {0};
    CHECK_OK(eng_threads_create(2, &two, &err));
    nas_supernet *alone = supernet_of(&b, NULL), *shared = supernet_of(&b, two);
    CHECK_SAME_DOUBLE(nas_supernet_train(shared, &batch, true, 0), nas_supernet_train(alone, &batch, true, 0));
    nas_supernet_backward(alone, 3);
    nas_supernet_backward(shared, 3);
    const eng_params *want = nas_supernet_params(alone), *got = nas_supernet_params(shared);
    assert_memory_equal(eng_params_gradients(got), eng_params_gradients(want), eng_params_size(want) * sizeof(float));
    nas_supernet_destroy(alone);
    nas_supernet_destroy(shared);
    eng_threads_destroy(two);
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parameters_are_those_of_the_largest_kernels),
        cmocka_unit_test(kernels_begin_like_those_of_a_layer),
        cmocka_unit_test(one_candidate_is_the_operation_itself),
        cmocka_unit_test(the_sum_of_a_family_weighs_its_output),
        cmocka_unit_test(what_has_no_weight_is_left_out),
        cmocka_unit_test(a_family_of_one_is_plain),
        cmocka_unit_test(gradients_of_a_smooth_edge_are_those_of_differences),
        cmocka_unit_test(gradients_through_the_space_of_darts),
        cmocka_unit_test(threads_keep_the_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
