/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the objective `command` tells a program: arguments, environment, folder and the configuration's file; what is
 * said about it before a run. No program runs here. */
#include "base/buf.h"
#include "experiments/objectives/command_state.h"
#include "experiments/objectives/registry.h"
#include "hpo/study/study_file.h"
#include "tests/support/check.h"

/* A study with the settings of a command, its state, and what a program is told. */
typedef struct told {
    hpo_study_spec *spec;
    command_state state;
    base_arena *arena;
    hpo_program call;
    base_buf line; /* the arguments, as for a shell */
} told;

static const char parameters[] = "parameters:\n"
                                 "  lr: {min: 0.0, max: 1.0}\n"
                                 "  kind: {values: [sgd, \"two words\"]}\n"
                                 "  momentum: {min: 0.0, max: 1.0, when: {kind: sgd}}\n";
static const double sgd[] = {0.25, 0, 0.5}, other[] = {0.25, 1, NAN};

static void read_study(told *self, const char *settings, const char *space) {
    static const hpo_objective_type *const objectives[] = {&obj_command};
    static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "test 1"};
    char text[4096];
    uint64_t seed = 1;
    base_err err;
    *self = (told){.arena = base_arena_create()};
    snprintf(text, sizeof text,
             "objective:\n  command:\n%smetric: {name: loss, goal: minimize}\nmethod: random\n"
             "budget: {trials: 9}\nfidelity: {epochs: {min: 1, max: 27}}\n%s",
             settings, space);
    CHECK_OK(hpo_study_read(&catalog, "/study.yaml", text, strlen(text), NULL, 0, &seed, &self->spec, &err));
    hpo_objective_env env = {.space = self->spec->space,
                             .settings = self->spec->settings,
                             .fidelity = self->spec->fidelity,
                             .metric = self->spec->goals[0].name,
                             .base_dir = "/study",
                             .writes_config = true};
    CHECK_OK(base_options_read(obj_command.options, self->spec->settings, &self->state, self->arena, &err));
    command_prepare(&self->state, &env, self->arena);
}

static const char *tell(told *self, const double *config) {
    hpo_job job = {.trial = 12,
                   .config = config,
                   .fidelity = 9,
                   .from = 3,
                   .seed = UINT64_C(0x0000000600000001),
                   .folder = "/run/trials/12"};
    command_call_make(&self->state, &job, self->arena, &self->call);
    base_buf_clear(&self->line);
    command_call_print(&self->call, &self->line);
    return base_buf_text(&self->line);
}

static void forget(told *self) {
    base_buf_fini(&self->line);
    base_arena_destroy(self->arena);
    hpo_study_spec_destroy(self->spec);
}

