/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This program under mpirun (-j N), and with one BLAS thread per process.
 *
 * mpirun's exit status cannot be trusted: --enable-recovery turns every code into 0 and SIGTERM into 1 (measured on
 * Open MPI 4.1.4). So rank 0 leaves its process number and, at the end, its code in a small file that the parent reads.
 * The parent asks rank 0 for an orderly stop with SIGUSR1. After SIGTERM mpirun would let the ranks know when
 * odls_base_sigkill_timeout is over, kill them when it is over again, and stay that long even if they end sooner; who
 * sends SIGTERM to every process (a batch system) should still leave the ranks the time of a default stop_grace. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/cli/cli_impl.h"

static const double START_PATIENCE = 120; /* seconds for all ranks of -j to pass MPI_Init */
static const int START_LIMIT = 300;       /* the same for any rank: after that nobody comes any more */
static const double LEAVE_PATIENCE = 10;  /* seconds for mpirun to end after the controller has */
static const double IMPATIENCE = 1;       /* seconds after which a second signal is one */
static const char EXIT_FILE[] = "HPO_EXIT_FILE", PARENT[] = "HPO_PARENT";

void cli_pin_blas_threads(char **argv) {
    if (getenv("HPO_BLAS_PINNED")) return;
    setenv("HPO_BLAS_PINNED", "1", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    char self[4096]; /* by its own name, which ps shows */
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    execv(self, argv); /* on failure: go on; the run is only slower */
}

bool cli_launched(int *rank, int *size) {
    static const char *const names[][2] = {
        {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}, {"PMIX_RANK", NULL}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = getenv(names[i][0]);
        if (!text) continue;
        const char *total = names[i][1] ? getenv(names[i][1]) : NULL;
        *rank = atoi(text);
        *size = total ? atoi(total) : 0;
        return true;
    }
    return false;
}

/* ---- in the ranks ---- */

/* The process above mpirun, when it is on this host. A signal handler asks, too. */
static pid_t parent;
static volatile sig_atomic_t seconds_of_start;

bool cli_parent_gone(void) {
    return parent > 0 && kill(parent, 0) != 0 && errno == ESRCH;
}

static void on_second(int number) {
    (void)number;
    int error = errno;
    if (++seconds_of_start > START_LIMIT || cli_parent_gone()) _exit(HPO_EXIT_INTERRUPTED);
    errno = error;
}

void cli_watch_start(void) {
    char host[256] = "", here[256] = "";
    long long pid = 0;
    const char *text = getenv(PARENT);
    gethostname(here, sizeof here - 1);
    if (text && sscanf(text, "%lld %255s", &pid, host) == 2 && strcmp(host, here) == 0) parent = (pid_t)pid;
    struct sigaction action = {.sa_handler = on_second, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_interval.tv_sec = 1, .it_value.tv_sec = 1}, NULL);
}

void cli_end_watch(void) {
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    signal(SIGALRM, SIG_DFL);
}

static void leave_note(const char *text) {
    const char *path = getenv(EXIT_FILE);
    if (!path) return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return;
    if (write(fd, text, strlen(text)) < 0) { /* the parent then reports that no code was left */
    }
    close(fd);
}

void cli_tell_started(void) {
    char text[32];
    snprintf(text, sizeof text, "started %lld\n", (long long)getpid());
    leave_note(text);
}

bool cli_has_parent(void) {
    return getenv(EXIT_FILE) != NULL;
}

bool cli_tell_exit(int code) {
    char text[32];
    snprintf(text, sizeof text, "exit %d\n", code);
    leave_note(text);
    return cli_has_parent();
}

/* ---- in the parent ---- */

typedef enum news { NEWS_NOTHING, NEWS_STARTED, NEWS_EXIT } news;

/* What rank 0 has said so far; *number is its process when it has started, its exit code at the end. */
static news read_note(const char *path, long long *number) {
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NEWS_NOTHING;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return NEWS_NOTHING;
    if (sscanf(text, "exit %lld", number) == 1) return NEWS_EXIT;
    return sscanf(text, "started %lld", number) == 1 ? NEWS_STARTED : NEWS_NOTHING;
}

static volatile sig_atomic_t caught, caught_count;

static void on_signal(int number) {
    caught = number;
    caught_count++;
}

/* The arguments of mpirun: its flags, this program, and our own arguments without -j. */
static char **mpirun_arguments(base_arena *arena, const hpo_cli_args *args, int argc, char **argv) {
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char **out = BASE_NEW_ARRAY(arena, (size_t)argc + 24, char *);
    size_t count = 0;
    static const char *const flags[] = {"mpirun",
                                        "--enable-recovery",
                                        "--oversubscribe",
                                        "--bind-to",
                                        "none",
                                        "--mca",
                                        "odls_base_sigkill_timeout",
                                        "30",
                                        "--mca",
                                        "mpi_yield_when_idle",
                                        "1"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) out[count++] = base_arena_strdup(arena, flags[i]);
    out[count++] = base_arena_strdup(arena, "-n");
    out[count++] = base_arena_printf(arena, "%zu", args->jobs + 1);
    out[count++] = base_arena_strdup(arena, n > 0 ? self : argv[0]);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--jobs") == 0) {
            i++;
        } else if (strncmp(argv[i], "-j", 2) != 0 && strncmp(argv[i], "--jobs=", 7) != 0) {
            out[count++] = argv[i];
        }
    }
    return out;
}

