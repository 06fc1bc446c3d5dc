/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/toy_objective.h"

#include "hpo/study/study_keys.h"
#include "tests/support/suite.h"

double toy_loss(const hpo_space *space, const hpo_job *job) {
    double sum = 0;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const hpo_param *param = hpo_space_param(space, i);
        if (param->kind == HPO_CONSTANT || isnan(job->config[i])) continue;
        const double d = hpo_param_to_unit(param, job->config[i]) - 0.3;
        sum += d * d;
    }
    base_rng rng = base_rng_stream(job->seed, BASE_RNG_TEST, job->rung, 0);
    return sum + base_rng_normal(&rng) * 0.1 / job->fidelity;
}

double toy_other(const hpo_space *space, const hpo_job *job, const char *name) {
    const bool size = strcmp(name, "size") == 0;
    double sum = 0;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const hpo_param *param = hpo_space_param(space, i);
        if (param->kind == HPO_CONSTANT || isnan(job->config[i])) continue;
        const double d = hpo_param_to_unit(param, job->config[i]) - (size == (i % 2 == 0) ? 0.9 : 0.1);
        sum += d * d;
    }
    return sum;
}

/* What the study optimizes beside the loss. */
static void put_others(const hpo_study_spec *spec, const hpo_job *job, hpo_metrics *metrics) {
    for (size_t g = 1; g < spec->n_goals; g++)
        hpo_metrics_set(metrics, spec->goals[g].name, toy_other(spec->space, job, spec->goals[g].name));
    for (size_t c = 0; c < spec->constraints.count; c++) {
        const char *name = spec->constraints.items[c].metric;
        if (!hpo_metrics_get(metrics, name)) hpo_metrics_set(metrics, name, toy_other(spec->space, job, name));
    }
}

static base_status toy_init(void *state, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    (void)arena, (void)err;
    *(const hpo_space **)state = env->space;
    return BASE_OK;
}

static base_status toy_evaluate(void *state, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                base_err *err) {
    (void)reporter, (void)err;
    const double loss = toy_loss(*(const hpo_space **)state, job);
    hpo_metrics_set(&out->metrics, "loss", loss);
    hpo_metrics_set(&out->metrics, "accuracy", -loss);
    out->cost = 2 * (job->fidelity - job->from);
    return BASE_OK;
}

static const char *const *toy_metrics(const base_yaml_node *settings) {
    static const char *const names[] = {"loss", "accuracy", "size", "time", "sum", NULL};
    (void)settings;
    return names;
}

static base_status toy_parameters(const base_yaml_node *settings, hpo_space *space, base_err *err) {
    (void)settings;
    const hpo_param x = {.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1};
    const hpo_param n = {.name = "n", .kind = HPO_INT, .min = 1, .max = 4, .step = 1};
    BASE_TRY(hpo_space_add(space, &x, err));
    return hpo_space_add(space, &n, err);
}

#define TOY .state_size = sizeof(void *), .metrics = toy_metrics, .init = toy_init, .evaluate = toy_evaluate
const hpo_objective_type toy_objective = {.name = "toy",
                                          .summary = "a quadratic",
                                          .flags =
                                              HPO_OBJECTIVE_IN_RANK | HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_INHERITS,
                                          TOY};
const hpo_objective_type toy_restart_objective = {.name = "toy_restart", .summary = "a quadratic from scratch", TOY};
/* Epochs at a price that the parameter x raises, and 10 at the end. */
static double toy_price(const hpo_objective_env *env, const double *config, double from, double to, bool ends) {
    const double x = config[hpo_space_find(env->space, "x")];
    return (1 + x) * (to - from) + (ends ? 10 : 0);
}

static const char *const *toy_reported(const base_yaml_node *settings) {
    static const char *const names[] = {"accuracy", "speed", NULL};
    (void)settings;
    return names;
}

static const char *const toy_files[] = {"drawing.svg", "numbers.csv", NULL};

const hpo_objective_type toy_priced_objective = {.name = "toy_priced",
                                                 .summary = "a quadratic that costs more where x is larger",
                                                 .flags = HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_COUNTS,
                                                 .cost = toy_price,
                                                 .cost_unit = "passes",
                                                 .reported = toy_reported,
                                                 .files = toy_files,
                                                 TOY};
const hpo_objective_type toy_declared_objective = {
    .name = "toy_declared", .summary = "a quadratic on its own space", .parameters = toy_parameters, TOY};
const hpo_objective_type toy_default_objective = {.name = "toy_default",
                                                  .summary = "a quadratic on its own space or the user's",
                                                  .flags = HPO_OBJECTIVE_DEFAULT_SPACE,
                                                  .parameters = toy_parameters,
                                                  TOY};

