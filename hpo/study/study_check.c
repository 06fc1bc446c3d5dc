/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the parts of a study fit together: parameters and the objective's options, settings and the objective, method
 * and space; and whether the study can end. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/space/settings.h"
#include "hpo/study/study_keys.h"

/* An objective whose options may be searched refuses other parameters (unless its settings refer to them, or conditions
 * test them, as a choice between groups of parameters, and they are no option misspelt), those that are also fixed, and
 * bounds that the option does not allow. */
base_status study_check_searched(const hpo_study_spec *spec, const base_yaml_node *parameters, base_err *err) {
    const hpo_objective_type *type = spec->objective;
    const base_option *table = type->searched ? type->searched(spec->arena) : hpo_objective_table(type, spec->arena);
    if (!(type->flags & HPO_OBJECTIVE_SEARCHABLE) || !table || !parameters) return BASE_OK;
    const size_t count = base_options_count(table);
    const char **names = BASE_NEW_ARRAY(spec->arena, count, const char *);
    for (size_t i = 0; i < count; i++) names[i] = table[i].name;
    bool *mentioned = BASE_NEW_ARRAY(spec->arena, hpo_space_count(spec->space), bool);
    (void)hpo_settings_mark(spec->settings, spec->space, mentioned);
    bool *tested = BASE_NEW_ARRAY(spec->arena, hpo_space_count(spec->space), bool);
    hpo_space_mark_tested(spec->space, tested);
    for (size_t i = 0; i < parameters->count; i++) {
        const base_yaml_node *key = parameters->keys[i], *map = parameters->items[i];
        const size_t index = hpo_space_find(spec->space, key->text);
        const base_option *option = base_options_find(table, key->text);
        if (mentioned[index] || (!option && tested[index] && !base_nearest(key->text, names, count))) continue;
        if (!option) {
            return base_yaml_fail(key, err, "the objective %s has no option '%s' that could be searched%s", type->name,
                                  key->text, base_hint(spec->arena, key->text, names, count));
        }
        if (base_yaml_get(spec->settings, key->text)) {
            return base_yaml_fail(key, err,
                                  "'%s' is searched here and fixed in the settings of the objective %s; "
                                  "remove one of the two",
                                  key->text, type->name);
        }
        const char *const bounds[] = {"min", "max", "value"};
        for (size_t b = 0; b < 3; b++) {
            const base_yaml_node *bound = base_yaml_get(map, bounds[b]);
            if (bound) BASE_TRY(base_option_check(option, bound, err));
        }
        const base_yaml_node *values = base_yaml_get(map, "values");
        for (size_t v = 0; values && v < values->count; v++) {
            BASE_TRY(base_option_check(option, values->items[v], err));
        }
    }
    return BASE_OK;
}

/* Settings of an objective that does not check them itself: against its table, references replaced as in one point. */
static base_status check_options(const hpo_study_spec *spec, base_err *err) {
    const hpo_objective_type *type = spec->objective;
    const base_yaml_node *settings = spec->settings;
    const size_t count = hpo_space_count(spec->space);
    const bool refers = hpo_settings_mark(settings, spec->space, NULL) > 0;
    BASE_TRY(hpo_settings_check(settings, spec->space, NULL, 0, err));
    if (refers) {
        double *config = BASE_NEW_ARRAY(spec->arena, count, double);
        base_rng rng = base_rng_stream(spec->seed, BASE_RNG_SAMPLER, 0, UINT32_MAX);
        BASE_TRY(hpo_space_sample(spec->space, &rng, config, err));
        settings = hpo_settings_resolve(spec->arena, settings, spec->space, config, NULL, 0);
    }
    void *scratch = base_calloc(1, type->state_size);
    const base_status status = base_options_read(type->options, settings, scratch, spec->arena, err);
    free(scratch);
    return status;
}

hpo_objective_env hpo_study_objective_env(const hpo_study_spec *spec) {
    return (hpo_objective_env){
        .space = spec->space,
        .settings = spec->settings,
        .fidelity = hpo_study_fidelity(spec),
        .seed = spec->seed,
        .metric = spec->goals[0].name,
        .goals = spec->goals,
        .n_goals = spec->n_goals,
        .constraints = spec->constraints,
        .base_dir = spec->base_dir,
        .writes_config = spec->writes_config,
    };
}

bool hpo_study_resumes(const hpo_study_spec *spec) {
    const hpo_objective_env env = hpo_study_objective_env(spec);
    if (!(spec->objective->flags & HPO_OBJECTIVE_RESUMABLE)) return false;
    return !spec->objective->resumes || spec->objective->resumes(&env);
}

