/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every optimizer, on every instance of the kernels, against the published rules written down in double, over many
 * steps; closed forms where they exist; clipping, decay and the whole of the state. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/optim/optimizer.h"

enum { WEIGHTS = 37, BIASES = 5, COUNT = WEIGHTS + BIASES };

static const eng_param_spec specs[] = {
    {.name = "bias", .shape = {.ndim = 1, .dim = {BIASES}}},
    {.name = "weight", .shape = {.ndim = 1, .dim = {WEIGHTS}}, .flags = ENG_PARAM_DECAY},
};

/* The optimizer under test and the same in double: weights first. */
typedef struct pair {
    eng_params *params;
    eng_optimizer *optimizer;
    eng_optimizer_config config;
    double w[COUNT], m[COUNT], s[COUNT], g[COUNT];
    uint64_t t;
} pair;

static float *place(pair *p, float *block, size_t i) {
    size_t which = i < WEIGHTS ? 1 : 0;
    return eng_params_view(p->params, which, block).data + (i < WEIGHTS ? i : i - WEIGHTS);
}

static pair make(const eng_optimizer_type *type, const eng_optimizer_config *config, const eng_kernels *kernels) {
    pair p = {.config = *config};
    base_err err;
    CHECK_OK(eng_params_create(specs, CHECK_COUNT(specs), &p.params, &err));
    gradcheck_fill(1, 0.0, COUNT, p.w);
    for (size_t i = 0; i < COUNT; i++) *place(&p, eng_params_values(p.params), i) = (float)p.w[i];
    CHECK_OK(eng_optimizer_create(type, config, p.params, kernels, &p.optimizer, &err));
    return p;
}

static void destroy(pair *p) {
    eng_optimizer_destroy(p->optimizer);
    eng_params_destroy(p->params);
}

static void set_gradients(pair *p, uint32_t who, double scale) {
    gradcheck_fill(who, 0.0, COUNT, p->g);
    for (size_t i = 0; i < COUNT; i++) {
        p->g[i] = (double)(float)(scale * p->g[i]);
        *place(p, eng_params_gradients(p->params), i) = (float)p->g[i];
    }
}

static void check_weights(pair *p, const char *what, double tolerance) {
    for (size_t i = 0; i < COUNT; i++) {
        double got = (double)*place(p, eng_params_values(p->params), i);
        if (fabs(got - p->w[i]) > tolerance) print_error("%s: w[%zu] after %d steps\n", what, i, (int)p->t);
        CHECK_NEAR(got, p->w[i], tolerance);
    }
}

/* The rules as in their papers and in PyTorch's documentation; g is the gradient after clipping. */
static double rule(const char *name, const eng_optimizer_config *c, double rate, double t, double g, double *m,
                   double *s) {
    if (strcmp(name, "sgd") == 0) return rate * g;
    if (strcmp(name, "momentum") == 0) {
        *m = c->momentum * *m + g;
        return rate * *m;
    }
    if (strcmp(name, "nesterov") == 0) {
        *m = c->momentum * *m + g;
        return rate * (g + c->momentum * *m);
    }
    if (strcmp(name, "adagrad") == 0) {
        *s += g * g;
        return rate * g / (sqrt(*s) + c->epsilon);
    }
    if (strcmp(name, "rmsprop") == 0) {
        *s = c->rho * *s + (1.0 - c->rho) * g * g;
        return rate * g / (sqrt(*s) + c->epsilon);
    }
    assert_true(strncmp(name, "adam", 4) == 0);
    *m = c->beta1 * *m + (1.0 - c->beta1) * g;
    *s = c->beta2 * *s + (1.0 - c->beta2) * g * g;
    double first = *m / (1.0 - pow(c->beta1, t)), second = *s / (1.0 - pow(c->beta2, t));
    return rate * first / (sqrt(second) + c->epsilon);
}

