/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study_spec as text: its identity and the resolved study file of --check.
 *
 * What --check prints is itself a study file and means the same study: every default stands in it, so that a run can be
 * repeated with a later version whose defaults differ. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/space/value.h"
#include "hpo/study/study_keys.h"
#include "hpo/study/try_first.h"

static void put_sampler(const hpo_study_spec *spec, base_buf *out) {
    const hpo_sampler_env env = study_sampler_env(spec);
    hpo_sampler *sampler;
    const base_status status = hpo_sampler_create(spec->sampler, spec->sampler_options, &env, &sampler, NULL);
    BASE_ASSERT(status == BASE_OK);
    hpo_sampler_print(sampler, out);
    hpo_sampler_destroy(sampler);
}

static hpo_scheduler *make_scheduler(const hpo_study_spec *spec) {
    const hpo_scheduler_env env = study_scheduler_env(spec);
    hpo_scheduler *scheduler;
    const base_status status = hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &env, &scheduler, NULL);
    BASE_ASSERT(status == BASE_OK);
    return scheduler;
}

static void put_scheduler(const hpo_study_spec *spec, base_buf *out) {
    hpo_scheduler *scheduler = make_scheduler(spec);
    hpo_scheduler_print(scheduler, out);
    hpo_scheduler_destroy(scheduler);
}

static void put_number(double value, bool integer, base_buf *out) {
    if (integer)
        base_buf_put_i64(out, (int64_t)value);
    else
        base_buf_put_double(out, value);
}

/* Any text as a flow-YAML scalar. */
static void put_text(const char *text, base_buf *out) {
    base_yaml_node node = {.kind = BASE_YAML_STRING, .file = "", .text = text};
    base_yaml_print_flow(&node, out);
}

static void put_fidelity(const hpo_fidelity *fidelity, base_buf *out) {
    if (!fidelity->name) {
        base_buf_puts(out, "null");
        return;
    }
    base_buf_putc(out, '{');
    put_text(fidelity->name, out);
    base_buf_puts(out, ": {min: ");
    put_number(fidelity->min, fidelity->integer, out);
    base_buf_puts(out, ", max: ");
    put_number(fidelity->max, fidelity->integer, out);
    base_buf_puts(out, "}}");
}

static void put_replicates(const hpo_study_spec *spec, base_buf *out) {
    base_buf_printf(out, "replicates: {seeds: %u}\n", spec->replicates.seeds); /* a race is the method's */
}

/* In the canonical form: numbers written anew, keys sorted. */
static void put_settings(const hpo_study_spec *spec, base_buf *out) {
    typedef struct settings_keys {
        const base_yaml_node *settings;
    } settings_keys;
    static const base_option table[] = {
        {.name = "settings", .kind = BASE_OPTION_NODE, .offset = offsetof(settings_keys, settings), .fallback = ""},
        BASE_OPTIONS_END,
    };
    settings_keys keys = {NULL};
    if (spec->settings->count > 0) {
        base_yaml_node *copy = base_yaml_copy(spec->arena, spec->settings);
        base_yaml_sort(spec->arena, copy);
        keys.settings = copy;
    }
    base_options_print(table, &keys, out);
}

/* "metric: error, minimize", or a list of maps. */
static void put_identity_goals(const hpo_study_spec *spec, base_buf *out) {
    if (spec->n_goals == 1) {
        base_buf_printf(out, "\nmetric: %s, %s", spec->goals[0].name,
                        spec->goals[0].maximize ? "maximize" : "minimize");
        return;
    }
    base_buf_puts(out, "\nmetrics: ");
    base_yaml_print_flow(study_goals_node(spec, spec->arena), out);
}

const char *study_identity(const hpo_study_spec *spec) {
    base_buf text = {0};
    base_buf_puts(&text, "space: ");
    hpo_space_describe(spec->space, &text);
    put_identity_goals(spec, &text);
    if (spec->constraints.count > 0) {
        base_buf_puts(&text, "\nconstraints: ");
        base_yaml_print_flow(study_constraints_node(spec, spec->arena), &text);
    }
    base_buf_printf(&text, "\nobjective: %s, ", spec->objective->name);
    put_settings(spec, &text);
    base_buf_puts(&text, "\nfidelity: ");
    put_fidelity(&spec->fidelity, &text);
    base_buf_printf(&text, "\nsampler: %s, ", spec->sampler->name);
    put_sampler(spec, &text);
    base_buf_printf(&text, "\nscheduler: %s, ", spec->scheduler->name);
    put_scheduler(spec, &text);
    base_buf_printf(&text, "\nseed: %llu", (unsigned long long)spec->seed);
    if (spec->first.count > 0) {
        base_buf_puts(&text, "\ntry_first: ");
        hpo_try_first_print(spec, &text);
    }
    if (spec->repeats) base_buf_puts(&text, "\nrepeats: true");
    if (spec->deterministic) {
        base_buf_printf(&text, "\ndeterministic: %llu workers", (unsigned long long)spec->workers);
    }
    const char *identity = base_arena_strdup(spec->arena, base_buf_text(&text));
    base_buf_fini(&text);
    return identity;
}

