/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The penalty above limits in the gradient of the alphas: against differences of the penalty of the mean edge weights,
 * where edges have shares, too; and where it has no place. */
#include "tests/nas/supernet_support.h"

#include "nas/problem.h"

static const double STRENGTH = 100;

/* As small as no network is, so that every slope counts. */
static nas_limits limits_of(const bench *b) {
    const eng_net_config around = {.input = {3, {8, 8, 1}}, .task = ENG_MULTICLASS, .outputs = 3};
    base_err err;
    nas_costs costs;
    CHECK_OK(nas_costs_count(b->space, &(nas_settings){.channels = 8}, &around, b->arena, &costs, &err));
    nas_limits limits = nas_limits_none(&costs);
    limits.max[NAS_COST_PARAMETERS] = costs.fixed[NAS_COST_PARAMETERS];
    limits.max[NAS_COST_FLOPS] = costs.fixed[NAS_COST_FLOPS];
    return limits;
}

/* Of the mean weights that the alphas mean now. */
static double penalty_of(const bench *b, const nas_limits *limits) {
    base_arena *arena = base_arena_create();
    nas_relaxation *r = nas_supernet_relaxation(b->net);
    double **alphas = nas_operation_blocks(b->space, arena), **edges = nas_edge_blocks(b->space, arena);
    double **weights = nas_operation_blocks(b->space, arena), **slopes = nas_operation_blocks(b->space, arena);
    nas_relaxation_alphas(r, alphas);
    nas_relaxation_edges(r, edges);
    nas_relaxation_mean(r, (const double *const *)alphas, (const double *const *)edges, weights);
    const double penalty = nas_limits_penalty(limits, 1, (const double *const *)weights, slopes);
    base_arena_destroy(arena);
    return penalty;
}

/* The gradient of the alphas' group after a pass; in the arena. */
static float *gradient_of(const bench *b, nas_problem *problem, const nas_limits *limits, nas_loss loss) {
    const eng_params *params = nas_supernet_params(b->net);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    float *out = BASE_NEW_ARRAY(b->arena, range.end - range.first, float);
    base_err err = {0};
    double value;
    nas_problem_begin(problem, &(nas_problem_step){.batch = {b->batch[0], b->batch[1]},
                                                   .rate = {.1, .1},
                                                   .limits = limits,
                                                   .limit_penalty = STRENGTH});
    CHECK_OK(nas_pass(nas_problem_bilevel(problem), loss, NAS_BY_ALPHAS, &value, &err));
    memcpy(out, eng_params_gradients(params) + range.first, (range.end - range.first) * sizeof *out);
    return out;
}

static nas_problem *problem_of(const bench *b) {
    const nas_problem_options options = {.momentum = .9};
    nas_problem *problem;
    base_err err = {0};
    CHECK_OK(nas_problem_create(&options, b->net, &problem, &err));
    return problem;
}

static void the_gradient_is_that_of_the_penalty(void **state) {
    (void)state;
    static const char *const searches[] = {"darts-first", "pc-darts"};
    for (size_t i = 0; i < CHECK_COUNT(searches); i++) {
        bench b = bench_create("darts", searches[i], 8, 3, 8, 4);
        nas_problem *problem = problem_of(&b);
        const nas_limits limits = limits_of(&b);
        eng_params *params = nas_supernet_params(b.net);
        const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
        const float *without = gradient_of(&b, problem, NULL, NAS_VALID);
        const float *with = gradient_of(&b, problem, &limits, NAS_VALID);
        size_t moved = 0;
        for (size_t k = range.first; k < range.end; k++) {
            const float at = eng_params_values(params)[k], h = 1.0f / 64;
            eng_params_values(params)[k] = at + h;
            const double above = penalty_of(&b, &limits);
            eng_params_values(params)[k] = at - h;
            const double below = penalty_of(&b, &limits);
            eng_params_values(params)[k] = at;
            const double slope = STRENGTH * (above - below) / (2.0 * (double)h);
            CHECK_NEAR((double)with[k - range.first] - (double)without[k - range.first], slope, 1e-3);
            moved += fabs(slope) > 0.01;
        }
        assert_true(moved > 150); /* of 224 alphas those of operations that may be chosen */
        nas_problem_destroy(problem);
        bench_destroy(&b);
    }
}

/* The alphas' gradient of the training loss, of which a finite difference is taken, has none; nor has one below. */
static void elsewhere_it_changes_no_bit(void **state) {
    (void)state;
    bench b = bench_create("darts", "darts", 8, 3, 8, 4);
    nas_problem *problem = problem_of(&b);
    nas_limits limits = limits_of(&b);
    const eng_param_range range = eng_params_group(nas_supernet_params(b.net), NAS_GROUP_ALPHAS);
    const size_t bytes = (range.end - range.first) * sizeof(float);
    assert_memory_equal(gradient_of(&b, problem, &limits, NAS_TRAIN), gradient_of(&b, problem, NULL, NAS_TRAIN), bytes);
    for (int kind = 0; kind < NAS_COSTS; kind++) limits.max[kind] *= 1e3;
    assert_memory_equal(gradient_of(&b, problem, &limits, NAS_VALID), gradient_of(&b, problem, NULL, NAS_VALID), bytes);
    nas_problem_destroy(problem);
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_that_of_the_penalty),
        cmocka_unit_test(elsewhere_it_changes_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
