/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study file becomes a study_spec. Strict: whatever is not understood is refused with its position and what would be
 * right, because a key that is silently ignored costs a night of computing. */
#include "hpo/study/study_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/space/space_file.h"
#include "hpo/study/study_keys.h"
#include "hpo/study/try_first.h"

hpo_sampler_env study_sampler_env(const hpo_study_spec *spec) {
    const hpo_fidelity fidelity = hpo_study_fidelity(spec);
    return (hpo_sampler_env){
        .space = spec->space,
        .seed = spec->seed,
        .min_fidelity = fidelity.min,
        .max_fidelity = fidelity.max,
        .integer_fidelity = fidelity.integer,
        .deterministic = spec->deterministic,
    };
}

hpo_scheduler_env study_scheduler_env(const hpo_study_spec *spec) {
    return (hpo_scheduler_env){
        .space = spec->space,
        .seed = spec->seed,
        .has_fidelity = spec->fidelity.name != NULL,
        .min_fidelity = spec->fidelity.min,
        .max_fidelity = spec->fidelity.max,
        .integer_fidelity = spec->fidelity.integer,
    };
}

static base_status need_map(const base_yaml_node *node, const char *what, const char *example, base_err *err) {
    if (node->kind == BASE_YAML_MAP) return BASE_OK;
    return base_yaml_fail(node, err, "%s must be a map, e.g. %s, but is %s", what, example,
                          base_yaml_kind_text(node->kind));
}

static base_status read_fidelity(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    static const char example[] = "fidelity: {epochs: {min: 1, max: 27}}";
    spec->fidelity = (hpo_fidelity){.min = 1, .max = 1};
    if (!study_given(node)) return BASE_OK;
    BASE_TRY(need_map(node, "fidelity", example, err));
    if (node->count != 1) {
        return base_yaml_fail(node, err, "fidelity must be exactly one name with its range, e.g. %s", example);
    }
    const base_yaml_node *range = node->items[0];
    BASE_TRY(need_map(range, "the range of a fidelity", example, err));
    fidelity_keys keys;
    BASE_TRY(base_options_read(fidelity_keys_table, range, &keys, spec->arena, err));
    const base_yaml_node *min = base_yaml_get(range, "min"), *max = base_yaml_get(range, "max");
    if (keys.min > keys.max) {
        return base_yaml_fail(max, err, "max (%s) must not be less than min (%s)", max->text, min->text);
    }
    spec->fidelity = (hpo_fidelity){
        .name = node->keys[0]->text,
        .min = keys.min,
        .max = keys.max,
        .integer = min->kind == BASE_YAML_INT && max->kind == BASE_YAML_INT,
    };
    return BASE_OK;
}

static base_status find_objective(hpo_study_spec *spec, const hpo_catalog *catalog, const base_yaml_node *name,
                                  base_err *err) {
    const char **names = BASE_NEW_ARRAY(spec->arena, catalog->n_objectives, const char *);
    for (size_t i = 0; i < catalog->n_objectives; i++) {
        names[i] = catalog->objectives[i]->name;
        if (strcmp(names[i], name->text) == 0) spec->objective = catalog->objectives[i];
    }
    if (spec->objective) return BASE_OK;
    if (strcmp(name->text, "run") == 0 || strpbrk(name->text, "./ ")) {
        return base_yaml_fail(name, err,
                              "there is no objective '%s'; a program of yours is objective: {command: {run: [python3, "
                              "train.py]}}",
                              name->text);
    }
    return base_yaml_fail(name, err, "there is no objective '%s'%s", name->text,
                          base_hint(spec->arena, name->text, names, catalog->n_objectives));
}

/* The setting that must be given, as an example of what settings look like. */
static const char *required_setting(const hpo_objective_type *type, base_arena *arena) {
    for (const base_option *option = hpo_objective_table(type, arena); option && option->name; option++)
        if (option->fallback == BASE_REQUIRED) return option->name;
    return NULL;
}

