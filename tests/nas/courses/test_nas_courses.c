/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Courses along the epochs of published searches and of shorter ones. */
#include "tests/support/check.h"

#include "nas/course.h"

typedef struct course {
    base_arena *arena;
    const nas_course_type *type;
    void *state;
} course;

static course read_course(const char *name, const char *options) {
    course c = {.arena = base_arena_create(), .type = nas_course_find(name)};
    base_yaml_node *map = NULL;
    base_err err;
    c.state = base_arena_alloc(c.arena, c.type->state_size);
    CHECK_OK(base_yaml_parse(c.arena, "test", options, strlen(options), &map, &err));
    CHECK_OK(base_options_read(c.type->options, map, c.state, c.arena, &err));
    return c;
}

/* The epochs in which alphas stay are the first ones; how many. */
static size_t staying(const char *options, size_t epochs) {
    course c = read_course("constant", options);
    size_t count = 0;
    for (size_t e = 0; e < epochs; e++) {
        const bool stay = nas_course_at(c.type, c.state, e, epochs).alphas_stay;
        assert_true(!stay || count == e);
        count += stay;
    }
    base_arena_destroy(c.arena);
    return count;
}

static void a_warm_up_keeps_its_proportion(void **state) {
    (void)state;
    assert_int_equal(staying("{}", 50), 0);
    assert_int_equal(staying("{warm_up: 0.3}", 50), 15); /* PC-DARTS */
    assert_int_equal(staying("{warm_up: 0.2}", 50), 10); /* DrNAS */
    assert_int_equal(staying("{warm_up: 0.4}", 25), 10); /* P-DARTS */
    assert_int_equal(staying("{warm_up: 0.3}", 10), 3);
    assert_int_equal(staying("{warm_up: 0.99}", 10), 9); /* the last epoch is never one of them */
    assert_int_equal(staying("{warm_up: 0.99}", 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_up_keeps_its_proportion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
