/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run as a problem: what of a journal becomes rows, how well the forest is judged, what it answers, and what is said
 * of a run that cannot be one. */
#include "benchmarks/problems/journal_run.h"

#include "hpo/space/space_file.h"
#include "hpo/trials/journal.h"
#include "tests/benchmarks/problems/bind.h"

/* A run that is written here, record by record. */
typedef struct fake_run {
    check_tmpdir dir;
    base_arena *arena;
    hpo_space *space;
    hpo_journal *journal;
    uint64_t trials, events;
    bench_instance instance;
    bound_problem bound;
} fake_run;

static fake_run begin_run_in(hpo_space *space, const char *tail) {
    base_err err = {0};
    fake_run f = {.dir = check_tmpdir_create(), .arena = base_arena_create(), .space = space};
    base_buf text = {0};
    base_buf_puts(&text, "space: ");
    hpo_space_describe(f.space, &text);
    base_buf_puts(&text, tail);
    const hpo_journal_head head = {.study = "s", .seed = 1, .identity = base_buf_text(&text), .program = "test"};
    CHECK_OK(hpo_journal_open(check_tmpdir_file(&f.dir, "journal.log"), &head, f.space, &f.journal, &err));
    base_buf_fini(&text);
    return f;
}

static fake_run begin_run(const char *tail) {
    base_err err = {0};
    hpo_space *space = hpo_space_create();
    const bench_instance instance = {.problem = bench_problem_find("branin")};
    CHECK_OK(bench_parameters(&instance, space, &err));
    CHECK_OK(hpo_space_seal(space, &err));
    return begin_run_in(space, tail);
}

static void put(fake_run *f, hpo_record record) {
    hpo_journal_append(f->journal, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .record = record});
    f->events++;
}

static void start(fake_run *f, const double *config, double fidelity, const char *origin) {
    put(f, (hpo_record){.kind = HPO_RECORD_START,
                        .trial = f->trials++,
                        .fidelity = fidelity,
                        .as_of = f->events,
                        .parent = UINT64_MAX,
                        .seed = f->trials,
                        .origin = origin,
                        .config = config});
}

/* Of the last trial. */
static void report(fake_run *f, double step, double value) {
    hpo_record r = {.kind = HPO_RECORD_REPORT, .trial = f->trials - 1, .fidelity = step, .value = value};
    hpo_metrics_set(&r.result.metrics, "loss", value);
    put(f, r);
}

static void result(fake_run *f, double fidelity, double value) {
    hpo_record r = {.kind = HPO_RECORD_RESULT,
                    .trial = f->trials - 1,
                    .fidelity = fidelity,
                    .value = value,
                    .final = true,
                    .result = {.cost = fidelity}};
    if (isnan(value))
        r.result.failure = HPO_FAILURE_OOM;
    else
        hpo_metrics_set(&r.result.metrics, "loss", value);
    put(f, r);
}

static void close_run(fake_run *f) {
    base_err err = {0};
    CHECK_OK(hpo_journal_close(f->journal, &err));
}

static void end(fake_run *f) {
    if (f->bound.space) bind_release(&f->bound);
    hpo_space_destroy(f->space);
    base_arena_destroy(f->arena);
    check_tmpdir_remove(&f->dir);
}

static base_status resolve(fake_run *f, const char *settings, base_err *err) {
    base_yaml_node *map;
    bench_request request = {0};
    BASE_TRY(base_yaml_parse(f->arena, check_tmpdir_file(&f->dir, "s.yaml"), settings, strlen(settings), &map, err));
    BASE_TRY(base_options_read(bench_options, map, &request, f->arena, err));
    return bench_resolve(&request, map, f->arena, &f->instance, err);
}

/* As a study without parameters has it. */
static void bind_run(fake_run *f, const char *settings) {
    base_err err = {0};
    CHECK_OK(resolve(f, settings, &err));
    f->bound = (bound_problem){.space = hpo_space_create(), .arena = base_arena_create()};
    CHECK_OK(bench_parameters(&f->instance, f->bound.space, &err));
    CHECK_OK(hpo_space_seal(f->bound.space, &err));
    CHECK_OK(bench_bind(f->instance.problem, &f->instance.settings, f->bound.space, NULL, f->bound.arena,
                        &f->bound.binding, &err));
    CHECK_OK(bench_load(&f->bound.binding, f->bound.arena, &err));
}

static const bench_run *run_of(const fake_run *f) {
    return f->instance.problem->detail;
}

