/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables against the files themselves, read by other programs in benchmarks/data:
 *
 *   a row    zcat FILE.csv.gz | grep ID
 *   the best zcat fcnet-naval.csv.gz | awk -F, 'NR>1{m=($2+$3+$4+$5)/4; if(!b||m<b){b=m;i=$1}}END{print i,b}'
 *            and the same with > for what is maximised; NAS-Bench-201: the mean of the columns that are not empty */
#include <stdlib.h>
#include <unistd.h>

#include "tests/benchmarks/problems/bind.h"

enum { DIGITS = 9, MAX_RUNS = 5 };

static size_t digits_of(const char *id, double *x) {
    const size_t count = strlen(id);
    for (size_t i = 0; i < count; i++) x[i] = id[i] - '0';
    return count;
}

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    return sum / (double)count;
}

static const struct {
    const char *problem, *id;
    size_t n_runs;
    double runs[MAX_RUNS];
} rows[] = {
    {"fcnet-naval", "000001043", 4, {6.40784419e-05, 6.93000475e-05, 6.33675591e-05, 6.8714653e-05}},
    {"fcnet-naval", "113225155", 4, {1.16626835, 6.8067441, 1.37541974, 8.95553017}},
    {"fcnet-parkinsons", "113225155", 4, {6.20544291, 5.90897751, 1.32422924, 3.31562328}},
    {"hpobench-vehicle", "37289", 5, {0.3, 0.2908083, 0.4423687, 0.2580834, 0.2868401}},
    {"hpobench-kc1", "31219", 5, {0.8714355, 0.838689, 0.8414511, 0.8743338, 0.8362964}},
    {"hpobench-car", "99299", 5, {0.2493056, 0.25, 0.25, 0.5793494, 0.2625}},
    {"hpobench-australian", "00000", 5, {0.8232119, 0.8385869, 0.8298149, 0.8506844, 0.8078369}},
    {"nasbench201-cifar10", "012344", 2, {87.604, 87.552}},
    {"nasbench201-cifar100", "111111", 3, {14.96, 15.1, 15.04}},
    {"nasbench201-cifar100", "012344", 2, {65.4, 66.96}},
    {"nasbench201-imagenet16-120", "333132", 3, {45.96667, 45.66667, 45.03333}},
    {"nasbench-macro", "01201201", 3, {90.96, 90.85, 91.08}},
};

/* Every training of a row is met, none that it does not have, and their mean is what is called exact. */
static void runs(void **state) {
    (void)state;
    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        bound_problem table = bind_own(rows[r].problem);
        double config[DIGITS], values[8];
        bool met[MAX_RUNS] = {false};
        assert_int_equal(digits_of(rows[r].id, config), table.binding.count);
        for (uint64_t seed = 0; seed < 100; seed++) {
            bench_evaluate_all(&table.binding, config, table.binding.instance.problem->fidelity.max, seed, values);
            CHECK_CLOSE(values[1], mean_of(rows[r].runs, rows[r].n_runs), 1e-14);
            bool found = false;
            for (size_t k = 0; k < rows[r].n_runs; k++) {
                if (values[0] == rows[r].runs[k]) found = met[k] = true;
            }
            assert_true(found);
        }
        for (size_t k = 0; k < rows[r].n_runs; k++) assert_true(met[k]);
        bind_release(&table);
    }
}

static const struct {
    const char *problem, *id;
    double value, rows;
} optima[] = {
    {"fcnet-naval", "100000035", 3.191134738e-05, 62208},
    {"fcnet-parkinsons", "000002015", 0.006705928015, 62208},
    {"hpobench-vehicle", "14139", 0.95157014, 30000},
    {"hpobench-car", "04256", 1, 30000},
    {"hpobench-kc1", "31219", 0.85244116, 30000},
    {"hpobench-australian", "51218", 0.94466936, 30000},
    {"nasbench201-cifar10", "333132", 91.60666667, 15625},
    {"nasbench201-cifar100", "333133", 73.49333333, 15625},
    {"nasbench201-imagenet16-120", "322133", 46.733335, 15625},
    {"nasbench-macro", "22212202", 93.12666667, 6561},
};

