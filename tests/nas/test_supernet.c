/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supernet against published sizes, finite differences, and the network of a genotype. */
#include "tests/nas/supernet_support.h"

#include "nas/problem.h"

/* ---- sizes ---- */

static nas_supernet_size measure(const char *space, size_t channels, size_t cells, eng_shape input) {
    base_arena *arena = base_arena_create();
    base_err err = {0};
    const nas_supernet_options options = {
        .space = read_space(arena, space),
        .settings = {.channels = channels, .cells = cells},
        .choices = read_choices(arena, "darts-first"),
        .net = {.input = input, .task = ENG_MULTICLASS, .outputs = 10},
        .batch = 8,
    };
    nas_supernet_size size;
    CHECK_OK(nas_supernet_measure(&options, &size, &err));
    base_arena_destroy(arena);
    return size;
}

/* The first is what the authors' code prints as 1.930618 MB. */
static void the_supernet_of_darts_has_the_published_size(void **state) {
    (void)state;
    const eng_shape colour = eng_shape_3d(32, 32, 3), grey = eng_shape_3d(28, 28, 1);
    assert_int_equal(measure("darts", 16, 8, colour).numbers, 1930618);
    assert_int_equal(measure("darts", 16, 8, grey).numbers, 1929754);
    assert_int_equal(measure("darts", 8, 5, grey).numbers, 393778);
    assert_int_equal(measure("darts", 4, 3, grey).numbers, 72638);
}

static void tables_of_alphas_have_the_published_sizes(void **state) {
    (void)state;
    static const struct {
        const char *space;
        size_t alphas;
    } cases[] = {{"darts", 224}, {"s1", 56}, {"s2", 56}, {"s3", 84}, {"s4", 56}, {"nasbench201", 30}, {"toy", 24}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        assert_int_equal(measure(cases[i].space, 4, 0, eng_shape_3d(28, 28, 1)).alphas, cases[i].alphas);
}

static void what_is_measured_is_what_is_built(void **state) {
    (void)state;
    bench b = bench_create("darts", "darts-first", 4, 3, 8, 2);
    const nas_supernet_options options = {
        .space = b.space,
        .settings = {.channels = 4, .cells = 3},
        .choices = b.choices,
        .net = {.input = eng_shape_3d(8, 8, 1), .task = ENG_MULTICLASS, .outputs = 3},
        .batch = 2,
    };
    nas_supernet_size size;
    base_err err = {0};
    CHECK_OK(nas_supernet_measure(&options, &size, &err));
    assert_int_equal(size.numbers, nas_supernet_numbers(b.net));
    assert_int_equal(size.alphas, nas_supernet_alpha_count(b.net));
    assert_int_equal(size.bytes, nas_supernet_bytes(b.net));
    bench_destroy(&b);
}

static void alphas_begin_near_zero(void **state) {
    (void)state;
    bench b = bench_create("darts", "darts-first", 2, 3, 8, 2);
    double **alphas = nas_operation_blocks(b.space, b.arena), squares = 0, most = 0;
    nas_relaxation_alphas(nas_supernet_relaxation(b.net), alphas);
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < 112; i++) {
            squares += alphas[t][i] * alphas[t][i];
            most = fmax(most, fabs(alphas[t][i]));
        }
    CHECK_NEAR(sqrt(squares / 224), 1e-3, 2e-4); /* four standard errors */
    assert_true(most < 5e-3);
    bench_destroy(&b);
}

/* ---- gradients ---- */

typedef struct probe {
    bench *b;
    float *at;
} probe;

static double loss_at(const probe *p, float value) {
    const float kept = *p->at;
    *p->at = value;
    const double loss = nas_supernet_train(p->b->net, &p->b->batch[0], false, 7);
    *p->at = kept;
    return loss;
}

/* dL/da_i by a central difference of fourth order. */
static double difference(const probe *p, float h) {
    const float x = *p->at;
    const double near = loss_at(p, x + h) - loss_at(p, x - h), far = loss_at(p, x + 2 * h) - loss_at(p, x - 2 * h);
    return (8 * near - far) / (12 * (double)h);
}

/* |got - want| / |want| over all alphas. */
static double relative_error(bench *b, float h) {
    const eng_params *params = nas_supernet_params(b->net);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    const size_t count = range.end - range.first;
    float *got = base_malloc(count * sizeof *got);
    double off = 0, all = 0;
    (void)nas_supernet_train(b->net, &b->batch[0], false, 7);
    nas_supernet_backward(b->net, NAS_BY_ALPHAS);
    memcpy(got, eng_params_gradients(params) + range.first, count * sizeof *got);
    for (size_t i = 0; i < count; i++) {
        const probe p = {b, eng_params_values(params) + range.first + i};
        const double want = difference(&p, h);
        off += (got[i] - want) * (got[i] - want);
        all += want * want;
    }
    free(got);
    return sqrt(off / all);
}