static const char flat[] = "\nmetric: loss, minimize\nobjective: function, {}\nfidelity: null\nseed: 1";
static const char curves[] =
    "\nmetric: loss, maximize\nobjective: function, {}\nfidelity: {epochs: {min: 3, max: 9}}\n";
static const char here[] = "{journal: .}";

static double branin(const double *config) {
    double value;
    const bench_problem *problem = bench_problem_find("branin");
    problem->evaluate(&(bench_instance){.problem = problem}, config, 1, NULL, &value);
    return value;
}

/* Random evaluations of Branin. */
static fake_run branin_run(size_t n, const char *origin) {
    base_err err = {0};
    fake_run f = begin_run(flat);
    base_rng rng = base_rng_stream(7, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < n; i++) {
        double config[2];
        CHECK_OK(hpo_space_sample(f.space, &rng, config, &err));
        start(&f, config, 1, origin);
        result(&f, 1, branin(config));
    }
    close_run(&f);
    return f;
}

/* What a forest that has seen 300 points says of others. Without a fidelity a value of one tree is one that was seen.
 */
static void resembles_what_it_was_fitted_to(void **state) {
    (void)state;
    enum { N = 500 };
    base_err err = {0};
    fake_run f = branin_run(300, "random");
    bind_run(&f, here);
    double *exact = BASE_NEW_ARRAY(f.arena, N, double), *truth = BASE_NEW_ARRAY(f.arena, N, double);
    base_rng rng = base_rng_stream(8, BASE_RNG_TEST, 0, 0);
    size_t differs = 0;
    for (size_t i = 0; i < N; i++) {
        double config[2], values[8], again[8];
        CHECK_OK(hpo_space_sample(f.bound.space, &rng, config, &err));
        bench_evaluate_all(&f.bound.binding, config, 1, i, values);
        bench_evaluate_all(&f.bound.binding, config, 1, i, again);
        CHECK_SAME_DOUBLE(values[0], again[0]);
        bench_evaluate_all(&f.bound.binding, config, 1, i + 1, again);
        CHECK_SAME_DOUBLE(values[1], again[1]);
        differs += values[0] != again[0];
        const bench_run_rows *rows = &run_of(&f)->values;
        bool seen = false;
        for (size_t k = 0; k < rows->n; k++) seen = seen || fabs(rows->targets[k] - values[0]) < 1e-12;
        assert_true(seen);
        exact[i] = values[1];
        truth[i] = branin(config);
    }
    const bench_run_error e = bench_run_compare(exact, truth, N);
    assert_true(e.r2 > 0.9 && e.rank > 0.9);
    assert_true(differs > N / 2);
    assert_false(bench_optimum(&f.instance, 0, truth, exact));
    end(&f);
}

static void the_mean_is_without_noise(void **state) {
    (void)state;
    fake_run f = branin_run(60, "random");
    bind_run(&f, "{problem: journal, journal: ., average: true}");
    const double config[] = {1, 2};
    double values[8];
    bench_evaluate_all(&f.bound.binding, config, 1, 5, values);
    CHECK_SAME_DOUBLE(values[0], values[1]);
    end(&f);
}

/* Against forests that are fitted here to what each fold leaves, and the formulas. */
static void the_error_is_that_of_trials_left_out(void **state) {
    (void)state;
    enum { N = 25 };
    base_err err = {0};
    fake_run f = branin_run(N, "random");
    CHECK_OK(resolve(&f, here, &err));
    const bench_run *run = run_of(&f);
    double predicted[N], variance, mean = 0, residual = 0, total = 0;
    assert_int_equal(run->values.n, N);
    assert_int_equal(run->n_features, 2);
    for (size_t left = 0; left < N; left++) {
        double points[2 * N], targets[N], expected;
        size_t n = 0;
        for (size_t i = 0; i < N; i++) {
            if (i % 10 == left % 10) continue;
            memcpy(points + 2 * n, run->values.features + 2 * i, 2 * sizeof *points);
            targets[n++] = run->values.targets[i];
        }
        hpo_forest *forest = hpo_forest_create(2, NULL, 100);
        hpo_forest_fit(forest, points, targets, n, false, 1, 1, 2 + (uint32_t)(left % 10));
        hpo_forest_predict(forest, run->values.features + 2 * left, 1, &expected, &variance);
        hpo_forest_destroy(forest);
        bench_run_cross_validate(run, predicted);
        CHECK_SAME_DOUBLE(predicted[left], expected);
        mean += run->values.targets[left] / N;
    }
    for (size_t i = 0; i < N; i++) {
        residual += pow(run->values.targets[i] - predicted[i], 2);
        total += pow(run->values.targets[i] - mean, 2);
    }
    const bench_run_error e = bench_run_compare(predicted, run->values.targets, N);
    CHECK_CLOSE(e.r2, 1 - residual / total, 1e-12);
    CHECK_CLOSE(e.rmse, sqrt(residual / N), 1e-12);
    base_buf told = {0};
    bench_journal_describe(&f.instance, &told);
    const char *line =
        base_arena_printf(f.arena, "cross-validation over trials: R2 %.3f, RMSE %.4g, rank correlation", e.r2, e.rmse);
    CHECK_CONTAINS(base_buf_text(&told), line);
    base_buf_fini(&told);
    end(&f);
}

