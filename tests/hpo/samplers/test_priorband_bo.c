/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand with models: the same bits as priorband until a count that is made here says otherwise, then the maximum of
 * an expected improvement that is computed here: by dense matrices over a grid, and in two steps over all candidates.
 */
#include <stdlib.h>

#include "hpo/models/gp_fit.h"
#include "hpo/models/gp_surrogate.h"
#include "hpo/models/transform.h"
#include "hpo/samplers/sampler.h"
#include "tests/support/toy_objective.h"
#include "tests/support/toy_space.h"

/* ---- when the model begins ---- */

static toy_tape run_study(const char *method, uint64_t seed, size_t workers) {
    base_buf text = {0};
    base_buf_printf(&text,
                    "objective: toy\nseed: %d\nmethod: %s\nfidelity: {e: {min: 1, max: 9}}\nbudget: {trials: 60}\n"
                    "parameters: {x: {min: 0.0, max: 1.0, prior: 0.2}, c: {values: [p, q, r], prior: q}, y: {min: 0.0, "
                    "max: 1.0, when: {c: q}}, k: {min: 1, max: 9}}\n",
                    (int)seed, method);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_err err;
    hpo_study *study;
    toy_tape tape = {0};
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = workers, .seed = seed, .fail_share = 0.2, .tape = &tape});
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    return tape;
}

static bool is_model(const hpo_record *record) {
    return record->kind == HPO_RECORD_START && strcmp(record->origin, "model") == 0;
}

/* Successes on the rung that has the most. */
static size_t most_successes(const toy_tape *tape, size_t before) {
    size_t most = 0;
    for (double fidelity = 1; fidelity <= 9; fidelity *= 3) {
        size_t count = 0;
        for (size_t i = 0; i < before; i++) {
            const hpo_record *r = &tape->records[i];
            count += r->kind == HPO_RECORD_RESULT && r->fidelity == fidelity && r->result.failure == HPO_FAILURE_NONE;
        }
        if (count > most) most = count;
    }
    return most;
}

/* Sum of the fidelities of the trials' last results. */
static double spent(const toy_tape *tape, size_t before) {
    double last[100] = {0}, sum = 0;
    for (size_t i = 0; i < before; i++) {
        const hpo_record *r = &tape->records[i];
        if (r->kind == HPO_RECORD_RESULT) last[r->trial] = r->fidelity;
    }
    for (size_t i = 0; i < 100; i++) sum += last[i];
    return sum;
}

/* The first record of a model; up to there the two studies are the same. With 4 dimensions 6 successes are enough. */
static void check_beginning(const char *method, bool joint, double enough, size_t workers) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        toy_tape plain = run_study("priorband", seed, workers), models = run_study(method, seed, workers);
        size_t first = 0;
        while (first < models.count && !is_model(&models.records[first])) first++;
        assert_true(first > 10 && first < models.count);
        for (size_t i = 0; i < models.count; i++) {
            const hpo_record *r = &models.records[i];
            if (r->kind != HPO_RECORD_START) continue;
            const double now = joint ? spent(&models, i) : (double)most_successes(&models, i);
            assert_int_equal(is_model(r), now >= enough);
        }
        hpo_study_spec *spec =
            toy_spec("objective: toy\nmethod: random\nbudget: {trials: 1}\nparameters: {x: {min: "
                     "0.0, max: 1.0}, c: {values: [p, q, r]}, y: {min: 0.0, max: 1.0, when: {c: q}}, "
                     "k: {min: 1, max: 9}}\n");
        for (size_t i = 0; i < first; i++) {
            assert_true(toy_same_record(spec->space, &plain.records[i], &models.records[i]));
            if (plain.records[i].kind == HPO_RECORD_START) {
                assert_string_equal(plain.records[i].origin, models.records[i].origin);
            }
        }
        hpo_study_spec_destroy(spec);
        toy_tape_fini(&plain);
        toy_tape_fini(&models);
    }
}

static void it_is_priorband_until_a_rung_has_enough(void **state) {
    (void)state;
    check_beginning("{name: priorband-bo, model: rung}", false, 6, 1);
    check_beginning("{name: priorband-bo, model: rung}", false, 6, 4);
    check_beginning("{name: priorband-bo, model: rung, init: 9}", false, 9, 4);
}

static void it_is_priorband_until_enough_is_spent(void **state) {
    (void)state;
    check_beginning("{name: priorband-bo, model: joint}", true, 10 * 9, 1);
    check_beginning("{name: priorband-bo, model: joint, init: 5}", true, 5 * 9, 4);
}

