/* SPDX-License-Identifier: GPL-3.0-or-later */
/* best.yaml: what a run has found, for programs and for the next study's try_first. */
#include <math.h>
#include <unistd.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"

static base_status write_in(const char *dir, const char *name, const base_buf *text, base_err *err) {
    base_buf path = {0};
    base_buf_printf(&path, "%s/%s", dir, name);
    base_status status = base_write_file(base_buf_text(&path), base_buf_text(text), text->length, err);
    base_buf_fini(&path);
    return status;
}

static base_yaml_node *text_node(base_arena *arena, const char *text) {
    return base_yaml_scalar(arena, NULL, text, true);
}

static base_yaml_node *number_node(base_arena *arena, double value, bool integer) {
    const hpo_value number = integer ? hpo_value_int((int64_t)value) : hpo_value_real(value);
    return hpo_value_node(arena, &number);
}

/* A count is written as one: metrics are real numbers, but 185674 parameters are no 185674.0. */
static base_yaml_node *metric_node(base_arena *arena, double value) {
    const bool whole = fabs(value) <= 0x1p53 && value == floor(value) && !(value == 0 && signbit(value));
    return number_node(arena, value, whole);
}

base_yaml_node *cli_config_node(const hpo_study_spec *spec, const double *config, base_arena *arena) {
    base_yaml_node *map = base_yaml_new_map(arena, NULL);
    for (size_t i = 0; i < hpo_space_count(spec->space); i++) {
        if (isnan(config[i])) continue; /* inactive; null may be a choice */
        const hpo_value value = hpo_space_value(spec->space, config, i);
        base_yaml_put(arena, map, hpo_space_param(spec->space, i)->name, hpo_value_node(arena, &value));
    }
    return map;
}

/* Whether the best meets the constraints; if not, how it fails. */
static void put_feasible(const cli_end *end, const hpo_incumbent *best, base_yaml_node *root, base_arena *arena) {
    const bool feasible = hpo_eval_is_feasible(best->eval);
    base_yaml_put(arena, root, "feasible", base_yaml_scalar(arena, NULL, feasible ? "true" : "false", false));
    if (feasible) return;
    base_buf text = {0};
    hpo_view_put_violations(hpo_study_view(end->study), best->eval, &text);
    base_yaml_put(arena, root, "violates", text_node(arena, base_arena_strdup(arena, base_buf_text(&text))));
    base_buf_fini(&text);
}

/* What was trained with which values, from the first ancestor on to what the best has reached. */
static base_yaml_node *schedule_node(const hpo_study_spec *spec, hpo_view view, const hpo_incumbent *best,
                                     base_arena *arena) {
    base_yaml_node *list = base_yaml_new_list(arena, NULL);
    size_t count = 0;
    for (uint64_t id = best->trial; id != UINT64_MAX; id = hpo_view_trial(view, id).parent) count++;
    hpo_trial *line = BASE_NEW_ARRAY(arena, count, hpo_trial); /* from the first ancestor */
    uint64_t id = best->trial;
    for (size_t i = count; i-- > 0; id = line[i].parent) line[i] = hpo_view_trial(view, id);
    for (size_t i = 0; i < count; i++) {
        base_yaml_node *map = base_yaml_new_map(arena, NULL);
        const double to = i + 1 < count ? line[i + 1].inherited : best->eval->fidelity;
        base_yaml_put(arena, map, "trial", number_node(arena, (double)line[i].id, true));
        base_yaml_put(arena, map, "from", number_node(arena, line[i].inherited, spec->fidelity.integer));
        base_yaml_put(arena, map, "to", number_node(arena, to, spec->fidelity.integer));
        base_yaml_put(arena, map, "config", cli_config_node(spec, line[i].config, arena));
        base_yaml_append(arena, list, map);
    }
    return list;
}

/* Of several metrics: the front's trials, then the one of them that is best in the first metric as the best of one
 * metric is, then all members. */
