/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every rule of edge weights must do: by itself, and in front of every mixed operation. */
#include "tests/support/suite.h"
#include "tests/nas/supernet_support.h"

#include "nas/relaxation.h"

enum { COUNT = 5 };

static const double progresses[] = {0, .4, .96};

static void *options_of(const nas_edge_weights *rule, base_arena *arena) {
    void *options = base_arena_alloc(arena, rule->state_size);
    base_err err = {0};
    if (rule->options) CHECK_OK(base_options_read(rule->options, NULL, options, arena, &err));
    return options;
}

static void fill(double scale, uint32_t who, double *to) {
    base_rng rng = base_rng_stream(6, BASE_RNG_TEST, who, 0);
    for (size_t k = 0; k < COUNT; k++) to[k] = scale * base_rng_normal(&rng);
}

/* ---- one edge ---- */

static void check_weights(const nas_edge_weights *rule, const double *weights, bool drawn) {
    size_t positive = 0;
    double sum = 0;
    for (size_t k = 0; k < COUNT; k++) {
        assert_true(isfinite(weights[k]) && weights[k] >= 0);
        positive += weights[k] > 0;
        sum += weights[k];
    }
    if (!rule->independent) CHECK_NEAR(sum, 1, 1e-9);
    if (drawn && rule->single_path) assert_int_equal(positive, 1);
}

static void every_rule_gives_finite_weights(void **state) {
    (void)state;
    static const double scales[] = {0, 1e-3, 1, 30, 1000};
    size_t count;
    const nas_edge_weights *const *all = nas_edge_weights_list(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("edge weights", all[i]->name)) continue;
        base_arena *arena = base_arena_create();
        const void *options = options_of(all[i], arena);
        double alphas[COUNT], weights[COUNT], noise[COUNT], same[COUNT];
        for (uint32_t s = 0; s < 3 * CHECK_COUNT(scales); s++) {
            fill(scales[s / 3], s, alphas);
            all[i]->mean(options, alphas, COUNT, weights);
            check_weights(all[i], weights, false);
            if (!all[i]->draw) continue;
            base_rng rng = base_rng_stream(7, BASE_RNG_TEST, s, 1), again = rng;
            all[i]->noise(options, alphas, COUNT, &rng, noise);
            all[i]->noise(options, alphas, COUNT, &again, same);
            assert_memory_equal(noise, same, sizeof noise);
            all[i]->draw(options, progresses[s % 3], alphas, noise, COUNT, weights);
            check_weights(all[i], weights, true);
        }
        base_arena_destroy(arena);
    }
}

static void every_rule_is_complete(void **state) {
    (void)state;
    size_t count;
    const nas_edge_weights *const *all = nas_edge_weights_list(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("edge weights", all[i]->name)) continue;
        const nas_edge_weights *rule = all[i];
        assert_int_equal(rule->learned, rule->mean_back != NULL);
        assert_int_equal(rule->draw != NULL, rule->noise != NULL);
        assert_int_equal(rule->draw != NULL, rule->draw_back != NULL);
        assert_int_equal(rule->table != NULL, rule->table_back != NULL);
        assert_false(rule->draw && rule->network);
        assert_false(rule->penalty && !rule->learned);
    }
}

/* ---- derivatives ---- */

typedef struct weighing {
    const nas_edge_weights *rule;
    const void *options;
    const double *noise; /* NULL: the mean */
    double progress;
    const double *slopes;
} weighing;

static double value_at(const weighing *w, const double *alphas) {
    double weights[COUNT], sum = 0;
    if (w->noise)
        w->rule->draw(w->options, w->progress, alphas, w->noise, COUNT, weights);
    else
        w->rule->mean(w->options, alphas, COUNT, weights);
    for (size_t k = 0; k < COUNT; k++) sum += w->slopes[k] * weights[k];
    return sum;
}

