/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `try_first:`: which configurations a study begins with, what becomes of what they leave out, and the sentence and
 * place of every mistake, in a list, a best.yaml and a CSV table. */
#include "hpo/study/try_first.h"

#include "tests/support/toy_objective.h"

#include "tests/support/check.h"

#define HEAD "objective: toy\nseed: 5\nbudget: {trials: 10}\n"
#define SPACE                                                                                                          \
    "parameters:\n"                                                                                                    \
    "  lr: {min: 1e-5, max: 1.0, log: true}\n"                                                                         \
    "  opt: {values: [sgd, adam, \"3\"]}\n"                                                                            \
    "  n: {min: 1, max: 8}\n"                                                                                          \
    "  q: {min: 0.0, max: 1.0, step: 0.25}\n"                                                                          \
    "  width: {value: 64}\n"                                                                                           \
    "  mom: {min: 0.0, max: 0.9, when: {opt: sgd}}\n"                                                                  \
    "forbid: [{opt: adam, n: 3}]\n"

enum { LR, OPT, N, Q, WIDTH, MOM, PARAMETERS };

static hpo_study_spec *read_file_into(const char *file, const char *text) {
    base_err err = {0};
    hpo_study_spec *spec = toy_spec(HEAD SPACE "try_first: somewhere\n");
    base_arena *arena = base_arena_create();
    base_yaml_node *list = NULL;
    CHECK_OK(hpo_try_first_parse(arena, file, text, strlen(text), &list, &err));
    CHECK_OK(hpo_try_first_set(spec, list, &err));
    base_arena_destroy(arena);
    return spec;
}

static void check_list(hpo_study_spec *spec, const char *list, size_t repeated) {
    base_buf out = {0};
    hpo_try_first_print(spec, &out);
    assert_string_equal(base_buf_text(&out), list);
    assert_int_equal(spec->first.repeated, repeated);
    CHECK_CONTAINS(spec->identity, base_buf_text(&out));
    base_buf_fini(&out);
    hpo_study_spec_destroy(spec);
}

static void test_lists(void **state) {
    (void)state;
    check_list(toy_spec(HEAD SPACE "try_first: [{lr: 0.1, opt: sgd}, {n: 2.0, q: 0.75}, {width: 64, opt: 3}]\n"),
               "[{lr: 0.1, opt: sgd}, {n: 2, q: 0.75}, {opt: \"3\", width: 64}]", 0);
    /* Only a complete configuration can be a repetition; an empty one is drawn whole. */
    check_list(toy_spec(HEAD SPACE "try_first:\n"
                                   "  - {lr: 0.1, opt: adam, n: 2, q: 0.5}\n"
                                   "  - {opt: adam}\n"
                                   "  - {}\n"
                                   "  - {q: 0.50, opt: adam, n: 2.0, lr: 1e-1, width: 64, mom: }\n"
                                   "  - {opt: adam}\n"
                                   "  - {lr: 0.1, opt: sgd, n: 2, q: 0.5, mom: 0.5}\n"
                                   "  - {lr: 0.1, opt: sgd, n: 2, q: 0.5}\n"),
               "[{lr: 0.1, opt: adam, n: 2, q: 0.5}, {opt: adam}, {}, {opt: adam}, {lr: 0.1, opt: sgd, n: 2, q: 0.5, "
               "mom: 0.5}, {lr: 0.1, opt: sgd, n: 2, q: 0.5}]",
               1);
    hpo_study_spec *none = toy_spec(HEAD SPACE), *empty = toy_spec(HEAD SPACE "try_first: []\n");
    assert_string_equal(none->identity, empty->identity);
    hpo_study_spec_destroy(none);
    hpo_study_spec_destroy(empty);
}

/* What is printed reads back to the same. */
static void test_check_prints_the_study(void **state) {
    (void)state;
    base_buf first = {0}, second = {0};
    hpo_study_spec *spec = toy_spec(HEAD SPACE "try_first: [{lr: 0.12345678901234567, opt: \"3\"}, {}]\n");
    hpo_study_spec_print(spec, &first);
    hpo_study_spec *again = toy_spec(base_buf_text(&first));
    hpo_study_spec_print(again, &second);
    assert_string_equal(base_buf_text(&first), base_buf_text(&second));
    assert_string_equal(spec->identity, again->identity);
    hpo_study_spec_destroy(spec);
    hpo_study_spec_destroy(again);
    base_buf_fini(&first);
    base_buf_fini(&second);
}

