/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading is linear in choices, parameters, conditions and references: what is quadratic takes minutes at these sizes,
 * so a limit of seconds of processor time tells the two apart on any machine. */
#include "hpo/space/settings.h"
#include "tests/hpo/space/space_text.h"

#include <time.h>

enum { CHOICES = 100000, PARAMETERS = 10000 };
static const double LIMIT = 8; /* seconds, for a build that checks every access, on a busy machine */

static double processor_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A space that is read, described and read again from its description. */
static void check_reading(const base_buf *text, size_t count) {
    const double before = processor_time();
    space_text in = space_text_read(base_buf_text(text));
    base_buf first = {0}, second = {0};
    assert_int_equal(hpo_space_count(in.space), count);
    hpo_space_describe(in.space, &first);
    space_text again = space_text_read(base_buf_text(&first));
    hpo_space_describe(again.space, &second);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    if (processor_time() - before > LIMIT) fail_msg("%g s", processor_time() - before);
    base_buf_fini(&first);
    base_buf_fini(&second);
    space_text_fini(&in);
    space_text_fini(&again);
}

static void test_choices(void **state) {
    (void)state;
    base_buf text = {0};
    base_buf_puts(&text, "parameters:\n  texts: {values: [");
    for (int i = 0; i < CHOICES; i++) base_buf_printf(&text, "%sword%d", i ? ", " : "", i);
    base_buf_puts(&text, "], prior: word99999}\n  numbers: {ordered: true, values: [");
    for (int i = 0; i < CHOICES; i++) base_buf_printf(&text, "%s%d", i ? ", " : "", i);
    base_buf_puts(&text, "]}\n  x: {min: 0.0, max: 1.0, when: {texts: {not_in: [");
    for (int i = 0; i < CHOICES; i += 2) base_buf_printf(&text, "%sword%d", i ? ", " : "", i);
    base_buf_puts(&text, "]}}}\nforbid: [{numbers: {lt: 50000}, texts: word3}]\n");
    check_reading(&text, 3);
    base_buf_fini(&text);
}

static void test_parameters(void **state) {
    (void)state;
    base_buf text = {0};
    base_buf_puts(&text, "parameters:\n");
    for (int i = 0; i < PARAMETERS; i++) base_buf_printf(&text, "  p%d: {min: 0, max: 9}\n", i);
    check_reading(&text, PARAMETERS);
    base_buf_fini(&text);
}

/* A chain whose last member is declared first, and as many children of one long list. */
static void test_conditions(void **state) {
    (void)state;
    base_buf text = {0};
    base_buf_puts(&text, "parameters:\n");
    for (int i = PARAMETERS; i-- > 1;) {
        base_buf_printf(&text, "  c%d: {values: [a, b], when: {c%d: a}}\n", i, i - 1);
    }
    base_buf_puts(&text, "  c0: {values: [a, b]}\n  parent: {values: [");
    for (int i = 0; i < PARAMETERS; i++) base_buf_printf(&text, "%sv%d", i ? ", " : "", i);
    base_buf_puts(&text, "]}\n");
    for (int i = 0; i < PARAMETERS; i++) {
        base_buf_printf(&text, "  p%d: {min: 0.0, max: 1.0, when: {parent: v%d}}\n", i, i);
    }
    check_reading(&text, 2 * PARAMETERS + 1);
    base_buf_fini(&text);
}

/* A circle of all parameters is named, and not in full. */
static void test_cycle(void **state) {
    (void)state;
    base_buf text = {0};
    base_err err = {0};
    base_arena *arena = base_arena_create();
    hpo_space *space = NULL;
    for (int i = 0; i < PARAMETERS; i++) {
        base_buf_printf(&text, "c%d: {values: [a, b], when: {c%d: a}}\n", i, (i + 1) % PARAMETERS);
    }
    const double before = processor_time();
    base_yaml_node *root = space_text_parse(arena, base_buf_text(&text));
    CHECK_FAILS(hpo_space_read(root, NULL, NULL, &space, &err), BASE_INVALID, "c18 -> c19 -> ... (10000 in all) -> c0");
    if (processor_time() - before > LIMIT) fail_msg("%g s", processor_time() - before);
    base_buf_fini(&text);
    base_arena_destroy(arena);
}

static void test_references(void **state) {
    (void)state;
    base_buf text = {0};
    base_err err = {0};
    base_buf_puts(&text, "parameters:\n");
    for (int i = 0; i < PARAMETERS; i++) base_buf_printf(&text, "  p%d: {min: 0, max: 9}\n", i);
    base_buf_puts(&text, "settings: [");
    for (int i = 0; i < PARAMETERS; i++) base_buf_printf(&text, "\"--p{p%d}\", ", i);
    base_buf_puts(&text, "]\n");
    const double before = processor_time();
    space_text in = space_text_read(base_buf_text(&text));
    const base_yaml_node *settings = base_yaml_get(in.root, "settings");
    bool *mentioned = base_calloc(PARAMETERS, sizeof *mentioned);
    CHECK_OK(hpo_settings_check(settings, in.space, NULL, 0, &err));
    assert_int_equal(hpo_settings_mark(settings, in.space, mentioned), PARAMETERS);
    for (size_t i = 0; i < PARAMETERS; i++) assert_true(mentioned[i]);
    double *config = base_calloc(PARAMETERS, sizeof *config);
    const base_yaml_node *made = hpo_settings_resolve(in.arena, settings, in.space, config, NULL, 0);
    assert_int_equal(made->count, PARAMETERS);
    if (processor_time() - before > LIMIT) fail_msg("%g s", processor_time() - before);
    free(mentioned);
    free(config);
    space_text_fini(&in);
    base_buf_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices), cmocka_unit_test(test_parameters), cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_cycle),   cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
