/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/tensor/param.h"

static const eng_param_spec specs[] = {
    {.name = "bias", .shape = {.ndim = 1, .dim = {5}}, .value = 0.5f, .layer = 0, .slot = 1},
    {.name = "weight",
     .shape = {.ndim = 2, .dim = {4, 5}},
     .flags = ENG_PARAM_DECAY,
     .init = &eng_init_he_normal,
     .fan_in = 4,
     .fan_out = 5,
     .layer = 0,
     .slot = 0},
    {.name = "other",
     .shape = {.ndim = 2, .dim = {4, 5}},
     .flags = ENG_PARAM_DECAY,
     .init = &eng_init_he_normal,
     .fan_in = 4,
     .fan_out = 5,
     .layer = 1,
     .slot = 0},
};

static eng_params *make(uint64_t seed) {
    base_err err;
    eng_params *params;
    CHECK_OK(eng_params_create(specs, CHECK_COUNT(specs), &params, &err));
    eng_params_init(params, seed);
    return params;
}

static void decayed_come_first_on_aligned_places(void **state) {
    (void)state;
    eng_params *params = make(1);
    assert_int_equal(eng_params_count(params), 3);
    assert_int_equal(eng_params_numbers(params), 45);
    assert_int_equal(eng_params_decayed(params), 64);
    assert_int_equal(eng_params_size(params), 80);
    assert_int_equal(eng_params_find(params, "weight")->offset, 0);
    assert_int_equal(eng_params_find(params, "other")->offset, 32);
    assert_int_equal(eng_params_find(params, "bias")->offset, 64);
    assert_null(eng_params_find(params, "slope"));
    eng_tensor view = eng_params_view(params, 1, eng_params_values(params));
    assert_string_equal(view.name, "weight");
    assert_int_equal(view.shape.dim[1], 5);
    assert_ptr_equal(view.data, eng_params_values(params));
    assert_int_equal((uintptr_t)view.data % ENG_ALIGN, 0);
    eng_params_destroy(params);
    eng_params_destroy(NULL);
}

static void state_comes_last_and_is_no_trainable_number(void **state) {
    (void)state;
    const eng_param_spec with_state[] = {
        {.name = "mean", .shape = {.ndim = 1, .dim = {3}}, .flags = ENG_PARAM_STATE},
        {.name = "scale", .shape = {.ndim = 1, .dim = {3}}, .value = 1.0f},
        {.name = "variance", .shape = {.ndim = 1, .dim = {3}}, .flags = ENG_PARAM_STATE, .value = 1.0f},
        {.name = "weight", .shape = {.ndim = 1, .dim = {20}}, .flags = ENG_PARAM_DECAY},
    };
    base_err err;
    eng_params *params;
    CHECK_OK(eng_params_create(with_state, CHECK_COUNT(with_state), &params, &err));
    eng_params_init(params, 1);
    assert_int_equal(eng_params_numbers(params), 23);
    assert_int_equal(eng_params_decayed(params), 32);
    assert_int_equal(eng_params_trained(params), 48);
    assert_int_equal(eng_params_size(params), 80);
    assert_int_equal(eng_params_find(params, "mean")->offset, 48);
    assert_int_equal(eng_params_find(params, "variance")->offset, 64);
    assert_true(eng_params_values(params)[64] == 1.0f);
    eng_params_destroy(params);
}

static void padding_is_zero(void **state) {
    (void)state;
    eng_params *params = make(1);
    const float *values = eng_params_values(params), *gradients = eng_params_gradients(params);
    for (size_t i = 0; i < eng_params_size(params); i++) {
        bool used = i < 20 || (i >= 32 && i < 52) || (i >= 64 && i < 69);
        if (!used) assert_true(values[i] == 0.0f);
        if (used) assert_true(values[i] != 0.0f);
        assert_true(gradients[i] == 0.0f);
    }
    eng_params_destroy(params);
}

static void first_values_are_a_function_of_seed_layer_and_slot(void **state) {
    (void)state;
    eng_params *a = make(7), *b = make(7), *c = make(8);
    size_t bytes = eng_params_size(a) * sizeof(float);
    assert_memory_equal(eng_params_values(a), eng_params_values(b), bytes);
    assert_memory_not_equal(eng_params_values(a), eng_params_values(c), 20 * sizeof(float));
    assert_memory_not_equal(eng_params_values(a), eng_params_values(a) + 32, 20 * sizeof(float));
    eng_params_values(b)[3] = 9.0f;
    eng_params_gradients(b)[3] = 9.0f;
    eng_params_init(b, 7);
    assert_memory_equal(eng_params_values(a), eng_params_values(b), bytes);
    assert_true(eng_params_gradients(b)[3] == 0.0f);
    eng_params_destroy(a);
    eng_params_destroy(b);
    eng_params_destroy(c);
}

/* Mean, variance and range of 40,000 draws against the formulas of Glorot and He; five standard errors. */
static void initializations_have_their_variance(void **state) {
    (void)state;
    enum { COUNT = 40000, IN = 100, OUT = 300 };
    static float values[COUNT];
    static const struct {
        const char *name;
        double variance;
        bool uniform;
    } known[] = {{"xavier_uniform", 2.0 / (IN + OUT), true},
                 {"xavier_normal", 2.0 / (IN + OUT), false},
                 {"he_uniform", 2.0 / IN, true},
                 {"he_normal", 2.0 / IN, false}};
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
        eng_init_find(known[i].name)->fill(&rng, IN, OUT, COUNT, values);
        double sum = 0.0, squares = 0.0, most = 0.0, bound = sqrt(3.0 * known[i].variance);
        for (size_t k = 0; k < COUNT; k++) {
            sum += (double)values[k];
            squares += (double)values[k] * (double)values[k];
            most = fmax(most, fabs((double)values[k]));
        }
        double kurtosis = known[i].uniform ? 1.8 : 3.0;
        CHECK_NEAR(sum / COUNT, 0.0, 5.0 * sqrt(known[i].variance / COUNT));
        CHECK_CLOSE(squares / COUNT, known[i].variance, 5.0 * sqrt((kurtosis - 1.0) / COUNT));
        if (known[i].uniform) assert_true(most <= bound * 1.000001 && most > 0.99 * bound);
        if (!known[i].uniform) assert_true(most > 1.5 * bound);
    }
}

static void sizes_that_add_up_to_too_much_are_a_status(void **state) {
    (void)state;
    eng_param_spec huge[2] = {{.name = "a", .shape = {.ndim = 1, .dim = {(size_t)1 << 43}}},
                              {.name = "b", .shape = {.ndim = 2, .dim = {(size_t)1 << 30, (size_t)1 << 30}}}};
    base_err err;
    eng_params *params;
    CHECK_FAILS(eng_params_create(huge, 2, &params, &err), BASE_NOMEM, "numbers of b");
    assert_null(params);
}

static void initializations_are_found_by_name(void **state) {
    (void)state;
    size_t count = 0;
    for (const char *const *name = eng_init_names; *name != NULL; name++, count++)
        assert_string_equal(eng_init_find(*name)->name, *name);
    assert_int_equal(count, 5);
    assert_null(eng_init_find("orthogonal"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decayed_come_first_on_aligned_places),
        cmocka_unit_test(state_comes_last_and_is_no_trainable_number),
        cmocka_unit_test(padding_is_zero),
        cmocka_unit_test(first_values_are_a_function_of_seed_layer_and_slot),
        cmocka_unit_test(initializations_have_their_variance),
        cmocka_unit_test(sizes_that_add_up_to_too_much_are_a_status),
        cmocka_unit_test(initializations_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
