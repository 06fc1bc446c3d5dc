/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A user's own table: which parameters it makes, what it answers, in the table and beside it, and what is said of a
 * table that cannot be one. */
#include "benchmarks/problems/user_table.h"

#include <math.h>

#include "tests/benchmarks/problems/bind.h"

typedef struct opened {
    check_tmpdir dir;
    base_arena *arena;
    bench_instance instance;
    bound_problem bound;
} opened;

/* The settings lie in a file beside the table, and name it from there. */
static base_status resolve(opened *o, const char *csv, const char *settings, base_err *err) {
    base_yaml_node *map;
    bench_request request = {0};
    const char *text = base_arena_printf(o->arena, "{problem: table, file: t.csv, %s}", settings);
    check_tmpdir_write(&o->dir, "t.csv", csv);
    BASE_TRY(base_yaml_parse(o->arena, check_tmpdir_file(&o->dir, "s.yaml"), text, strlen(text), &map, err));
    BASE_TRY(base_options_read(bench_options, map, &request, o->arena, err));
    return bench_resolve(&request, map, o->arena, &o->instance, err);
}

static opened begin(void) {
    return (opened){.dir = check_tmpdir_create(), .arena = base_arena_create()};
}

static void end(opened *o) {
    if (o->bound.space) bind_release(&o->bound);
    base_arena_destroy(o->arena);
    check_tmpdir_remove(&o->dir);
}

static opened open_table(const char *csv, const char *settings) {
    base_err err = {0};
    opened o = begin();
    CHECK_OK(resolve(&o, csv, settings, &err));
    o.bound = (bound_problem){.space = hpo_space_create(), .arena = base_arena_create()};
    CHECK_OK(bench_parameters(&o.instance, o.bound.space, &err));
    CHECK_OK(hpo_space_seal(o.bound.space, &err));
    CHECK_OK(bench_bind(o.instance.problem, &o.instance.settings, o.bound.space, NULL, o.bound.arena, &o.bound.binding,
                        &err));
    CHECK_OK(bench_load(&o.bound.binding, o.bound.arena, &err));
    return o;
}

static void check_space(const opened *o, const char *expected) {
    base_buf text = {0};
    hpo_space_describe(o->bound.space, &text);
    assert_string_equal(base_buf_text(&text), expected);
    base_buf_fini(&text);
}

static const bench_user_table *table_of(const opened *o) {
    return ((const bench_table_view *)o->instance.problem->detail)->table;
}

/* Fidelity, two metrics, a column that means nothing, one that is the same everywhere; rows in any order. */
static const char grid[] = "lr,opt,id,epochs,loss,machine,acc\n"
                           "0.1,sgd,a,1,0.9,m,10\n"
                           "0.1,adam,b,1,0.8,m,20\n"
                           "0.1,adam,b,9,0.5,m,50\n"
                           "0.1,sgd,a,9,0.7,m,30\n"
                           "1e-3,sgd,c,3,0.65,m,35\n"
                           "1e-3,sgd,c,1,0.95,m,5\n"
                           "1e-3,sgd,c,9,0.4,m,60\n"
                           "1e-3,adam,d,1,0.85,m,15\n"
                           "1e-3,adam,d,9,0.45,m,55\n";
static const char columns[] = "minimize: loss, maximize: [acc], fidelity: epochs, ignore: [id]";

static void a_grid(void **state) {
    (void)state;
    opened o = open_table(grid, columns);
    const bench_problem *problem = o.instance.problem;
    const double sgd[] = {0, 0}, adam[] = {1, 1};
    double x[2], value, values[8];
    check_space(&o, "{parameters: {lr: {values: [0.001, 0.1], ordered: true}, opt: {values: [sgd, adam]}}}");
    assert_string_equal(problem->metric[0], "loss");
    assert_string_equal(problem->metric[1], "exact");
    assert_string_equal(problem->metric[2], "acc");
    assert_null(problem->metric[3]);
    assert_int_equal(problem->maximize, 4);
    assert_string_equal(problem->fidelity.name, "epochs");
    assert_true(problem->fidelity.min == 1 && problem->fidelity.max == 9 && problem->fidelity.integer);
    assert_true(table_of(&o)->complete);
    static const double fidelities[] = {1, 2, 3, 5, 8.9, 9}, losses[] = {.95, .95, .65, .65, .65, .4};
    for (size_t i = 0; i < CHECK_COUNT(fidelities); i++)
        CHECK_NEAR(bench_evaluate(&o.bound.binding, sgd, fidelities[i], 1), losses[i], 0);
    CHECK_NEAR(bench_evaluate(&o.bound.binding, adam, 8, 1), .8, 0);
    bench_evaluate_all(&o.bound.binding, adam, 3, 1, values);
    CHECK_NEAR(values[1], .5, 0); /* of the full one */
    CHECK_NEAR(values[2], 20, 0);
    assert_true(bench_optimum(&o.instance, 0, x, &value));
    CHECK_ARRAY_NEAR(x, sgd, 2, 0);
    CHECK_NEAR(value, .4, 0);
    assert_false(bench_optimum(&o.instance, 1, x, &value));
    end(&o);
}

