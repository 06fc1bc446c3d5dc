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

/* Published numbers: three stages of 25 epochs, a rate of 0.4. */
static void the_stages_of_p_darts(void **state) {
    (void)state;
    static const size_t cells[] = {0, 6, 12}, operations[] = {8, 5, 3};
    course c = read_course("stages", "{skip_dropout: 0.4, more_skip_dropout: 0}");
    assert_int_equal(c.type->stages(c.state), 3);
    for (size_t k = 0; k < 3; k++) {
        const nas_course_stage stage = c.type->stage(c.state, k, 8);
        assert_int_equal(stage.more_cells, cells[k]);
        assert_int_equal(stage.operations, operations[k]);
        assert_false(stage.keeps_weights);
    }
    for (size_t e = 0; e < 75; e++) {
        const nas_course_epoch now = nas_course_at(c.type, c.state, e, 75);
        assert_int_equal(now.stage, e / 25);
        assert_int_equal(now.first, 25 * now.stage);
        assert_int_equal(now.count, 25);
        assert_int_equal(now.alphas_stay, e % 25 < 10);
    }
    CHECK_NEAR(nas_course_at(c.type, c.state, 25, 75).skip_dropout, .384, 1e-12);
    CHECK_NEAR(nas_course_at(c.type, c.state, 9, 75).skip_dropout, .24, 1e-12);
    CHECK_NEAR(nas_course_at(c.type, c.state, 10, 75).skip_dropout, .4, 1e-12);
    CHECK_NEAR(nas_course_at(c.type, c.state, 24, 75).skip_dropout, .4 * exp(-.2 * 14), 1e-12);
    base_arena_destroy(c.arena);
    c = read_course("stages", "{}"); /* 0.1, 0.4, 0.7 */
    CHECK_NEAR(nas_course_at(c.type, c.state, 35, 75).skip_dropout, .4, 1e-12);
    CHECK_NEAR(nas_course_at(c.type, c.state, 60, 75).skip_dropout, .7, 1e-12);
    base_arena_destroy(c.arena);
}

/* Every epoch of every length is in one stage, stages follow each other, each has an epoch in which alphas move. */
static void stages_fill_searches_of_any_length(void **state) {
    (void)state;
    course c = read_course("stages", "{stages: 4, warm_up: 0.9}");
    for (size_t epochs = 1; epochs < 40; epochs++) {
        size_t stage = 0, moving = 0;
        for (size_t e = 0; e < epochs; e++) {
            const nas_course_epoch now = nas_course_at(c.type, c.state, e, epochs);
            assert_true(now.first <= e && e < now.first + now.count && now.first + now.count <= epochs);
            assert_true(now.stage == stage || (now.stage == stage + 1 && now.first == e && moving > 0));
            if (now.stage != stage) moving = 0;
            stage = now.stage;
            moving += !now.alphas_stay;
        }
        assert_true(moving > 0);
        assert_int_equal(stage, epochs < 4 ? epochs - 1 : 3);
    }
    base_arena_destroy(c.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_up_keeps_its_proportion),
        cmocka_unit_test(the_stages_of_p_darts),
        cmocka_unit_test(stages_fill_searches_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
