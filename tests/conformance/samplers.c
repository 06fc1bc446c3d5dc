/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every sampler must do, on spaces and histories that are unkind to it. */
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"
#include "tests/support/toy_space.h"

static const char *const spaces[] = {
    "{parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2, confidence: high}, batch: {values: [32, 64, 128], "
    "ordered: true}, layers: {min: 1, max: 4}, dropout: {min: 0.0, max: 0.5, step: 0.1}, opt: {values: [sgd, adam], "
    "probabilities: [0.4, 0.6], prior: adam}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}, nesterov: {values: "
    "[false, true], when: {opt: sgd, momentum: {gt: 0.5}}}, beta: {min: 0.9, max: 0.999, logit: true, when: {opt: "
    "adam}}, "
    "width: {value: 64}}, forbid: [{opt: sgd, lr: {gt: 0.5}}, {layers: {gt: 2}, dropout: {lt: 0.2}}]}",
    "{parameters: {a: {value: 1}, b: {value: text}, one: {values: [only]}, x: {min: 0.0, max: 1.0}}}",
    "{parameters: {a: {value: 1}, one: {values: [only], prior: only}}}",
    "{parameters: {a: {value: 1}, b: {value: text}}}",
    "{parameters: {a: {values: [p, q, r]}, b: {min: 1, max: 3}}, forbid: [{a: p, b: {ne: 2}}]}",
    /* what is believed in is forbidden */
    "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.5, confidence: high}, c: {values: [p, q], prior: p}, k: {min: 1, "
    "max: 9, prior: 5, when: {c: q}}}, forbid: [{c: p, x: {gt: 0.2}}, {k: 5}]}",
    "{parameters: {n: {min: 1, max: 1000000, log: true}, p: {min: 0.001, max: 0.999, logit: true}, tiny: {min: 1e-300, "
    "max: 1e-290, log: true}, huge: {min: -1e300, max: 1e300}, k: {min: -5, max: 5}}}",
};

typedef struct rig {
    base_arena *arena;
    hpo_space *space;
    hpo_sampler_env env;
} rig;

static rig rig_open(const char *yaml) {
    base_err err;
    base_yaml_node *root;
    rig r = {.arena = base_arena_create()};
    CHECK_OK(base_yaml_parse(r.arena, "yaml", yaml, strlen(yaml), &root, &err));
    CHECK_OK(hpo_space_read(base_yaml_get(root, "parameters"), base_yaml_get(root, "forbid"), NULL, &r.space, &err));
    r.env = (hpo_sampler_env){.space = r.space, .seed = 17, .min_fidelity = 1, .max_fidelity = 9};
    return r;
}

static void rig_close(rig *r) {
    hpo_space_destroy(r->space);
    base_arena_destroy(r->arena);
}

/* A sampler as it is, or with options that make another one of it. */
typedef struct subject {
    const hpo_sampler_type *type;
    const char *options; /* NULL: the defaults */
} subject;

static const struct {
    const char *sampler, *options;
} variants[] = {
    {"gp", "{acquisition: ei}"},
    {"gp", "{acquisition: pi}"},
    {"gp", "{acquisition: lcb}"},
    {"gp", "{acquisition: nei}"},
    {"gp", "{acquisition: thompson}"},
    {"gp", "{acquisition: nei, data: joint, kernel: rbf, cost: seconds}"},
    {"gp", "{acquisition: thompson, data: joint}"},
    {"gp", "{cost: seconds}"},
    {"rf", "{acquisition: lcb}"},
    {"rf", "{acquisition: thompson}"},
    {"rf", "{cost: seconds, random: 0}"},
    {"tpe", "{prior: true}"},
    {"tpe", "{prior: true, density: group}"},
    {"tpe", "{prior: true, density: univariate, data: last}"},
    {"priorband-bo", "{model: joint, init: 1}"},
    {"priorband-bo", "{acquisition: ei, init: 1}"},
};