static void step_both(pair *p, const char *name, double rate) {
    double norm = 0.0, scale = 1.0;
    for (size_t i = 0; i < COUNT; i++) norm += p->g[i] * p->g[i];
    norm = sqrt(norm);
    if (p->config.clip_norm > 0.0 && norm > p->config.clip_norm) scale = p->config.clip_norm / norm;
    p->t++;
    for (size_t i = 0; i < COUNT; i++) {
        double decay = i < WEIGHTS ? p->config.weight_decay : 0.0, g = scale * p->g[i];
        if (p->config.clip_value > 0.0) g = fmax(fmin(g, p->config.clip_value), -p->config.clip_value);
        if (strcmp(name, "adamw") == 0)
            p->w[i] *= 1.0 - rate * decay;
        else
            g += decay * p->w[i];
        p->w[i] -= rule(name, &p->config, rate, (double)p->t, g, &p->m[i], &p->s[i]);
    }
    double reported = eng_optimizer_step(p->optimizer, rate);
    if (p->config.clip_norm > 0.0) CHECK_CLOSE(reported, norm, 1e-6);
}

static void follow(const eng_optimizer_type *type, const eng_optimizer_config *config, const eng_kernels *kernels) {
    pair p = make(type, config, kernels);
    for (uint32_t t = 0; t < 60; t++) {
        set_gradients(&p, 10 + t, 1.0 / (1.0 + t % 7));
        step_both(&p, type->name, 0.02 / (1.0 + 0.1 * t)); /* a schedule changes the rate at every step */
        check_weights(&p, type->name, 3e-6 * (1.0 + t));
    }
    destroy(&p);
}

static void every_rule_is_followed(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++) {
        const eng_optimizer_type *type = eng_optimizer_find(*name);
        assert_string_equal(type->name, *name);
        for (const char *const *instance = eng_kernels_names; *instance != NULL; instance++) {
            const eng_kernels *kernels = eng_kernels_find(*instance);
            if (kernels == NULL) continue;
            eng_optimizer_config config = type->defaults;
            follow(type, &config, kernels);
            config.weight_decay = 0.3;
            follow(type, &config, kernels);
            config.clip_norm = 2.0;
            config.clip_value = 0.4;
            follow(type, &config, kernels);
        }
    }
    assert_null(eng_optimizer_find("lion"));
}

/* A constant gradient g: sgd moves by rate g t; momentum by rate g (t - mu (1 - mu^t) / (1 - mu)) / (1 - mu); adam by
 * rate at every step, whatever the size of g; adagrad by rate sum 1 / sqrt(k). */
static void closed_forms_for_a_constant_gradient(void **state) {
    (void)state;
    enum { STEPS = 50 };
    const double rate = 0.01, mu = 0.9;
    double harmonic = 0.0;
    for (int k = 1; k <= STEPS; k++) harmonic += 1.0 / sqrt(k);
    const struct {
        const eng_optimizer_type *type;
        double g, moved;
    } known[] = {
        {&eng_optimizer_sgd, 2.0, rate * 2.0 * STEPS},
        {&eng_optimizer_momentum, 2.0, rate * 2.0 * (STEPS - mu * (1.0 - pow(mu, STEPS)) / (1.0 - mu)) / (1.0 - mu)},
        {&eng_optimizer_adam, 2.0, rate * STEPS},
        {&eng_optimizer_adam, 1e-3, rate * STEPS},
        {&eng_optimizer_adagrad, 1e-3, rate * harmonic},
    };
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        pair p = make(known[i].type, &known[i].type->defaults, eng_kernels_find(NULL));
        for (size_t k = 0; k < COUNT; k++) *place(&p, eng_params_gradients(p.params), k) = (float)known[i].g;
        for (int t = 0; t < STEPS; t++) eng_optimizer_step(p.optimizer, rate);
        for (size_t k = 0; k < COUNT; k++) p.w[k] -= known[i].moved;
        check_weights(&p, known[i].type->name, 2e-5);
        destroy(&p);
    }
}

