/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of a study: rank 0 controls, the other ranks work, or one process does both.
 *
 * Order matters: the fork server is forked before MPI_Init, so it cannot know the study yet; rank 0 alone reads the
 * file, takes the journal's lock and decides the seed and the folder, and then every rank gets the same bytes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/dispatch/local.h"
#ifdef HPO_HAVE_MPI
#include "hpo/dispatch/mpi.h"
#endif

static const double STATUS_GAP = 2; /* seconds between two writes of status.json */

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t caught_signal, caught_at, is_alone;

/* The first signal asks for an orderly stop. Whoever sends another one later waits no longer: what was found is in the
 * journal, and the fork server ends the trial when this process is gone. Below mpirun that is the parent's business. */
static void on_signal(int number) {
    const sig_atomic_t now = (sig_atomic_t)base_monotonic();
    if (caught_signal && is_alone && now - caught_at > 1) {
        static const char last_words[] = "\nended at once; the same command continues the run\n";
        if (write(STDERR_FILENO, last_words, sizeof last_words - 1) < 0) { /* nobody listens */
        }
        _exit(HPO_EXIT_INTERRUPTED);
    }
    if (!caught_signal) caught_at = now;
    caught_signal = number;
}

typedef struct run {
    const hpo_catalog *catalog;
    const hpo_cli_args *args;
    int rank, size;
    hpo_forkserver *server; /* NULL on rank 0 of several */
    base_arena *arena;
    base_buf text; /* the study file's bytes */
    hpo_study_spec *spec;
    uint64_t seed;         /* the study's, drawn if the file has none */
    const char *run_dir;   /* absolute */
    const char *shown_dir; /* as the user wrote it */
    hpo_journal *journal;
    hpo_study *study;
    cli_progress *progress;
    hpo_observer display;
    double last_status;
    bool told_stopping;
    bool drew_seed;
} run;

static int exit_code_of(base_status status) {
    switch (status) {
    case BASE_OK: return HPO_EXIT_DONE;
    case BASE_INVALID:
    case BASE_NOTFOUND:
    case BASE_UNSUPPORTED: return HPO_EXIT_BAD_INPUT;
    case BASE_IO:
    case BASE_BUSY:
    case BASE_CORRUPT: return HPO_EXIT_STORAGE;
    default: return HPO_EXIT_INTERNAL;
    }
}

/* ---- what rank 0 tells the others: numbered fields, each with its length ---- */

static void put_field(base_buf *out, const void *bytes, uint64_t length) {
    base_buf_append(out, &length, sizeof length);
    base_buf_append(out, bytes, (size_t)length);
}

static const char *get_field(base_arena *arena, const base_buf *in, size_t *at, size_t *length) {
    uint64_t n = 0;
    BASE_ASSERT(*at + sizeof n <= in->length);
    memcpy(&n, in->data + *at, sizeof n);
    BASE_ASSERT(n <= in->length - *at - sizeof n);
    char *bytes = base_arena_alloc(arena, (size_t)n + 1); /* any bytes, with a NUL behind them */
    memcpy(bytes, in->data + *at + sizeof n, (size_t)n);
    *at += sizeof n + (size_t)n;
    if (length) *length = (size_t)n;
    return bytes;
}

static base_status broadcast(base_buf *bundle, base_err *err) {
#ifdef HPO_HAVE_MPI
    return hpo_mpi_broadcast(bundle, err);
#else
    (void)bundle;
    return BASE_FAIL(err, BASE_UNSUPPORTED, "this program was built without MPI; run it without mpirun");
#endif
}

static base_status tell_others(const run *r, bool ok, base_err *err) {
    if (r->size < 2) return BASE_OK;
    base_buf bundle = {0};
    if (ok) {
        put_field(&bundle, r->text.data, r->text.length);
        put_field(&bundle, r->run_dir, strlen(r->run_dir));
        put_field(&bundle, &r->seed, sizeof r->seed);
    }
    base_status status = broadcast(&bundle, err);
    base_buf_fini(&bundle);
    return status;
}