/* ---- --check ---- */

static void put_spending(const hpo_study_spec *spec, base_buf *out) {
    const hpo_fidelity fidelity = hpo_study_fidelity(spec);
    base_buf_puts(out, "fidelity: ");
    put_fidelity(&fidelity, out);
    base_buf_putc(out, '\n');
    if (hpo_study_replicates(spec)) put_replicates(spec, out);
}

static void put_node(const base_yaml_node *node, base_buf *out) {
    base_yaml_print(node, 0, out);
    if (out->length > 0 && out->data[out->length - 1] != '\n') base_buf_putc(out, '\n');
}

/* A flow-YAML text as it would be written by hand: parsed and printed in block form. */
static void put_block(base_arena *arena, const base_buf *flow, base_buf *out) {
    base_yaml_node *node;
    const base_status status = base_yaml_parse(arena, "", base_buf_text(flow), flow->length, &node, NULL);
    BASE_ASSERT(status == BASE_OK);
    put_node(node, out);
}

/* `parameters:` and `forbid:` as a user writes them: without what the objective declares, which comes first. */
static void put_space(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    base_buf flow = {0};
    base_yaml_node *root;
    hpo_space_describe(spec->space, &flow);
    const base_status status = base_yaml_parse(arena, "", base_buf_text(&flow), flow.length, &root, NULL);
    BASE_ASSERT(status == BASE_OK && root->items[0]->count >= spec->n_declared);
    base_yaml_node *all = root->items[0];
    if (all->count > spec->n_declared) {
        base_yaml_node *parameters = base_yaml_new_map(arena, NULL), *alone = base_yaml_new_map(arena, NULL);
        for (size_t i = spec->n_declared; i < all->count; i++)
            base_yaml_put(arena, parameters, all->keys[i]->text, all->items[i]);
        base_yaml_put(arena, alone, "parameters", parameters);
        put_node(alone, out);
    }
    if (root->count > 1) {
        base_yaml_node *forbid = base_yaml_new_map(arena, NULL);
        base_yaml_put(arena, forbid, "forbid", root->items[1]);
        put_node(forbid, out);
    }
    base_buf_fini(&flow);
}

static void put_objective(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    base_yaml_node *root = base_yaml_new_map(arena, NULL), *objective = base_yaml_new_map(arena, NULL);
    base_yaml_put(arena, objective, spec->objective->name, base_yaml_copy(arena, spec->settings));
    base_yaml_put(arena, root, "objective", objective);
    base_yaml_print(root, 0, out);
    if (out->data[out->length - 1] != '\n') base_buf_putc(out, '\n');
}

/* An option that both have stands there once. */
base_yaml_node *study_method_node(const hpo_study_spec *spec, base_arena *arena) {
    base_yaml_node *method = base_yaml_new_map(arena, NULL);
    base_yaml_put(arena, method, "sampler", base_yaml_scalar(arena, NULL, spec->sampler->name, true));
    base_yaml_put(arena, method, "scheduler", base_yaml_scalar(arena, NULL, spec->scheduler->name, true));
    void (*const put[])(const hpo_study_spec *, base_buf *) = {put_sampler, put_scheduler};
    for (size_t i = 0; i < 2; i++) {
        base_buf flow = {0};
        base_yaml_node *options;
        put[i](spec, &flow);
        const base_status status = base_yaml_parse(arena, "", base_buf_text(&flow), flow.length, &options, NULL);
        BASE_ASSERT(status == BASE_OK);
        for (size_t k = 0; k < options->count; k++) {
            base_yaml_put(arena, method, options->keys[k]->text, options->items[k]);
        }
        base_buf_fini(&flow);
    }
    return method;
}