static void test_files(void **state) {
    (void)state;
    const char *one = "[{lr: 0.01, opt: adam, n: 4}]";
    check_list(read_file_into("best.yaml", "study: old\ntrial: 7\nmetric: {name: loss, goal: minimize}\nvalue: 0.5\n"
                                           "config: {lr: 0.01, opt: adam, n: 4}\nmetrics: {loss: 0.5}\n"),
               one, 0);
    check_list(read_file_into("mine.yml", "{lr: 0.01, opt: adam, n: 4}"), one, 0);
    check_list(read_file_into("mine.json", "[{\"lr\": 0.01, \"opt\": \"adam\", \"n\": 4}]"), one, 0);
    check_list(read_file_into("two.yaml", "- config: {n: 1}\n- {n: 2}\n"), "[{n: 1}, {n: 2}]", 0);
    check_list(read_file_into("a.CSV", "\xEF\xBB\xBF\r\n lr , \"opt\",n\r\n0.01,\"adam\" ,\"4\"\r\n\r\n,3 ,\n \n"
                                       "1e-5,\tsgd,4.0\n"),
               "[{lr: 0.01, opt: adam, n: 4}, {opt: \"3\"}, {lr: 1e-05, opt: sgd, n: 4}]", 0);
    check_list(read_file_into("one.csv", "n\n2\n\"3\""), "[{n: 2}, {n: 3}]", 0);
}

/* The @ stands in front of what is wrong. */
static const struct {
    const char *file, *text, *message;
} broken[] = {
    {"s.yaml", "[{@Lr: 0.1}]", "there is no parameter \"Lr\": did you mean \"lr\"?"},
    {"s.yaml", "[{lr: @2.0}]", "lr: 2.0 lies outside of 1e-05 to 1.0"},
    {"s.yaml", "[{lr: @.nan}]", "lr: .nan lies outside of 1e-05 to 1.0"},
    {"s.yaml", "[{lr: @high}]", "lr must be a number, not \"high\""},
    {"s.yaml", "[{lr: @[1]}]", "lr must be one value, not a list"},
    {"s.yaml", "[{n: @2.5}]", "n cannot be 2.5: the nearest is 3"},
    {"s.yaml", "[{q: @0.3}]", "q cannot be 0.3: the nearest is 0.25"},
    {"s.yaml", "[{opt: @adma}]", "opt cannot be \"adma\": did you mean \"adam\"?"},
    {"s.yaml", "[{width: @32}]", "width cannot be 32: the nearest is 64"},
    {"s.yaml", "[{n: 1}, @{lr: 0.1, opt: adam, n: 3, q: 0.0}]",
     "it is forbidden by {all: [{opt: {eq: adam}}, {n: {eq: 3}}]}"},
    {"s.yaml", "[@{opt: adam, n: 3}]",
     "no completion of this configuration was found; the last one: it is forbidden by {all: [{opt: {eq: adam}}, {n: "
     "{eq: 3}}]}"},
    {"s.yaml", "[@{lr: 0.1, opt: adam, n: 2, q: 0.0, mom: 0.5}]",
     "mom has a value, but its condition {opt: {eq: sgd}} does not hold"},
    {"s.yaml", "[@3]", "a configuration must be a map such as {learning_rate: 0.01}, but is an integer"},
    {"s.yaml", "@word", "expected a best.yaml, or a list of configurations, but this is a string"},
    {"s.yaml", "@", "expected a best.yaml, or a list of configurations, but this is null"},
    {"s.yaml", "config: {lr: 0.1, @momentum: 0.5}", "there is no parameter \"momentum\": "},
    {"s.csv", "lr,opt\n0.1,sgd\n0.2,@adma\n", "opt cannot be \"adma\": did you mean \"adam\"?"},
    {"s.csv", "lr,@loss\n0.1,3\n", "there is no parameter \"loss\": "},
    {"s.csv", "lr,n\n0.1,1\n@0.2\n", "this line has 1 values, but the header names 2 columns"},
    {"s.csv", "lr,n\n0.1,1,@5\n", "more values than the 2 columns of the header"},
    {"s.csv", "lr,@lr\n0.1,1\n", "a second column is called 'lr'"},
    {"s.csv", "lr,@\n0.1,1\n", "the name of a column has 1 to 200 characters"},
    {"s.csv", "lr,n\n0.1,@\"1\n2,3\n", "this quote is never closed"},
    {"s.csv", "lr,n\n0.1,\"1\" @x\n", "a comma or the end of the line must follow a value"},
    {"s.csv", "\n\nlr,n\n@", "no configuration follows the names"},
    {"s.csv", "\n  \n@", "a line with the names of parameters is missing"},
    {"s.csv", "lr,n,opt\n\"0.1\",\"2\",@\"ad\nam\"\n", "opt cannot be \"ad\\nam\": did you mean \"adam\"?"},
};

