/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables against the files themselves, read by other programs in benchmarks/data:
 *
 *   a row    zcat FILE.csv.gz | grep ID
 *   the best zcat fcnet-naval.csv.gz | awk -F, 'NR>1{m=($2+$3+$4+$5)/4; if(!b||m<b){b=m;i=$1}}END{print i,b}'
 *            and the same with > for what is maximized; NAS-Bench-201: the mean of the columns that are not empty */
#include <stdlib.h>
#include <unistd.h>

#include "hpo/models/hypervolume.h"
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

/* ---- several metrics ---- */
enum { PARAMETERS = 2, FLOPS };

static double metric_at(const bound_problem *table, const char *id, size_t metric) {
    double config[DIGITS], values[8];
    digits_of(id, config);
    bench_evaluate_all(&table->binding, config, table->binding.instance.problem->fidelity.max, 1, values);
    return values[metric];
}

/* NAS-Bench-201's as the published tables have them for CIFAR-10; 90 more classes are 90 more rows of 64 weights and a
 * bias. Those of NAS-Bench-Macro stand in its file. */
static void parameters(void **state) {
    (void)state;
    static const struct {
        const char *problem, *id;
        double parameters;
    } cases[] = {
        {"nasbench201-cifar10", "333333", 1531546},
        {"nasbench201-cifar10", "014410", 73306},
        {"nasbench201-cifar10", "333132", 1073466},
        {"nasbench201-cifar100", "333132", 1073466 + 90 * 65},
        {"nasbench201-imagenet16-120", "444444", 73306 + 110 * 65},
        {"nasbench-macro", "00000000", 387882},
        {"nasbench-macro", "22212202", 1985514},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bound_problem table = bind_own(cases[i].problem);
        CHECK_NEAR(metric_at(&table, cases[i].id, PARAMETERS), cases[i].parameters, 0);
        assert_false(bench_maximizes(&table.binding.instance, PARAMETERS));
        bind_release(&table);
    }
    bound_problem macro = bind_own("nasbench-macro");
    CHECK_NEAR(metric_at(&macro, "00000001", FLOPS), 14115328, 0);
    bind_release(&macro);
}

/* A row of a table as losses. */
typedef struct network {
    double loss[2];
} network;

static size_t all_networks(const bound_problem *table, network *out) {
    const size_t n_axes = table->binding.count, choices = hpo_space_param(table->space, 0)->n_choices;
    const double full = table->binding.instance.problem->fidelity.max;
    size_t count = 1;
    for (size_t i = 0; i < n_axes; i++) count *= choices;
    for (size_t row = 0; row < count; row++) {
        double config[DIGITS], values[8];
        for (size_t i = 0, rest = row; i < n_axes; i++, rest /= choices) config[i] = (double)(rest % choices);
        bench_evaluate_all(&table->binding, config, full, 1, values);
        out[row] = (network){{-values[0], values[PARAMETERS]}};
    }
    return count;
}

static bool beats(const network *a, const network *b) {
    const bool better = a->loss[0] < b->loss[0] || a->loss[1] < b->loss[1];
    return better && a->loss[0] <= b->loss[0] && a->loss[1] <= b->loss[1];
}

static bool same(const network *a, const network *b) {
    return a->loss[0] == b->loss[0] && a->loss[1] == b->loss[1];
}

static int by_parameters(const void *a, const void *b) {
    const double x = ((const network *)a)->loss[1], y = ((const network *)b)->loss[1];
    return (x > y) - (x < y);
}

/* The networks that no other one beats, each of all rows compared with each (of twins the first stays), and the area
 * under their staircase; the fronts as another program read them from the files, with the references of the suite
 * `objectives`. */
static void front_of_a_table(void **state) {
    (void)state;
    static const struct {
        const char *problem;
        double reference[2];
        size_t members;
        double volume;
    } cases[] = {
        {"nasbench-macro", {-45, 2200000}, 40, 84084293.88},
        {"nasbench201-cifar10", {-80, 1200000}, 13, 11878647.453333333},
        {"nasbench201-cifar100", {-50, 1400000}, 15, 28221329.173333333},
        {"nasbench201-imagenet16-120", {-25, 1000000}, 13, 17526238.304573333},
    };
    network *all = calloc(15625, sizeof *all), *front = calloc(100, sizeof *front);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bound_problem table = bind_with(cases[i].problem, &(bench_settings){.average = true});
        const size_t count = all_networks(&table, all);
        size_t members = 0;
        for (size_t r = 0; r < count; r++) {
            bool beaten = false;
            for (size_t k = 0; k < count && !beaten; k++)
                beaten = beats(&all[k], &all[r]) || (k < r && same(&all[k], &all[r]));
            if (beaten) continue;
            assert_in_range(members, 0, 99);
            front[members++] = all[r];
        }
        assert_int_equal(members, cases[i].members);
        qsort(front, members, sizeof *front, by_parameters);
        double area = 0, reached = cases[i].reference[0];
        for (size_t m = 0; m < members; m++) {
            area += (reached - front[m].loss[0]) * (cases[i].reference[1] - front[m].loss[1]);
            reached = front[m].loss[0];
        }
        CHECK_CLOSE(area, cases[i].volume, 1e-12);
        CHECK_CLOSE(hpo_hypervolume(all[0].loss, count, 2, cases[i].reference), area, 1e-12);
        bind_release(&table);
    }
    free(all);
    free(front);
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
#define HEADER "arch,a,b,c,mean,std,params,flops\n"
static void damaged(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {HEADER "00000000,1,2,3,,,4,5\n", "nasbench-macro.csv.gz has 1 rows instead of 6561"},
        {HEADER "00000000,1,2,3,,,4,5\n00000000,1,2,3,,,4,5\n", "nasbench-macro.csv.gz: line 3 is damaged"}, /* twice */
        {HEADER "00000003,1,2,3,,,4,5\n", "line 2 is damaged"}, /* no such block */
        {HEADER "0000000,1,2,3,,,4,5\n", "line 2 is damaged"},
        {HEADER "00000000,1,2,3,,,4\n", "line 2 is damaged"},
        {HEADER "00000000,1,2,x,,,4,5\n", "line 2 is damaged"},
        {HEADER "00000000,1,2,3,,,4,x\n", "line 2 is damaged"},
        {HEADER "00000000,,,,,,4,5\n", "line 2 is damaged"}, /* never trained */
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs),
                                       cmocka_unit_test(best),
                                       cmocka_unit_test(short_training),
                                       cmocka_unit_test(parameters),
                                       cmocka_unit_test(front_of_a_table),
                                       cmocka_unit_test(values_have_names),
                                       cmocka_unit_test(no_file),
                                       cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
