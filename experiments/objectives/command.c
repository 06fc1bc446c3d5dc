/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `command`: any program, run once per evaluation, without a shell.
 *
 * The program learns its configuration from its arguments ("{name}" in `run`, or --name value for every active
 * parameter and the fidelity when `run` mentions none of them), from the JSON file named by HPO_CONFIG, or from the
 * environment (HPO_P_LEARNING_RATE). It answers with JSON objects on lines of its standard output, or with text that
 * the patterns of `parse` are for.
 *
 * HPO_FIDELITY_FROM is where an evaluation may go on from, by what the program left in HPO_CHECKPOINT, a folder that
 * stays with the trial. A program that leaves nothing there starts from scratch each time, and is charged for that. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "experiments/objectives/command_output.h"
#include "experiments/objectives/command_state.h"
#include "experiments/objectives/registry.h"

static const char *const inputs[] = {"arguments", "json", "env", NULL};

static const base_option command_options[] = {
    {.name = "run",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(command_state, run),
     .fallback = BASE_REQUIRED,
     .shape = "list",
     .help = "the program and its arguments; \"{name}\" is a parameter; a list in it goes as a whole"},
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
     .help = "the folder it runs in, \"{checkpoint}\" for one per trial; default: that of the study file"},
    {.name = "env",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(command_state, env),
     .fallback = "",
     .shape = "map",
     .help = "more environment variables"},
    {.name = "parse",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(command_state, parse),
     .fallback = "",
     .shape = "map",
     .help = "metrics in its text: names to extended regular expressions, whose group is the number"},
    BASE_OPTIONS_END,
};

static base_status command_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    command_state *state = self;
    command_prepare(state, env, arena);
    return command_patterns_create(state->parse, arena, &state->patterns, err);
}

static void command_fini(void *self) {
    command_state *state = self;
    command_patterns_destroy(&state->patterns);
}

/* A word of the metric's name that says that less is better. */
static bool is_minimized(const char *word, size_t length) {
    static const char *const words[] = {"loss", "error", "err", "mse", "rmse", "mae", "cost", "time", "perplexity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0) return true;
    return false;
}

/* Words end at whatever is no letter, and where valLoss goes over to a capital. */
static bool command_needs_goal(const base_yaml_node *settings, const char *metric) {
    (void)settings;
    while (*metric) {
        size_t length = 0;
        while (isalpha((unsigned char)metric[length]) &&
               (length == 0 || !isupper((unsigned char)metric[length]) || isupper((unsigned char)metric[length - 1])))
            length++;
        if (is_minimized(metric, length)) return false;
        metric += length ? length : 1;
    }
    return true;
}

/* ---- one evaluation, from launch to result ---- */

typedef struct command_run {
    base_arena *arena;
    const char *name;
    command_output output;
} command_run;

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static base_status command_launch(void *self, const hpo_job *job, base_arena *arena, hpo_program *out, base_err *err) {
    const command_state *state = self;
    (void)err;
    command_run *run = BASE_NEW(arena, command_run);
    command_call_make(state, job, arena, out);
    out->name = file_name(out->argv[0]);
    out->run = run;
    *run = (command_run){.arena = arena,
                         .name = out->name,
                         .output = {.metric = state->known.metric,
                                    .goals = state->known.goals,
                                    .n_goals = state->known.n_goals,
                                    .constraints = state->known.constraints,
                                    .fidelity = state->known.fidelity.name,
                                    .patterns = &state->patterns,
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
        command_output_result(output, result);
        return BASE_OK;
    }
    if (hpo_metrics_get(&output->current.metrics, output->metric)) { /* whoever judges it names what it lacks */
        result->metrics = output->current.metrics;
        return BASE_OK;
    }
    result->failure = HPO_FAILURE_OUTPUT;
    snprintf(result->reason, sizeof result->reason, "%s",
             command_hint_sentence(&output->hint, run->arena, run->name, output->metric,
                                   command_patterns_have(output->patterns, output->metric)));
    return BASE_OK;
}

static const hpo_program_ops command_program = {.launch = command_launch,
                                                .feed = command_feed,
                                                .complete = command_complete,
                                                .finish = command_finish,
                                                .result = command_result};

/* The searched values mean the same whatever these are. */
static const char *const changeable[] = {"run", "cwd", "env", "input", "parse", NULL};

const hpo_objective_type obj_command = {
    .name = "command",
    .summary = "any program: arguments, JSON or environment in, JSON lines out",
    .notes =
        "\"{name}\" in run, env and cwd may be a parameter, the fidelity by its name, trial, seed, checkpoint, config "
        "(the file of HPO_CONFIG), fidelity, from, study_folder or worker; {{ and }} are braces. An argument that "
        "mentions an "
        "inactive parameter is left out, and with it the option in front of it or the list that it stands in. The "
        "program prints JSON objects on lines of their own, such as {\"epochs\": 3, \"loss\": 0.12}: one with the "
        "fidelity's name in it is a report, the newest value of the metric is the result. Its environment has "
        "HPO_TRIAL, HPO_SEED, HPO_CONFIG, HPO_CHECKPOINT, HPO_FIDELITY, HPO_FIDELITY_FROM and HPO_STUDY_FOLDER; "
        "that of a trial that inherits (method: pbt) HPO_PARENT_CHECKPOINT, too, the folder of the trial that it goes "
        "on from, which must still hold what was left there at HPO_FIDELITY_FROM: save in a file for each fidelity.",
    .options = command_options,
    .changeable = changeable,
    .state_size = sizeof(command_state),
    .flags = HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_INHERITS,
    .check = command_check,
    .describe = command_describe,
    .advise = command_advise,
    .needs_goal = command_needs_goal,
    .init = command_init,
    .fini = command_fini,
    .program = &command_program,
};
