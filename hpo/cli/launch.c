/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process of -j N: starts this program under the mpirun of its MPI library and waits for it.
 *
 * mpirun's exit status cannot be trusted: --enable-recovery turns every code into 0 and SIGTERM into 1 (measured on
 * Open MPI 4.1.4). So the ranks leave notes in a small file (launched.c), rank 0 its process number and its code.
 * The parent asks rank 0 for an orderly stop with SIGUSR1. After SIGTERM mpirun would let the ranks know when
 * odls_base_sigkill_timeout is over, kill them when it is over again, and stay that long even if they end sooner; who
 * sends SIGTERM to every process (a batch system) should still leave the ranks the time of a default stop_grace. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/cli/status.h"
#ifdef HPO_HAVE_MPI
#include "hpo/dispatch/mpi.h"
#endif

static const double START_PATIENCE = 120; /* seconds for all ranks of -j to pass MPI_Init */
static const double LEAVE_PATIENCE = 8;   /* seconds for mpirun to end after the controller has */
static const double STOP_PATIENCE = 0.3;  /* the same when the run was told to stop: whoever did so waits */
static const double DEATH_PATIENCE = 2;   /* seconds for rank 0 to be gone when mpirun is */
static const char DEATH[] = "the controller died without a word; the same command continues the run";
static const double IMPATIENCE = 1; /* seconds after which a second signal is one */

/* What the ranks have said so far. */
typedef struct notes {
    bool begun, ended; /* a rank has begun; rank 0 left its code */
    bool again;        /* it asks for another job */
    int code;
    pid_t controller; /* rank 0, once all ranks run; 0 before */
    char *folder;     /* of the run, once rank 0 works in it; NULL before */
} notes;

static void read_note(notes *n, const char *line, size_t length) {
    char text[4200];
    long long number;
    snprintf(text, sizeof text, "%.*s", (int)length, line);
    if (strcmp(text, "begun") == 0) n->begun = true;
    if (strcmp(text, "again") == 0) n->again = true;
    if (sscanf(text, "started %lld", &number) == 1) n->controller = (pid_t)number;
    if (!n->folder && strncmp(text, "folder ", 7) == 0) n->folder = base_strdup(text + 7);
    if (sscanf(text, "exit %lld", &number) == 1) {
        n->ended = true;
        n->code = (int)number;
    }
}

static void read_notes(notes *n, const char *path) {
    base_buf text = {0};
    base_err ignored;
    const base_status status = base_read_file(path, &text, &ignored);
    const char *line = base_buf_text(&text);
    for (const char *end; status == BASE_OK && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        read_note(n, line, (size_t)(end - line));
    }
    base_buf_fini(&text);
}

static volatile sig_atomic_t caught, caught_count;

static void on_signal(int number) {
    caught = number;
    caught_count++;
}

/* Flags that survive a lost rank, allow more ranks than cores, and leave the cores to the workers (place.c). */
typedef struct launcher {
    const char *mpi;       /* its library */
    const char *names[4];  /* the more telling first: one system may have several libraries */
    const char *flags[12]; /* before -n */
    const char *package;
    bool fragile; /* it does not survive a process that dies, whatever its flags */
} launcher;

static const launcher launchers[] = {
    {"MPICH",
     {"mpirun.mpich", "mpiexec.hydra", "mpirun"},
     {"-disable-auto-cleanup", "-bind-to", "none"},
     "mpich",
     true},
    {"Open MPI",
     {"mpirun.openmpi", "mpirun"},
     {"--enable-recovery", "--oversubscribe", "--bind-to", "none", "--mca", "odls_base_sigkill_timeout", "30", "--mca",
      "mpi_yield_when_idle", "1"},
     "openmpi-bin",
     false},
    {"", {"mpirun"}, {NULL}, "MPI", false}, /* another one: flags that all know */
};

static const launcher *own_launcher(void) {
    size_t i = 0;
#ifdef HPO_HAVE_MPI
    while (launchers[i].mpi[0] && strcmp(launchers[i].mpi, hpo_mpi_library()) != 0) i++;
#endif
    return &launchers[i];
}

/* The first folder of PATH that has a launcher has the right one: who loads a module puts its folder first. */
static const char *find_launcher(base_arena *arena, const launcher *own) {
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; *at; at += strcspn(at, ":"), at += *at == ':') {
        for (size_t i = 0; own->names[i]; i++) {
            const char *file = base_arena_printf(arena, "%.*s/%s", (int)strcspn(at, ":"), at, own->names[i]);
            if (access(file, X_OK) == 0) return file;
        }
    }
    return own->names[0];
}

