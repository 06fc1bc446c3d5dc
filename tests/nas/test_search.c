/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole searches, small enough for seconds. */
#include "tests/nas/search_support.h"

static void a_search_learns_weights_and_alphas(void **state) {
    (void)state;
    static const char *const searches[] = {"darts-first", "darts"};
    data d = load_data(.5);
    for (size_t i = 0; i < 2; i++) {
        base_arena *arena = base_arena_create();
        nas_search *s = create(searches[i], &d, arena, 4, 1);
        nas_genotype *genotype;
        base_err err = {0};
        CHECK_OK(nas_search_run(s, 4, NULL, &err));
        const nas_figures *first = nas_search_figures(s, 0), *last = nas_search_figures(s, 3);
        assert_true(last->train_loss < .8 * first->train_loss);
        assert_true(last->train_error < first->train_error);
        assert_true(last->valid_error < .5);
        assert_true(last->entropy < first->entropy && first->entropy < 1);
        assert_true(first->seconds > 0 && last->seconds > 0);
        assert_true(nas_search_verdict(s)->stop);
        CHECK_OK(nas_search_genotype(s, arena, &genotype, &err));
        CHECK_OK(nas_genotype_check(genotype, &err));
        nas_search_destroy(s);
        base_arena_destroy(arena);
    }
    unload_data(&d);
}

