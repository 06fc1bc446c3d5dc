/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop with a step that is no network: a point that falls down a parabola, its trace, and two numbers of its own.
 * What the loop promises to any step is checked here; what it does for supervised training is in test_trainer.c. */
#include "tests/support/check.h"

#include "engine/train/trainer.h"

enum { BATCHES = 5, STRIDE = 2 }; /* a step takes two batches, the last of an epoch one */

typedef struct fall {
    double x, speed;
    uint64_t steps, begun; /* begun: the epoch that begin_epoch was told last */
    double stop_below;     /* end_epoch ends the training when |x| is below */
    bool broken;           /* the next step is not finite */
    int *destroyed;
} fall;

static size_t batches(const void *self) {
    (void)self;
    return BATCHES;
}

static base_status begin_epoch(void *self, const eng_progress *progress, base_err *err) {
    fall *f = self;
    (void)err;
    f->begun = progress->epoch;
    f->speed = 0.1 / (1 + (double)progress->epoch);
    return BASE_OK;
}

static base_status step(void *self, eng_progress *p, base_err *err) {
    fall *f = self;
    const uint64_t left = BATCHES - p->batch, count = left < STRIDE ? left : STRIDE;
    assert_int_equal(f->begun, p->epoch);
    if (f->broken) return BASE_FAIL(err, BASE_NUMERIC, "the point fell off");
    f->x -= f->speed * 2 * f->x;
    f->steps++;
    p->batch += count;
    p->seen += count * 10;
    p->loss_sum += (double)(count * 10) * f->x * f->x;
    return BASE_OK;
}

static uint64_t steps(const void *self) {
    return ((const fall *)self)->steps;
}

static double rate(const void *self) {
    return ((const fall *)self)->speed;
}

static eng_scores evaluate(void *self, eng_part part) {
    const fall *f = self;
    eng_scores scores = {0};
    eng_scores_set(&scores, "loss", part.count == 3 ? f->x * f->x : (double)NAN);
    return scores;
}

static base_status end_epoch(void *self, eng_epoch *epoch, bool *stop, base_err *err) {
    const fall *f = self;
    (void)err;
    eng_scores_set(&epoch->figures, "height", eng_scores_get(&epoch->valid, "loss"));
    eng_scores_set(&epoch->figures, "steps", (double)f->steps);
    *stop = fabs(f->x) < f->stop_below;
    return BASE_OK;
}

static void save(const void *self, eng_sections *to) {
    const fall *f = self;
    eng_sections_put(to, "point", 1, &f->x, sizeof f->x);
    eng_sections_put(to, "steps", 1, &f->steps, sizeof f->steps);
}

static base_status fits(const void *self, const eng_sections *from, base_err *err) {
    const fall *f = self;
    BASE_TRY(eng_sections_expect(from, "point", 1, sizeof f->x, err));
    return eng_sections_expect(from, "steps", 1, sizeof f->steps, err);
}

static base_status load(void *self, const eng_sections *from, base_err *err) {
    fall *f = self;
    BASE_TRY(eng_sections_take(from, "point", 1, &f->x, sizeof f->x, err));
    return eng_sections_take(from, "steps", 1, &f->steps, sizeof f->steps, err);
}

static size_t bytes(const void *self) {
    (void)self;
    return sizeof(fall);
}

static void destroy(void *self) {
    ++*((fall *)self)->destroyed;
}

static const eng_step_type falling = {
    .name = "falling",
    .batches = batches,
    .begin_epoch = begin_epoch,
    .step = step,
    .steps = steps,
    .rate = rate,
    .evaluate = evaluate,
    .end_epoch = end_epoch,
    .save = save,
    .fits = fits,
    .load = load,
    .bytes = bytes,
    .destroy = destroy,
};

static const uint32_t indices[3];
static const eng_trainer_config config = {.identity = 77, .ema = 0.5, .valid = {indices, 3}};
static base_err err;

static eng_trainer *make(fall *f, int *destroyed) {
    eng_trainer *trainer;
    *f = (fall){.x = 8, .begun = UINT64_MAX, .destroyed = destroyed};
    CHECK_OK(eng_trainer_adopt((eng_step){.type = &falling, .self = f}, &config, &trainer, &err));
    return trainer;
}

/* Losses, rates, figures and counters of an epoch, against the same arithmetic by hand. */
static void epochs_are_those_of_the_step(void **state) {
    (void)state;
    int destroyed = 0;
    fall f;
    eng_trainer *trainer = make(&f, &destroyed);
    CHECK_OK(eng_trainer_fit(trainer, 4, NULL, &err));
    const eng_progress *p = eng_trainer_progress(trainer);
    assert_int_equal(p->epochs, 4);
    double x = 8;
    for (uint64_t e = 0; e < 4; e++) {
        static const double weights[] = {20, 20, 10};
        const eng_epoch *epoch = &p->history[e];
        const double speed = 0.1 / (1 + (double)e);
        double sum = 0;
        for (size_t i = 0; i < 3; i++) {
            x -= speed * 2 * x;
            sum += weights[i] * x * x;
        }
        assert_int_equal(epoch->epoch, e + 1);
        CHECK_CLOSE(epoch->train_loss, sum / 50, 1e-14);
        CHECK_SAME_DOUBLE(epoch->learning_rate, speed);
        CHECK_CLOSE(eng_scores_get(&epoch->valid, "loss"), x * x, 1e-14);
        CHECK_SAME_DOUBLE(eng_scores_get(&epoch->figures, "steps"), 3.0 * (double)(e + 1));
    }
    assert_int_equal(eng_trainer_parameters(trainer), 0);
    assert_int_equal(eng_trainer_bytes(trainer), sizeof(fall));
    assert_null(eng_trainer_average(trainer)); /* there is nothing that it could average */
    assert_null(eng_trainer_model(trainer));
    assert_ptr_equal(eng_trainer_step(trainer)->self, &f);
    eng_trainer_destroy(trainer);
    assert_int_equal(destroyed, 1);
}

