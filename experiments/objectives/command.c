/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `command`: any program, run once per evaluation, without a shell.
 *
 * The program learns its configuration from its arguments ("{name}" in `run`, or --name value for every active
 * parameter and the fidelity when `run` mentions none of them), from the JSON file named by HPO_CONFIG, or from the
 * environment (HPO_P_LEARNING_RATE). An argument that mentions an inactive parameter is left out, so
 * "--momentum={momentum}" is safer than two arguments. It answers with JSON objects on lines of its standard output.
 *
 * HPO_FIDELITY_FROM is where an evaluation may go on from, by what the program left in HPO_CHECKPOINT, a folder that
 * stays with the trial. A program that ignores it starts from scratch: correct, but charged as if it had gone on. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiments/objectives/command_output.h"
#include "experiments/objectives/command_program.h"
#include "experiments/objectives/registry.h"
#include "hpo/space/settings.h"

enum { INPUT_ARGUMENTS, INPUT_JSON, INPUT_ENV };
static const char *const inputs[] = {"arguments", "json", "env", NULL};

typedef struct command_state {
    const base_yaml_node *run, *env;
    int input;
    const char *cwd;         /* as written; later: the folder */
    hpo_objective_env known; /* what init was told */
} command_state;

static const base_option command_options[] = {
    {.name = "run",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(command_state, run),
     .fallback = BASE_REQUIRED,
     .shape = "list",
     .help = "the program and its arguments; \"{name}\" is a parameter"},
    {.name = "input",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(command_state, input),
     .fallback = "arguments",
     .choices = inputs,
     .help = "how parameters arrive: arguments: in run, or as --name value behind it when run mentions none of them; "
             "json: in the file HPO_CONFIG; env: as HPO_P_NAME"},
    {.name = "cwd",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(command_state, cwd),
     .fallback = "",
     .help = "the folder it runs in; default: that of the study file"},
    {.name = "env",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(command_state, env),
     .fallback = "",
     .shape = "map",
     .help = "more environment variables"},
    BASE_OPTIONS_END,
};

/* Names that "{name}" may use besides the parameters; the fidelity's own name comes after them. */
static const char *const extra_names[] = {"trial", "seed", "checkpoint", "fidelity", "from"};
enum { N_EXTRAS = sizeof extra_names / sizeof *extra_names };

/* ---- check ---- */

static bool mentions(const base_yaml_node *node, const hpo_objective_env *env) {
    for (size_t i = 0; i < hpo_space_count(env->space); i++)
        if (hpo_settings_mention(node, hpo_space_param(env->space, i)->name)) return true;
    return env->fidelity.name && hpo_settings_mention(node, env->fidelity.name);
}

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