static void test_sentences(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(broken); i++) {
        base_err err = {0};
        base_arena *arena = base_arena_create();
        base_yaml_node *list = NULL;
        hpo_study_spec *spec = toy_spec(HEAD SPACE "try_first: somewhere\n");
        char *text = base_arena_strdup(arena, broken[i].text), *at = strchr(text, '@');
        int line = 1, column = 1;
        for (const char *c = text; c < at; c++) {
            line += *c == '\n';
            column = *c == '\n' ? 1 : column + 1;
        }
        memmove(at, at + 1, strlen(at));
        base_status status = hpo_try_first_parse(arena, broken[i].file, text, strlen(text), &list, &err);
        if (status == BASE_OK) status = hpo_try_first_set(spec, list, &err);
        assert_int_equal(status, BASE_INVALID);
        char place[32];
        snprintf(place, sizeof place, "%s:%d:%d: ", broken[i].file, line, column);
        if (strncmp(err.text, place, strlen(place)) != 0 || !strstr(err.text, broken[i].message)) {
            fail_msg("in %s: %s", text, err.text);
        }
        assert_int_equal(spec->first.count, 0);
        hpo_study_spec_destroy(spec);
        base_arena_destroy(arena);
    }
}

static void test_shape(void **state) {
    (void)state;
    base_err err = {0};
    hpo_study_spec *spec = NULL;
    const char *text = HEAD SPACE "try_first: {lr: 0.1}\n";
    CHECK_FAILS(hpo_study_read(toy_catalog(), "s.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err), BASE_INVALID,
                "s.yaml:12:12: try_first must be a list of configurations such as [{learning_rate: 0.01}], or the path "
                "of a best.yaml or of a CSV file, but is a map");
    text = HEAD SPACE "try_first: [{lr: 0.1}, {lr: 5.0}]\n";
    CHECK_FAILS(hpo_study_read(toy_catalog(), "s.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err), BASE_INVALID,
                "s.yaml:12:29: lr: 5.0 lies outside of 1e-05 to 1.0");
    /* A path is for the caller to read, and not to be forgotten. */
    base_arena *arena = base_arena_create();
    hpo_study *study = NULL;
    spec = toy_spec(HEAD SPACE "try_first: sub/best.yaml\n");
    char *path = base_arena_printf(arena, "%s/sub/best.yaml", spec->base_dir);
    assert_string_equal(hpo_try_first_path(spec, arena), path);
    CHECK_FAILS(hpo_study_create(spec, &study, &err), BASE_INVALID, "'sub/best.yaml' of try_first has not been read");
    hpo_study_spec_destroy(spec);
    spec = toy_spec(HEAD SPACE "try_first: /there/best.yaml\n");
    assert_string_equal(hpo_try_first_path(spec, arena), "/there/best.yaml");
    hpo_study_spec_destroy(spec);
    base_arena_destroy(arena);
}

/* What is left out: drawn, legal, the same each time, another one in each trial. */
static void test_completion(void **state) {
    (void)state;
    base_err err = {0};
    hpo_study_spec *spec =
        toy_spec(HEAD SPACE "try_first: [{mom: 0.5}, {mom: 0.5}, {n: 3}, {n: 3}, {opt: adam, lr: 0.5}]\n");
    double config[PARAMETERS], again[PARAMETERS], before[PARAMETERS] = {0};
    for (uint64_t trial = 0; trial < spec->first.count; trial++) {
        CHECK_OK(hpo_try_first_complete(spec, trial, NULL, NULL, config, &err));
        CHECK_OK(hpo_try_first_complete(spec, trial, NULL, NULL, again, &err));
        CHECK_OK(hpo_space_check(spec->space, config, &err));
        assert_true(hpo_space_equal(spec->space, config, again));
        assert_false(hpo_space_equal(spec->space, config, before));
        memcpy(before, config, sizeof config);
        if (trial < 2) assert_true(config[MOM] == 0.5 && config[OPT] == 0); /* so that momentum is active */
        if (trial == 2 || trial == 3) assert_true(config[N] == 3 && config[OPT] != 1);
        if (trial == 4) assert_true(config[OPT] == 1 && config[LR] == 0.5 && isnan(config[MOM]) && config[WIDTH] == 0);
    }
    hpo_study_spec_destroy(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists), cmocka_unit_test(test_check_prints_the_study),
        cmocka_unit_test(test_files), cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_shape), cmocka_unit_test(test_completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
