/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that share a pass change no bit: every op of the registry, on every instance of the kernels, at sizes that
 * are shared, by one to five threads against the caller alone. */
#include "tests/support/check.h"

#include "base/arena.h"
#include "base/rng.h"
#include "engine/tensor/call.h"
#include "tests/support/op_cases.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { BATCH = 9, MOST_THREADS = 3, QUICK = 1 }; /* the order of accesses, on one instance */
#else
enum { BATCH = 37, MOST_THREADS = 5, QUICK = 0 };
#endif
enum { MOST_ARRAYS = 8 + 2 * ENG_OP_MAX_PARAMS + ENG_OP_MAX_INPUTS };

/* What the table of test_ops does not have: images of several blocks, all kinds of weights' units. */
#define CONV(...)                                                                                                      \
    &(const eng_conv2d_config) {                                                                                       \
        __VA_ARGS__                                                                                                    \
    }
static const struct {
    const char *name;
    const eng_op *op;
    const void *config;
    size_t image[3];
} more[] = {
    {"3 x 3", &eng_op_conv2d, CONV(.filters = 16, .kernel = {3}, .same = true, .no_bias = true), {32, 32, 16}},
    {"3 x 3 of 33", &eng_op_conv2d, CONV(.filters = 40, .kernel = {3}, .same = true), {9, 9, 33}},
    {"strided", &eng_op_conv2d, CONV(.filters = 32, .kernel = {3}, .stride = {2}, .padding = {1, 1}), {32, 32, 16}},
    {"1 x 1 strided", &eng_op_conv2d, CONV(.filters = 32, .kernel = {1}, .stride = {2}, .no_bias = true), {32, 32, 16}},
    {"dilated", &eng_op_conv2d, CONV(.filters = 12, .kernel = {3}, .dilation = {2}, .same = true), {14, 14, 10}},
    {"narrow", &eng_op_conv2d, CONV(.filters = 16, .kernel = {3}, .same = true), {32, 32, 3}},
    {"narrow grey", &eng_op_conv2d, CONV(.filters = 64, .kernel = {5}, .same = true), {28, 28, 1}},
    {"5 x 5", &eng_op_conv2d, CONV(.filters = 8, .kernel = {5}, .same = true), {14, 14, 8}},
    {"groups", &eng_op_conv2d, CONV(.filters = 24, .kernel = {3}, .same = true, .groups = 3), {14, 14, 12}},
    {"1 x 1 groups", &eng_op_conv2d, CONV(.filters = 20, .kernel = {1}, .groups = 2), {14, 14, 18}},
    {"1 x 1", &eng_op_conv2d, CONV(.filters = 64, .kernel = {1}, .no_bias = true), {14, 14, 64}},
    {"depthwise", &eng_op_conv2d, CONV(.filters = 40, .kernel = {3}, .same = true, .groups = 40), {28, 28, 40}},
    {"depthwise 5", &eng_op_conv2d, CONV(.filters = 8, .kernel = {5}, .same = true, .groups = 8), {28, 28, 8}},
    {"depthwise 7", &eng_op_conv2d, CONV(.filters = 64, .kernel = {7}, .same = true, .groups = 64), {14, 14, 64}},
    {"depthwise strided",
     &eng_op_conv2d,
     CONV(.filters = 24, .kernel = {3}, .stride = {2}, .padding = {1, 1}, .groups = 24),
     {28, 28, 24}},
    {"depthwise dilated",
     &eng_op_conv2d,
     CONV(.filters = 16, .kernel = {5}, .dilation = {2}, .same = true, .groups = 16, .no_bias = true),
     {28, 28, 16}},
    {"transposed",
     &eng_op_conv2d_transposed,
     &(const eng_conv2d_transposed_config){.filters = 16, .kernel = {2}, .stride = {2}},
     {14, 14, 32}},
};

/* A call with all that it reads and writes, and copies of what it has written. */
typedef struct scene {
    eng_graph *graph;
    const eng_node *node;
    eng_call call;
    eng_run run;
    bool in_place;
    float *array[MOST_ARRAYS]; /* written: y, dx, dw, state, saved */
    float *given[MOST_ARRAYS]; /* what they hold before */
    size_t count[MOST_ARRAYS], arrays;
} scene;

static float *floats(size_t count) {
    void *memory;
    base_err err;
    CHECK_OK(eng_alloc((count + 16) * sizeof(float), &memory, &err));
    return memory;
}

static float *numbers(size_t who, size_t count) {
    float *out = floats(count);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)who, 0);
    for (size_t i = 0; i < count; i++) out[i] = base_rng_uniformf(&rng) - 0.5f;
    return out;
}

/* Something that a call writes; from NULL: filled with NaN before each. */
static float *written(scene *s, size_t count, float *from) {
    BASE_ASSERT(s->arrays < MOST_ARRAYS);
    if (from == NULL) {
        from = floats(count);
        for (size_t i = 0; i < count; i++) from[i] = NAN;
    }
    s->given[s->arrays] = from;
    s->count[s->arrays] = count;
    return s->array[s->arrays++] = floats(count);
}

