/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trials of train whose genotype is drawn by lot: by the trial's seed and nothing else, trained as darts retrains what
 * it has found, so that a search can be held against random cells. */
static const struct hpo_objective_type *objective; /* of the study at hand */
#define STUDY_OBJECTIVE (*objective)
#include "tests/experiments/objectives/train_study.h"

#include "experiments/objectives/darts_settings.h"
#include "experiments/objectives/train_state.h"
#include "hpo/study/study_file.h"
#include "nas/cells.h"

static const hpo_objective_type *const objectives[] = {&obj_darts, &obj_train};
static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 2, .version = "test"};

#define DATA  "dataset: digits, fraction: 0.2, space: toy, "
#define SMALL "epochs: 2, batch_size: 32, channels: 4"
#define DRAWN "{" DATA "model: cells, genotype: random, " SMALL "}"

static study create(const hpo_objective_type *type, const char *settings, hpo_fidelity fidelity) {
    base_err err = {0};
    objective = type;
    study s = study_describe(settings, NULL, fidelity, "valid_error");
    CHECK_OK(type->check(&s.env, &err));
    CHECK_OK(study_start(&s, &err));
    return s;
}

static hpo_result result_of(study *s, uint64_t seed, const char *in) {
    listener l = {0};
    hpo_result result;
    base_err err = {0};
    s->seed = seed;
    CHECK_OK(evaluate(s, in, 0, s->env.fidelity.max, &l, &result, &err));
    return result;
}

static void check_same_file(const char *one, const char *two, const char *name) {
    char path[2][600];
    base_buf text[2] = {{0}, {0}};
    base_err err;
    snprintf(path[0], sizeof path[0], "%s/%s", one, name);
    snprintf(path[1], sizeof path[1], "%s/%s", two, name);
    for (size_t i = 0; i < 2; i++) CHECK_OK(base_read_file(path[i], &text[i], &err));
    assert_true(text[0].length > 0);
    assert_string_equal(base_buf_text(&text[0]), base_buf_text(&text[1]));
    for (size_t i = 0; i < 2; i++) base_buf_fini(&text[i]);
}