static void gradients_of_alphas_are_those_of_differences(void **state) {
    (void)state;
    bench b = bench_create(smooth_space, "darts-first", 4, 0, 8, 4);
    assert_int_equal(nas_supernet_alpha_count(b.net), 7);
    CHECK_NEAR(relative_error(&b, .125f), 0, 5e-5);
    bench_destroy(&b);
}

/* In the space of DARTS a difference crosses kinks of ReLUs and maxima: it comes nearer with smaller steps, from 9 % at
 * 0.1 to 0.6 % here, where rounding takes over. */
static void the_space_of_darts_has_the_gradients_of_differences(void **state) {
    (void)state;
    bench b = bench_create("darts", "darts-first", 4, 3, 8, 16);
    CHECK_NEAR(relative_error(&b, 8e-4f), 0, .02);
    bench_destroy(&b);
}

/* ---- one network of the space ---- */

/* The numbers of the same name. */
static void take_numbers(const eng_params *from, const eng_param *to, float *out) {
    const eng_param *there = eng_params_find(from, to->name);
    assert_non_null(there);
    assert_int_equal(there->count, to->count);
    memcpy(out, eng_params_values(from) + there->offset, to->count * sizeof *out);
}

static void a_restricted_supernet_is_the_network(void **state) {
    (void)state;
    check_networks("darts", "random-sharing", 3, 5, take_numbers);
}

/* A drawn network trains its own weights: of all others the gradient is zero. */
static void what_is_not_drawn_has_no_gradient(void **state) {
    (void)state;
    bench b = bench_create("darts", "random-sharing", 4, 3, 8, 4);
    size_t trained[2] = {0, 0};
    for (uint32_t step = 0; step < 2; step++) {
        nas_supernet_draw(b.net, 4 + step, NAS_DRAW_TRAIN, 0);
        (void)nas_supernet_train(b.net, &b.batch[0], true, step);
        nas_supernet_backward(b.net, NAS_BY_WEIGHTS);
        const eng_params *params = nas_supernet_params(b.net);
        const eng_param_range range = eng_params_group(params, NAS_GROUP_WEIGHTS);
        for (size_t i = range.first; i < range.end; i++) trained[step] += eng_params_gradients(params)[i] != 0;
        assert_true(trained[step] > 500);
        assert_true(trained[step] < nas_supernet_numbers(b.net) / 3);
    }
    assert_true(trained[0] != trained[1]);
    bench_destroy(&b);
}

/* ---- what passes leave behind ---- */

/* Of all parameters with the flag, or of all without it. */
static uint64_t hash_of(const nas_supernet *net, bool state) {
    const eng_params *params = nas_supernet_params(net);
    uint64_t hash = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        if (((param->flags & ENG_PARAM_STATE) != 0) == state)
            hash = 31 * hash + base_hash64(eng_params_values(params) + param->offset, param->count * sizeof(float));
    }
    return hash;
}

static void running_statistics_follow_the_weights_alone(void **state) {
    (void)state;
    static const char *const names[] = {"first", "second"};
    for (size_t i = 0; i < 2; i++) {
        bench b = bench_create("darts", "darts", 4, 3, 8, 4);
        const nas_problem_options options = {.momentum = .9};
        nas_problem *problem;
        double loss;
        base_err err = {0};
        CHECK_OK(nas_problem_create(&options, b.net, &problem, &err));
        nas_problem_begin(problem, &(nas_problem_step){.batch = {b.batch[0], b.batch[1]}, .rate = {.1, .1}});
        const nas_bilevel *p = nas_problem_bilevel(problem);
        const uint64_t before = hash_of(b.net, true);
        CHECK_OK(nas_pass(p, NAS_VALID, NAS_BY_WEIGHTS | NAS_BY_ALPHAS, &loss, &err));
        CHECK_OK(nas_pass(p, NAS_TRAIN, NAS_BY_ALPHAS, &loss, &err));
        assert_true(hash_of(b.net, true) == before);
        nas_step *step;
        nas_step_losses losses;
        CHECK_OK(nas_step_create(nas_step_find(names[i]), NULL, p, &step, &err));
        CHECK_OK(nas_step_take(step, &losses, &err));
        const uint64_t after = hash_of(b.net, true);
        assert_true(after != before);
        nas_step_destroy(step);
        nas_problem_destroy(problem);
        bench_destroy(&b);
    }
}