static void start_mpirun(char **arguments, const char *note) {
    setpgid(0, 0);                    /* Ctrl-C reaches the parent, which asks for an orderly stop */
    prctl(PR_SET_PDEATHSIG, SIGUSR1); /* a parent that is killed cannot ask any more */
    setenv(EXIT_FILE, note, 1);
    char host[200] = "?", above[256];
    gethostname(host, sizeof host - 1);
    snprintf(above, sizeof above, "%lld %s", (long long)getppid(), host);
    setenv(PARENT, above, 1);
    if (geteuid() == 0) { /* without these Open MPI refuses to start as root */
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    }
    struct winsize window;
    if (isatty(STDERR_FILENO) && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        char columns[16];
        snprintf(columns, sizeof columns, "%u", window.ws_col);
        setenv("HPO_TERMINAL", columns, 1); /* the ranks only see pipes */
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDIN_FILENO);
    execvp(arguments[0], arguments);
    fprintf(stderr, "hpo_search: mpirun cannot be started: %s; install Open MPI (openmpi-bin) or run without -j\n",
            strerror(errno));
    _exit(127);
}

/* What the parent knows of mpirun and of the people who wait for it; times are monotonic, 0 = not yet. */
typedef struct vigil {
    pid_t mpirun;
    const char *note;
    double begun, signalled, left; /* now; the first signal was caught; rank 0 left its code */
    pid_t controller;              /* rank 0, once all ranks run */
    bool asked;                    /* it was, to stop */
    bool ended;                    /* everything was, by a later signal */
    int code;
} vigil;

/* The first signal asks for an orderly stop, once there are ranks that understand it. A later one, from somebody who
 * waits no longer, ends everything at once: what was found is in the journal. Two within a second are one (timeout(1)
 * and Ctrl-C reach us directly and through our process group). */
static void pass_signals_on(vigil *v, double now) {
    if (caught_count == 0) return;
    if (v->signalled == 0) v->signalled = now;
    if (!v->asked && v->controller > 0) {
        kill(v->controller, SIGUSR1); /* not through mpirun, which would say so on the terminal */
        v->asked = true;
    }
    if (now - v->signalled < IMPATIENCE) {
        caught_count = 1;
    } else if (caught_count > 1) {
        kill(v->mpirun, SIGKILL);
        v->ended = true;
    }
}

static void read_news(vigil *v, double now) {
    long long number;
    switch (read_note(v->note, &number)) {
    case NEWS_NOTHING: break;
    case NEWS_STARTED: v->controller = (pid_t)number; break;
    case NEWS_EXIT:
        v->code = (int)number;
        if (v->left == 0) v->left = now;
    }
}

/* False: mpirun never got all ranks to start. */
static bool look_after(vigil *v) {
    double now = base_monotonic();
    read_news(v, now);
    pass_signals_on(v, now);
    /* One that was sent SIGTERM stays for twice its grace, and one with a rank that died at the end may stay for ever.
     */
    if (v->left > 0 && now - v->left > LEAVE_PATIENCE) kill(v->mpirun, SIGKILL);
    return v->controller > 0 || v->left > 0 || now - v->begun < START_PATIENCE;
}

static int wait_for(pid_t mpirun, const char *note) {
    vigil v = {.mpirun = mpirun, .note = note, .begun = base_monotonic()};
    int status = 0;
    while (waitpid(mpirun, &status, WNOHANG) != mpirun) {
        if (!look_after(&v)) {
            fprintf(stderr, "hpo_search: mpirun did not start all workers within %.0f s; stopping it\n",
                    START_PATIENCE);
            kill(-mpirun, SIGKILL);
            waitpid(mpirun, &status, 0);
            return HPO_EXIT_INTERRUPTED;
        }
        base_sleep(0.02);
    }
    read_news(&v, base_monotonic());
    if (v.left > 0) return v.code;
    if (v.ended) {
        fprintf(stderr, "\nhpo_search: ended at once; the same command continues the run\n");
        return HPO_EXIT_INTERRUPTED;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return HPO_EXIT_BAD_INPUT;
    fprintf(stderr, "hpo_search: the controller died (mpirun %s %d); the same command continues the run\n",
            WIFSIGNALED(status) ? "was killed by signal" : "ended with",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return v.controller > 0 || caught_count > 0 ? HPO_EXIT_INTERRUPTED : HPO_EXIT_INTERNAL;
}

int cli_launch(const hpo_cli_args *args, int argc, char **argv) {
    const char *tmp = getenv("TMPDIR");
    base_arena *arena = base_arena_create();
    char *note = base_arena_printf(arena, "%s/hpo_search.XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    int fd = mkstemp(note);
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
    char **arguments = mpirun_arguments(arena, args, argc, argv);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) start_mpirun(arguments, note);
    int code = child < 0 ? HPO_EXIT_INTERNAL : wait_for(child, note);
    unlink(note);
    base_arena_destroy(arena);
    return code;
}
