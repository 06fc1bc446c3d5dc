/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `replicates:` of a study file: a configuration is worth the mean over several seeds.
 *
 * To scheduler, history and report the seeds are a fidelity, from one to all; the objective and the sampler know
 * nothing of it. Evaluation r of a trial has the r-th of the study's seeds, the same one for every trial: what two
 * configurations have in common, such as the split of the data, does not tell them apart. What is told is the mean over
 * the seeds so far, of every metric; that of the study with this seed alone stands beside it as NAME.seed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "hpo/study/study_keys.h"

/* ---- reading ---- */

base_status study_read_replicates(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    replicates_keys keys;
    if (!node) return BASE_OK;
    if (node->kind != BASE_YAML_MAP) {
        return base_yaml_fail(node, err, "replicates must be a map, e.g. replicates: {seeds: 5}, but is %s",
                              base_yaml_kind_text(node->kind));
    }
    BASE_TRY(base_options_read(replicates_keys_table, node, &keys, spec->arena, err));
    if (spec->fidelity.name) {
        return base_yaml_fail(node, err,
                              "replicates makes the number of seeds the fidelity, and this study has another one, "
                              "'%s'; remove one of the two",
                              spec->fidelity.name);
    }
    spec->replicates = (hpo_replicates){.seeds = (uint32_t)keys.seeds, .race = keys.race};
    spec->fidelity = (hpo_fidelity){.name = "seeds", .min = 1, .max = (double)keys.seeds, .integer = true};
    return BASE_OK;
}

base_status study_check_replicates(const hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    if (!node) return BASE_OK;
    if (spec->n_goals > 1 && spec->replicates.race) {
        return base_yaml_fail(base_yaml_get(node, "race"), err,
                              "a race is for the best value of one metric, and this study has %zu", spec->n_goals);
    }
    const base_yaml_node *fixed = base_yaml_key(spec->settings, "seed");
    if (!fixed) return BASE_OK;
    return base_yaml_fail(fixed, err,
                          "the setting 'seed' gives every evaluation the same seed, and replicates wants %u",
                          spec->replicates.seeds);
}

/* ---- the method ---- */

base_status study_replicate_method(hpo_study_spec *spec, const base_yaml_node *method, base_err *err) {
    const bool asked = spec->scheduler->flags & HPO_SCHEDULER_REPLICATES;
    if (!hpo_study_replicates(spec)) {
        if (!asked) return BASE_OK;
        return base_yaml_fail(method, err,
                              "the scheduler %s comes with the key `replicates`, e.g. replicates: {seeds: 5}, which "
                              "is missing",
                              spec->scheduler->name);
    }
    if (!asked && strcmp(spec->scheduler->name, "full") != 0) {
        return base_yaml_fail(method, err,
                              "%s and replicates both say how much to spend on a configuration; take a method without "
                              "early stopping, such as %s",
                              spec->scheduler->name, spec->sampler->name);
    }
    base_yaml_node *options =
        asked ? base_yaml_copy(spec->arena, spec->scheduler_options) : base_yaml_new_map(spec->arena, method);
    if (spec->replicates.race && !base_yaml_get(options, "race"))
        base_yaml_put(spec->arena, options, "race", base_yaml_scalar(spec->arena, method, "true", false));
    spec->scheduler = hpo_scheduler_find("replicates");
    spec->scheduler_options = options;
    return BASE_OK;
}

/* ---- asking and telling ---- */

uint64_t study_replicate_seed(const hpo_study_spec *spec, uint32_t rung) {
    return base_rng_derive(spec->seed, BASE_RNG_SEED, rung);
}

/* "valid_error.seed": false where that is too long for a name. */
static bool name_raw(const hpo_goal *goal, char name[HPO_METRIC_NAME]) {
    return (size_t)snprintf(name, HPO_METRIC_NAME, "%s.seed", goal->name) < HPO_METRIC_NAME;
}

/* A metric that not every seed has reported has no mean. */
static hpo_metrics means_of(const hpo_metrics *metrics, const hpo_eval *last, double seeds) {
    hpo_metrics means = {0};
    for (size_t i = 0; i < metrics->count; i++) {
        const hpo_metric *metric = &metrics->item[i];
        const double *before = last && last->metrics ? hpo_metrics_get(last->metrics, metric->name) : NULL;
        const double off = before ? metric->value - *before : 0;
        if (!last || before) hpo_metrics_set(&means, metric->name, before ? *before + off / seeds : metric->value);
    }
    return means;
}

void study_average(const hpo_study_spec *spec, const hpo_trial *trial, hpo_result *result, double *values) {
    const hpo_eval *last = trial->n_evals > 0 ? &trial->evals[trial->n_evals - 1] : NULL;
    const double seeds = (double)trial->n_evals + 1;
    const hpo_metrics all = means_of(&result->metrics, last, seeds);
    hpo_metrics means = {0}; /* what the study is about comes first: there is not room for everything */
    char name[HPO_METRIC_NAME];
    for (size_t g = 0; g < spec->n_goals; g++) {
        const double raw = values[g], before = last ? hpo_eval_values(last, spec->n_goals)[g] : 0;
        values[g] = before + (raw - before) / seeds;
        hpo_metrics_set(&means, spec->goals[g].name, values[g]);
        if (name_raw(&spec->goals[g], name)) hpo_metrics_set(&means, name, raw);
    }
    for (size_t c = 0; c < spec->constraints.count; c++) {
        const double *mean = hpo_metrics_get(&all, spec->constraints.items[c].metric);
        if (mean) hpo_metrics_set(&means, spec->constraints.items[c].metric, *mean);
    }
    for (size_t i = 0; i < all.count; i++)
        if (!hpo_metrics_get(&means, all.item[i].name)) hpo_metrics_set(&means, all.item[i].name, all.item[i].value);
    result->metrics = means;
}
