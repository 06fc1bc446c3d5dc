/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study of darts may say: defaults, searched settings of both trainings, mistakes with their places, what
 * --check shows and refuses. */
#include "experiments/objectives/darts_settings.h"

#include "experiments/objectives/registry.h"
#include "hpo/study/study_file.h"
#include "nas/cells.h"
#include "tests/support/check.h"

static const hpo_objective_type *const objectives[] = {&obj_darts};
static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "test"};

#define DIGITS "objective: {darts: {dataset: digits, space: toy, channels: 4"
#define END    "}}\nbudget: {trials: 2}\n"
#define X      "parameters: {learning_rate: {min: 0.01, max: 0.1}}\n"

static base_status read_study(const char *text, hpo_study_spec **spec, base_err *err) {
    return hpo_study_read(&catalog, "study.yaml", text, strlen(text), NULL, 0, NULL, spec, err);
}

static darts_settings settings_of(const char *text, const double *config, base_arena *arena, hpo_study_spec **spec) {
    base_err err = {0};
    darts_settings settings;
    CHECK_OK(read_study(text, spec, &err));
    const hpo_objective_env env = hpo_study_objective_env(*spec);
    CHECK_OK(darts_read(&env, config, arena, &settings, &err));
    return settings;
}

static eng_recipe recipe_of(const darts_settings *settings, base_arena *arena) {
    base_err err = {0};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    eng_recipe recipe;
    CHECK_OK(darts_recipe(settings, nas_genotype_random(settings->space, &rng, arena), 42, arena, &recipe, &err));
    return recipe;
}

/* Of a limit in nanoseconds. */
static void times_have_units(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double nanoseconds;
    } cases[] = {{"2ms", 2e6}, {"500us", 5e5}, {"0.01s", 1e7}, {"'0.002'", 2e6}, {"'1e-3'", 1e6}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        hpo_study_spec *spec;
        const double config[] = {0.05};
        const char *text = base_arena_printf(arena, DIGITS ", limits: {latency: %s, flops: 2e6}" END X, cases[i].text);
        const darts_settings s = settings_of(text, config, arena, &spec);
        assert_true(s.limits.given);
        CHECK_CLOSE(s.limits.max[NAS_COST_LATENCY], cases[i].nanoseconds, 1e-12);
        CHECK_NEAR(s.limits.max[NAS_COST_FLOPS], 2e6, 0);
        CHECK_NEAR(s.limits.max[NAS_COST_PARAMETERS], 0, 0);
        CHECK_NEAR(s.limits.penalty, 1, 0);
        hpo_study_spec_destroy(spec);
        base_arena_destroy(arena);
    }
}

static void everything_has_the_default_of_the_paper(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    hpo_study_spec *spec;
    const double config[] = {0.05};
    const darts_settings s = settings_of(DIGITS END X, config, arena, &spec);
    assert_string_equal(spec->goals[0].name, "valid_error");
    CHECK_NEAR(s.search.learning_rate, 0.05, 0);
    assert_int_equal(s.search.epochs, 50);
    assert_int_equal(s.search.channels, 4);
    assert_string_equal(s.choices.name, "darts");
    assert_true(s.retrains);
    const eng_recipe r = recipe_of(&s, arena);
    CHECK_NEAR(r.optimizer.learning_rate, 0.025, 0); /* not that of the search */
    CHECK_NEAR(r.optimizer.momentum, 0.9, 0);
    CHECK_NEAR(r.optimizer.weight_decay, 3e-4, 0);
    CHECK_NEAR(r.optimizer.clip_norm, 5, 0);
    assert_string_equal(eng_schedule_names[r.schedule.schedule], "cosine");
    assert_int_equal(r.course.epochs, 25);
    assert_int_equal(r.course.batch_size, 96);
    assert_int_equal(r.course.seed, 21);
    assert_true(r.network.kind == &nas_network_cells);
    assert_string_equal(r.data.dataset, "digits");
    hpo_study_spec_destroy(spec);
    base_arena_destroy(arena);
}

/* Another seed is another search: a study need not search anything. */
static void seeds_alone_are_a_study(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    hpo_study_spec *spec, *copy;
    base_err err = {0};
    base_buf text = {0};
    const darts_settings s = settings_of(DIGITS END, NULL, arena, &spec);
    assert_int_equal(hpo_space_count(spec->space), 0);
    assert_true(spec->repeats && s.retrains);
    hpo_study_spec_print(spec, &text); /* which reads back as the same study */
    CHECK_OK(read_study(base_buf_text(&text), &copy, &err));
    assert_string_equal(copy->identity, spec->identity);
    hpo_study_spec_destroy(copy);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    base_arena_destroy(arena);
}