static void check_back(const weighing *w, const double *alphas) {
    double weights[COUNT], got[COUNT], want[COUNT], at[COUNT], most = 0;
    memset(got, 0, sizeof got);
    if (w->noise) {
        w->rule->draw(w->options, w->progress, alphas, w->noise, COUNT, weights);
        w->rule->draw_back(w->options, w->progress, alphas, w->noise, weights, COUNT, w->slopes, got);
    } else {
        w->rule->mean(w->options, alphas, COUNT, weights);
        w->rule->mean_back(w->options, alphas, weights, COUNT, w->slopes, got);
    }
    for (size_t k = 0; k < COUNT; k++) {
        const double h = 1e-3;
        double f[4];
        for (size_t i = 0; i < 4; i++) {
            static const double steps[] = {-2, -1, 1, 2};
            memcpy(at, alphas, sizeof at);
            at[k] += steps[i] * h;
            f[i] = value_at(w, at);
        }
        want[k] = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h);
        most = fmax(most, fabs(want[k]));
    }
    for (size_t k = 0; k < COUNT; k++) CHECK_NEAR(got[k], want[k], 1e-6 * (1 + most));
}

/* A rule may have a second derivative that jumps at 0 (elu), which a difference must not cross. */
static void avoid_zero(double *alphas) {
    for (size_t k = 0; k < COUNT; k++)
        if (fabs(alphas[k]) < .01) alphas[k] += alphas[k] < 0 ? -.01 : .01;
}

/* With the noise held. What is drawn as one path is a step function, whose gradient is that of something else: it has
 * tests of its own. */
static void every_derivative_is_that_of_differences(void **state) {
    (void)state;
    size_t count;
    const nas_edge_weights *const *all = nas_edge_weights_list(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("edge weights", all[i]->name)) continue;
        if (!all[i]->learned) continue;
        base_arena *arena = base_arena_create();
        double alphas[COUNT], slopes[COUNT], noise[COUNT];
        weighing w = {.rule = all[i], .options = options_of(all[i], arena), .slopes = slopes};
        for (uint32_t s = 0; s < 12; s++) {
            fill(1, s, alphas);
            avoid_zero(alphas);
            fill(1, 100 + s, slopes);
            w.noise = NULL;
            check_back(&w, alphas);
            if (!all[i]->draw || all[i]->single_path) continue;
            base_rng rng = base_rng_stream(8, BASE_RNG_TEST, s, 1);
            all[i]->noise(w.options, alphas, COUNT, &rng, noise);
            w.noise = noise;
            w.progress = progresses[s % 3];
            check_back(&w, alphas);
        }
        base_arena_destroy(arena);
    }
}

/* The gradient of what is added to the loss. */
static void every_penalty_has_the_gradient_of_differences(void **state) {
    (void)state;
    size_t count;
    const nas_edge_weights *const *all = nas_edge_weights_list(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("edge weights", all[i]->name)) continue;
        if (!all[i]->penalty) continue;
        base_arena *arena = base_arena_create();
        const nas_space *space = read_space(arena, "toy");
        const void *options = options_of(all[i], arena);
        double **alphas = nas_operation_blocks(space, arena), **got = nas_operation_blocks(space, arena);
        double **unused = nas_operation_blocks(space, arena);
        base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 0, 0);
        const double h = 1e-5;
        for (size_t t = 0; t < space->n_cells; t++)
            for (size_t k = 0; k < space->cells[t].weights; k++) alphas[t][k] = base_rng_normal(&rng);
        (void)all[i]->penalty(options, space, (const double *const *)alphas, got);
        for (size_t t = 0; t < space->n_cells; t++)
            for (size_t k = 0; k < space->cells[t].weights; k++) {
                const double x = alphas[t][k];
                alphas[t][k] = x + h;
                const double above = all[i]->penalty(options, space, (const double *const *)alphas, unused);
                alphas[t][k] = x - h;
                const double below = all[i]->penalty(options, space, (const double *const *)alphas, unused);
                alphas[t][k] = x;
                CHECK_NEAR(got[t][k], (above - below) / (2 * h), 1e-7);
            }
        base_arena_destroy(arena);
    }
}

