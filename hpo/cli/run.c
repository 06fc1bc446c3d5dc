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

#include "base/clock.h"
#include "base/log.h"
#include "hpo/cli/run_impl.h"
#include "hpo/dispatch/fields.h"
#include "hpo/dispatch/local.h"
#ifdef HPO_HAVE_MPI
#include "hpo/dispatch/mpi.h"
#endif

static const double STATUS_GAP = 1; /* seconds between two texts for status.json */
static const double LAUNCHER_PATIENCE = 7, LAUNCHER_PATIENCE_PER_RANK = 0.01; /* seconds for it to end after the run */

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t caught_signal, caught_at, is_alone, status_fd = -1;

static void on_alarm(int number) {
    (void)number;
    _exit(HPO_EXIT_INTERRUPTED);
}

/* The first signal asks for an orderly stop. Whoever sends another one later waits no longer: what was found is in the
 * journal, and the fork server ends the trial when this process is gone. Below mpirun that is the parent's business. */
static void on_signal(int number) {
    const sig_atomic_t now = (sig_atomic_t)base_monotonic();
    if (caught_signal && is_alone && now - caught_at > 1) {
        static const char last_words[] = "\nended at once; the same command continues the run\n";
        if (write(STDERR_FILENO, last_words, sizeof last_words - 1) < 0) { /* nobody listens */
        }
        alarm(1); /* should the disk take longer for the last word */
        cli_status_leave_now(status_fd);
    }
    if (!caught_signal) caught_at = now;
    caught_signal = number;
}

int run_exit_code(base_status status) {
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

/* ---- what rank 0 tells the others ---- */

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
        hpo_put_u64(&bundle, r->seed);
        hpo_put_text(&bundle, r->text.data, r->text.length);
        hpo_put_sentence(&bundle, cli_host_name(r->arena));
        hpo_put_sentence(&bundle, r->run_dir);
        hpo_put_sentence(&bundle, r->first);
        hpo_put_sentence(&bundle, r->measured);
        hpo_put_sentence(&bundle, r->method);
    }
    base_status status = broadcast(&bundle, err);
    base_buf_fini(&bundle);
    return status;
}

/* ---- the worker's side ---- */

/* NULL where it is empty. */
static const char *take_optional(hpo_fields *in, base_arena *arena) {
    const char *text = hpo_take_copy(in, arena, NULL);
    return *text ? text : NULL;
}

static void take_bundle(run *r, const base_buf *bundle) {
    hpo_fields in = {.at = (const unsigned char *)bundle->data, .left = bundle->length};
    size_t length;
    r->seed = hpo_take_u64(&in);
    const char *text = hpo_take_text(&in, &length);
    base_buf_append(&r->text, text, length);
    r->controller_host = hpo_take_copy(&in, r->arena, NULL);
    r->run_dir = hpo_take_copy(&in, r->arena, NULL);
    r->first = take_optional(&in, r->arena);
    r->measured = take_optional(&in, r->arena);
    r->method = take_optional(&in, r->arena);
    BASE_ASSERT(!in.failed && in.left == 0);
}

static base_status prepare_worker(run *r, hpo_worker **worker, base_err *err) {
    bool in_rank = (r->spec->objective->flags & HPO_OBJECTIVE_IN_RANK) != 0;
    if (!in_rank) {
        size_t n_sets = 0;
        const char *const *sets = run_sets(r, &n_sets);
        const char *log = base_arena_printf(r->arena, "%s/worker-%d.log", r->run_dir, r->rank);
        hpo_place place = cli_find_place(r->rank, r->size, cli_host_name(r->arena), r->controller_host);
        base_buf visible = {0};
        cli_check_cores(r->spec->limits.threads, &place);
        BASE_TRY(hpo_devices_choose(&r->spec->devices, hpo_devices_inherited(), &place, &visible, err));
        hpo_forkserver_study study = {.file = r->args->file,
                                      .text = base_buf_text(&r->text),
                                      .length = r->text.length,
                                      .sets = sets,
                                      .n_sets = n_sets,
                                      .seed = r->seed,
                                      .run_dir = r->run_dir,
                                      .log_path = log,
                                      .place = place,
                                      .visible = visible.data};
        base_status status = hpo_forkserver_init(r->server, &study, err);
        base_buf_fini(&visible);
        if (status != BASE_OK) return status;
    }
    return hpo_worker_create(r->spec, in_rank ? NULL : r->server, r->run_dir, worker, err);
}

