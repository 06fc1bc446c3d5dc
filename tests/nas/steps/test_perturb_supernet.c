/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shifts of a supernet's edge weights: valid, differentiable, and gone after the pass. */
#include "tests/nas/supernet_support.h"

#include "nas/problem.h"

/* Of smooth_space. */
enum { OPERATIONS = 7 };
static const size_t first_of_edge[] = {0, 2, 5, 7};

typedef struct search {
    bench b;
    nas_problem *problem;
    nas_bilevel p;
    nas_relaxation *relaxation;
} search;

static search begin(const char *weights, const char *step, double progress) {
    search s;
    base_err err = {0};
    char choices[160];
    snprintf(choices, sizeof choices, "{edge_weights: %s, step: %s}", weights, step);
    s.b = bench_create(smooth_space, choices, 4, 0, 8, 4);
    const nas_problem_options options = {.momentum = .9};
    CHECK_OK(nas_problem_create(&options, s.b.net, &s.problem, &err));
    s.p = *nas_problem_bilevel(s.problem);
    s.relaxation = nas_supernet_relaxation(s.b.net);
    const nas_problem_step at = {
        .batch = {s.b.batch[0], s.b.batch[1]}, .number = 3, .progress = progress, .rate = {.05, .01}};
    nas_problem_begin(s.problem, &at);
    return s;
}

static void end(search *s) {
    nas_problem_destroy(s->problem);
    bench_destroy(&s->b);
}

/* Those of a pass by the training loss without a shift. */
static void clean_weights(const search *s, double *to) {
    double **alphas = nas_operation_blocks(s->b.space, s->b.arena), loss;
    base_err err = {0};
    CHECK_OK(nas_pass(&s->p, NAS_TRAIN, 0, &loss, &err));
    const double *const *drawn = nas_relaxation_drawn(s->relaxation);
    if (drawn) {
        memcpy(to, drawn[0], OPERATIONS * sizeof *to);
        return;
    }
    nas_relaxation_alphas(s->relaxation, alphas);
    nas_relaxation_mean(s->relaxation, (const double *const *)alphas, NULL, &to);
}

/* And those with it. */
static void shifted_weights(const search *s, double *to) {
    clean_weights(s, to);
    for (size_t k = 0; k < OPERATIONS; k++) to[k] += (double)nas_relaxation_shift(s->relaxation)[k];
}

/* The loss at weights that are given, in a pass as the problem makes them. */
static double loss_at(const search *s, const double *weights) {
    nas_relaxation_use(s->relaxation, &weights, NULL);
    return nas_supernet_train(s->b.net, &s->b.batch[0], false, 2 * 3);
}

static double fill(void *data, double x) {
    base_rng *rng = data;
    (void)x;
    return 2 * base_rng_normal(rng);
}

/* Shifts much larger than the weights. */
static void settled_weights_are_valid(void **state) {
    (void)state;
    static const char *const rules[] = {"softmax", "gumbel", "dirichlet", "sigmoid"};
    for (size_t r = 0; r < CHECK_COUNT(rules); r++) {
        search s = begin(rules[r], "perturb-random", 0);
        const bool sums = strcmp(rules[r], "sigmoid") != 0;
        for (uint32_t i = 0; i < 50; i++) {
            base_rng rng = base_rng_stream(1, BASE_RNG_TEST, i, 0);
            base_err err = {0};
            double loss, weights[OPERATIONS];
            s.p.ops->map(s.p.self, nas_point(&s.p, NAS_SHIFT), fill, &rng);
            s.p.ops->settle(s.p.self, NAS_TRAIN);
            shifted_weights(&s, weights);
            CHECK_OK(nas_pass(&s.p, NAS_TRAIN, NAS_SHIFTED, &loss, &err));
            CHECK_NEAR(loss, loss_at(&s, weights), 1e-6);
            for (size_t e = 0; e < 3; e++) {
                double sum = 0;
                for (size_t k = first_of_edge[e]; k < first_of_edge[e + 1]; k++) {
                    assert_true(weights[k] > -1e-6 && weights[k] < 1 + 1e-6);
                    sum += weights[k];
                }
                if (sums) CHECK_NEAR(sum, 1, 1e-6);
            }
        }
        end(&s);
    }
}

/* Two operations with weights of about a half, shifted by hand: clipped, divided by their sum; all below 0. */
static void weights_are_clipped_as_in_the_authors_code(void **state) {
    (void)state;
    search s = begin("softmax", "perturb-random", 0);
    double clean[OPERATIONS], got[OPERATIONS];
    clean_weights(&s, clean);
    float *shift = nas_relaxation_shift(s.relaxation);
    static const float by[OPERATIONS] = {.3f, 0, -.9f, .1f, .2f, -.7f, -.9f};
    memcpy(shift, by, sizeof by);
    s.p.ops->settle(s.p.self, NAS_TRAIN);
    shifted_weights(&s, got);
    CHECK_NEAR(got[0], (clean[0] + .3) / (clean[0] + .3 + clean[1]), 1e-6);
    CHECK_NEAR(got[2], 0, 1e-7);
    CHECK_NEAR(got[3], (clean[3] + .1) / (clean[3] + .1 + clean[4] + .2), 1e-6);
    CHECK_NEAR(got[5], 1, 1e-7); /* the less wrong one */
    CHECK_NEAR(got[6], 0, 1e-7);
    end(&s);
}

