/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --help NAME: a name with one meaning needs no kind, one with several is told apart, and every listed name has a page.
 */
#include "base/arena.h"
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

static size_t two(void) {
    return 2;
}
static const char *shape_name(size_t index) {
    return index == 0 ? "toy" : "ring";
}
static const char *colour_name(size_t index) {
    return index == 0 ? "toy" : "budget";
}
static const char *summary(size_t index) {
    return index == 0 ? "the first" : "the second";
}
static void shape_help(size_t index, base_buf *out) {
    base_buf_printf(out, "page %zu\n", index);
}

static const hpo_topics shapes = {.kind = "shape",
                                  .title = "shapes of toys",
                                  .count = two,
                                  .name = shape_name,
                                  .summary = summary,
                                  .help = shape_help};
static const hpo_topics colours = {
    .kind = "colour", .title = "colours of toys", .count = two, .name = colour_name, .summary = summary};

static hpo_catalog catalog_with_topics(void) {
    static const hpo_topics *const topics[] = {&shapes, &colours, NULL};
    hpo_catalog catalog = *toy_catalog();
    catalog.topics = topics;
    return catalog;
}

static void check_page(const hpo_catalog *catalog, const char *topic, const char *begins, const char *contains) {
    base_buf out = {0};
    base_err err = {0};
    CHECK_OK(cli_print_topic(catalog, topic, &out, &err));
    if (strncmp(base_buf_text(&out), begins, strlen(begins)) != 0) fail_msg("%s: %s", topic, base_buf_text(&out));
    CHECK_CONTAINS(base_buf_text(&out), contains);
    base_buf_fini(&out);
}

static void check_none(const hpo_catalog *catalog, const char *topic, const char *sentence) {
    base_buf out = {0};
    base_err err = {0};
    CHECK_FAILS(cli_print_topic(catalog, topic, &out, &err), BASE_NOTFOUND, sentence);
    assert_int_equal(out.length, 0);
    base_buf_fini(&out);
}

static void test_a_name_with_one_meaning_needs_no_kind(void **state) {
    (void)state;
    const hpo_catalog catalog = catalog_with_topics();
    check_page(&catalog, "ring", "shape ring: the second\n", "page 1\n");
    check_page(&catalog, "toy_strict", "objective toy_strict:", "width");
    check_page(&catalog, "heartbeat", "", "heartbeat");
    check_page(&catalog, "study", "", "objective");
    check_page(&catalog, "bohb", "method bohb:", "scheduler hyperband:");
    check_page(&catalog, "hyperband", "method hyperband:", "= {sampler: random, scheduler: hyperband}");
    check_page(&catalog, "kde", "sampler kde:", "");
}

static void test_a_kind_chooses_among_meanings(void **state) {
    (void)state;
    const hpo_catalog catalog = catalog_with_topics();
    check_none(&catalog, "toy",
               "'toy' has several meanings, say which: --help with objective:toy, shape:toy and colour:toy");
    check_page(&catalog, "objective:toy", "objective toy:", "(no options)");
    check_page(&catalog, "shape:toy", "shape toy: the first\n", "page 0\n");
    check_page(&catalog, "colour:toy", "colour toy: the first\n", "");
    check_page(&catalog, "budget", "colour budget:", ""); /* a key gives way to what has a kind */
    check_page(&catalog, "key:budget", "  budget", "trials");
    base_buf out = {0};
    base_err err;
    CHECK_OK(cli_print_topic(&catalog, "scheduler:hyperband", &out, &err));
    assert_int_equal(strncmp(base_buf_text(&out), "scheduler hyperband:", 20), 0);
    assert_null(strstr(base_buf_text(&out), "sampler"));
    base_buf_fini(&out);
}

static void test_what_has_no_page_is_told_the_nearest(void **state) {
    (void)state;
    const hpo_catalog catalog = catalog_with_topics();
    check_none(&catalog, "rinng", "did you mean 'ring'?");
    check_none(&catalog, "shape:rinng", "did you mean 'shape:ring'?");
    check_none(&catalog, "colour:ring", "there is no help on 'colour:ring'");
    check_none(&catalog, "nothing:at-all", "--list shows every name");
    check_none(&catalog, "", "there is no help on ''");
    check_none(toy_catalog(), "ring", "there is no help on 'ring'");
    check_page(toy_catalog(), "toy", "objective toy:", ""); /* without topics it means one thing */
}

static void test_the_list_has_every_topic(void **state) {
    (void)state;
    const hpo_catalog catalog = catalog_with_topics();
    base_buf out = {0};
    cli_print_list(&catalog, &out);
    CHECK_CONTAINS(base_buf_text(&out), "\nshapes of toys\n  toy ");
    CHECK_CONTAINS(base_buf_text(&out), "\ncolours of toys\n  toy ");
    CHECK_CONTAINS(base_buf_text(&out), "  budget ");
    base_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_with_one_meaning_needs_no_kind),
        cmocka_unit_test(test_a_kind_chooses_among_meanings),
        cmocka_unit_test(test_what_has_no_page_is_told_the_nearest),
        cmocka_unit_test(test_the_list_has_every_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