static void a_seed_is_a_genotype(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    study s = create(&obj_train, DRAWN, (hpo_fidelity){0});
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two"), *other = folder(&dir, "other");
    const hpo_result a = result_of(&s, 5, one), b = result_of(&s, 6, other), again = result_of(&s, 5, two);
    CHECK_CONTAINS(a.artefact, "Genotype(normal=");
    assert_string_equal(a.artefact, again.artefact);
    assert_string_not_equal(a.artefact, b.artefact);
    check_same_metrics(&a.metrics, &again.metrics);
    for (size_t i = 0; obj_train.files[i]; i++) check_same_file(one, two, obj_train.files[i]);
    obj_train.forget(one, INFINITY);
    assert_true(exists(one, "genotype.json") && exists(one, "cells.svg"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Of 48 lots of 4,096 networks hardly two are equal, and each operation stands on each edge. */
static void lots_cover_the_space(void **state) {
    (void)state;
    enum { LOTS = 48 };
    static const eng_network_kind *const kinds[] = {&nas_network_cells, NULL};
    base_arena *arena = base_arena_create();
    const nas_genotype *drawn[LOTS];
    size_t pairs = 0;
    for (uint64_t seed = 0; seed < LOTS; seed++) {
        base_yaml_node *map = parse(arena, "{genotype: random, space: toy}");
        eng_network network;
        base_err err = {0};
        assert_true(nas_cells_by_lot(map));
        nas_cells_number(map, seed + (UINT64_MAX - LOTS), arena);
        CHECK_OK(eng_network_read(map, kinds, arena, &network, &err));
        drawn[seed] = nas_cells_drawn(&network);
        CHECK_OK(nas_genotype_check(drawn[seed], &err));
        for (uint64_t i = 0; i < seed; i++) pairs += nas_genotype_equal(drawn[i], drawn[seed]);
    }
    assert_true(pairs <= 3);
    for (size_t c = 0; c < 2; c++)
        for (size_t gene = 0; gene < 3; gene++) {
            size_t differs = 0;
            for (size_t i = 1; i < LOTS; i++) {
                bool is_new = true;
                for (size_t k = 0; k < i; k++)
                    is_new =
                        is_new && drawn[k]->cells[c].genes[gene].operation != drawn[i]->cells[c].genes[gene].operation;
                differs += is_new;
            }
            assert_int_equal(1 + differs, 4);
        }
    base_arena_destroy(arena);
}

static void a_training_goes_on_with_its_genotype(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = create(&obj_train, "{" DATA "model: cells, genotype: random, batch_size: 32, channels: 4}",
                     (hpo_fidelity){.name = "epochs", .min = 1, .max = 3, .integer = true});
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two");
    listener l = {0};
    hpo_result promoted;
    const hpo_result whole = result_of(&s, 11, one);
    evaluate_elsewhere(&s, two, 0, 1, &l, BASE_OK);
    l = (listener){.stop_at = 2}; /* told to stop before the end, and asked again */
    evaluate_elsewhere(&s, two, 1, 3, &l, BASE_OK);
    CHECK_OK(evaluate(&s, two, 1, 3, &l, &promoted, &err));
    assert_string_equal(promoted.artefact, whole.artefact);
    check_same_metrics(&promoted.metrics, &whole.metrics);
    assert_int_equal(promoted.notices, 0);
    check_same_file(one, two, "genotype.json");
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void a_genotype_that_is_given_is_no_finding(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    study s = create(&obj_train, "{" DATA "model: cells, genotype: random 5, " SMALL "}", (hpo_fidelity){0});
    const char *named = folder(&dir, "named"), *given = folder(&dir, "given");
    const hpo_result lot = result_of(&s, 6, named); /* by number: the seed has no say */
    base_buf settings = {0};
    base_buf_printf(&settings, "{" DATA "model: cells, genotype: \"%s\", " SMALL "}", lot.artefact);
    study_end(&s);
    s = create(&obj_train, base_buf_text(&settings), (hpo_fidelity){0});
    const hpo_result same = result_of(&s, 6, given);
    assert_string_equal(same.artefact, "");
    assert_false(exists(given, "genotype.json") || exists(given, "cells.svg"));
    check_same_metrics(&lot.metrics, &same.metrics);
    base_buf_fini(&settings);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* The recipe of random.yaml on what darts has found: to the bit what its retraining came to, and on two threads. */
static void it_is_trained_as_a_search_retrains(void **state) {
    (void)state;
    static const char *const equal[] = {"valid_error", "test_error", "parameters", "flops"};
    check_tmpdir dir = check_tmpdir_create();
    study s = create(
        &obj_darts,
        "{dataset: digits, space: toy, flip: true, search: darts-first, search_epochs: 1, channels: 4, batch_size: 32, "
        "retrain: {epochs: 3}}",
        (hpo_fidelity){0});
    const hpo_result found = result_of(&s, 77, folder(&dir, "found"));
    base_buf settings = {0};
    base_buf_printf(&settings,
                    "{dataset: digits, space: toy, flip: true, model: cells, genotype: \"%s\", epochs: 3, batch_size: "
                    "96, optimizer: sgd, "
                    "learning_rate: 0.025, momentum: 0.9, schedule: cosine, weight_decay: 0.0003, clip_norm: 5}",
                    found.artefact);
    study_end(&s);
    s = create(&obj_train, base_buf_text(&settings), (hpo_fidelity){0});
    s.threads = 2;
    const hpo_result trained = result_of(&s, 77, folder(&dir, "trained"));
    for (size_t i = 0; i < CHECK_COUNT(equal); i++)
        CHECK_SAME_DOUBLE(metric(&trained.metrics, equal[i]), metric(&found.metrics, equal[i]));
    base_buf_fini(&settings);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* ---- study files ---- */

static hpo_study_spec *read_study(const char *file, const char *text) {
    hpo_study_spec *spec;
    base_err err = {0};
    CHECK_OK(hpo_study_read(&catalog, file, text, strlen(text), NULL, 0, NULL, &spec, &err));
    return spec;
}

static hpo_study_spec *read_shipped(const char *name) {
    char path[600];
    base_buf text = {0};
    base_err err = {0};
    snprintf(path, sizeof path, STUDIES "/%s", name);
    CHECK_OK(base_read_file(path, &text, &err));
    hpo_study_spec *spec = read_study(path, base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static void print_recipe(const eng_recipe *recipe, base_buf *out) {
    base_options_print(eng_data_options, &recipe->data, out);
    eng_network_print(&recipe->network, out);
    base_options_print(eng_loss_options, &recipe->loss, out);
    base_options_print(eng_optimizer_options, &recipe->optimizer, out);
    base_options_print(eng_schedule_options, &recipe->schedule, out);
    base_options_print(eng_course_options, &recipe->course, out);
}

/* The study that is compared with says every setting of the retrainings of the other one. */
static void the_study_of_random_cells_is_fair(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    hpo_study_spec *random = read_shipped("random.yaml"), *search = read_shipped("study.yaml");
    const hpo_objective_env trains = hpo_study_objective_env(random), searches = hpo_study_objective_env(search);
    const double config[] = {0.02, 0.001, 1e-4};
    darts_settings settings;
    eng_recipe drawn, retrained;
    base_buf one = {0}, two = {0};
    base_err err = {0};
    CHECK_OK(train_recipe(&trains, TRAIN_NONE, &(train_point){config, 1, 40}, arena, &drawn, &err));
    CHECK_OK(darts_read(&searches, config, arena, &settings, &err));
    CHECK_OK(darts_recipe(&settings, nas_cells_drawn(&drawn.network), 40, arena, &retrained, &err));
    assert_false(drawn.course.seed_given); /* then a trial of train takes the seed as darts does */
    drawn.course.seed = darts_seed(40);
    print_recipe(&drawn, &one);
    print_recipe(&retrained, &two);
    assert_string_equal(base_buf_text(&one), base_buf_text(&two));
    assert_int_equal(random->limits.threads, search->limits.threads);
    base_buf_fini(&one);
    base_buf_fini(&two);
    hpo_study_spec_destroy(random);
    hpo_study_spec_destroy(search);
    base_arena_destroy(arena);
}

static void only_what_is_drawn_may_search_nothing(void **state) {
    (void)state;
    hpo_study_spec *spec = read_study("study.yaml", "objective: {train: " DRAWN "}\nbudget: {trials: 4}\n");
    assert_true(spec->repeats);
    assert_int_equal(hpo_space_count(spec->space), 0);
    hpo_study_spec_destroy(spec);
    static const char given[] = "objective: {train: {dataset: digits}}\nbudget: {trials: 4}\n";
    base_err err = {0};
    assert_int_equal(hpo_study_read(&catalog, "study.yaml", given, strlen(given), NULL, 0, NULL, &spec, &err),
                     BASE_INVALID);
    CHECK_CONTAINS(err.text, "'parameters' is missing");
}

static void mistakes_have_a_place_and_a_remedy(void **state) {
    (void)state;
    static const struct {
        const char *settings, *remedy;
    } cases[] = {
        {"{dataset: digits, model: cells, genotype: random}", "study.yaml:1:43: genotype: random needs the space"},
        {"{dataset: digits, model: cells, genotype: random x, space: toy}", "study.yaml:1:43: "},
        {"{dataset: digits, model: cells, genotype: random 99999999999999999999, space: toy}", "study.yaml:1:43: "},
        {"{dataset: digits, model: mlp, genotype: random}", "study.yaml:1:41: genotype has no meaning for model mlp"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_err err = {0};
        study s = study_describe(cases[i].settings, NULL, (hpo_fidelity){0}, "valid_error");
        assert_int_equal(obj_train.check(&s.env, &err), BASE_INVALID);
        CHECK_CONTAINS(err.text, cases[i].remedy);
        study_end(&s);
    }
}

static void check_shows_what_lots_may_come_to(void **state) {
    (void)state;
    base_err err = {0};
    base_buf out = {0};
    const hpo_limits limits = {.threads = 1};
    study s = study_describe(DRAWN, NULL, (hpo_fidelity){.min = 1, .max = 1}, "valid_error");
    CHECK_OK(obj_train.describe(&s.env, &limits, &out, &err));
    CHECK_CONTAINS(base_buf_text(&out), "# a network by lot\n");
    CHECK_CONTAINS(base_buf_text(&out), "# over 64 random configurations: ");
    base_buf_fini(&out);
    study_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_is_a_genotype),
        cmocka_unit_test(lots_cover_the_space),
        cmocka_unit_test(a_training_goes_on_with_its_genotype),
        cmocka_unit_test(a_genotype_that_is_given_is_no_finding),
        cmocka_unit_test(it_is_trained_as_a_search_retrains),
        cmocka_unit_test(the_study_of_random_cells_is_fair),
        cmocka_unit_test(only_what_is_drawn_may_search_nothing),
        cmocka_unit_test(mistakes_have_a_place_and_a_remedy),
        cmocka_unit_test(check_shows_what_lots_may_come_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
