/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective function: what a study may ask of it, what it reports and charges, and what it says otherwise. */
#include "experiments/objectives/registry.h"
#include "hpo/space/space_file.h"
#include "tests/support/check.h"

/* The settings and parameters of a study, read. */
typedef struct fixture {
    base_arena *arena;
    hpo_space *space;
    hpo_objective_env env;
    void *state;
} fixture;

static fixture read_study(const char *settings, const char *parameters, hpo_fidelity fidelity) {
    base_err err = {0};
    fixture f = {.arena = base_arena_create()};
    base_yaml_node *node, *map;
    CHECK_OK(base_yaml_parse(f.arena, "s.yaml", settings, strlen(settings), &node, &err));
    if (parameters) {
        CHECK_OK(base_yaml_parse(f.arena, "p.yaml", parameters, strlen(parameters), &map, &err));
        CHECK_OK(hpo_space_read(map, NULL, fidelity.name, &f.space, &err));
    } else {
        f.space = hpo_space_create();
        CHECK_OK(obj_function.parameters(node, f.space, &err));
        CHECK_OK(hpo_space_seal(f.space, &err));
    }
    f.env = (hpo_objective_env){.space = f.space, .settings = node, .fidelity = fidelity, .metric = "value"};
    return f;
}

static void release(fixture *f) {
    hpo_space_destroy(f->space);
    base_arena_destroy(f->arena);
}

/* As a worker does it: options, init, one evaluation. */
static hpo_result evaluate(fixture *f, const double *config, double fidelity, uint64_t seed) {
    base_err err = {0};
    f->state = base_arena_alloc(f->arena, obj_function.state_size);
    CHECK_OK(obj_function.init(f->state, &f->env, f->arena, &err));
    const hpo_job job = {.config = config, .fidelity = fidelity, .seed = seed};
    hpo_result result = {.cost = NAN};
    CHECK_OK(obj_function.evaluate(f->state, &job, NULL, &result, &err));
    return result;
}

static double value_of(const hpo_result *result) {
    const double *value = hpo_metrics_get(&result->metrics, "value");
    assert_non_null(value);
    return *value;
}

static const hpo_fidelity none = {.min = 1, .max = 1};
static const hpo_fidelity z = {.name = "z", .min = 1, .max = 100, .integer = true};

static void own_parameters(void **state) {
    (void)state;
    base_err err = {0};
    fixture f = read_study("{problem: branin}", NULL, none);
    assert_int_equal(hpo_space_count(f.space), 2);
    CHECK_OK(obj_function.check(&f.env, &err));
    const hpo_result result = evaluate(&f, (double[]){2.5, 7.5}, 1, 1);
    CHECK_NEAR(value_of(&result), 24.129964413622268, 1e-12);
    assert_true(isnan(result.cost)); /* the declared one */
    assert_string_equal(obj_function.metrics(f.env.settings)[0], "value");
    release(&f);
}

static void sizes(void **state) {
    (void)state;
    fixture f = read_study("{problem: counting-ones}", NULL, none);
    assert_int_equal(hpo_space_count(f.space), 16);
    release(&f);
    f = read_study("{problem: counting-ones, n_categorical: 2, n_continuous: 3}", NULL, none);
    assert_int_equal(hpo_space_count(f.space), 5);
    const hpo_result result = evaluate(&f, (double[]){1, 0, .5, .25, .125}, 1, 1);
    CHECK_NEAR(value_of(&result), -1.875, 1e-15); /* without a fidelity: no coins */
    release(&f);
}

/* Which instance of a function it is: COCO's values at the origin. */
static void instances(void **state) {
    (void)state;
    static const char *const settings[] = {"{problem: bbob-f1, dimensions: 3}",
                                           "{problem: bbob-f1, dimensions: 3, instance: 2}"};
    static const double values[] = {81.40627008, 432.49018048};
    for (size_t i = 0; i < 2; i++) {
        fixture f = read_study(settings[i], NULL, none);
        const hpo_result result = evaluate(&f, (double[]){0, 0, 0}, 1, 1);
        CHECK_NEAR(value_of(&result), values[i], 1e-9);
        release(&f);
    }
}

