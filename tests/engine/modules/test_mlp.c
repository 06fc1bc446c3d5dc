/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole models: gradients of the loss by every parameter, for every activation and task; the same bits for the same
 * seed; batches smaller than planned; penalties; learning. */
#include "tests/engine/modules/small_mlps.h"

#include "tests/engine/ops/op_reference.h"

/* The loss in double, by the naive references of the ops, as a function of the parameters. */
typedef struct oracle {
    const eng_mlp_config *config;
    const eng_params *params;
    const data *d;
    double w[4][18 * 18], b[4][18], extra[4]; /* by layer; extra: a learned slope */
    double x[MOST * 18], y[MOST * 18], values[MOST * OUT];
} oracle;

static size_t width_before(const oracle *o, size_t layer) {
    return layer == 0 ? IN : o->config->widths[layer - 1];
}

static void apply(oracle *o, const eng_op *op, const void *config, size_t in, double *w0, double *w1) {
    const eng_node node = {.op = op, .config = config, .in_shape = {eng_shape_1d(in)}};
    const op_problem p = {
        .node = &node, .n = MOST, .x = o->x, .y = o->y, .w = {w0, w1}, .values = o->values, .labels = o->d->labels};
    op_reference_of(op)(&p);
    memcpy(o->x, o->y, sizeof o->x);
}

static double oracle_loss(void *self) {
    oracle *o = self;
    const eng_op *const losses[] = {&eng_op_mean_squared_error, &eng_op_binary_cross_entropy, &eng_op_cross_entropy};
    static const double zeros[8];
    for (size_t i = 0; i < MOST * IN; i++) o->x[i] = (double)o->d->x[i];
    for (size_t i = 0; i < MOST * OUT; i++) o->values[i] = (double)o->d->values[i];
    for (size_t l = 0; l <= o->config->layers; l++) {
        bool last = l == o->config->layers;
        const eng_dense_config dense = {.width = last ? OUT : o->config->widths[l]};
        double before[MOST * 18];
        memcpy(before, o->x, sizeof before);
        apply(o, &eng_op_dense, &dense, width_before(o, l), o->w[l], o->b[l]);
        if (last) break;
        apply(o, o->config->activation, zeros, dense.width, &o->extra[l], NULL);
        bool skip = o->config->skip && dense.width == width_before(o, l);
        for (size_t i = 0; skip && i < MOST * dense.width; i++) o->x[i] += before[i];
    }
    apply(o, losses[o->config->task], zeros, OUT, NULL, NULL);
    return o->y[0];
}

/* The oracle's copy of parameter i of the model: "hidden2.weight", "prelu1.slope", ... */
static double *oracle_place(oracle *o, const char *name, size_t layer) {
    if (strstr(name, ".weight") != NULL) return o->w[layer];
    return strstr(name, ".bias") != NULL ? o->b[layer] : &o->extra[layer];
}

static void check_gradients(eng_mlp_config config) {
    data d = make_data();
    eng_model *model = make(&config, &(eng_model_options){.batch = MOST, .seed = 5});
    const eng_params *params = eng_model_params(model);
    eng_batch batch = batch_of(&d, MOST);
    double loss = eng_model_train(model, &batch, 3);
    static oracle o;
    o = (oracle){.config = &config, .params = params, .d = &d};
    size_t layer_of[16], layer = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        eng_tensor view = eng_params_view(params, i, eng_params_values(params));
        if (i > 0 && strstr(view.name, ".weight") != NULL) layer++;
        layer_of[i] = layer;
        for (size_t k = 0; k < eng_shape_count(&view.shape); k++)
            oracle_place(&o, view.name, layer)[k] = (double)view.data[k];
    }
    CHECK_CLOSE(loss, oracle_loss(&o), 1e-5);
    for (size_t i = 0; i < eng_params_count(params); i++) {
        eng_tensor got = eng_params_view(params, i, eng_params_gradients(params));
        size_t count = eng_shape_count(&got.shape);
        double want[18 * 18];
        for (size_t k = 0; k < count; k++)
            want[k] = gradcheck_derivative(oracle_loss, &o, &oracle_place(&o, got.name, layer_of[i])[k], 1e-5);
        gradcheck_near(got.name, count, got.data, want, 2e-6);
    }
    eng_model_destroy(model);
}

