/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/hpo/dispatch/rig.h"

#include <dirent.h>
#include <inttypes.h>

#include "base/arena.h"
#include "base/rng.h"

enum { IDENTITY = 77 };

static check_tmpdir folder;
static base_arena *names;

int rig_set_up(void **state) {
    (void)state;
    /* On a disk most of the time would go by in fsync. */
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
    folder = check_tmpdir_create();
    names = base_arena_create();
    return 0;
}

int rig_tear_down(void **state) {
    (void)state;
    check_tmpdir_remove(&folder);
    base_arena_destroy(names);
    return 0;
}

const char *rig_new_journal(void) {
    static unsigned number;
    return base_arena_printf(names, "%s/journal-%u.log", folder.path, number++);
}

/* ---- the objective ---- */

static base_status never(void *state, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                         base_err *err) {
    (void)state, (void)job, (void)reporter, (void)out;
    return BASE_FAIL(err, BASE_INTERNAL, "the script evaluates");
}

static size_t forget_one(const char *trial, const char *name) {
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s", trial, name);
    assert_true(n > 0 && (size_t)n < sizeof path);
    return unlink(path) == 0;
}

/* Files whose names are numbers. */
static size_t forget(const char *trial, double fidelity) {
    char wanted[32];
    size_t count = 0;
    snprintf(wanted, sizeof wanted, "%g", fidelity);
    if (isfinite(fidelity)) return forget_one(trial, wanted);
    DIR *dir = opendir(trial);
    if (!dir) return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') count += forget_one(trial, entry->d_name);
    }
    closedir(dir);
    return count;
}

static const hpo_objective_type fake_objective = {.name = "fake",
                                                  .summary = "processes",
                                                  .flags = HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_INHERITS,
                                                  .evaluate = never,
                                                  .forget = forget};
static const hpo_objective_type fake_rank_objective = {
    .name = "fake_rank", .summary = "in the rank", .flags = HPO_OBJECTIVE_IN_RANK, .evaluate = never};
static double price(const hpo_objective_env *env, const double *config, double from, double to, bool ends) {
    (void)env;
    return (1 + config[0]) * (to - from) + (ends ? 2.5 : 0);
}

static const hpo_objective_type fake_priced_objective = {.name = "fake_priced",
                                                         .summary = "processes that count their cost",
                                                         .flags = HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_COUNTS,
                                                         .cost = price,
                                                         .evaluate = never,
                                                         .forget = forget};
static const hpo_objective_type *const objectives[] = {&fake_objective, &fake_rank_objective, &fake_priced_objective};
const hpo_catalog rig_catalog = {.objectives = objectives, .n_objectives = 3, .version = "rig 1"};

double rig_loss(const double *config, size_t n_config, uint64_t seed, double fidelity) {
    double sum = 0;
    for (size_t i = 0; i < n_config; i++) sum += isnan(config[i]) ? 0 : (config[i] - 0.3) * (config[i] - 0.3);
    base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, (uint32_t)(fidelity * 16), 0);
    return sum + base_rng_normal(&rng) / fidelity;
}

typedef struct rig {
    const rig_run *run;
    const hpo_study_spec *spec;
    rig_end *end;
} rig;

static void evaluate(void *self, const hpo_message *job, fake_answer *answer) {
    const rig *r = self;
    for (double step = job->from + 1; r->spec->fidelity.name && step <= job->fidelity; step++) {
        hpo_metrics *metrics = &answer->metrics[answer->n_reports];
        hpo_metrics_set(metrics, "loss", rig_loss(job->config, job->n_config, job->seed, step));
        hpo_metrics_set(metrics, "step", step);
        answer->step[answer->n_reports++] = step;
    }
    double loss = rig_loss(job->config, job->n_config, job->seed, job->fidelity);
    hpo_metrics_set(&answer->result.metrics, "loss", loss);
    hpo_metrics_set(&answer->result.metrics, "other", -loss);
    answer->result.cost = (job->fidelity - job->from) * (1 + (double)(job->seed % 7) / 8);
    answer->result.seconds = r->run->seconds > 0 ? r->run->seconds : 1e-3;
    if (r->run->answer) r->run->answer(r->run->self, job, answer);
}

