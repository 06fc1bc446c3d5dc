/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training step allocates nothing: with every op of the registry, on every instance of the kernels, in full and in
 * partial batches. */
#include "tests/support/check.h"

#include "base/yaml.h"
#include "engine/modules/layers.h"
#include "engine/optim/optimizer.h"
#include "tests/support/count_malloc.h"

enum { BATCH = 8, SIDE = 12, CHANNELS = 3 };

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

/* Of images; together with the losses of three tasks, a slice and a disturbed input they hold every op. */
static const char *const networks[] = {
    "[{conv: 8}, {conv: 8, groups: 2, stride: 2, norm: layer}, {depthwise: 5, dilation: 2}, {separable: 12}, "
    "{transposed: 8}, {residual: [{conv: 16}], drop_path: 0.2, activation: tanh}, global_pool, {dropout: 0.3}]",
    "[{concat: [[], [{pool: max}, {conv: 4}, {upsample: 2}], [{pool: average, size: 3, stride: 1, padding: same}]]}, "
    "{spatially_separable: 8, kernel: 5, norm: none}, {global_pool: max}, {dense: 16, norm: batch}]",
    "[{reshape: [4, 3, 12, 3]}, {conv3d: 8}, {residual: [{conv3d: 12, stride: 2, kernel: [3, 1, 3]}]}, global_pool]",
#define MAP_LAYERS(name, ...) "{dense: 64}, {activation: " #name "}, "
    "[" ENG_MAP_LIST(MAP_LAYERS) "{activation: prelu}, {activation: elu}, {activation: softmax}]",
#undef MAP_LAYERS
};

/* x + 0 + noise with weights that are learned, every pixel of it. */
static void disturb(eng_net *net) {
    base_err err;
    const eng_value x = net->at;
    eng_value terms[4] = {x};
    const eng_parameter_config ones = {.shape = eng_shape_2d(1, 3), .value = 1.0f};
    const eng_mix_config mix = {.column = {0, 1, 2}};
    net->err = &err;
    CHECK_OK(eng_net_apply(net, &eng_op_zero, NULL, NULL));
    terms[1] = net->at;
    net->at = x;
    CHECK_OK(eng_net_apply(net, &eng_op_noise, NULL, NULL));
    terms[2] = net->at;
    CHECK_OK(eng_graph_add_many(net->graph, &eng_op_parameter, &ones, NULL, NULL, 0, &terms[3], &err));
    CHECK_OK(eng_graph_add_many(net->graph, &eng_op_mix, &mix, NULL, terms, 4, &net->at, &err));
    CHECK_OK(eng_net_apply(net, &eng_op_subsample, NULL, NULL));
}

static eng_value add(eng_net *net, const eng_op *op, const void *config, const eng_value *in) {
    base_err err;
    eng_value out;
    CHECK_OK(eng_graph_add(net->graph, op, config, NULL, in, &out, &err));
    return out;
}

static eng_value parameter(eng_net *net, eng_shape shape) {
    return add(net, &eng_op_parameter, &(eng_parameter_config){.shape = shape, .value = 0.1f}, NULL);
}

/* A kernel of two sizes on the image; or a layer whose weights are values on a row of numbers. */
static void entangle(eng_net *net) {
    const eng_shape in = *eng_net_shape(net);
    if (in.ndim == 1) {
        const eng_dense_config dense = {.width = in.dim[0]};
        net->at = add(net, &eng_op_dense_given, &dense,
                      (eng_value[]){net->at, parameter(net, eng_shape_2d(in.dim[0], in.dim[0])), parameter(net, in)});
        return;
    }
    const eng_superpose_config sizes = {.count = 2, .column = {0, 1}, .keep = {{1, 1}}, .middle = 3, .normalize = true};
    const eng_conv2d_config conv = {
        .filters = in.dim[2], .kernel = {3}, .same = true, .groups = in.dim[2], .no_bias = true};
    const eng_shape kernel = {.ndim = 4, .dim = {3, 3, 1, in.dim[2]}};
    const eng_value both[2] = {parameter(net, kernel), parameter(net, eng_shape_2d(1, 2))};
    net->at = add(net, &eng_op_conv2d_given, &conv, (eng_value[]){net->at, add(net, &eng_op_superpose, &sizes, both)});
}

