/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rooms of a recipe, each by itself: what it reads from a map that holds the options of others too. */
#include "tests/support/check.h"

#include "engine/train/settings.h"

static base_arena *arena;
static base_err err;

static int setup(void **state) {
    (void)state;
    arena = base_arena_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    base_arena_destroy(arena);
    return 0;
}

static const base_yaml_node *parse(const char *text) {
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    return root;
}

static const base_option *const tables[] = {eng_data_options, eng_loss_options, eng_optimizer_options,
                                            eng_schedule_options, eng_course_options};

/* One name, one room; and every line says what it is. */
static void rooms_share_no_option(void **state) {
    (void)state;
    for (size_t a = 0; a < CHECK_COUNT(tables); a++)
        for (const base_option *option = tables[a]; option->name != NULL; option++) {
            assert_true(strlen(option->help) > 0);
            for (size_t b = 0; b < CHECK_COUNT(tables); b++)
                assert_true((base_options_find(tables[b], option->name) == option) == (a == b));
        }
}

static void each_room_reads_its_own(void **state) {
    (void)state;
    const base_yaml_node *map =
        parse("{dataset: digits, fold: 2, folds: 5, crop: 1, loss: mse, l2: 0.5, optimizer: adamw, beta2: 0.9, "
              "schedule: sgdr, warmup_epochs: 2, epochs: 7, ema: 0.5, seed: 0, model: cells, of_others: [1, 2]}");
    eng_data_settings data;
    eng_loss_settings loss;
    eng_optimizer_settings optimizer;
    eng_schedule_settings schedule;
    eng_course_settings course;
    CHECK_OK(eng_data_read(map, arena, &data, &err));
    CHECK_OK(eng_loss_read(map, arena, &loss, &err));
    CHECK_OK(eng_optimizer_read(map, arena, &optimizer, &err));
    CHECK_OK(eng_schedule_read(map, arena, &schedule, &err));
    CHECK_OK(eng_course_read(map, arena, &course, &err));
    const eng_view_settings view = eng_data_view(&data);
    const eng_augment augment = eng_data_augment(&data);
    assert_true(view.split.folds == 5 && view.split.fold == 1 && view.split.test_fraction == 0.2);
    assert_true(augment.crop == 1 && !augment.flip && eng_augment_is_on(&augment));
    assert_true(loss.loss == ENG_LOSS_SQUARED && loss.l2 == 0.5 && loss.l1 == 0);
    assert_true(course.epochs == 7 && course.batch_size == 64 && course.seed_given && course.seed == 0);
    const eng_optimizer_config config = eng_optimizer_config_of(&optimizer);
    assert_ptr_equal(eng_optimizer_rule(&optimizer), &eng_optimizer_adamw);
    assert_true(config.beta1 == 0.9 && config.beta2 == 0.9 && config.weight_decay == 0.01 && config.clip_norm == 0);
    assert_true(schedule.warmup_epochs == 2 && schedule.restart_multiplier == 2);
    CHECK_OK(eng_course_read(parse("{seed: null}"), arena, &course, &err));
    assert_true(!course.seed_given && course.epochs == 10);
    CHECK_OK(eng_course_read(NULL, arena, &course, &err));
    assert_false(course.seed_given);
}

/* Epochs become steps; a schedule that is laid out for another length keeps it. */
static void a_schedule_is_planned_in_steps(void **state) {
    (void)state;
    eng_schedule_settings s;
    eng_schedule_plan plan;
    CHECK_OK(eng_schedule_read(parse("{schedule: cosine, warmup_epochs: 0.5, end_factor: 0.04}"), arena, &s, &err));
    CHECK_OK(eng_schedule_plan_make(&s, 50, 30, &plan, &err));
    assert_true(plan.total == 1500 && plan.config.warmup == 15 && plan.config.final == 0.04);
    CHECK_NEAR(eng_schedule_factor(plan.type, &plan.config, 0, plan.total), 1.0 / 15, 1e-12);
    s.warmup_epochs = 0;
    CHECK_OK(eng_schedule_plan_make(&s, 50, 30, &plan, &err));
    CHECK_NEAR(eng_schedule_factor(plan.type, &plan.config, 750, plan.total), 0.52, 1e-12);
    s.schedule_epochs = 9;
    CHECK_OK(eng_schedule_plan_make(&s, 50, 30, &plan, &err));
    assert_int_equal(plan.total, 270);
    CHECK_FAILS(eng_schedule_read(parse("{schedule: exponential, end_factor: 0}"), arena, &s, &err), BASE_INVALID,
                "s.yaml:1:37: end_factor of an exponential schedule must be above 0");
}

static void outputs_are_those_of_the_task(void **state) {
    (void)state;
    const eng_dataset classes = {.name = "c", .target = ENG_TARGET_CLASSES, .classes = 7, .rank = 1};
    const eng_dataset two = {.name = "t", .target = ENG_TARGET_CLASSES, .classes = 2, .rank = 1};
    const eng_dataset numbers = {.name = "n", .target = ENG_TARGET_NUMBERS, .rank = 1};
    eng_loss_settings loss = {0};
    eng_data_settings data = {.flip = true};
    assert_true(eng_loss_outputs(&loss, &classes) == 7 && eng_loss_task(&loss, &classes) == ENG_MULTICLASS);
    assert_true(eng_loss_outputs(&loss, &numbers) == 1 && eng_loss_task(&loss, &numbers) == ENG_REGRESSION);
    loss.loss = ENG_LOSS_BINARY;
    assert_true(eng_loss_outputs(&loss, &two) == 1 && eng_loss_task(&loss, &two) == ENG_BINARY);
    CHECK_OK(eng_loss_check(&loss, &two, &err));
    CHECK_FAILS(eng_loss_check(&loss, &classes, &err), BASE_INVALID, "needs two classes, but c has 7");
    CHECK_FAILS(eng_data_check(&data, &two, &err), BASE_INVALID, "flip needs images, but t is a table");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rooms_share_no_option, setup, teardown),
        cmocka_unit_test_setup_teardown(each_room_reads_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_schedule_is_planned_in_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(outputs_are_those_of_the_task, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
