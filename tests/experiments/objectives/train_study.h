/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study of the objective train (or of STUDY_OBJECTIVE) as far as the objective sees it, its trials, and what they
 * report. */
#ifndef TESTS_EXPERIMENTS_TRAIN_STUDY_H
#define TESTS_EXPERIMENTS_TRAIN_STUDY_H

#include "tests/support/check.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "experiments/objectives/registry.h"
#include "hpo/space/space_file.h"

#ifndef STUDY_OBJECTIVE
#define STUDY_OBJECTIVE obj_train
#endif

typedef struct study {
    base_arena *arena;
    hpo_space *space;
    hpo_objective_env env;
    void *state;
    double config[8];
    int threads;     /* of a trial; 0 = 1 */
    uint64_t memory; /* bytes that it may take; 0 = any */
    uint64_t seed;   /* of its trials; 0 = 77 */
} study;

enum { MAX_REPORTS = 64 };

/* Keeps every report; says stop at the report or the question of the given number (0 = never). */
typedef struct listener {
    size_t count, stop_at, questions, stop_at_question;
    bool abandons; /* and the verdict is to leave nothing */
    double step[MAX_REPORTS];
    hpo_metrics metrics[MAX_REPORTS];
} listener;

static inline hpo_verdict on_report(void *self, double step, const hpo_metrics *metrics) {
    listener *l = self;
    assert_true(l->count < MAX_REPORTS);
    l->step[l->count] = step;
    l->metrics[l->count++] = *metrics;
    return l->count != l->stop_at ? HPO_CONTINUE : l->abandons ? HPO_ABANDON : HPO_STOP;
}

static inline hpo_verdict on_question(void *self) {
    listener *l = self;
    return ++l->questions == l->stop_at_question ? HPO_STOP : HPO_CONTINUE;
}

static inline base_yaml_node *parse(base_arena *arena, const char *text) {
    base_err err = {0};
    base_yaml_node *node;
    CHECK_OK(base_yaml_parse(arena, "study.yaml", text, strlen(text), &node, &err));
    return node;
}

/* parameters NULL: nothing is searched. */
static inline study study_describe(const char *settings, const char *parameters, hpo_fidelity fidelity,
                                   const char *metric) {
    base_err err = {0};
    study s = {.arena = base_arena_create()};
    if (parameters) {
        CHECK_OK(hpo_space_read(parse(s.arena, parameters), NULL, fidelity.name, &s.space, &err));
    } else {
        s.space = hpo_space_create();
        CHECK_OK(hpo_space_seal(s.space, &err));
    }
    if (!fidelity.name) fidelity.min = fidelity.max = 1;
    s.env = (hpo_objective_env){.space = s.space,
                                .settings = parse(s.arena, settings),
                                .fidelity = fidelity,
                                .metric = metric,
                                .base_dir = "/"};
    return s;
}

/* What the worker does: init; the configuration is the middle of the space. */
static inline base_status study_start(study *s, base_err *err) {
    double unit[8];
    s->state = base_arena_alloc(s->arena, STUDY_OBJECTIVE.state_size);
    BASE_TRY(STUDY_OBJECTIVE.init(s->state, &s->env, s->arena, err));
    for (size_t i = 0; i < hpo_space_dims(s->space); i++) unit[i] = 0.5;
    hpo_space_from_unit(s->space, unit, s->config);
    return BASE_OK;
}

static inline void study_end(study *s) {
    if (s->state) STUDY_OBJECTIVE.fini(s->state);
    hpo_space_destroy(s->space);
    base_arena_destroy(s->arena);
}

static inline study study_create(const char *settings, hpo_fidelity fidelity) {
    base_err err = {0};
    study s = study_describe(settings, "{learning_rate: {min: 1e-3, max: 1e-2, log: true}}", fidelity, "valid_loss");
    CHECK_OK(STUDY_OBJECTIVE.check(&s.env, &err));
    CHECK_OK(study_start(&s, &err));
    return s;
}

static inline base_status evaluate(study *s, const char *folder, double from, double to, listener *l, hpo_result *out,
                                   base_err *err) {
    const hpo_job job = {.trial = 3,
                         .config = s->config,
                         .from = from,
                         .fidelity = to,
                         .seed = s->seed ? s->seed : 77,
                         .limits = {.threads = s->threads, .memory = s->memory},
                         .parent = UINT64_MAX,
                         .folder = folder};
    const hpo_reporter reporter = {.report = on_report, .verdict = on_question, .self = l};
    size_t stop_at = l->stop_at, stop_at_question = l->stop_at_question;
    *l = (listener){.stop_at = stop_at, .stop_at_question = stop_at_question, .abandons = l->abandons};
    *out = (hpo_result){.cost = NAN};
    return STUDY_OBJECTIVE.evaluate(s->state, &job, &reporter, out, err);
}

static inline void check_same_metrics(const hpo_metrics *a, const hpo_metrics *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->item[i].name, b->item[i].name);
        if (strstr(a->item[i].name, "seconds") == NULL) CHECK_SAME_DOUBLE(a->item[i].value, b->item[i].value);
    }
}

/* The reports of `part` are the last ones of `whole`. */
static inline void check_same_end(const listener *part, const listener *whole) {
    assert_true(part->count <= whole->count);
    for (size_t i = 0; i < part->count; i++) {
        size_t j = whole->count - part->count + i;
        CHECK_SAME_DOUBLE(part->step[i], whole->step[j]);
        check_same_metrics(&part->metrics[i], &whole->metrics[j]);
    }
}

static inline double metric(const hpo_metrics *metrics, const char *name) {
    const double *value = hpo_metrics_get(metrics, name);
    if (!value) print_error("no metric %s\n", name);
    assert_non_null(value);
    return *value;
}

static const hpo_fidelity epochs = {.name = "epochs", .min = 1, .max = 9, .integer = true};
static const char digits[] = "{dataset: digits, hidden: [32], dropout: 0.1, batch_size: 100, schedule: cosine}";

static const char *folder(const check_tmpdir *dir, const char *name) {
    const char *path = check_tmpdir_file(dir, name);
    assert_int_equal(mkdir(path, 0777), 0);
    return path;
}

static inline bool exists(const char *in, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", in, name);
    return access(path, F_OK) == 0;
}

/* In a process of its own, as trials run. */
static inline void evaluate_elsewhere(study *s, const char *in, double from, double to, listener *l,
                                      base_status expected) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        base_err err = {0};
        hpo_result result;
        _exit(evaluate(s, in, from, to, l, &result, &err) == expected ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