static void put_method(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    base_yaml_node *root = base_yaml_new_map(arena, NULL);
    base_yaml_put(arena, root, "method", study_method_node(spec, arena));
    base_yaml_print(root, 0, out);
}

static void put_targets(const hpo_study_spec *spec, base_buf *out) {
    const double *target = spec->budget.target;
    const char *separator = "target: {";
    if (spec->n_goals == 1) {
        base_buf_puts(out, "target: ");
        base_buf_put_double(out, *target);
        return;
    }
    for (size_t g = 0; g < spec->n_goals; g++) {
        if (isnan(target[g])) continue;
        base_buf_puts(out, separator);
        put_text(spec->goals[g].name, out);
        base_buf_puts(out, ": ");
        base_buf_put_double(out, target[g]);
        separator = ", ";
    }
    base_buf_putc(out, '}');
}

static void put_budget(const hpo_study_spec *spec, base_buf *out) {
    const hpo_budget *budget = &spec->budget;
    const char *separator = "budget: {";
    if (budget->trials) base_buf_printf(out, "%strials: %llu", separator, (unsigned long long)budget->trials);
    if (budget->trials) separator = ", ";
    const double values[] = {budget->cost, budget->time};
    const char *const names[] = {"cost", "time"};
    for (size_t i = 0; i < 2; i++) {
        if (!(values[i] > 0)) continue;
        base_buf_printf(out, "%s%s: ", separator, names[i]);
        base_buf_put_double(out, values[i]);
        separator = ", ";
    }
    if (budget->metric) {
        base_buf_printf(out, "%smetric: {name: ", separator);
        put_text(budget->metric, out);
        base_buf_puts(out, ", max: ");
        base_buf_put_double(out, budget->metric_max);
        base_buf_putc(out, '}');
        separator = ", ";
    }
    if (budget->no_improve) {
        base_buf_printf(out, "%sno_improve: %llu", separator, (unsigned long long)budget->no_improve);
        separator = ", ";
    }
    if (budget->has_target) {
        base_buf_puts(out, separator);
        put_targets(spec, out);
        separator = ", ";
    }
    if (*separator == ',') base_buf_puts(out, "}\n");
}

static const base_yaml_node *exit_grace_node(double seconds, base_arena *arena) {
    if (isinf(seconds)) return base_yaml_scalar(arena, NULL, "none", true);
    const hpo_value value = hpo_value_real(seconds);
    return hpo_value_node(arena, &value);
}

static const base_yaml_node *devices_node(const hpo_devices *devices, base_arena *arena) {
    if (!devices->names) return NULL;
    base_yaml_node *list = base_yaml_new_list(arena, NULL);
    for (size_t i = 0; i < devices->count; i++) {
        base_yaml_append(arena, list, base_yaml_scalar(arena, NULL, devices->names[i], true));
    }
    return list;
}

static void put_limits(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    const trial_keys trial = {
        .time = spec->limits.time,
        .memory = spec->limits.memory,
        .threads = spec->limits.threads,
        .stop_grace = spec->limits.stop_grace,
        .exit_grace = exit_grace_node(spec->limits.exit_grace, arena),
        .gpus = spec->devices.gpus,
        .devices = devices_node(&spec->devices, arena),
        .share_devices = spec->devices.share,
        .keep = (int)spec->keep,
        .config = spec->writes_config,
    };
    base_buf_puts(out, "trial: ");
    base_options_print(trial_keys_table, &trial, out);
    const hpo_failure_policy *policy = &spec->failure;
    const retries_keys retries = {
        .crash = policy->retries_crash,
        .timeout = policy->retries_timeout,
        .oom = policy->retries_oom,
        .lost = policy->retries_lost,
    };
    base_buf_puts(out, "\nfailure:\n  retries: ");
    base_options_print(retries_keys_table, &retries, out);
    base_buf_printf(out, "\n  max_failures: %lld\n  first: %lld\n  heartbeat: ", (long long)policy->max_failures,
                    (long long)policy->first);
    base_buf_put_double(out, policy->heartbeat);
    base_buf_puts(out, "\n  lost_after: ");
    base_buf_put_double(out, policy->lost_after);
    base_buf_puts(out, "\n");
}

/* A paragraph with "# " before each of its lines. */
static void put_comment(const char *text, base_buf *out) {
    base_buf lines = {0};
    base_put_text(text, 2, &lines);
    for (size_t i = 0; i < lines.length; i++) {
        const bool begins = i == 0 || lines.data[i - 1] == '\n';
        base_buf_putc(out, begins ? '#' : lines.data[i]);
    }
    base_buf_fini(&lines);
}