static size_t floats_of(size_t (*bytes)(const eng_node *node, size_t batch), const eng_node *node) {
    return bytes == NULL ? 0 : (bytes(node, BATCH) + sizeof(float) - 1) / sizeof(float);
}

static void add_inputs(scene *s) {
    const eng_node *node = s->node;
    for (size_t i = 0; i < node->inputs; i++) {
        const size_t each = s->call.in_count[i] = eng_shape_count(&node->in_shape[i]);
        const bool target = (node->traits & ENG_IS_LOSS) != 0 && i == 1;
        if (node->in_type[i] == ENG_I32) {
            int32_t *labels = (int32_t *)(void *)floats(BATCH * each);
            for (size_t r = 0; r < BATCH; r++) labels[r] = (int32_t)(r % s->call.in_count[0]);
            s->call.x[i] = labels;
        } else if (i == 0 && s->in_place) {
            s->call.x[i] = s->call.y = written(s, BATCH * each, numbers(i, BATCH * each));
        } else {
            s->call.x[i] = numbers(i, BATCH * each);
        }
        if (target) continue;
        s->call.dx[i] = i == 0 && s->in_place ? s->call.dy : written(s, BATCH * each, NULL);
    }
}

static scene *scene_create(eng_graph *graph, const eng_kernels *kernels, bool in_place) {
    scene *s = base_calloc(1, sizeof *s);
    const eng_node *node = eng_graph_node(graph, 0);
    const size_t out = (node->traits & ENG_IS_LOSS) != 0 ? 0 : eng_shape_count(&node->out_shape);
    s->graph = graph;
    s->node = node;
    s->in_place = in_place;
    s->call.node = node;
    s->call.out_count = out;
    s->run = (eng_run){.n = BATCH, .training = true, .seed = 3, .step = 5, .k = kernels};
    s->call.dy = written(s, BATCH * out, numbers(100, BATCH * out));
    if (!in_place) s->call.y = written(s, BATCH * out, NULL);
    add_inputs(s);
    for (size_t p = 0; p < node->params; p++) {
        const size_t count = eng_shape_count(&node->param[p].shape);
        const bool state = (node->param[p].flags & ENG_PARAM_STATE) != 0;
        float *w = written(s, count, numbers(200 + p, count));
        if (state) s->call.state[p] = w;
        s->call.w[p] = w;
        s->call.dw[p] = state ? NULL : written(s, count, NULL);
    }
    s->call.saved = written(s, floats_of(node->op->saved, node), NULL);
    s->call.workspace = floats(floats_of(node->op->workspace, node));
    return s;
}

static void scene_destroy(scene *s) {
    for (size_t i = 0; i < s->node->inputs; i++)
        if (i > 0 || !s->in_place) eng_free((void *)(uintptr_t)s->call.x[i]);
    for (size_t i = 0; i < s->arrays; i++) {
        eng_free(s->array[i]);
        eng_free(s->given[i]);
    }
    eng_free(s->call.workspace);
    eng_graph_destroy(s->graph);
    free(s);
}

/* What the arrays hold after forward and backward, one behind the other, and the loss. */
static float *outcome(scene *s, eng_threads *threads, const eng_updater *updater, double *loss) {
    const size_t n = eng_threads_count(threads), step = eng_align_floats(floats_of(s->node->op->workspace, s->node));
    float *rooms = floats(n * step), *shared = floats(floats_of(s->node->op->shared, s->node));
    for (size_t i = 0; i < n * step; i++) rooms[i] = NAN;
    for (size_t i = 0; i < s->arrays; i++) memcpy(s->array[i], s->given[i], s->count[i] * sizeof(float));
    s->run.loss = 0.0;
    s->run.threads = threads;
    s->run.workspaces = (char *)rooms;
    s->run.workspace_step = step * sizeof(float);
    s->run.shared = shared;
    s->run.updater = updater;
    eng_call_forward(&s->call, &s->run);
    eng_call_backward(&s->call, &s->run);
    *loss = s->run.loss;
    size_t count = 0;
    for (size_t i = 0; i < s->arrays; i++) count += s->count[i];
    float *all = floats(count), *at = all;
    for (size_t i = 0; i < s->arrays; at += s->count[i++]) memcpy(at, s->array[i], s->count[i] * sizeof(float));
    eng_free(rooms);
    eng_free(shared);
    return all;
}

static void compare(const scene *s, const char *name, size_t n, const float *got, const float *want) {
    for (size_t a = 0, at = 0; a < s->arrays; at += s->count[a++])
        for (size_t i = at; i < at + s->count[a]; i++)
            if (memcmp(&got[i], &want[i], sizeof *got) != 0)
                fail_msg("%s, %s, %zu threads: array %zu, number %zu of %zu is %.9g, not %.9g", name, s->run.k->name, n,
                         a, i - at, s->count[a], (double)got[i], (double)want[i]);
}

