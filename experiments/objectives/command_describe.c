/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people are told about a command before a run: the command line that a trial will have, with and without its
 * conditional parameters, and what never reaches the program. */
#include <math.h>
#include <string.h>

#include "experiments/objectives/command_state.h"
#include "experiments/objectives/registry.h"
#include "hpo/space/settings.h"

/* ---- command lines ---- */

enum { SAMPLED = 256 }; /* configurations, among which are two whose active parameters differ */

static size_t count_active(const hpo_space *space, const double *config) {
    size_t count = 0;
    for (size_t i = 0; i < hpo_space_count(space); i++)
        if (!isnan(config[i])) count++;
    return count;
}

/* Parameters that `with` has and `without` has not. */
static size_t count_missing(const hpo_space *space, const double *with, const double *without) {
    size_t count = 0;
    for (size_t i = 0; i < hpo_space_count(space); i++)
        if (!isnan(with[i]) && isnan(without[i])) count++;
    return count;
}

static bool is_conditional(const hpo_space *space) {
    for (size_t i = 0; i < hpo_space_count(space); i++)
        if (hpo_space_param(space, i)->when) return true;
    return false;
}

/* Two configurations from the base measure: the one with most active parameters, and the one that lacks most of those.
 * False: a space so constrained that none was found. */
static bool sample(const command_state *state, base_arena *arena, double *many, double *few) {
    const hpo_space *space = state->known.space;
    size_t count = hpo_space_count(space), bytes = count * sizeof(double);
    size_t rounds = is_conditional(space) ? SAMPLED : 1, found = 0, most = 0, missing = 0;
    double *configs = BASE_NEW_ARRAY(arena, rounds * count, double);
    base_rng rng = base_rng_stream(state->known.seed, BASE_RNG_SAMPLER, 0, UINT32_MAX);
    while (found < rounds && hpo_space_sample(space, &rng, configs + found * count, NULL) == BASE_OK) found++;
    if (found == 0) return false;
    for (size_t i = 1; i < found; i++)
        if (count_active(space, configs + i * count) > count_active(space, configs + most * count)) most = i;
    memcpy(many, configs + most * count, bytes);
    memcpy(few, many, bytes);
    for (size_t i = 0; i < found; i++) {
        size_t lacks = count_missing(space, many, configs + i * count);
        if (lacks > missing) memcpy(few, configs + i * count, bytes), missing = lacks;
    }
    return true;
}

static void put_line(const command_state *state, base_arena *arena, const double *config, base_buf *out) {
    hpo_program call;
    hpo_job job = {.config = config, .fidelity = state->known.fidelity.max, .folder = "trials/0"};
    command_call_make(state, &job, arena, &call);
    command_call_print(&call, out);
    base_buf_putc(out, '\n');
}

static void put_inactive(const hpo_space *space, const double *many, const double *few, base_buf *out) {
    enum { NAMED = 3 };
    size_t named = 0;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        if (isnan(many[i]) || !isnan(few[i])) continue;
        if (named == NAMED) {
            base_buf_puts(out, ", ...");
            break;
        }
        base_buf_printf(out, "%s%s", named++ ? ", " : "", hpo_space_param(space, i)->name);
    }
}

static void describe_lines(const command_state *state, base_arena *arena, base_buf *out) {
    const hpo_space *space = state->known.space;
    size_t count = hpo_space_count(space);
    double *many = BASE_NEW_ARRAY(arena, count, double), *few = BASE_NEW_ARRAY(arena, count, double);
    if (!sample(state, arena, many, few)) return;
    base_buf_puts(out, "# a trial runs: ");
    put_line(state, arena, many, out);
    if (count_missing(space, many, few) == 0) return;
    base_buf_puts(out, "# without ");
    put_inactive(space, many, few, out);
    base_buf_puts(out, ": ");
    put_line(state, arena, few, out);
}

/* ---- what does not reach the program ---- */

static bool mentions_text(const base_yaml_node *node, const char *text) {
    if (!node) return false;
    if (node->text && strstr(node->text, text)) return true;
    for (size_t i = 0; i < node->count; i++)
        if (mentions_text(node->items[i], text)) return true;
    return false;
}

/* The variables that a shell in `run` may read. */
static bool reads_variable(const command_state *state, const char *name) {
    return mentions_text(state->run, name) || mentions_text(state->env, name);
}