/* AdamW and Adam with the same decay go different ways; without decay the same, bit by bit. */
static void decoupled_decay_is_another_thing(void **state) {
    (void)state;
    for (int decay = 0; decay < 2; decay++) {
        eng_optimizer_config config = eng_optimizer_adam.defaults;
        config.weight_decay = 0.1 * decay;
        pair a = make(&eng_optimizer_adam, &config, eng_kernels_find(NULL));
        pair b = make(&eng_optimizer_adamw, &config, eng_kernels_find(NULL));
        for (uint32_t t = 0; t < 5; t++) {
            set_gradients(&a, t, 1.0);
            set_gradients(&b, t, 1.0);
            eng_optimizer_step(a.optimizer, 0.1);
            eng_optimizer_step(b.optimizer, 0.1);
        }
        size_t bytes = eng_params_decayed(a.params) * sizeof(float);
        bool equal = memcmp(eng_params_values(a.params), eng_params_values(b.params), bytes) == 0;
        assert_int_equal(equal, decay == 0);
        destroy(&a);
        destroy(&b);
    }
}

/* A step in parts of any size and order has the bits of the whole one, with everything on that a part can know. */
static void a_step_in_parts_is_the_step(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++)
        for (const char *const *instance = eng_kernels_names; *instance != NULL; instance++) {
            if (eng_kernels_find(*instance) == NULL) continue;
            const eng_optimizer_type *type = eng_optimizer_find(*name);
            eng_optimizer_config config = type->defaults;
            config.weight_decay = 0.1, config.clip_value = 0.5;
            pair whole = make(type, &config, eng_kernels_find(*instance));
            pair parts = make(type, &config, eng_kernels_find(*instance));
            for (uint32_t t = 0; t < 12; t++) {
                set_gradients(&whole, t, 1.0);
                set_gradients(&parts, t, 1.0);
                eng_optimizer_step(whole.optimizer, 0.1);
                assert_true(eng_optimizer_in_parts(parts.optimizer));
                const eng_updater *updater = eng_optimizer_begin(parts.optimizer, 0.1);
                float *w = eng_params_values(parts.params), *g = eng_params_gradients(parts.params);
                for (size_t i = 0, n; i < COUNT; i += n) {
                    const size_t end = i < WEIGHTS ? WEIGHTS : COUNT, left = end - i;
                    n = left < t + 1 ? left : t + 1;
                    updater->apply(updater->self, place(&parts, w, i), n, place(&parts, g, i));
                }
            }
            const size_t bytes = eng_params_size(whole.params) * sizeof(float);
            assert_memory_equal(eng_params_values(parts.params), eng_params_values(whole.params), bytes);
            for (size_t s = 0; s < type->slots; s++)
                assert_memory_equal(eng_optimizer_slot(parts.optimizer, s), eng_optimizer_slot(whole.optimizer, s),
                                    bytes);
            assert_int_equal(eng_optimizer_steps(parts.optimizer), eng_optimizer_steps(whole.optimizer));
            destroy(&whole);
            destroy(&parts);
        }
    eng_optimizer_config config = eng_optimizer_sgd.defaults;
    config.clip_norm = 1.0;
    pair p = make(&eng_optimizer_sgd, &config, eng_kernels_find(NULL));
    assert_false(eng_optimizer_in_parts(p.optimizer));
    destroy(&p);
}

