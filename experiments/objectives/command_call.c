/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program is told: arguments, environment, configuration file, folder.
 *
 * A parameter may be inactive, and then nothing of it may reach the program: an argument that mentions it is left out,
 * and with it the option in front ("--momentum", "{momentum}") or the nested list that holds both. Nothing here touches
 * disk or process. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/objectives/command_state.h"
#include "hpo/space/settings.h"

const char *const command_names_known[COMMAND_NAMES] = {"trial", "seed",   "checkpoint",   "fidelity",
                                                        "from",  "config", "study_folder", "worker"};

typedef struct caller {
    const command_state *state;
    const hpo_job *job;
    base_arena *arena;
    hpo_program *call;
    char **argv;
    const char **env;
    hpo_setting_extra extras[COMMAND_NAMES + 1];
    size_t n_extras, n_env;
} caller;

/* ---- values ---- */

static hpo_value fidelity_value(const command_state *state, double fidelity) {
    return state->known.fidelity.integer ? hpo_value_int((int64_t)fidelity) : hpo_value_real(fidelity);
}

/* Below 2^31: what every library takes for a seed. */
static uint32_t small_seed(uint64_t seed) {
    return (uint32_t)(seed >> 33);
}

static char *value_text(base_arena *arena, const hpo_value *value) {
    base_buf text = {0};
    hpo_value_print(value, &text);
    char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static void set_extras(caller *self) {
    const command_state *state = self->state;
    const hpo_job *job = self->job;
    const hpo_value values[COMMAND_NAMES] = {
        hpo_value_int((int64_t)job->trial),     hpo_value_int(small_seed(job->seed)),
        hpo_value_text(self->call->checkpoint), fidelity_value(state, job->fidelity),
        fidelity_value(state, job->from),       hpo_value_text(self->call->config_file ? self->call->config_file : ""),
        hpo_value_text(state->known.base_dir),  hpo_value_int((int64_t)state->known.worker)};
    for (size_t i = 0; i < COMMAND_NAMES; i++)
        self->extras[self->n_extras++] = (hpo_setting_extra){.name = command_names_known[i], .value = values[i]};
    if (state->known.fidelity.name)
        self->extras[self->n_extras++] =
            (hpo_setting_extra){.name = state->known.fidelity.name, .value = fidelity_value(state, job->fidelity)};
}

static base_yaml_node *resolve(const caller *self, const base_yaml_node *node) {
    return hpo_settings_resolve(self->arena, node, self->state->known.space, self->job->config, self->extras,
                                self->n_extras);
}

bool command_mentions(const command_state *state, const char *name) {
    return hpo_settings_mention(state->run, name) || hpo_settings_mention(state->env, name);
}

/* ---- arguments ---- */

/* --momentum or -m, whose value is the next argument; not -0.5, - or --, nor --momentum=0.5. */
static bool wants_value(const char *text) {
    if (*text != '-' || text[1] == '\0' || strchr(text, '=')) return false;
    return strcmp(text, "--") != 0 && !isdigit((unsigned char)text[1]) && text[1] != '.';
}

static size_t add_argument(const caller *self, size_t i, size_t count) {
    const base_yaml_node *run = self->state->run, *item = run->items[i], *made = resolve(self, item);
    char **argv = self->argv;
    if (item->kind == BASE_YAML_LIST) {
        if (made->count < item->count) return count; /* as a whole */
        for (size_t k = 0; k < made->count; k++) argv[count++] = base_arena_strdup(self->arena, made->items[k]->text);
        return count;
    }
    if (made->kind != BASE_YAML_NULL) {
        argv[count++] = base_arena_strdup(self->arena, made->text);
        return count;
    }
    const base_yaml_node *before = i > 0 ? run->items[i - 1] : item;
    bool pair = before->kind != BASE_YAML_LIST && wants_value(before->text) && *item->text != '-';
    if (pair && resolve(self, before)->kind != BASE_YAML_NULL) count--;
    return count;
}

static size_t append(const caller *self, size_t count, const char *name, const hpo_value *value) {
    self->argv[count++] = base_arena_printf(self->arena, "--%s", name);
    self->argv[count++] = value_text(self->arena, value);
    return count;
}

static void set_arguments(caller *self) {
    const command_state *state = self->state;
    const hpo_space *space = state->known.space;
    size_t count = 0, most = 1 + (state->appends ? 2 * hpo_space_count(space) + 2 : 0);
    for (size_t i = 0; i < state->run->count; i++)
        most += state->run->items[i]->kind == BASE_YAML_LIST ? state->run->items[i]->count : 1;
    self->argv = BASE_NEW_ARRAY(self->arena, most, char *);
    for (size_t i = 0; i < state->run->count; i++) count = add_argument(self, i, count);
    for (size_t i = 0; state->appends && i < hpo_space_count(space); i++) {
        if (isnan(self->job->config[i])) continue;
        hpo_value value = hpo_space_value(space, self->job->config, i);
        count = append(self, count, hpo_space_param(space, i)->name, &value);
    }
    if (state->appends && state->known.fidelity.name) {
        hpo_value value = fidelity_value(state, self->job->fidelity);
        count = append(self, count, state->known.fidelity.name, &value);
    }
    self->argv[count] = NULL;
}

/* Between single quotes nothing is special but the quote itself. */
static void print_quoted(const char *text, base_buf *out) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
    if (*text && text[strspn(text, plain)] == '\0') {
        base_buf_puts(out, text);
        return;
    }
    base_buf_putc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            base_buf_puts(out, "'\\''");
        else
            base_buf_putc(out, *text);
    }
    base_buf_putc(out, '\'');
}