/* Subject number i; false past the last one. */
static bool subject_at(size_t i, subject *out) {
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    if (i < count) {
        *out = (subject){.type = types[i]};
    } else if (i - count < CHECK_COUNT(variants)) {
        *out = (subject){hpo_sampler_find(variants[i - count].sampler), variants[i - count].options};
    } else {
        return false;
    }
    return true;
}

/* Whether it is to be tested; if so, it says so on failure. */
static bool begin(subject which) {
    if (!suite_wants(which.type->name)) return false;
    suite_at("sampler", "%s%s%s", which.type->name, which.options ? " with " : "", which.options ? which.options : "");
    return true;
}

/* NULL when the sampler cannot serve this space: it must then say why. */
static hpo_sampler *make(subject which, const rig *r) {
    base_err err;
    hpo_sampler *sampler;
    base_yaml_node *options = NULL;
    if (which.type->flags & HPO_SAMPLER_NEEDS_PRIOR && !hpo_space_has_prior(r->space)) return NULL;
    if (which.options) {
        CHECK_OK(base_yaml_parse(r->arena, "options", which.options, strlen(which.options), &options, &err));
    }
    const base_status status = hpo_sampler_create(which.type, options, &r->env, &sampler, &err);
    if (status == BASE_OK) return sampler;
    assert_int_equal(status, BASE_INVALID);
    assert_true(strlen(err.text) > 20);
    return NULL;
}

/* ---- unkind histories ---- */

typedef enum past { PAST_NONE, PAST_FAILED, PAST_NAN, PAST_PENDING, PAST_EQUAL, PAST_GOOD, PAST_MIXED, PASTS } past;
static const char *const past_names[] = {"none", "failed", "nan", "pending", "equal", "good", "mixed"};

/* Trials on three rungs, drawn at random (PAST_EQUAL: one configuration with one loss). The last of PAST_GOOD run. */
static hpo_history *make_past(const rig *r, past kind) {
    base_err err;
    hpo_history *history = hpo_history_create(r->space, false, 9);
    double *config = BASE_NEW_ARRAY(r->arena, hpo_space_count(r->space), double);
    const uint64_t count = kind == PAST_NONE ? 0 : kind == PAST_GOOD ? 120 : 40;
    for (uint64_t id = 0; id < count; id++) {
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, kind == PAST_EQUAL ? 0 : (uint32_t)id, 0);
        CHECK_OK(hpo_space_sample(r->space, &rng, config, &err));
        const uint32_t rung = (uint32_t)id % 3;
        const double fidelity = rung == 0 ? 1 : rung == 1 ? 3 : 9;
        hpo_record record = {.kind = HPO_RECORD_START,
                             .trial = id,
                             .rung = rung,
                             .fidelity = fidelity,
                             .as_of = hpo_history_view(history).as_of,
                             .parent = UINT64_MAX,
                             .config = config};
        CHECK_OK(hpo_history_apply(history, &record, &err));
        const past mine = kind == PAST_MIXED ? PAST_FAILED + (past)(id % 4) : kind;
        if (mine == PAST_PENDING || (mine == PAST_GOOD && id >= 115)) continue;
        record = (hpo_record){.kind = HPO_RECORD_RESULT,
                              .trial = id,
                              .rung = rung,
                              .fidelity = fidelity,
                              .parent = UINT64_MAX,
                              .value = kind == PAST_EQUAL ? 1 : base_rng_uniform(&rng),
                              .final = rung == 2,
                              .result = {.cost = 1, .seconds = 0.5 + base_rng_uniform(&rng)}};
        if (mine == PAST_FAILED || mine == PAST_NAN) {
            record.value = (double)NAN;
            record.result.failure = mine == PAST_NAN ? HPO_FAILURE_NAN : HPO_FAILURE_CRASH;
        }
        CHECK_OK(hpo_history_apply(history, &record, &err));
    }
    return history;
}

/* Those whose proposals come from a model once there is data enough: then it must be seen at work. */
static const char *const with_model[] = {"gp", "rf", "tpe", "kde"};