static base_status read_objective(hpo_study_spec *spec, const hpo_catalog *catalog, const base_yaml_node *node,
                                  base_err *err) {
    if (node->kind == BASE_YAML_STRING) { /* a name alone: its settings are an empty map in the same place */
        spec->settings = base_yaml_new_map(spec->arena, node);
        return find_objective(spec, catalog, node, err);
    }
    if (node->kind != BASE_YAML_MAP || node->count != 1) {
        return base_yaml_fail(node, err,
                              "objective must be exactly one name with its settings, e.g. objective: {train: "
                              "{dataset: digits}}");
    }
    BASE_TRY(find_objective(spec, catalog, node->keys[0], err));
    const base_yaml_node *settings = study_given(node->items[0]);
    if (settings && settings->kind != BASE_YAML_MAP) {
        const char *required = required_setting(spec->objective, spec->arena);
        return base_yaml_fail(settings, err, "the settings of the objective %s must be a map%s%s%s, but are %s",
                              spec->objective->name, required ? ", e.g. {" : "", required ? required : "",
                              required ? ": ...}" : "", base_yaml_kind_text(settings->kind));
    }
    spec->settings = settings ? settings : base_yaml_new_map(spec->arena, node->keys[0]);
    return BASE_OK;
}

/* The objective's own parameters. */
static base_status read_declared(hpo_study_spec *spec, const study_keys *keys, base_err *err) {
    BASE_TRY(spec->objective->parameters(spec->settings, spec->space, err));
    const char *fidelity = spec->fidelity.name;
    if (fidelity && hpo_space_find(spec->space, fidelity) != SIZE_MAX) {
        return base_yaml_fail(keys->fidelity, err, "'%s' is both the fidelity and a parameter of the objective %s",
                              fidelity, spec->objective->name);
    }
    return BASE_OK;
}

/* A name means one thing: neither of two declarations is silently dropped. */
static base_status check_names(const hpo_study_spec *spec, const base_yaml_node *parameters, base_err *err) {
    for (size_t i = 0; parameters->kind == BASE_YAML_MAP && i < parameters->count; i++) {
        const base_yaml_node *key = parameters->keys[i];
        const size_t index = key->text ? hpo_space_find(spec->space, key->text) : SIZE_MAX;
        if (index == SIZE_MAX) continue;
        const base_yaml_node *where = hpo_space_param(spec->space, index)->where;
        if (!where) where = spec->settings;
        return base_yaml_fail(key, err,
                              "'%s' is a parameter of the objective %s already (%s:%d:%d); give this one another name, "
                              "or remove it",
                              key->text, spec->objective->name, where->file, where->line, where->column);
    }
    return BASE_OK;
}

/* Whether a trial is worth its while for its seed alone. */
static bool lives_on_seeds(const hpo_study_spec *spec) {
    const hpo_objective_type *type = spec->objective;
    return type->flags & HPO_OBJECTIVE_SEEDS || (type->seeds && type->seeds(spec->settings));
}

/* What is searched: what the objective declares, and what the user writes. */
static base_status read_space(hpo_study_spec *spec, const base_yaml_node *root, const study_keys *keys, base_err *err) {
    const base_yaml_node *parameters = study_given(keys->parameters);
    const hpo_objective_type *type = spec->objective;
    const bool declares = type->parameters && !(parameters && type->flags & HPO_OBJECTIVE_DEFAULT_SPACE);
    if (!parameters && !declares && !lives_on_seeds(spec)) {
        return base_yaml_fail(root, err,
                              "the key 'parameters' is missing: what is searched, e.g. parameters: "
                              "{learning_rate: {min: 1e-5, max: 1.0, log: true}}");
    }
    spec->space = hpo_space_create();
    if (declares) BASE_TRY(read_declared(spec, keys, err));
    spec->n_declared = type->flags & HPO_OBJECTIVE_DEFAULT_SPACE ? 0 : hpo_space_count(spec->space);
    if (parameters) {
        BASE_TRY(check_names(spec, parameters, err));
        BASE_TRY(hpo_space_read_params(spec->space, parameters, spec->fidelity.name, err));
    }
    if (study_given(keys->forbid)) BASE_TRY(hpo_space_read_forbid(spec->space, keys->forbid, err));
    BASE_TRY(hpo_space_seal(spec->space, err));
    if (hpo_space_dims(spec->space) == 0 && lives_on_seeds(spec)) spec->repeats = true;
    return study_check_searched(spec, parameters, err);
}

