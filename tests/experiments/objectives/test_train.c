/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "engine/modules/layers.h"
#include "experiments/objectives/registry.h"
#include "hpo/space/space_file.h"

/* A study of the objective train, as far as the objective sees it. */
typedef struct study {
    base_arena *arena;
    hpo_space *space;
    hpo_objective_env env;
    void *state;
    double config[8];
} study;

enum { MAX_REPORTS = 64 };

/* Keeps every report; says stop at the report or the question of the given number (0 = never). */
typedef struct listener {
    size_t count, stop_at, questions, stop_at_question;
    double step[MAX_REPORTS];
    hpo_metrics metrics[MAX_REPORTS];
} listener;

static hpo_verdict on_report(void *self, double step, const hpo_metrics *metrics) {
    listener *l = self;
    assert_true(l->count < MAX_REPORTS);
    l->step[l->count] = step;
    l->metrics[l->count++] = *metrics;
    return l->count == l->stop_at ? HPO_STOP : HPO_CONTINUE;
}

static hpo_verdict on_question(void *self) {
    listener *l = self;
    return ++l->questions == l->stop_at_question ? HPO_STOP : HPO_CONTINUE;
}

static base_yaml_node *parse(base_arena *arena, const char *text) {
    base_err err = {0};
    base_yaml_node *node;
    CHECK_OK(base_yaml_parse(arena, "study.yaml", text, strlen(text), &node, &err));
    return node;
}

static study study_describe(const char *settings, const char *parameters, hpo_fidelity fidelity, const char *metric) {
    base_err err = {0};
    study s = {.arena = base_arena_create()};
    CHECK_OK(hpo_space_read(parse(s.arena, parameters), NULL, fidelity.name, &s.space, &err));
    if (!fidelity.name) fidelity.min = fidelity.max = 1;
    s.env = (hpo_objective_env){.space = s.space,
                                .settings = parse(s.arena, settings),
                                .fidelity = fidelity,
                                .metric = metric,
                                .base_dir = "/"};
    return s;
}

/* What the worker does: options, init; the configuration is the middle of the space. */
static base_status study_start(study *s, base_err *err) {
    double unit[8];
    s->state = base_arena_alloc(s->arena, obj_train.state_size);
    BASE_TRY(base_options_read(obj_train.options, s->env.settings, s->state, s->arena, err));
    BASE_TRY(obj_train.init(s->state, &s->env, s->arena, err));
    for (size_t i = 0; i < hpo_space_dims(s->space); i++) unit[i] = 0.5;
    hpo_space_from_unit(s->space, unit, s->config);
    return BASE_OK;
}

static void study_end(study *s) {
    if (s->state) obj_train.fini(s->state);
    hpo_space_destroy(s->space);
    base_arena_destroy(s->arena);
}

static study study_create(const char *settings, hpo_fidelity fidelity) {
    base_err err = {0};
    study s = study_describe(settings, "{learning_rate: {min: 1e-3, max: 1e-2, log: true}}", fidelity, "valid_loss");
    CHECK_OK(obj_train.check(&s.env, &err));
    CHECK_OK(study_start(&s, &err));
    return s;
}

static base_status evaluate(study *s, const char *folder, double from, double to, listener *l, hpo_result *out,
                            base_err *err) {
    const hpo_job job = {.trial = 3,
                         .config = s->config,
                         .from = from,
                         .fidelity = to,
                         .seed = 77,
                         .parent = UINT64_MAX,
                         .folder = folder};
    const hpo_reporter reporter = {.report = on_report, .verdict = on_question, .self = l};
    size_t stop_at = l->stop_at, stop_at_question = l->stop_at_question;
    *l = (listener){.stop_at = stop_at, .stop_at_question = stop_at_question};
    *out = (hpo_result){.cost = NAN};
    return obj_train.evaluate(s->state, &job, &reporter, out, err);
}

static void check_same_metrics(const hpo_metrics *a, const hpo_metrics *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->item[i].name, b->item[i].name);
        if (strcmp(a->item[i].name, "seconds") != 0) CHECK_SAME_DOUBLE(a->item[i].value, b->item[i].value);
    }
}

/* The reports of `part` are the last ones of `whole`. */
static void check_same_end(const listener *part, const listener *whole) {
    assert_true(part->count <= whole->count);
    for (size_t i = 0; i < part->count; i++) {
        size_t j = whole->count - part->count + i;
        CHECK_SAME_DOUBLE(part->step[i], whole->step[j]);
        check_same_metrics(&part->metrics[i], &whole->metrics[j]);
    }
}

static double metric(const hpo_metrics *metrics, const char *name) {
    const double *value = hpo_metrics_get(metrics, name);
    if (!value) print_error("no metric %s\n", name);
    assert_non_null(value);
    return *value;
}

