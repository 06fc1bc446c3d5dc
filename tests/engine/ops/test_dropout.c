/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mask: the published generator in the documented order, a function of (seed, node, step), and of the right rate.
 */
#include "tests/support/check.h"

#include "engine/ops/ops.h"

enum { COUNT = 1000 };

static void draw_mask(double rate, uint64_t seed, uint32_t node, uint32_t step, size_t n, uint8_t keep[COUNT]) {
    static float x[COUNT], y[COUNT];
    const eng_dropout_config config = {.rate = rate};
    const eng_node place = {.op = &eng_op_dropout, .config = &config, .index = node};
    const eng_call call = {.node = &place, .out_count = n, .x = {x}, .y = y, .saved = keep};
    eng_run run = {.n = 1, .training = true, .seed = seed, .step = step, .k = eng_kernels_find(NULL)};
    eng_op_dropout.forward(&call, &run);
}

static void the_mask_is_philox_in_the_documented_order(void **state) {
    (void)state;
    static const float x[COUNT];
    float y[COUNT];
    uint8_t keep[COUNT];
    base_rng stream = base_rng_stream(77, BASE_RNG_DROPOUT, 3, 12);
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        kernels->dropout(COUNT, 0, 20000, 1.0f, stream.key, stream.counter, x, y, keep);
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t j = i % 128, word[4];
            uint32_t counter[4] = {16 * (i / 128) + j % 16, 0, 3, 12};
            base_philox4x32(counter, stream.key, word);
            uint32_t bits = j < 64 ? word[j % 64 / 16] & 0xffffu : word[j % 64 / 16] >> 16;
            assert_int_equal(keep[i], bits < 20000 ? 0 : 1);
        }
    }
}

static void a_mask_depends_on_seed_node_and_step_alone(void **state) {
    (void)state;
    uint8_t first[COUNT], again[COUNT], other[COUNT];
    draw_mask(0.5, 1, 2, 3, COUNT, first);
    draw_mask(0.5, 1, 2, 3, COUNT, again);
    assert_memory_equal(first, again, COUNT);
    draw_mask(0.5, 1, 2, 3, COUNT / 3, again); /* a smaller last batch sees the same beginning */
    assert_memory_equal(first, again, COUNT / 3);
    const struct {
        uint64_t seed;
        uint32_t node, step;
    } others[] = {{2, 2, 3}, {1, 3, 3}, {1, 2, 4}, {UINT64_C(1) << 40 | 1, 2, 3}};
    for (size_t i = 0; i < CHECK_COUNT(others); i++) {
        draw_mask(0.5, others[i].seed, others[i].node, others[i].step, COUNT, other);
        size_t equal = 0;
        for (size_t k = 0; k < COUNT; k++) equal += first[k] == other[k];
        assert_in_range(equal, 400, 600); /* 500 +- 6 deviations of a fair coin */
    }
}

/* 200 masks of 1000 units: five deviations of the binomial. */
static void the_rate_is_what_was_asked(void **state) {
    (void)state;
    static const double rates[] = {0.0, 0.1, 0.25, 0.5, 0.9};
    for (size_t r = 0; r < CHECK_COUNT(rates); r++) {
        uint8_t keep[COUNT];
        size_t kept = 0, draws = (size_t)200 * COUNT;
        for (uint32_t step = 0; step < 200; step++) {
            draw_mask(rates[r], 9, 0, step, COUNT, keep);
            for (size_t i = 0; i < COUNT; i++) kept += keep[i];
        }
        double deviation = sqrt(rates[r] * (1.0 - rates[r]) / (double)draws);
        CHECK_NEAR((double)kept / (double)draws, 1.0 - rates[r], 5.0 * deviation + 2e-5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mask_is_philox_in_the_documented_order),
        cmocka_unit_test(a_mask_depends_on_seed_node_and_step_alone),
        cmocka_unit_test(the_rate_is_what_was_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
