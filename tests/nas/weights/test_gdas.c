/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hard draws: the published numbers of one edge, and a supernet that computes what is drawn. */
#include "tests/nas/weights/rule_support.h"

#include "nas/softmax.h"
#include "nas/weights/tempered.h"

static const double alphas[] = {.2, -.1, .4}, noise[] = {.5, 1, -.3}; /* of one edge */
static const double f[] = {1, 2, -1};                                 /* what its candidates give */

/* alpha + g is largest for index 1: the edge is 2. Of index 0 and 2 the slope is that of the bare number, 1. */
static void one_edge_as_the_authors_have_it(void **state) {
    (void)state;
    static const double slopes[] = {1, 2, 1}, expected[] = {-.06822334, .11876443, -.05054109};
    double weights[3], got[3] = {0}, y = 0;
    rule_bench b = rule_create("gdas", "{tau_start: 2, tau_end: 2}");
    b.rule->draw(b.state, 0, alphas, noise, 3, weights);
    for (size_t k = 0; k < 3; k++) y += weights[k] * f[k];
    CHECK_SAME_DOUBLE(y, 2);
    b.rule->draw_back(b.state, 0, alphas, noise, weights, 3, slopes, got);
    CHECK_ARRAY_NEAR(got, expected, 3, 1e-8);
    assert_true(b.rule->scalars(b.state));
    rule_destroy(&b);
    b = rule_create("gdas", "{unselected: zero}");
    assert_false(b.rule->scalars(b.state));
    rule_destroy(&b);
}

/* What the gradient would be if every candidate were computed. */
static void one_edge_with_all_of_its_candidates(void **state) {
    (void)state;
    static const double expected[] = {.02323960, .21984662, -.24308622};
    double weights[3], got[3] = {0};
    rule_bench b = rule_create("gdas", "{tau_start: 2, tau_end: 2}");
    b.rule->draw(b.state, 0, alphas, noise, 3, weights);
    b.rule->draw_back(b.state, 0, alphas, noise, weights, 3, f, got);
    CHECK_ARRAY_NEAR(got, expected, 3, 1e-8);
    rule_destroy(&b);
}

/* tau of 250 epochs: 10 in epoch 0, 5.06988 in 124, 0.1 in 249. */
static void the_temperature_of_250_epochs(void **state) {
    (void)state;
    static const struct { double epoch, tau; } cases[] = {{0, 10}, {124, 5.06988}, {249, .1}};
    static const nas_temperature published = {10, .1};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        double p[3], want[3] = {0}, got[3] = {0}, weights[3];
        CHECK_NEAR(nas_temperature_at(&published, cases[i].epoch / 249), cases[i].tau, 1e-5);
        rule_bench b = rule_create("gdas", "{}");
        nas_tempered_softmax(nas_temperature_at(&published, cases[i].epoch / 249), alphas, noise, 3, p);
        nas_softmax_back(p, 3, 1 / cases[i].tau, f, want);
        b.rule->draw(b.state, cases[i].epoch / 249, alphas, noise, 3, weights);
        b.rule->draw_back(b.state, cases[i].epoch / 249, alphas, noise, weights, 3, f, got);
        CHECK_ARRAY_NEAR(got, want, 3, 1e-6);
        rule_destroy(&b);
    }
}

static void operations_are_drawn_with_the_probabilities_of_the_softmax(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    double p[3], g[3], weights[3], count[3] = {0};
    rule_bench b = rule_create("gdas", "{}");
    b.rule->mean(b.state, alphas, 3, p);
    for (uint32_t i = 0; i < DRAWS; i++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, i, 0);
        b.rule->noise(b.state, alphas, 3, &rng, g);
        b.rule->draw(b.state, .5, alphas, g, 3, weights);
        for (size_t k = 0; k < 3; k++) count[k] += weights[k];
    }
    for (size_t k = 0; k < 3; k++) CHECK_NEAR(count[k], DRAWS * p[k], 4.5 * sqrt(DRAWS * p[k] * (1 - p[k])));
    rule_destroy(&b);
}

/* ---- in a supernet ---- */

static const char *search_of(bool scalars) {
    return scalars ? "{edge_weights: gdas, step: first}" : "{edge_weights: gdas, step: first, unselected: zero}";
}

/* The operations that are drawn have gradients, all others have zeros. */
static void only_what_is_drawn_is_computed(void **state) {
    (void)state;
    bench b = bench_create("darts", search_of(true), 4, 3, 8, 4);
    const eng_params *params = nas_supernet_params(b.net);
    nas_supernet_draw(b.net, 4, NAS_DRAW_TRAIN, 0);
    (void)nas_supernet_train(b.net, &b.batch[0], true, 1);
    nas_supernet_backward(b.net, 3);
    const double *const *drawn = nas_relaxation_drawn(nas_supernet_relaxation(b.net));
    size_t trained = 0, with = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        if (param->group != NAS_GROUP_WEIGHTS) continue;
        for (size_t k = 0; k < param->count; k++) trained += eng_params_gradients(params)[param->offset + k] != 0;
    }
    assert_true(trained > 500 && trained < nas_supernet_numbers(b.net) / 3);
    for (size_t t = 0; t < 2; t++)
        for (size_t e = 0; e < 14; e++) {
            size_t ones = 0;
            for (size_t k = 0; k < 8; k++) ones += drawn[t][8 * e + k] == 1;
            assert_int_equal(ones, 1);
        }
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    for (size_t i = range.first; i < range.end; i++) with += eng_params_gradients(params)[i] != 0;
    assert_int_equal(with, 224);
    bench_destroy(&b);
}