/* Of a run with priors of each metric the first metric is searched, with its priors: its file names it second. */
static void priors_of_each_metric(void **state) {
    (void)state;
    static const char text[] = "{x1: {min: 0.0, max: 1.0, prior: {size: 0.9, loss: 0.2}, confidence: {loss: high}}, "
                               "x2: {values: [a, b], prior: {size: b}}, x3: {min: 1, max: 9, prior: 4}}";
    static const char two[] = "\nmetrics: [{name: loss, goal: minimize}, {name: size, goal: minimize}]\nobjective: "
                              "function, {}\nfidelity: null\n";
    const char *names[] = {"loss", "size"};
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_yaml_node *map;
    hpo_space *space;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &map, &err));
    CHECK_OK(hpo_space_read(map, NULL, NULL, &space, &err));
    CHECK_OK(hpo_space_set_metrics(space, names, 2, &err));
    fake_run f = begin_run_in(space, two);
    for (size_t i = 0; i < 12; i++) {
        const double config[] = {(double)i / 12, (double)(i % 2), 1 + (double)(i % 9)};
        start(&f, config, 1, "random");
        put(&f, (hpo_record){.kind = HPO_RECORD_RESULT,
                             .trial = i,
                             .fidelity = 1,
                             .values = {config[0], -config[0]},
                             .n_values = 2,
                             .final = true,
                             .result = {.cost = 1}});
    }
    close_run(&f);
    bind_run(&f, here);
    assert_false(hpo_space_has_metric_priors(f.bound.space));
    const hpo_param *x1 = hpo_space_param(f.bound.space, 0);
    assert_true(x1->prior.given && x1->prior.center == 0.2 && x1->prior.deviation == 0.125);
    assert_false(hpo_space_param(f.bound.space, 1)->prior.given);
    assert_true(hpo_space_param(f.bound.space, 2)->prior.center == 4);
    end(&f);
    base_arena_destroy(arena);
}

/* Ranks 1 2.5 2.5 4 against 1 3 2 4 have a correlation of 4.5 / sqrt(4.5 * 5). */
static void compares_by_hand(void **state) {
    (void)state;
    const double predicted[] = {1, 2, 2, 5}, values[] = {0, 3, 2, 9}, same[] = {4, 4, 4, 4};
    const bench_run_error e = bench_run_compare(predicted, values, 4);
    CHECK_CLOSE(e.r2, 1 - 18.0 / 45, 1e-14);
    CHECK_CLOSE(e.rmse, sqrt(18.0 / 4), 1e-14);
    CHECK_CLOSE(e.rank, 4.5 / sqrt(4.5 * 5), 1e-12);
    assert_true(isnan(bench_run_compare(predicted, same, 4).r2));
    assert_true(isnan(bench_run_compare(predicted, values, 0).rmse));
}

/* Reports are rows of their own, unless a result says the same; what they saw lowest is the lowest fidelity. */
static void curves_become_rows(void **state) {
    (void)state;
    fake_run f = begin_run(curves);
    for (size_t i = 0; i < 12; i++) {
        const double config[] = {(double)i - 5, 1};
        start(&f, config, 9, i % 2 ? "model" : "random");
        report(&f, 1, (double)i);
        report(&f, 3, (double)i + 10);
        report(&f, 9, 1000);
        result(&f, 9, (double)i + 20);
    }
    close_run(&f);
    bind_run(&f, here);
    const bench_run *run = run_of(&f);
    assert_string_equal(run->metric, "loss");
    assert_true(run->maximize && f.instance.problem->maximize == 3);
    assert_string_equal(f.instance.problem->fidelity.name, "epochs");
    assert_true(run->fidelity.min == 1 && run->fidelity.max == 9 && run->fidelity.integer);
    assert_int_equal(run->values.n, 36);
    assert_int_equal(run->n_evaluations, 12);
    assert_int_equal(run->n_random, 6);
    assert_int_equal(run->n_features, 3);
    for (size_t i = 0; i < 36; i++) {
        static const double steps[] = {1, 3, 9}, places[] = {0, 0.5, 1};
        CHECK_NEAR(run->values.fidelity[i], steps[i % 3], 0);
        CHECK_NEAR(run->values.targets[i], (double)(i / 3 + 10 * (i % 3)), 0);
        CHECK_CLOSE(run->values.features[3 * i], (double)(i / 3) / 15, 1e-12);
        CHECK_NEAR(run->values.features[3 * i + 2], places[i % 3], 1e-12);
    }
    const double config[] = {0, 1};
    double low[8], high[8];
    bench_evaluate_all(&f.bound.binding, config, 1, 1, low);
    bench_evaluate_all(&f.bound.binding, config, 9, 1, high);
    assert_true(high[0] > low[0] + 10);
    CHECK_SAME_DOUBLE(low[1], high[1]); /* exact: of the full evaluation */
    end(&f);
}