/* With noise there are two metrics, and the seed counts for the first one only. */
static void noise(void **state) {
    (void)state;
    fixture f = read_study("{problem: borehole, noise: 0.1}", NULL, none);
    assert_string_equal(obj_function.metrics(f.env.settings)[1], "exact");
    assert_true(obj_function.maximize(f.env.settings, "exact"));
    const double x[] = {0.1, 200, 90000, 1000, 80, 750, 1400, 10000};
    const hpo_result one = evaluate(&f, x, 1, 1), two = evaluate(&f, x, 1, 2);
    assert_true(value_of(&one) != value_of(&two));
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&one.metrics, "exact"), *hpo_metrics_get(&two.metrics, "exact"));
    release(&f);
    f = read_study("{problem: borehole}", NULL, none);
    const hpo_result exact = evaluate(&f, x, 1, 1);
    CHECK_SAME_DOUBLE(value_of(&exact), *hpo_metrics_get(&one.metrics, "exact"));
    release(&f);
}

/* A mixed variant is searched in its own kinds of parameters. */
static void mixed(void **state) {
    (void)state;
    base_err err = {0};
    fixture f = read_study("{problem: levy, dimensions: 4, integers: 1, choices: 1, logs: 1, levels: 5}", NULL, none);
    assert_int_equal(hpo_space_param(f.space, 1)->n_choices, 5);
    CHECK_OK(obj_function.check(&f.env, &err));
    const hpo_result result = evaluate(&f, (double[]){4, 2, 1, 0.5}, 1, 1);
    assert_true(value_of(&result) > 0);
    release(&f);
}

/* Without a fidelity in the study an evaluation is a full one; with one, its cost is the authors' lambda, scaled so
 * that a full evaluation costs the highest fidelity. */
static void fidelity_and_cost(void **state) {
    (void)state;
    const double x[] = {.2, .4, .6};
    fixture f = read_study("{problem: mf-hartmann3-bad}", NULL, none);
    hpo_result result = evaluate(&f, x, 1, 1);
    CHECK_NEAR(value_of(&result), -1.0023086415041336, 1e-12);
    release(&f);
    f = read_study("{problem: mf-hartmann3-bad}", NULL, z);
    result = evaluate(&f, x, 100, 1);
    CHECK_NEAR(value_of(&result), -1.0023086415041336, 1e-12);
    CHECK_NEAR(result.cost, 100, 1e-12);
    result = evaluate(&f, x, 3, 1);
    assert_true(value_of(&result) > -1.0023086415041336 + .1); /* the bias alone is more */
    CHECK_NEAR(result.cost, 5.0855, 1e-12);
    const hpo_result again = evaluate(&f, x, 3, 1), other = evaluate(&f, x, 3, 2);
    CHECK_SAME_DOUBLE(value_of(&again), value_of(&result));
    assert_true(value_of(&other) != value_of(&result));
    release(&f);
}

typedef struct seen {
    size_t count, stop_after;
    double step[16], value[16];
} seen;

static hpo_verdict note(void *self, double step, const hpo_metrics *metrics) {
    seen *curve = self;
    curve->step[curve->count] = step;
    curve->value[curve->count++] = *hpo_metrics_get(metrics, "value");
    return curve->count == curve->stop_after ? HPO_STOP : HPO_CONTINUE;
}

/* What lies between the fidelity that is known and the one that is asked for, each as an evaluation there shows it;
 * told to stop, it ends without a result. */
static void curves(void **state) {
    (void)state;
    base_err err = {0};
    const double x[] = {.2, .4, .6}, expected[] = {30, 45, 60};
    fixture f = read_study("{problem: mf-hartmann3-bad, report_every: 15}", NULL, z);
    const hpo_result at45 = evaluate(&f, x, 45, 7);
    seen curve = {0};
    const hpo_reporter reporter = {.report = note, .self = &curve};
    const hpo_job job = {.config = x, .from = 15, .fidelity = 75, .seed = 7};
    hpo_result result = {.cost = NAN};
    CHECK_OK(obj_function.evaluate(f.state, &job, &reporter, &result, &err));
    assert_int_equal(curve.count, 3);
    CHECK_ARRAY_NEAR(curve.step, expected, 3, 0);
    CHECK_SAME_DOUBLE(curve.value[1], value_of(&at45));
    curve.count = 0;
    curve.stop_after = 2;
    CHECK_FAILS(obj_function.evaluate(f.state, &job, &reporter, &result, &err), BASE_CANCELLED, "told to stop");
    assert_int_equal(curve.count, 2);
    release(&f);
}

