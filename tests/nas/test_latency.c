/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of latencies: what they measure, how they add up, and what is wrong with a text. */
#include "tests/nas/nets.h"

#include "base/cpu.h"
#include "nas/latency.h"
#include "nas/limits.h"

static const eng_net_config images = {.input = {3, {28, 28, 1}}, .task = ENG_MULTICLASS, .outputs = 10};

static nas_latency measured(const nas_space *space, const nas_settings *settings, base_arena *arena) {
    base_err err;
    nas_latency latency;
    CHECK_OK(nas_latency_measure(space, settings, &images, arena, &latency, &err));
    return latency;
}

static const nas_latency_row *row_of(const nas_latency *latency, const char *name, size_t height, size_t channels,
                                     size_t stride) {
    for (size_t i = 0; i < latency->count; i++) {
        const nas_latency_row *row = &latency->rows[i];
        if (row->operation && strcmp(row->operation->name, name) == 0 && row->height == height &&
            row->channels_in == channels && row->stride == stride)
            return row;
    }
    return NULL;
}

/* Each shape once: of 8 operations in cells at three sizes, where a reduction has inputs and nodes. */
static void a_table_has_every_shape_once(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_settings settings = {.channels = 8, .cells = 6};
    nas_latency latency = measured(space_of("darts", arena), &settings, arena);
    /* normal cells at 28, 14 and 7 pixels; reductions from 28 and 14 with stride 2, whose nodes have the shapes of the
     * normal cells behind them */
    assert_int_equal(latency.count, 8 * 5 + 1);
    const nas_latency_row *pool = row_of(&latency, "max_pool_3x3", 28, 16, 2);
    assert_non_null(pool);
    assert_int_equal(pool->channels_out, 16);
    CHECK_NEAR(row_of(&latency, "skip_connect", 14, 16, 1)->nanoseconds, 0.0, 0.0);
    assert_true(row_of(&latency, "skip_connect", 28, 16, 2)->nanoseconds > 0.0);
    const double small = row_of(&latency, "dil_conv_3x3", 28, 8, 1)->nanoseconds;
    assert_true(small > 0.0);
    assert_true(row_of(&latency, "sep_conv_5x5", 28, 8, 1)->nanoseconds > small);
    nas_latency_fini(&latency);
    base_arena_destroy(arena);
}

/* By hand: the entries of the places where an edge stands. */
static void latencies_are_sums_of_entries(void **state) {
    (void)state;
    static const char text[] = "machine,none\n"
                               "operation,height,width,channels_in,channels_out,stride,nanoseconds\n"
                               "sep_conv_3x3,28,28,32,32,2,1\n"
                               "sep_conv_3x3,14,14,32,32,1,20\n"
                               "sep_conv_3x3,14,14,64,64,2,300\n"
                               "sep_conv_3x3,7,7,64,64,1,4000\n"
                               "rest,28,28,1,32,3,50000\n";
    base_arena *arena = base_arena_create();
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    static const char space_text[] =
        "operations: [sep_conv_3x3]\n"
        "cells:\n"
        "  normal: {inputs: 1, nodes: 2}\n"
        "  reduce: {inputs: 1, nodes: 2, stride: 2}\n"
        "skeleton: {channels: 32, stem: none, stack: [{cell: reduce}, {cell: normal}, {cell: reduce, width: 2}]}\n";
    CHECK_OK(base_yaml_parse(arena, "s.yaml", space_text, strlen(space_text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    nas_latency latency;
    nas_costs costs;
    CHECK_OK(nas_latency_read("latency.csv", text, arena, &latency, &err));
    CHECK_OK(nas_costs_count(space, &(nas_settings){0}, &images, arena, &costs, &err));
    CHECK_OK(nas_latency_apply(&latency, &(nas_settings){0}, &images, &costs, &err));
    /* edges of a cell: 1 <- 0, 2 <- 0, 2 <- 1 */
    const double *normal = costs.each[NAS_COST_LATENCY][0], *reduce = costs.each[NAS_COST_LATENCY][1];
    CHECK_NEAR(normal[0], 20, 0.0);
    CHECK_NEAR(normal[2], 20, 0.0);
    CHECK_NEAR(reduce[0], 301, 0.0);
    CHECK_NEAR(reduce[2], 4020, 0.0);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 80, 0);
    CHECK_NEAR(nas_costs_of(&costs, NAS_COST_LATENCY, nas_genotype_random(space, &rng, arena)),
               50000 + 3 * 20 + 2 * 301 + 4020, 0.0);
    CHECK_FAILS(nas_latency_apply(&latency, &(nas_settings){.channels = 16}, &images, &costs, &err), BASE_INVALID,
                "no entry for networks of 16 channels and 3 cells");
    latency.rows[3] = latency.rows[--latency.count];
    CHECK_FAILS(nas_latency_apply(&latency, &(nas_settings){0}, &images, &costs, &err), BASE_INVALID,
                "no entry for sep_conv_3x3 of 7 x 7 x 64 to 64 channels with stride 1");
    nas_latency_fini(&latency);
    base_arena_destroy(arena);
}

/* What was measured reads back as it was written, and says which machine it is of. */
static void a_table_reads_back(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_buf text = {0}, again = {0}, machine = {0};
    base_err err;
    const nas_settings settings = {.channels = 4};
    nas_latency latency = measured(space_of("toy", arena), &settings, arena), other;
    nas_latency_write(&latency, &text);
    CHECK_OK(nas_latency_read("latency.csv", base_buf_text(&text), arena, &other, &err));
    nas_latency_write(&other, &again);
    assert_string_equal(base_buf_text(&text), base_buf_text(&again));
    base_cpu_model(&machine);
    assert_true(machine.length > 0);
    assert_string_equal(other.machine, base_buf_text(&machine));
    nas_latency_fini(&latency);
    nas_latency_fini(&other);
    base_buf_fini(&text);
    base_buf_fini(&again);
    base_buf_fini(&machine);
    base_arena_destroy(arena);
}

static void what_is_wrong_has_its_line(void **state) {
    (void)state;
#define HEAD "machine,m\noperation,height,width,channels_in,channels_out,stride,nanoseconds\n"
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "t.csv: this is no table"},
        {"machine,m\n", "t.csv: this is no table"},
        {"operation\n", "t.csv:1:"},
        {"machine,m\noperation,height\n", "t.csv:2:"},
        {HEAD "sep_conv_3x3,7,7,64,64,1\n", "t.csv:3:"},
        {HEAD "sep_conv_9x9,7,7,64,64,1,5\n", "t.csv:3:"},
        {HEAD "sep_conv_3x3,7,7,64,64,1,5\nsep_conv_3x3,7,7,64,64,2,-5\n", "t.csv:4:"},
        {HEAD "sep_conv_3x3,7,7,64,64,1,5.5\n", "t.csv:3:"},
        {HEAD "sep_conv_3x3,7,7,64,64,1,5 x\n", "t.csv:3:"},
    };
    base_arena *arena = base_arena_create();
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_err err;
        nas_latency latency;
        CHECK_FAILS(nas_latency_read("t.csv", cases[i].text, arena, &latency, &err), BASE_INVALID, cases[i].part);
    }
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_has_every_shape_once),
        cmocka_unit_test(latencies_are_sums_of_entries),
        cmocka_unit_test(a_table_reads_back),
        cmocka_unit_test(what_is_wrong_has_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