bool hpo_study_inherits(const hpo_study_spec *spec) {
    const hpo_objective_env env = hpo_study_objective_env(spec);
    if (!(spec->objective->flags & HPO_OBJECTIVE_INHERITS) || !hpo_study_resumes(spec)) return false;
    return !spec->objective->inherits || spec->objective->inherits(&env);
}

bool hpo_study_results_say_cost(const hpo_study_spec *spec) {
    return spec->objective->flags & (HPO_OBJECTIVE_IN_RANK | HPO_OBJECTIVE_COUNTS);
}

const char *hpo_study_cost_unit(const hpo_study_spec *spec) {
    return spec->objective->cost_unit ? spec->objective->cost_unit : hpo_study_fidelity(spec).name;
}

static bool is_in(const char *name, const char *const *list) {
    for (size_t i = 0; list[i]; i++)
        if (strcmp(name, list[i]) == 0) return true;
    return false;
}

static bool stops_at_reports(const hpo_study_spec *spec) {
    const hpo_scheduler_env env = study_scheduler_env(spec);
    hpo_scheduler *scheduler;
    base_err ignored;
    if (hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &env, &scheduler, &ignored) != BASE_OK)
        return false;
    const bool stops = hpo_scheduler_stops(scheduler);
    hpo_scheduler_destroy(scheduler);
    return stops;
}

/* A rule that stops trials by their reports is blind when these carry another metric. */
static void advise_on_stopping(const hpo_study_spec *spec, base_buf *out) {
    const hpo_objective_type *type = spec->objective;
    const char *const *reported = type->reported ? type->reported(spec->settings) : NULL;
    size_t g = 0;
    while (reported && g < spec->n_goals && is_in(spec->goals[g].name, reported)) g++;
    if (!reported || g == spec->n_goals || !stops_at_reports(spec)) return;
    base_buf_printf(out, "%s stops trials by what they report, but reports of the objective %s carry ",
                    spec->scheduler->name, type->name);
    for (size_t i = 0; reported[i]; i++)
        base_buf_printf(out, "%s%s", i == 0 ? "" : reported[i + 1] ? ", " : " and ", reported[i]);
    base_buf_printf(out,
                    ", not %s: it would stop good trials and bad ones alike; take a method without such a rule, such "
                    "as hyperband\n",
                    spec->goals[g].name);
}

/* Who inherits takes its configuration from the sampler alone. */
static void advise_on_founders(const hpo_study_spec *spec, base_buf *out) {
    const hpo_scheduler_env env = study_scheduler_env(spec);
    hpo_scheduler *scheduler;
    base_err ignored;
    if (hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &env, &scheduler, &ignored) != BASE_OK) return;
    const uint64_t founders = hpo_scheduler_founders(scheduler);
    hpo_scheduler_destroy(scheduler);
    if (spec->first.count <= founders) return;
    base_buf_printf(out,
                    "try_first has %zu configurations, but with %s only the first %" PRIu64
                    " trials begin with one of their own: those behind are never tried; take a larger population or a "
                    "shorter list\n",
                    spec->first.count, spec->scheduler->name, founders);
}

void hpo_study_advise(const hpo_study_spec *spec, base_buf *out) {
    advise_on_stopping(spec, out);
    advise_on_founders(spec, out);
    const hpo_objective_env env = hpo_study_objective_env(spec);
    if (spec->objective->advise) spec->objective->advise(&env, out);
}

base_status hpo_study_describe(const hpo_study_spec *spec, base_buf *out, base_err *err) {
    const hpo_objective_env env = hpo_study_objective_env(spec);
    return spec->objective->describe ? spec->objective->describe(&env, &spec->limits, out, err) : BASE_OK;
}

/* The objective's own word on settings, space and fidelity together. */
base_status study_check_objective(const hpo_study_spec *spec, base_err *err) {
    const hpo_objective_type *type = spec->objective;
    const hpo_objective_env env = hpo_study_objective_env(spec);
    if (type->check) return type->check(&env, err);
    return type->options ? check_options(spec, err) : BASE_OK;
}

