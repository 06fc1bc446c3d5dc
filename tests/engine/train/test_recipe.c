/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/engine/train/support.h"

#include "engine/modules/mlp.h"
#include "engine/ops/ops.h"

/* The widths of a perceptron, as the network that is built from them shows. */
static void check_widths(const eng_recipe *r, size_t count, const size_t *widths) {
    const eng_net_config around = {.input = eng_shape_1d(5), .task = ENG_MULTICLASS, .outputs = 3};
    base_err err = {0};
    eng_graph *graph;
    eng_ports ports;
    CHECK_OK(eng_network_graph(&r->network, &around, &graph, &ports, &err));
    assert_int_equal(eng_graph_nodes(graph), count + 2); /* the output layer and the loss */
    for (size_t i = 0; i < count; i++) assert_int_equal(eng_graph_node(graph, i)->out_shape.dim[0], widths[i]);
    eng_graph_destroy(graph);
}

static void defaults_are_filled_in(void **state) {
    (void)state;
    base_err err = {0};
    base_arena *arena = base_arena_create();
    eng_recipe r;
    CHECK_OK(read_recipe(arena, "{dataset: digits}", &r, &err));
    assert_string_equal(eng_optimizer_names[r.optimizer.optimizer], "adam");
    const eng_optimizer_settings *o = &r.optimizer;
    assert_true(o->learning_rate == 1e-3 && o->beta1 == 0.9 && o->beta2 == 0.999 && o->epsilon == 1e-8 &&
                o->momentum == 0 && o->weight_decay == 0);
    check_widths(&r, 2, (const size_t[]){128, 128});
    assert_false(r.course.seed_given);
    CHECK_OK(
        read_recipe(arena, "{dataset: digits, optimizer: adamw, beta1: 0, weight_decay: null, seed: 0}", &r, &err));
    assert_true(o->beta1 == 0 && o->beta2 == 0.999 && o->weight_decay == 0.01 && r.course.seed_given);
    CHECK_OK(read_recipe(arena, "{dataset: digits, optimizer: rmsprop, schedule: exponential}", &r, &err));
    assert_true(o->rho == 0.99 && r.schedule.end_factor == 0.01);
    CHECK_OK(read_recipe(arena, "{dataset: digits, layers: 0}", &r, &err));
    check_widths(&r, 0, NULL);
    CHECK_OK(read_recipe(arena, "{dataset: digits, hidden: [256, 128, 64]}", &r, &err));
    check_widths(&r, 3, (const size_t[]){256, 128, 64});
    base_arena_destroy(arena);
}

static void faults_name_position_and_remedy(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } faults[] = {
        {"{}", "dataset"},
        {"{dataset: fashion_mnist}",
         "r.yaml:1:11: there is no data set 'fashion_mnist' (did you mean 'fashion-mnist'?)"},
        {"{dataset: csv}", "r.yaml:1:11: dataset csv needs a path"},
        {"{dataset: digits, learningrate: 1}", "learning_rate"},
        {"{dataset: digits, learning_rate: 0}", "greater than 0"},
        {"{dataset: digits, dropout: 1}", "less than 1"},
        {"{dataset: digits, batch_size: 0}", "batch_size must be"},
        {"{dataset: digits, optimizer: adma}", "did you mean 'adam'?"},
        {"{dataset: digits, hidden: 64}",
         "r.yaml:1:27: hidden must be a list of widths, like [256, 128, 64], but is an integer"},
        {"{dataset: digits, hidden: [64, 0]}", "r.yaml:1:32: a width in hidden must be an integer between 1"},
        {"{dataset: digits, hidden: [64, x]}", "but is x"},
        {"{dataset: digits, hidden: [64], width: 3}", "r.yaml:1:33: hidden lists every width, so width has no meaning"},
        {"{dataset: digits, model: resnet, layers: 3}", "r.yaml:1:34: layers has no meaning for model resnet"},
        {"{dataset: digits, blocks: 3}", "r.yaml:1:19: blocks has no meaning for model mlp"},
        {"{dataset: digits, model: separable, preactivation: true}",
         "preactivation has no meaning for model separable"},
        {"{dataset: digits, model: unet, drop_path: 0.1}", "drop_path has no meaning for model unet"},
        {"{dataset: digits, network: [{dense: 3}], width: 3}", "network lists every layer, so width has no meaning"},
        {"{dataset: digits, network: [{dense: x}]}", "r.yaml:1:37: dense must be"},
        {"{dataset: digits, folds: 1}", "folds is 1; it must be 0 (off) or at least 2"},
        {"{dataset: digits, folds: 5, fold: 6}", "fold is 6, but folds is 5"},
        {"{dataset: digits, schedule: exponential, end_factor: 0}",
         "end_factor of an exponential schedule must be above 0"},
    };
    base_err err = {0};
    base_arena *arena = base_arena_create();
    eng_recipe r;
    for (size_t i = 0; i < CHECK_COUNT(faults); i++)
        CHECK_FAILS(read_recipe(arena, faults[i].text, &r, &err), BASE_INVALID, faults[i].part);
    base_arena_destroy(arena);
}