static void gradients_for_every_activation_and_task(void **state) {
    (void)state;
    for (const char *const *name = eng_activation_names; *name != NULL; name++)
        for (eng_task task = ENG_REGRESSION; task <= ENG_MULTICLASS; task++) check_gradients(config_of(task, *name));
}

/* Layers as wide as what they read add to it, the others do not. */
static void gradients_with_skips(void **state) {
    (void)state;
    static const size_t equal[] = {IN, IN, 12, 12};
    for (const char *const *name = eng_activation_names; *name != NULL; name++) {
        eng_mlp_config config = config_of(ENG_MULTICLASS, *name);
        config.widths = equal;
        config.layers = 3;
        config.skip = true;
        check_gradients(config);
    }
}

typedef struct probe {
    eng_model *model;
    eng_batch batch;
} probe;

static double loss_of(void *self) {
    const probe *p = self;
    return eng_model_train(p->model, &p->batch, 3);
}

/* By differences of the engine's own loss: with the step fixed the mask is the same at every evaluation. Weights whose
 * kink of the L1 penalty lies within reach are left out. */
static void gradients_with_dropout_smoothing_and_penalties(void **state) {
    (void)state;
    eng_mlp_config config = config_of(ENG_MULTICLASS, "tanh");
    config.dropout_input = 0.2;
    config.dropout_hidden = 0.5;
    config.label_smoothing = 0.1;
    const double h = 0.02;
    for (config.layers = 0; config.layers <= CHECK_COUNT(widths); config.layers++) {
        data d = make_data();
        eng_model *model = make(&config, &(eng_model_options){.batch = MOST, .seed = 6, .l1 = 0.01, .l2 = 0.03});
        eng_params *params = eng_model_params(model);
        probe p = {.model = model, .batch = batch_of(&d, MOST)};
        loss_of(&p);
        size_t size = eng_params_size(params), checked = 0;
        float *w = eng_params_values(params), *got = calloc(size, sizeof *got);
        memcpy(got, eng_params_gradients(params), size * sizeof *got);
        for (size_t k = 0; k < size; k++) {
            if (w[k] == 0.0f || fabs((double)w[k]) <= 2.0 * h) continue;
            double want = gradcheck_derivative_float(loss_of, &p, &w[k], h);
            CHECK_NEAR((double)got[k], want, 5e-5 * (1.0 + fabs(want)));
            checked++;
        }
        assert_true(checked >= eng_params_numbers(params) / 2);
        free(got);
        eng_model_destroy(model);
    }
}

/* Same seed: the same weights, losses and updates to the last bit, on every instance; another seed: others. */
static void same_seed_same_bits(void **state) {
    (void)state;
    data d = make_data();
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        eng_mlp_config config = config_of(ENG_MULTICLASS, "gelu");
        config.dropout_hidden = 0.3;
        eng_model *model[3];
        eng_optimizer *optimizer[3];
        double loss[3];
        base_err err;
        for (size_t i = 0; i < 3; i++) {
            model[i] = make(&config, &(eng_model_options){.batch = MOST, .seed = 7 + i / 2, .kernels = kernels});
            CHECK_OK(eng_optimizer_create(&eng_optimizer_adam, &eng_optimizer_adam.defaults, eng_model_params(model[i]),
                                          kernels, &optimizer[i], &err));
            assert_ptr_equal(eng_model_kernels(model[i]), kernels);
        }
        for (uint64_t step = 0; step < 20; step++) {
            for (size_t i = 0; i < 3; i++) {
                eng_batch batch = batch_of(&d, MOST - step % 3);
                loss[i] = eng_model_train(model[i], &batch, step);
                eng_optimizer_step(optimizer[i], 0.01);
            }
            CHECK_SAME_DOUBLE(loss[0], loss[1]);
            assert_true(loss[0] != loss[2]);
        }
        assert_memory_equal(eng_params_values(eng_model_params(model[0])),
                            eng_params_values(eng_model_params(model[1])),
                            eng_params_size(eng_model_params(model[0])) * sizeof(float));
        for (size_t i = 0; i < 3; i++) {
            eng_optimizer_destroy(optimizer[i]);
            eng_model_destroy(model[i]);
        }
    }
}