/* Everything beyond x1 = 5 fails. */
static void fails_where_it_failed(void **state) {
    (void)state;
    base_err err = {0};
    fake_run f = begin_run(flat);
    base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < 200; i++) {
        double config[2];
        CHECK_OK(hpo_space_sample(f.space, &rng, config, &err));
        start(&f, config, 1, "random");
        result(&f, 1, config[0] > 5 ? NAN : branin(config));
    }
    close_run(&f);
    bind_run(&f, here);
    uint64_t failed = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        const double fine[] = {0, 7}, fails[] = {8, 7};
        assert_true(isfinite(bench_evaluate(&f.bound.binding, fine, 1, seed)));
        if (isnan(bench_evaluate(&f.bound.binding, fails, 1, seed))) failed++;
    }
    assert_int_equal(failed, 100);
    end(&f);
}

static void warns_of_few_results_and_of_none_at_random(void **state) {
    (void)state;
    base_err err = {0};
    base_buf told = {0};
    fake_run f = branin_run(99, "model");
    CHECK_OK(resolve(&f, here, &err));
    bench_journal_advise(&f.instance, &told);
    CHECK_CONTAINS(base_buf_text(&told), "99 evaluations are few");
    CHECK_CONTAINS(base_buf_text(&told), "none of its 99 trials was drawn at random");
    base_buf_fini(&told);
    end(&f);
    fake_run g = branin_run(100, "random");
    base_buf nothing = {0};
    CHECK_OK(resolve(&g, here, &err));
    bench_journal_advise(&g.instance, &nothing);
    assert_string_equal(base_buf_text(&nothing), "");
    base_buf_fini(&nothing);
    end(&g);
}

static void refuses(void **state) {
    (void)state;
    base_err err = {0};
    fake_run f = branin_run(9, "random");
    CHECK_FAILS(resolve(&f, here, &err), BASE_INVALID, "s.yaml:1:11: ");
    CHECK_CONTAINS(err.text, "results of 9 trials, too few");
    CHECK_FAILS(resolve(&f, "{journal: elsewhere}", &err), BASE_INVALID, "s.yaml:1:11: there is no journal at ");
    CHECK_FAILS(resolve(&f, "{problem: journal}", &err), BASE_INVALID, "s.yaml:1:11: the problem journal needs a run");
    CHECK_FAILS(resolve(&f, "{problem: branin, journal: .}", &err), BASE_INVALID, "branin knows no journal");
    CHECK_FAILS(resolve(&f, "{journal: ., noise: 0.1}", &err), BASE_INVALID, "journal knows no noise");
    CHECK_FAILS(resolve(&f, "{journal: ., prior: good}", &err), BASE_INVALID, "journal knows no prior");
    CHECK_FAILS(resolve(&f, "{average: true}", &err), BASE_INVALID, "s.yaml:1:1: the key 'problem' is missing");
    check_tmpdir_write(&f.dir, "journal.log", "{\"op_code\":0}\n");
    CHECK_FAILS(resolve(&f, here, &err), BASE_CORRUPT, "journal.log");
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resembles_what_it_was_fitted_to),
        cmocka_unit_test(the_mean_is_without_noise),
        cmocka_unit_test(the_error_is_that_of_trials_left_out),
        cmocka_unit_test(priors_of_each_metric),
        cmocka_unit_test(compares_by_hand),
        cmocka_unit_test(curves_become_rows),
        cmocka_unit_test(fails_where_it_failed),
        cmocka_unit_test(warns_of_few_results_and_of_none_at_random),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
