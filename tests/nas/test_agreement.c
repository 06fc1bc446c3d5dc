/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gradients of operations on two halves of the data, and what is frozen by them. */
#include "tests/nas/search_support.h"

#include "nas/agreement.h"

static void the_cosine_of_two_vectors(void **state) {
    (void)state;
    static const float a[] = {1, 2, -1}, b[] = {2, 1, 1}, none[3] = {0};
    const eng_kernels *k = eng_kernels_find(NULL);
    CHECK_NEAR(nas_cosine(k, 3, a, b), .5, 1e-7);
    CHECK_NEAR(nas_cosine(k, 3, a, a), 1, 1e-7);
    assert_true(isnan(nas_cosine(k, 3, a, none)));
}

typedef struct watched {
    base_arena *arena;
    nas_supernet *net;
    eng_optimizer *optimizer;
    nas_agreement *agreement;
} watched;

static watched watch(size_t steps, double threshold) {
    watched w = {.arena = base_arena_create()};
    base_err err = {0};
    const nas_supernet_options options = {
        .space = read_space(w.arena, space_text),
        .choices = read_choices(w.arena, "oles"),
        .net = {.input = eng_shape_3d(8, 8, 1), .task = ENG_MULTICLASS, .outputs = 3},
        .batch = 2,
        .seed = 1,
    };
    eng_optimizer_config config = eng_optimizer_momentum.defaults;
    config.momentum = .9;
    config.weight_decay = .1;
    CHECK_OK(nas_supernet_create(&options, &w.net, &err));
    CHECK_OK(eng_optimizer_create(&eng_optimizer_momentum, &config, nas_supernet_params(w.net),
                                  nas_supernet_kernels(w.net), &w.optimizer, &err));
    CHECK_OK(nas_agreement_create(steps, threshold, w.net, w.optimizer, &w.agreement, &err));
    return w;
}

static void unwatch(watched *w) {
    nas_agreement_destroy(w->agreement);
    eng_optimizer_destroy(w->optimizer);
    nas_supernet_destroy(w->net);
    base_arena_destroy(w->arena);
}

static bool belongs(const eng_param *param, const char *operation) {
    return strncmp(param->name, operation, strlen(operation)) == 0 && param->name[strlen(operation)] == '.';
}

/* The gradient of every tensor of an operation: number k of them is along (1, 0, ...), or turned by angle + k / 10. */
static void set_gradients(const watched *w, const char *operation, double angle) {
    const eng_params *params = nas_supernet_params(w->net);
    size_t tensors = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *p = eng_params_at(params, i);
        if (!belongs(p, operation) || (p->flags & ENG_PARAM_STATE)) continue;
        float *g = eng_params_gradients(nas_supernet_params(w->net)) + p->offset;
        memset(g, 0, p->count * sizeof *g);
        const double turned = angle < 0 ? 0 : angle + .1 * (double)tensors;
        g[0] = (float)cos(turned);
        g[1] = (float)sin(turned);
        tensors++;
    }
    assert_int_equal(tensors, angle < 0 ? tensors : 2); /* depthwise and 1 x 1 */
}

static size_t index_of(const nas_agreement *a, const char *name) {
    size_t i = 0;
    while (i < nas_agreement_operations(a) && strcmp(nas_agreement_name(a, i), name) != 0) i++;
    assert_true(i < nas_agreement_operations(a));
    return i;
}

/* One normal cell and two reductions with 5 edges each: two convolutions on each, and a factorized reduction on the 4
 * edges that leave the inputs of a reduction. */
static void operations_with_weights_are_found_by_name(void **state) {
    (void)state;
    watched w = watch(20, .4);
    assert_int_equal(nas_agreement_operations(w.agreement), 3 * 5 * 2 + 2 * 4);
    (void)index_of(w.agreement, "cell0.e0.sep_conv_3x3");
    (void)index_of(w.agreement, "cell2.e4.dil_conv_3x3");
    (void)index_of(w.agreement, "cell1.e0.skip_connect");
    unwatch(&w);
}