/* The launcher, its flags, this program, and our own arguments without -j. */
static char **mpirun_arguments(base_arena *arena, const hpo_cli_args *args, bool again, int argc, char **argv) {
    const launcher *own = own_launcher();
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char **out = BASE_NEW_ARRAY(arena, (size_t)argc + 24, char *);
    size_t count = 0;
    out[count++] = base_arena_strdup(arena, find_launcher(arena, own));
    for (size_t i = 0; own->flags[i]; i++) out[count++] = base_arena_strdup(arena, own->flags[i]);
    out[count++] = base_arena_strdup(arena, "-n");
    out[count++] = base_arena_printf(arena, "%zu", args->jobs + 1);
    out[count++] = base_arena_strdup(arena, n > 0 ? self : argv[0]);
    for (int i = 1; i < argc; i++) {
        if (!args->for_launcher[i] && !(again && args->once[i])) out[count++] = argv[i];
    }
    return out;
}

static void start_mpirun(char **arguments, const char *note) {
    setpgid(0, 0);                    /* Ctrl-C reaches the parent, which asks for an orderly stop */
    prctl(PR_SET_PDEATHSIG, SIGUSR1); /* a parent that is killed cannot ask any more */
    setenv(CLI_NOTE_FILE, note, 1);
    char host[200] = "?", above[256];
    gethostname(host, sizeof host - 1);
    snprintf(above, sizeof above, "%lld %s", (long long)getppid(), host);
    setenv(CLI_PARENT, above, 1);
    if (geteuid() == 0) { /* without these Open MPI refuses to start as root */
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    }
    cli_terminal_tell_ranks();
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDIN_FILENO);
    execvp(arguments[0], arguments);
    fprintf(stderr, "hpo_search: %s cannot be started: %s; install it (on Debian the package %s) or run without -j\n",
            arguments[0], strerror(errno), own_launcher()->package);
    _exit(127);
}

/* What the parent knows of mpirun and of the people who wait for it; times are monotonic, 0 = not yet. */
typedef struct vigil {
    pid_t mpirun;
    const char *note;
    double begun, signalled, left; /* now; the first signal was caught; rank 0 left its code */
    notes notes;
    bool asked; /* rank 0 was, to stop */
    bool reported;
    bool ended; /* everything was, by a later signal */
} vigil;

/* The first signal asks for an orderly stop, once there are ranks that understand it. A later one, from somebody who
 * waits no longer, ends everything at once: what was found is in the journal. Two within a second are one (timeout(1)
 * and Ctrl-C reach us directly and through our process group). */
static void pass_signals_on(vigil *v, double now) {
    if (caught_count == 0) return;
    if (v->signalled == 0) v->signalled = now;
    if (!v->asked && v->notes.controller > 0) {
        kill(v->notes.controller, SIGUSR1); /* not through mpirun, which would say so on the terminal */
        v->asked = true;
    }
    if (now - v->signalled < IMPATIENCE) {
        caught_count = 1;
    } else if (caught_count > 1) {
        if (v->notes.controller > 0) kill(v->notes.controller, SIGKILL); /* it would wait for its trials */
        kill(v->mpirun, SIGKILL);
        v->ended = true;
    }
}

static bool is_gone(pid_t pid) {
    return kill(pid, 0) != 0 && errno == ESRCH;
}

/* Rank 0 died and could say nothing, though its workers may live on for a while: status.json shall not stay "running".
 */
static void report_end(vigil *v, const char *state, const char *reason) {
    const pid_t pid = v->notes.controller;
    if (v->reported || pid <= 0 || !v->notes.folder) return;
    for (const double begun = base_monotonic(); !is_gone(pid); base_sleep(0.02)) {
        if (base_monotonic() - begun > DEATH_PATIENCE) return;
    }
    v->reported = true;
    cli_status_mark_dead(v->notes.folder, pid, &(cli_state){state, HPO_EXIT_INTERRUPTED, reason});
}