static bool has_model(const hpo_sampler_type *type) {
    for (size_t i = 0; i < CHECK_COUNT(with_model); i++) {
        if (strcmp(type->name, with_model[i]) == 0) return true;
    }
    return false;
}

static size_t from_model; /* proposals so far */

/* False: a finite sampler has ended. */
static bool ask(hpo_sampler *sampler, const rig *r, hpo_view view, uint64_t trial, uint32_t attempt, double *config) {
    base_err err;
    const char *origin = NULL;
    suite_at("trial", "%llu, attempt %u", (unsigned long long)trial, attempt);
    const hpo_request request = {.trial = trial,
                                 .attempt = attempt,
                                 .rung = (uint32_t)trial % 3,
                                 .fidelity = trial % 3 == 0   ? 1
                                             : trial % 3 == 1 ? 3
                                                              : 9};
    const base_status status = hpo_sampler_ask(sampler, view, &request, config, &origin, &err);
    if (status == BASE_END) {
        assert_true(hpo_sampler_type_of(sampler)->flags & HPO_SAMPLER_FINITE);
        assert_true(strlen(err.text) > 10);
        return false;
    }
    assert_int_equal(status, BASE_OK);
    assert_non_null(origin);
    from_model += strcmp(origin, "model") == 0;
    CHECK_OK(hpo_space_check(r->space, config, &err));
    return true;
}

/* On every space and past: legal points, and the same again from a sampler that remembers nothing, in reverse order. */
static void points_are_legal_and_follow_from_the_view(void **state) {
    (void)state;
    enum { N = 30, FEW = 5 };
    subject which;
    for (size_t t = 0; subject_at(t, &which); t++) {
        if (!begin(which)) continue;
        for (size_t s = 0; s < CHECK_COUNT(spaces); s++) {
            rig r = rig_open(spaces[s]);
            suite_at("space", "%s", spaces[s]);
            const size_t width = hpo_space_count(r.space);
            double *points = BASE_NEW_ARRAY(r.arena, N * width, double),
                   *again = BASE_NEW_ARRAY(r.arena, width, double);
            for (past kind = PAST_NONE; kind < PASTS; kind++) {
                suite_at("past", "%s", past_names[kind]);
                hpo_history *history = make_past(&r, kind);
                const hpo_view view = hpo_history_view(history);
                const uint64_t first = hpo_view_trials(view);
                hpo_sampler *sampler = make(which, &r);
                const uint64_t most = which.options ? FEW : N; /* options make it slow, not another sampler */
                uint64_t got = 0;
                from_model = 0;
                while (sampler && got < most &&
                       ask(sampler, &r, view, first + got, (uint32_t)got % 2, points + got * width)) {
                    got++;
                }
                const bool all_tried = isfinite(hpo_space_cardinality(r.space));
                if (sampler && kind == PAST_GOOD && has_model(which.type) && !all_tried) {
                    suite_at("trial", "%zu of %zu are from the model", from_model, (size_t)got);
                    assert_true(from_model > got / 4);
                }
                hpo_sampler *fresh = sampler ? make(which, &r) : NULL;
                for (uint64_t i = got; i-- > 0;) {
                    assert_true(ask(fresh, &r, view, first + i, (uint32_t)i % 2, again));
                    assert_memory_equal(again, points + i * width, width * sizeof *again);
                }
                hpo_sampler_destroy(sampler);
                hpo_sampler_destroy(fresh);
                hpo_history_destroy(history);
            }
            rig_close(&r);
        }
    }
}

