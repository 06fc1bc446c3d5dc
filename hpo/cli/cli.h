/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of hpo_search: `hpo_search [options] study.yaml`. */
#ifndef HPO_CLI_CLI_H
#define HPO_CLI_CLI_H

#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Exit codes. Promised for -j N and for a run without MPI; under plain mpirun the code is in status.json, because
 * mpirun rewrites it. */
enum {
    HPO_EXIT_DONE = 0,
    HPO_EXIT_BAD_INPUT = 2,    /* the study file, the command line, a data set */
    HPO_EXIT_ALL_FAILED = 3,   /* nothing has succeeded, or more failed than max_failures allows */
    HPO_EXIT_STORAGE = 4,      /* the run's folder: unwritable, full, corrupt, in use */
    HPO_EXIT_INTERNAL = 70,    /* our mistake */
    HPO_EXIT_INTERRUPTED = 75, /* stopped with work left: the same command continues */
};

typedef enum hpo_display { HPO_DISPLAY_AUTO, HPO_DISPLAY_PROGRESS, HPO_DISPLAY_QUIET, HPO_DISPLAY_JSON } hpo_display;

typedef struct hpo_cli_args {
    const char *file;
    const char *dir; /* NULL: runs/<study> */
    const char **sets;
    size_t n_sets;
    bool has_seed;
    uint64_t seed;
    size_t jobs;        /* -j N; 0 = not given */
    bool *for_launcher; /* by argument: -j and its value, which the ranks are not told */
    bool *once;         /* by argument: what adds to a run, which a job that is started again is not told twice */
    bool check, list, help, version, replay;
    bool accept_change; /* another run, cwd, ... of a command goes on with the old results */
    bool retry_failed;  /* failed trials get another attempt */
    double more_count;  /* --more 10: to the budget of trials or cost that has ended; 0 = not given */
    double more_time;   /* --more 5m: to that of time */
    const char *repair; /* --repair DIR, or NULL */
    const char *topic;  /* --help NAME, or NULL */
    hpo_display display;
} hpo_cli_args;

/* The whole program; the return value is main's. Call it first thing in main: it may execute itself again. */
int hpo_cli_main(const hpo_catalog *catalog, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