static base_status check_run(const base_yaml_node *run, base_err *err) {
    if (run->kind == BASE_YAML_STRING && *run->text) return fail_run_text(run, err);
    if (run->kind != BASE_YAML_LIST || run->count == 0)
        return base_yaml_fail(run, err,
                              "run must be a list of a program and its arguments, such as [python3, "
                              "train.py], but is %s",
                              base_yaml_kind_text(run->kind));
    for (size_t i = 0; i < run->count; i++)
        if (!base_yaml_is_scalar(run->items[i]) || run->items[i]->kind == BASE_YAML_NULL)
            return base_yaml_fail(run->items[i], err, "an argument must be a text or a number, but is %s; %s",
                                  base_yaml_kind_text(run->items[i]->kind),
                                  "write \"{name}\" in quotes for a parameter");
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

static const char *folder_of(const command_state *state, const char *base_dir, base_arena *arena) {
    if (!state->cwd || !*state->cwd) return base_dir;
    return *state->cwd == '/' ? state->cwd : base_arena_printf(arena, "%s/%s", base_dir, state->cwd);
}

static base_status check_cwd(const command_state *state, const char *folder, const base_yaml_node *settings,
                             base_err *err) {
    struct stat info;
    if (stat(folder, &info) == 0 && S_ISDIR(info.st_mode)) return BASE_OK;
    const base_yaml_node *where = base_yaml_get(settings, "cwd");
    return base_yaml_fail(where ? where : state->run, err, "the folder %s does not exist", folder);
}

static base_status check_program(const command_state *state, const char *folder, base_err *err) {
    const base_yaml_node *name = state->run->items[0], *path = base_yaml_get(state->env, "PATH");
    base_buf found = {0};
    if (strpbrk(name->text, "{}")) return BASE_OK; /* known only with a configuration */
    base_status status = command_program_find(name->text, folder, path ? path->text : getenv("PATH"), &found);
    if (status == BASE_INVALID) {
        status = base_yaml_fail(
            name, err, "%s cannot be executed; make it so (chmod +x), or name its interpreter first", found.data);
    } else if (status == BASE_NOTFOUND && strchr(name->text, '/')) {
        status = base_yaml_fail(name, err, "there is no program %s", found.data);
    } else if (status == BASE_NOTFOUND) {
        base_buf_clear(&found);
        base_buf_printf(&found, "%s/%s", folder, name->text);
        status = base_yaml_fail(name, err, "there is no program %s in PATH%s%s", name->text,
                                access(found.data, F_OK) == 0 ? "; the one beside the study file is ./" : "",
                                access(found.data, F_OK) == 0 ? name->text : "");
    }
    base_buf_fini(&found);
    return status;
}

static base_status check_references(const command_state *state, const hpo_objective_env *env, base_err *err) {
    const char *names[N_EXTRAS + 1];
    memcpy(names, extra_names, sizeof extra_names);
    names[N_EXTRAS] = env->fidelity.name;
    size_t count = N_EXTRAS + (env->fidelity.name != NULL);
    BASE_TRY(hpo_settings_check(state->run, env->space, names, count, err));
    return hpo_settings_check(state->env, env->space, names, count, err);
}

static base_status command_check(const hpo_objective_env *env, base_err *err) {
    base_arena *arena = base_arena_create();
    command_state state = {0};
    base_status status = base_options_read(command_options, env->settings, &state, arena, err);
    const char *folder = folder_of(&state, env->base_dir, arena);
    if (status == BASE_OK) status = check_run(state.run, err);
    if (status == BASE_OK) status = check_env(state.env, err);
    if (status == BASE_OK) status = check_references(&state, env, err);
    if (status == BASE_OK) status = check_cwd(&state, folder, env->settings, err);
    if (status == BASE_OK) status = check_program(&state, folder, err);
    base_arena_destroy(arena);
    return status;
}

static base_status command_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    command_state *state = self;
    (void)err;
    state->known = *env;
    state->cwd = folder_of(state, env->base_dir, arena);
    return BASE_OK;
}

/* ---- what the program is told ---- */

typedef struct call {
    const command_state *state;
    const hpo_job *job;
    base_arena *arena;
    const char *checkpoint, *config; /* config: NULL when the study wants none */
    hpo_setting_extra extras[N_EXTRAS + 1];
    size_t n_extras;
} call;

static hpo_value fidelity_value(const call *self, double fidelity) {
    return self->state->known.fidelity.integer ? hpo_value_int((int64_t)fidelity) : hpo_value_real(fidelity);
}

/* Below 2^31: what every library takes for a seed. */
static uint32_t small_seed(uint64_t seed) {
    return (uint32_t)(seed >> 33);
}