static base_status read_metric_budget(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    metric_budget_keys keys;
    BASE_TRY(need_map(node, "metric of a budget", "metric: {name: seconds, max: 3600}", err));
    BASE_TRY(base_options_read(metric_budget_keys_table, node, &keys, spec->arena, err));
    BASE_TRY(study_check_metric(spec, keys.name, base_yaml_get(node, "name"), err));
    spec->budget.metric = keys.name;
    spec->budget.metric_max = keys.max;
    return BASE_OK;
}

static base_status read_budget(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    budget_keys keys;
    if (study_given(node)) BASE_TRY(need_map(node, "budget", "{trials: 100}", err));
    BASE_TRY(base_options_read(budget_keys_table, node, &keys, spec->arena, err));
    spec->budget = (hpo_budget){
        .trials = (uint64_t)keys.trials, .cost = keys.cost, .time = keys.time, .no_improve = (uint64_t)keys.no_improve};
    if (study_given(keys.metric)) BASE_TRY(read_metric_budget(spec, keys.metric, err));
    return study_given(keys.target) ? study_read_target(spec, keys.target, err) : BASE_OK;
}

static base_status read_incumbent(hpo_study_spec *spec, const study_keys *keys, const base_yaml_node *node,
                                  base_err *err) {
    spec->by_posterior = keys->incumbent == 1;
    if (!spec->by_posterior || spec->n_goals == 1) return BASE_OK;
    return base_yaml_fail(
        node, err,
        "incumbent: posterior recommends one trial by one metric, and this study has %zu, whose front "
        "is what is found; remove the key",
        spec->n_goals);
}

static base_status read_exit_grace(const base_yaml_node *node, double *seconds, base_err *err) {
    *seconds = (double)INFINITY;
    if (node->kind == BASE_YAML_STRING && strcmp(node->text, "none") == 0) return BASE_OK;
    BASE_TRY(base_option_check(&study_exit_grace_option, node, err));
    return base_parse_duration(node->text, seconds)
               ? BASE_OK
               : base_yaml_fail(node, err, "exit_grace must be none or a duration such as 30s");
}

static base_status read_devices(hpo_study_spec *spec, const trial_keys *keys, base_err *err) {
    spec->devices = (hpo_devices){.gpus = keys->gpus, .share = keys->share_devices};
    const base_yaml_node *list = study_given(keys->devices);
    if (!list) return BASE_OK;
    if (list->kind != BASE_YAML_LIST || list->count == 0) {
        return base_yaml_fail(list, err, "devices must be a list such as [0, 1], but is %s",
                              list->count == 0 && list->kind == BASE_YAML_LIST ? "empty"
                                                                               : base_yaml_kind_text(list->kind));
    }
    const char **names = BASE_NEW_ARRAY(spec->arena, list->count, const char *);
    for (size_t i = 0; i < list->count; i++) {
        const base_yaml_node *item = list->items[i];
        if (!base_yaml_is_scalar(item) || item->kind == BASE_YAML_NULL || !*item->text || strpbrk(item->text, ", \n")) {
            return base_yaml_fail(item, err, "a device is a number or a name without comma and space");
        }
        names[i] = item->text;
    }
    spec->devices.names = names;
    spec->devices.count = list->count;
    if (spec->devices.gpus == 0) spec->devices.gpus = 1;
    return BASE_OK;
}