/* sh -c 'train' --lr 0.1: what follows the script is for $0, $1 and so on, which it does not mention. */
static bool shell_ignores(const command_state *state) {
    static const char *const shells[] = {"sh", "bash", "dash", "zsh", "ksh"};
    const base_yaml_node *run = state->run;
    const char *slash = strrchr(run->items[0]->text, '/'), *name = slash ? slash + 1 : run->items[0]->text;
    bool shell = false;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) shell = shell || strcmp(name, shells[i]) == 0;
    for (size_t i = 1; shell && i + 1 < run->count; i++)
        if (run->items[i]->text && strcmp(run->items[i]->text, "-c") == 0)
            return !run->items[i + 1]->text || !strchr(run->items[i + 1]->text, '$');
    return false;
}

static bool reaches(const command_state *state, const char *name, bool mentioned) {
    return (state->appends && !shell_ignores(state)) || mentioned || (state->cwd && strstr(state->cwd, name));
}

static void add_name(base_buf *list, size_t *count, const char *name) {
    enum { NAMED = 5 };
    ++*count;
    if (*count <= NAMED) base_buf_printf(list, "%s%s", *count > 1 ? ", " : "", name);
    if (*count == NAMED + 1) base_buf_puts(list, ", ...");
}

static void mark_tested(const hpo_cond *cond, bool *marks) {
    if (cond->op == HPO_COND_ALL || cond->op == HPO_COND_ANY) {
        for (size_t i = 0; i < cond->n_children; i++) mark_tested(cond->children[i], marks);
        return;
    }
    marks[cond->param] = true;
    if (cond->against_param) marks[cond->other] = true;
}

/* Parameters that the program is told, or whose choice shows in what it is told: {flag: {value: --fast, when: {fast:
 * true}}} tells it `fast`. */
static const bool *told(const command_state *state, base_arena *arena) {
    const hpo_space *space = state->known.space;
    size_t count = hpo_space_count(space);
    bool *mentioned = BASE_NEW_ARRAY(arena, count, bool), *marks = BASE_NEW_ARRAY(arena, count, bool);
    (void)hpo_settings_mark(state->run, space, mentioned);
    (void)hpo_settings_mark(state->env, space, mentioned);
    for (size_t i = 0; i < count; i++) {
        const hpo_param *param = hpo_space_param(space, i);
        if (!reaches(state, param->name, mentioned[i])) continue;
        marks[i] = true;
        if (param->when) mark_tested(param->when, marks);
    }
    return marks;
}

static void advise(const command_state *state, base_arena *arena, base_buf *out) {
    const hpo_space *space = state->known.space;
    const char *fidelity = state->known.fidelity.name;
    base_buf list = {0};
    size_t count = 0;
    if (state->input != COMMAND_INPUT_ARGUMENTS || reads_variable(state, "HPO_CONFIG")) return;
    if (command_mentions(state, "config")) return;
    const bool *known = told(state, arena);
    for (size_t i = 0; i < hpo_space_count(space); i++)
        if (!known[i]) add_name(&list, &count, hpo_space_param(space, i)->name);
    bool heard = !fidelity || reaches(state, fidelity, command_mentions(state, fidelity)) ||
                 command_mentions(state, "fidelity") || reads_variable(state, "HPO_FIDELITY");
    if (!heard) add_name(&list, &count, fidelity);
    if (count)
        base_buf_printf(out, "run does not mention %s, so the program is not told %s%s\n", list.data,
                        count == 1 ? "it" : "them",
                        state->known.writes_config ? "; or does it read the file HPO_CONFIG?" : "");
    base_buf_fini(&list);
}

/* ---- the descriptor's part ---- */

static base_status read_state(const hpo_objective_env *env, base_arena *arena, command_state *state, base_err *err) {
    *state = (command_state){0};
    BASE_TRY(base_options_read(obj_command.options, env->settings, state, arena, err));
    command_prepare(state, env, arena);
    return BASE_OK;
}

void command_advise(const hpo_objective_env *env, base_buf *out) {
    base_arena *arena = base_arena_create();
    command_state state;
    if (read_state(env, arena, &state, NULL) == BASE_OK) advise(&state, arena, out);
    base_arena_destroy(arena);
}

base_status command_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out, base_err *err) {
    (void)limits;
    base_arena *arena = base_arena_create();
    command_state state;
    base_status status = read_state(env, arena, &state, err);
    if (status == BASE_OK) describe_lines(&state, arena, out);
    base_arena_destroy(arena);
    return status;
}