static int run_worker(run *r, hpo_transport transport, bool *lost) {
    base_err err = {0};
    base_buf bundle = {0};
    hpo_worker *worker = NULL;
    base_status status = broadcast(&bundle, &err);
    cli_end_watch();
    if (status != BASE_OK) base_log(BASE_LOG_ERROR, "%s", err.text);
    if (status == BASE_OK && bundle.length > 0 && !r->args->replay) { /* a replay evaluates nothing */
        take_bundle(r, &bundle);
        status = run_read_study(r, &r->seed, &err);
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

/* What status.json says from now on. */
static void put_status(const run *r, const char *state, int code) {
    if (!r->status) return;
    const cli_end end = end_of(r, state, code, NULL);
    const cli_state said = cli_state_of(&end);
    base_buf body = {0};
    cli_put_status_body(&end, &body);
    cli_status_put(r->status, &said, &body);
    base_buf_fini(&body);
}

/* And its last word. */
static void end_status(run *r, const cli_end *end) {
    if (!r->status) return;
    const cli_state said = cli_state_of(end);
    base_buf body = {0};
    base_err err;
    cli_put_status_body(end, &body);
    status_fd = -1;
    if (cli_status_end(r->status, &said, &body, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
    r->status = NULL;
    base_buf_fini(&body);
}

/* A job cannot get new workers, but the process of -j can start it again from its journal. Not on several hosts: one of
 * them may be what was lost, and then no job would start. */
static bool should_start_again(const run *r, const hpo_progress *now) {
    return now->workers_lost > 0 && cli_on_one_host(r->size) &&
           cli_should_start_again(now->elapsed - now->elapsed_before, now->workers, now->workers_lost, now->oldest);
}

static void replace_lost(run *r, const hpo_progress *now) {
    if (caught_signal || now->draining || !should_start_again(r, now)) return;
    base_log(BASE_LOG_WARN, "%zu of %zu workers lost: the job stops and is started again from its journal",
             now->workers_lost, now->workers);
    r->begins_again = true;
    caught_signal = SIGUSR1;
}

static void observe(void *self, const hpo_progress *now, const hpo_record *finished) {
    run *r = self;
    r->display.update(r->display.self, now, finished);
    if (finished) return;
    if (!caught_signal && cli_parent_gone()) caught_signal = SIGTERM;
    replace_lost(r, now);
    double at = base_monotonic();
    bool stopping = caught_signal != 0;
    if (r->args->replay || (at - r->last_status < STATUS_GAP && stopping == r->told_stopping)) return;
    r->last_status = at;
    if (stopping && !r->told_stopping) cli_progress_stopping(r->progress, now, is_alone || cli_has_parent());
    r->told_stopping = stopping;
    /* Under plain mpirun this may be the last word: the code is what it will be unless the run ends differently. */
    put_status(r, stopping ? "stopping" : "running", stopping ? HPO_EXIT_INTERRUPTED : -1);
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

/* Another run has taken the folder over: what lies there is its own. */
static void leave_folder(run *r) {
    status_fd = -1;
    cli_progress_end(r->progress);
    cli_status_drop(r->status);
    r->status = NULL;
}

static void print_end(run *r, const char *state, int code, const char *error) {
    cli_end end = end_of(r, state, code, error);
    hpo_recommendation recommended;
    if (hpo_study_recommend(r->study, &recommended)) end.recommended = &recommended;
    base_buf out = {0};
    base_err err;
    cli_progress_end(r->progress);
    const hpo_front *front = r->catalog->front;
    if (r->args->display == HPO_DISPLAY_JSON) {
        cli_print_summary_json(&end, &out);
    } else if (!error && !front) {
        cli_print_summary(&end, &out);
    }
    fputs(base_buf_text(&out), stdout);
    fflush(stdout);
    base_buf_fini(&out);
    if (!front && cli_write_best(&end, r->run_dir, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
    if (front && code == HPO_EXIT_DONE && front->end(front->self, r->run_dir, &err) != BASE_OK)
        base_log(BASE_LOG_ERROR, "%s", err.text);
    end_status(r, &end);
    if (!front && !error && cli_write_report(&end, r->run_dir, &err) != BASE_OK)
        base_log(BASE_LOG_WARN, "%s", err.text);
}

/* The state of a run that an error ended. */
static const char *state_of_code(int code) {
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].code == code) return ends[i].state;
    }
    return "internal error";
}

/* The folder is ours: from now on status.json tells how it goes, while data is loaded, too. */
static void begin_status(run *r) {
    const hpo_display display = r->args->replay ? HPO_DISPLAY_QUIET : r->args->display;
    r->progress = cli_progress_create(r->spec, display, hpo_journal_elapsed(r->journal));
    r->display = cli_progress_observer(r->progress);
    if (r->args->replay) return;
    r->status = cli_status_create(r->run_dir);
    status_fd = cli_status_fd(r->status);
    cli_tell_folder(r->run_dir);
    put_status(r, "running", -1);
}

/* The run itself, once everything is prepared. */
static int control(run *r, hpo_transport transport, bool *lost) {
    hpo_controller_env env = {.study = r->study,
                              .journal = r->journal,
                              .transport = transport,
                              .observer = {.update = observe, .self = r, .tells = r->display.tells},
                              .signal = &caught_signal,
                              .identity = hpo_worker_identity(r->spec, r->catalog),
                              .one_process = r->size < 2,
                              .run_dir = (r->spec->objective->flags & HPO_OBJECTIVE_IN_RANK) ? NULL : r->run_dir,
                              .elapsed_before = cli_progress_last(r->progress)->elapsed,
                              .verify = r->args->replay};
    base_err err = {0};
    hpo_outcome outcome;
    base_status status = hpo_controller_run(&env, &outcome, lost, &err);
    int code = status == BASE_OK ? ends[outcome].code : run_exit_code(status);
    base_err close_err = {0};
    hpo_view view = hpo_study_view(r->study);
    bool begun = code != HPO_EXIT_BAD_INPUT || hpo_view_count(view, HPO_TRIAL_RUNNING) < hpo_view_trials(view);
    base_status closed = run_close_journal(r, begun, &close_err);
    /* What the journal says at its end explains other failures of storage: its folder was deleted. */
    if (closed != BASE_OK && (status == BASE_OK || code == HPO_EXIT_STORAGE)) {
        code = run_exit_code(closed);
        err = close_err;
        status = closed;
    }
    if (r->args->replay) {
        if (status == BASE_OK) {
            printf("every decision of %llu trials was computed again and is the same\n",
                   (unsigned long long)hpo_view_trials(hpo_study_view(r->study)));
            code = HPO_EXIT_DONE;
        }
    } else if (status == BASE_BUSY) {
        leave_folder(r);
    } else {
        const bool ended = status == BASE_OK;
        print_end(r, ended ? ends[outcome].state : state_of_code(code), code, ended ? NULL : err.text);
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
    base_status status = run_prepare(r, &err);
    base_status told = tell_others(r, status == BASE_OK, status == BASE_OK ? &err : &ignored);
    cli_end_watch();
    if (status == BASE_OK) status = told;
    if (r->study) begin_status(r);
    if (status == BASE_OK) status = start_local(r, &worker, &transport, &err);
    int code = run_exit_code(status);
    if (status == BASE_OK) {
        run_announce(r);
        code = control(r, transport, lost);
    } else {
        fprintf(stderr, "%s\n", err.text);
        if (run_close_journal(r, false, &ignored) != BASE_OK) base_log(BASE_LOG_WARN, "%s", ignored.text);
        if (r->status) {
            const cli_end end = end_of(r, state_of_code(code), code, err.text);
            end_status(r, &end);
        }
    }
    if (worker && transport.ops) transport.ops->close(transport.self, false);
    hpo_worker_destroy(worker);
    if (r->progress && !caught_signal && should_start_again(r, cli_progress_last(r->progress))) r->begins_again = true;
    if (r->begins_again && code == HPO_EXIT_INTERRUPTED) cli_ask_to_start_again();
    cli_progress_destroy(r->progress);
    hpo_study_destroy(r->study);
    return cli_tell_exit(code) ? HPO_EXIT_DONE : code;
}

static void watch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    if (is_alone) sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static base_status start_ranks(run *r, const cli_started *started, int *argc, char ***argv, hpo_transport *transport,
                               base_err *err) {
    char text[512];
    if (!cli_is_one_of_several(started)) return BASE_OK;
    r->rank = started->rank;
#ifdef HPO_HAVE_MPI
    const char *library = hpo_mpi_library();
    const bool hopeless =
        started->step && !started->pmix && started->size > 1 && hpo_mpi_needs_pmix(); /* to start MPI */
    if (!hopeless) BASE_TRY(hpo_mpi_start(argc, argv, &r->rank, &r->size, err));
#else
    const char *library = NULL;
    (void)argc, (void)argv, (void)transport;
#endif
    if (cli_is_mismatch(started, library, r->size, text, sizeof text)) {
        r->rank = started->rank; /* one of them speaks */
        return BASE_FAIL(err, BASE_UNSUPPORTED, "%s", text);
    }
#ifdef HPO_HAVE_MPI
    if (!hopeless) *transport = hpo_mpi_open();
#endif
    return BASE_OK;
}

int cli_run(const hpo_catalog *catalog, const hpo_cli_args *args, const cli_started *started, int argc, char **argv) {
    run r = {.catalog = catalog, .args = args, .size = 1, .arena = base_arena_create()};
    const bool launched = cli_is_one_of_several(started);
    base_err err = {0};
    hpo_transport transport = {0};
    int code;
    bool controls_only = launched && started->rank == 0 && started->size > 1;
    base_status status = BASE_OK;
    if (!controls_only && !args->replay) status = hpo_forkserver_start(catalog, &r.server, &err);
    is_alone = !launched;
    watch_signals();
    if (launched) cli_watch_start();
    if (status == BASE_OK) status = start_ranks(&r, started, &argc, &argv, &transport, &err);
    if (status != BASE_OK) {
        if (r.rank == 0) fprintf(stderr, "%s\n", err.text);
        hpo_forkserver_stop(r.server);
        code = run_exit_code(status);
        return r.rank == 0 && cli_tell_exit(code) ? HPO_EXIT_DONE : code;
    }
    base_log_setup(NULL, BASE_LOG_INFO, r.size > 1 ? r.rank : -1);
    if (r.rank == 0) cli_tell_started();
    bool lost = false;
    code = r.rank == 0 ? run_controller(&r, transport, &lost) : run_worker(&r, transport, &lost);
    hpo_forkserver_stop(r.server);
    if (r.rank == 0 && r.size > 1 && !cli_has_parent())
        cli_end_launcher_after(LAUNCHER_PATIENCE + LAUNCHER_PATIENCE_PER_RANK * r.size);
    if (transport.ops) transport.ops->close(transport.self, lost);
    if (lost) { /* MPI_Finalize may hang after a rank was lost */
        fflush(NULL);
        _exit(code);
    }
    hpo_study_spec_destroy(r.spec);
    base_buf_fini(&r.text);
    base_buf_fini(&r.orders);
    base_arena_destroy(r.arena);
    return code;
}