static bool goes_on(const char *settings, hpo_fidelity fidelity) {
    fixture f = read_study(settings, NULL, fidelity);
    const bool resumes = obj_function.resumes(&f.env);
    release(&f);
    return resumes;
}

/* What a promoted trial is charged: learning curves go on; a formula, and a training whose learning rate was scheduled
 * for its length, begin anew; of a table its user says it. */
static void promotions(void **state) {
    (void)state;
    const hpo_fidelity epochs = {.name = "epochs", .min = 12, .max = 52, .integer = true};
    const check_tmpdir dir = check_tmpdir_create();
    base_buf text = {0};
    assert_true(obj_function.flags & HPO_OBJECTIVE_RESUMABLE);
    assert_true(goes_on("{problem: lcbench, task: adult}", epochs));
    assert_false(goes_on("{problem: nasbench201-cifar10}", epochs));
    assert_false(goes_on("{problem: mf-hartmann3}", z));
    assert_false(goes_on("{problem: counting-ones}", (hpo_fidelity){.name = "samples", .min = 9, .max = 81}));
    check_tmpdir_write(&dir, "t.csv", "a,epochs,loss\n1,12,.9\n2,52,.5\n");
    base_buf_printf(&text, "{problem: table, file: %s/t.csv, minimize: loss, fidelity: epochs}", dir.path);
    assert_true(goes_on(base_buf_text(&text), epochs));
    base_buf_clear(&text);
    base_buf_printf(&text, "{problem: table, file: %s/t.csv, minimize: loss, fidelity: epochs, continues: false}",
                    dir.path);
    assert_false(goes_on(base_buf_text(&text), epochs));
    base_buf_fini(&text);
    check_tmpdir_remove(&dir);
}

static void refused(const char *settings, const char *parameters, hpo_fidelity fidelity, const char *sentence) {
    base_err err = {0};
    fixture f = read_study(settings, parameters, fidelity);
    CHECK_FAILS(obj_function.check(&f.env, &err), BASE_INVALID, sentence);
    release(&f);
}

static void sentences(void **state) {
    (void)state;
    static const char any[] = "x: {min: 0, max: 1}";
    const hpo_fidelity epochs = {.name = "epochs", .min = 1, .max = 27, .integer = true};
    const hpo_fidelity high = {.name = "z", .min = 1, .max = 101};
    const hpo_fidelity real = {.name = "samples", .min = 1.5, .max = 9};
    refused("{problem: brannin}", any, none, "s.yaml:1:11: there is no problem 'brannin'; did you mean 'branin'?");
    refused("{problem: schwefel}", any, none, "hpo_search --list shows them all");
    refused("{n_continuous: 3}", any, none, "the key 'problem' is missing");
    refused("{problem: branin, n_continuous: 3}", any, none, "s.yaml:1:19: the problem branin has one size");
    refused("{problem: counting-ones, n_continuous: 0, n_categorical: 0}", any, none, "must not both be 0");
    refused("{problem: branin}", any, none, "p.yaml:1:4: the problem branin has no parameter 'x'");
    refused("{problem: branin}", any, epochs, "the problem branin has no fidelity: remove `fidelity:`");
    refused("{problem: mf-hartmann3}", any, epochs, "is 'z', not 'epochs': fidelity: {z: {min: 1, max: 100}}");
    refused("{problem: mf-hartmann3}", any, high, "must lie in [1, 100], but is [1, 101]");
    refused("{problem: counting-ones}", any, real, "give it integer bounds");
    refused("{problem: counting-ones, dimensions: 3}", any, none, "the problem counting-ones knows no dimensions");
    refused("{problem: branin, dimensions: 3}", any, none, "the problem branin has one size: remove dimensions");
    refused("{problem: ackley, instance: 2}", any, none, "the problem ackley knows no instance: remove it");
    refused("{problem: bbob-f24, instance: 0}", any, none, "instance");
    refused("{problem: bbob-f25}", any, none, "there is no problem 'bbob-f25'; did you mean 'bbob-f");
    refused("{problem: mf-hartmann3, report_every: 3}", any, none, "s.yaml:1:25: report_every counts in units");
    refused("{problem: lcbench}", any, none, "the problem lcbench needs a task, e.g. task: Fashion-MNIST");
    refused("{problem: lcbench, task: segments}", any, none, "no task 'segments'; did you mean 'segment'?");
    refused("{problem: lcbench, task: 17}", any, none, "no task '17'; it has Fashion-MNIST, adult, ");
    refused("{problem: zdt1, prior: good}", any, none, "the problem zdt1 knows no prior: remove it");
    refused("{problem: hartmann3, prior: good}", any, none, "s.yaml:1:22: this prior is one of the problem's own");
    refused("{problem: lcbench, task: adult, prior: {time: bad}}", any, none, "s.yaml:1:33: this prior is one of");
}

