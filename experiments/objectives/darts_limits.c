/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The setting `limits` of the objective `darts`: read, and turned into costs of the network that is retrained. */
#include "experiments/objectives/darts_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nas/cells.h"
#include "nas/latency.h"

typedef struct limits_settings {
    double parameters, flops, penalty;
    const char *latency, *table;
} limits_settings;

#define LIMIT(field)                                                                                                   \
    .name = #field, .kind = BASE_OPTION_REAL, .offset = offsetof(limits_settings, field), .max = (double)INFINITY

static const base_option options[] = {
    {LIMIT(parameters), .fallback = "0", .help = "numbers that are trained, at most; 0: no limit"},
    {LIMIT(flops), .fallback = "0",
     .help = "floating-point operations of one sample forward, at most (a multiply-add counts 2); 0: no limit"},
    {.name = "latency",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(limits_settings, latency),
     .shape = "time such as 2ms or 500us",
     .help = "of one sample forward by one thread, at most: the sum of entries of a table that the run measures before "
             "its first trial, latency.csv in its folder"},
    {.name = "table",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(limits_settings, table),
     .help = "the text of that table; the run fills it in"},
    {LIMIT(penalty), .fallback = "1",
     .help = "how strongly the alphas are pushed below the limits: weight of (mean cost / limit - 1) above them; 0: "
             "not at all, the limits then only bind what is chosen"},
    BASE_OPTIONS_END,
};

void darts_limits_help(base_buf *out) {
    base_buf_puts(out, "limits, of the network that is retrained:\n");
    base_options_help(options, out);
}

/* Nanoseconds of "2ms", "500us", "0.01s", "0.01". */
static bool read_time(const char *text, double *out) {
    static const struct {
        const char *unit;
        double nanoseconds;
    } units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}};
    char *end;
    const double value = strtod(text, &end);
    if (end == text || !(value > 0.0) || !isfinite(value)) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *out = value * units[i].nanoseconds;
            return true;
        }
    return false;
}

base_status darts_limits_read(const base_yaml_node *node, base_arena *arena, darts_limits *out, base_err *err) {
    limits_settings own;
    *out = (darts_limits){.given = false};
    if (!node) return BASE_OK;
    if (node->kind != BASE_YAML_MAP)
        return base_yaml_fail(node, err, "limits must be a map such as {parameters: 190000}, but is %s",
                              base_yaml_kind_text(node->kind));
    BASE_TRY(base_options_read(options, node, &own, arena, err));
    out->max[NAS_COST_PARAMETERS] = own.parameters;
    out->max[NAS_COST_FLOPS] = own.flops;
    out->penalty = own.penalty;
    out->table = own.table;
    if (own.latency && !read_time(own.latency, &out->max[NAS_COST_LATENCY]))
        return base_yaml_fail(base_yaml_get(node, "latency"), err,
                              "latency must be a time above 0 such as 2ms, 500us or 0.002s, but is '%.40s'",
                              own.latency);
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        out->where[kind] = base_yaml_get(node, nas_cost_names[kind]);
        out->given = out->given || out->max[kind] > 0;
    }
    return BASE_OK;
}

/* ---- costs ---- */

/* Channels and cells of the retraining, which any genotype has. */
base_status darts_network_size(const darts_settings *s, base_arena *arena, nas_settings *out, base_err *err) {
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 3);
    eng_recipe recipe;
    *out = (nas_settings){.channels = (size_t)s->search.channels, .cells = (size_t)s->search.cells};
    if (!s->retrains) return BASE_OK;
    BASE_TRY(darts_recipe(s, nas_genotype_random(s->space, &rng, arena), 0, arena, &recipe, err));
    const nas_cells *cells = recipe.network.own;
    *out = (nas_settings){.channels = (size_t)cells->channels, .cells = (size_t)cells->cells};
    return BASE_OK;
}

static eng_net_config around_of(const eng_dataset *set) {
    eng_net_config around = {.input = {.ndim = set->rank}, .task = ENG_MULTICLASS, .outputs = set->classes};
    for (size_t i = 0; i < set->rank; i++) around.input.dim[i] = set->shape[i];
    return around;
}