static void best(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(optima); i++) {
        bound_problem table = bind_with(optima[i].problem, &(bench_settings){.average = true});
        const bench_instance *instance = &table.binding.instance;
        double x[DIGITS], expected[DIGITS], value;
        const size_t count = digits_of(optima[i].id, expected);
        assert_true(instance->problem->optimum(instance, 0, x, &value));
        assert_false(instance->problem->optimum(instance, 1, x, &value));
        CHECK_ARRAY_NEAR(x, expected, count, 0);
        CHECK_CLOSE(value, optima[i].value, 1e-9);
        CHECK_NEAR(hpo_space_cardinality(table.space), optima[i].rows, 0);
        /* the average does not depend on the seed */
        CHECK_SAME_DOUBLE(bench_evaluate(&table.binding, x, instance->problem->fidelity.max, 1), value);
        CHECK_SAME_DOUBLE(bench_evaluate(&table.binding, x, instance->problem->fidelity.max, 2), value);
        bind_release(&table);
    }
}

/* 12 epochs are another column; what lies between is answered by them, and charged so. */
static void short_training(void **state) {
    (void)state;
    static const char *const names[] = {"nasbench201-cifar10", "nasbench201-cifar100", "nasbench201-imagenet16-120"};
    const double expected[] = {84.384, 60.2, 37.13333};
    double cell[DIGITS];
    digits_of("333132", cell);
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        bound_problem table = bind_own(names[i]);
        CHECK_NEAR(bench_evaluate(&table.binding, cell, 12, 1), expected[i], 0);
        CHECK_NEAR(bench_evaluate(&table.binding, cell, 66, 2), expected[i], 0);
        assert_true(bench_evaluate(&table.binding, cell, 200, 1) > expected[i] + 5);
        CHECK_NEAR(table.binding.instance.problem->cost(66), .06, 1e-15);
        bind_release(&table);
    }
}

static void values_have_names(void **state) {
    (void)state;
    bound_problem table = bind_own("fcnet-naval");
    base_buf text = {0};
    double config[DIGITS];
    digits_of("012110105", config);
    hpo_space_print(table.space, config, &text);
    assert_string_equal(base_buf_text(&text),
                        "{activation_fn_1: relu, activation_fn_2: tanh, batch_size: 32, dropout_1: 0.3, "
                        "dropout_2: 0.3, init_lr: 0.0005, lr_schedule: const, n_units_1: 16, n_units_2: 512}");
    base_buf_fini(&text);
    bind_release(&table);
}

static void no_file(void **state) {
    (void)state;
    base_err err = {0};
    base_buf text = {0};
    CHECK_FAILS(bench_data_read("no.csv.gz", &text, &err), BASE_NOTFOUND, "set HPO_DATA to the folder that holds it");
    setenv("HPO_DATA", "/no-such-folder", 1);
    CHECK_FAILS(bench_data_read("fcnet-naval.csv.gz", &text, &err), BASE_NOTFOUND,
                "no fcnet-naval.csv.gz in /no-such-folder, the folder that HPO_DATA names");
    unsetenv("HPO_DATA");
    base_buf_fini(&text);
}

/* A table of the user's folder that is not what it should be. */
static void damaged(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"arch,a,b,c\n00000000,1,2,3\n", "nasbench-macro.csv.gz has 1 rows instead of 6561"},
        {"arch,a,b,c\n00000000,1,2,3\n00000000,1,2,3\n", "nasbench-macro.csv.gz: line 3 is damaged"}, /* twice */
        {"arch,a,b,c\n00000003,1,2,3\n", "line 2 is damaged"}, /* no such block */
        {"arch,a,b,c\n0000000,1,2,3\n", "line 2 is damaged"},
        {"arch,a,b,c\n00000000,1,2\n", "line 2 is damaged"},
        {"arch,a,b,c\n00000000,1,2,x\n", "line 2 is damaged"},
        {"arch,a,b,c\n00000000,,,\n", "line 2 is damaged"}, /* never trained */
        {"", "has 0 rows instead of 6561"},
    };
    char folder[] = "/tmp/hpo_tables_XXXXXX";
    assert_non_null(mkdtemp(folder));
    char file[64];
    snprintf(file, sizeof file, "%s/nasbench-macro.csv.gz", folder);
    setenv("HPO_DATA", folder, 1);
    const bench_instance instance = {.problem = bench_problem_find("nasbench-macro")};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_err err = {0};
        base_arena *arena = base_arena_create();
        const void *data;
        CHECK_OK(base_write_file(file, cases[i].text, strlen(cases[i].text), &err));
        CHECK_FAILS(instance.problem->load(&instance, arena, &data, &err), BASE_CORRUPT, cases[i].sentence);
        base_arena_destroy(arena);
    }
    unsetenv("HPO_DATA");
    unlink(file);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs),           cmocka_unit_test(best),
                                       cmocka_unit_test(short_training), cmocka_unit_test(values_have_names),
                                       cmocka_unit_test(no_file),        cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