static base_yaml_node *best_node(const cli_end *end, const hpo_recommendation *what, base_arena *arena) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const hpo_incumbent *best = &what->who;
    const hpo_trial trial = hpo_view_trial(hpo_study_view(end->study), best->trial);
    base_yaml_node *root = base_yaml_new_map(arena, NULL), *map = base_yaml_new_map(arena, NULL);
    base_yaml_put(arena, root, "study", text_node(arena, spec->name));
    if (spec->n_goals > 1) cli_put_front_ids(end, root, arena);
    base_yaml_put(arena, root, "trial", number_node(arena, (double)best->trial, true));
    base_yaml_put(arena, map, "name", text_node(arena, spec->goals[0].name));
    base_yaml_put(arena, map, "goal", text_node(arena, spec->goals[0].maximize ? "maximize" : "minimize"));
    base_yaml_put(arena, root, "metric", map);
    base_yaml_put(arena, root, "value", number_node(arena, best->eval->value, false));
    if (!isnan(what->mean)) base_yaml_put(arena, root, "posterior_mean", number_node(arena, what->mean, false));
    if (spec->fidelity.name) {
        map = base_yaml_new_map(arena, NULL);
        base_yaml_put(arena, map, spec->fidelity.name,
                      number_node(arena, best->eval->fidelity, spec->fidelity.integer));
        base_yaml_put(arena, root, "fidelity", map);
    }
    if (spec->constraints.count > 0) put_feasible(end, best, root, arena);
    base_yaml_put(arena, root, "config", cli_config_node(spec, trial.config, arena));
    if (trial.parent != UINT64_MAX)
        base_yaml_put(arena, root, "schedule", schedule_node(spec, hpo_study_view(end->study), best, arena));
    if (best->eval->artefact) base_yaml_put(arena, root, "artefact", text_node(arena, best->eval->artefact));
    map = base_yaml_new_map(arena, NULL);
    for (size_t i = 0; best->eval->metrics && i < best->eval->metrics->count; i++) {
        const hpo_metric *metric = &best->eval->metrics->item[i];
        base_yaml_put(arena, map, metric->name, metric_node(arena, metric->value));
    }
    if (map->count > 0) base_yaml_put(arena, root, "metrics", map);
    if (spec->n_goals > 1) cli_put_front_members(end, root, arena);
    return root;
}

/* ---- its files ---- */

/* trials/<id>/<name> below dir. */
static const char *path_of(const char *dir, uint64_t trial, const char *name, base_buf *path) {
    base_buf_clear(path);
    base_buf_printf(path, "%s/trials/%llu/%s", dir, (unsigned long long)trial, name);
    return base_buf_text(path);
}

void cli_put_best_files(const cli_end *end, uint64_t trial, base_buf *out) {
    const char *const *files = hpo_study_spec_of(end->study)->objective->files;
    base_buf path = {0};
    for (size_t i = 0; files && files[i]; i++) {
        if (access(path_of(end->run_dir, trial, files[i], &path), F_OK) == 0) base_buf_printf(out, ", %s", files[i]);
    }
    base_buf_fini(&path);
}

bool cli_has_folder(const cli_end *end, uint64_t trial) {
    base_buf path = {0};
    const bool has = access(path_of(end->run_dir, trial, "config.json", &path), F_OK) == 0;
    base_buf_fini(&path);
    return has;
}

/* One that this trial does not have would be another trial's: it goes. */
static base_status copy_file(const char *dir, uint64_t trial, const char *name, base_err *err) {
    base_buf path = {0}, bytes = {0};
    base_status status = base_read_file(path_of(dir, trial, name, &path), &bytes, err);
    base_buf_clear(&path);
    base_buf_printf(&path, "%s/%s", dir, name);
    if (status == BASE_OK) {
        status = base_write_file(base_buf_text(&path), bytes.data, bytes.length, err);
    } else if (status == BASE_NOTFOUND) {
        (void)unlink(base_buf_text(&path));
        status = BASE_OK;
    }
    base_buf_fini(&path);
    base_buf_fini(&bytes);
    return status;
}

static base_status copy_files(const cli_end *end, uint64_t trial, const char *dir, base_err *err) {
    const char *const *files = hpo_study_spec_of(end->study)->objective->files;
    base_status status = BASE_OK;
    for (size_t i = 0; files && files[i] && status == BASE_OK; i++) status = copy_file(dir, trial, files[i], err);
    return status;
}

base_status cli_write_best(const cli_end *end, const char *dir, base_err *err) {
    hpo_recommendation best;
    if (!cli_best(end, &best)) return BASE_OK;
    base_buf text = {0};
    base_arena *arena = base_arena_create();
    base_yaml_print_portable(best_node(end, &best, arena), &text);
    base_status status = write_in(dir, "best.yaml", &text, err);
    if (status == BASE_OK) status = copy_files(end, best.who.trial, dir, err);
    base_arena_destroy(arena);
    base_buf_fini(&text);
    return status;
}