static const char *value_text(base_arena *arena, const hpo_value *value) {
    base_buf text = {0};
    hpo_value_print(value, &text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static void begin_call(call *self, const command_state *state, const hpo_job *job, base_arena *arena) {
    *self = (call){.state = state, .job = job, .arena = arena};
    self->checkpoint = base_arena_printf(self->arena, "%s/checkpoint", job->folder);
    if (state->known.writes_config) self->config = base_arena_printf(self->arena, "%s/config.json", job->folder);
    const hpo_value values[N_EXTRAS] = {hpo_value_int((int64_t)job->trial), hpo_value_int(small_seed(job->seed)),
                                        hpo_value_text(self->checkpoint), fidelity_value(self, job->fidelity),
                                        fidelity_value(self, job->from)};
    for (size_t i = 0; i < N_EXTRAS; i++)
        self->extras[self->n_extras++] = (hpo_setting_extra){.name = extra_names[i], .value = values[i]};
    if (state->known.fidelity.name)
        self->extras[self->n_extras++] =
            (hpo_setting_extra){.name = state->known.fidelity.name, .value = fidelity_value(self, job->fidelity)};
}

static void add_member(base_buf *out, const char *name, const hpo_value *value) {
    base_buf_puts(out, out->length > 1 ? ", " : "");
    base_buf_put_json(out, name);
    base_buf_puts(out, ": ");
    hpo_value_print_json(value, out);
}

static const char *config_text(const call *self) {
    const hpo_space *space = self->state->known.space;
    const char *fidelity = self->state->known.fidelity.name;
    base_buf text = {0};
    base_buf_putc(&text, '{');
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        if (isnan(self->job->config[i])) continue;
        hpo_value value = hpo_space_value(space, self->job->config, i);
        add_member(&text, hpo_space_param(space, i)->name, &value);
    }
    if (fidelity) {
        hpo_value value = fidelity_value(self, self->job->fidelity);
        add_member(&text, fidelity, &value);
    }
    base_buf_puts(&text, "}\n");
    const char *copy = base_arena_strdup(self->arena, text.data);
    base_buf_fini(&text);
    return copy;
}

/* The environment of the program, over that of the worker; a later variable of a name comes over an earlier one. */
typedef struct variables {
    base_arena *arena;
    const char **item;
    size_t count;
} variables;

static void set(variables *env, const char *name, const char *value) {
    size_t length = strlen(name), at = 0;
    while (at < env->count && !(strncmp(env->item[at], name, length) == 0 && env->item[at][length] == '=')) at++;
    env->item[at] = base_arena_printf(env->arena, "%s=%s", name, value);
    if (at == env->count) env->count++;
}

/* HPO_P_LEARNING_RATE for learning_rate; what cannot stand in a name becomes '_'. */
static void set_parameters(const call *self, variables *env) {
    const hpo_space *space = self->state->known.space;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        if (isnan(self->job->config[i])) continue;
        char *name = base_arena_printf(self->arena, "HPO_P_%s", hpo_space_param(space, i)->name);
        for (char *c = name; *c; c++) *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
        hpo_value value = hpo_space_value(space, self->job->config, i);
        set(env, name, value_text(self->arena, &value));
    }
}

static base_yaml_node *resolve(const call *self, const base_yaml_node *node) {
    return hpo_settings_resolve(self->arena, node, self->state->known.space, self->job->config, self->extras,
                                self->n_extras);
}

enum { N_OWN_VARIABLES = 6 };

static const char *const *environment(const call *self) {
    const base_yaml_node *more = self->state->env ? resolve(self, self->state->env) : NULL;
    size_t room = N_OWN_VARIABLES + hpo_space_count(self->state->known.space) + (more ? more->count : 0) + 1;
    variables env = {.arena = self->arena, .item = BASE_NEW_ARRAY(self->arena, room, const char *)};
    hpo_value to = fidelity_value(self, self->job->fidelity), from = fidelity_value(self, self->job->from);
    set(&env, "HPO_TRIAL", base_arena_printf(self->arena, "%" PRIu64, self->job->trial));
    set(&env, "HPO_SEED", base_arena_printf(self->arena, "%" PRIu32, small_seed(self->job->seed)));
    if (self->config) set(&env, "HPO_CONFIG", self->config);
    set(&env, "HPO_CHECKPOINT", self->checkpoint);
    set(&env, "HPO_FIDELITY", value_text(self->arena, &to));
    set(&env, "HPO_FIDELITY_FROM", value_text(self->arena, &from));
    if (self->state->input == INPUT_ENV) set_parameters(self, &env);
    for (size_t i = 0; more && i < more->count; i++)
        if (more->items[i]->kind != BASE_YAML_NULL) set(&env, more->keys[i]->text, more->items[i]->text);
    return env.item;
}