static base_status read_limits(hpo_study_spec *spec, const base_yaml_node *trial, const base_yaml_node *failure,
                               base_err *err) {
    trial_keys limits;
    if (study_given(trial)) BASE_TRY(need_map(trial, "trial", "{time: 10m, memory: 2GiB}", err));
    if (study_given(failure)) BASE_TRY(need_map(failure, "failure", "{max_failures: 50}", err));
    BASE_TRY(base_options_read(trial_keys_table, trial, &limits, spec->arena, err));
    spec->limits = (hpo_limits){
        .time = limits.time,
        .memory = limits.memory,
        .threads = (int)limits.threads,
        .stop_grace = limits.stop_grace,
    };
    spec->keep = (hpo_keep)limits.keep;
    spec->writes_config = limits.config;
    BASE_TRY(read_exit_grace(limits.exit_grace, &spec->limits.exit_grace, err));
    BASE_TRY(read_devices(spec, &limits, err));
    failure_keys keys;
    BASE_TRY(base_options_read(failure_keys_table, failure, &keys, spec->arena, err));
    retries_keys retries;
    BASE_TRY(base_options_read(retries_keys_table, keys.retries, &retries, spec->arena, err));
    if (keys.lost_after <= keys.heartbeat) {
        const base_yaml_node *where = base_yaml_get(failure, "lost_after");
        return base_yaml_fail(where ? where : failure, err, "lost_after (%gs) must be longer than heartbeat (%gs)",
                              keys.lost_after, keys.heartbeat);
    }
    spec->failure = (hpo_failure_policy){
        .retries_crash = retries.crash,
        .retries_timeout = retries.timeout,
        .retries_oom = retries.oom,
        .retries_lost = retries.lost,
        .max_failures = keys.max_failures,
        .first = keys.first,
        .heartbeat = keys.heartbeat,
        .lost_after = keys.lost_after,
    };
    return BASE_OK;
}