/* Slots and count are the whole state: an optimizer restored from them goes on bit by bit. */
static void the_state_can_be_moved(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++) {
        const eng_optimizer_type *type = eng_optimizer_find(*name);
        pair a = make(type, &type->defaults, eng_kernels_find(NULL));
        for (uint32_t t = 0; t < 5; t++) {
            set_gradients(&a, t, 1.0);
            eng_optimizer_step(a.optimizer, 0.1);
        }
        pair b = make(type, &type->defaults, eng_kernels_find(NULL));
        size_t bytes = eng_params_size(a.params) * sizeof(float);
        memcpy(eng_params_values(b.params), eng_params_values(a.params), bytes);
        assert_int_equal(eng_optimizer_slots(a.optimizer), type->slots);
        for (size_t s = 0; s < type->slots; s++) {
            assert_true(eng_optimizer_slot_name(a.optimizer, s)[0] != '\0');
            memcpy(eng_optimizer_slot(b.optimizer, s), eng_optimizer_slot(a.optimizer, s), bytes);
        }
        eng_optimizer_set_steps(b.optimizer, eng_optimizer_steps(a.optimizer));
        assert_int_equal(eng_optimizer_steps(b.optimizer), 5);
        for (uint32_t t = 5; t < 10; t++) {
            set_gradients(&a, t, 1.0);
            set_gradients(&b, t, 1.0);
            eng_optimizer_step(a.optimizer, 0.1);
            eng_optimizer_step(b.optimizer, 0.1);
        }
        assert_memory_equal(eng_params_values(a.params), eng_params_values(b.params), bytes);
        assert_ptr_equal(eng_optimizer_type_of(b.optimizer), type);
        destroy(&a);
        destroy(&b);
    }
    eng_optimizer_destroy(NULL);
}

/* The decay may change between steps: as if it had been that from the beginning, with the slots of before. */
static void the_decay_can_be_changed(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++) {
        const eng_optimizer_type *type = eng_optimizer_find(*name);
        eng_optimizer_config weak = type->defaults, strong = type->defaults;
        weak.weight_decay = 1e-4;
        strong.weight_decay = 0.1;
        pair a = make(type, &weak, eng_kernels_find(NULL)), b = make(type, &strong, eng_kernels_find(NULL));
        const size_t bytes = eng_params_size(a.params) * sizeof(float);
        set_gradients(&a, 0, 1.0);
        eng_optimizer_step(a.optimizer, 0.1);
        memcpy(eng_params_values(b.params), eng_params_values(a.params), bytes);
        for (size_t s = 0; s < type->slots; s++)
            memcpy(eng_optimizer_slot(b.optimizer, s), eng_optimizer_slot(a.optimizer, s), bytes);
        eng_optimizer_set_steps(b.optimizer, 1);
        eng_optimizer_set_decay(a.optimizer, 0.1);
        set_gradients(&a, 1, 1.0);
        set_gradients(&b, 1, 1.0);
        eng_optimizer_step(a.optimizer, 0.1);
        eng_optimizer_step(b.optimizer, 0.1);
        assert_memory_equal(eng_params_values(a.params), eng_params_values(b.params), bytes);
        destroy(&a);
        destroy(&b);
    }
}

/* Spans at the beginning, in the middle and at the end of a group, with and without decay: they and their slots stay as
 * they are, the rest moves as if nothing were frozen; with a limit of the norm, as if there were no such gradients. */
static void what_is_frozen_stays(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++) {
        for (int clipped = 0; clipped < 2; clipped++) {
            const eng_optimizer_type *type = eng_optimizer_find(*name);
            eng_optimizer_config config = type->defaults;
            config.weight_decay = 0.1;
            config.clip_norm = clipped ? 0.5 : 0.0;
            pair a = make(type, &config, eng_kernels_find(NULL)), b = make(type, &config, eng_kernels_find(NULL));
            const size_t size = eng_params_size(a.params), decayed = eng_params_decayed(a.params);
            const eng_span spans[] = {{0, 3}, {decayed - 5, decayed + 1}, {size - 2, size}};
            float *before = calloc(3 * size, sizeof *before);
            set_gradients(&a, 0, 1.0);
            set_gradients(&b, 0, 1.0);
            eng_optimizer_step(a.optimizer, 0.1);
            eng_optimizer_step(b.optimizer, 0.1);
            memcpy(before, eng_params_values(a.params), size * sizeof *before);
            for (size_t s = 0; s < type->slots; s++)
                memcpy(before + (s + 1) * size, eng_optimizer_slot(a.optimizer, s), size * sizeof *before);
            eng_optimizer_freeze(a.optimizer, spans, 3);
            set_gradients(&a, 1, 1.0);
            set_gradients(&b, 1, 1.0);
            for (size_t i = 0; i < 3; i++)
                for (size_t k = spans[i].first; k < spans[i].end; k++) eng_params_gradients(b.params)[k] = 0;
            const double norm = eng_optimizer_step(a.optimizer, 0.1);
            CHECK_NEAR(norm, eng_optimizer_step(b.optimizer, 0.1), 1e-6 * norm);
            for (size_t k = 0; k < size; k++) {
                bool frozen = false;
                for (size_t i = 0; i < 3; i++) frozen = frozen || (k >= spans[i].first && k < spans[i].end);
                const float *w = eng_params_values(a.params);
                if (frozen) assert_true(w[k] == before[k]);
                if (!frozen) CHECK_NEAR((double)w[k], (double)eng_params_values(b.params)[k], 1e-6 * clipped);
                for (size_t s = 0; s < type->slots; s++)
                    if (frozen) assert_true(eng_optimizer_slot(a.optimizer, s)[k] == before[(s + 1) * size + k]);
            }
            free(before);
            destroy(&a);
            destroy(&b);
        }
    }
}