/* A batch of n on a plan for more computes what a plan for n computes. */
static void a_smaller_batch_is_a_batch(void **state) {
    (void)state;
    data d = make_data();
    for (eng_task task = ENG_REGRESSION; task <= ENG_MULTICLASS; task++) {
        eng_mlp_config config = config_of(task, "swish");
        config.dropout_hidden = 0.25;
        eng_model *big = make(&config, &(eng_model_options){.batch = MOST, .seed = 7});
        for (size_t n = 1; n <= MOST; n++) {
            eng_model *exact = make(&config, &(eng_model_options){.batch = n, .seed = 7});
            eng_batch batch = batch_of(&d, n);
            CHECK_SAME_DOUBLE(eng_model_train(big, &batch, 2), eng_model_train(exact, &batch, 2));
            const eng_params *a = eng_model_params(big), *b = eng_model_params(exact);
            assert_memory_equal(eng_params_gradients(a), eng_params_gradients(b), eng_params_size(a) * sizeof(float));
            CHECK_SAME_DOUBLE(eng_model_evaluate(big, &batch), eng_model_evaluate(exact, &batch));
            assert_memory_equal(eng_model_outputs(big), eng_model_outputs(exact), n * OUT * sizeof(float));
            eng_model_destroy(exact);
        }
        eng_model_destroy(big);
    }
}

/* The loss of a batch is the mean over its samples, so that of the whole is the weighted mean of the parts'. */
static void losses_are_means(void **state) {
    (void)state;
    data d = make_data();
    for (eng_task task = ENG_REGRESSION; task <= ENG_MULTICLASS; task++) {
        eng_mlp_config config = config_of(task, NULL);
        eng_model *model = make(&config, &(eng_model_options){.batch = MOST, .seed = 7});
        eng_batch all = batch_of(&d, MOST), head = batch_of(&d, 5);
        eng_batch tail = {.n = MOST - 5, .x = d.x + 5 * IN, .values = d.values + 5 * OUT, .labels = d.labels + 5};
        double whole = eng_model_evaluate(model, &all);
        double parts = 5.0 * eng_model_evaluate(model, &head) + (MOST - 5.0) * eng_model_evaluate(model, &tail);
        CHECK_CLOSE(whole, parts / MOST, 1e-6);
        eng_model_destroy(model);
    }
}

/* The penalty is l1 sum |w| + l2 / 2 sum w^2 over weights, and none of it in evaluation. */
static void penalties_belong_to_the_training_loss(void **state) {
    (void)state;
    data d = make_data();
    eng_mlp_config config = config_of(ENG_REGRESSION, "tanh");
    eng_model *plain = make(&config, &(eng_model_options){.batch = MOST, .seed = 7});
    eng_model *penalized = make(&config, &(eng_model_options){.batch = MOST, .seed = 7, .l1 = 0.3, .l2 = 0.7});
    eng_params *params = eng_model_params(plain);
    double absolute = 0.0, squares = 0.0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        eng_tensor view = eng_params_view(params, i, eng_params_values(params));
        bool weight = strstr(view.name, ".weight") != NULL;
        for (size_t k = 0; k < eng_shape_count(&view.shape); k++) {
            if (!weight) view.data[k] = 2.0f; /* a bias that would show */
            absolute += weight ? fabs((double)view.data[k]) : 0.0;
            squares += weight ? pow((double)view.data[k], 2.0) : 0.0;
        }
    }
    memcpy(eng_params_values(eng_model_params(penalized)), eng_params_values(params),
           eng_params_size(params) * sizeof(float));
    eng_batch batch = batch_of(&d, MOST);
    double difference = eng_model_train(penalized, &batch, 0) - eng_model_train(plain, &batch, 0);
    CHECK_CLOSE(difference, 0.3 * absolute + 0.35 * squares, 1e-5);
    CHECK_SAME_DOUBLE(eng_model_evaluate(penalized, &batch), eng_model_evaluate(plain, &batch));
    eng_model_destroy(plain);
    eng_model_destroy(penalized);
}