static void test_arguments(void **state) {
    (void)state;
    static const struct {
        const char *run, *active, *inactive;
    } cases[] = {
        {"[sh, --lr, \"{lr}\", \"{kind}\", 7, true]", "sh --lr 0.25 sgd 7 true", "sh --lr 0.25 'two words' 7 true"},
        {"[sh, \"--m={momentum}\", x]", "sh --m=0.5 x", "sh x"},
        /* an option and its value */
        {"[sh, --momentum, \"{momentum}\", --lr, \"{lr}\"]", "sh --momentum 0.5 --lr 0.25", "sh --lr 0.25"},
        {"[sh, -m, \"x{momentum}\"]", "sh -m x0.5", "sh"},
        {"[sh, [--momentum, \"{momentum}\"], x]", "sh --momentum 0.5 x", "sh x"},
        {"[sh, -v, [--betas, 0.9, \"{momentum}\"], x]", "sh -v --betas 0.9 0.5 x", "sh -v x"},
        {"[sh, [-a, b], [c], \"{lr}\"]", "sh -a b c 0.25", "sh -a b c 0.25"},
        /* what only looks like an option and its value */
        {"[sh, --verbose, \"--m={momentum}\"]", "sh --verbose --m=0.5", "sh --verbose"},
        {"[sh, --a=b, \"{momentum}\"]", "sh --a=b 0.5", "sh --a=b"},
        {"[sh, train, \"{momentum}\"]", "sh train 0.5", "sh train"},
        {"[sh, --, \"{momentum}\"]", "sh -- 0.5", "sh --"},
        {"[sh, -, \"{momentum}\"]", "sh - 0.5", "sh -"},
        {"[sh, -1.5, \"{momentum}\"]", "sh -1.5 0.5", "sh -1.5"},
        {"[sh, --pair, \"{momentum}\", \"{momentum}\"]", "sh --pair 0.5 0.5", "sh"},
        {"[sh, [-x], \"{momentum}\"]", "sh -x 0.5", "sh -x"},
        /* names of ours */
        {"[sh, \"{trial}:{seed}:{epochs}:{fidelity}:{from}\"]", "sh 12:3:9:9:3", "sh 12:3:9:9:3"},
        {"[sh, \"{checkpoint}\", \"{config}\", \"{study_folder}/a\"]",
         "sh /run/trials/12/checkpoint /run/trials/12/config.json /study/a",
         "sh /run/trials/12/checkpoint /run/trials/12/config.json /study/a"},
        {"[sh, \"it's\", \"\", \"{{}}\"]", "sh 'it'\\''s' '' '{}' --lr 0.25 --kind sgd --momentum 0.5 --epochs 9",
         "sh 'it'\\''s' '' '{}' --lr 0.25 --kind 'two words' --epochs 9"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        told self;
        char settings[512];
        snprintf(settings, sizeof settings, "    run: %s\n", cases[i].run);
        read_study(&self, settings, parameters);
        assert_string_equal(tell(&self, sgd), cases[i].active);
        assert_string_equal(tell(&self, other), cases[i].inactive);
        forget(&self);
    }
}

static const char *variable(const told *self, const char *name) {
    size_t length = strlen(name);
    const char *found = NULL;
    for (const char *const *at = self->call.env; *at; at++) {
        if (strncmp(*at, name, length) != 0 || (*at)[length] != '=') continue;
        assert_null(found); /* no name twice */
        found = *at + length + 1;
    }
    return found;
}

static void test_environment(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
    } wanted[] = {
        {"HPO_TRIAL", "12"},
        {"HPO_SEED", "3"},
        {"HPO_FIDELITY", "9"},
        {"HPO_FIDELITY_FROM", "3"},
        {"HPO_CHECKPOINT", "/run/trials/12/checkpoint"},
        {"HPO_CONFIG", "/run/trials/12/config.json"},
        {"HPO_STUDY_FOLDER", "/study"},
        {"HPO_P_LR", "0.25"},
        {"HPO_P_KIND", "two words"},
        {"HPO_P_MOMENTUM", NULL},
        {"MY_KIND", "kind is two words"},
        {"MY_MOMENTUM", NULL},
        {"PYTHONUNBUFFERED", "1"},
    };
    told self;
    read_study(&self,
               "    run: [sh]\n    input: env\n    env: {MY_KIND: \"kind is {kind}\", MY_MOMENTUM: \"{momentum}\"}\n",
               parameters);
    tell(&self, other);
    for (size_t i = 0; i < CHECK_COUNT(wanted); i++) {
        const char *value = variable(&self, wanted[i].name);
        if (!wanted[i].value)
            assert_null(value);
        else
            assert_string_equal(value, wanted[i].value);
    }
    forget(&self);
    read_study(&self, "    run: [sh]\n    env: {PYTHONUNBUFFERED: \"\", HPO_SEED: 7}\n", parameters);
    tell(&self, sgd);
    assert_string_equal(variable(&self, "PYTHONUNBUFFERED"), "");
    assert_string_equal(variable(&self, "HPO_SEED"), "7");
    forget(&self);
}

