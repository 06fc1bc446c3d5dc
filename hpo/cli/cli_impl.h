/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to hpo/cli: what its files give each other. */
#ifndef HPO_CLI_CLI_IMPL_H
#define HPO_CLI_CLI_IMPL_H

#include <signal.h>

#include "hpo/cli/cli.h"
#include "hpo/cli/status.h"
#include "hpo/dispatch/controller.h"
#include "hpo/dispatch/devices.h"

/* ---- cli.c ---- */
/* The study file's bytes; BASE_INVALID or BASE_NOTFOUND when it cannot be read. */
BASE_CHECK base_status cli_read_study_file(const char *path, base_buf *text, base_err *err);
/* Those of the command line's file, or what the program's front makes of it and --set. */
BASE_CHECK base_status cli_read_study(const hpo_catalog *catalog, const hpo_cli_args *args, base_buf *text,
                                      base_err *err);
/* The assignments of --set that the study's reader gets: none where a front has had them. */
const char *const *cli_sets(const hpo_catalog *catalog, const hpo_cli_args *args, size_t *count);

/* ---- info.c: what can be printed without running ---- */
void cli_print_usage(base_buf *out);
void cli_print_list(const hpo_catalog *catalog, base_buf *out);
void cli_print_heading(const char *title, const char *name, const char *summary, base_buf *out);
void cli_print_options(const char *title, const char *name, const char *summary, const base_option *options,
                       base_buf *out);
void cli_print_objective(const hpo_objective_type *objective, base_buf *out);

/* ---- topics.c ---- */
/* --help NAME or KIND:NAME: a method, sampler, scheduler, objective, `study`, a key of a study file, or what the
 * program adds (hpo_topics). BASE_NOTFOUND with the nearest name, or with the meanings of one that has several. */
BASE_CHECK base_status cli_print_topic(const hpo_catalog *catalog, const char *topic, base_buf *out, base_err *err);

/* ---- place.c ---- */
const char *cli_host_name(base_arena *arena);
/* A worker's place among the others, from the launcher's environment. controller_host: NULL = not known. */
hpo_place cli_find_place(int rank, int size, const char *host, const char *controller_host);
bool cli_on_one_host(int size); /* all of so many processes, as far as the launcher tells */

/* ---- cores.c ---- */
/* Warns, once on every host, when trials of several threads lack cores. */
void cli_check_cores(int threads, const hpo_place *place);
/* The sentence, or false: `workers` on a host of so many cores (0 = not known), of which a worker is allowed some. */
bool cli_cores_advice(int threads, uint32_t workers, size_t allowed, size_t cores, char *out, size_t size);

/* ---- started.c: who started this process as one of several ---- */
typedef enum cli_launcher_kind {
    CLI_BY_NOBODY,
    CLI_BY_OPEN_MPI, /* or another that speaks PMIx */
    CLI_BY_PMI,      /* MPICH's and its family's */
    CLI_BY_SRUN,
} cli_launcher_kind;

typedef struct cli_started {
    cli_launcher_kind by;
    int rank, size; /* as the launcher tells them; size 0: it does not */
    bool step;      /* of Slurm's: srun started it, or something above it */
    bool pmix;      /* how to find the others is told by PMIx */
} cli_started;

typedef char *cli_getenv(const char *name);
cli_started cli_started_by(cli_getenv *get);
/* Whether MPI is to be started; a step of Slurm's with one task may do without. */
bool cli_is_one_of_several(const cli_started *started);
/* The MPI library (NULL: none) found so many processes: true when this one would take itself for the only one though it
 * is not, with the sentence for the user in out. */
bool cli_is_mismatch(const cli_started *started, const char *library, int found, char *out, size_t size);

/* ---- launched.c: this process as one of several, and with one BLAS thread ---- */
#define CLI_NOTE_FILE "HPO_EXIT_FILE" /* environment: where ranks leave notes for the process of -j */
#define CLI_PARENT    "HPO_PARENT"    /* environment: that process and its host */
#define CLI_AGAIN     "HPO_AGAIN"     /* environment: it has started the job again already */
/* Executes this program again with OPENBLAS_NUM_THREADS=1 in its environment, once: later is too late, because the
 * library starts its threads when it is loaded. */
void cli_pin_blas_threads(char **argv);
/* started.c with the variables of this process. To be asked before MPI_Init, which sets some of them itself. */
cli_started cli_started_here(void);
/* MPI_Init and the one broadcast wait for every rank, so one that dies then would keep the others for ever: between
 * these two calls a rank ends by itself after a while, and as soon as the process of -j is gone. */