/* A user's table: its columns are the parameters, its file lies beside the study, which names the metric. */
static void a_table(void **state) {
    (void)state;
    base_err err = {0};
    base_buf text = {0};
    const check_tmpdir dir = check_tmpdir_create();
    check_tmpdir_write(&dir, "t.csv", "a,b,epochs,loss,acc\n1,x,1,.9,1\n1,x,4,.5,5\n2,y,1,.8,2\n2,y,4,,7\n");
    base_buf_printf(
        &text, "{problem: table, file: %s/t.csv, minimize: loss, maximize: acc, fidelity: epochs, report_every: 1}",
        dir.path);
    const hpo_fidelity epochs = {.name = "epochs", .min = 1, .max = 4, .integer = true};
    fixture f = read_study(base_buf_text(&text), NULL, epochs);
    f.env.metric = "acc";
    assert_int_equal(hpo_space_count(f.space), 2);
    CHECK_OK(obj_function.check(&f.env, &err));
    assert_null(obj_function.metrics(f.env.settings)); /* any: check compares it */
    assert_true(obj_function.maximize(f.env.settings, "acc"));
    assert_false(obj_function.maximize(f.env.settings, "loss"));
    const double x[] = {0, 0}, y[] = {1, 1}, between[] = {1, 0};
    hpo_result result = evaluate(&f, x, 4, 1);
    CHECK_NEAR(*hpo_metrics_get(&result.metrics, "acc"), 5, 0);
    CHECK_NEAR(*hpo_metrics_get(&result.metrics, "loss"), .5, 0);
    double best;
    assert_true(obj_function.optimum(f.state, &best));
    CHECK_NEAR(best, 7, 0);
    result = evaluate(&f, y, 4, 1); /* an empty cell: it failed */
    assert_true(isnan(*hpo_metrics_get(&result.metrics, "loss")));
    result = evaluate(&f, between, 1, 1); /* (2, x) is as far from (1, x) as from (2, y) */
    CHECK_NEAR(*hpo_metrics_get(&result.metrics, "acc"), 1, 0);
    base_buf_clear(&text);
    obj_function.advise(&f.env, &text);
    CHECK_CONTAINS(base_buf_text(&text), "t.csv does not have all combinations of its values");
    f.env.metric = "accuracy";
    CHECK_FAILS(obj_function.check(&f.env, &err), BASE_INVALID, "s.yaml:1:11: the study's metric 'accuracy' is not");
    release(&f);
    base_buf_fini(&text);
    check_tmpdir_remove(&dir);
}

/* Which way is better, when the study does not say. */
static void goals(void **state) {
    (void)state;
    fixture f = read_study("{problem: currin}", NULL, none);
    assert_true(obj_function.maximize(f.env.settings, "value"));
    assert_false(obj_function.maximize(f.env.settings, "seconds"));
    release(&f);
    f = read_study("{problem: lcbench, task: segment}", NULL, none);
    assert_true(obj_function.maximize(f.env.settings, "val_accuracy"));
    assert_true(obj_function.maximize(f.env.settings, "test_balanced_accuracy"));
    assert_false(obj_function.maximize(f.env.settings, "val_cross_entropy"));
    assert_false(obj_function.maximize(f.env.settings, "time"));
    release(&f);
    f = read_study("{problem: branin}", NULL, none);
    assert_false(obj_function.maximize(f.env.settings, "value"));
    release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_parameters), cmocka_unit_test(sizes),     cmocka_unit_test(instances),
        cmocka_unit_test(noise),          cmocka_unit_test(mixed),     cmocka_unit_test(fidelity_and_cost),
        cmocka_unit_test(goals),          cmocka_unit_test(a_table),   cmocka_unit_test(curves),
        cmocka_unit_test(sentences),      cmocka_unit_test(promotions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