static void another_metric_is_searched(void **state) {
    (void)state;
    base_err err = {0};
    opened o = open_table("a,loss,acc,time\n1,.1,7,3\n2,.2,9,2\n3,.3,8,1\n", "minimize: [loss, time], maximize: acc");
    double x, value, values[8];
    CHECK_OK(bench_search_for(&o.instance, "acc", NULL, o.arena, &err));
    const char *const *names = bench_metrics(&o.instance);
    static const char *const expected[] = {"acc", "exact", "loss", "time"};
    for (size_t i = 0; i < 4; i++) assert_string_equal(names[i], expected[i]);
    assert_null(names[4]);
    assert_int_equal(o.instance.problem->maximize, 3);
    assert_true(bench_optimum(&o.instance, 0, &x, &value));
    assert_true(x == 1 && value == 9);
    x = 2;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    bench_instance_evaluate(&o.instance, &x, 1, &rng, values);
    static const double row[] = {8, 8, .3, 1};
    CHECK_ARRAY_NEAR(values, row, 4, 0);
    CHECK_FAILS(bench_search_for(&o.instance, "a", NULL, o.arena, &err), BASE_INVALID, "the study's metric 'a'");
    end(&o);
}

static void repeated_rows(void **state) {
    (void)state;
    static const char csv[] = "a,seed,loss\n1,1,.5\n2,1,.1\n1,2,.7\n2,2,1.3\n1,3,.6\n";
    opened o = open_table(csv, "minimize: loss, ignore: seed");
    const double first = 0;
    double x, value, values[8];
    unsigned met = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        bench_evaluate_all(&o.bound.binding, &first, 1, seed, values);
        met |= values[0] == .5 ? 1 : values[0] == .7 ? 2 : values[0] == .6 ? 4 : 8;
        CHECK_CLOSE(values[1], .6, 1e-15);
    }
    assert_int_equal(met, 7);
    assert_true(bench_optimum(&o.instance, 0, &x, &value)); /* a lucky row is no optimum */
    CHECK_CLOSE(value, .6, 1e-15);
    end(&o);
    o = open_table(csv, "minimize: loss, ignore: seed, average: true");
    CHECK_CLOSE(bench_evaluate(&o.bound.binding, &first, 1, 5), .6, 1e-15);
    end(&o);
}

/* A configuration that is not there is answered by its neighbour on the grid; steps count by the length of an axis. */
static void holes(void **state) {
    (void)state;
    opened o = open_table("a,b,c,loss\n1,1,x,1\n2,1,x,2\n10,1,x,3\n1,2,x,4\n1,1,y,5\n", "minimize: loss");
    static const struct {
        double x[3], loss;
    } points[] = {{{0, 0, 0}, 1}, {{1, 0, 0}, 2}, {{1, 1, 0}, 4}, {{2, 1, 0}, 3}, {{1, 0, 1}, 5}, {{2, 0, 1}, 3}};
    assert_false(table_of(&o)->complete);
    for (size_t i = 0; i < CHECK_COUNT(points); i++)
        CHECK_NEAR(bench_evaluate(&o.bound.binding, points[i].x, 1, 0), points[i].loss, 0);
    end(&o);
}

/* Random configurations: a range, on which the nearest row answers; against a search in plain numbers. */
static void many_values(void **state) {
    (void)state;
    enum { ROWS = 150 };
    base_buf csv = {0};
    double lr[ROWS], units[ROWS];
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    base_buf_puts(&csv, "lr,units,act,loss\n");
    for (size_t i = 0; i < ROWS; i++) {
        lr[i] = i == 0 ? 1e-5 : i == 1 ? 1 : pow(10, -5 * base_rng_uniform(&rng));
        units[i] = i == 0 ? 1 : i == 1 ? 1000 : 1 + (double)i * 6;
        base_buf_printf(&csv, "%.17g,%g,%s,%zu\n", lr[i], units[i], i % 2 ? "relu" : "tanh", i);
    }
    opened o = open_table(base_buf_text(&csv), "minimize: loss, log: lr");
    check_space(&o, "{parameters: {lr: {min: 1e-05, max: 1.0, log: true}, units: {min: 1, max: 1000}, act: {values: "
                    "[tanh, relu]}}}");
    for (size_t n = 0; n < 500; n++) {
        const double x[] = {pow(10, -5 * base_rng_uniform(&rng)), 1 + (double)base_rng_below(&rng, 1000),
                            (double)base_rng_below(&rng, 2)};
        size_t nearest = 0;
        double least = INFINITY;
        for (size_t i = 0; i < ROWS; i++) {
            const double a = (log10(x[0]) - log10(lr[i])) / 5, b = (x[1] - units[i]) / 999;
            const double distance = a * a + b * b + ((double)(i % 2) != x[2]);
            if (distance < least) nearest = i;
            least = fmin(least, distance);
        }
        CHECK_NEAR(bench_evaluate(&o.bound.binding, x, 1, 0), (double)nearest, 0);
    }
    base_buf_fini(&csv);
    end(&o);
}