/* False: mpirun never got all ranks to start. */
static bool look_after(vigil *v) {
    double now = base_monotonic();
    const bool dead = v->notes.controller > 0 && is_gone(v->notes.controller);
    read_notes(&v->notes, v->note); /* after that: a rank 0 that ended has left its code by now */
    if (v->notes.ended && v->left == 0) v->left = now;
    if (dead && !v->notes.ended) report_end(v, "died", DEATH);
    if (dead && !v->notes.ended && !v->notes.folder) kill(v->mpirun, SIGKILL); /* the others wait for its study */
    pass_signals_on(v, now);
    /* One that was sent SIGTERM stays for twice its grace, and one with a rank that died at the end may stay for ever.
     */
    const double patience = v->asked ? STOP_PATIENCE : LEAVE_PATIENCE;
    if (v->left > 0 && now - v->left > patience) kill(v->mpirun, SIGKILL);
    return v->notes.controller > 0 || v->left > 0 || now - v->begun < START_PATIENCE;
}

/* mpirun has ended and rank 0 left no code. What died before all had started, or on its way, can be run again. */
static int judge(vigil *v, int status) {
    const bool killed = WIFSIGNALED(status);
    const int number = killed ? WTERMSIG(status) : WEXITSTATUS(status);
    const char *verb = killed ? "was killed by signal" : "ended with";
    if (v->ended) {
        fprintf(stderr, "\nhpo_search: ended at once; the same command continues the run\n");
        report_end(v, "killed", "ended at once by a second signal");
        return HPO_EXIT_INTERRUPTED;
    }
    if (!killed && number == 127) return HPO_EXIT_BAD_INPUT; /* start_mpirun has said why */
    if (!v->notes.begun && !killed && number != 0 && caught_count == 0) {
        fprintf(stderr, "hpo_search: mpirun ended with %d before it started anything; it said why above\n", number);
        return HPO_EXIT_BAD_INPUT;
    }
    if (v->notes.controller == 0) {
        fprintf(stderr,
                "hpo_search: a process died before all had started (mpirun %s %d); the same command tries again\n",
                verb, number);
        return HPO_EXIT_INTERRUPTED;
    }
    fprintf(stderr, "hpo_search: the controller died (mpirun %s %d); the same command continues the run\n", verb,
            number);
    report_end(v, "died", DEATH);
    return HPO_EXIT_INTERRUPTED;
}

/* *again: the job is worth another one that continues its journal. */
static int wait_for(pid_t mpirun, const char *note, bool *again) {
    vigil v = {.mpirun = mpirun, .note = note, .begun = base_monotonic()};
    int status = 0, code;
    *again = false;
    while (waitpid(mpirun, &status, WNOHANG) != mpirun) {
        if (!look_after(&v)) {
            fprintf(stderr, "hpo_search: mpirun did not start all workers within %.0f s; stopping it\n",
                    START_PATIENCE);
            kill(-mpirun, SIGKILL);
            waitpid(mpirun, &status, 0);
            free(v.notes.folder);
            return HPO_EXIT_INTERRUPTED;
        }
        base_sleep(0.02);
    }
    read_notes(&v.notes, note);
    code = v.notes.ended ? v.notes.code : judge(&v, status);
    const bool fell = own_launcher()->fragile && !v.notes.ended && v.notes.controller > 0 && !WIFSIGNALED(status) &&
                      cli_may_start_again(base_monotonic() - v.begun);
    *again = caught_count == 0 && code == HPO_EXIT_INTERRUPTED && (v.notes.again || fell);
    free(v.notes.folder);
    return code;
}

static int run_job(char **arguments, const char *note, bool *again) {
    *again = false;
    if (truncate(note, 0) != 0) { /* the notes of the job before would be believed */
        fprintf(stderr, "hpo_search: %s: %s\n", note, strerror(errno));
        return HPO_EXIT_STORAGE;
    }
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) start_mpirun(arguments, note);
    return child < 0 ? HPO_EXIT_INTERNAL : wait_for(child, note, again);
}

int cli_launch(const hpo_cli_args *args, int argc, char **argv) {
    const char *tmp = getenv("TMPDIR");
    base_arena *arena = base_arena_create();
    char *note = base_arena_printf(arena, "%s/hpo_search.XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    int fd = mkstemp(note), code;
    bool again = false;
    if (fd < 0) {
        fprintf(stderr, "hpo_search: %s: %s; set TMPDIR to a writable folder\n", note, strerror(errno));
        base_arena_destroy(arena);
        return HPO_EXIT_STORAGE;
    }
    close(fd);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    unsetenv(CLI_AGAIN);
    do {
        if (again) setenv(CLI_AGAIN, "1", 1);
        code = run_job(mpirun_arguments(arena, args, again, argc, argv), note, &again);
        if (again)
            fprintf(stderr, "hpo_search: a process was lost; all are started again and continue from the journal\n");
    } while (again);
    unlink(note);
    base_arena_destroy(arena);
    return code;
}