/* ---- the worker's side ---- */

static base_status prepare_worker(run *r, hpo_worker **worker, base_err *err) {
    bool in_rank = (r->spec->objective->flags & HPO_OBJECTIVE_IN_RANK) != 0;
    if (!in_rank) {
        const char *log = base_arena_printf(r->arena, "%s/worker-%d.log", r->run_dir, r->rank);
        hpo_forkserver_study study = {.file = r->args->file,
                                      .text = base_buf_text(&r->text),
                                      .length = r->text.length,
                                      .sets = r->args->sets,
                                      .n_sets = r->args->n_sets,
                                      .seed = r->seed,
                                      .run_dir = r->run_dir,
                                      .log_path = log};
        BASE_TRY(hpo_forkserver_init(r->server, &study, err));
    }
    return hpo_worker_create(r->spec, in_rank ? NULL : r->server, r->run_dir, worker, err);
}

static base_status read_study(run *r, const uint64_t *seed, base_err *err) {
    return hpo_study_read(r->catalog, r->args->file, base_buf_text(&r->text), r->text.length, r->args->sets,
                          r->args->n_sets, seed, &r->spec, err);
}

static int run_worker(run *r, hpo_transport transport, bool *lost) {
    base_err err = {0};
    base_buf bundle = {0};
    hpo_worker *worker = NULL;
    base_status status = broadcast(&bundle, &err);
    cli_end_watch();
    if (status != BASE_OK) base_log(BASE_LOG_ERROR, "%s", err.text);
    if (status == BASE_OK && bundle.length > 0 && !r->args->replay) { /* a replay evaluates nothing */
        size_t at = 0, length = 0;
        const char *text = get_field(r->arena, &bundle, &at, &length);
        base_buf_append(&r->text, text, length);
        r->run_dir = get_field(r->arena, &bundle, &at, NULL);
        memcpy(&r->seed, get_field(r->arena, &bundle, &at, NULL), sizeof r->seed);
        status = read_study(r, &r->seed, &err);
        if (status == BASE_OK) status = prepare_worker(r, &worker, &err);
        if (status == BASE_OK) {
            status = hpo_worker_serve(worker, r->spec, r->catalog, transport, lost, &err);
            if (status != BASE_OK) base_log(BASE_LOG_ERROR, "%s", err.text);
        } else {
            hpo_worker_refuse(transport, r->spec, r->catalog, &err);
        }
    }
    base_buf_fini(&bundle);
    hpo_worker_destroy(worker);
    return *lost ? HPO_EXIT_INTERRUPTED : HPO_EXIT_DONE;
}

/* ---- the controller's side ---- */

static cli_end end_of(const run *r, const char *state, int code, const char *error) {
    return (cli_end){.study = r->study,
                     .last = cli_progress_last(r->progress),
                     .run_dir = r->shown_dir,
                     .state = state,
                     .exit_code = code,
                     .error = error,
                     .brief = r->args->display == HPO_DISPLAY_QUIET};
}