static void both_trainings_are_searched_by_name(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    hpo_study_spec *spec;
    const double config[] = {0.05, 0.002, 1, 7};
    const darts_settings s = settings_of(
        DIGITS ", retrain: {epochs: \"{length}\", channels: 8, momentum: 0.5}" END
               "fidelity: {search_epochs: {min: 2, max: 18}}\n"
               "parameters: {learning_rate: {min: 0.01, max: 0.1}, retrain.learning_rate: {min: 0.001, max: 0.1}, "
               "retrain.drop_path: {values: [0.0, 0.2]}, length: {min: 1, max: 9}}\n",
        config, arena, &spec);
    const eng_recipe r = recipe_of(&s, arena);
    CHECK_NEAR(s.search.learning_rate, 0.05, 0);
    CHECK_NEAR(r.optimizer.learning_rate, 0.002, 0);
    CHECK_NEAR(((const nas_cells *)r.network.own)->drop_path, 0.2, 0);
    assert_int_equal(((const nas_cells *)r.network.own)->channels, 8);
    CHECK_NEAR(r.optimizer.momentum, 0.5, 0);
    assert_int_equal(r.course.epochs, 7);
    assert_int_equal(s.search.epochs, 18); /* the schedule is that of the longest search */
    CHECK_NEAR(darts_retrain_cost(&s), 7, 0);
    const hpo_objective_env env = hpo_study_objective_env(spec);
    const double pass = nas_search_cost(&s.choices, 18, 0, 1);
    assert_true(pass >= 1);
    CHECK_NEAR(obj_darts.cost(&env, config, 2, 6, false), 4 * pass, 1e-12);
    CHECK_NEAR(obj_darts.cost(&env, config, 2, 6, true), 4 * pass + 7, 1e-12);
    hpo_study_spec_destroy(spec);
    base_arena_destroy(arena);
}

static const struct {
    const char *text, *position, *remedy;
} broken[] = {
    {"objective: {darts: {dataset: digits}}\nbudget: {trials: 2}\n" X, "study.yaml:1:", "space"},
    {DIGITS ", spaec: toy" END X, "study.yaml:1:63", "did you mean 'space'"},
    {"objective: {darts: {dataset: digits, space: toi}}\nbudget: {trials: 2}\n" X, "study.yaml:1:45", "toy"},
    {DIGITS ", search: dart" END X, "study.yaml:1:71", "darts"},
    {DIGITS ", search_epochs: 0" END X, "study.yaml:1:78", "between 1 and"},
    {DIGITS ", folds: 3" END X, "study.yaml:1:63", "no cross-validation"},
    {DIGITS ", limits: 190000" END X, "study.yaml:1:71", "limits must be a map such as"},
    {DIGITS ", limits: {parameter: 190000}" END X, "study.yaml:1:83", "did you mean 'parameters'"},
    {DIGITS ", limits: {flops: -1}" END X, "study.yaml:1:79", "at least 0"},
    {DIGITS ", limits: {flops: 1e6, penalty: -1}" END X, "study.yaml:1:93", "at least 0"},
    {DIGITS ", limits: {latency: 2min}" END X, "study.yaml:1:81", "such as 2ms, 500us"},
    {DIGITS ", limits: {latency: 0ms}" END X, "study.yaml:1:81", "a time above 0"},
    {DIGITS ", limits: {latency: 2ms}" END "parameters: {retrain.channels: {values: [4, 8]}}\n", "study.yaml:1:81",
     "for networks of one size"},
    {DIGITS ", retrain: never" END X, "study.yaml:1:72", "retrain must be none, or a map"},
    {DIGITS ", retrain: {dataset: digits}" END X, "study.yaml:1:73", "its data are those of the search"},
    {DIGITS ", retrain: {genotype: x}" END X, "study.yaml:1:73", "what the search finds"},
    {DIGITS ", retrain: {epohcs: 3}" END X, "study.yaml:1:73", "did you mean 'epochs'"},
    {DIGITS ", retrain: {epochs: 3}" END "parameters: {retrain.epochs: {min: 1, max: 3}}\n",
     "study.yaml:3:", "searched here and fixed in retrain"},
    {DIGITS END "parameters: {search: {values: [darts, dart]}}\n", "study.yaml:3:22", "did you mean 'darts'"},
    {DIGITS ", retrain: none" END "metric: supernet_error\nparameters: {retrain.epochs: {min: 1, max: 3}}\n",
     "study.yaml:", "nothing to search"},
    {DIGITS END "parameters: {retrain.epohcs: {min: 1, max: 3}}\n", "study.yaml:3:14", "did you mean 'retrain.epochs'"},
    {DIGITS END "parameters: {retrain.epochs: {min: 0, max: 3}}\n", "study.yaml:3:36", "at least 1"},
    {DIGITS END "parameters: {valid_fraction: {min: 0.1, max: 0.3}}\n", "study.yaml:3:", "cannot be searched"},
    {DIGITS END "metric: test_error\n" X, "study.yaml:1:", "never used for a choice"},
    {DIGITS ", retrain: none" END "metric: valid_error\n" X, "study.yaml:3:9", "does not report"},
    {DIGITS END "fidelity: {epochs: {min: 1, max: 3}}\n" X, "study.yaml:1:", "can spend search_epochs"},
    {DIGITS ", search_epochs: 3" END "fidelity: {search_epochs: {min: 1, max: 3}}\n" X, "study.yaml:1:63",
     "remove it here"},
    {DIGITS END "fidelity: {search_epochs: {min: 0.5, max: 3}}\n" X, "study.yaml:1:", "whole numbers"},
};

