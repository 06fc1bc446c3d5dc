/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step of a model has the bits of its two halves, training and update, for every rule and on every instance. */
#include "tests/engine/modules/small_mlps.h"

/* Two learners that begin alike: one trains and updates, the other takes whole steps. */
typedef struct twins {
    eng_model *model[2];
    eng_optimizer *optimizer[2];
} twins;

static twins make_twins(const eng_mlp_config *config, const eng_model_options *options, const eng_optimizer_type *type,
                        const eng_optimizer_config *rule) {
    twins t;
    base_err err;
    for (size_t i = 0; i < 2; i++) {
        t.model[i] = make(config, options);
        CHECK_OK(eng_optimizer_create(type, rule, eng_model_params(t.model[i]), eng_model_kernels(t.model[i]),
                                      &t.optimizer[i], &err));
    }
    return t;
}

static void check_step(const twins *t, const eng_batch *batch, uint64_t step) {
    const double loss = eng_model_train(t->model[0], batch, step);
    eng_optimizer_step(t->optimizer[0], 0.01);
    CHECK_SAME_DOUBLE(eng_model_step(t->model[1], batch, step, t->optimizer[1], 0.01), loss);
}

static void check_alike(const twins *t) {
    const eng_params *a = eng_model_params(t->model[0]), *b = eng_model_params(t->model[1]);
    const size_t bytes = eng_params_size(a) * sizeof(float);
    assert_memory_equal(eng_params_values(a), eng_params_values(b), bytes);
    for (size_t s = 0; s < eng_optimizer_slots(t->optimizer[0]); s++)
        assert_memory_equal(eng_optimizer_slot(t->optimizer[0], s), eng_optimizer_slot(t->optimizer[1], s), bytes);
    assert_int_equal(eng_optimizer_steps(t->optimizer[0]), eng_optimizer_steps(t->optimizer[1]));
}

static void destroy_twins(twins *t) {
    for (size_t i = 0; i < 2; i++) {
        eng_optimizer_destroy(t->optimizer[i]);
        eng_model_destroy(t->model[i]);
    }
}

/* Layers of one and of many blocks of rows. */
static const size_t blocks[] = {40, 300, 17};

/* A step has the bits of its two halves: for every rule, on every instance, with what needs all gradients first and
 * without. */
static void a_step_is_training_and_update(void **state) {
    (void)state;
    static const struct {
        double clip_norm, clip_value, weight_decay, l1, l2;
    } with[] = {{0}, {.weight_decay = 0.1, .clip_value = 0.01}, {.clip_norm = 0.1}, {.l1 = 0.01}, {.l2 = 0.01}};
    data d = make_data();
    for (const char *const *name = eng_optimizer_names; *name != NULL; name++)
        for (const char *const *instance = eng_kernels_names; *instance != NULL; instance++)
            for (size_t i = 0; i < CHECK_COUNT(with); i++) {
                const eng_kernels *kernels = eng_kernels_find(*instance);
                if (kernels == NULL) continue;
                const eng_optimizer_type *type = eng_optimizer_find(*name);
                eng_optimizer_config rule = type->defaults;
                rule.clip_norm = with[i].clip_norm, rule.clip_value = with[i].clip_value;
                rule.weight_decay = with[i].weight_decay;
                eng_mlp_config config = config_of(ENG_MULTICLASS, i % 2 == 0 ? "relu" : "prelu");
                config.widths = blocks;
                const eng_model_options options = {
                    .batch = MOST, .seed = 7, .l1 = with[i].l1, .l2 = with[i].l2, .kernels = kernels};
                twins t = make_twins(&config, &options, type, &rule);
                for (uint64_t step = 0; step < 5; step++) {
                    const eng_batch batch = batch_of(&d, MOST - step % 3);
                    check_step(&t, &batch, step);
                }
                check_alike(&t);
                destroy_twins(&t);
            }
}

/* So large that a layer's gradient is not made in blocks. */
static void a_step_of_a_large_batch(void **state) {
    (void)state;
    enum { LARGE = 450 };
    static float x[LARGE * IN];
    static int32_t labels[LARGE];
    for (size_t i = 0; i < LARGE * IN; i++) x[i] = (float)(i * 7 % 11) / 5.0f - 1.0f;
    for (int32_t i = 0; i < LARGE; i++) labels[i] = i % OUT;
    eng_mlp_config config = config_of(ENG_MULTICLASS, NULL);
    config.widths = blocks;
    twins t = make_twins(&config, &(eng_model_options){.batch = LARGE, .seed = 7}, &eng_optimizer_momentum,
                         &eng_optimizer_momentum.defaults);
    const eng_batch batch = {.n = LARGE, .x = x, .labels = labels};
    for (uint64_t step = 0; step < 3; step++) check_step(&t, &batch, step);
    check_alike(&t);
    destroy_twins(&t);
}

/* A loss that is not finite changes nothing, whichever way the step would have gone. */
static void a_step_stops_at_a_loss_that_is_not_finite(void **state) {
    (void)state;
    for (int clips = 0; clips < 2; clips++) {
        data d = make_data();
        eng_mlp_config config = config_of(ENG_REGRESSION, "tanh");
        eng_optimizer_config rule = eng_optimizer_adam.defaults;
        rule.clip_norm = clips;
        twins t = make_twins(&config, &(eng_model_options){.batch = MOST, .seed = 7}, &eng_optimizer_adam, &rule);
        d.values[4] = INFINITY;
        const eng_batch batch = batch_of(&d, MOST);
        assert_true(!isfinite(eng_model_step(t.model[1], &batch, 0, t.optimizer[1], 0.01)));
        check_alike(&t);
        destroy_twins(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_training_and_update),
        cmocka_unit_test(a_step_of_a_large_batch),
        cmocka_unit_test(a_step_stops_at_a_loss_that_is_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