/* The space between parameters stays zero, also with every option on. */
static void padding_stays_zero(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++) {
        const eng_optimizer_type *type = eng_optimizer_find(*name);
        eng_optimizer_config config = type->defaults;
        config.weight_decay = 0.1, config.clip_norm = 1.0, config.clip_value = 0.5;
        pair p = make(type, &config, eng_kernels_find(NULL));
        for (uint32_t t = 0; t < 3; t++) {
            set_gradients(&p, t, 1.0);
            eng_optimizer_step(p.optimizer, 0.1);
        }
        for (size_t i = WEIGHTS; i < eng_params_decayed(p.params); i++)
            assert_true(eng_params_values(p.params)[i] == 0.0f);
        for (size_t i = eng_params_decayed(p.params) + BIASES; i < eng_params_size(p.params); i++)
            assert_true(eng_params_values(p.params)[i] == 0.0f);
        destroy(&p);
    }
}

/* Divergence is seen: clipping by value must not turn a NaN into a number. */
static void a_nan_gradient_is_seen(void **state) {
    (void)state;
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++)
        for (const char *const *instance = eng_kernels_names; *instance != NULL; instance++) {
            if (eng_kernels_find(*instance) == NULL) continue;
            const eng_optimizer_type *type = eng_optimizer_find(*name);
            eng_optimizer_config config = type->defaults;
            config.clip_value = 0.5;
            pair p = make(type, &config, eng_kernels_find(*instance));
            set_gradients(&p, 1, 1.0);
            *place(&p, eng_params_gradients(p.params), 3) = NAN;
            eng_optimizer_step(p.optimizer, 0.1);
            assert_true(isnan(*place(&p, eng_params_values(p.params), 3)));
            assert_true(!isnan(*place(&p, eng_params_values(p.params), 4)));
            destroy(&p);
        }
}

static void settings_out_of_bounds_are_named(void **state) {
    (void)state;
    static const struct {
        eng_optimizer_config config;
        const char *part;
    } bad[] = {
        {{.momentum = 1.0}, "momentum of adam must be at least 0 and below 1, not 1"},
        {{.beta1 = -0.1}, "beta1 of adam"},
        {{.beta2 = 1.5}, "beta2 of adam"},
        {{.rho = (double)NAN}, "rho of adam"},
        {{.epsilon = -1e-8}, "epsilon of adam must be a number and at least 0, not -1e-08"},
        {{.weight_decay = (double)INFINITY}, "weight_decay of adam"},
        {{.clip_norm = -1.0}, "clip_norm of adam"},
        {{.clip_value = -1.0}, "clip_value of adam"},
    };
    base_err err;
    eng_params *params;
    CHECK_OK(eng_params_create(specs, CHECK_COUNT(specs), &params, &err));
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        eng_optimizer *optimizer;
        CHECK_FAILS(
            eng_optimizer_create(&eng_optimizer_adam, &bad[i].config, params, eng_kernels_find(NULL), &optimizer, &err),
            BASE_INVALID, bad[i].part);
        assert_null(optimizer);
    }
    eng_params_destroy(params);
}