/* ---- a history by hand, fidelities 1, 3, 9 ---- */

typedef struct rig {
    toy_sampling s; /* space and history */
    hpo_sampler *sampler;
} rig;

static void rig_open(rig *r, const char *parameters, const char *options) {
    base_err err;
    base_yaml_node *root;
    base_buf text = {0};
    base_buf_printf(&text, "{parameters: %s}", parameters);
    toy_sampling_open(&r->s, "random", 1, base_buf_text(&text));
    base_buf_fini(&text);
    CHECK_OK(base_yaml_parse(r->s.arena, "yaml", options, strlen(options), &root, &err));
    const hpo_sampler_env env = {
        .space = r->s.space, .seed = 5, .min_fidelity = 1, .max_fidelity = 9, .integer_fidelity = true};
    CHECK_OK(hpo_sampler_create(hpo_sampler_find("priorband-bo"), root, &env, &r->sampler, &err));
}

static void rig_close(rig *r) {
    hpo_sampler_destroy(r->sampler);
    toy_sampling_close(&r->s);
}

static hpo_view view_of(const rig *r) {
    return hpo_history_view(r->s.history);
}

static uint32_t rung_of(double fidelity) {
    return fidelity < 3 ? 0 : fidelity < 9 ? 1 : 2;
}

static void apply(rig *r, hpo_record_kind kind, uint64_t trial, double fidelity, const double *config, double loss) {
    base_err err;
    const hpo_record record = {
        .kind = kind,
        .trial = trial,
        .rung = rung_of(fidelity),
        .fidelity = fidelity,
        .as_of = view_of(r).as_of,
        .parent = UINT64_MAX,
        .config = config,
        .value = loss,
        .final = kind == HPO_RECORD_RESULT && fidelity >= 9,
        .result = {.cost = 1, .failure = isnan(loss) ? HPO_FAILURE_CRASH : HPO_FAILURE_NONE},
    };
    CHECK_OK(hpo_history_apply(r->s.history, &record, &err));
}

/* A new trial, evaluated at a fidelity; loss NaN: it fails. */
static uint64_t add_evaluated(rig *r, const double *config, double fidelity, double loss) {
    const uint64_t trial = hpo_view_trials(view_of(r));
    apply(r, HPO_RECORD_START, trial, fidelity, config, 0);
    apply(r, HPO_RECORD_RESULT, trial, fidelity, config, loss);
    return trial;
}

static const char *ask(rig *r, double fidelity, double *config) {
    base_err err;
    const char *origin;
    const hpo_request request = {.trial = hpo_view_trials(view_of(r)), .rung = rung_of(fidelity), .fidelity = fidelity};
    CHECK_OK(hpo_sampler_ask(r->sampler, view_of(r), &request, config, &origin, &err));
    return origin;
}

/* ---- rung: a dense reference ---- */

enum { ROWS = 14, MOST = 24, A = 21, B = 15 };

/* Rows of a process with noise, and Matern-5/2: everything is solved anew by Gaussian elimination. */
typedef struct dense {
    size_t n;
    double x[MOST][2], y[MOST], theta[4];
} dense;

static double matern(const dense *d, const double *a, const double *b) {
    double r2 = 0;
    for (size_t k = 0; k < 2; k++) r2 += (a[k] - b[k]) * (a[k] - b[k]) / exp(2 * d->theta[k]);
    const double r = sqrt(5 * r2);
    return exp(d->theta[2]) * (1 + r + 5 * r2 / 3) * exp(-r);
}

/* out = K^-1 right, K with noise. */
static void solve(const dense *d, const double *right, double *out) {
    double m[MOST][MOST + 1];
    for (size_t i = 0; i < d->n; i++) {
        for (size_t j = 0; j < d->n; j++) m[i][j] = matern(d, d->x[i], d->x[j]) + (i == j ? exp(d->theta[3]) : 0);
        m[i][d->n] = right[i];
    }
    for (size_t k = 0; k < d->n; k++) { /* positive definite: no pivoting */
        for (size_t i = 0; i < d->n; i++) {
            if (i == k) continue;
            const double factor = m[i][k] / m[k][k];
            for (size_t j = k; j <= d->n; j++) m[i][j] -= factor * m[k][j];
        }
    }
    for (size_t i = 0; i < d->n; i++) out[i] = m[i][d->n] / m[i][i];
}

static void predict(const dense *d, const double *x, double *mean, double *variance) {
    double k[MOST] = {0}, solved[MOST];
    for (size_t i = 0; i < d->n; i++) k[i] = matern(d, x, d->x[i]);
    solve(d, k, solved);
    *mean = 0;
    *variance = exp(d->theta[2]);
    for (size_t i = 0; i < d->n; i++) {
        *mean += solved[i] * d->y[i];
        *variance -= solved[i] * k[i];
    }
}