static bool at_once(void *self, const eng_epoch *epoch) {
    (void)epoch;
    return *(bool *)self;
}

/* Saved after each epoch and continued by another trainer: the same history, figures included. */
static void a_step_goes_on_from_its_sections(void **state) {
    (void)state;
    int destroyed = 0;
    fall whole, part;
    bool stop = true;
    const eng_watch watch = {.epoch = at_once, .self = &stop};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    eng_trainer *a = make(&whole, &destroyed), *b = make(&part, &destroyed);
    CHECK_OK(eng_trainer_fit(a, 6, NULL, &err));
    for (uint64_t epoch = 1; eng_trainer_fit(b, 6, &watch, &err) != BASE_OK; epoch++) {
        CHECK_OK(eng_trainer_save(b, path, &err));
        eng_trainer_destroy(b);
        b = make(&part, &destroyed);
        CHECK_OK(eng_trainer_load(b, path, &err));
        assert_int_equal(eng_trainer_progress(b)->epoch, epoch);
    }
    const eng_progress *p = eng_trainer_progress(a), *q = eng_trainer_progress(b);
    assert_int_equal(p->epochs, q->epochs);
    for (size_t i = 0; i < p->epochs; i++) {
        CHECK_SAME_DOUBLE(p->history[i].train_loss, q->history[i].train_loss);
        assert_memory_equal(&p->history[i].valid, &q->history[i].valid, sizeof(eng_scores));
        assert_memory_equal(&p->history[i].figures, &q->history[i].figures, sizeof(eng_scores));
    }
    CHECK_SAME_DOUBLE(whole.x, part.x);
    eng_trainer_destroy(a);
    eng_trainer_destroy(b);
    assert_int_equal(destroyed, 2 + 5);
    check_tmpdir_remove(&dir);
}

static void a_step_may_end_the_training(void **state) {
    (void)state;
    int destroyed = 0;
    fall f;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    eng_trainer *trainer = make(&f, &destroyed);
    f.stop_below = 3;
    CHECK_OK(eng_trainer_fit(trainer, 20, NULL, &err));
    const uint64_t epochs = eng_trainer_progress(trainer)->epoch;
    assert_true(epochs > 1 && epochs < 20 && fabs(f.x) < 3);
    CHECK_OK(eng_trainer_fit(trainer, 40, NULL, &err)); /* it has ended */
    CHECK_OK(eng_trainer_save(trainer, path, &err));
    CHECK_OK(eng_trainer_load(trainer, path, &err));
    CHECK_OK(eng_trainer_fit(trainer, 40, NULL, &err));
    assert_int_equal(eng_trainer_progress(trainer)->epoch, epochs);
    eng_trainer_destroy(trainer);
    check_tmpdir_remove(&dir);
}

static void failures_are_the_steps_sentences(void **state) {
    (void)state;
    int destroyed = 0;
    fall f;
    eng_trainer *trainer = make(&f, &destroyed);
    CHECK_OK(eng_trainer_fit(trainer, 1, NULL, &err));
    f.broken = true;
    CHECK_FAILS(eng_trainer_fit(trainer, 2, NULL, &err), BASE_NUMERIC, "the point fell off");
    f.broken = false;
    f.x = 1e200;
    CHECK_FAILS(eng_trainer_fit(trainer, 2, NULL, &err), BASE_NUMERIC,
                "the validation loss became inf at step 6 (epoch 2, batch 5)");
    eng_trainer_destroy(trainer);
}

/* A supervised training's file is not this step's, and the other way round. */
static void another_kind_of_training_is_refused(void **state) {
    (void)state;
    int destroyed = 0;
    fall f;
    eng_sections *s;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    eng_trainer *trainer = make(&f, &destroyed);
    CHECK_OK(eng_sections_create(path, &s, &err));
    eng_sections_put(s, "weights", 1, "abc", 3);
    CHECK_OK(eng_sections_finish(s, &err));
    CHECK_FAILS(eng_trainer_load(trainer, path, &err), BASE_INVALID, "has no section 'point'");
    CHECK_OK(eng_sections_create(path, &s, &err));
    save(&f, s); /* the step's own sections alone: nobody says how far it is */
    CHECK_OK(eng_sections_finish(s, &err));
    CHECK_FAILS(eng_trainer_load(trainer, path, &err), BASE_INVALID, "has no section 'identity'");
    assert_true(f.x == 8);
    eng_trainer_destroy(trainer);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_are_those_of_the_step),        cmocka_unit_test(a_step_goes_on_from_its_sections),
        cmocka_unit_test(a_step_may_end_the_training),         cmocka_unit_test(failures_are_the_steps_sentences),
        cmocka_unit_test(another_kind_of_training_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