/* The file's name without folder and ending. */
static const char *name_of_file(base_arena *arena, const char *file) {
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    return base_arena_strndup(arena, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static const char *folder_of_file(base_arena *arena, const char *file) {
    const char *slash = strrchr(file, '/');
    const char *folder = !slash ? "." : slash == file ? "/" : base_arena_strndup(arena, file, (size_t)(slash - file));
    char *absolute = realpath(folder, NULL);
    const char *result = absolute ? base_arena_strdup(arena, absolute) : folder;
    free(absolute);
    return result;
}

static base_status read_seed(hpo_study_spec *spec, const base_yaml_node *node, const uint64_t *override,
                             base_err *err) {
    spec->seed_given = override || study_given(node);
    if (override) {
        spec->seed = *override;
    } else if (study_given(node)) {
        const char *text = base_yaml_is_scalar(node) && node->kind != BASE_YAML_STRING ? node->text : "";
        errno = 0;
        spec->seed = strtoull(text, NULL, 10);
        if (!*text || text[strspn(text, "0123456789")] || errno == ERANGE) {
            return base_yaml_fail(node, err, "seed must be an integer from 0 to 18446744073709551615");
        }
    }
    return BASE_OK;
}

static base_status read_root(hpo_study_spec *spec, const hpo_catalog *catalog, const base_yaml_node *root,
                             const uint64_t *seed, base_err *err) {
    study_keys keys;
    BASE_TRY(base_options_read(study_keys_table, root, &keys, spec->arena, err));
    spec->name = keys.study ? keys.study : name_of_file(spec->arena, spec->file);
    BASE_TRY(read_seed(spec, keys.seed, seed, err));
    spec->workers = (uint64_t)keys.workers;
    spec->deterministic = keys.deterministic;
    spec->repeats = keys.repeats;
    spec->fsync_each = keys.durability == 1;
    spec->report = keys.report;
    spec->try_first = study_given(keys.try_first);
    if (spec->deterministic && spec->workers == 0) {
        return base_yaml_fail(base_yaml_key(root, "deterministic"), err,
                              "deterministic: true needs the number of virtual workers, e.g. workers: 4, because the "
                              "order of results depends on it");
    }
    BASE_TRY(read_fidelity(spec, keys.fidelity, err));
    BASE_TRY(study_read_replicates(spec, study_given(keys.replicates), err));
    BASE_TRY(read_objective(spec, catalog, keys.objective, err));
    BASE_TRY(read_space(spec, root, &keys, err));
    BASE_TRY(study_read_goals(spec, root, &keys, err));
    BASE_TRY(study_set_metrics(spec->space, spec->goals, spec->n_goals, err));
    BASE_TRY(study_read_constraints(spec, keys.constraints, err));
    BASE_TRY(study_check_replicates(spec, study_given(keys.replicates), err));
    BASE_TRY(read_incumbent(spec, &keys, base_yaml_get(root, "incumbent"), err));
    BASE_TRY(read_budget(spec, keys.budget, err));
    BASE_TRY(read_limits(spec, keys.trial, keys.failure, err));
    BASE_TRY(study_check_objective(spec, err)); /* before auto asks it what an evaluation costs */
    BASE_TRY(study_settle_method(spec, keys.method, err));
    BASE_TRY(study_check_method(spec, root, keys.method, err));
    spec->identity = study_identity(spec);
    /* A path waits for a caller that reads files. */
    const bool listed = spec->try_first && spec->try_first->kind != BASE_YAML_STRING;
    return listed ? hpo_try_first_set(spec, spec->try_first, err) : BASE_OK;
}

base_status hpo_study_read(const hpo_catalog *catalog, const char *file, const char *text, size_t length,
                           const char *const *sets, size_t n_sets, const uint64_t *seed, hpo_study_spec **out,
                           base_err *err) {
    base_arena *arena = base_arena_create();
    hpo_study_spec *spec = base_calloc(1, sizeof *spec);
    *spec = (hpo_study_spec){.arena = arena, .file = base_arena_strdup(arena, file)};
    spec->base_dir = folder_of_file(arena, file);
    base_yaml_node *root;
    base_status status = base_yaml_parse(arena, spec->file, text, length, &root, err);
    if (status == BASE_OK && root->kind != BASE_YAML_MAP) {
        status = base_yaml_fail(root, err, "a study file is a map of keys, but this is %s; see --help study",
                                root->kind == BASE_YAML_NULL ? "empty" : base_yaml_kind_text(root->kind));
    }
    for (size_t i = 0; status == BASE_OK && i < n_sets; i++) status = base_yaml_set(arena, root, sets[i], err);
    if (status == BASE_OK) status = read_root(spec, catalog, root, seed, err);
    if (status != BASE_OK) {
        hpo_study_spec_destroy(spec);
        spec = NULL;
    }
    *out = spec;
    return status;
}

void hpo_study_spec_destroy(hpo_study_spec *spec) {
    if (!spec) return;
    hpo_space_destroy(spec->space);
    base_arena_destroy(spec->arena);
    free(spec);
}

void hpo_study_spec_repeat(hpo_study_spec *spec, uint64_t first, const uint64_t *trials, size_t count) {
    if (count == 0) return;
    hpo_repeat *all = BASE_NEW_ARRAY(spec->arena, spec->n_repeated + count, hpo_repeat);
    if (spec->n_repeated > 0) memcpy(all, spec->repeated, spec->n_repeated * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        all[spec->n_repeated + i] = (hpo_repeat){.trial = first + i, .source = trials[i]};
    }
    spec->repeated = all;
    spec->n_repeated += count;
}

bool hpo_study_spec_repeats(const hpo_study_spec *spec, uint64_t trial) {
    for (size_t i = 0; i < spec->n_repeated; i++) {
        if (spec->repeated[i].source == trial) return true;
    }
    return false;
}

void hpo_study_spec_set_seed(hpo_study_spec *spec, uint64_t seed) {
    spec->seed = seed;
    spec->seed_given = true;
    spec->identity = study_identity(spec);
}
