/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every part of an architecture search must do, and every search that has a name. */
#include "tests/support/suite.h"
#include "tests/nas/search_support.h"

#include "engine/tensor/plan.h"
#include "tests/nas/closed_bilevel.h"

/* ---- steps ---- */

static void walk(const nas_step_type *type, closed_bilevel *j) {
    const nas_bilevel problem = closed_bilevel_problem(j);
    nas_step *step = NULL;
    base_err err = {0};
    CHECK_OK(nas_step_create(type, NULL, &problem, &step, &err));
    for (int i = 0; i < 300; i++) {
        nas_step_losses losses = {0};
        const unsigned before = j->passes, forwards = j->forwards, moving = j->moving;
        j->step = (uint32_t)i;
        j->progress = i / 300.0;
        CHECK_OK(nas_step_take(step, &losses, &err));
        assert_true(isfinite(losses.train));
        assert_int_equal(isfinite(losses.valid), type->moves_alphas);
        assert_int_equal(j->passes - before, type->passes);
        assert_int_equal(j->forwards - forwards, type->forwards);
        assert_int_equal(j->moving - moving, 1); /* running statistics follow the weights alone */
        assert_int_equal(j->last, NAS_TRAIN);
    }
    nas_step_destroy(step);
}

static void every_step_descends_and_is_deterministic(void **state) {
    (void)state;
    size_t count;
    const nas_step_type *const *steps = nas_steps(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("step", steps[i]->name)) continue;
        closed_bilevel start = closed_vector();
        start.point[NAS_WEIGHTS].at[0] = 3; /* far enough that first order comes nearer, too */
        start.point[NAS_WEIGHTS].at[1] = 3;
        closed_bilevel one = start, other = start;
        walk(steps[i], &one);
        walk(steps[i], &other);
        (void)closed_bilevel_problem(&start);
        if (steps[i]->moves_alphas)
            assert_true(closed_valid(&one) < closed_valid(&start));
        else
            assert_true(closed_train(&one) < closed_train(&start));
        const bool moved = memcmp(&one.point[NAS_ALPHAS], &start.point[NAS_ALPHAS], sizeof one.point[NAS_ALPHAS]) != 0;
        assert_int_equal(moved, steps[i]->moves_alphas);
        assert_memory_equal(one.point, other.point, sizeof one.point);
    }
}

/* ---- stops ---- */

/* A sequence on which a rule must end a search, with its defaults, after `ends` epochs. */
typedef struct sequence {
    const char *stop;
    void (*fill)(nas_figures *history, size_t count);
    size_t ends, genotype;
    bool restarts;
} sequence;

static void rising_curvature(nas_figures *history, size_t count) {
    for (size_t e = 0; e < count; e++) history[e].eigenvalue = .1 + .01 * (double)e;
}

static void growing_skips(nas_figures *history, size_t count) {
    for (size_t e = 0; e < count; e++) history[e].skips = (uint32_t)e / 10;
}

static const sequence sequences[] = {
    {"epochs", rising_curvature, 50, 49, false},
    {"eigenvalue", rising_curvature, 23, 10, false},
    {"eigenvalue-restart", rising_curvature, 23, 10, true},
    {"skips", growing_skips, 21, 20, false},
};

static const sequence *sequence_of(const char *stop) {
    for (size_t i = 0; i < CHECK_COUNT(sequences); i++)
        if (strcmp(sequences[i].stop, stop) == 0) return &sequences[i];
    fail_msg("the rule '%s' has no sequence here", stop);
    return NULL;
}

static nas_verdict judge_until_end(const nas_stop *stop, const nas_figures *history, size_t total, size_t *count) {
    nas_verdict verdict = {0};
    for (*count = 1; *count <= total; (*count)++) {
        verdict = nas_stop_judge(stop, history, *count, total);
        if (verdict.stop || verdict.restart) break;
    }
    assert_true(verdict.stop != verdict.restart && verdict.genotype < *count && strlen(verdict.reason) > 0);
    return verdict;
}