static const hpo_fidelity epochs = {.name = "epochs", .min = 1, .max = 9, .integer = true};
static const char digits[] = "{dataset: digits, hidden: [32], dropout: 0.1, batch_size: 100, schedule: cosine}";

static const char *folder(const check_tmpdir *dir, const char *name) {
    const char *path = check_tmpdir_file(dir, name);
    assert_int_equal(mkdir(path, 0777), 0);
    return path;
}

static bool exists(const char *in, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", in, name);
    return access(path, F_OK) == 0;
}

/* In a process of its own, as trials run. */
static void evaluate_elsewhere(study *s, const char *in, double from, double to, listener *l, base_status expected) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        base_err err = {0};
        hpo_result result;
        _exit(evaluate(s, in, from, to, l, &result, &err) == expected ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_promoted_trial_equals_one_that_ran_through(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two");
    listener whole = {0}, part = {0};
    hpo_result at_once, promoted, again;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    assert_int_equal(whole.count, 9);
    evaluate_elsewhere(&s, two, 0, 3, &part, BASE_OK);
    assert_true(exists(two, "checkpoint-3.ckpt"));
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &promoted, &err));
    assert_int_equal(part.count, 6);
    CHECK_SAME_DOUBLE(part.step[0], 4);
    check_same_end(&part, &whole);
    check_same_metrics(&promoted.metrics, &at_once.metrics);
    CHECK_SAME_DOUBLE(metric(&at_once.metrics, "valid_loss"), metric(&whole.metrics[8], "valid_loss"));
    CHECK_NEAR(metric(&at_once.metrics, "epochs_run"), 9, 0);
    CHECK_NEAR(metric(&at_once.metrics, "parameters"), 64 * 32 + 32 + 32 * 10 + 10, 0);
    assert_true(metric(&at_once.metrics, "test_error") < 0.2);
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &again, &err)); /* another attempt: the result was lost on its way */
    assert_int_equal(part.count, 6);
    check_same_metrics(&again.metrics, &at_once.metrics);
    obj_train.forget(two, 3);
    assert_false(exists(two, "checkpoint-3.ckpt"));
    assert_true(exists(two, "checkpoint-9.ckpt"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void an_interrupted_trial_equals_one_that_ran_through(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two");
    listener whole = {0}, part = {.stop_at = 2};
    hpo_result at_once, result;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    evaluate_elsewhere(&s, two, 0, 9, &part, BASE_CANCELLED);
    assert_true(exists(two, "partial-9.ckpt"));
    part.stop_at = 5; /* two of the five are repeated */
    CHECK_STATUS(evaluate(&s, two, 0, 9, &part, &result, &err), BASE_CANCELLED);
    assert_int_equal(part.count, 5);
    part.stop_at = 1; /* told to stop while it repeats: nothing gets lost */
    CHECK_STATUS(evaluate(&s, two, 0, 9, &part, &result, &err), BASE_CANCELLED);
    part.stop_at = 9; /* after the last epoch: it is done */
    CHECK_OK(evaluate(&s, two, 0, 9, &part, &result, &err));
    assert_int_equal(part.count, 9);
    check_same_end(&part, &whole);
    check_same_metrics(&result.metrics, &at_once.metrics);
    assert_false(exists(two, "partial-9.ckpt"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void damage(const char *in, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", in, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "damage", 6, 100), 6);
    assert_int_equal(close(fd), 0);
}

static void missing_and_damaged_files_cost_time_only(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two"), *none = folder(&dir, "none");
    listener whole = {0}, part = {0};
    hpo_result at_once, result;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    evaluate_elsewhere(&s, two, 0, 3, &part, BASE_OK);
    damage(two, "checkpoint-3.ckpt");
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &result, &err));
    check_same_metrics(&result.metrics, &at_once.metrics);
    assert_int_equal(part.count, 6);
    check_same_end(&part, &whole);
    damage(two, "checkpoint-9.ckpt");
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &result, &err));
    check_same_metrics(&result.metrics, &at_once.metrics);
    CHECK_OK(evaluate(&s, none, 3, 9, &part, &result, &err));
    check_same_metrics(&result.metrics, &at_once.metrics);
    CHECK_OK(evaluate(&s, "/no/such/folder", 3, 9, &part, &result, &err)); /* nor can it be saved */
    check_same_metrics(&result.metrics, &at_once.metrics);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Every fold is 1/K of the samples: the mean over four jobs of one fold each is that of one job of four. */
static void folds_are_a_fidelity(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const hpo_fidelity folds = {.name = "folds", .min = 1, .max = 4, .integer = true};
    static const char settings[] = "{dataset: blobs, hidden: [8], epochs: 3}";
    study s = study_create(settings, folds);
    listener l = {0}, more = {0};
    hpo_result four, two, rest, cv;
    CHECK_OK(evaluate(&s, folder(&dir, "a"), 0, 4, &l, &four, &err));
    assert_int_equal(l.count, 4);
    const char *b = folder(&dir, "b");
    CHECK_OK(evaluate(&s, b, 0, 2, &more, &two, &err));
    CHECK_SAME_DOUBLE(metric(&two.metrics, "valid_loss"), metric(&l.metrics[1], "valid_loss"));
    CHECK_OK(evaluate(&s, b, 2, 4, &more, &rest, &err));
    assert_int_equal(more.count, 2);
    check_same_end(&more, &l);
    check_same_metrics(&rest.metrics, &four.metrics);
    study_end(&s);

    s = study_create("{dataset: blobs, hidden: [8], epochs: 3, folds: 4}", (hpo_fidelity){0}); /* all, as a setting */
    CHECK_OK(evaluate(&s, folder(&dir, "c"), 0, 1, &l, &cv, &err));
    check_same_metrics(&cv.metrics, &four.metrics);
    study_end(&s);

    double sum = 0;
    for (int fold = 1; fold <= 4; fold++) {
        char text[100], name[16];
        snprintf(text, sizeof text, "{dataset: blobs, hidden: [8], epochs: 3, folds: 4, fold: %d}", fold);
        snprintf(name, sizeof name, "d%d", fold);
        s = study_create(text, (hpo_fidelity){0});
        CHECK_OK(evaluate(&s, folder(&dir, name), 0, 1, &l, &cv, &err));
        assert_int_equal(l.count, 3);
        CHECK_CLOSE(l.step[2], 1, 1e-12); /* on the scale of a study without fidelity */
        sum += metric(&cv.metrics, "valid_loss");
        study_end(&s);
    }
    CHECK_CLOSE(metric(&four.metrics, "valid_loss"), sum / 4, 1e-12);
    check_tmpdir_remove(&dir);
}

static void epochs_of_a_cross_validation_go_on(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create("{dataset: blobs, hidden: [8], folds: 3}", epochs);
    listener l = {0};
    hpo_result at_once, promoted;
    const char *two = folder(&dir, "two");
    CHECK_OK(evaluate(&s, folder(&dir, "one"), 0, 4, &l, &at_once, &err));
    CHECK_OK(evaluate(&s, two, 0, 2, &l, &promoted, &err));
    assert_true(exists(two, "checkpoint-2.fold-3.ckpt"));
    CHECK_OK(evaluate(&s, two, 2, 4, &l, &promoted, &err));
    check_same_metrics(&promoted.metrics, &at_once.metrics);
    obj_train.forget(two, 2);
    for (int fold = 1; fold <= 3; fold++) {
        char name[64];
        snprintf(name, sizeof name, "checkpoint-2.fold-%d.ckpt", fold);
        assert_false(exists(two, name));
    }
    assert_true(exists(two, "checkpoint-4.fold-3.ckpt"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void a_fraction_of_the_data_is_a_fidelity(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create("{dataset: digits, hidden: [16], epochs: 4}",
                           (hpo_fidelity){.name = "fraction", .min = 0.1, .max = 1});
    listener l = {0};
    hpo_result tenth, all, plain;
    const char *in = folder(&dir, "in");
    CHECK_OK(evaluate(&s, in, 0, 0.1, &l, &tenth, &err));
    CHECK_CLOSE(l.step[3], 0.1, 1e-12);
    CHECK_OK(evaluate(&s, in, 0.1, 1, &l, &all, &err));
    assert_true(metric(&all.metrics, "valid_loss") < metric(&tenth.metrics, "valid_loss") / 2);
    study_end(&s);
    s = study_create("{dataset: digits, hidden: [16], epochs: 4}", (hpo_fidelity){0});
    CHECK_OK(evaluate(&s, folder(&dir, "plain"), 0, 1, &l, &plain, &err));
    check_same_metrics(&plain.metrics, &all.metrics);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

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
    job.parent = 1;
    CHECK_STATUS(obj_train.evaluate(s.state, &job, &reporter, &result, &err), BASE_UNSUPPORTED);
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
        cmocka_unit_test(a_promoted_trial_equals_one_that_ran_through),
        cmocka_unit_test(an_interrupted_trial_equals_one_that_ran_through),
        cmocka_unit_test(missing_and_damaged_files_cost_time_only),
        cmocka_unit_test(folds_are_a_fidelity),
        cmocka_unit_test(epochs_of_a_cross_validation_go_on),
        cmocka_unit_test(a_fraction_of_the_data_is_a_fidelity),
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