typedef struct strict_state {
    int64_t width;
    double rate;
} strict_state;
static const base_option strict_options[] = {
    {.name = "width",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(strict_state, width),
     .fallback = "8",
     .min = 1,
     .max = 1024,
     .help = "units"},
    {.name = "learning_rate",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(strict_state, rate),
     .fallback = "0.1",
     .open_min = true,
     .help = "step size"},
    BASE_OPTIONS_END,
};
static base_status strict_evaluate(void *state, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                   base_err *err) {
    (void)state, (void)job, (void)reporter, (void)err;
    hpo_metrics_set(&out->metrics, "loss", 1);
    return BASE_OK;
}
const hpo_objective_type toy_strict_objective = {
    .name = "toy_strict",
    .summary = "options that may be searched",
    .options = strict_options,
    .state_size = sizeof(strict_state),
    .flags = HPO_OBJECTIVE_SEARCHABLE,
    .evaluate = strict_evaluate,
};

const hpo_catalog *toy_catalog(void) {
    static const hpo_objective_type *const objectives[] = {&toy_objective,          &toy_restart_objective,
                                                           &toy_declared_objective, &toy_default_objective,
                                                           &toy_strict_objective,   &toy_priced_objective};
    static const hpo_catalog catalog = {
        .objectives = objectives, .n_objectives = CHECK_COUNT(objectives), .version = "toy 1"};
    return &catalog;
}

const char *toy_spending(const char *scheduler, int max) {
    static char line[64];
    const bool replicates = strncmp(scheduler, "replicates", strlen("replicates")) == 0;
    snprintf(line, sizeof line, replicates ? "replicates: {seeds: %d}" : "fidelity: {e: {min: 1, max: %d}}", max);
    return line;
}