static void every_stop_fires_on_its_sequence_and_never_on_constant_figures(void **state) {
    (void)state;
    enum { TOTAL = 50 };
    size_t count, ended;
    const nas_stop_type *const *stops = nas_stops(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("stop", stops[i]->name)) continue;
        const sequence *expected = sequence_of(stops[i]->name);
        nas_stop *stop = NULL;
        base_err err = {0};
        CHECK_OK(nas_stop_create(stops[i], NULL, &stop, &err));
        nas_figures fires[TOTAL], constant[TOTAL];
        for (size_t e = 0; e < TOTAL; e++)
            fires[e] = constant[e] = (nas_figures){.weight_decay = 3e-4,
                                                   .train_loss = 1,
                                                   .valid_loss = 1,
                                                   .entropy = .9,
                                                   .eigenvalue = .3,
                                                   .skips = 1,
                                                   .pools = 2,
                                                   .chosen = 8};
        expected->fill(fires, TOTAL);
        nas_verdict verdict = judge_until_end(stop, fires, TOTAL, &ended);
        assert_int_equal(ended, expected->ends);
        assert_int_equal(verdict.genotype, expected->genotype);
        assert_int_equal(verdict.restart, expected->restarts);
        verdict = judge_until_end(stop, constant, TOTAL, &ended);
        assert_int_equal(ended, TOTAL);
        assert_false(verdict.early || verdict.restart);
        nas_stop_destroy(stop);
    }
}

/* ---- mixed operations ---- */

/* What does not go with a space says so. */
static const struct {
    const char *mixed, *space, *part;
} refusals[] = {
    {"partial", "nasbench-macro", "needs edges that keep the number of channels"},
};

static const char *refusal_of(const char *mixed, const char *space) {
    for (size_t i = 0; i < CHECK_COUNT(refusals); i++)
        if (strcmp(refusals[i].mixed, mixed) == 0 && strcmp(refusals[i].space, space) == 0) return refusals[i].part;
    return NULL;
}

/* Built into every space, all candidates or the one that is not masked reach the loss. */
static void every_mixed_operation_builds_every_space(void **state) {
    (void)state;
    size_t count, presets;
    const nas_mixed *const *all = nas_mixed_list(&count);
    const nas_space_preset *const *spaces = nas_space_presets(&presets);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < presets && suite_begins("mixed", all[i]->name); p++) {
            suite_at("space", "%s", spaces[p]->name);
            base_arena *arena = base_arena_create();
            base_err err = {0};
            const nas_supernet_options options = {
                .space = read_space(arena, spaces[p]->name),
                .settings = {.channels = 8},
                .choices = read_choices(arena, base_arena_printf(arena, "{step: first, mixed: %s}", all[i]->name)),
                .net = {.input = eng_shape_3d(28, 28, 1), .task = ENG_MULTICLASS, .outputs = 3},
                .batch = 2,
                .seed = 1,
            };
            const eng_batch batch = random_batch(arena, 2, 28 * 28, 3, 0);
            nas_supernet *one, *other;
            if (refusal_of(all[i]->name, spaces[p]->name)) {
                CHECK_FAILS(nas_supernet_create(&options, &one, &err), BASE_INVALID,
                            refusal_of(all[i]->name, spaces[p]->name));
                base_arena_destroy(arena);
                continue;
            }
            CHECK_OK(nas_supernet_create(&options, &one, &err));
            CHECK_OK(nas_supernet_create(&options, &other, &err));
            const double loss = nas_supernet_train(one, &batch, true, 0);
            assert_true(isfinite(loss) && loss > 0);
            CHECK_SAME_DOUBLE(nas_supernet_train(other, &batch, true, 0), loss);
            nas_supernet_backward(one, 1u << NAS_GROUP_ALPHAS);
            const eng_params *params = nas_supernet_params(one);
            const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
            size_t moving = 0;
            for (size_t k = range.first; k < range.end; k++) moving += eng_params_gradients(params)[k] != 0;
            assert_true(4 * moving > 3 * nas_supernet_alpha_count(one));
            nas_supernet_destroy(one);
            nas_supernet_destroy(other);
            base_arena_destroy(arena);
        }
}