/* The key of a pass numbers its masks. */
static void dropout_is_the_same_in_all_passes_of_a_step(void **state) {
    (void)state;
    bench b = bench_create("toy", "darts-first", 4, 0, 28, 4);
    const double once = nas_supernet_train(b.net, &b.batch[0], false, 6);
    CHECK_SAME_DOUBLE(nas_supernet_train(b.net, &b.batch[0], false, 6), once);
    assert_true(nas_supernet_train(b.net, &b.batch[0], false, 7) != once);
    bench_destroy(&b);
}

/* ---- the problem ---- */

/* Adam of the alphas: betas .5 and .999, decay 1e-3, rate 3e-4: alpha .01, gradients .2 and -.1. */
static void the_alphas_move_as_adam_says(void **state) {
    (void)state;
    static const double expected[] = {.009700000014999249, .009699981418399296};
    bench b = bench_create("nasbench201", "darts-first", 4, 0, 8, 2);
    const nas_problem_options options = {.momentum = .9, .alpha_weight_decay = 1e-3};
    nas_problem *problem;
    base_err err = {0};
    CHECK_OK(nas_problem_create(&options, b.net, &problem, &err));
    eng_params *params = nas_supernet_params(b.net);
    const size_t at = eng_params_group(params, NAS_GROUP_ALPHAS).first;
    eng_params_values(params)[at] = .01f;
    nas_problem_begin(problem, &(nas_problem_step){.rate = {.1, 3e-4}});
    for (int i = 0; i < 2; i++) {
        eng_params_gradients(params)[at] = i == 0 ? .2f : -.1f;
        nas_update(nas_problem_bilevel(problem), NAS_ALPHAS);
        CHECK_NEAR(eng_params_values(params)[at], expected[i], 4e-9); /* four units in the last place of a float */
    }
    nas_problem_destroy(problem);
    bench_destroy(&b);
}

/* d2L_train/da dw v by the step's finite difference against the difference of gradients by the weights: <v, H u> = <u,
 * H' v> for a direction u of the alphas. */
static void the_mixed_second_derivative_is_symmetric(void **state) {
    (void)state;
    bench b = bench_create(smooth_space, "darts", 4, 0, 8, 4);
    const nas_problem_options options = {.momentum = .9};
    nas_problem *problem;
    double loss;
    base_err err = {0};
    CHECK_OK(nas_problem_create(&options, b.net, &problem, &err));
    nas_problem_begin(problem, &(nas_problem_step){.batch = {b.batch[0], b.batch[1]}});
    const nas_bilevel *p = nas_problem_bilevel(problem);
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    nas_vector *direction[2], *origin[2], *slope[2];
    for (int side = 0; side < 2; side++) {
        direction[side] = nas_create(p, (nas_side)side);
        origin[side] = nas_create(p, (nas_side)side);
        slope[side] = nas_create(p, (nas_side)side);
        p->ops->normal(p->self, direction[side], &rng);
        nas_scale(p, direction[side], 1 / sqrt(nas_dot(p, direction[side], direction[side])));
        nas_copy(p, origin[side], nas_point(p, (nas_side)side));
    }
    for (int side = 0; side < 2; side++) { /* the gradient by `side` along the direction of the other */
        const nas_side of = (nas_side)side, along = (nas_side)(1 - side);
        for (int sign = -1; sign < 2; sign += 2) {
            nas_copy(p, nas_point(p, along), origin[along]);
            nas_axpy(p, nas_point(p, along), sign * .02, direction[along]);
            CHECK_OK(nas_pass(p, NAS_TRAIN, 1u << side, &loss, &err));
            nas_axpy(p, slope[side], sign / .04, nas_gradient(p, of));
        }
        nas_copy(p, nas_point(p, along), origin[along]);
    }
    const double one = nas_dot(p, direction[NAS_ALPHAS], slope[NAS_ALPHAS]);
    const double other = nas_dot(p, direction[NAS_WEIGHTS], slope[NAS_WEIGHTS]);
    assert_true(fabs(one) > 1e-3);
    CHECK_CLOSE(one, other, 1e-2);
    for (int side = 0; side < 2; side++) {
        nas_destroy(p, direction[side]);
        nas_destroy(p, origin[side]);
        nas_destroy(p, slope[side]);
    }
    nas_problem_destroy(problem);
    bench_destroy(&b);
}