void cli_watch_start(void);
void cli_end_watch(void);
/* The process of -j was there and is no more: nobody waits for this run, and its signal may have come too early. */
bool cli_parent_gone(void);
/* Rank 0 below cli_launch: says that every rank has started, in which folder it works, and leaves the exit code for the
 * parent. True: there is one, so mpirun need not be told, which takes every code but 0 for an accident and says so. */
void cli_tell_started(void);
void cli_tell_folder(const char *dir);
bool cli_tell_exit(int code);
bool cli_has_parent(void); /* is below cli_launch */
/* False for the first ten minutes of a job that was itself started again. */
bool cli_may_start_again(double seconds);
/* Below cli_launch, which can start the job again from its journal: whether that is worth it after so many seconds of
 * the job, with so many of its workers lost, when the oldest evaluation has run for so long. */
bool cli_should_start_again(double seconds, size_t workers, size_t lost, double oldest);
void cli_ask_to_start_again(void); /* when this job has ended */

/* ---- launcher.c: mpirun, which waits for ever for a host that was lost ---- */
/* Leaves a process behind that ends the launcher of this job, if it runs above this one on this host and lives on for
 * so many seconds. For rank 0, when everything is written. */
void cli_end_launcher_after(double patience);
bool cli_is_launcher(const char *name); /* as the kernel knows a process */

/* ---- launch.c: the process of -j ---- */
/* -j N: starts `mpirun -n N+1` with itself and the same arguments without -j, passes signals on, and returns the exit
 * code that rank 0 left. */
int cli_launch(const hpo_cli_args *args, int argc, char **argv);

/* ---- repair.c ---- */
int cli_repair(const hpo_catalog *catalog, const hpo_cli_args *args, base_buf *out, base_err *err);

/* ---- prepare.c ---- */
/* What a study's journal begins with. */
hpo_journal_head cli_journal_head(const hpo_catalog *catalog, const hpo_study_spec *spec);

/* ---- run.c ---- */
int cli_run(const hpo_catalog *catalog, const hpo_cli_args *args, const cli_started *started, int argc, char **argv);

/* ---- try_first.c: the file that the key names; all of it does nothing when there is none ---- */
/* Gives the study its configurations. run_dir: where a copy may lie, which is then read instead; NULL: nowhere. bytes:
 * what was read. BASE_INVALID with the place in the file that was read. */
BASE_CHECK base_status cli_read_try_first(hpo_study_spec *spec, const char *run_dir, base_buf *bytes, base_err *err);
/* Writes the copy. */
BASE_CHECK base_status cli_keep_try_first(const hpo_study_spec *spec, const char *run_dir, const base_buf *bytes,
                                          base_err *err);
/* What --set would say for the same, for ranks that do not read the file; NULL: nothing. In arena. */
const char *cli_try_first_assignment(const hpo_study_spec *spec, base_arena *arena);

/* ---- terminal.c ---- */
#define CLI_TERMINAL "HPO_TERMINAL" /* environment, set by -j: the size of the parent's terminal, "80x24" */
typedef struct cli_terminal {
    bool live; /* the standard error can be drawn on */
    bool utf8, colour;
    size_t columns, rows;
} cli_terminal;
cli_terminal cli_terminal_now(void); /* windows change */
/* Before mpirun: the ranks only see pipes. */
void cli_terminal_tell_ranks(void);

/* ---- pace.c: what runs, and how long the rest will take ---- */
typedef struct cli_running {
    uint64_t trial;
    size_t evals; /* that it had when this one began */
    double since; /* seconds of the run, when it was first seen */
} cli_running;
typedef struct cli_pace cli_pace;
cli_pace *cli_pace_create(const hpo_study_spec *spec);
void cli_pace_destroy(cli_pace *pace); /* accepts NULL */
/* Reads what is new; the trials that run, in the order in which they began. Valid until the next call. */
const cli_running *cli_pace_follow(cli_pace *pace, const hpo_progress *now, size_t *count);
/* What a running trial has said since this evaluation of it began; NULL: nothing. */
const hpo_report *cli_last_report(const hpo_trial *trial);
/* Seconds until the limit that will be reached first, as of the last follow; false when none tells, or it is reached.
 * exact: the limit is one of time. */
bool cli_pace_left(cli_pace *pace, const hpo_progress *now, double *left, bool *exact);
/* What is done of the budget, as a fraction of the work; 0 without one. */
double cli_pace_share(cli_pace *pace, const hpo_progress *now);