/* The names in the table are those of the engine's own lists. */
static void every_choice_can_be_built(void **state) {
    (void)state;
    base_err err = {0};
    bench b = bench_create("{dataset: blobs, hidden: [4]}");
    const base_option *table = eng_recipe_table(eng_networks, b.arena), *init = base_options_find(table, "init");
    for (size_t i = 0; eng_init_names[i]; i++) assert_string_equal(init->choices[i + 1], eng_init_names[i]);
    for (size_t i = 0; base_options_find(table, "optimizer")->choices[i]; i++) {
        b.recipe.optimizer.optimizer = (int)i;
        eng_trainer_destroy(bench_trainer(&b));
    }
    for (size_t i = 0; eng_activation_names[i]; i++) {
        b.recipe.network.activation = (int)i;
        eng_trainer_destroy(bench_trainer(&b));
    }
    for (size_t i = 0; init->choices[i]; i++) {
        b.recipe.network.init = (int)i;
        eng_trainer_destroy(bench_trainer(&b));
    }
    for (size_t i = 0; eng_schedule_names[i]; i++) {
        char text[100];
        eng_recipe r;
        eng_schedule_plan plan;
        snprintf(text, sizeof text, "{dataset: blobs, schedule: %s, epochs: 6, warmup_epochs: 0.5}",
                 eng_schedule_names[i]);
        CHECK_OK(read_recipe(b.arena, text, &r, &err));
        CHECK_OK(eng_schedule_plan_make(&r.schedule, (uint64_t)r.course.epochs, 10, &plan, &err));
        assert_string_equal(plan.type->name, eng_schedule_names[i]);
        assert_int_equal(plan.total, 60);
        assert_true(plan.config.warmup == 5);
    }
    bench_destroy(&b);
}

static void sgd_takes_momentum_and_nesterov(void **state) {
    (void)state;
    static const struct {
        const char *text, *rule;
    } rules[] = {
        {"{dataset: blobs, optimizer: sgd}", "sgd"},
        {"{dataset: blobs, optimizer: sgd, nesterov: true}", "sgd"},
        {"{dataset: blobs, optimizer: sgd, momentum: 0.5}", "momentum"},
        {"{dataset: blobs, optimizer: sgd, momentum: 0.5, nesterov: true}", "nesterov"},
        {"{dataset: blobs, optimizer: momentum}", "momentum"},
        {"{dataset: blobs, optimizer: nesterov}", "nesterov"},
    };
    base_err err = {0};
    for (size_t i = 0; i < CHECK_COUNT(rules); i++) {
        bench b = bench_create(rules[i].text);
        eng_model *model;
        eng_optimizer *optimizer;
        CHECK_OK(eng_recipe_model(&b.recipe, b.set, &model, &err));
        CHECK_OK(eng_recipe_optimizer(&b.recipe, model, &optimizer, &err));
        assert_string_equal(eng_optimizer_type_of(optimizer)->name, rules[i].rule);
        eng_optimizer_destroy(optimizer);
        eng_model_destroy(model);
        bench_destroy(&b);
    }
}

