/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: neighbourhoods that are counted by hand, the definition (one active parameter differs), and the deviation of
 * a normal variable. */
#include "hpo/models/neighbours.h"
#include "tests/support/toy_space.h"

static const char *const mixed =
    "{parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 9}, m: {min: 1, max: 7, log: true}, o: {values: [1, 2, "
    "4], ordered: true}, c: {values: "
    "[p, "
    "q, r, s], probabilities: [0.5, 0.25, 0.25, 0]}, k: {value: 3}, a: {min: 0.0, max: 1.0, step: 0.5, when: {c: p}}, "
    "b: {values: [u, v], when: {c: q}}}, forbid: [{c: r, o: 1}]}";
enum { X, N, M, O, C, K, A, B, COUNT };

static size_t count_of(const hpo_exchanges *list, size_t param) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) count += list->items[i].param == param;
    return count;
}

static bool has(const hpo_exchanges *list, size_t param, double value) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].param == param && list->items[i].value == value) return true;
    return false;
}

static void neighbourhoods_are_complete(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, mixed);
    hpo_exchanges list = {0};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    const double config[COUNT] = {0.5, 5, 1, 1, 0, 0, 0.5, (double)NAN};
    for (int repeat = 0; repeat < 50; repeat++) {
        hpo_exchanges_list(&list, s.space, config, 4, 0.2, &rng);
        assert_int_equal(count_of(&list, X), 4);
        assert_in_range(count_of(&list, N), 4, 6); /* the levels beside 5, four draws that hit the far ones rarely */
        assert_true(has(&list, N, 4) && has(&list, N, 6) && !has(&list, N, 5));
        assert_int_equal(count_of(&list, O), 2);
        assert_true(has(&list, O, 0) && has(&list, O, 2));
        assert_int_equal(count_of(&list, C), 2); /* of three others one has no probability */
        assert_true(has(&list, C, 1) && has(&list, C, 2));
        assert_int_equal(count_of(&list, M), 6); /* all others */
        assert_int_equal(count_of(&list, A), 2);
        assert_true(has(&list, A, 0) && has(&list, A, 1));
        assert_int_equal(count_of(&list, K) + count_of(&list, B), 0);
        for (size_t i = 0; i < list.count; i++) {
            for (size_t j = 0; j < i; j++) {
                assert_true(list.items[i].param != list.items[j].param || list.items[i].value != list.items[j].value);
            }
        }
    }
    hpo_exchanges_fini(&list);
    toy_sampling_close(&s);
}

static void a_neighbour_is_activated_and_allowed(void **state) {
    (void)state;
    base_err err;
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, mixed);
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    const double config[COUNT] = {0.5, 1, 1, 0, 0, 0, 0.5, (double)NAN};
    double out[COUNT];
    size_t u = 0;
    for (int repeat = 0; repeat < 400; repeat++) {
        assert_true(hpo_exchange_apply(s.space, config, (hpo_exchange){C, 1}, &rng, out));
        CHECK_OK(hpo_space_check(s.space, out, &err));
        assert_true(isnan(out[A]) && !isnan(out[B]));
        u += out[B] == 0;
    }
    CHECK_NEAR((double)u, 200, 4 * 10); /* the base measure: 400 draws, deviation 10 */
    assert_false(hpo_exchange_apply(s.space, config, (hpo_exchange){C, 2}, &rng, out)); /* forbidden beside o = 1 */
    assert_true(hpo_exchange_apply(s.space, config, (hpo_exchange){X, 0.25}, &rng, out));
    const double expected[] = {0.25, 1, 1, 0, 0, 0, 0.5};
    CHECK_ARRAY_NEAR(out, expected, 7, 0);
    assert_true(isnan(out[B]));
    toy_sampling_close(&s);
}

/* The middle of a wide range, deviation 0.1: nothing is truncated, so mean and deviation are the normal's; and each
 * place of the random order is taken by each of the four kinds of exchange. */
static void draws_are_normal_and_the_order_is_random(void **state) {
    (void)state;
    enum { REPEATS = 2000 };
    toy_sampling s;
    toy_sampling_open(&s, "random", 1,
                      "{parameters: {x: {min: 1e-4, max: 1.0, log: true}, c: {values: [p, q, r, s]}}}");
    hpo_exchanges list = {0};
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    const double config[2] = {1e-2, 0};
    double sum = 0, squares = 0;
    size_t first_is_number = 0;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        hpo_exchanges_list(&list, s.space, config, 3, 0.1, &rng);
        assert_int_equal(list.count, 6);
        first_is_number += list.items[0].param == 0;
        for (size_t i = 0; i < list.count; i++) {
            if (list.items[i].param != 0) continue;
            const double z = (log10(list.items[i].value) + 2) / 4 / 0.1;
            sum += z;
            squares += z * z;
        }
    }
    CHECK_NEAR(sum / (3 * REPEATS), 0, 4 / sqrt(3 * REPEATS));
    CHECK_NEAR(squares / (3 * REPEATS), 1, 4 * sqrt(2.0 / (3 * REPEATS)));
    CHECK_NEAR((double)first_is_number, REPEATS / 2, 4 * sqrt(REPEATS) / 2);
    hpo_exchanges_fini(&list);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbourhoods_are_complete),
        cmocka_unit_test(a_neighbour_is_activated_and_allowed),
        cmocka_unit_test(draws_are_normal_and_the_order_is_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