/* ---- a history as text ---- */

static void print_trial(const hpo_study_spec *spec, const hpo_trial *t, base_buf *out) {
    base_buf_printf(out, "trial %" PRIu64 " %s bracket %u rung %u to %a from %a created %" PRIu64 " as_of %" PRIu64,
                    t->id, hpo_trial_state_text(t->state), t->bracket, t->rung, t->fidelity, t->from, t->created,
                    t->as_of);
    base_buf_printf(out, " seed %" PRIu64 " origin %s:", t->seed, t->origin ? t->origin : "-");
    for (size_t i = 0; i < hpo_space_count(spec->space); i++) base_buf_printf(out, " %a", t->config[i]);
    for (size_t i = 0; i < t->n_reports; i++) {
        const hpo_report *r = &t->reports[i];
        base_buf_printf(out, "\n  report %" PRIu64 " rung %u step %a value %a", r->event, r->rung, r->step, r->value);
    }
    for (size_t i = 0; i < t->n_evals; i++) {
        const hpo_eval *e = &t->evals[i];
        base_buf_printf(out, "\n  eval %" PRIu64 " rung %u fidelity %a value %a cost %a %s", e->event, e->rung,
                        e->fidelity, e->value, e->cost, hpo_failure_text(e->failure));
    }
    base_buf_puts(out, "\n");
}

static void print_view(const hpo_study_spec *spec, hpo_view view, base_buf *out) {
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        hpo_trial trial = hpo_view_trial(view, id);
        print_trial(spec, &trial, out);
    }
    base_buf_printf(out, "cost %a from scratch %a\n", hpo_view_cost(view), hpo_view_cost_from_scratch(view));
}

/* ---- a run ---- */

static void observe(void *self, const hpo_progress *progress, const hpo_record *finished) {
    rig *r = self;
    assert_true(progress->workers_busy + progress->workers_lost <= progress->workers);
    r->end->retried = progress->retried;
    r->end->notices = progress->notices;
    r->end->worker_seconds = progress->worker_seconds;
    r->end->waiting_seconds = progress->waiting_seconds;
    r->end->asking_seconds = progress->asking_seconds;
    r->end->ticks += !finished;
    if (finished && r->run->on_record) r->run->on_record(r->run->self, finished);
}

static fake_fate pass_fate(void *self, size_t worker, const hpo_message *job) {
    const rig *r = self;
    return r->run->fate ? r->run->fate(r->run->self, worker, job) : (fake_fate){.deed = FAKE_ANSWERS};
}
static void pass_hello(void *self, size_t worker, hpo_message *hello) {
    const rig *r = self;
    if (r->run->hello) r->run->hello(r->run->self, worker, hello);
}
static void pass_listen(void *self, size_t results) {
    const rig *r = self;
    if (r->run->on_listen) r->run->on_listen(r->run->self, results);
}
static void pass_job(void *self, size_t worker, const hpo_message *job) {
    const rig *r = self;
    if (r->run->on_job) r->run->on_job(r->run->self, worker, job);
}

static hpo_study_spec *read_spec(const char *yaml) {
    base_err err;
    hpo_study_spec *spec;
    CHECK_OK(hpo_study_read(&rig_catalog, "rig.yaml", yaml, strlen(yaml), NULL, 0, NULL, &spec, &err));
    return spec;
}

static hpo_journal_head head_of(const hpo_study_spec *spec) {
    return (hpo_journal_head){.study = spec->name,
                              .goals = spec->goals,
                              .n_goals = spec->n_goals,
                              .seed = spec->seed,
                              .identity = spec->identity,
                              .program = rig_catalog.version,
                              .integer_steps = true,
                              .fsync_each = spec->fsync_each,
                              .stale_after = 30};
}

static hpo_journal *open_journal(const hpo_study_spec *spec, const char *path) {
    base_err err;
    hpo_journal *journal;
    const hpo_journal_head head = head_of(spec);
    CHECK_OK(hpo_journal_open(path, &head, spec->space, &journal, &err));
    return journal;
}