static void test_folder(void **state) {
    (void)state;
    static const struct {
        const char *cwd, *folder;
    } cases[] = {{"", "/study"},
                 {"    cwd: \"{study_folder}\"\n", "/study"},
                 {"    cwd: /tmp\n", "/tmp"},
                 {"    cwd: \"{checkpoint}\"\n", "/run/trials/12/checkpoint"},
                 {"    cwd: \"runs-of/{kind}\"\n", "/study/runs-of/sgd"}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        told self;
        char settings[256];
        snprintf(settings, sizeof settings, "    run: [/bin/sh]\n%s", cases[i].cwd);
        read_study(&self, settings, parameters);
        tell(&self, sgd);
        assert_string_equal(self.call.cwd, cases[i].folder);
        forget(&self);
    }
}

/* Dotted names are nested, side by side; a name that is a value and a group keeps its dot. */
static void test_config_file(void **state) {
    (void)state;
    static const struct {
        const char *space;
        double config[5];
        const char *text;
    } cases[] = {
        {"parameters:\n  lr: {min: 0.0, max: 1.0}\n", {0.25}, "{\"lr\": 0.25, \"epochs\": 9}\n"},
        {"parameters:\n  opt.lr: {min: 0.0, max: 1.0}\n  depth: {min: 1, max: 9}\n  opt.name: {values: [sgd, adam]}\n",
         {0.25, 3, 1},
         "{\"opt\": {\"lr\": 0.25, \"name\": \"adam\"}, \"depth\": 3, \"epochs\": 9}\n"},
        {"parameters:\n  a.b.c: {min: 0.0, max: 1.0}\n  a.d: {min: 0.0, max: 1.0}\n  a.b.e.f: {min: 0.0, max: 1.0}\n"
         "  g.b: {min: 0.0, max: 1.0}\n",
         {0.1, 0.2, 0.3, 0.4},
         "{\"a\": {\"b\": {\"c\": 0.1, \"e\": {\"f\": 0.3}}, \"d\": 0.2}, \"g\": {\"b\": 0.4}, \"epochs\": 9}\n"},
        {"parameters:\n  k: {values: [x, y]}\n  a.b: {min: 0.0, max: 1.0, when: {k: x}}\n  a.c: {min: 0.0, max: 1.0}\n",
         {1, NAN, 0.5},
         "{\"k\": \"y\", \"a\": {\"c\": 0.5}, \"epochs\": 9}\n"},
        {"parameters:\n  k: {values: [x, y]}\n  a.b: {min: 0.0, max: 1.0, when: {k: x}}\n",
         {1, NAN},
         "{\"k\": \"y\", \"epochs\": 9}\n"},
        {"parameters:\n  optimizer: {values: [sgd, adam]}\n  optimizer.lr: {min: 0.0, max: 1.0}\n",
         {0, 0.5},
         "{\"optimizer\": \"sgd\", \"optimizer.lr\": 0.5, \"epochs\": 9}\n"},
        {"parameters:\n  a..b: {min: 0.0, max: 1.0}\n  .c: {min: 0.0, max: 1.0}\n  d.: {min: 0.0, max: 1.0}\n",
         {0.1, 0.2, 0.3},
         "{\"a..b\": 0.1, \".c\": 0.2, \"d.\": 0.3, \"epochs\": 9}\n"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        told self;
        read_study(&self, "    run: [sh]\n", cases[i].space);
        tell(&self, cases[i].config);
        assert_string_equal(self.call.config, cases[i].text);
        forget(&self);
    }
}

/* `trial: {config: false}` */
static void test_no_config_file(void **state) {
    (void)state;
    told self;
    read_study(&self, "    run: [sh]\n", parameters);
    self.state.known.writes_config = false;
    tell(&self, sgd);
    assert_null(self.call.config_file);
    assert_null(self.call.config);
    assert_null(variable(&self, "HPO_CONFIG"));
    forget(&self);
}

/* ---- before a run ---- */

static void test_described_lines(void **state) {
    (void)state;
    told self;
    base_err err;
    base_buf out = {0};
    read_study(&self, "    run: [sh, x y, --momentum, \"{momentum}\", \"{kind}\", \"{config}\"]\n", parameters);
    CHECK_OK(command_describe(&self.state.known, NULL, &out, &err));
    const char *second = strchr(out.data, '\n') + 1;
    assert_ptr_equal(strstr(out.data, "# a trial runs: sh 'x y' --momentum 0."), out.data);
    CHECK_CONTAINS(out.data, " sgd trials/0/config.json\n# without momentum: ");
    assert_string_equal(second, "# without momentum: sh 'x y' 'two words' trials/0/config.json\n");
    base_buf_clear(&out);
    forget(&self);
    read_study(&self, "    run: [sh, \"{lr}\"]\n", "parameters:\n  lr: {min: 0.0, max: 1.0}\n");
    CHECK_OK(command_describe(&self.state.known, NULL, &out, &err));
    assert_ptr_equal(strchr(out.data, '\n') + 1, out.data + out.length); /* one line */
    base_buf_fini(&out);
    forget(&self);
}

static void test_advice(void **state) {
    (void)state;
    static const struct {
        const char *settings, *advice;
    } cases[] = {
        {"    run: [sh]\n", ""}, /* --name value follows */
        {"    run: [sh, \"{lr}\", \"{kind}\", \"--m={momentum}\", \"{epochs}\"]\n", ""},
        {"    run: [sh, \"{lr}\"]\n",
         "run does not mention kind, momentum, epochs, so the program is not told them; or does it read the file "
         "HPO_CONFIG?\n"},
        {"    run: [sh, \"{lr}\", \"--m={momentum}\", \"{epochs}\"]\n", ""}, /* momentum tells the kind */
        {"    run: [sh, \"{lr}\", [\"{kind}\", \"{momentum}\"]]\n",
         "run does not mention epochs, so the program is not told it; or does it read the file HPO_CONFIG?\n"},
        {"    run: [sh, \"{lr}\", \"{kind}\", \"{fidelity}\"]\n    env: {M: \"{momentum}\"}\n", ""},
        {"    run: [sh, -c, 'train {lr} {kind} {momentum} $HPO_FIDELITY']\n", ""},
        {"    run: [/bin/sh, -c, 'train \"$@\"', train]\n", ""},
        {"    run: [/bin/sh, -c, train]\n",
         "run does not mention lr, kind, momentum, epochs, so the program is not told them; or does it read the file "
         "HPO_CONFIG?\n"},
        {"    run: [sh, \"{config}\"]\n", ""},
        {"    run: [sh, -c, 'cat $HPO_CONFIG {lr}']\n", ""},
        {"    run: [sh, \"{lr}\"]\n    input: json\n", ""},
        {"    run: [sh, \"{lr}\"]\n    input: env\n", ""},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        told self;
        base_buf out = {0};
        read_study(&self, cases[i].settings, parameters);
        command_advise(&self.state.known, &out);
        assert_string_equal(base_buf_text(&out), cases[i].advice);
        base_buf_clear(&out);
        self.state.known.writes_config = false;
        command_advise(&self.state.known, &out);
        assert_null(strstr(base_buf_text(&out), "HPO_CONFIG"));
        base_buf_fini(&out);
        forget(&self);
    }
}

/* Only names that say it go without a goal. */
static void test_goals(void **state) {
    (void)state;
    static const struct {
        const char *metric;
        bool needed;
    } cases[] = {{"loss", false},       {"valid_loss", false}, {"val-error", false}, {"test/err", false},
                 {"rmse", false},       {"val.mse", false},    {"MAE", false},       {"valLoss", false},
                 {"perplexity", false}, {"run time", false},   {"cost1", false},     {"acc", true},
                 {"accuracy", true},    {"runtime", true},     {"closs", true},      {"lossless", true},
                 {"terror", true},      {"f1", true},          {"score", true},      {"", true}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        if (obj_command.needs_goal(NULL, cases[i].metric) != cases[i].needed) fail_msg("%s", cases[i].metric);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),      cmocka_unit_test(test_environment),
        cmocka_unit_test(test_folder),         cmocka_unit_test(test_config_file),
        cmocka_unit_test(test_no_config_file), cmocka_unit_test(test_described_lines),
        cmocka_unit_test(test_advice),         cmocka_unit_test(test_goals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
