/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study says of a training: metrics, networks, seeds, references to parameters, and what is refused. */
#include "tests/experiments/objectives/train_study.h"

#include "base/buf.h"
#include "engine/modules/layers.h"

static void each_task_reports_its_own_metrics(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    listener l = {0};
    hpo_result result;
    study s = study_create("{dataset: friedman, epochs: 5}", (hpo_fidelity){0});
    CHECK_OK(evaluate(&s, folder(&dir, "numbers"), 0, 1, &l, &result, &err));
    assert_true(metric(&result.metrics, "test_mse") < 20 && metric(&result.metrics, "valid_mae") < 4);
    assert_null(hpo_metrics_get(&result.metrics, "valid_error"));
    study_end(&s);
    s = study_create("{dataset: spirals, loss: binary_cross_entropy, epochs: 5}", (hpo_fidelity){0});
    CHECK_OK(evaluate(&s, folder(&dir, "two"), 0, 1, &l, &result, &err));
    assert_true(metric(&result.metrics, "valid_auc") > 0.4);
    assert_null(hpo_metrics_get(&result.metrics, "valid_mse"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void failures_are_told_apart(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    listener l = {0};
    hpo_result result;
    study s = study_describe("{dataset: friedman, optimizer: sgd}", "{learning_rate: {min: 1e5, max: 1e6}}", epochs,
                             "valid_mse");
    CHECK_OK(study_start(&s, &err));
    CHECK_FAILS(evaluate(&s, dir.path, 0, 3, &l, &result, &err), BASE_NUMERIC, "became");
    const hpo_reporter reporter = {.report = on_report, .verdict = on_question, .self = &l};
    hpo_job job = {
        .config = s.config, .fidelity = 3, .folder = dir.path, .parent = UINT64_MAX, .limits = {.memory = 1 << 16}};
    CHECK_OK(obj_train.evaluate(s.state, &job, &reporter, &result, &err));
    assert_int_equal(result.failure, HPO_FAILURE_OOM);
    CHECK_CONTAINS(result.reason, "MiB, but trial.memory is 0.1 MiB");
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Any score can be the study's: it is then in every report, and the result has all of them. */
static void scores_can_be_the_metric(void **state) {
    (void)state;
    static const char *const names[] = {"valid_f1", "valid_ece", "valid_error_top5"};
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        listener l = {0};
        hpo_result result;
        study s = study_describe("{dataset: digits, hidden: [16]}", "{learning_rate: {min: 1e-3, max: 1e-2}}", epochs,
                                 names[i]);
        CHECK_OK(obj_train.check(&s.env, &err));
        CHECK_OK(study_start(&s, &err));
        CHECK_OK(evaluate(&s, folder(&dir, names[i]), 0, 2, &l, &result, &err));
        assert_int_equal(l.count, 2);
        CHECK_SAME_DOUBLE(metric(&l.metrics[1], names[i]), metric(&result.metrics, names[i]));
        for (size_t k = 0; k < CHECK_COUNT(names); k++) {
            assert_true((hpo_metrics_get(&l.metrics[1], names[k]) != NULL) == (k == i));
            assert_true(isfinite(metric(&result.metrics, names[k])));
        }
        assert_true(metric(&result.metrics, "test_f1") > 0.5 && metric(&result.metrics, "test_error_top5") < 0.1);
        assert_true(metric(&result.metrics, "parameters") == 64 * 16 + 16 + 16 * 10 + 10);
        assert_true(metric(&result.metrics, "flops") == 2 * (64 * 16 + 16 * 10));
        assert_true(obj_train.maximize(s.env.settings, names[i]) == (i == 0));
        study_end(&s);
    }
    study s = study_describe("{dataset: blobs}", "{learning_rate: {min: 1e-3, max: 1e-2}}", epochs, "valid_error_top5");
    CHECK_FAILS(study_start(&s, &err), BASE_INVALID, "is for more than five classes, but blobs has 4");
    s.state = NULL;
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Numbers of a list of layers are parameters wherever "{name}" stands; what cannot be built is told with its place. */
static void networks_are_searched(void **state) {
    (void)state;
    static const char network[] = "{dataset: digits, network: [{conv: \"{c}\"}, {repeat: \"{depth}\", layers: "
                                  "[{residual: [{conv: \"{c}\"}]}]}, global_pool, {dense: \"{w}\"}]}";
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    listener l = {0};
    hpo_result result;
    study s = study_describe(network, "{c: {value: 4}, depth: {min: 1, max: 3}, w: {min: 9, max: 11}}", epochs,
                             "valid_error");
    CHECK_OK(obj_train.check(&s.env, &err));
    CHECK_OK(study_start(&s, &err));
    CHECK_OK(evaluate(&s, folder(&dir, "list"), 0, 2, &l, &result, &err));
    /* 4 channels, 2 blocks, 10 units: convolutions without bias, batch norms, dense layers */
    assert_true(metric(&result.metrics, "parameters") == 9 * 4 + 8 + 2 * (9 * 16 + 8) + 4 * 10 + 10 + 10 * 10 + 10);
    study_end(&s);

    s = study_describe("{dataset: digits, network: [{conv: 4}, {conv: \"{c}\", kernel: 9, padding: none}]}",
                       "{c: {min: 1, max: 9}}", epochs, "valid_error");
    CHECK_OK(obj_train.check(&s.env, &err));
    CHECK_FAILS(study_start(&s, &err), BASE_INVALID,
                "study.yaml:1:40: layer 2 (conv): kernel 9 does not fit the 8x8 input without padding");
    s.state = NULL;
    study_end(&s);

    /* some do not fit: the study begins, and those trials fail */
    s = study_describe("{dataset: digits, network: [{conv: 4, kernel: \"{k}\", padding: none}]}",
                       "{k: {min: 5, max: 11}}", epochs, "valid_error");
    CHECK_OK(study_start(&s, &err));
    CHECK_OK(evaluate(&s, folder(&dir, "fits"), 0, 1, &l, &result, &err));
    s.config[hpo_space_find(s.space, "k")] = 11;
    CHECK_FAILS(evaluate(&s, folder(&dir, "does-not"), 0, 1, &l, &result, &err), BASE_INVALID,
                "kernel 11 does not fit");
    study_end(&s);

    s = study_describe("{dataset: digits, network: [{conv: \"{c}\"}]}", "{c: {values: [4, many]}}", epochs,
                       "valid_error");
    CHECK_FAILS(obj_train.check(&s.env, &err), BASE_INVALID, "study.yaml:1:36: conv must be");
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* --help train documents every kind of layer and every option of it, in 80 columns. */
static void layers_are_documented(void **state) {
    (void)state;
    base_buf out = {0};
    obj_train.help(&out);
    for (size_t i = 0; eng_layer_kinds[i]; i++) {
        char head[64];
        snprintf(head, sizeof head, "layer %s: ", eng_layer_kinds[i]->name);
        const char *at = strstr(base_buf_text(&out), head);
        assert_non_null(at);
        for (const base_option *o = eng_layer_kinds[i]->options; o->name; o++) assert_non_null(strstr(at, o->name));
    }
    for (const char *line = base_buf_text(&out), *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        assert_true(end - line <= 80);
    base_buf_fini(&out);
}

/* --check prints the network and what it takes, and refuses a study whose trials cannot run. */
static void the_network_is_described(void **state) {
    (void)state;
    base_err err = {0};
    base_buf out = {0};
    hpo_limits limits = {0};
    study s = study_describe("{dataset: digits, hidden: [\"{first}\", 8]}", "{first: {min: 10, max: 30}}", epochs,
                             "valid_error");
    CHECK_OK(obj_train.describe(&s.env, &limits, &out, &err));
    CHECK_CONTAINS(base_buf_text(&out), "# the network in the middle of the space\n");
    CHECK_CONTAINS(base_buf_text(&out), "hidden1                20                       1300           2560\n");
    CHECK_CONTAINS(base_buf_text(&out), "in all                                          1558           3040\n");
    CHECK_CONTAINS(base_buf_text(&out), "# its training takes 0.");
    CHECK_CONTAINS(base_buf_text(&out), "# over 64 random configurations: 828 to 2288 parameters,\n");
    assert_null(strstr(base_buf_text(&out), "refused"));
    limits.memory = 170 * 1024;
    CHECK_OK(obj_train.describe(&s.env, &limits, &out, &err));
    CHECK_CONTAINS(base_buf_text(&out), "need more than trial.memory (0.2 MiB) and would be refused\n");
    limits.memory = 100 * 1024;
    CHECK_FAILS(obj_train.describe(&s.env, &limits, &out, &err), BASE_INVALID, "MiB, but trial.memory is 0.1 MiB");
    study_end(&s);

    s = study_describe("{dataset: digits}", "{learning_rate: {min: 0.1, max: 0.2}}", epochs, "valid_error");
    CHECK_FAILS(obj_train.describe(&s.env, &limits, &out, &err), BASE_INVALID, "every trial takes");
    study_end(&s);
    base_buf_clear(&out);
    s = study_describe("{dataset: csv, path: /nowhere.csv}", "{learning_rate: {min: 0.1, max: 0.2}}", epochs,
                       "valid_error");
    CHECK_OK(obj_train.describe(&s.env, &limits, &out, &err));
    CHECK_CONTAINS(base_buf_text(&out), "# the network is not shown without its data: ");
    CHECK_CONTAINS(base_buf_text(&out), "/nowhere.csv");
    study_end(&s);
    base_buf_fini(&out);
}

/* The trial's seed decides unless the study fixes one. */
static void seeds_come_from_the_trial_or_the_settings(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    for (int fixed = 0; fixed < 2; fixed++) {
        study s = study_create(fixed ? "{dataset: blobs, epochs: 1, seed: 5}" : "{dataset: blobs, epochs: 1}",
                               (hpo_fidelity){0});
        hpo_job job = {.config = s.config, .fidelity = 1, .parent = UINT64_MAX, .seed = 1};
        hpo_result a = {0}, b = {0};
        job.folder = folder(&dir, fixed ? "a" : "c");
        CHECK_OK(obj_train.evaluate(s.state, &job, NULL, &a, &err));
        job.seed = UINT64_MAX;
        job.folder = folder(&dir, fixed ? "b" : "d");
        CHECK_OK(obj_train.evaluate(s.state, &job, NULL, &b, &err));
        assert_int_equal(metric(&a.metrics, "valid_loss") == metric(&b.metrics, "valid_loss"), fixed);
        study_end(&s);
    }
    check_tmpdir_remove(&dir);
}

static void settings_may_refer_to_parameters(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    listener l = {0};
    hpo_result result;
    study s = study_describe("{dataset: blobs, epochs: 1, hidden: [\"{width}\", \"{width}\", \"{last}\"]}",
                             "{width: {value: 6}, last: {value: 5}}", (hpo_fidelity){0}, "valid_error");
    CHECK_OK(obj_train.check(&s.env, &err));
    CHECK_OK(study_start(&s, &err));
    CHECK_OK(evaluate(&s, dir.path, 0, 1, &l, &result, &err));
    CHECK_NEAR(metric(&result.metrics, "parameters"), 2 * 6 + 6 + 6 * 6 + 6 + 6 * 5 + 5 + 5 * 4 + 4, 0);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void mistakes_are_found_before_the_run(void **state) {
    (void)state;
    static const char rate[] = "{learning_rate: {min: 0.001, max: 0.1}}";
    const struct {
        const char *settings, *parameters;
        hpo_fidelity fidelity;
        const char *part;
    } cases[] = {
        {"{dataset: fashion}", rate, {0}, "study.yaml:1:11: there is no data set 'fashion'"},
        {"{dataset: digits, widht: 3}", rate, {0}, "width"},
        {"{dataset: digits, hidden: [\"{n}\"]}", rate, {0}, "there is no parameter \"n\""},
        {"{dataset: digits, hidden: [\"{n}\"]}",
         "{n: {min: 0.5, max: 0.6}}",
         {0},
         "a width in hidden must be an integer"},
        {"{dataset: digits, epochs: 3}", rate, epochs, "study.yaml:1:19: epochs is the fidelity of this study"},
        {"{dataset: digits}", rate, {.name = "epoch", .min = 1, .max = 9, .integer = true}, "did you mean 'epochs'?"},
        {"{dataset: digits}", rate, {.name = "fraction", .min = 0, .max = 1}, "it must lie in (0, 1]"},
        {"{dataset: digits}", rate, {.name = "epochs", .min = 1, .max = 9}, "give it whole numbers"},
        {"{dataset: digits}", rate, {.name = "folds", .min = 1, .max = 1, .integer = true}, "at least 2 folds"},
        {"{dataset: digits}", "{path: {values: [a, b]}}", {0}, "path cannot be searched"},
        {"{dataset: digits, width: 3}", "{hidden: {value: 3}}", {0}, "hidden"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_err err = {0};
        study s = study_describe(cases[i].settings, cases[i].parameters, cases[i].fidelity, "valid_error");
        CHECK_FAILS(obj_train.check(&s.env, &err), BASE_INVALID, cases[i].part);
        study_end(&s);
    }
    const struct {
        const char *settings, *metric, *part;
    } later[] = {
        {"{dataset: friedman}", "valid_error", "take valid_mse or valid_mae"},
        {"{dataset: digits}", "test_mse", "take test_error"},
        {"{dataset: digits}", "valid_auc", "valid_auc is for two classes, but digits has 10"},
        {"{dataset: digits, loss: mse}", "valid_loss", "use cross_entropy"},
        {"{dataset: idx, path: nowhere}", "valid_error", "there is no file or folder //nowhere"},
    };
    for (size_t i = 0; i < CHECK_COUNT(later); i++) {
        base_err err = {0};
        study s = study_describe(later[i].settings, rate, (hpo_fidelity){0}, later[i].metric);
        CHECK_OK(obj_train.check(&s.env, &err));
        base_status status = study_start(&s, &err);
        assert_true(status == BASE_INVALID || status == BASE_NOTFOUND);
        CHECK_CONTAINS(err.text, later[i].part);
        s.state = NULL; /* it never began */
        study_end(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_reports_its_own_metrics),
        cmocka_unit_test(scores_can_be_the_metric),
        cmocka_unit_test(networks_are_searched),
        cmocka_unit_test(layers_are_documented),
        cmocka_unit_test(the_network_is_described),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(seeds_come_from_the_trial_or_the_settings),
        cmocka_unit_test(settings_may_refer_to_parameters),
        cmocka_unit_test(mistakes_are_found_before_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