static void take_stock(const hpo_study *study, rig_end *end) {
    hpo_view view = hpo_study_view(study);
    end->trials = hpo_view_trials(view);
    end->running = hpo_view_count(view, HPO_TRIAL_RUNNING);
    end->paused = hpo_view_count(view, HPO_TRIAL_PAUSED);
    end->complete = hpo_view_count(view, HPO_TRIAL_COMPLETE);
    end->stopped = hpo_view_count(view, HPO_TRIAL_STOPPED);
    end->failed = hpo_view_count(view, HPO_TRIAL_FAILED);
    end->cost = hpo_view_cost(view);
    const char *reason = hpo_study_reason(study);
    snprintf(end->reason, sizeof end->reason, "%s", reason ? reason : "");
    if (hpo_view_incumbent(view, &end->best)) {
        end->best_value = end->best.eval->value;
    } else {
        end->best.trial = UINT64_MAX;
    }
    print_view(hpo_study_spec_of(study), view, &end->history);
}

void rig_go(const rig_run *run, rig_end *end) {
    *end = (rig_end){0};
    hpo_study_spec *spec = read_spec(run->yaml);
    if (run->scheduler) spec->scheduler = run->scheduler;
    if (run->sampler) spec->sampler = run->sampler;
    rig r = {.run = run, .spec = spec, .end = end};
    fake_transport *fake = fake_transport_create(&(fake_script){.workers = run->workers,
                                                                .seed = run->seed,
                                                                .identity = IDENTITY,
                                                                .heartbeat = run->heartbeat,
                                                                .evaluate = evaluate,
                                                                .fate = pass_fate,
                                                                .hello = pass_hello,
                                                                .on_job = pass_job,
                                                                .on_listen = pass_listen,
                                                                .self = &r});
    if (run->transport) *run->transport = fake;
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    hpo_journal *journal = run->journal ? open_journal(spec, run->journal) : NULL;
    hpo_controller_env env = {.study = study,
                              .journal = journal,
                              .transport = run->workers > 0 ? fake_transport_open(fake) : (hpo_transport){0},
                              .observer = {.update = observe, .self = &r, .tells = run->tells},
                              .signal = run->signal,
                              .identity = IDENTITY,
                              .one_process = run->heartbeat <= 0,
                              .run_dir = run->run_dir,
                              .elapsed_before = run->elapsed_before,
                              .verify = run->verify,
                              .ask_beside = run->beside};
    end->status = hpo_controller_run(&env, &end->outcome, &end->lost, &end->err);
    if (run->on_end) run->on_end(run->self);
    base_status closed = hpo_journal_close(journal, &err);
    if (end->status == BASE_OK) assert_int_equal(closed, BASE_OK);
    take_stock(study, end);
    end->counts = *fake_transport_counts(fake);
    for (size_t i = 0; i < run->workers && i < CHECK_COUNT(end->jobs); i++) end->jobs[i] = fake_transport_jobs(fake, i);
    hpo_study_destroy(study);
    fake_transport_destroy(fake);
    hpo_study_spec_destroy(spec);
}

static void check_journal(const rig_run *run, const rig_end *end) {
    base_buf folded = {0};
    rig_fold(run->yaml, run->journal, &folded);
    if (end->trials > 0) rig_check_same_text(&folded, &end->history);
    base_buf_fini(&folded);
}

void rig_go_well(const rig_run *run, rig_end *end, hpo_outcome outcome) {
    rig_go(run, end);
    base_err err = end->err;
    CHECK_OK(end->status);
    assert_int_equal(end->outcome, outcome);
    if (run->journal && !run->scheduler) check_journal(run, end);
}

void rig_end_fini(rig_end *end) {
    base_buf_fini(&end->history);
}

/* ---- journals ---- */

typedef struct reader {
    const hpo_study_spec *spec;
    base_buf *out;
    hpo_history *history;
    bool (*wanted)(const hpo_entry *entry, void *self);
    void *self;
    size_t count;
} reader;

static void with_journal(const char *yaml, const char *path, reader *r,
                         base_status (*visit)(void *self, const hpo_entry *entry, base_err *err)) {
    base_err err;
    hpo_study_spec *spec = read_spec(yaml);
    hpo_journal *journal = open_journal(spec, path);
    r->spec = spec;
    r->history = hpo_study_history(spec);
    CHECK_OK(hpo_journal_replay(journal, visit, r, &err));
    if (r->out && !r->wanted && visit) {
        hpo_view view = hpo_history_view(r->history);
        if (hpo_view_trials(view) > 0) print_view(spec, view, r->out);
    }
    CHECK_OK(hpo_journal_close(journal, &err));
    hpo_history_destroy(r->history);
    hpo_study_spec_destroy(spec);
}