/* A group moves alone, as if it were a list of its own: its clipping, its slots and its steps. */
static void groups_have_optimizers_of_their_own(void **state) {
    (void)state;
    eng_param_spec list[] = {
        {.name = "w", .shape = {1, {40}}, .flags = ENG_PARAM_DECAY, .init = &eng_init_he_normal, .fan_in = 4},
        {.name = "alpha",
         .shape = {1, {24}},
         .flags = ENG_PARAM_DECAY,
         .init = &eng_init_he_normal,
         .fan_in = 4,
         .group = 1},
        {.name = "mean", .shape = {1, {3}}, .flags = ENG_PARAM_STATE, .value = 2.0f},
        {.name = "beta", .shape = {1, {5}}, .init = &eng_init_he_normal, .fan_in = 4, .group = 1},
    };
    const eng_param_spec own[] = {list[1], list[3]};
    eng_params *all, *alone;
    base_err err;
    CHECK_OK(eng_params_create(list, CHECK_COUNT(list), &all, &err));
    CHECK_OK(eng_params_create(own, CHECK_COUNT(own), &alone, &err));
    eng_params_init(all, 1);
    const eng_param_range r = eng_params_group(all, 1);
    assert_int_equal(eng_params_groups(all), 2);
    assert_int_equal(r.first, 48);
    assert_int_equal(r.decayed, 48 + 32);
    assert_int_equal(r.end, 48 + 32 + 16);
    assert_int_equal(eng_params_trained(all), r.end);
    memcpy(eng_params_values(alone), eng_params_values(all) + r.first, (r.end - r.first) * sizeof(float));
    eng_optimizer_config config = eng_optimizer_adam.defaults;
    config.weight_decay = 0.1;
    config.clip_norm = 0.5;
    eng_optimizer *one, *two;
    const eng_kernels *k = eng_kernels_find(NULL);
    CHECK_OK(eng_optimizer_create_group(&eng_optimizer_adam, &config, all, 1, k, &one, &err));
    CHECK_OK(eng_optimizer_create_group(&eng_optimizer_adam, &config, alone, 1, k, &two, &err));
    assert_int_equal(eng_optimizer_size(one), r.end - r.first);
    float before[48];
    memcpy(before, eng_params_values(all), sizeof before);
    for (size_t step = 0; step < 4; step++) {
        for (size_t i = 0; i < eng_params_size(all); i++) eng_params_gradients(all)[i] = (float)i * 0.01f;
        memcpy(eng_params_gradients(alone) + eng_params_group(alone, 1).first, eng_params_gradients(all) + r.first,
               (r.end - r.first) * sizeof(float));
        CHECK_SAME_DOUBLE(eng_optimizer_step(one, 0.1), eng_optimizer_step(two, 0.1));
        assert_memory_equal(eng_params_values(all) + r.first, eng_params_values(alone),
                            (r.end - r.first) * sizeof(float));
    }
    assert_memory_equal(eng_params_values(all), before, sizeof before);
    assert_true(eng_params_values(all)[r.end] == 2.0f);
    eng_optimizer_destroy(one);
    eng_optimizer_destroy(two);
    eng_params_destroy(all);
    eng_params_destroy(alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_followed),
        cmocka_unit_test(closed_forms_for_a_constant_gradient),
        cmocka_unit_test(decoupled_decay_is_another_thing),
        cmocka_unit_test(a_step_in_parts_is_the_step),
        cmocka_unit_test(the_state_can_be_moved),
        cmocka_unit_test(the_decay_can_be_changed),
        cmocka_unit_test(what_is_frozen_stays),
        cmocka_unit_test(padding_stays_zero),
        cmocka_unit_test(a_nan_gradient_is_seen),
        cmocka_unit_test(settings_out_of_bounds_are_named),
        cmocka_unit_test(groups_have_optimizers_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