static eng_graph *build(const char *text, eng_task task, eng_ports *ports) {
    base_err err;
    base_arena *arena = base_arena_create();
    base_yaml_node *list;
    eng_layers layers;
    eng_net net;
    const eng_net_config config = {.input = eng_shape_3d(SIDE, SIDE, CHANNELS),
                                   .task = task,
                                   .outputs = 4,
                                   .label_smoothing = task == ENG_MULTICLASS ? 0.1 : 0.0,
                                   .dropout_input = 0.1,
                                   .norm = ENG_NORM_BATCH};
    CHECK_OK(base_yaml_parse(arena, "n.yaml", text, strlen(text), &list, &err));
    CHECK_OK(eng_layers_read(list, arena, &layers, &err));
    CHECK_OK(eng_net_begin(&net, &config, &err));
    disturb(&net);
    entangle(&net);
    CHECK_OK(eng_layers_build(&layers, &net));
    entangle(&net);
    CHECK_OK(eng_net_apply(&net, &eng_op_linear, NULL, NULL));
    CHECK_OK(eng_net_apply(&net, &eng_op_slice, &(eng_slice_config){1, eng_net_shape(&net)->dim[0] - 2}, NULL));
    CHECK_OK(eng_net_apply(&net, &eng_op_shuffle, &(eng_shuffle_config){eng_net_shape(&net)->dim[0]}, NULL));
    CHECK_OK(eng_net_end(&net, ports));
    base_arena_destroy(arena);
    return net.graph;
}

static void mark(const eng_graph *graph, bool *seen) {
    for (size_t i = 0; i < eng_graph_nodes(graph); i++)
        for (size_t k = 0; eng_ops[k] != NULL; k++)
            if (eng_ops[k] == eng_graph_node(graph, i)->op) seen[k] = true;
}

static void check_steps(eng_model *model, eng_task task) {
    static float x[BATCH * SIDE * SIDE * CHANNELS], values[BATCH * 4];
    static int32_t labels[BATCH];
    base_err err;
    eng_optimizer *optimizer;
    eng_optimizer_config adam = eng_optimizer_adam.defaults;
    adam.clip_norm = 1.0;
    eng_batch batch = {.n = BATCH, .x = x};
    if (task == ENG_MULTICLASS)
        batch.labels = labels;
    else
        batch.values = values;
    eng_batch last = batch;
    last.n = 3;
    CHECK_OK(eng_optimizer_create(&eng_optimizer_adam, &adam, eng_model_params(model), eng_model_kernels(model),
                                  &optimizer, &err));
    const size_t before = allocations;
    for (uint64_t step = 1; step < 6; step++) {
        eng_model_train(model, step % 3 == 0 ? &last : &batch, step);
        eng_optimizer_step(optimizer, 1e-3);
        eng_model_step(model, &batch, step, optimizer, 1e-3);
        eng_model_evaluate(model, &last);
    }
    assert_int_equal(allocations - before, 0);
    eng_optimizer_destroy(optimizer);
}

static void a_step_allocates_nothing(void **state) {
    (void)state;
    static const eng_task tasks[] = {ENG_MULTICLASS, ENG_BINARY, ENG_REGRESSION};
    bool seen[64] = {false};
    for (size_t i = 0; i < CHECK_COUNT(networks) * CHECK_COUNT(tasks); i++) {
        const eng_task task = tasks[i % CHECK_COUNT(tasks)];
        for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
            base_err err;
            eng_ports ports;
            eng_model *model;
            const eng_model_options options = {
                .batch = BATCH, .seed = 1, .l1 = 1e-4, .kernels = eng_kernels_find(*name)};
            if (options.kernels == NULL) continue;
            eng_graph *graph = build(networks[i / CHECK_COUNT(tasks)], task, &ports);
            mark(graph, seen);
            CHECK_OK(eng_model_adopt(graph, &ports, &options, &model, &err));
            check_steps(model, task);
            eng_model_destroy(model);
        }
    }
    for (size_t k = 0; eng_ops[k] != NULL; k++) {
        if (!seen[k]) print_error("%s is in no network\n", eng_ops[k]->name);
        assert_true(seen[k]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(a_step_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