/* ---- selections that explore ---- */

typedef struct trials {
    const nas_space *space;
    size_t on_some, on_all, tuned;
    size_t done, of; /* as it was told last */
} trials;

static void note_told(void *self, size_t done, size_t of) {
    trials *t = self;
    assert_true(done > 0 && done <= of);
    t->done = done;
    t->of = of;
}

/* The fewer skips a network has, the better; told apart by all of the data only. */
static base_status count_skips(void *self, const nas_genotype *genotype, size_t batches, double *error, base_err *err) {
    trials *t = self;
    (void)err;
    *(batches > 0 ? &t->on_some : &t->on_all) += 1;
    *error = (double)nas_genotype_count(genotype, 0, NAS_OPERATION_SKIP);
    return BASE_OK;
}

static void even(void *self, double *const *weights, double *const *edges) {
    const trials *t = self;
    for (size_t c = 0; c < t->space->n_cells; c++) {
        for (size_t k = 0; k < t->space->cells[c].weights; k++) weights[c][k] = .5;
        for (size_t e = 0; e < t->space->cells[c].n_edges; e++) edges[c][e] = 1;
    }
}

/* The fewer skips count, the better. */
static base_status weigh_skips(void *self, const double *const *weights, const double *const *edges, double *loss,
                               double *error, base_err *err) {
    trials *t = self;
    double sum = 0;
    (void)err, (void)edges;
    t->on_all++;
    for (size_t c = 0; c < t->space->n_cells; c++)
        for (size_t e = 0; e < t->space->cells[c].n_edges; e++) {
            const nas_space_edge *edge = &t->space->cells[c].edges[e];
            for (size_t k = 0; k < edge->n_operations; k++)
                sum += weights[c][edge->offset + k] * ((edge->operations[k]->flags & NAS_OPERATION_SKIP) ? 1 : -1);
        }
    *loss = *error = sum;
    return BASE_OK;
}

static base_status count_epochs(void *self, const double *const *weights, const double *const *edges, size_t epoch,
                                size_t epochs, base_err *err) {
    trials *t = self;
    (void)weights, (void)edges, (void)err;
    assert_true(epoch < epochs);
    t->tuned++;
    return BASE_OK;
}

static void every_exploring_selection_finds_a_good_network(void **state) {
    (void)state;
    size_t count;
    const nas_selection *const *all = nas_selections(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("selection", all[i]->name)) continue;
        assert_int_equal(all[i]->choose == NULL, all[i]->explore != NULL);
        if (!all[i]->explore) continue;
        base_arena *arena = base_arena_create();
        base_err err = {0};
        const nas_space *space = read_space(arena, "s2");
        void *options = base_arena_alloc(arena, all[i]->state_size);
        trials tried = {.space = space};
        const nas_explorer explorer = {.self = &tried,
                                       .seed = 3,
                                       .error = count_skips,
                                       .mean = even,
                                       .score = weigh_skips,
                                       .tune = count_epochs,
                                       .told = note_told};
        nas_genotype *one, *other;
        if (all[i]->options) CHECK_OK(base_options_read(all[i]->options, NULL, options, arena, &err));
        CHECK_OK(all[i]->explore(options, space, &explorer, arena, &one, &err));
        CHECK_OK(all[i]->explore(options, space, &explorer, arena, &other, &err));
        CHECK_OK(nas_genotype_check(one, &err));
        assert_true(nas_genotype_equal(one, other));
        assert_true(tried.on_all > 0);
        assert_true(tried.of > 0 && tried.done == tried.of); /* who waits is told */
        if (all[i]->work) {
            const nas_selection_work work = all[i]->work(options, space);
            assert_true(2 * work.scored == (double)tried.on_all && 2 * work.tuned == (double)tried.tuned);
        }
        assert_true(nas_genotype_count(one, 0, NAS_OPERATION_SKIP) <= 2); /* 4 of 8 on average */
        base_arena_destroy(arena);
    }
}