/* Stem, one edge, global mean, output layer: what dL/dy of the edge is can be had from the weights of a plain supernet,
 * by differences of the loss. */
static const char small[] = "cells:\n"
                            "  cell: {inputs: 1, nodes: 1, operations: [none, skip_connect, avg_pool_3x3], keep: all, "
                            "output: last, preprocess: false}\n"
                            "skeleton: {channels: 4, stem: {width: 1, kernel: 3}, stack: [{cell: cell}], head: "
                            "[global_pool]}\n";

static double loss_with(bench *b, const double *weights) {
    double row[3];
    double *block = row;
    memcpy(row, weights, sizeof row);
    nas_relaxation_use(nas_supernet_relaxation(b->net), (const double *const *)&block, NULL);
    return nas_supernet_train(b->net, &b->batch[0], false, 1);
}

/* The loss with a number added to every element of the edge's output, as the authors' bare weight is: a bias of the
 * output layer that is the sum of its weights. */
static double loss_with_number(bench *b, const double *weights, double number) {
    const eng_params *params = nas_supernet_params(b->net);
    float *values = eng_params_values(params), kept[3];
    const eng_param *w = NULL, *bias = NULL;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        if (param->count == 12 && strstr(param->name, "weight")) w = param;
        if (param->count == 3 && strstr(param->name, "bias")) bias = param;
    }
    assert_true(w && bias);
    memcpy(kept, values + bias->offset, sizeof kept);
    for (size_t c = 0; c < 3; c++) {
        double sum = 0;
        for (size_t i = 0; i < 4; i++) sum += values[w->offset + (w->shape.dim[0] == 4 ? 3 * i + c : 4 * c + i)];
        values[bias->offset + c] += (float)(number * sum);
    }
    const double loss = loss_with(b, weights);
    memcpy(values + bias->offset, kept, sizeof kept);
    return loss;
}

/* dL/dh by differences, then J_p. */
static void expected_gradient(bench *b, const double *drawn, bool scalars, const double *p, double tau, double *out) {
    const double h = .05;
    double slopes[3] = {0}, at[3];
    for (size_t k = 0; k < 3; k++) {
        memcpy(at, drawn, sizeof at);
        if (drawn[k] == 1) {
            at[k] = 1 + h;
            slopes[k] = loss_with(b, at);
            at[k] = 1 - h;
            slopes[k] = (slopes[k] - loss_with(b, at)) / (2 * h);
        } else if (scalars) {
            slopes[k] = (loss_with_number(b, drawn, h) - loss_with_number(b, drawn, -h)) / (2 * h);
        }
    }
    memset(out, 0, sizeof slopes);
    nas_softmax_back(p, 3, 1 / tau, slopes, out);
}

static void gradients_of_alphas_are_those_of_the_formula(void **state) {
    (void)state;
    size_t seen[3] = {0};
    for (uint32_t i = 0; i < 24; i++) {
        const bool scalars = i % 2 == 0;
        bench b = bench_create(small, search_of(scalars), 4, 0, 8, 4);
        const eng_params *params = nas_supernet_params(b.net);
        const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
        double a[3], g[3], p[3], drawn[3], want[3];
        const double tau = 10 - 9.9 * .8;
        nas_supernet_draw(b.net, i / 2, NAS_DRAW_TRAIN, .8);
        (void)nas_supernet_train(b.net, &b.batch[0], false, 1);
        nas_supernet_backward(b.net, 1u << NAS_GROUP_ALPHAS);
        memcpy(drawn, nas_relaxation_drawn(nas_supernet_relaxation(b.net))[0], sizeof drawn);
        base_rng rng = base_rng_stream(5, BASE_RNG_ARCHITECTURE, i / 2, NAS_DRAW_TRAIN);
        for (size_t k = 0; k < 3; k++) a[k] = (double)eng_params_values(params)[range.first + k];
        nas_gumbel_noise(NULL, NULL, 3, &rng, g);
        nas_tempered_softmax(tau, a, g, 3, p);
        for (size_t k = 0; k < 3; k++) seen[k] += drawn[k] == 1;
        float got[3];
        memcpy(got, eng_params_gradients(params) + range.first, sizeof got);
        expected_gradient(&b, drawn, scalars, p, tau, want);
        for (size_t k = 0; k < 3; k++) CHECK_NEAR((double)got[k], want[k], 2e-4);
        bench_destroy(&b);
    }
    for (size_t k = 0; k < 3; k++) assert_true(seen[k] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edge_as_the_authors_have_it),
        cmocka_unit_test(one_edge_with_all_of_its_candidates),
        cmocka_unit_test(the_temperature_of_250_epochs),
        cmocka_unit_test(operations_are_drawn_with_the_probabilities_of_the_softmax),
        cmocka_unit_test(only_what_is_drawn_is_computed),
        cmocka_unit_test(gradients_of_alphas_are_those_of_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