static void check_threads(scene *s, const char *name, eng_threads *const *pools, const eng_updater *updater) {
    double loss, want_loss;
    float *want = outcome(s, NULL, updater, &want_loss);
    for (size_t n = 1; n <= MOST_THREADS; n++) {
        float *got = outcome(s, pools[n], updater, &loss);
        compare(s, name, n, got, want);
        CHECK_SAME_DOUBLE(loss, want_loss);
        eng_free(got);
    }
    eng_free(want);
}

static eng_threads **pools_create(void) {
    eng_threads **pools = base_calloc(MOST_THREADS + 1, sizeof(eng_threads *));
    base_err err;
    for (size_t n = 1; n <= MOST_THREADS; n++) CHECK_OK(eng_threads_create(n, &pools[n], &err));
    return pools;
}

static void pools_destroy(eng_threads **pools) {
    for (size_t n = 1; n <= MOST_THREADS; n++) eng_threads_destroy(pools[n]);
    free(pools);
}

static void each_kernel(void (*check)(const eng_kernels *kernels, eng_threads *const *pools)) {
    eng_threads **pools = pools_create();
    for (const char *const *name = eng_kernels_names; *name != NULL; name++)
        if (eng_kernels_find(*name) != NULL && (!QUICK || eng_kernels_find(*name) == eng_kernels_find(NULL)))
            check(eng_kernels_find(*name), pools);
    pools_destroy(pools);
}

static void check_table(const eng_kernels *kernels, eng_threads *const *pools) {
    const unsigned both = ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD;
    for (size_t c = 0; c < op_cases_count; c++) {
        if (op_cases[c].timed.ndim == 0) continue;
        eng_shape shape = op_cases[c].timed;
        if (shape.ndim == 1) shape.dim[0] *= 7; /* so that rows are shared */
        for (size_t in_place = 0; in_place < 2; in_place++) {
            if (in_place == 1 && (op_cases[c].op->traits & both) != both) continue;
            scene *s = scene_create(op_case_graph(&op_cases[c], shape), kernels, in_place == 1);
            check_threads(s, op_cases[c].name, pools, NULL);
            scene_destroy(s);
        }
    }
}

static void every_op_of_the_registry_keeps_its_bits(void **state) {
    (void)state;
    for (size_t k = 0; eng_ops[k] != NULL; k++) {
        size_t cases = 0;
        for (size_t c = 0; c < op_cases_count; c++) cases += op_cases[c].op == eng_ops[k] && op_cases[c].timed.ndim > 0;
        if (cases == 0) fail_msg("%s has no case with a size for this test", eng_ops[k]->name);
    }
    each_kernel(check_table);
}

static void check_more(const eng_kernels *kernels, eng_threads *const *pools) {
    for (size_t c = 0; c < CHECK_COUNT(more); c++) {
        const size_t *image = more[c].image;
        const op_case what = {.op = more[c].op, .name = more[c].name, .config = more[c].config};
        scene *s = scene_create(op_case_graph(&what, eng_shape_3d(image[0], image[1], image[2])), kernels, false);
        check_threads(s, what.name, pools, NULL);
        s->call.dx[0] = NULL; /* the first layer of a network */
        check_threads(s, what.name, pools, NULL);
        scene_destroy(s);
    }
}

static void convolutions_of_all_kinds_keep_theirs(void **state) {
    (void)state;
    each_kernel(check_more);
}

static void descend(void *self, const float *w, size_t n, const float *g) {
    (void)self;
    float *to = (float *)(uintptr_t)w;
    for (size_t i = 0; i < n; i++) to[i] -= 0.1f * g[i];
}

static void check_updates(const eng_kernels *kernels, eng_threads *const *pools) {
    static const size_t sizes[][2] = {{784, 256}, {100, 1024}, {300, 10}, {2048, 128}, {31, 33}};
    for (size_t c = 0; c < CHECK_COUNT(sizes); c++) {
        const eng_dense_config config = {.width = sizes[c][1], .epilogue = ENG_EPILOGUE_RELU};
        const op_case what = {.op = &eng_op_dense, .name = "dense with its update", .config = &config};
        scene *s = scene_create(op_case_graph(&what, eng_shape_1d(sizes[c][0])), kernels, false);
        const eng_updater updater = {.apply = descend, .block = {s->call.w[0]}};
        check_threads(s, what.name, pools, NULL);
        /* Gradients are not kept: what lies there says nothing. */
        for (size_t a = 0; a < s->arrays; a++)
            if (s->array[a] == s->call.dw[0] || s->array[a] == s->call.dw[1]) s->count[a] = 0;
        check_threads(s, what.name, pools, &updater);
        scene_destroy(s);
    }
}

static void a_layer_that_updates_itself_keeps_its_bits(void **state) {
    (void)state;
    each_kernel(check_updates);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_of_the_registry_keeps_its_bits),
        cmocka_unit_test(convolutions_of_all_kinds_keep_theirs),
        cmocka_unit_test(a_layer_that_updates_itself_keeps_its_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