static void random_networks_learn_with_weights_that_they_share(void **state) {
    (void)state;
    data d = load_data(1);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search_settings settings = settings_of(arena, 20, 1);
    nas_search *s;
    nas_genotype *genotype;
    settings.learning_rate = .1;
    settings.batch_size = 16;
    CHECK_OK(nas_search_create(&settings, read_choices(arena, "{name: random-sharing, candidates: 20, finalists: 5}"),
                               read_space(arena, space_text), d.view, NULL, &s, &err));
    CHECK_OK(nas_search_run(s, 20, NULL, &err));
    CHECK_OK(nas_search_genotype(s, arena, &genotype, &err));
    CHECK_OK(nas_genotype_check(genotype, &err));
    const nas_figures *last = nas_search_figures(s, 19);
    assert_true(last->train_error < .3);
    assert_true(last->valid_error < .4); /* of random networks, one per batch */
    CHECK_NEAR(last->entropy, 1, 1e-12);
    assert_int_equal(last->chosen, 0);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

static void what_is_measured_is_what_is_taken(void **state) {
    (void)state;
    static const char *const searches[] = {"darts-first", "darts", "random-sharing"};
    data d = load_data(.2);
    for (size_t i = 0; i < 6; i++) {
        base_arena *arena = base_arena_create();
        base_err err = {0};
        nas_search_settings settings = settings_of(arena, 1, 1);
        settings.threads = 1 + (int64_t)i / 3;
        nas_search *s = create_with(&settings, searches[i % 3], &d, arena);
        nas_supernet_size size;
        CHECK_OK(nas_search_measure(&settings, read_choices(arena, searches[i % 3]), read_space(arena, space_text),
                                    d.view, &size, &err));
        assert_int_equal(size.bytes, nas_search_bytes(s));
        assert_int_equal(size.numbers, nas_supernet_numbers(nas_search_supernet(s)));
        nas_search_destroy(s);
        base_arena_destroy(arena);
    }
    unload_data(&d);
}

/* As many steps and the same batches; while the alphas stay, a step of any kind is one of the weights. */
static void alphas_stay_in_a_warm_up(void **state) {
    (void)state;
    static const char *const searches[] = {"darts-first", "darts"};
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *s[2];
    for (size_t i = 0; i < 2; i++) {
        s[i] = create(base_arena_printf(arena, "{name: %s, warm_up: 0.5}", searches[i]), &d, arena, 4, 1);
        const nas_supernet *net = nas_search_supernet(s[i]);
        double **start = nas_operation_blocks(nas_supernet_space(net), arena);
        double **now = nas_operation_blocks(nas_supernet_space(net), arena);
        const size_t bytes = nas_supernet_space(net)->cells[0].weights * sizeof **now;
        nas_relaxation_alphas(nas_supernet_relaxation(net), start);
        CHECK_OK(nas_search_run(s[i], 2, NULL, &err));
        nas_search_alphas(s[i], 1, now);
        assert_memory_equal(now[0], start[0], bytes);
        if (i == 1) check_same(s[0], s[1]); /* however the alphas will move */
        assert_true(nas_search_figures(s[i], 1)->train_loss < nas_search_figures(s[i], 0)->train_loss);
    }
    for (size_t i = 0; i < 2; i++) {
        double **start = nas_operation_blocks(nas_supernet_space(nas_search_supernet(s[i])), arena);
        double **now = nas_operation_blocks(nas_supernet_space(nas_search_supernet(s[i])), arena);
        CHECK_OK(nas_search_run(s[i], 3, NULL, &err));
        nas_search_alphas(s[i], 1, start);
        nas_search_alphas(s[i], 2, now);
        assert_true(memcmp(now[0], start[0],
                           nas_supernet_space(nas_search_supernet(s[i]))->cells[0].weights * sizeof **now) != 0);
        nas_search_destroy(s[i]);
    }
    base_arena_destroy(arena);
    unload_data(&d);
}

/* First order: the weights' pass and the alphas' over a half each, a third of a pass over the other to score; in a
 * warm-up one of them is missing. */
static void a_warm_up_costs_the_pass_of_the_weights(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_choices *plain = read_choices(arena, "darts-first"), *second = read_choices(arena, "darts");
    const nas_choices *warm = read_choices(arena, "{name: darts-first, warm_up: 0.3}");
    CHECK_NEAR(nas_search_cost(plain, 50, 0, 50), 50 * (1 + 1. / 6), 1e-12);
    CHECK_NEAR(nas_search_cost(second, 50, 10, 12), 2 * (2.5 + 1. / 6), 1e-12);
    CHECK_NEAR(nas_search_cost(warm, 50, 0, 50), 50 * (1 + 1. / 6) - 15 * .5, 1e-12);
    CHECK_NEAR(nas_search_cost(warm, 50, 14, 16), 1.5 + 1. / 3, 1e-12);
    CHECK_NEAR(nas_search_cost(warm, 50, 14.5, 15.25), .5 * (.5 + 1. / 6) + .25 * (1 + 1. / 6), 1e-12);
    base_arena_destroy(arena);
}

/* ---- what comes out ---- */

static size_t lines_of(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static void the_alphas_of_every_epoch_are_kept(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    base_buf text = {0};
    nas_search *s = create("darts-first", &d, arena, 2, 1);
    CHECK_OK(nas_search_run(s, 2, NULL, &err));
    const nas_space *space = nas_supernet_space(nas_search_supernet(s));
    double **before = nas_operation_blocks(space, arena), **after = nas_operation_blocks(space, arena);
    double **now = nas_operation_blocks(space, arena), moved = 0;
    nas_search_alphas(s, 0, before);
    nas_search_alphas(s, 1, after);
    nas_relaxation_alphas(nas_supernet_relaxation(nas_search_supernet(s)), now);
    for (size_t t = 0; t < 2; t++) {
        assert_memory_equal(after[t], now[t], 25 * sizeof(double));
        for (size_t k = 0; k < 25; k++) moved += fabs(after[t][k] - before[t][k]);
    }
    assert_true(moved > .01);
    nas_search_write_alphas(s, &text);
    assert_int_equal(lines_of(base_buf_text(&text)), 1 + 2 * 50);
    CHECK_CONTAINS(base_buf_text(&text), "epoch,cell,from,to,operation,alpha,weight\n1,normal,0,2,none,");
    base_buf_clear(&text);
    nas_search_write_epochs(s, &text);
    const nas_figures *f = nas_search_figures(s, 1);
    char row[64];
    assert_int_equal(lines_of(base_buf_text(&text)), 1 + 2);
    CHECK_CONTAINS(base_buf_text(&text), "epoch,train_loss,train_error,valid_loss,valid_error,entropy,eigenvalue,");
    snprintf(row, sizeof row, "\n2,%.9g,%.9g,", f->train_loss, f->train_error);
    CHECK_CONTAINS(base_buf_text(&text), row);
    snprintf(row, sizeof row, ",,%u,%u,1,0.0003\n", (unsigned)f->skips,
             (unsigned)f->pools); /* no eigenvalue was asked for */
    CHECK_CONTAINS(base_buf_text(&text), row);
    base_buf_fini(&text);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* A search whose alphas begin at 3 for one operation of each edge of the normal cell. */
static nas_search *create_leaning(const data *d, base_arena *arena, const size_t *operation) {
    nas_search *s = create("darts-first", d, arena, 1, 1);
    eng_params *params = nas_supernet_params(nas_search_supernet(s));
    float *alphas = eng_params_values(params) + eng_params_find(params, "alphas.normal.value")->offset;
    for (size_t e = 0; e < 5; e++) alphas[5 * e + operation[e]] = 3;
    return s;
}

static void a_collapse_is_said_in_words(void **state) {
    (void)state;
    static const size_t sound[] = {3, 3, 3, 3, 3}, skips[] = {1, 1, 3, 3, 3};
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    base_buf text = {0};
    nas_search *s = create_leaning(&d, arena, sound);
    CHECK_OK(nas_search_run(s, 1, NULL, &err));
    assert_false(nas_search_warning(s, 0, &text));
    nas_search_destroy(s);
    s = create_leaning(&d, arena, skips);
    CHECK_OK(nas_search_run(s, 1, NULL, &err));
    assert_true(nas_search_warning(s, 0, &text));
    assert_int_equal(nas_search_figures(s, 0)->skips, 2);
    CHECK_CONTAINS(base_buf_text(&text), "2 of 4 edges of the cell 'normal'");
    base_buf_fini(&text);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* Nor is a random genotype sold as a found one. */
static void a_supernet_that_guesses_is_said_in_words(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    base_buf text = {0};
    nas_search_settings settings = settings_of(arena, 4, 1);
    settings.weight_decay = 30; /* nothing can be learned */
    nas_search *s = create_with(&settings, "darts-first", &d, arena);
    CHECK_OK(nas_search_run(s, 4, NULL, &err));
    for (size_t e = 0; e < 2; e++) {
        nas_search_warning(s, e, &text);
        assert_null(strstr(base_buf_text(&text), "learned"));
        base_buf_clear(&text);
    }
    assert_true(nas_search_warning(s, 2, &text));
    CHECK_CONTAINS(base_buf_text(&text), "the supernet has learned nothing");
    CHECK_CONTAINS(base_buf_text(&text), "that of a guess, 2.30"); /* ten digits, about equally many */
    nas_search_destroy(s);
    settings = settings_of(arena, 4, 1);
    s = create_with(&settings, "darts-first", &d, arena);
    CHECK_OK(nas_search_run(s, 4, NULL, &err));
    base_buf_clear(&text);
    nas_search_warning(s, 3, &text);
    assert_null(strstr(base_buf_text(&text), "learned"));
    base_buf_fini(&text);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* The eigenvalue is there when the rule asks for it, and the genotype is that of the epoch which the rule names. */
static void the_eigenvalue_rule_ends_a_search(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *s =
        create("{step: first, stop: eigenvalue, every: 1, window: 1, delta: 1, start: 0, factor: 1}", &d, arena, 12, 1);
    nas_genotype *got, *want;
    CHECK_OK(nas_search_run(s, 12, NULL, &err));
    const nas_verdict *verdict = nas_search_verdict(s);
    const size_t epochs = nas_search_epochs(s);
    assert_true(verdict->stop && verdict->early);
    assert_true(epochs < 12);
    assert_int_equal(verdict->genotype, epochs - 2);
    assert_true(nas_search_figures(s, epochs - 1)->eigenvalue > nas_search_figures(s, epochs - 2)->eigenvalue);
    for (size_t e = 0; e < epochs; e++) assert_true(isfinite(nas_search_figures(s, e)->eigenvalue));
    base_buf text = {0};
    assert_true(nas_search_warning(s, epochs - 1, &text));
    CHECK_CONTAINS(base_buf_text(&text), "the search ends early: the largest eigenvalue");
    CHECK_CONTAINS(base_buf_text(&text), base_arena_printf(arena, "that of epoch %zu", epochs - 1));
    base_buf_clear(&text);
    nas_search_write_figures(s, 0, &text);
    CHECK_CONTAINS(base_buf_text(&text), "epoch 1: weights' half loss ");
    CHECK_CONTAINS(base_buf_text(&text), ", eigenvalue ");
    CHECK_CONTAINS(base_buf_text(&text), "of 4 edges of 'normal' ");
    base_buf_fini(&text);
    CHECK_OK(nas_search_genotype(s, arena, &got, &err));
    CHECK_OK(nas_search_genotype_after(s, epochs - 2, arena, &want, &err));
    assert_true(nas_genotype_equal(got, want));
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

static void a_search_that_diverges_says_so(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search_settings settings = settings_of(arena, 2, 1);
    nas_search *s;
    settings.learning_rate = 1e30;
    settings.clip_norm = 0;
    CHECK_OK(nas_search_create(&settings, read_choices(arena, "darts-first"), read_space(arena, space_text), d.view,
                               NULL, &s, &err));
    CHECK_FAILS(nas_search_run(s, 2, NULL, &err), BASE_NUMERIC, "loss became");
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* ---- limits ---- */

/* Of the networks of space_text on digits. */
static nas_limits limits_of(base_arena *arena) {
    const eng_net_config around = {.input = {3, {8, 8, 1}}, .task = ENG_MULTICLASS, .outputs = 10};
    base_err err;
    nas_costs costs;
    CHECK_OK(nas_costs_count(read_space(arena, space_text), &(nas_settings){0}, &around, arena, &costs, &err));
    return nas_limits_none(&costs);
}

/* Every search that has a name. */
static void searches_keep_within_their_limits(void **state) {
    (void)state;
    size_t count;
    const nas_search_name *names = nas_search_names(&count);
    data d = load_data(.1);
    for (size_t i = 0; i < count; i++) {
        base_arena *arena = base_arena_create();
        const bool tunes = strcmp(names[i].name, "darts-pt") == 0; /* for long, unless told otherwise */
        const char *search = tunes ? "{name: darts-pt, tune: 0}" : names[i].name;
        nas_search_settings settings = settings_of(arena, 3, (int64_t)i);
        nas_limits limits = limits_of(arena);
        base_err err = {0};
        nas_genotype *genotype;
        double smallest, largest;
        nas_costs_range(&limits.costs, NAS_COST_PARAMETERS, &smallest, &largest);
        limits.max[NAS_COST_PARAMETERS] = smallest + .1 * (largest - smallest);
        settings.limits = &limits;
        settings.limit_penalty = 1;
        settings.channels = 8;
        nas_search *s = create_with(&settings, search, &d, arena);
        CHECK_OK(nas_search_run(s, 3, NULL, &err));
        CHECK_OK(nas_search_genotype(s, arena, &genotype, &err));
        CHECK_OK(nas_genotype_check(genotype, &err));
        assert_true(nas_limits_meet(&limits, genotype));
        nas_search_destroy(s);
        base_arena_destroy(arena);
    }
    unload_data(&d);
}

/* How far the mean network of a search is above its limits after all its epochs. */
static double excess_after(const nas_limits *limits, double penalty, const data *d, base_arena *arena) {
    nas_search_settings settings = settings_of(arena, 3, 1);
    base_err err = {0};
    settings.limits = limits;
    settings.limit_penalty = penalty;
    nas_search *s = create_with(&settings, "darts-first", d, arena);
    CHECK_OK(nas_search_run(s, 3, NULL, &err));
    double **weights = nas_operation_blocks(limits->costs.space, arena);
    double **slopes = nas_operation_blocks(limits->costs.space, arena);
    nas_search_weights(s, 2, weights);
    nas_search_destroy(s);
    return nas_limits_penalty(limits, 1, (const double *const *)weights, slopes);
}

static void a_penalty_makes_the_mean_network_smaller(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    data d = load_data(.2);
    nas_limits limits = limits_of(arena);
    double largest;
    nas_costs_range(&limits.costs, NAS_COST_FLOPS, &limits.max[NAS_COST_FLOPS], &largest);
    const double without = excess_after(&limits, 0, &d, arena);
    const double little = excess_after(&limits, 1, &d, arena), much = excess_after(&limits, 100, &d, arena);
    assert_true(little < without && much < little);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* What no network exceeds leaves a search with its bits. */
static void a_limit_that_does_not_bind_changes_no_bit(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    data d = load_data(.2);
    nas_limits limits = limits_of(arena);
    nas_search_settings settings = settings_of(arena, 1, 1);
    nas_search *plain = create_with(&settings, "darts", &d, arena);
    double smallest;
    base_err err = {0};
    nas_costs_range(&limits.costs, NAS_COST_FLOPS, &smallest, &limits.max[NAS_COST_FLOPS]);
    settings.limits = &limits;
    settings.limit_penalty = 1;
    nas_search *limited = create_with(&settings, "darts", &d, arena);
    CHECK_OK(nas_search_run(plain, 1, NULL, &err));
    CHECK_OK(nas_search_run(limited, 1, NULL, &err));
    check_same(plain, limited);
    nas_search_destroy(plain);
    nas_search_destroy(limited);
    base_arena_destroy(arena);
    unload_data(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_learns_weights_and_alphas),
        cmocka_unit_test(random_networks_learn_with_weights_that_they_share),
        cmocka_unit_test(what_is_measured_is_what_is_taken),
        cmocka_unit_test(alphas_stay_in_a_warm_up),
        cmocka_unit_test(a_warm_up_costs_the_pass_of_the_weights),
        cmocka_unit_test(the_alphas_of_every_epoch_are_kept),
        cmocka_unit_test(a_collapse_is_said_in_words),
        cmocka_unit_test(a_supernet_that_guesses_is_said_in_words),
        cmocka_unit_test(the_eigenvalue_rule_ends_a_search),
        cmocka_unit_test(a_search_that_diverges_says_so),
        cmocka_unit_test(searches_keep_within_their_limits),
        cmocka_unit_test(a_penalty_makes_the_mean_network_smaller),
        cmocka_unit_test(a_limit_that_does_not_bind_changes_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
