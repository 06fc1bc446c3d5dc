/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a program can be run by these settings: found out before the first trial, with file, line and column. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiments/objectives/command_program.h"
#include "experiments/objectives/command_state.h"
#include "experiments/objectives/registry.h"
#include "hpo/space/settings.h"

static base_status fail_run_text(const base_yaml_node *run, base_err *err) {
    base_arena *arena = base_arena_create();
    base_yaml_node *list = base_yaml_new_list(arena, NULL);
    base_buf text = {0};
    if (strpbrk(run->text, "|&;<>$`*?\"'")) {
        base_yaml_append(arena, list, base_yaml_scalar(arena, NULL, "sh", true));
        base_yaml_append(arena, list, base_yaml_scalar(arena, NULL, "-c", true));
        base_yaml_append(arena, list, base_yaml_scalar(arena, NULL, run->text, true));
    } else {
        char *words = base_arena_strdup(arena, run->text), *rest = NULL;
        for (char *word = strtok_r(words, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
            base_yaml_append(arena, list, base_yaml_scalar(arena, NULL, word, true));
    }
    base_yaml_print_flow(list, &text);
    base_status status =
        base_yaml_fail(run, err, "run must be a list, because no shell takes it apart; write run: %s", text.data);
    base_buf_fini(&text);
    base_arena_destroy(arena);
    return status;
}

static base_status check_argument(const base_yaml_node *item, base_err *err) {
    if (base_yaml_is_scalar(item) && item->kind != BASE_YAML_NULL) return BASE_OK;
    return base_yaml_fail(item, err, "an argument must be a text or a number, but is %s; %s",
                          base_yaml_kind_text(item->kind), "write \"{name}\" in quotes for a parameter");
}

static base_status check_run(const base_yaml_node *run, base_err *err) {
    if (run->kind == BASE_YAML_STRING && *run->text) return fail_run_text(run, err);
    if (run->kind != BASE_YAML_LIST || run->count == 0)
        return base_yaml_fail(run, err,
                              "run must be a list of a program and its arguments, such as [python3, "
                              "train.py], but is %s",
                              base_yaml_kind_text(run->kind));
    for (size_t i = 0; i < run->count; i++) {
        const base_yaml_node *item = run->items[i];
        if (i == 0 || item->kind != BASE_YAML_LIST) BASE_TRY(check_argument(item, err));
        for (size_t k = 0; item->kind == BASE_YAML_LIST && k < item->count; k++)
            BASE_TRY(check_argument(item->items[k], err));
    }
    return BASE_OK;
}

static base_status check_env(const base_yaml_node *env, base_err *err) {
    if (!env) return BASE_OK;
    if (env->kind != BASE_YAML_MAP)
        return base_yaml_fail(env, err, "env must be a map such as {CUDA_VISIBLE_DEVICES: 0}, but is %s",
                              base_yaml_kind_text(env->kind));
    for (size_t i = 0; i < env->count; i++) {
        if (!*env->keys[i]->text || strchr(env->keys[i]->text, '='))
            return base_yaml_fail(env->keys[i], err, "'%s' cannot be the name of an environment variable",
                                  env->keys[i]->text);
        if (!base_yaml_is_scalar(env->items[i]))
            return base_yaml_fail(env->items[i], err, "an environment variable must be a text or a number, but is %s",
                                  base_yaml_kind_text(env->items[i]->kind));
    }
    return BASE_OK;
}

/* A folder that is the same for every trial; one with "{name}" in it is known only with a configuration. */
static base_status check_cwd(const char *folder, const base_yaml_node *where, base_err *err) {
    struct stat info;
    if (stat(folder, &info) == 0 && S_ISDIR(info.st_mode)) return BASE_OK;
    return base_yaml_fail(where, err, "the folder %s does not exist", folder);
}

static base_status check_program(const command_state *state, const char *folder, base_err *err) {
    const base_yaml_node *name = state->run->items[0], *path = base_yaml_get(state->env, "PATH");
    base_buf found = {0};
    if (strpbrk(name->text, "{}")) return BASE_OK;          /* known only with a configuration */
    if (!folder && strchr(name->text, '/')) return BASE_OK; /* likewise */
    base_status status =
        command_program_find(name->text, folder ? folder : "", path ? path->text : getenv("PATH"), &found);
    if (status == BASE_INVALID) {
        status = base_yaml_fail(
            name, err, "%s cannot be executed; make it so (chmod +x), or name its interpreter first", found.data);
    } else if (status == BASE_NOTFOUND && strchr(name->text, '/')) {
        status = base_yaml_fail(name, err, "there is no program %s", found.data);
    } else if (status == BASE_NOTFOUND) {
        base_buf_clear(&found);
        base_buf_printf(&found, "%s/%s", folder ? folder : ".", name->text);
        status = base_yaml_fail(name, err, "there is no program %s in PATH%s%s", name->text,
                                access(found.data, F_OK) == 0 ? "; the one beside the study file is ./" : "",
                                access(found.data, F_OK) == 0 ? name->text : "");
    }
    base_buf_fini(&found);
    return status;
}

static base_status check_references(const command_state *state, const hpo_objective_env *env, base_err *err) {
    const char *names[COMMAND_NAMES + 1];
    memcpy(names, command_names_known, sizeof command_names_known);
    names[COMMAND_NAMES] = env->fidelity.name;
    size_t count = COMMAND_NAMES + (env->fidelity.name != NULL);
    BASE_TRY(hpo_settings_check(state->run, env->space, names, count, err));
    BASE_TRY(hpo_settings_check(state->env, env->space, names, count, err));
    return hpo_settings_check(base_yaml_get(env->settings, "cwd"), env->space, names, count, err);
}

/* `trial: {config: false}` and a program that reads the file. */
static base_status check_config(const command_state *state, const hpo_objective_env *env, base_err *err) {
    if (env->writes_config) return BASE_OK;
    if (state->input == COMMAND_INPUT_JSON)
        return base_yaml_fail(base_yaml_get(env->settings, "input"), err,
                              "input: json needs the configuration's file; leave out trial: {config: false}");
    if (!command_mentions(state, "config") || hpo_space_find(env->space, "config") != SIZE_MAX) return BASE_OK;
    return base_yaml_fail(state->run, err,
                          "\"{config}\" is the configuration's file; leave out trial: {config: false}");
}

static base_status check_patterns(const command_state *state, base_arena *arena, base_err *err) {
    command_patterns patterns;
    BASE_TRY(command_patterns_create(state->parse, arena, &patterns, err));
    command_patterns_destroy(&patterns);
    return BASE_OK;
}

base_status command_check(const hpo_objective_env *env, base_err *err) {
    base_arena *arena = base_arena_create();
    command_state state = {0};
    base_status status = base_options_read(obj_command.options, env->settings, &state, arena, err);
    const base_yaml_node *cwd = base_yaml_get(env->settings, "cwd");
    bool known = !state.cwd || !strpbrk(state.cwd, "{}");
    const char *folder = NULL;
    if (known && (!state.cwd || !*state.cwd)) folder = env->base_dir;
    if (known && !folder)
        folder = *state.cwd == '/' ? state.cwd : base_arena_printf(arena, "%s/%s", env->base_dir, state.cwd);
    if (status == BASE_OK) status = check_run(state.run, err);
    if (status == BASE_OK) status = check_env(state.env, err);
    if (status == BASE_OK) status = check_patterns(&state, arena, err);
    if (status == BASE_OK) status = check_references(&state, env, err);
    if (status == BASE_OK) status = check_config(&state, env, err);
    if (status == BASE_OK && folder) status = check_cwd(folder, cwd ? cwd : state.run, err);
    if (status == BASE_OK) status = check_program(&state, folder, err);
    base_arena_destroy(arena);
    return status;
}