/* Cosines of the two tensors in two steps: cos 1.0, cos 1.1, then cos 1.3, cos 1.4; the mean is below 0.4. Another
 * operation agrees better, a third gives no gradient. */
static void a_mean_over_tensors_and_steps_freezes(void **state) {
    (void)state;
    static const char low[] = "cell0.e0.dil_conv_3x3", high[] = "cell0.e1.dil_conv_3x3",
                      none[] = "cell0.e2.dil_conv_3x3";
    watched w = watch(2, .4);
    const nas_agreement *a = w.agreement;
    for (int step = 0; step < 2; step++) {
        assert_int_equal(nas_agreement_frozen(a), 0);
        set_gradients(&w, low, -1);
        set_gradients(&w, high, -1);
        nas_agreement_valid(w.agreement);
        set_gradients(&w, low, 1.0 + .3 * step);
        set_gradients(&w, high, .5);
        nas_agreement_train(w.agreement);
        if (step == 0) CHECK_NEAR(nas_agreement_mean(a, index_of(a, low)), (cos(1.0) + cos(1.1)) / 2, 1e-6);
        if (step == 0) assert_true(isnan(nas_agreement_mean(a, index_of(a, none))));
        nas_agreement_train(w.agreement); /* without another gradient by the validation batch: nothing */
    }
    assert_true((cos(1.0) + cos(1.1) + cos(1.3) + cos(1.4)) / 4 < .4);
    assert_int_equal(nas_agreement_frozen(a), 1);
    assert_true(nas_agreement_is_frozen(a, index_of(a, low)));
    unwatch(&w);
}

/* A frozen operation does not move by its gradient, its momentum or its decay. */
static void what_is_frozen_does_not_move(void **state) {
    (void)state;
    static const char name[] = "cell1.e2.sep_conv_3x3";
    watched w = watch(20, .4);
    eng_params *params = nas_supernet_params(w.net);
    const size_t size = eng_params_size(params);
    float *g = eng_params_gradients(params), *start = BASE_NEW_ARRAY(w.arena, size, float);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_WEIGHTS);
    for (size_t i = range.first; i < range.end; i++) g[i] = 1;
    eng_optimizer_step(w.optimizer, .1); /* everything has momentum */
    memcpy(start, eng_params_values(params), size * sizeof *start);
    nas_agreement_freeze(w.agreement, index_of(w.agreement, name));
    eng_optimizer_step(w.optimizer, .1);
    size_t still = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *p = eng_params_at(params, i);
        if (p->group != NAS_GROUP_WEIGHTS || (p->flags & ENG_PARAM_STATE)) continue;
        const bool moved =
            memcmp(eng_params_values(params) + p->offset, start + p->offset, p->count * sizeof *start) != 0;
        assert_int_equal(moved, !belongs(p, name));
        still += !moved;
    }
    assert_int_equal(still, 4); /* two depthwise and two 1 x 1 convolutions */
    unwatch(&w);
}

/* ---- searches ---- */

static void check_values(const nas_search *a, const nas_search *b, bool operations) {
    const eng_params *p = nas_supernet_params(nas_search_supernet(a)), *q = nas_supernet_params(nas_search_supernet(b));
    for (size_t i = 0; i < eng_params_count(p); i++) {
        const eng_param *param = eng_params_at(p, i);
        const bool is_operation = strstr(param->name, ".e") && !(param->flags & ENG_PARAM_STATE);
        if (operations && !is_operation) continue;
        assert_memory_equal(eng_params_values(p) + param->offset, eng_params_values(q) + param->offset,
                            param->count * sizeof(float));
    }
}

/* No cosine is below -1: the search is that of first order, bit for bit. All are below 1: operations never move, the
 * rest and the alphas do. */