static void write_status(const run *r, const char *state, int code, const char *error) {
    cli_end end = end_of(r, state, code, error);
    base_err err;
    if (cli_write_status(&end, r->run_dir, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
}

static void observe(void *self, const hpo_progress *now, const hpo_record *finished) {
    run *r = self;
    r->display.update(r->display.self, now, finished);
    if (finished) return;
    if (!caught_signal && cli_parent_gone()) caught_signal = SIGTERM;
    double at = base_monotonic();
    bool stopping = caught_signal != 0;
    if (r->args->replay || (at - r->last_status < STATUS_GAP && stopping == r->told_stopping)) return;
    r->last_status = at;
    if (stopping && !r->told_stopping) cli_progress_stopping(r->progress, now, is_alone || cli_has_parent());
    r->told_stopping = stopping;
    /* Under plain mpirun this may be the last word: the code is what it will be unless the run ends differently. */
    write_status(r, stopping ? "stopping" : "running", stopping ? HPO_EXIT_INTERRUPTED : -1, NULL);
}

/* A name of one folder: neither a way out of runs/ nor a line break in what is printed. */
static bool names_folder(const char *name) {
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return false;
    for (const char *c = name; *c; c++) {
        if (*c == '/' || (unsigned char)*c < 0x20 || *c == 0x7F) return false;
    }
    return true;
}

/* The folder, made absolute, because every rank and every trial uses it. */
static base_status make_run_dir(run *r, base_err *err) {
    if (!r->args->dir && !names_folder(r->spec->name)) {
        return BASE_FAIL(err, BASE_INVALID, "the study's name cannot be that of a folder; rename it or give --dir");
    }
    r->shown_dir = r->args->dir ? r->args->dir : base_arena_printf(r->arena, "runs/%s", r->spec->name);
    BASE_TRY(base_make_folder(r->shown_dir, err));
    char *absolute = realpath(r->shown_dir, NULL);
    if (!absolute) return BASE_FAIL(err, BASE_IO, "%s: %s", r->shown_dir, strerror(errno));
    r->run_dir = base_arena_strdup(r->arena, absolute);
    free(absolute);
    return BASE_OK;
}

/* The seed: the file's or --seed's, else the journal's, else a fresh one. */
static base_status choose_seed(run *r, const char *journal_path, base_err *err) {
    r->seed = r->spec->seed;
    if (r->spec->seed_given) return BASE_OK;
    const char *identity = NULL;
    base_status status = hpo_journal_peek(journal_path, r->arena, &r->seed, &identity, err);
    if (status == BASE_NOTFOUND) {
        r->seed = base_rng_fresh_seed();
        r->drew_seed = true;
        status = BASE_OK;
        if (err) *err = (base_err){0};
    }
    hpo_study_spec_set_seed(r->spec, r->seed);
    return status;
}

static base_status open_journal(run *r, const char *path, base_err *err) {
    const hpo_study_spec *spec = r->spec;
    bool each_step_is_integer = spec->fidelity.name == NULL || spec->fidelity.integer;
    hpo_journal_head head = {.study = spec->name,
                             .maximize = spec->maximize,
                             .seed = spec->seed,
                             .identity = spec->identity,
                             .program = r->catalog->version,
                             .integer_steps = each_step_is_integer,
                             .fsync_each = spec->fsync_each,
                             .stale_after = spec->failure.lost_after};
    BASE_TRY(hpo_journal_open(path, &head, spec->space, &r->journal, err));
    if (r->args->replay) return BASE_OK;
    const char *copy = base_arena_printf(r->arena, "%s/study.yaml", r->run_dir);
    return base_write_file(copy, base_buf_text(&r->text), r->text.length, err);
}

static base_status prepare_controller(run *r, base_err *err) {
    BASE_TRY(cli_read_study_file(r->args->file, &r->text, err));
    BASE_TRY(read_study(r, r->args->has_seed ? &r->args->seed : NULL, err));
    BASE_TRY(make_run_dir(r, err));
    const char *path = base_arena_printf(r->arena, "%s/journal.log", r->run_dir);
    if (r->args->replay && access(path, F_OK) != 0) {
        return BASE_FAIL(err, BASE_NOTFOUND, "%s: there is no run to replay; --dir names its folder", path);
    }
    BASE_TRY(choose_seed(r, path, err));
    BASE_TRY(open_journal(r, path, err));
    return hpo_study_create(r->spec, &r->study, err);
}

static void announce(const run *r) {
    if (r->args->display == HPO_DISPLAY_QUIET || r->args->display == HPO_DISPLAY_JSON || r->args->replay) return;
    size_t workers = r->size > 1 ? (size_t)r->size - 1 : 1;
    fprintf(stderr, "%s: %s, seed %llu%s, %zu worker%s, %s %s\n", r->spec->name, r->spec->method,
            (unsigned long long)r->seed, r->drew_seed ? " (drawn)" : "", workers, workers == 1 ? "" : "s",
            hpo_journal_is_new(r->journal) ? "in" : "continues in", r->shown_dir);
}

static const struct {
    const char *state;
    int code;
} ends[] = {
    [HPO_OUTCOME_DONE] = {"done", HPO_EXIT_DONE},
    [HPO_OUTCOME_FAILED] = {"failed", HPO_EXIT_ALL_FAILED},
    [HPO_OUTCOME_INTERRUPTED] = {"interrupted", HPO_EXIT_INTERRUPTED},
    [HPO_OUTCOME_BAD_INPUT] = {"bad input", HPO_EXIT_BAD_INPUT},
    [HPO_OUTCOME_STORAGE] = {"storage failed", HPO_EXIT_STORAGE},
};

static void print_end(run *r, const char *state, int code, const char *error) {
    cli_end end = end_of(r, state, code, error);
    base_buf out = {0};
    base_err err;
    cli_progress_end(r->progress);
    if (r->args->display == HPO_DISPLAY_JSON) {
        cli_print_summary_json(&end, &out);
    } else if (!error) {
        cli_print_summary(&end, &out);
    }
    fputs(base_buf_text(&out), stdout);
    fflush(stdout);
    base_buf_fini(&out);
    if (cli_write_best(&end, r->run_dir, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
    write_status(r, state, code, error);
}

/* A study that could not begin leaves no journal behind which its corrected file would contradict. */
static base_status close_journal(run *r, bool begun, base_err *err) {
    if (!begun && r->journal && hpo_journal_is_new(r->journal)) {
        unlink(base_arena_printf(r->arena, "%s/journal.log", r->run_dir));
    }
    const base_status status = hpo_journal_close(r->journal, err);
    r->journal = NULL;
    return status;
}

/* The run itself, once everything is prepared. */
static int control(run *r, hpo_transport transport, bool *lost) {
    const double before = hpo_journal_is_new(r->journal) ? 0 : cli_elapsed_before(r->run_dir);
    r->progress = cli_progress_create(r->spec, r->args->replay ? HPO_DISPLAY_QUIET : r->args->display, before);
    r->display = cli_progress_observer(r->progress);
    hpo_controller_env env = {.study = r->study,
                              .journal = r->journal,
                              .transport = transport,
                              .observer = {.update = observe, .self = r},
                              .signal = &caught_signal,
                              .identity = hpo_worker_identity(r->spec, r->catalog),
                              .one_process = r->size < 2,
                              .run_dir = (r->spec->objective->flags & HPO_OBJECTIVE_IN_RANK) ? NULL : r->run_dir,
                              .elapsed_before = before,
                              .verify = r->args->replay};
    base_err err = {0};
    hpo_outcome outcome;
    base_status status = hpo_controller_run(&env, &outcome, lost, &err);
    int code = status == BASE_OK ? ends[outcome].code : exit_code_of(status);
    base_err close_err = {0};
    hpo_view view = hpo_study_view(r->study);
    bool begun = code != HPO_EXIT_BAD_INPUT || hpo_view_count(view, HPO_TRIAL_RUNNING) < hpo_view_trials(view);
    base_status closed = close_journal(r, begun, &close_err);
    if (status == BASE_OK && closed != BASE_OK) {
        code = exit_code_of(closed);
        err = close_err;
        status = closed;
    }
    if (r->args->replay) {
        if (status == BASE_OK) {
            printf("every decision of %llu trials was computed again and is the same\n",
                   (unsigned long long)hpo_view_trials(hpo_study_view(r->study)));
            code = HPO_EXIT_DONE;
        }
    } else {
        print_end(r, status == BASE_OK ? ends[outcome].state : "failed", code, status == BASE_OK ? NULL : err.text);
    }
    if (status != BASE_OK) fprintf(stderr, "%s\n", err.text);
    return code;
}

/* Without other ranks this process works, too; its worker stands behind the same transport interface. */
static base_status start_local(run *r, hpo_worker **worker, hpo_transport *transport, base_err *err) {
    if (r->size > 1 || r->args->replay) return BASE_OK; /* MPI's is open already; a replay needs none */
    BASE_TRY(prepare_worker(r, worker, err));
    *transport = hpo_local_open(*worker, 1, r->spec, r->catalog);
    return BASE_OK;
}

static int run_controller(run *r, hpo_transport transport, bool *lost) {
    base_err err = {0}, ignored = {0};
    hpo_worker *worker = NULL;
    if (r->size < 2 || r->args->replay) transport = (hpo_transport){0};
    base_status status = prepare_controller(r, &err);
    base_status told = tell_others(r, status == BASE_OK, status == BASE_OK ? &err : &ignored);
    cli_end_watch();
    if (status == BASE_OK) status = told;
    if (status == BASE_OK) status = start_local(r, &worker, &transport, &err);
    int code = exit_code_of(status);
    if (status == BASE_OK) {
        announce(r);
        code = control(r, transport, lost);
    } else {
        fprintf(stderr, "%s\n", err.text);
        if (close_journal(r, false, &ignored) != BASE_OK) base_log(BASE_LOG_WARN, "%s", ignored.text);
    }
    if (worker && transport.ops) transport.ops->close(transport.self, false);
    hpo_worker_destroy(worker);
    cli_progress_destroy(r->progress);
    hpo_study_destroy(r->study);
    return cli_tell_exit(code) ? HPO_EXIT_DONE : code;
}

static void watch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static base_status start_ranks(run *r, bool launched, int *argc, char ***argv, hpo_transport *transport,
                               base_err *err) {
    if (!launched) return BASE_OK;
#ifdef HPO_HAVE_MPI
    BASE_TRY(hpo_mpi_start(argc, argv, &r->rank, &r->size, err));
    *transport = hpo_mpi_open();
    return BASE_OK;
#else
    (void)argc, (void)argv, (void)transport;
    if (r->size > 1) {
        return BASE_FAIL(err, BASE_UNSUPPORTED, "this program was built without MPI; run it without mpirun");
    }
    return BASE_OK;
#endif
}

int cli_run(const hpo_catalog *catalog, const hpo_cli_args *args, int argc, char **argv) {
    run r = {.catalog = catalog, .args = args, .size = 1, .arena = base_arena_create()};
    bool launched = cli_launched(&r.rank, &r.size);
    base_err err = {0};
    hpo_transport transport = {0};
    int code;
    bool controls_only = launched && r.rank == 0 && r.size > 1;
    base_status status = BASE_OK;
    if (!controls_only && !args->replay) status = hpo_forkserver_start(catalog, &r.server, &err);
    is_alone = !launched;
    watch_signals();
    if (launched) cli_watch_start();
    if (status == BASE_OK) status = start_ranks(&r, launched, &argc, &argv, &transport, &err);
    if (status != BASE_OK) {
        if (r.rank == 0) fprintf(stderr, "%s\n", err.text);
        hpo_forkserver_stop(r.server);
        code = exit_code_of(status);
        return r.rank == 0 && cli_tell_exit(code) ? HPO_EXIT_DONE : code;
    }
    base_log_setup(NULL, BASE_LOG_INFO, r.size > 1 ? r.rank : -1);
    if (r.rank == 0) cli_tell_started();
    bool lost = false;
    code = r.rank == 0 ? run_controller(&r, transport, &lost) : run_worker(&r, transport, &lost);
    hpo_forkserver_stop(r.server);
    if (transport.ops) transport.ops->close(transport.self, lost);
    if (lost) { /* MPI_Finalize may hang after a rank was lost */
        fflush(NULL);
        _exit(code);
    }
    hpo_study_spec_destroy(r.spec);
    base_buf_fini(&r.text);
    base_arena_destroy(r.arena);
    return code;
}