static double expected_improvement(double best, double mean, double variance) {
    const double s = sqrt(variance), z = (best - mean) / s;
    return s * (exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846) + z * erfc(-z / sqrt(2)) / 2);
}

static void grid_point(size_t a, size_t b, double *unit) {
    unit[0] = ((double)a - 0.5) / A;
    unit[1] = ((double)b - 0.5) / B;
}

/* Noisy, which the process learns: every point is evaluated twice, with different results. */
static double bowl(size_t i, const double *config) {
    return (config[0] - 14) * (config[0] - 14) / 40 + (config[1] - 4) * (config[1] - 4) / 10 + (i % 4 % 3 ? 1 : -1);
}

/* The i-th configuration of a walk through the grid that stays for two steps. */
static const double *walk(size_t i, double *config) {
    config[0] = (double)(1 + i / 2 * 8 % A);
    config[1] = (double)(1 + i / 2 * 4 % B);
    return config;
}

static void append(dense *d, const double *config, double y) {
    grid_point((size_t)config[0], (size_t)config[1], d->x[d->n]);
    d->y[d->n++] = y;
}

/* Believed to return what the rows make expect of it. */
static void append_running(dense *d, const double *config) {
    double unit[2], mean, variance;
    grid_point((size_t)config[0], (size_t)config[1], unit);
    predict(d, unit, &mean, &variance);
    append(d, config, mean);
}

/* The point of the grid with the highest expected improvement of those that are not known. */
static void dense_maximum(const rig *r, const dense *d, double *config) {
    double best = (double)INFINITY, highest = 0, unit[2], mean, variance;
    for (size_t i = 0; i < ROWS; i++) {
        predict(d, d->x[i], &mean, &variance);
        best = fmin(best, mean);
    }
    for (size_t a = 1; a <= A; a++) {
        for (size_t b = 1; b <= B; b++) {
            grid_point(a, b, unit);
            predict(d, unit, &mean, &variance);
            const double value = expected_improvement(best, mean, variance);
            if (value <= highest || hpo_view_has_config(view_of(r), (double[]){(double)a, (double)b})) continue;
            highest = value;
            config[0] = (double)a;
            config[1] = (double)b;
        }
    }
}

/* What the sampler sees at fidelity 3: fourteen results, one of them failed, and two running trials whose result there
 * is not known. Not the six at 1, not the two at 9, and not the promoted ones that are running at 9 but are rows
 * already. */
static void fill(rig *r, dense *d) {
    double config[2], loss[ROWS];
    size_t i = 0;
    for (; i < 6; i++) {
        walk(i, config);
        add_evaluated(r, config, 1, 100 - bowl(i, config)); /* rung 0 points elsewhere */
    }
    for (d->n = 0; d->n < ROWS; i++) {
        loss[d->n] = d->n == 4 ? (double)NAN : bowl(i, walk(i, config));
        const uint64_t trial = add_evaluated(r, walk(i, config), 3, loss[d->n]);
        append(d, config, 0);
        if (!isnan(loss[d->n - 1])) apply(r, HPO_RECORD_PROMOTE, trial, 9, NULL, 0);
    }
    hpo_embedding embedding = hpo_embedding_make(r->s.space, 0);
    hpo_transform_losses(loss, ROWS, d->y);
    hpo_gp_fit(&(hpo_gp_data){.embedding = &embedding, .unit = d->x[0], .y = d->y, .n = ROWS}, NULL, d->theta);
    hpo_embedding_free(&embedding);

    for (size_t k = 0; k < 2; k++, i++) add_evaluated(r, walk(i, config), 9, -200);
    dense_maximum(r, d, config);
    apply(r, HPO_RECORD_PROMOTE, add_evaluated(r, config, 1, 50), 3, NULL, 0);
    append_running(d, config);
    dense_maximum(r, d, config);
    apply(r, HPO_RECORD_START, hpo_view_trials(view_of(r)), 1, config, 0);
    append_running(d, config);
}

/* Six proposals, each of which runs, at fidelities 1, 3 and 9, while the next is made. Each is the maximum over the
 * grid under the process of the highest rung with `init` successes: of 20,000 candidates none of the 315 points is
 * missing. */