static void thresholds_at_the_ends_freeze_nothing_or_everything(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *first = create("darts-first", &d, arena, 2, 1);
    nas_search *start = create("darts-first", &d, arena, 2, 1);
    nas_search *none = create("{name: oles, steps: 1, threshold: -1}", &d, arena, 2, 1);
    nas_search *all = create("{name: oles, steps: 1, threshold: 1}", &d, arena, 2, 1);
    CHECK_OK(nas_search_run(first, 2, NULL, &err));
    CHECK_OK(nas_search_run(none, 2, NULL, &err));
    CHECK_OK(nas_search_run(all, 2, NULL, &err));
    check_values(first, none, false);
    check_values(start, all, true);
    assert_int_equal(nas_search_figures(first, 1)->learners, 0);
    assert_int_equal(nas_search_figures(none, 1)->frozen, 0);
    assert_int_equal(nas_search_figures(all, 1)->frozen, 38);
    assert_int_equal(nas_search_figures(all, 1)->learners, 38);
    assert_true(nas_search_figures(all, 1)->train_loss < nas_search_figures(all, 0)->train_loss);
    assert_true(nas_search_figures(all, 1)->entropy < nas_search_figures(all, 0)->entropy);
    base_buf text = {0};
    nas_search_write_figures(all, 1, &text);
    CHECK_CONTAINS(base_buf_text(&text), "; 38 of 38 operations frozen");
    base_buf_fini(&text);
    nas_search_destroy(first);
    nas_search_destroy(start);
    nas_search_destroy(none);
    nas_search_destroy(all);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* Saved within windows, with some operations frozen. */
static void a_search_that_freezes_goes_on_with_the_same_bits(void **state) {
    (void)state;
    static const char search[] = "{name: oles, steps: 3, threshold: 0.1}";
    data d = load_data(.2);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *whole = create(search, &d, arena, 5, 1);
    CHECK_OK(nas_search_run(whole, 5, NULL, &err));
    const uint32_t frozen = nas_search_figures(whole, 2)->frozen;
    assert_true(frozen > 0 && frozen < nas_search_figures(whole, 4)->frozen);
    assert_true(nas_search_figures(whole, 4)->frozen < 38);
    for (size_t after = 1; after < 5; after++) {
        nas_search *begun = create(search, &d, arena, 5, 1), *ended = create(search, &d, arena, 5, 1);
        CHECK_OK(nas_search_run(begun, after, NULL, &err));
        CHECK_OK(nas_search_save(begun, path, &err));
        CHECK_OK(nas_search_load(ended, path, &err));
        CHECK_OK(nas_search_run(ended, 5, NULL, &err));
        check_same(whole, ended);
        nas_search_destroy(begun);
        nas_search_destroy(ended);
    }
    nas_search_destroy(whole);
    base_arena_destroy(arena);
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

static void the_gradients_that_are_kept_are_measured(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    const nas_search_settings settings = settings_of(arena, 2, 1);
    nas_search *s = create("oles", &d, arena, 2, 1);
    nas_supernet_size with, without;
    const nas_space *space = read_space(arena, space_text);
    CHECK_OK(nas_search_measure(&settings, read_choices(arena, "oles"), space, d.view, &with, &err));
    CHECK_OK(nas_search_measure(&settings, read_choices(arena, "darts-first"), space, d.view, &without, &err));
    assert_int_equal(with.bytes, nas_search_bytes(s));
    assert_int_equal(with.bytes - without.bytes, with.block);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cosine_of_two_vectors),
        cmocka_unit_test(operations_with_weights_are_found_by_name),
        cmocka_unit_test(a_mean_over_tensors_and_steps_freezes),
        cmocka_unit_test(what_is_frozen_does_not_move),
        cmocka_unit_test(thresholds_at_the_ends_freeze_nothing_or_everything),
        cmocka_unit_test(a_search_that_freezes_goes_on_with_the_same_bits),
        cmocka_unit_test(the_gradients_that_are_kept_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