/* The table in floats is the mean. */
static void every_table_gives_the_mean(void **state) {
    (void)state;
    enum { ROWS = 3 };
    size_t count;
    const nas_edge_weights *const *all = nas_edge_weights_list(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("edge weights", all[i]->name)) continue;
        if (!all[i]->table) continue;
        const eng_kernels *kernels = eng_kernels_find(NULL);
        double alphas[COUNT], weights[COUNT], slopes[COUNT], back[COUNT];
        float in[ROWS * COUNT], out[ROWS * COUNT], by_out[ROWS * COUNT], by_in[ROWS * COUNT];
        for (uint32_t row = 0; row < ROWS; row++) {
            fill(1, row, alphas);
            fill(1, 100 + row, slopes);
            for (size_t k = 0; k < COUNT; k++) {
                in[row * COUNT + k] = (float)alphas[k];
                by_out[row * COUNT + k] = (float)slopes[k];
            }
        }
        all[i]->table(kernels, ROWS, COUNT, in, out);
        all[i]->table_back(kernels, ROWS, COUNT, out, by_out, by_in);
        for (uint32_t row = 0; row < ROWS; row++) {
            fill(1, row, alphas);
            fill(1, 100 + row, slopes);
            memset(back, 0, sizeof back);
            all[i]->mean(NULL, alphas, COUNT, weights);
            all[i]->mean_back(NULL, alphas, weights, COUNT, slopes, back);
            for (size_t k = 0; k < COUNT; k++) {
                CHECK_NEAR(out[row * COUNT + k], weights[k], 1e-6);
                CHECK_NEAR(by_in[row * COUNT + k], back[k], 1e-6);
            }
        }
    }
}

/* ---- in a supernet, before every mixed operation ---- */

static double loss_at(bench *b, float *at, float value) {
    const float kept = *at;
    *at = value;
    const double loss = nas_supernet_train(b->net, &b->batch[0], false, 7);
    *at = kept;
    return loss;
}

static void check_gradients(bench *b) {
    const eng_params *params = nas_supernet_params(b->net);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    const float h = .09f;
    float got[64];
    double off = 0, all = 0;
    assert_true(range.end - range.first <= CHECK_COUNT(got));
    for (size_t i = range.first; i < range.end; i++) /* no difference crosses 0 */
        eng_params_values(params)[i] = (i % 2 == 0 ? 1 : -1) * (.3f + .05f * (float)((i - range.first) % 7));
    (void)nas_supernet_train(b->net, &b->batch[0], false, 7);
    nas_supernet_backward(b->net, 1u << NAS_GROUP_ALPHAS);
    memcpy(got, eng_params_gradients(params) + range.first, (range.end - range.first) * sizeof *got);
    for (size_t i = 0; i < range.end - range.first; i++) {
        float *at = eng_params_values(params) + range.first + i;
        const float x = *at;
        const double near = loss_at(b, at, x + h) - loss_at(b, at, x - h);
        const double far = loss_at(b, at, x + 2 * h) - loss_at(b, at, x - 2 * h);
        const double want = (8 * near - far) / (12 * (double)h);
        off += (got[i] - want) * (got[i] - want);
        all += want * want;
    }
    CHECK_NEAR(sqrt(off / all), 0, 1e-4);
}

static void every_gradient_of_a_supernet_is_that_of_differences(void **state) {
    (void)state;
    size_t rules, mixtures;
    const nas_edge_weights *const *all = nas_edge_weights_list(&rules);
    const nas_mixed *const *mixed = nas_mixed_list(&mixtures);
    for (size_t i = 0; i < rules; i++)
        for (size_t m = 0; m < mixtures && all[i]->learned && !(all[i]->draw && all[i]->single_path); m++) {
            if (!suite_begins("edge weights", all[i]->name)) continue;
            suite_at("mixed", "%s", mixed[m]->name);
            char search[128];
            snprintf(search, sizeof search, "{edge_weights: %s, mixed: %s, step: first, stop: epochs}", all[i]->name,
                     mixed[m]->name);
            bench b = bench_create(smooth_space, search, 4, 0, 8, 4);
            nas_supernet_draw(b.net, 3, NAS_DRAW_TRAIN, .4);
            check_gradients(&b);
            bench_destroy(&b);
        }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_complete),
        cmocka_unit_test(every_rule_gives_finite_weights),
        cmocka_unit_test(every_derivative_is_that_of_differences),
        cmocka_unit_test(every_penalty_has_the_gradient_of_differences),
        cmocka_unit_test(every_table_gives_the_mean),
        cmocka_unit_test(every_gradient_of_a_supernet_is_that_of_differences),
    };
    return SUITE_MAIN(tests);
}
