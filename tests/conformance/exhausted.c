/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In spaces without anything continuous every sampler tries each configuration once, running ones included, and the
 * search ends with a sentence when there are no others. In spaces that are too large to be enumerated nothing is tried
 * twice either, although almost all draws are the same, or forbidden. */
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

enum { BUDGET = 40, PLENTY = 1000 };

typedef struct choices {
    const char *space;
    uint64_t size;     /* allowed configurations; PLENTY: more than the budget */
    const char *lumpy; /* probabilities of the values of 21 choices: too many to try all */
} choices;

static const choices spaces[] = {
    {"parameters: {a: {values: [p, q, r], prior: q}, b: {min: 1, max: 4}, c: {values: [s, t], when: {a: p}}}\n"
     "forbid: [{a: q, b: 2}]\n",
     4 * 4 - 1, NULL},
    {"parameters: {only: {values: [one], prior: one}}\n", 1, NULL},
    /* one of ten thousand */
    {"parameters: {x: {min: 1, max: 100, prior: 3}, y: {min: 1, max: 100}}\n"
     "forbid: [{x: {lt: 37}}, {x: {gt: 37}}, {x: {ne: {parameter: y}}}]\n",
     1, NULL},
    /* 1,680 of 8^6, and a fraction of a continuum that no draw hits */
    {"parameters: {a: {min: 1, max: 8, prior: 3}, b: {min: 1, max: 8}, c: {min: 1, max: 8}, d: {min: 1, max: 8}, e: "
     "{min: "
     "1, max: 8}, f: {min: 1, max: 8}, g: {min: 1, max: 64}}\n"
     "forbid: [{a: {ge: {parameter: b}}}, {b: {ge: {parameter: c}}}, {d: {ge: {parameter: e}}}, {e: {ge: {parameter: "
     "f}}}, {g: {ne: {parameter: a}}}]\n",
     PLENTY, NULL},
    {"parameters: {x: {min: 0.0, max: 1.0, prior: 0.5}, n: {min: 1, max: 10000}}\n"
     "forbid: [{x: {ge: 1e-6}}, {n: {ne: 1234}}]\n",
     PLENTY, NULL},
    {NULL, PLENTY, "0.996, 0.004"},
    {NULL, PLENTY, "0.999999999999, 1e-12"},
};

static void put_lumpy(const char *probabilities, base_buf *out) {
    base_buf_puts(out, "parameters: {");
    for (int i = 0; i < 21; i++) {
        base_buf_printf(out, "%sc%d: {values: [a, b], probabilities: [%s]%s}", i ? ", " : "", i, probabilities,
                        i == 0 ? ", prior: a" : "");
    }
    base_buf_puts(out, "}\n");
}

static hpo_study_spec *make_spec(const char *sampler, const choices *f) {
    base_buf text = {0};
    base_buf_printf(&text, "objective: toy\nseed: 7\nmethod: {sampler: %s}\nbudget: {trials: %d}\n", sampler, BUDGET);
    if (f->space) {
        base_buf_puts(&text, f->space);
    } else {
        put_lumpy(f->lumpy, &text);
    }
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static void check_distinct(const hpo_space *space, hpo_view view) {
    for (uint64_t i = 0; i < hpo_view_trials(view); i++) {
        for (uint64_t j = 0; j < i; j++) {
            suite_at("trial", "%llu, the configuration of trial %llu", (unsigned long long)i, (unsigned long long)j);
            assert_false(hpo_space_equal(space, hpo_view_trial(view, i).config, hpo_view_trial(view, j).config));
        }
    }
}

static void check(const hpo_sampler_type *type, const choices *f, size_t workers) {
    base_err err;
    hpo_study *study;
    suite_at("sampler", "%s", type->name);
    suite_at("space", "%s", f->space ? f->space : f->lumpy);
    suite_at("workers", "%zu", workers);
    hpo_study_spec *spec = make_spec(type->name, f);
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = workers, .seed = workers});
    const hpo_view view = hpo_study_view(study);
    check_distinct(spec->space, view);
    const char *reason = hpo_study_reason(study);
    const uint64_t trials = hpo_view_trials(view);
    const bool thins = type->flags & HPO_SAMPLER_FINITE; /* a grid of its own */
    if (f->size == PLENTY && thins && f->space) {
        if (trials < BUDGET) CHECK_CONTAINS(reason, "points of the grid "); /* all of them may be forbidden */
    } else if (f->size == PLENTY) {
        assert_int_equal(trials, BUDGET);
        CHECK_CONTAINS(reason, "the budget of 40 trials is spent");
    } else {
        assert_true(thins ? trials <= f->size : trials == f->size);
        CHECK_CONTAINS(reason, trials > 0 ? "tried" : "points of the grid are forbidden");
    }
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

static void each_once_and_then_a_sentence(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name)) continue;
        for (size_t s = 0; s < CHECK_COUNT(spaces); s++) {
            check(types[t], &spaces[s], 5);
            if (spaces[s].size == PLENTY) continue; /* takes its time */
            check(types[t], &spaces[s], 1);
            check(types[t], &spaces[s], 20);
        }
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_once_and_then_a_sentence)};
    return SUITE_MAIN(tests);
}