static void failed_evaluations(void **state) {
    (void)state;
    opened o = open_table("a,loss\n1,\n2,nan\n3,.5\n4,inf\n", "minimize: loss");
    double x, value;
    for (double a = 0; a < 4; a++) {
        const double loss = bench_evaluate(&o.bound.binding, &a, 1, 0);
        if (a == 2) CHECK_NEAR(loss, .5, 0);
        if (a != 2) assert_true(isnan(loss));
    }
    assert_true(bench_optimum(&o.instance, 0, &x, &value));
    assert_true(x == 2 && value == .5);
    end(&o);
    o = open_table("a,loss\n1,\n2,nan\n", "minimize: loss");
    assert_false(bench_optimum(&o.instance, 0, &x, &value));
    end(&o);
}

/* Cells read as values of a study do; 1 and 1.0 are the same number. */
static void values_have_kinds(void **state) {
    (void)state;
    opened o = open_table("n,r,flag,mixed,loss\n1,1,true,auto,1\n2,2.5,false,3,2\n1.0,1.0,true,auto,3\n",
                          "minimize: loss, average: true");
    check_space(
        &o, "{parameters: {n: {values: [1, 2], ordered: true}, r: {values: [1.0, 2.5], ordered: true}, flag: {values: "
            "[true, false]}, mixed: {values: [auto, 3]}}}");
    assert_int_equal(table_of(&o)->n_configs, 2);
    const double x[] = {0, 0, 0, 0};
    CHECK_NEAR(bench_evaluate(&o.bound.binding, x, 1, 0), 2, 0);
    end(&o);
}

static void refused(const char *csv, const char *settings, const char *sentence) {
    base_err err = {0};
    opened o = begin();
    CHECK_FAILS(resolve(&o, csv, settings, &err), BASE_INVALID, sentence);
    end(&o);
}

static void sentences(void **state) {
    (void)state;
    refused("a,loss\n1,2\n", "ignore: []", "which columns of the table are metrics?");
    refused("a,loss\n1,2\n", "minimize: lost", "has no column 'lost'; did you mean 'loss'?");
    refused("a,loss\n1,2\n", "minimize: loss, fidelity: training_time",
            "t.csv has no column 'training_time'; it has a, ");
    refused("a,loss\n1,2\n", "minimize: loss, maximize: [loss]", "the column 'loss' cannot be two things at once");
    refused("a,loss\n1,2\n", "minimize: [[loss]]", "s.yaml:1:");
    refused("a,exact\n1,2\n", "minimize: exact", "is not 'exact'");
    refused("a,b,c,d,e,f,g,h\n1,1,1,1,1,1,1,1\n2,1,1,1,1,1,1,1\n", "minimize: [b, c, d, e, f, g, h]",
            "at most 6 metrics");
    refused("a,loss\n1,2\n1,3\n", "minimize: loss", "no column is left that is a parameter with two values");
    refused("a,loss\n1,2\n2,low\n", "minimize: loss", "t.csv:3:3: 'low' is no number, but loss is a metric");
    refused("a,b,loss\n1,x,2\n2,,3\n", "minimize: loss", "t.csv:3:3: the parameter b has no value here");
    refused("a,e,loss\n1,1,2\n2,0,3\n", "minimize: loss, fidelity: e", "t.csv:3:3: '0' is no positive number");
    refused("a,loss\n1,2\n2,3\n", "minimize: loss, log: a", "log is for parameters that are positive numbers");
    refused("a,loss\n1,2,3\n", "minimize: loss", "t.csv:2:1: this line has 3 fields");
    refused("a,loss\n1,2\n2,3\n", "minimize: loss, noise: 0.1", "the problem table knows no noise");
    refused("a,loss\n1,2\n2,3\n", "minimize: loss, dimensions: 3", "the problem table has one size");
    base_err err = {0};
    base_arena *arena = base_arena_create();
    static const char text[] = "{problem: table, file: none.csv, minimize: loss}", other[] = "{problem: table}";
    base_yaml_node *map;
    bench_instance instance;
    bench_request request = {0};
    CHECK_OK(base_yaml_parse(arena, "/no/folder/s.yaml", text, strlen(text), &map, &err));
    CHECK_OK(base_options_read(bench_options, map, &request, arena, &err));
    CHECK_FAILS(bench_resolve(&request, map, arena, &instance, &err), BASE_INVALID,
                "/no/folder/s.yaml:1:24: there is no file /no/folder/none.csv");
    request = (bench_request){0};
    CHECK_OK(base_yaml_parse(arena, "s.yaml", other, strlen(other), &map, &err));
    CHECK_OK(base_options_read(bench_options, map, &request, arena, &err));
    CHECK_FAILS(bench_resolve(&request, map, arena, &instance, &err), BASE_INVALID, "the problem table needs a file");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid),
        cmocka_unit_test(another_metric_is_searched),
        cmocka_unit_test(repeated_rows),
        cmocka_unit_test(holes),
        cmocka_unit_test(many_values),
        cmocka_unit_test(failed_evaluations),
        cmocka_unit_test(values_have_kinds),
        cmocka_unit_test(sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