/* L_valid(w - xi (mu m + dL_train(w, a)/dw + d w), a) at a + c u: what the second-order gradient is the slope of. */
static double unrolled_loss(const nas_bilevel *p, const nas_vector *w, const nas_vector *a, double c,
                            const nas_vector *u) {
    base_err err = {0};
    double loss, mu;
    nas_vector *at = nas_point(p, NAS_WEIGHTS), *g = nas_gradient(p, NAS_WEIGHTS);
    const double xi = p->ops->rate(p->self);
    nas_copy(p, nas_point(p, NAS_ALPHAS), a);
    nas_axpy(p, nas_point(p, NAS_ALPHAS), c, u);
    nas_copy(p, at, w);
    CHECK_OK(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS, &loss, &err));
    p->ops->add_decay(p->self, g);
    nas_axpy(p, at, -xi, g);
    const nas_vector *m = p->ops->momentum(p->self, &mu);
    nas_axpy(p, at, -xi * mu, m);
    CHECK_OK(nas_pass(p, NAS_VALID, 0, &loss, &err));
    nas_copy(p, at, w);
    nas_copy(p, nas_point(p, NAS_ALPHAS), a);
    return loss;
}

/* The gradient that a step hands to the optimizer of the alphas, along a direction; nothing moves. */
static const nas_bilevel *watched;
static const nas_vector *along;
static double slope_along;

static void watch_update(void *self, nas_side side) {
    (void)self;
    if (side == NAS_ALPHAS) slope_along = nas_dot(watched, nas_gradient(watched, side), along);
}

static double slope_of_step(const char *name, const nas_bilevel *p, const nas_vector *u) {
    nas_bilevel_ops ops = *p->ops;
    const nas_bilevel spy = {.ops = &ops, .self = p->self};
    base_err err = {0};
    nas_step *step;
    nas_step_losses losses;
    ops.update = watch_update;
    watched = p;
    along = u;
    CHECK_OK(nas_step_create(nas_step_find(name), NULL, &spy, &step, &err));
    CHECK_OK(nas_step_take(step, &losses, &err));
    nas_step_destroy(step);
    return slope_along;
}

/* A large xi, momentum and decay, so that the second term is a good part of the gradient. */
static void the_second_order_gradient_is_the_slope_of_the_unrolled_loss(void **state) {
    (void)state;
    bench b = bench_create(smooth_space, "darts", 4, 0, 8, 4);
    const nas_problem_options options = {.momentum = .9, .weight_decay = .01};
    nas_problem *problem;
    double loss;
    base_err err = {0};
    CHECK_OK(nas_problem_create(&options, b.net, &problem, &err));
    nas_problem_begin(problem, &(nas_problem_step){.batch = {b.batch[0], b.batch[1]}, .rate = {.5, 0}});
    const nas_bilevel *p = nas_problem_bilevel(problem);
    CHECK_OK(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS, &loss, &err));
    nas_update(p, NAS_WEIGHTS); /* so that there is momentum */
    nas_vector *w = nas_create(p, NAS_WEIGHTS), *a = nas_create(p, NAS_ALPHAS), *u = nas_create(p, NAS_ALPHAS);
    nas_copy(p, w, nas_point(p, NAS_WEIGHTS));
    nas_copy(p, a, nas_point(p, NAS_ALPHAS));
    for (uint32_t i = 0; i < 4; i++) {
        base_rng rng = base_rng_stream(8, BASE_RNG_TEST, i, 0);
        p->ops->normal(p->self, u, &rng);
        nas_scale(p, u, 1 / sqrt(nas_dot(p, u, u)));
        const double want = (unrolled_loss(p, w, a, .05, u) - unrolled_loss(p, w, a, -.05, u)) / .1;
        const double second = slope_of_step("second", p, u), first = slope_of_step("first", p, u);
        CHECK_NEAR(second, want, 1e-3 * fabs(want));
        assert_true(fabs(first - want) > 5 * fabs(second - want));
    }
    nas_destroy(p, w);
    nas_destroy(p, a);
    nas_destroy(p, u);
    nas_problem_destroy(problem);
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_supernet_of_darts_has_the_published_size),
        cmocka_unit_test(tables_of_alphas_have_the_published_sizes),
        cmocka_unit_test(what_is_measured_is_what_is_built),
        cmocka_unit_test(alphas_begin_near_zero),
        cmocka_unit_test(gradients_of_alphas_are_those_of_differences),
        cmocka_unit_test(the_space_of_darts_has_the_gradients_of_differences),
        cmocka_unit_test(a_restricted_supernet_is_the_network),
        cmocka_unit_test(what_is_not_drawn_has_no_gradient),
        cmocka_unit_test(running_statistics_follow_the_weights_alone),
        cmocka_unit_test(dropout_is_the_same_in_all_passes_of_a_step),
        cmocka_unit_test(the_alphas_move_as_adam_says),
        cmocka_unit_test(the_mixed_second_derivative_is_symmetric),
        cmocka_unit_test(the_second_order_gradient_is_the_slope_of_the_unrolled_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