/* An estimate is called one. */
static void put_size(const hpo_space *space, base_buf *out) {
    bool exact;
    const double most = hpo_space_cardinality(space), size = hpo_space_size(space, &exact);
    if (isinf(size))
        base_buf_puts(out, "a continuum");
    else if (exact)
        base_buf_printf(out, "%.15g configuration%s", size, size == 1 ? "" : "s");
    else if (size > 0)
        base_buf_printf(out, "about %.2g configurations (estimated), at most %.15g", size, most);
    else
        base_buf_printf(out, "few of %.15g configurations, which forbid leaves", most);
}

/* The parameters that the file does not show. */
static void put_declared(const hpo_study_spec *spec, base_buf *out) {
    base_buf text = {0};
    if (spec->n_declared == 0) return;
    base_buf_printf(&text, "the objective %s declares", spec->objective->name);
    for (size_t i = 0; i < spec->n_declared; i++)
        base_buf_printf(&text, "%s %s", i > 0 ? "," : "", hpo_space_param(spec->space, i)->name);
    put_comment(base_buf_text(&text), out);
    base_buf_fini(&text);
}

static void put_comments(const hpo_study_spec *spec, base_buf *out) {
    const size_t count = hpo_space_count(spec->space), dims = hpo_space_dims(spec->space);
    base_buf text = {0}, ladder = {0};
    if (count == 0) {
        base_buf_puts(&text, "space: nothing is searched; trials differ by their seeds");
    } else {
        base_buf_printf(&text, "space: %zu parameters, %zu of them searched; ", count, dims);
        put_size(spec->space, &text);
    }
    put_comment(base_buf_text(&text), out);
    put_declared(spec, out);
    hpo_scheduler *scheduler = make_scheduler(spec);
    hpo_scheduler_describe(scheduler, &ladder);
    base_buf_clear(&text);
    base_buf_printf(&text, "%s: %s", spec->scheduler->name, base_buf_text(&ladder));
    if (ladder.length > 0) put_comment(base_buf_text(&text), out);
    hpo_scheduler_destroy(scheduler);
    base_buf_fini(&ladder);
    base_buf_fini(&text);
}

static void put_goals(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    if (spec->n_goals == 1) {
        base_buf_puts(out, "metric: {name: ");
        put_text(spec->goals[0].name, out);
        base_buf_printf(out, ", goal: %s}\n", spec->goals[0].maximize ? "maximize" : "minimize");
        return;
    }
    base_yaml_node *root = base_yaml_new_map(arena, NULL);
    base_yaml_put(arena, root, "metrics", study_goals_node(spec, arena));
    put_node(root, out);
}

static void put_constraints(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    if (spec->constraints.count == 0) return;
    base_yaml_node *root = base_yaml_new_map(arena, NULL);
    base_yaml_put(arena, root, "constraints", study_constraints_node(spec, arena));
    put_node(root, out);
}

void hpo_study_spec_print(const hpo_study_spec *spec, base_buf *out) {
    base_arena *arena = base_arena_create();
    base_buf_puts(out, "study: ");
    put_text(spec->name, out);
    base_buf_putc(out, '\n');
    if (spec->seed_given) base_buf_printf(out, "seed: %llu\n", (unsigned long long)spec->seed);
    put_objective(spec, arena, out);
    put_goals(spec, arena, out);
    put_constraints(spec, arena, out);
    put_method(spec, arena, out);
    put_spending(spec, out);
    put_budget(spec, out);
    if (spec->workers) base_buf_printf(out, "workers: %llu\n", (unsigned long long)spec->workers);
    base_buf_printf(out, "deterministic: %s\nrepeats: %s\nincumbent: %s\ndurability: %s\nreport: %s\n",
                    spec->deterministic ? "true" : "false", spec->repeats ? "true" : "false",
                    spec->by_posterior ? "posterior" : "value", spec->fsync_each ? "each" : "group",
                    spec->report ? "true" : "false");
    put_limits(spec, arena, out);
    put_space(spec, arena, out);
    if (spec->first.count > 0) {
        base_buf first = {0};
        base_buf_puts(&first, "{try_first: ");
        hpo_try_first_print(spec, &first);
        base_buf_putc(&first, '}');
        put_block(arena, &first, out);
        base_buf_fini(&first);
    }
    put_comments(spec, out);
    base_arena_destroy(arena);
}