void command_call_print(const hpo_program *program, base_buf *out) {
    for (char *const *argument = program->argv; *argument; argument++) {
        if (argument != program->argv) base_buf_putc(out, ' ');
        print_quoted(*argument, out);
    }
}

/* ---- environment ---- */

/* A name that is there already gets the new value: the study's `env` comes last. */
static void set_variable(caller *self, const char *name, const char *value) {
    const char **env = self->env;
    size_t length = strlen(name), i = 0;
    while (i < self->n_env && !(strncmp(env[i], name, length) == 0 && env[i][length] == '=')) i++;
    env[i] = base_arena_printf(self->arena, "%s=%s", name, value);
    if (i == self->n_env) self->n_env++;
}

/* HPO_P_LEARNING_RATE for learning_rate; what cannot stand in a name becomes '_'. */
static void set_parameters(caller *self) {
    const hpo_space *space = self->state->known.space;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        if (isnan(self->job->config[i])) continue;
        char *name = base_arena_printf(self->arena, "HPO_P_%s", hpo_space_param(space, i)->name);
        for (char *c = name; *c; c++) *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
        hpo_value value = hpo_space_value(space, self->job->config, i);
        set_variable(self, name, value_text(self->arena, &value));
    }
}

static void set_environment(caller *self) {
    enum { OURS = 9 };
    const command_state *state = self->state;
    const hpo_job *job = self->job;
    size_t parameters = state->input == COMMAND_INPUT_ENV ? hpo_space_count(state->known.space) : 0;
    hpo_value to = fidelity_value(state, job->fidelity), from = fidelity_value(state, job->from);
    char number[24];
    self->env = BASE_NEW_ARRAY(self->arena, OURS + parameters + (state->env ? state->env->count : 0) + 1, const char *);
    snprintf(number, sizeof number, "%" PRIu64, job->trial);
    set_variable(self, "HPO_TRIAL", number);
    snprintf(number, sizeof number, "%" PRIu32, small_seed(job->seed));
    set_variable(self, "HPO_SEED", number);
    if (self->call->config_file) set_variable(self, "HPO_CONFIG", self->call->config_file);
    set_variable(self, "HPO_CHECKPOINT", self->call->checkpoint);
    if (job->parent_folder)
        set_variable(self, "HPO_PARENT_CHECKPOINT",
                     base_arena_printf(self->arena, "%s/checkpoint", job->parent_folder));
    set_variable(self, "HPO_FIDELITY", value_text(self->arena, &to));
    set_variable(self, "HPO_FIDELITY_FROM", value_text(self->arena, &from));
    set_variable(self, "HPO_STUDY_FOLDER", state->known.base_dir);
    set_variable(self, "PYTHONUNBUFFERED", "1"); /* reports that come when the program ends cannot stop it */
    if (parameters) set_parameters(self);
    const base_yaml_node *env = state->env ? resolve(self, state->env) : NULL;
    for (size_t i = 0; env && i < env->count; i++)
        if (env->items[i]->kind != BASE_YAML_NULL) set_variable(self, env->keys[i]->text, env->items[i]->text);
    self->env[self->n_env] = NULL;
}

/* ---- the configuration as a file ---- */

static const char *member_name(const command_state *state, size_t i) {
    const hpo_space *space = state->known.space;
    return i < hpo_space_count(space) ? hpo_space_param(space, i)->name : state->known.fidelity.name;
}

/* optimizer cannot be a value and hold optimizer.lr: then the dot stays a part of the name. */
static bool is_value_too(const command_state *state, base_arena *arena, const char *name, size_t length) {
    const char *group = base_arena_strndup(arena, name, length), *fidelity = state->known.fidelity.name;
    return hpo_space_find(state->known.space, group) != SIZE_MAX || (fidelity && strcmp(group, fidelity) == 0);
}

/* Length of the group that begins at name + start, with what is before it: of "optimizer" in optimizer.lr; 0 = none. */
static size_t group_length(const command_state *state, base_arena *arena, const char *name, size_t start) {
    const char *dot = strchr(name + start, '.');
    if (!dot || dot == name + start || !dot[1] || dot[1] == '.') return 0;
    size_t length = (size_t)(dot - name);
    return is_value_too(state, arena, name, length) ? 0 : length;
}