static double shifted_loss(const search *s, size_t i, float by) {
    float *at = nas_relaxation_shift(s->relaxation) + i, kept = *at;
    double loss;
    base_err err = {0};
    *at += by;
    CHECK_OK(nas_pass(&s->p, NAS_TRAIN, NAS_SHIFTED, &loss, &err));
    *at = kept;
    return loss;
}

/* Also of weights that are 0 now, which are computed all the same. */
static void gradients_by_the_shift_are_those_of_differences(void **state) {
    (void)state;
    static const char *const rules[] = {"softmax", "gumbel", "sigmoid"};
    for (size_t r = 0; r < CHECK_COUNT(rules); r++) {
        search s = begin(rules[r], "perturb-random", 0);
        static const float by[OPERATIONS] = {.1f, -.1f, -.9f, .2f, 0, .05f, 0};
        double loss, off = 0, all = 0;
        float got[OPERATIONS];
        base_err err = {0};
        memcpy(nas_relaxation_shift(s.relaxation), by, sizeof by);
        s.p.ops->settle(s.p.self, NAS_TRAIN);
        CHECK_OK(nas_pass(&s.p, NAS_TRAIN, NAS_SHIFTED | NAS_BY_SHIFT, &loss, &err));
        memcpy(got, nas_relaxation_shift_slopes(s.relaxation), sizeof got);
        for (size_t i = 0; i < OPERATIONS; i++) {
            const float h = .04f;
            const double near = shifted_loss(&s, i, h) - shifted_loss(&s, i, -h);
            const double far = shifted_loss(&s, i, 2 * h) - shifted_loss(&s, i, -2 * h);
            const double want = (8 * near - far) / (12 * (double)h);
            off += (got[i] - want) * (got[i] - want);
            all += want * want;
        }
        CHECK_NEAR(sqrt(off / all), 0, 1e-3);
        end(&s);
    }
}

/* The alphas after a step are those of plain first order, bit for bit; a pass without the flag is clean. */
static void a_shift_leaves_alphas_and_other_passes_alone(void **state) {
    (void)state;
    static const char *const steps[] = {"first", "perturb-random", "perturb-adversarial"};
    float alphas[3][OPERATIONS];
    double clean[3];
    for (size_t i = 0; i < 3; i++) {
        search s = begin("softmax", steps[i], .5);
        nas_step *step;
        nas_step_losses losses;
        base_err err = {0};
        CHECK_OK(nas_step_create(nas_step_find(steps[i]), NULL, &s.p, &step, &err));
        CHECK_OK(nas_step_take(step, &losses, &err));
        double **block = nas_operation_blocks(s.b.space, s.b.arena);
        nas_relaxation_alphas(s.relaxation, block);
        for (size_t k = 0; k < OPERATIONS; k++) alphas[i][k] = (float)block[0][k];
        nas_relaxation_use_mean(s.relaxation);
        clean[i] = nas_supernet_evaluate(s.b.net, &s.b.batch[1]);
        assert_true(isfinite(clean[i]));
        nas_step_destroy(step);
        end(&s);
    }
    assert_memory_equal(alphas[0], alphas[1], sizeof alphas[0]);
    assert_memory_equal(alphas[0], alphas[2], sizeof alphas[0]);
    assert_true(clean[0] != clean[1] && clean[0] != clean[2]); /* the weights learned something else */
}

/* After the attack the loss is no smaller than without it, and usually larger than after a random shift. */
static void the_attack_raises_the_loss(void **state) {
    (void)state;
    double clean, random, attacked;
    base_err err = {0};
    search s = begin("softmax", "first", 1);
    CHECK_OK(nas_pass(&s.p, NAS_VALID, NAS_BY_ALPHAS, &clean, &err));
    nas_update(&s.p, NAS_ALPHAS);
    CHECK_OK(nas_pass(&s.p, NAS_TRAIN, 0, &clean, &err));
    end(&s);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "perturb-random" : "perturb-adversarial";
        nas_step *step;
        nas_step_losses losses;
        s = begin("softmax", name, 1);
        CHECK_OK(nas_step_create(nas_step_find(name), NULL, &s.p, &step, &err));
        CHECK_OK(nas_step_take(step, &losses, &err));
        *(i == 0 ? &random : &attacked) = losses.train;
        nas_step_destroy(step);
        end(&s);
    }
    assert_true(attacked >= clean - 1e-6 && attacked > random);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settled_weights_are_valid),
        cmocka_unit_test(weights_are_clipped_as_in_the_authors_code),
        cmocka_unit_test(gradients_by_the_shift_are_those_of_differences),
        cmocka_unit_test(a_shift_leaves_alphas_and_other_passes_alone),
        cmocka_unit_test(the_attack_raises_the_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