/* ---- live.c: the view on a terminal ---- */
typedef struct cli_live {
    const hpo_study_spec *spec;
    const hpo_progress *now;
    cli_pace *pace;
    const double *improvements; /* values of the last incumbents */
    size_t n_improvements;
} cli_live;
/* Lines that fit the terminal, without the last line's end; their number. */
size_t cli_put_live(const cli_live *what, const cli_terminal *terminal, base_buf *out);
/* Heights of values between their extremes in at most `room` cells; the last ones, when there are more. Nothing for
 * less than two finite values. */
void cli_put_sparkline(const double *values, size_t count, size_t room, bool utf8, base_buf *out);

/* ---- progress.c: the live display ---- */
typedef struct cli_progress cli_progress;
/* elapsed_before: seconds of earlier runs, what status.json says when this one never comes to work. */
cli_progress *cli_progress_create(const hpo_study_spec *spec, hpo_display display, double elapsed_before);
void cli_progress_destroy(cli_progress *progress);
hpo_observer cli_progress_observer(cli_progress *progress);
/* The last numbers that were shown, for the summary. */
const hpo_progress *cli_progress_last(const cli_progress *progress);
/* Wipes the live line, so that other text can follow. */
void cli_progress_clear(cli_progress *progress);
/* Says what the run waits for now that it was told to stop: nobody should wonder why Ctrl-C takes so long. */
void cli_progress_stopping(cli_progress *progress, const hpo_progress *now, bool heeds_another);
/* Wipes it for what goes to the standard output. */
void cli_progress_end(cli_progress *progress);

/* ---- summary.c: what stays when the run is over ---- */
typedef struct cli_end {
    const hpo_study *study;
    const hpo_progress *last;
    const char *run_dir;                   /* as the user knows it */
    const char *state;                     /* "running", "stopping", "done", "failed", "interrupted" */
    int exit_code;                         /* -1 while running */
    const char *error;                     /* or NULL */
    bool brief;                            /* the summary is the best configuration alone */
    const hpo_recommendation *recommended; /* at the end of a run; NULL: the incumbent is the best */
} cli_end;
/* What is called the best; false: there is none. */
bool cli_best(const cli_end *end, hpo_recommendation *out);
/* What a program said, on one line of a terminal: its control characters become '?'. */
void cli_put_plain(base_buf *out, const char *text);
void cli_print_summary(const cli_end *end, base_buf *out);
void cli_print_summary_json(const cli_end *end, base_buf *out);
/* What status.json says of it: the state, and everything behind the head. */
cli_state cli_state_of(const cli_end *end);
void cli_put_status_body(const cli_end *end, base_buf *out);
/* Wall seconds of earlier runs, from status.json; 0 when there is none. For journals of format 1, which do not say. */
double cli_elapsed_before(const char *dir);

/* ---- report.c ---- */
/* Whether the run's end writes report.html: the study may want none, and one of very many trials takes too long. */
bool cli_wants_report(const cli_end *end);
/* Writes it, if so. dir: the run's folder; its journal is closed. */
BASE_CHECK base_status cli_write_report(const cli_end *end, const char *dir, base_err *err);

/* ---- artefacts.c ---- */
/* A table of what several trials have made, best first; nothing when there are not several. */
void cli_print_artefacts(const cli_end *end, base_buf *out);

/* ---- best.c ---- */
/* best.yaml of the run's folder, and beside it the files of the best trial that its objective names. */
BASE_CHECK base_status cli_write_best(const cli_end *end, const char *dir, base_err *err);
/* ", genotype.json, ...": those of them that the trial has. */
void cli_put_best_files(const cli_end *end, uint64_t trial, base_buf *out);
/* Whether its folder is there. */
bool cli_has_folder(const cli_end *end, uint64_t trial);
/* {lr: 0.1, ...}: what is active. */
base_yaml_node *cli_config_node(const hpo_study_spec *spec, const double *config, base_arena *arena);

/* ---- front.c: studies of several metrics ---- */
void cli_print_front(const cli_end *end, base_buf *out);
void cli_put_front_json(const cli_end *end, base_buf *out); /* ", "hypervolume": ..., "front": [...]" */
/* For best.yaml: the ids and the hypervolume; every member with its values and its configuration. */
void cli_put_front_ids(const cli_end *end, base_yaml_node *root, base_arena *arena);
void cli_put_front_members(const cli_end *end, base_yaml_node *root, base_arena *arena);

#endif