static void it_maximizes_expected_improvement_on_a_rung(void **state) {
    (void)state;
    static const char *const options[] = {"{candidates: 20000, init: 6}",
                                          "{candidates: 20000, init: 6, acquisition: ei}",
                                          "{candidates: 20000, init: 8}"};
    for (size_t o = 0; o < CHECK_COUNT(options); o++) {
        rig r;
        dense d;
        rig_open(&r, "{a: {min: 1, max: 21, prior: 3}, b: {min: 1, max: 15, prior: 12}}", options[o]);
        fill(&r, &d);
        for (size_t step = 0; step < 6; step++) {
            double expected[2] = {0}, config[2];
            const double fidelity = step % 3 == 0 ? 1 : step % 3 == 1 ? 3 : 9;
            dense_maximum(&r, &d, expected);
            assert_string_equal(ask(&r, fidelity, config), "model");
            CHECK_ARRAY_NEAR(config, expected, 2, 0);
            apply(&r, HPO_RECORD_START, hpo_view_trials(view_of(&r)), fidelity, config, 0);
            append_running(&d, config);
        }
        rig_close(&r);
    }
}

/* ---- joint: two steps ---- */

enum { CANDIDATES = 300, FINALISTS = 10 };

static double tilted(const double *x, double fidelity) {
    const double shift = 0.4 * (9 - fidelity) / 8; /* the optimum moves with the fidelity */
    return (x[0] - 0.7 + shift) * (x[0] - 0.7 + shift) + (x[1] - 0.4) * (x[1] - 0.4);
}

static void values_at(const rig *r, hpo_gp_surrogate *model, const hpo_dataset *data, double fidelity,
                      const double *configs, size_t count, double *values) {
    const hpo_surrogate posterior = hpo_gp_surrogate_condition(model, data, fidelity);
    const hpo_maximize problem = {.space = r->s.space,
                                  .surrogate = &posterior,
                                  .acquisition = {.kind = HPO_ACQUISITION_LOGEI, .best = hpo_gp_surrogate_best(model)},
                                  .view = view_of(r)};
    hpo_maximize_values(&problem, configs, count, values);
}

static size_t rank_of(const double *values, size_t count, size_t i) {
    size_t rank = 0;
    for (size_t j = 0; j < count; j++) rank += values[j] > values[i];
    return rank;
}

/* Over 300 candidates, which are drawn here from the same stream, the proposal is one of the ten with the highest value
 * at the fidelity where it begins, and of these the one with the highest at 9. Both steps matter. */
static void joint_chooses_in_two_steps(void **state) {
    (void)state;
    rig r;
    base_err err;
    rig_open(&r, "{x: {min: 0.0, max: 1.0, prior: 0.5}, y: {min: 0.0, max: 1.0}}",
             "{model: joint, init: 10, candidates: 300}");
    size_t id = 0, not_first = 0, not_highest = 0;
    for (; id < 30; id++) {
        const double config[2] = {fmod(0.618 * (double)id + 0.1, 1), fmod(0.755 * (double)id + 0.2, 1)};
        const double fidelity = id % 4 == 3 ? 9 : id % 2 ? 3 : 1;
        add_evaluated(&r, config, fidelity, id == 7 ? (double)NAN : tilted(config, fidelity));
    }
    hpo_gp_surrogate *model =
        hpo_gp_surrogate_create(r.s.space, &(hpo_gp_settings){.fidelity = true, .min_fidelity = 1, .max_fidelity = 9});
    hpo_observations *observations = hpo_observations_create(r.s.space);
    for (size_t step = 0; step < 12; step++, id++) {
        double configs[CANDIDATES][2], begin[CANDIDATES], full[CANDIDATES], config[2];
        const double fidelity = step % 3 == 0 ? 1 : step % 3 == 1 ? 3 : 9;
        base_rng rng = base_rng_stream(5, BASE_RNG_SAMPLER, (uint32_t)id, 0);
        for (size_t i = 0; i < CANDIDATES; i++) CHECK_OK(hpo_space_sample(r.s.space, &rng, configs[i], &err));
        const hpo_dataset data =
            hpo_observations_collect(observations, view_of(&r), &(hpo_data_query){.policy = HPO_DATA_JOINT});
        values_at(&r, model, &data, fidelity, configs[0], CANDIDATES, begin);
        values_at(&r, model, &data, 9, configs[0], CANDIDATES, full);
        size_t chosen = CANDIDATES;
        for (size_t i = 0; i < CANDIDATES; i++) {
            if (rank_of(begin, CANDIDATES, i) >= FINALISTS) continue;
            if (chosen == CANDIDATES || full[i] > full[chosen]) chosen = i;
        }
        assert_string_equal(ask(&r, fidelity, config), "model");
        assert_memory_equal(config, configs[chosen], sizeof config);
        not_first += rank_of(begin, CANDIDATES, chosen) > 0;
        not_highest += rank_of(full, CANDIDATES, chosen) > 0;
        if (step % 4 == 0) {
            apply(&r, HPO_RECORD_START, id, fidelity, config, 0); /* stays running */
        } else {
            add_evaluated(&r, config, fidelity, tilted(config, fidelity));
        }
    }
    assert_true(not_first >= 3 && not_highest >= 3);
    hpo_observations_destroy(observations);
    hpo_gp_surrogate_destroy(model);
    rig_close(&r);
}

