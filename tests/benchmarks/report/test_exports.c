/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What other programs are given, read back: JSON by Jansson, lines by hand. */
#include "benchmarks/report/exports.h"

#include <jansson.h>
#include <string.h>

#include "tests/benchmarks/report/tables_of.h"

/* f has an optimum, g has none and is maximized (exact = 10 + what is written here). */
static bench_runs *some_runs(void) {
    tables t = {0};
    const double at[] = {4};
    add(&t, "f", "a/\\b", 1, 1, 4, "1:4 2.25:3 2.75:2 4:2.5@9");
    add(&t, "f", "a/\\b", 1, 2, 4, "2.5:1");
    add(&t, "f", "a/\\b", 1, 3, 4, ""); /* never an incumbent */
    add(&t, "f", "c", 8, 1, 4, "1:4");
    add_any(&t, "g", "c", 8, 5, 4, "1:-1 3:5", "maximize", false);
    return read_tables(&t, at, 1);
}

static char *read_file(const check_tmpdir *dir, const char *name) {
    base_buf text = {0};
    base_err err;
    CHECK_OK(base_read_file(check_tmpdir_file(dir, name), &text, &err));
    char *copy = strdup(base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static json_t *read_json(const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (!json) fail_msg("%s: %s", error.text, text);
    return json;
}

static double number(const json_t *json, const char *key) {
    const json_t *value = json_object_get(json, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static const char *string(const json_t *json, const char *key) {
    assert_true(json_is_string(json_object_get(json, key)));
    return json_string_value(json_object_get(json, key));
}

static void iohprofiler(void **state) {
    (void)state;
    const check_tmpdir dir = check_tmpdir_create();
    bench_runs *runs = some_runs();
    base_err err;
    CHECK_OK(bench_export_iohprofiler(runs, dir.path, &err));

    char *text = read_file(&dir, "iohprofiler/1-a--b/IOHprofiler_f1-f.json");
    json_t *json = read_json(text);
    assert_string_equal(string(json_object_get(json, "algorithm"), "name"), "a/\\b");
    assert_string_equal(string(json, "function_name"), "f");
    assert_true(number(json, "function_id") == 1 && json_is_false(json_object_get(json, "maximization")));
    const json_t *scenario = json_array_get(json_object_get(json, "scenarios"), 0);
    assert_string_equal(string(scenario, "path"), "data_f1-f/IOHprofiler_f1_DIM0.dat");
    const json_t *list = json_object_get(scenario, "runs");
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0), *best = json_object_get(first, "best");
    assert_true(number(first, "instance") == 1 && number(first, "evals") == 4);
    assert_true(number(best, "evals") == 3 && number(best, "y") == 2); /* not the last one */
    json_decref(json);
    free(text);

    /* of two incumbents within a full evaluation the later; a run whose first one comes late begins with none */
    text = read_file(&dir, "iohprofiler/1-a--b/data_f1-f/IOHprofiler_f1_DIM0.dat");
    assert_string_equal(text, "evaluations raw_y cost\n1 4 1\n3 2 2.75\n4 2.5 4\n"
                              "evaluations raw_y cost\n1 inf 1\n3 1 2.5\n");
    free(text);

    text = read_file(&dir, "iohprofiler/2-c--8-workers/IOHprofiler_f2-g.json");
    json = read_json(text);
    assert_string_equal(string(json_object_get(json, "algorithm"), "name"), "c, 8 workers");
    assert_true(json_is_true(json_object_get(json, "maximization")));
    json_decref(json);
    free(text);
    text = read_file(&dir, "iohprofiler/2-c--8-workers/data_f2-g/IOHprofiler_f2_DIM0.dat");
    assert_string_equal(text, "evaluations raw_y cost\n1 9 1\n3 15 3\n");
    free(text);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dir);
}

static void carps(void **state) {
    (void)state;
    const check_tmpdir dir = check_tmpdir_create();
    bench_runs *runs = some_runs();
    base_err err;
    CHECK_OK(bench_export_carps(runs, dir.path, &err));

    static const double costs[] = {1, 3, 4}, values[] = {-9, -15, -15};
    char *text = read_file(&dir, "carps/2-c--8-workers/2-g/5/trial_logs.jsonl");
    size_t lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *json = read_json(line);
        assert_true(lines < 3);
        assert_true(number(json, "n_trials") == costs[lines]);
        assert_true(number(json_object_get(json, "trial_value"), "cost") == values[lines]);
        assert_true(number(json_object_get(json, "trial_info"), "seed") == 5);
        json_decref(json);
    }
    assert_int_equal(lines, 3);
    free(text);

    text = read_file(&dir, "carps/2-c--8-workers/2-g/5/.hydra/config.yaml");
    json_t *json = read_json(text);
    assert_string_equal(string(json, "optimizer_id"), "c, 8 workers");
    assert_string_equal(string(json, "task_id"), "g");
    assert_true(number(json, "seed") == 5);
    const json_t *resources = json_object_get(json_object_get(json, "task"), "optimization_resources");
    assert_true(number(resources, "n_trials") == 4);
    json_decref(json);
    free(text);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dir);
}

/* A name is no path. */
static void names_of_files(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    assert_string_equal(bench_file_name(0, "../x y", arena), "1----x-y");
    assert_string_equal(bench_file_name(11, "", arena), "12-");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iohprofiler),
        cmocka_unit_test(carps),
        cmocka_unit_test(names_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