/* Appends the members of `from` to `to`, those of a group behind its first one. Those taken become SIZE_MAX. */
static size_t arrange(const command_state *state, base_arena *arena, size_t *from, size_t count, size_t start,
                      command_member_place *to) {
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (from[i] == SIZE_MAX) continue;
        const char *name = member_name(state, from[i]);
        size_t length = group_length(state, arena, name, start), members = 0;
        if (!length) {
            to[done++] = (command_member_place){.index = from[i], .start = start};
            continue;
        }
        size_t *group = BASE_NEW_ARRAY(arena, count - i, size_t);
        for (size_t k = i; k < count; k++) {
            if (from[k] == SIZE_MAX || strncmp(member_name(state, from[k]), name, length + 1) != 0) continue;
            group[members++] = from[k];
            from[k] = SIZE_MAX;
        }
        done += arrange(state, arena, group, members, length + 1, to + done);
    }
    return done;
}

/* Bytes that two names have in common, up to a dot, within the first `most` of both. */
static size_t common_groups(const char *a, const char *b, size_t most) {
    size_t length = 0;
    for (size_t i = 0; i < most && a[i] == b[i]; i++)
        if (a[i] == '.') length = i + 1;
    return length;
}

/* Groups of JSON that are open: those of `name` before `start`. */
typedef struct config_writer {
    base_buf text;
    const char *name;
    size_t start;
    bool first; /* no member in the innermost group yet */
} config_writer;

static void close_groups(config_writer *w, size_t keep) {
    for (size_t i = w->start; i > keep; i--)
        if (w->name[i - 1] == '.') {
            base_buf_putc(&w->text, '}');
            w->first = false;
        }
    w->start = keep;
}

static void begin_name(config_writer *w) {
    if (!w->first) base_buf_puts(&w->text, ", ");
    w->first = false;
}

static void write_member(config_writer *w, base_arena *arena, const char *name, size_t start, const hpo_value *value) {
    size_t both = start < w->start ? start : w->start;
    close_groups(w, w->name ? common_groups(w->name, name, both) : 0);
    for (size_t at = w->start; at < start;) {
        size_t length = strcspn(name + at, ".");
        begin_name(w);
        base_buf_put_json(&w->text, base_arena_strndup(arena, name + at, length));
        base_buf_puts(&w->text, ": {");
        w->first = true;
        at += length + 1;
    }
    w->name = name;
    w->start = start;
    begin_name(w);
    base_buf_put_json(&w->text, name + start);
    base_buf_puts(&w->text, ": ");
    hpo_value_print_json(value, &w->text);
}

static const char *config_text(const caller *self) {
    const command_state *state = self->state;
    const hpo_space *space = state->known.space;
    config_writer w = {.first = true};
    base_buf_putc(&w.text, '{');
    for (size_t i = 0; i < state->n_members; i++) {
        size_t index = state->members[i].index;
        bool is_parameter = index < hpo_space_count(space);
        if (is_parameter && isnan(self->job->config[index])) continue;
        hpo_value value = is_parameter ? hpo_space_value(space, self->job->config, index)
                                       : fidelity_value(state, self->job->fidelity);
        write_member(&w, self->arena, member_name(state, index), state->members[i].start, &value);
    }
    close_groups(&w, 0);
    base_buf_puts(&w.text, "}\n");
    const char *text = base_arena_strdup(self->arena, w.text.data);
    base_buf_fini(&w.text);
    return text;
}

/* ---- the whole ---- */

static bool mentions_any(const command_state *state, const base_yaml_node *node) {
    if (hpo_settings_mark(node, state->known.space, NULL) > 0) return true;
    const char *fidelity = state->known.fidelity.name;
    return hpo_settings_mention(node, "config") || (fidelity && hpo_settings_mention(node, fidelity));
}

void command_prepare(command_state *state, const hpo_objective_env *env, base_arena *arena) {
    state->known = *env;
    state->appends = state->input == COMMAND_INPUT_ARGUMENTS && !mentions_any(state, state->run);
    size_t count = hpo_space_count(env->space) + (env->fidelity.name != NULL);
    size_t *all = BASE_NEW_ARRAY(arena, count, size_t);
    for (size_t i = 0; i < count; i++) all[i] = i;
    state->members = BASE_NEW_ARRAY(arena, count, command_member_place);
    state->n_members = arrange(state, arena, all, count, 0, state->members);
}

/* Relative to the study file's folder. */
static const char *folder_of(const caller *self) {
    const char *base = self->state->known.base_dir, *cwd = self->state->cwd;
    if (!cwd || !*cwd) return base;
    const base_yaml_node *made = resolve(self, base_yaml_scalar(self->arena, NULL, cwd, true));
    if (made->kind == BASE_YAML_NULL) return base;
    return *made->text == '/' ? made->text : base_arena_printf(self->arena, "%s/%s", base, made->text);
}

void command_call_make(const command_state *state, const hpo_job *job, base_arena *arena, hpo_program *out) {
    caller self = {.state = state, .job = job, .arena = arena, .call = out};
    *out = (hpo_program){.checkpoint = base_arena_printf(arena, "%s/checkpoint", job->folder)};
    if (state->known.writes_config) out->config_file = base_arena_printf(arena, "%s/config.json", job->folder);
    set_extras(&self);
    if (out->config_file) out->config = config_text(&self);
    out->cwd = folder_of(&self);
    set_arguments(&self);
    set_environment(&self);
    out->argv = self.argv;
    out->env = self.env;
}