/* 10 full evaluations are 90: nine trials at 9, two at 3 and two at 1 make 89. A failure has cost its fidelity, too. */
static void joint_begins_when_ten_full_evaluations_are_spent(void **state) {
    (void)state;
    rig r;
    rig_open(&r, "{x: {min: 0.0, max: 1.0, prior: 0.5}}", "{model: joint}");
    for (size_t id = 0; id < 14; id++) {
        double x = 0.07 * (double)id, config;
        add_evaluated(&r, &x, id < 9 ? 9 : id < 11 ? 3 : 1, id == 4 ? (double)NAN : x * x);
        assert_int_equal(strcmp(ask(&r, 1, &config), "model") == 0, id == 13);
    }
    rig_close(&r);
}

/* ---- the rest ---- */

static void it_needs_a_prior(void **state) {
    (void)state;
    static toy_sampling s;
    base_err err;
    assert_int_equal(toy_sampling_try(&s, "priorband-bo", 1, "{parameters: {x: {min: 0.0, max: 1.0}}}", &err),
                     BASE_INVALID);
    assert_non_null(strstr(err.text, "priorband-bo needs a parameter with a prior"));
    toy_sampling_close(&s);
}

/* Twelve points, each once; then the model has nothing to propose. */
static void a_finite_space_is_walked_through(void **state) {
    (void)state;
    static const char *const options[] = {"{init: 3}", "{model: joint, init: 1}"};
    for (size_t o = 0; o < CHECK_COUNT(options); o++) {
        rig r;
        rig_open(&r, "{a: {values: [p, q, r], prior: q}, b: {min: 1, max: 4}}", options[o]);
        double config[2] = {0, 1};
        for (size_t id = 0; id < 12; id++) {
            if (id >= 3) assert_string_equal(ask(&r, 1, config), "model");
            if (id < 3) config[1] = (double)(1 + id);
            assert_false(hpo_view_has_config(view_of(&r), config));
            add_evaluated(&r, config, id == 2 ? 9 : 1, config[0] + config[1]);
            if (id == 2 && o == 0) add_evaluated(&r, config, 1, config[0] + config[1]); /* the third on its rung */
        }
        assert_string_not_equal(ask(&r, 1, config), "model");
        rig_close(&r);
    }
}

/* Without a fidelity there is one rung, whatever `model` says: d + 2 = 3 successes. */
static void joint_without_a_fidelity_is_rung(void **state) {
    (void)state;
    rig r;
    base_err err;
    rig_open(&r, "{x: {min: 0.0, max: 1.0, prior: 0.5}}", "{}");
    hpo_sampler *sampler;
    base_yaml_node *options;
    CHECK_OK(base_yaml_parse(r.s.arena, "yaml", "{model: joint}", 14, &options, &err));
    const hpo_sampler_env env = {.space = r.s.space, .seed = 5, .min_fidelity = 9, .max_fidelity = 9};
    CHECK_OK(hpo_sampler_create(hpo_sampler_find("priorband-bo"), options, &env, &sampler, &err));
    for (size_t id = 0; id < 5; id++) {
        const char *origin;
        double config;
        const hpo_request request = {.trial = id, .fidelity = 9};
        CHECK_OK(hpo_sampler_ask(sampler, view_of(&r), &request, &config, &origin, &err));
        assert_int_equal(strcmp(origin, "model") == 0, id >= 3);
        add_evaluated(&r, &config, 9, config);
    }
    hpo_sampler_destroy(sampler);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_priorband_until_a_rung_has_enough),
        cmocka_unit_test(it_is_priorband_until_enough_is_spent),
        cmocka_unit_test(it_maximizes_expected_improvement_on_a_rung),
        cmocka_unit_test(joint_chooses_in_two_steps),
        cmocka_unit_test(joint_begins_when_ten_full_evaluations_are_spent),
        cmocka_unit_test(it_needs_a_prior),
        cmocka_unit_test(a_finite_space_is_walked_through),
        cmocka_unit_test(joint_without_a_fidelity_is_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