static void mistakes_have_a_place_and_a_remedy(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < CHECK_COUNT(broken); i++) {
        base_err err = {0};
        hpo_study_spec *spec = NULL;
        const base_status status = read_study(broken[i].text, &spec, &err);
        const bool told = strncmp(err.text, broken[i].position, strlen(broken[i].position)) == 0 &&
                          strstr(err.text, broken[i].remedy);
        if (status == BASE_INVALID && told) continue;
        print_error("%s\n-> %s\n", broken[i].text, status == BASE_OK ? "accepted" : err.text);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void a_rule_on_reports_is_warned_of(void **state) {
    (void)state;
    hpo_study_spec *spec;
    base_err err = {0};
    base_buf advice = {0};
    CHECK_OK(
        read_study(DIGITS END "fidelity: {search_epochs: {min: 1, max: 3}}\nmethod: median-stop\n" X, &spec, &err));
    hpo_study_advise(spec, &advice);
    CHECK_CONTAINS(base_buf_text(&advice), "carry supernet_error");
    hpo_study_spec_destroy(spec);
    base_buf_fini(&advice);
}

/* ---- --check ---- */

static base_status describe(uint64_t memory, const char *text, base_buf *out, base_err *err) {
    hpo_study_spec *spec;
    if (read_study(text, &spec, err) != BASE_OK) fail_msg("%s", err->text);
    spec->limits.memory = memory;
    const base_status status = hpo_study_describe(spec, out, err);
    hpo_study_spec_destroy(spec);
    return status;
}

static void check_shows_the_supernet(void **state) {
    (void)state;
    base_buf out = {0};
    base_err err = {0};
    assert_int_equal(describe(0, DIGITS ", search: darts-first, fraction: 0.2, batch_size: 32" END X, &out, &err),
                     BASE_OK);
    CHECK_CONTAINS(base_buf_text(&out), "# toy: 24 edge weights, 4096 genotypes; in the middle");
    CHECK_CONTAINS(base_buf_text(&out), "# the supernet has ");
    CHECK_CONTAINS(base_buf_text(&out), "# a step takes ");
    CHECK_CONTAINS(base_buf_text(&out), "# a genotype by lot is retrained for 25 epochs with ");
    assert_string_equal(err.text, "");
    base_buf_fini(&out);
}

/* Beside what networks of the space cost. */
static void check_shows_the_limits(void **state) {
    (void)state;
    base_buf out = {0};
    base_err err = {0};
    assert_int_equal(describe(0,
                              DIGITS ", search: darts-first, fraction: 0.2, limits: {parameters: 9e3, flops: 1e6}, "
                                     "retrain: {channels: 8}" END X,
                              &out, &err),
                     BASE_OK);
    CHECK_CONTAINS(base_buf_text(&out),
                   "# at most 9000 parameters; networks of the space have 8178 parameters to 13458");
    CHECK_CONTAINS(base_buf_text(&out), "# at most 1000000 flops; ");
    assert_int_equal(describe(0,
                              DIGITS ", search: darts-first, limits: {parameters: 8e3}, retrain: {channels: 8}" END X,
                              &out, &err),
                     BASE_INVALID);
    assert_string_equal(err.text,
                        "study.yaml:1:105: no network of the space is so small: the smallest has 8178 parameters");
    base_buf_fini(&out);
}

/* What does not fit is refused with a batch that does: one more sample is refused again. */
static void check_names_the_largest_batch_that_fits(void **state) {
    (void)state;
    base_buf out = {0}, again = {0};
    base_err err = {0};
    const uint64_t limit = UINT64_C(8) << 20;
    static const char study[] = DIGITS ", search: darts-first, batch_size: 512" END X;
    assert_int_equal(describe(limit, study, &out, &err), BASE_INVALID);
    const char *named = strstr(err.text, "batch_size: ");
    assert_non_null(named);
    const long batch = strtol(named + strlen("batch_size: "), NULL, 10);
    assert_true(batch > 0 && batch < 512);
    for (long more = 0; more < 2; more++) {
        base_buf_clear(&again);
        base_buf_clear(&out);
        base_buf_printf(&again, DIGITS ", search: darts-first, batch_size: %ld" END X, batch + more);
        err = (base_err){0};
        assert_int_equal(describe(limit, base_buf_text(&again), &out, &err), more == 0 ? BASE_OK : BASE_INVALID);
    }
    err = (base_err){0};
    assert_int_equal(describe(1000, study, &out, &err), BASE_INVALID);
    CHECK_CONTAINS(err.text, "fewer channels or cells");
    base_buf_fini(&out);
    base_buf_fini(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(everything_has_the_default_of_the_paper),
        cmocka_unit_test(seeds_alone_are_a_study),
        cmocka_unit_test(both_trainings_are_searched_by_name),
        cmocka_unit_test(mistakes_have_a_place_and_a_remedy),
        cmocka_unit_test(a_rule_on_reports_is_warned_of),
        cmocka_unit_test(check_shows_the_supernet),
        cmocka_unit_test(check_names_the_largest_batch_that_fits),
        cmocka_unit_test(check_shows_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