static void the_loss_must_fit_the_data(void **state) {
    (void)state;
    static const struct {
        const char *text, *part; /* part NULL = fits, with this task */
        eng_task task;
    } cases[] = {
        {"{dataset: blobs}", NULL, ENG_MULTICLASS},
        {"{dataset: spirals}", NULL, ENG_MULTICLASS},
        {"{dataset: spirals, loss: binary_cross_entropy}", NULL, ENG_BINARY},
        {"{dataset: friedman}", NULL, ENG_REGRESSION},
        {"{dataset: friedman, loss: mse}", NULL, ENG_REGRESSION},
        {"{dataset: blobs, loss: mse}", "use cross_entropy", 0},
        {"{dataset: blobs, loss: binary_cross_entropy}", "has 4; use cross_entropy", 0},
        {"{dataset: friedman, loss: cross_entropy}", "use loss mse", 0},
        {"{dataset: friedman, label_smoothing: 0.1}", "label_smoothing needs loss cross_entropy", 0},
        {"{dataset: friedman, flip: true}", "flip needs images, but friedman is a table", 0},
        {"{dataset: digits, crop: 2}", NULL, ENG_MULTICLASS},
    };
    base_err err = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_create(cases[i].text);
        if (cases[i].part) {
            CHECK_FAILS(eng_recipe_check(&b.recipe, b.set, &err), BASE_INVALID, cases[i].part);
        } else {
            CHECK_OK(eng_recipe_check(&b.recipe, b.set, &err));
            assert_int_equal(eng_loss_task(&b.recipe.loss, b.set), cases[i].task);
        }
        bench_destroy(&b);
    }
}

static uint64_t identity(const char *text) {
    bench b = bench_create(text);
    uint64_t id = eng_recipe_identity(&b.recipe, b.view);
    bench_destroy(&b);
    return id;
}

static void identity_covers_all_but_the_length(void **state) {
    (void)state;
    static const char *const other[] = {
        "{dataset: blobs, learning_rate: 0.0010000000000000002}",
        "{dataset: blobs, hidden: [128, 128]}",
        "{dataset: blobs, seed: 1}",
        "{dataset: blobs, fraction: 0.5}",
        "{dataset: blobs, nesterov: true}",
        "{dataset: spirals}",
        "{dataset: blobs, schedule: cosine}",
        "{dataset: blobs, split_seed: 1}",
        "{dataset: blobs, network: [{dense: 128}, {dense: 128}]}",
        "{dataset: blobs, network: [{dense: 128}, {dense: 127}]}",
        "{dataset: blobs, ema: 0.9}",
        "{dataset: blobs, accumulate: 2}",
        "{dataset: blobs, skip: true}",
    };
    uint64_t id = identity("{dataset: blobs}");
    assert_true(id == identity("{dataset: blobs, epochs: 99, early_stopping: 3}"));
    for (size_t i = 0; i < CHECK_COUNT(other); i++) assert_true(id != identity(other[i]));
    /* a schedule is laid out for a length */
    assert_true(identity("{dataset: blobs, schedule: cosine, epochs: 3}") !=
                identity("{dataset: blobs, schedule: cosine, epochs: 9}"));
    assert_true(identity("{dataset: blobs, schedule: cosine, epochs: 3, schedule_epochs: 9}") ==
                identity("{dataset: blobs, schedule: cosine, epochs: 9}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),     cmocka_unit_test(faults_name_position_and_remedy),
        cmocka_unit_test(every_choice_can_be_built),  cmocka_unit_test(sgd_takes_momentum_and_nesterov),
        cmocka_unit_test(the_loss_must_fit_the_data), cmocka_unit_test(identity_covers_all_but_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