/* Training differs from evaluation where there is dropout, and nowhere else. */
static void dropout_is_where_it_was_asked(void **state) {
    (void)state;
    static const struct {
        double input, hidden;
        size_t layers;
        bool differs;
    } known[] = {
        {0.0, 0.0, 2, false}, {0.5, 0.0, 0, true}, {0.5, 0.0, 2, true}, {0.0, 0.5, 0, false}, {0.0, 0.5, 1, true}};
    data d = make_data();
    eng_batch batch = batch_of(&d, MOST);
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        eng_mlp_config config = config_of(ENG_MULTICLASS, "tanh");
        config.layers = known[i].layers;
        config.dropout_input = known[i].input;
        config.dropout_hidden = known[i].hidden;
        eng_model *model = make(&config, &(eng_model_options){.batch = MOST, .seed = 7});
        bool differs = eng_model_train(model, &batch, 0) != eng_model_evaluate(model, &batch);
        assert_int_equal(differs, known[i].differs);
        eng_model_destroy(model);
    }
}

static void outputs_need_no_targets(void **state) {
    (void)state;
    data d = make_data();
    eng_mlp_config config = config_of(ENG_MULTICLASS, NULL);
    eng_model *model = make(&config, &(eng_model_options){.batch = MOST, .seed = 7});
    eng_batch batch = batch_of(&d, MOST), blind = {.n = MOST, .x = d.x};
    float with[MOST * OUT];
    assert_true(isfinite(eng_model_evaluate(model, &batch)));
    memcpy(with, eng_model_outputs(model), sizeof with);
    assert_true(isnan(eng_model_evaluate(model, &blind)));
    assert_memory_equal(with, eng_model_outputs(model), sizeof with);
    eng_model_destroy(model);
}

/* The structure in names and sizes; an activation that a dense layer can compute needs no node of its own. */
static void the_network_is_what_was_asked(void **state) {
    (void)state;
    eng_mlp_config config = config_of(ENG_MULTICLASS, "prelu");
    eng_model *model = make(&config, &(eng_model_options){.batch = 4, .seed = 7});
    const eng_params *params = eng_model_params(model);
    assert_int_equal(eng_params_numbers(params), 5 * 7 + 7 + 1 + 7 * 18 + 18 + 1 + 18 * 4 + 4 + 1 + 4 * 3 + 3);
    assert_int_equal(eng_params_find(params, "hidden2.weight")->shape.dim[0], 7);
    assert_int_equal(eng_params_find(params, "output.bias")->count, 3);
    assert_true((eng_params_find(params, "hidden1.weight")->flags & ENG_PARAM_DECAY) != 0);
    assert_true((eng_params_find(params, "hidden1.bias")->flags & ENG_PARAM_DECAY) == 0);
    assert_true((eng_params_find(params, "prelu1.slope")->flags & ENG_PARAM_DECAY) == 0);
    assert_int_equal(eng_model_input_count(model), IN);
    assert_int_equal(eng_model_output_count(model), OUT);
    assert_int_equal(eng_model_batch(model), 4);
    assert_int_equal(eng_model_task(model), ENG_MULTICLASS);
    assert_true(eng_model_bytes(model) >= 2 * eng_params_size(params) * sizeof(float));
    eng_model_destroy(model);
    eng_model_destroy(NULL);
}

static void settings_out_of_bounds_are_named(void **state) {
    (void)state;
    const struct {
        eng_mlp_config config;
        eng_model_options options;
        const char *part;
    } bad[] = {
        {{.outputs = 1}, {.batch = 1}, "at least one input"},
        {{.inputs = 1}, {.batch = 1}, "at least one output"},
        {{.inputs = 1, .outputs = 1, .widths = (size_t[]){0}, .layers = 1}, {.batch = 1}, "hidden1: the width"},
        {{.inputs = 1, .outputs = 1, .task = ENG_MULTICLASS}, {.batch = 1}, "at least two classes"},
        {{.inputs = 1, .outputs = 1, .dropout_input = 1.0}, {.batch = 1}, "rate of dropout"},
        {{.inputs = 1, .outputs = 1, .activation = &eng_op_dropout}, {.batch = 1}, "dropout is not an activation"},
        {{.inputs = 1, .outputs = 1, .label_smoothing = 0.1}, {.batch = 1}, "label smoothing needs"},
        {{.inputs = 1, .outputs = 1}, {.batch = 0}, "at least one sample"},
        {{.inputs = 1, .outputs = 1}, {.batch = 1, .l1 = -1.0}, "L1 penalty"},
        {{.inputs = 1, .outputs = 1}, {.batch = 1, .l2 = (double)NAN}, "L2 penalty"},
    };
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        base_err err;
        eng_model *model;
        CHECK_FAILS(eng_mlp_create(&bad[i].config, &bad[i].options, &model, &err), BASE_INVALID, bad[i].part);
        assert_null(model);
    }
}