static char **arguments(const call *self) {
    const hpo_space *space = self->state->known.space;
    const base_yaml_node *run = resolve(self, self->state->run);
    size_t count = 0;
    char **argv = BASE_NEW_ARRAY(self->arena, run->count + 2 * hpo_space_count(space) + 3, char *);
    for (size_t i = 0; i < run->count; i++) argv[count++] = base_arena_strdup(self->arena, run->items[i]->text);
    if (self->state->input != INPUT_ARGUMENTS || mentions(self->state->run, &self->state->known)) return argv;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        if (isnan(self->job->config[i])) continue;
        hpo_value value = hpo_space_value(space, self->job->config, i);
        argv[count++] = base_arena_printf(self->arena, "--%s", hpo_space_param(space, i)->name);
        argv[count++] = base_arena_strdup(self->arena, value_text(self->arena, &value));
    }
    if (self->state->known.fidelity.name) {
        hpo_value value = fidelity_value(self, self->job->fidelity);
        argv[count++] = base_arena_printf(self->arena, "--%s", self->state->known.fidelity.name);
        argv[count++] = base_arena_strdup(self->arena, value_text(self->arena, &value));
    }
    return argv;
}

/* ---- what became of it ---- */

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* One evaluation, from launch to result. */
typedef struct command_run {
    base_arena *arena;
    const char *name;
    command_output output;
} command_run;

static base_status command_launch(void *self, const hpo_job *job, base_arena *arena, hpo_program *out, base_err *err) {
    const command_state *state = self;
    call now;
    (void)err;
    begin_call(&now, state, job, arena);
    command_run *run = BASE_NEW(arena, command_run);
    *out = (hpo_program){.argv = arguments(&now),
                         .env = environment(&now),
                         .cwd = state->cwd,
                         .checkpoint = now.checkpoint,
                         .config_file = now.config,
                         .config = now.config ? config_text(&now) : NULL,
                         .run = run};
    out->name = file_name(out->argv[0]);
    *run = (command_run){.arena = arena,
                         .name = out->name,
                         .output = {.metric = state->known.metric,
                                    .fidelity = state->known.fidelity.name,
                                    .from = job->from,
                                    .to = job->fidelity}};
    command_output_begin(&run->output);
    return BASE_OK;
}

static void command_feed(void *self, const char *bytes, size_t length, const hpo_reporter *reporter) {
    command_run *run = self;
    run->output.reporter = reporter;
    command_output_feed(&run->output, bytes, length);
}

static void command_finish(void *self, const hpo_reporter *reporter) {
    command_run *run = self;
    run->output.reporter = reporter;
    command_output_end(&run->output);
}

static bool command_complete(const void *self) {
    return command_output_complete(&((const command_run *)self)->output);
}

static base_status command_result(void *self, hpo_result *result, base_err *err) {
    const command_run *run = self;
    const command_output *output = &run->output;
    (void)err;
    if (output->found) {
        result->metrics = output->metrics;
        return BASE_OK;
    }
    result->failure = HPO_FAILURE_OUTPUT;
    snprintf(result->reason, sizeof result->reason, "%s",
             command_hint_sentence(&output->hint, run->arena, run->name, output->metric));
    return BASE_OK;
}

static const hpo_program_ops command_program = {.launch = command_launch,
                                                .feed = command_feed,
                                                .complete = command_complete,
                                                .finish = command_finish,
                                                .result = command_result};

const hpo_objective_type obj_command = {
    .name = "command",
    .summary = "any program: arguments, JSON or environment in, JSON lines out",
    .notes =
        "\"{name}\" in run and env may be a parameter, the fidelity by its name, trial, seed, checkpoint, fidelity "
        "or from; {{ and }} are braces. An argument that mentions an inactive parameter is left out. The program "
        "prints JSON objects on lines of their own, such as {\"epochs\": 3, \"loss\": 0.12}: one with the "
        "fidelity's name in it is a report, the last one is the result. Its environment has HPO_TRIAL, HPO_SEED, "
        "HPO_CONFIG, HPO_CHECKPOINT, HPO_FIDELITY and HPO_FIDELITY_FROM.",
    .options = command_options,
    .state_size = sizeof(command_state),
    .flags = HPO_OBJECTIVE_RESUMABLE,
    .check = command_check,
    .init = command_init,
    .program = &command_program,
};