/* ---- whole searches ---- */

/* In one go; in two, with a file between; with two threads. */
static void every_search_goes_on_with_the_same_bits(void **state) {
    (void)state;
    size_t count;
    const nas_search_name *names = nas_search_names(&count);
    data d = load_data(.2);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("search", names[i].name)) continue;
        base_arena *arena = base_arena_create();
        base_err err = {0};
        nas_search_settings settings = settings_of(arena, 4, 1);
        nas_search *whole = create(names[i].name, &d, arena, 4, 1), *begun = create(names[i].name, &d, arena, 4, 1);
        nas_search *ended;
        nas_genotype *one, *other;
        settings.threads = 2;
        CHECK_OK(nas_search_create(&settings, read_choices(arena, names[i].name), read_space(arena, space_text), d.view,
                                   NULL, &ended, &err));
        CHECK_OK(nas_search_run(whole, 4, NULL, &err));
        CHECK_OK(nas_search_run(begun, 2, NULL, &err));
        CHECK_OK(nas_search_genotype(begun, arena, &one, &err)); /* at a rung: it changes nothing */
        CHECK_OK(nas_search_save(begun, path, &err));
        CHECK_OK(nas_search_load(ended, path, &err));
        CHECK_OK(nas_search_run(ended, 4, NULL, &err));
        check_same(whole, ended);
        CHECK_OK(nas_search_genotype(whole, arena, &one, &err));
        CHECK_OK(nas_search_genotype(ended, arena, &other, &err));
        assert_true(nas_genotype_equal(one, other));
        nas_search_destroy(whole);
        nas_search_destroy(begun);
        nas_search_destroy(ended);
        base_arena_destroy(arena);
    }
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

static void every_search_depends_on_its_seed_and_not_on_threads(void **state) {
    (void)state;
    size_t count;
    const nas_search_name *names = nas_search_names(&count);
    data d = load_data(.2);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("search", names[i].name)) continue;
        base_arena *arena = base_arena_create();
        base_err err = {0};
        nas_search *one = create(names[i].name, &d, arena, 1, 1), *other = create(names[i].name, &d, arena, 1, 2);
        nas_search_settings settings = settings_of(arena, 1, 1);
        nas_search *two;
        settings.threads = 2;
        CHECK_OK(nas_search_create(&settings, read_choices(arena, names[i].name), read_space(arena, space_text), d.view,
                                   NULL, &two, &err));
        CHECK_OK(nas_search_run(one, 1, NULL, &err));
        CHECK_OK(nas_search_run(other, 1, NULL, &err));
        CHECK_OK(nas_search_run(two, 1, NULL, &err));
        assert_true(nas_search_figures(one, 0)->train_loss != nas_search_figures(other, 0)->train_loss);
        check_same(one, two);
        nas_search_destroy(one);
        nas_search_destroy(other);
        nas_search_destroy(two);
        base_arena_destroy(arena);
    }
    unload_data(&d);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_descends_and_is_deterministic),
        cmocka_unit_test(every_stop_fires_on_its_sequence_and_never_on_constant_figures),
        cmocka_unit_test(every_mixed_operation_builds_every_space),
        cmocka_unit_test(every_exploring_selection_finds_a_good_network),
        cmocka_unit_test(every_search_goes_on_with_the_same_bits),
        cmocka_unit_test(every_search_depends_on_its_seed_and_not_on_threads),
    };
    return SUITE_MAIN(tests);
}