static base_status apply_table(const darts_limits *limits, const nas_settings *size, const eng_net_config *around,
                               base_arena *arena, nas_costs *costs, base_err *err) {
    nas_latency latency;
    if (limits->max[NAS_COST_LATENCY] == 0.0) return BASE_OK;
    if (!limits->table)
        return base_yaml_fail(limits->where[NAS_COST_LATENCY], err,
                              "a run measures latencies before its first trial; "
                              "here there is no table of them");
    BASE_TRY(nas_latency_read("latency.csv", limits->table, arena, &latency, err));
    base_err why = {0};
    const base_status status = nas_latency_apply(&latency, size, around, costs, &why);
    nas_latency_fini(&latency);
    if (status == BASE_OK) return BASE_OK;
    return base_yaml_fail(limits->where[NAS_COST_LATENCY], err, "%s; begin another run with --dir", why.text);
}

base_status darts_count_limits(const darts_settings *settings, const eng_dataset *set, base_arena *arena,
                               nas_limits *out, base_err *err) {
    const darts_limits *limits = &settings->limits;
    const eng_net_config around = around_of(set);
    nas_settings size;
    nas_costs costs;
    nas_cost which;
    base_buf why = {0};
    BASE_TRY(darts_network_size(settings, arena, &size, err));
    BASE_TRY(nas_costs_count(settings->space, &size, &around, arena, &costs, err));
    BASE_TRY(apply_table(limits, &size, &around, arena, &costs, err));
    *out = nas_limits_none(&costs);
    for (int kind = 0; kind < NAS_COSTS; kind++)
        if (limits->max[kind] > 0) out->max[kind] = limits->max[kind];
    base_status status = BASE_OK;
    if (!nas_limits_possible(out, &which, &why))
        status = base_yaml_fail(limits->where[which], err, "%s", base_buf_text(&why));
    base_buf_fini(&why);
    return status;
}

/* ---- latencies ---- */

base_status darts_measure_latency(const darts_settings *settings, const eng_dataset *set, base_buf *out,
                                  base_err *err) {
    base_arena *arena = base_arena_create();
    const eng_net_config around = around_of(set);
    nas_settings size;
    nas_latency latency;
    base_status status = darts_network_size(settings, arena, &size, err);
    if (status == BASE_OK) status = nas_latency_measure(settings->space, &size, &around, arena, &latency, err);
    if (status == BASE_OK) {
        nas_latency_write(&latency, out);
        nas_latency_fini(&latency);
    }
    base_arena_destroy(arena);
    return status;
}

static bool wanted(const base_yaml_node *settings) {
    const base_yaml_node *limits = base_yaml_get(settings, "limits");
    return base_yaml_get(limits, "latency") && !base_yaml_get(limits, "table");
}

/* The size of the networks is that of any point. */
static base_status make(const hpo_objective_env *env, base_buf *out, base_err *err) {
    base_arena *arena = base_arena_create();
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(env->space) + 1, double);
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 0);
    darts_settings settings;
    eng_dataset *set = NULL;
    base_status status = hpo_space_sample(env->space, &rng, config, err);
    if (status == BASE_OK) status = darts_read(env, config, arena, &settings, err);
    if (status == BASE_OK) status = eng_data_load(&settings.data, env->base_dir, &set, err);
    if (status == BASE_OK) status = darts_measure_latency(&settings, set, out, err);
    eng_dataset_destroy(set);
    base_arena_destroy(arena);
    return status;
}

static base_status check_machine(const char *path, const char *text, base_err *err) {
    base_arena *arena = base_arena_create();
    base_buf here = {0};
    nas_latency latency;
    base_status status = nas_latency_read(path, text, arena, &latency, err);
    base_cpu_model(&here);
    if (status == BASE_OK && strcmp(latency.machine, base_buf_text(&here)) != 0)
        status = BASE_FAIL(err, BASE_INVALID,
                           "%s: the latencies of this run were measured on another machine (%s; this one is %s): go on "
                           "there, or begin another run with --dir",
                           path, latency.machine, base_buf_text(&here));
    nas_latency_fini(&latency);
    base_buf_fini(&here);
    base_arena_destroy(arena);
    return status;
}

const hpo_measurement darts_measurement = {
    .file = "latency.csv",
    .setting = "limits.table",
    .wanted = wanted,
    .make = make,
    .check = check_machine,
};