/* Exclusive or, which no linear model solves: every optimizer gets it right. */
static void it_learns_exclusive_or(void **state) {
    (void)state;
    static const float x[] = {-1, -1, -1, 1, 1, -1, 1, 1};
    static const int32_t labels[] = {0, 1, 1, 0};
    const eng_batch batch = {.n = 4, .x = x, .labels = labels};
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++) {
        const eng_optimizer_type *type = eng_optimizer_find(*name);
        eng_mlp_config config = {
            .inputs = 2, .outputs = 2, .widths = (size_t[]){16}, .layers = 1, .task = ENG_MULTICLASS};
        eng_model *model = make(&config, &(eng_model_options){.batch = 4, .seed = 1});
        eng_optimizer *optimizer;
        base_err err;
        CHECK_OK(eng_optimizer_create(type, &type->defaults, eng_model_params(model), eng_model_kernels(model),
                                      &optimizer, &err));
        double first = eng_model_evaluate(model, &batch);
        for (uint64_t step = 0; step < 1000; step++) {
            eng_model_train(model, &batch, step);
            eng_optimizer_step(optimizer, strcmp(*name, "sgd") == 0 ? 0.1 : 0.02);
        }
        assert_true(first > 0.4);
        assert_true(eng_model_evaluate(model, &batch) < 0.1);
        eng_optimizer_destroy(optimizer);
        eng_model_destroy(model);
    }
}

/* What comes in through a rectifier is half of it zero: He et al. (2015), eq. 10, have N(0, 2 / fan_in) before one,
 * Glorot and Bengio (2010), eq. 16, uniform numbers of variance 2 / (fan_in + fan_out) elsewhere. */
static void weights_begin_as_the_activation_wants(void **state) {
    (void)state;
    static const char *const rectifiers[] = {"relu", "leaky_relu", "prelu",      "elu",
                                             "gelu", "swish",      "hard_swish", "mish"};
    static const size_t wide[] = {600, 600};
    size_t found = 0;
    for (const char *const *name = eng_activation_names; *name != NULL; name++) {
        bool rectifies = false;
        for (size_t i = 0; i < CHECK_COUNT(rectifiers); i++) rectifies = rectifies || strcmp(rectifiers[i], *name) == 0;
        found += rectifies;
        eng_mlp_config config = config_of(ENG_MULTICLASS, *name);
        config.widths = wide;
        config.layers = 2;
        eng_model *model = make(&config, &(eng_model_options){.batch = MOST, .seed = 4});
        eng_params *params = eng_model_params(model);
        const eng_param *weight = eng_params_find(params, "hidden2.weight");
        const float *w = eng_params_values(params) + weight->offset;
        double squares = 0, most = 0;
        for (size_t i = 0; i < 600 * 600; i++) {
            squares += (double)w[i] * (double)w[i] / (600.0 * 600.0);
            most = fmax(most, fabs((double)w[i]));
        }
        CHECK_CLOSE(squares, rectifies ? 2.0 / 600 : 2.0 / 1200, 0.01);
        assert_int_equal(most > sqrt(6.0 / 1200), rectifies); /* normal numbers go beyond the uniform ones' bound */
        eng_model_destroy(model);
    }
    assert_int_equal(found, CHECK_COUNT(rectifiers));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_begin_as_the_activation_wants),
        cmocka_unit_test(gradients_for_every_activation_and_task),
        cmocka_unit_test(gradients_with_skips),
        cmocka_unit_test(gradients_with_dropout_smoothing_and_penalties),
        cmocka_unit_test(same_seed_same_bits),
        cmocka_unit_test(a_smaller_batch_is_a_batch),
        cmocka_unit_test(losses_are_means),
        cmocka_unit_test(penalties_belong_to_the_training_loss),
        cmocka_unit_test(dropout_is_where_it_was_asked),
        cmocka_unit_test(outputs_need_no_targets),
        cmocka_unit_test(the_network_is_what_was_asked),
        cmocka_unit_test(settings_out_of_bounds_are_named),
        cmocka_unit_test(it_learns_exclusive_or),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