/* In a continuum no two trials, no two attempts and no two seeds have a point in common. */
static void trials_attempts_and_seeds_differ(void **state) {
    (void)state;
    enum { N = 24 };
    subject which;
    for (size_t t = 0; subject_at(t, &which); t++) {
        if (!begin(which)) continue;
        rig r = rig_open("{parameters: {x: {min: 0.0, max: 1.0, prior: 0.3}, y: {min: 1e-3, max: 1.0, log: true}}}");
        hpo_history *history = make_past(&r, PAST_NONE);
        double points[2 * N + N][2];
        size_t n = 0;
        for (uint32_t attempt = 0; attempt < 2; attempt++) {
            if (attempt > 0 && which.type->flags & HPO_SAMPLER_FINITE) break; /* a grid's attempt is its next point */
            hpo_sampler *sampler = make(which, &r);
            for (uint64_t i = 0; i < N; i++) ask(sampler, &r, hpo_history_view(history), i, attempt, points[n++]);
            hpo_sampler_destroy(sampler);
        }
        if (!(which.type->flags & HPO_SAMPLER_FINITE)) {
            r.env.seed++;
            hpo_sampler *sampler = make(which, &r);
            for (uint64_t i = 0; i < N; i++) ask(sampler, &r, hpo_history_view(history), i, 0, points[n++]);
            hpo_sampler_destroy(sampler);
        }
        assert_true(n >= N);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                suite_at("trial", "proposal %zu is proposal %zu", i, j);
                assert_true(memcmp(points[i], points[j], sizeof points[i]) != 0);
            }
        }
        hpo_history_destroy(history);
        rig_close(&r);
    }
}

static void a_thousand_dimensions(void **state) {
    (void)state;
    subject which;
    size_t served = 0;
    char *yaml = toy_cube(1000, "{}");
    rig r = rig_open(yaml);
    hpo_history *history = make_past(&r, PAST_GOOD);
    double *config = BASE_NEW_ARRAY(r.arena, 1000, double);
    for (size_t t = 0; subject_at(t, &which); t++) {
        if (!begin(which)) continue;
        hpo_sampler *sampler = make(which, &r); /* a grid says that it has too many points */
        if (!sampler) continue;
        served++;
        from_model = 0;
        const uint64_t end = which.options ? 121 : 123;
        for (uint64_t i = 120; i < end; i++) assert_true(ask(sampler, &r, hpo_history_view(history), i, 0, config));
        /* a kernel density needs more results than there are dimensions */
        if (has_model(which.type) && strcmp(which.type->name, "kde") != 0 && !which.options) {
            assert_true(from_model > 0);
        }
        hpo_sampler_destroy(sampler);
    }
    if (suite_wants_all()) assert_true(served >= 2);
    hpo_history_destroy(history);
    rig_close(&r);
    free(yaml);
}

/* What is printed is read back to the same state. */
static void options_print_and_read_back(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    rig r = rig_open(spaces[0]);
    for (size_t t = 0; t < count; t++) {
        base_err err;
        base_yaml_node *map;
        base_buf text = {0}, again = {0};
        if (!begin((subject){.type = types[t]})) continue;
        hpo_sampler *sampler = make((subject){.type = types[t]}, &r), *copy;
        hpo_sampler_print(sampler, &text);
        CHECK_OK(base_yaml_parse(r.arena, "options", base_buf_text(&text), text.length, &map, &err));
        CHECK_OK(hpo_sampler_create(types[t], map, &r.env, &copy, &err));
        hpo_sampler_print(copy, &again);
        assert_string_equal(base_buf_text(&again), base_buf_text(&text));
        hpo_sampler_destroy(sampler);
        hpo_sampler_destroy(copy);
        base_buf_fini(&text);
        base_buf_fini(&again);
    }
    rig_close(&r);
}

static void names_are_unique_and_explained(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    assert_true(count >= 3);
    for (size_t t = 0; t < count; t++) {
        if (!begin((subject){.type = types[t]})) continue;
        assert_ptr_equal(hpo_sampler_find(types[t]->name), types[t]);
        assert_true(strlen(types[t]->summary) > 10);
    }
    assert_null(hpo_sampler_find("no-such-sampler"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_legal_and_follow_from_the_view),
        cmocka_unit_test(trials_attempts_and_seeds_differ),
        cmocka_unit_test(a_thousand_dimensions),
        cmocka_unit_test(options_print_and_read_back),
        cmocka_unit_test(names_are_unique_and_explained),
    };
    return SUITE_MAIN(tests);
}