static base_status print_record(void *self, const hpo_entry *entry, base_err *err) {
    static const char *const kinds[] = {"start", "promote", "report", "result", "close"};
    const reader *r = self;
    (void)err;
    if (entry->kind != HPO_ENTRY_RECORD || entry->record.kind == HPO_RECORD_ATTEMPT) return BASE_OK;
    const hpo_record *record = &entry->record;
    base_buf_printf(r->out, "%s %" PRIu64 " bracket %u rung %u %a from %a as_of %" PRIu64 " seed %" PRIu64,
                    kinds[record->kind], record->trial, record->bracket, record->rung, record->fidelity, record->from,
                    record->as_of, record->seed);
    if (record->kind == HPO_RECORD_REPORT || record->kind == HPO_RECORD_RESULT) {
        base_buf_printf(r->out, " value %a%s%s %s cost %a", record->value, record->stop ? " stop" : "",
                        record->final ? " final" : "", hpo_failure_text(record->result.failure), record->result.cost);
    }
    for (size_t i = 0; record->config && i < hpo_space_count(r->spec->space); i++) {
        base_buf_printf(r->out, " %a", record->config[i]);
    }
    base_buf_puts(r->out, "\n");
    return BASE_OK;
}

static base_status fold(void *self, const hpo_entry *entry, base_err *err) {
    const reader *r = self;
    return entry->kind == HPO_ENTRY_RECORD ? hpo_history_apply(r->history, &entry->record, err) : BASE_OK;
}

static base_status count(void *self, const hpo_entry *entry, base_err *err) {
    reader *r = self;
    (void)err;
    r->count += r->wanted(entry, r->self);
    return BASE_OK;
}

void rig_records(const char *yaml, const char *journal, base_buf *out) {
    reader r = {.out = out};
    with_journal(yaml, journal, &r, print_record);
}

base_status rig_try_records(const char *yaml, const char *journal, base_buf *out, base_err *err) {
    hpo_study_spec *spec = read_spec(yaml);
    reader r = {.out = out, .spec = spec};
    const base_status status = hpo_journal_read(journal, spec->space, print_record, &r, err);
    hpo_study_spec_destroy(spec);
    return status;
}

void rig_repair(const char *yaml, const char *journal, base_buf *told) {
    base_err err;
    hpo_study_spec *spec = read_spec(yaml);
    const hpo_journal_head head = head_of(spec);
    CHECK_OK(hpo_journal_repair(journal, &head, spec->space, spec->deterministic, told, &err));
    hpo_study_spec_destroy(spec);
}

void rig_fold(const char *yaml, const char *journal, base_buf *out) {
    reader r = {.out = out};
    with_journal(yaml, journal, &r, fold);
}

size_t rig_count(const char *yaml, const char *journal, bool (*wanted)(const hpo_entry *entry, void *self),
                 void *self) {
    reader r = {.wanted = wanted, .self = self};
    with_journal(yaml, journal, &r, count);
    return r.count;
}

void rig_check_same_text(const base_buf *got, const base_buf *want) {
    const char *a = base_buf_text(got), *b = base_buf_text(want);
    while (*a && *a == *b) a++, b++;
    if (!*a && !*b) return;
    while (a > base_buf_text(got) && a[-1] != '\n') a--, b--;
    fail_msg("got\n  %.*s\ninstead of\n  %.*s", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

size_t rig_cut(const char *from, const char *to, size_t lines) {
    base_buf text = {0};
    base_err err;
    CHECK_OK(base_read_file(from, &text, &err));
    size_t seen = 0, kept = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '\n') continue;
        if (++seen == lines) kept = i + 1;
    }
    if (lines >= seen) kept = text.length;
    CHECK_OK(base_write_file(to, base_buf_text(&text), kept, &err));
    base_buf_fini(&text);
    return seen;
}
