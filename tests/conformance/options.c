/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every option of every sampler and scheduler, as a study file gives it: its bounds hold at both ends, to the last bit,
 * and nothing of another type passes for a value. */
#include <float.h>

#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

typedef struct owner {
    const char *role, *name; /* "sampler", "tpe" */
    const base_option *options;
} owner;

/* Reading and creating a study with {role: name, option: value}. */
static base_status try_value(const owner *of, const char *option, const char *value, base_err *err) {
    base_buf text = {0};
    hpo_study_spec *spec = NULL;
    suite_at("value", "%s: %s", option, value);
    hpo_study *study = NULL;
    base_buf_printf(&text,
                    "objective: toy\nseed: 3\nmethod:\n  %s: %s\n  %s: %s\n%s\n"
                    "budget: {trials: 5}\nparameters: {x: {min: 0.0, max: 1.0, prior: 0.5}, k: {values: [a, b]}}\n",
                    of->role, of->name, option, value, toy_spending(of->name, 27));
    base_status status =
        hpo_study_read(toy_catalog(), "options.yaml", base_buf_text(&text), text.length, NULL, 0, NULL, &spec, err);
    if (status == BASE_OK) status = hpo_study_create(spec, &study, err);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    return status;
}

static void refuse(const owner *of, const char *option, const char *value) {
    base_err err = {0};
    const base_status status = try_value(of, option, value, &err);
    assert_int_equal(status, BASE_INVALID);
    CHECK_CONTAINS(err.text, option);
    CHECK_CONTAINS(err.text, "options.yaml:");
}

/* The table takes it; the owner may still find it impossible here (a rung that does not exist), in its own words. */
static void take(const owner *of, const char *option, const char *value) {
    base_err err = {0};
    if (try_value(of, option, value, &err) == BASE_OK) return;
    if (strstr(err.text, " must be ")) print_error("%s %s: %s\n", of->role, of->name, err.text);
    assert_null(strstr(err.text, " must be "));
}

static void refuse_number(const owner *of, const char *option, double value, bool integer) {
    char text[64];
    snprintf(text, sizeof text, integer ? "%.0f" : "%.17g", value);
    if (!integer && !strpbrk(text, ".en")) strcat(text, ".0");
    refuse(of, option, text);
}

static void check_end(const owner *of, const base_option *o, double bound, bool open, double outwards) {
    const bool integer = o->kind == BASE_OPTION_INT;
    char text[64];
    snprintf(text, sizeof text, "%.17g", bound);
    refuse_number(of, o->name, integer ? bound + outwards : nextafter(bound, outwards * DBL_MAX), integer);
    if (open) {
        refuse_number(of, o->name, bound, integer);
    } else {
        snprintf(text, sizeof text, integer ? "%.0f" : "%.17g", bound);
        take(of, o->name, text);
    }
}

static void check_number(const owner *of, const base_option *o) {
    const bool unbounded = o->min == 0 && o->max == 0;
    assert_false(unbounded && !o->open_min); /* every number has a least value at least */
    check_end(of, o, o->min, o->open_min, -1);
    if (o->max >= o->min && !unbounded) check_end(of, o, o->max, o->open_max, 1);
    static const char *const no_numbers[] = {"many", "'3'", "true", ".nan", ".inf", "-.inf", "1e999", "0x"};
    for (size_t i = 0; i < CHECK_COUNT(no_numbers); i++) refuse(of, o->name, no_numbers[i]);
    if (o->kind == BASE_OPTION_INT) refuse(of, o->name, "2.5");
}

static void check_option(const owner *of, const base_option *o) {
    static const char *const never[] = {"[1, 2]", "{a: 1}"};
    for (size_t i = 0; i < CHECK_COUNT(never); i++) refuse(of, o->name, never[i]);
    assert_true(o->help && strlen(o->help) > 4);
    take(of, o->name, o->fallback);
    switch (o->kind) {
    case BASE_OPTION_INT:
    case BASE_OPTION_REAL: check_number(of, o); break;
    case BASE_OPTION_BOOL:
        take(of, o->name, "true");
        take(of, o->name, "false");
        refuse(of, o->name, "1");
        refuse(of, o->name, "maybe");
        break;
    case BASE_OPTION_CHOICE:
        for (size_t i = 0; o->choices[i]; i++) take(of, o->name, o->choices[i]);
        refuse(of, o->name, "no_such_choice");
        refuse(of, o->name, "1");
        break;
    case BASE_OPTION_STRING: refuse(of, o->name, "3"); break;
    default: fail_msg("%s: %s has a kind that this test does not know", of->name, o->name);
    }
}

static void check_owner(const owner *of) {
    if (!suite_begins(of->role, of->name)) return;
    refuse(of, "no_such_option", "1");
    for (const base_option *o = of->options; o && o->name; o++) check_option(of, o);
}

static void of_samplers(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    for (size_t t = 0; t < count; t++) check_owner(&(owner){"sampler", types[t]->name, types[t]->options});
}

static void of_schedulers(void **state) {
    (void)state;
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    for (size_t t = 0; t < count; t++) check_owner(&(owner){"scheduler", types[t]->name, types[t]->options});
}

/* An option goes to whoever of the two has it, so a name that both have must mean the same to both: else a value that
 * one needs is refused by the other, and the pair cannot be had. */
static void check_shared(const char *sampler, const base_option *a, const char *scheduler, const base_option *b) {
    bool same = a->kind == b->kind && a->min == b->min && a->max == b->max && strcmp(a->fallback, b->fallback) == 0;
    if (same && a->kind == BASE_OPTION_CHOICE) {
        for (size_t i = 0; same && (a->choices[i] || b->choices[i]); i++) {
            same = a->choices[i] && b->choices[i] && strcmp(a->choices[i], b->choices[i]) == 0;
        }
    }
    suite_at("option", "%s of %s and %s", a->name, sampler, scheduler);
    assert_true(same);
}

static void a_name_means_the_same_to_both(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t i = 0; i < n_samplers; i++) {
        for (const base_option *a = samplers[i]->options; a && a->name; a++) {
            for (size_t j = 0; j < n_schedulers; j++) {
                const base_option *table = schedulers[j]->options,
                                  *b = table ? base_options_find(table, a->name) : NULL;
                if (b) check_shared(samplers[i]->name, a, schedulers[j]->name, b);
            }
        }
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_samplers),
        cmocka_unit_test(of_schedulers),
        cmocka_unit_test(a_name_means_the_same_to_both),
    };
    return SUITE_MAIN(tests);
}