hpo_study_spec *toy_spec(const char *text) {
    base_err err;
    hpo_study_spec *spec;
    CHECK_OK(hpo_study_read(toy_catalog(), "toy.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err));
    return spec;
}

void toy_spec_fails(const char *text, const char *sentence) {
    base_err err;
    hpo_study_spec *spec;
    CHECK_FAILS(hpo_study_read(toy_catalog(), "toy.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err), BASE_INVALID,
                sentence);
}

/* ---- tape ---- */

static void keep(toy_tape *tape, const hpo_space *space, const hpo_record *record) {
    if (!tape->arena) tape->arena = base_arena_create();
    BASE_GROW(tape->records, tape->capacity, tape->count + 1);
    hpo_record *copy = &tape->records[tape->count++];
    *copy = *record;
    if (!record->config) return;
    const size_t count = hpo_space_count(space);
    double *config = BASE_NEW_ARRAY(tape->arena, count, double);
    memcpy(config, record->config, count * sizeof *config);
    copy->config = config;
}

void toy_tape_fini(toy_tape *tape) {
    free(tape->records);
    base_arena_destroy(tape->arena);
    *tape = (toy_tape){0};
}

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

bool toy_same_record(const hpo_space *space, const hpo_record *a, const hpo_record *b) {
    if (a->kind != b->kind || a->trial != b->trial || a->bracket != b->bracket || a->rung != b->rung) return false;
    if (!same_bits(a->fidelity, b->fidelity) || !same_bits(a->from, b->from) || a->as_of != b->as_of) return false;
    if (a->parent != b->parent || a->seed != b->seed || !a->config != !b->config) return false;
    if (a->config && !hpo_space_equal(space, a->config, b->config)) return false;
    if (a->origin && strcmp(a->origin, b->origin) != 0) return false;
    if (hpo_record_values(a) != hpo_record_values(b)) return false;
    for (size_t g = 0; g < hpo_record_values(a); g++)
        if (isnan(a->values[g]) ? !isnan(b->values[g]) : !same_bits(a->values[g], b->values[g])) return false;
    return a->final == b->final && a->stop == b->stop && a->result.failure == b->result.failure &&
           a->result.cost == b->result.cost;
}

/* ---- how it ends ---- */

void toy_check_trials(const hpo_study_spec *spec, uint64_t trials) {
    const hpo_scheduler_env env = study_scheduler_env(spec);
    base_err err;
    hpo_scheduler *scheduler;
    CHECK_OK(hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &env, &scheduler, &err));
    if (hpo_scheduler_ends(scheduler))
        assert_in_range(trials, 1, spec->budget.trials);
    else
        assert_int_equal(trials, spec->budget.trials);
    hpo_scheduler_destroy(scheduler);
}

/* ---- driving ---- */

typedef struct driver {
    hpo_study *study;
    const toy_drive *drive;
    uint64_t records;
    uint64_t *running;
    uint32_t *reported; /* by running trial: reports so far */
    size_t n_running;
    base_rng rng;
} driver;

static void take(driver *d, const hpo_record *record) {
    d->records++;
    if (d->drive->tape) keep(d->drive->tape, hpo_study_spec_of(d->study)->space, record);
    if (d->drive->after) d->drive->after(d->drive->self, d->study, record);
}

static bool has_room(const driver *d) {
    return d->drive->max_records == 0 || d->records < d->drive->max_records;
}

/* Asks until the workers are busy; false when there is nothing more to do. */
static bool fill(driver *d) {
    base_err err;
    while (d->n_running < d->drive->workers && has_room(d)) {
        hpo_ask_kind kind;
        hpo_record record;
        suite_at("record", "%llu", (unsigned long long)d->records);
        CHECK_OK(hpo_study_ask(d->study, &kind, &record, &err));
        if (kind == HPO_ASK_DONE) {
            assert_int_equal(d->n_running, 0);
            assert_non_null(hpo_study_reason(d->study));
            return false;
        }
        if (kind == HPO_ASK_WAIT) {
            assert_true(d->n_running > 0);
            return true;
        }
        if (kind == HPO_ASK_JOB) {
            d->reported[d->n_running] = 0;
            d->running[d->n_running++] = record.trial;
        }
        take(d, &record);
    }
    return has_room(d);
}

static void remove_running(driver *d, size_t pick) {
    d->n_running--;
    d->running[pick] = d->running[d->n_running];
    d->reported[pick] = d->reported[d->n_running];
}

/* The last of the reports is at the target fidelity. */
static void report_one(driver *d, size_t pick, const hpo_job *job) {
    const uint32_t n = d->drive->reports, at = ++d->reported[pick];
    hpo_job part = *job;
    part.fidelity = at == n ? job->fidelity : job->from + (job->fidelity - job->from) * at / n;
    hpo_metrics metrics = {0};
    hpo_metrics_set(&metrics, "loss", toy_loss(hpo_study_spec_of(d->study)->space, &part));
    put_others(hpo_study_spec_of(d->study), &part, &metrics);
    hpo_record record;
    hpo_study_report(d->study, job->trial, part.fidelity, &metrics, 0, 0, &record);
    if (record.stop) remove_running(d, pick);
    take(d, &record);
}

/* One running trial reports, or ends. */
static void advance_one(driver *d) {
    const size_t pick = (size_t)base_rng_below(&d->rng, d->n_running);
    const uint64_t trial = d->running[pick];
    const hpo_space *space = hpo_study_spec_of(d->study)->space;
    hpo_job job;
    suite_at("record", "%llu, of trial %llu", (unsigned long long)d->records, (unsigned long long)trial);
    hpo_study_job(d->study, trial, &job);
    if (d->reported[pick] < d->drive->reports) {
        report_one(d, pick, &job);
        return;
    }
    remove_running(d, pick);
    hpo_result result = {.cost = 2 * (job.fidelity - job.from), .seconds = 0.001};
    hpo_metrics_set(&result.metrics, "loss", toy_loss(space, &job));
    hpo_metrics_set(&result.metrics, "accuracy", -toy_loss(space, &job));
    put_others(hpo_study_spec_of(d->study), &job, &result.metrics);
    if (d->drive->artefact) assert_true(hpo_result_set_artefact(&result, d->drive->artefact));
    if (base_rng_uniform(&d->rng) < d->drive->fail_share) {
        result.failure = HPO_FAILURE_CRASH;
        result.code = 11;
        strcpy(result.reason, "killed by signal 11");
    } else if (base_rng_uniform(&d->rng) < d->drive->nan_share) {
        hpo_metrics_set(&result.metrics, "loss", (double)NAN);
    }
    hpo_record record;
    hpo_study_tell(d->study, trial, &result, 0, 0, &record);
    take(d, &record);
}

uint64_t toy_drive_study(hpo_study *study, const toy_drive *drive) {
    driver d = {
        .study = study,
        .drive = drive,
        .running = base_calloc(drive->workers, sizeof(uint64_t)),
        .reported = base_calloc(drive->workers, sizeof(uint32_t)),
        .rng = base_rng_stream(drive->seed, BASE_RNG_TEST, 0, 0),
    };
    while (fill(&d) || (has_room(&d) && d.n_running > 0)) {
        if (has_room(&d) && d.n_running > 0) advance_one(&d);
    }
    free(d.running);
    free(d.reported);
    return d.records;
}