/* ", a, b or c": those with the flag. */
#define PUT_ABLE(types, count, flag, out)                                                                              \
    for (size_t i = 0, said = 0; i < (count); i++) {                                                                   \
        size_t left = 0;                                                                                               \
        if (!((types)[i]->flags & (flag))) continue;                                                                   \
        for (size_t k = i + 1; k < (count); k++) left += ((types)[k]->flags & (flag)) != 0;                            \
        base_buf_printf((out), "%s%s", said++ == 0 ? "" : left > 0 ? ", " : " or ", (types)[i]->name);                 \
    }

/* Several metrics have no best result: who models one loss, or compares reports with a quantile of it, cannot do. */
static base_status check_goals(const hpo_study_spec *spec, const base_yaml_node *method, base_err *err) {
    const bool sampler = spec->sampler->flags & HPO_SAMPLER_MANY_GOALS;
    const bool scheduler = spec->scheduler->flags & HPO_SCHEDULER_MANY_GOALS;
    if (spec->n_goals == 1 || (sampler && scheduler)) return BASE_OK;
    size_t count;
    base_buf able = {0};
    if (!sampler) {
        const hpo_sampler_type *const *types = hpo_samplers(&count);
        PUT_ABLE(types, count, HPO_SAMPLER_MANY_GOALS, &able);
    } else {
        const hpo_scheduler_type *const *types = hpo_schedulers(&count);
        PUT_ABLE(types, count, HPO_SCHEDULER_MANY_GOALS, &able);
    }
    const base_status status =
        base_yaml_fail(method, err, "%s %s one metric, and this study has %zu; %ss for several are %s",
                       sampler ? spec->scheduler->name : spec->sampler->name,
                       sampler ? "stops trials by the values of" : "looks for the best value of", spec->n_goals,
                       sampler ? "scheduler" : "sampler", base_buf_text(&able));
    base_buf_fini(&able);
    return status;
}

/* Whether a parameter has a prior, whether there is a fidelity; that the options are in order is seen by creating both;
 * and whether the study can end. */
base_status study_check_method(const hpo_study_spec *spec, const base_yaml_node *root, const base_yaml_node *method,
                               base_err *err) {
    const hpo_sampler_type *sampler = spec->sampler;
    const hpo_scheduler_type *scheduler = spec->scheduler;
    const bool sampler_needs = sampler->flags & HPO_SAMPLER_NEEDS_FIDELITY && !hpo_study_fidelity(spec).name;
    if (sampler_needs || (scheduler->flags & HPO_SCHEDULER_NEEDS_FIDELITY && !spec->fidelity.name)) {
        return base_yaml_fail(method, err, "%s needs a `fidelity:`, e.g. fidelity: {epochs: {min: 1, max: 27}}",
                              sampler_needs ? sampler->name : scheduler->name);
    }
    if (scheduler->flags & HPO_SCHEDULER_INHERITS && !hpo_study_inherits(spec)) {
        const bool can = spec->objective->flags & HPO_OBJECTIVE_INHERITS;
        return base_yaml_fail(method, err,
                              "%s lets trials go on from what others have learned, which the objective %s cannot do%s; "
                              "take a method whose trials are independent, such as asha",
                              scheduler->name, spec->objective->name, can ? " with these settings" : "");
    }
    if (sampler->flags & HPO_SAMPLER_NEEDS_PRIOR && !hpo_space_has_beliefs(spec->space)) {
        return base_yaml_fail(method, err,
                              "%s needs a parameter with a prior, e.g. learning_rate: {min: 1e-5, max: "
                              "1.0, log: true, prior: 1e-2}",
                              sampler->name);
    }
    BASE_TRY(check_goals(spec, method, err));
    const hpo_sampler_env sampler_env = study_sampler_env(spec);
    hpo_sampler *live_sampler;
    BASE_TRY(hpo_sampler_create(sampler, spec->sampler_options, &sampler_env, &live_sampler, err));
    hpo_sampler_destroy(live_sampler);
    const hpo_scheduler_env scheduler_env = study_scheduler_env(spec);
    hpo_scheduler *live_scheduler;
    BASE_TRY(hpo_scheduler_create(scheduler, spec->scheduler_options, &scheduler_env, &live_scheduler, err));
    bool ends = sampler->flags & HPO_SAMPLER_FINITE || hpo_scheduler_ends(live_scheduler);
    hpo_scheduler_destroy(live_scheduler);
    ends = ends || (!spec->repeats && isfinite(hpo_space_cardinality(spec->space)));
    if (ends || !hpo_budget_is_open(&spec->budget)) return BASE_OK;
    return base_yaml_fail(root, err,
                          "this study would never end: give it a budget, e.g. budget: {trials: 100} or "
                          "budget: {time: 30m}");
}
