/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems whose optimum is known: a formula or a table, its parameters, what a cheaper look at it shows, and its best
 * value.
 *
 * A problem is one constant descriptor; with the settings of a study and what it read from a file it is an instance. It
 * knows nothing of the study's space; a binding connects the parameters of that space with its arguments once, so that
 * an evaluation looks nothing up. */
#ifndef BENCHMARKS_PROBLEMS_PROBLEM_H
#define BENCHMARKS_PROBLEMS_PROBLEM_H

#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a user with a belief would look: belief.c says how each is found. Their numbers choose random streams. */
typedef enum bench_prior {
    BENCH_PRIOR_NONE,
    BENCH_PRIOR_GOOD,
    BENCH_PRIOR_AT25,
    BENCH_PRIOR_BAD,
    BENCH_PRIOR_MEDIUM
} bench_prior;
/* Of medium confidence. */
#define BENCH_PRIOR_DEVIATION 0.25
#define BENCH_PRIOR_WEIGHT    4

enum { BENCH_MAX_METRICS = 8 }; /* with the NULL behind their names */

/* What of its settings a problem understands. Noise is for every problem that has none of its own, a prior for every
 * one whose optimum is known; others may take one. */
enum {
    BENCH_TAKES_SIZE = 1, /* n_categorical, n_continuous */
    BENCH_TAKES_DIMENSIONS = 2,
    BENCH_TAKES_PRIOR = 4,
    BENCH_TAKES_AVERAGE = 8,
    BENCH_TAKES_TASK = 16,
    BENCH_TAKES_INSTANCE = 32,
    BENCH_TAKES_NOISE = 64,
    BENCH_TAKES_TABLE = 128,   /* file, and what its columns are */
    BENCH_TAKES_JOURNAL = 256, /* journal */
    BENCH_TAKES_MIXED = 512    /* integers, choices, logs and levels: every box whose optimum is known */
};
typedef struct bench_settings {
    int64_t n_categorical, n_continuous;
    int64_t dimensions;
    int64_t integers, choices, logs; /* how many of the first coordinates are such, in this order */
    int64_t levels;                  /* of an integer and of a choice */
    int64_t instance;                /* which of a function's randomly drawn versions, from 1 */
    double noise;                    /* its deviation, as a fraction of the values' over random points */
    int prior;                       /* a bench_prior, of the first metric for all */
    int priors[BENCH_MAX_METRICS];   /* or one of each metric; prior is BENCH_PRIOR_NONE then */
    bool average;                    /* the mean of a table's repeated trainings instead of one of them */
    size_t task;                     /* of bench_problem.tasks */
} bench_settings;

/* Where priors of parameters lie, NAN for a parameter without. */
typedef struct bench_belief {
    const double *all;                   /* for all metrics; NULL: none */
    const double *of[BENCH_MAX_METRICS]; /* of each metric; NULL: none */
} bench_belief;

typedef struct bench_problem bench_problem;
typedef struct bench_instance {
    const bench_problem *problem;
    bench_settings settings;
    const base_yaml_node *where; /* what the settings were read from, for messages; may be NULL */
    const bench_belief *belief;  /* of its parameters; NULL: they have none */
    /* When it is loaded: */
    const void *data;   /* what the problem's load read */
    const double *grid; /* what the levels of integers and choices stand for, coordinate by coordinate; NULL: no such */
    double noise;       /* standard deviation of what is added to a value */
} bench_instance;

/* One of several data sets of a problem. */
typedef struct bench_task {
    const char *name, *id;
} bench_task;

struct bench_problem {
    const char *name, *summary;
    /* Neighbours in the registry with the same family share one line of the list: all their names in a shell's brace
     * notation, beside a summary of them all (NULL: that of the first). NULL: a line of its own. */
    const char *family, *family_summary;
    /* Their names, NULL-terminated; the first is searched for. A problem whose value is noisy tells what a full
     * evaluation without noise would show as "exact"; one whose points are not all feasible has the metrics that are to
     * be constrained behind it, and "exact" is the worst value where they are not met. */
    const char *metric[BENCH_MAX_METRICS];
    unsigned maximize; /* bit i: a larger metric[i] is better */
    unsigned takes;
    const bench_task *tasks;
    size_t n_tasks;
    /* What a cheaper evaluation is measured in, and its range; max = INFINITY: only the limit is exact. name NULL:
     * every evaluation is a full one. */
    hpo_fidelity fidelity;
    /* The bounds of every argument, for bench_box_parameters. */
    struct {
        double min, max;
    } box;
    /* Adds the arguments in order (bench_add), as numbers or as choices. The space is empty and is not sealed;
     * nothing is loaded yet. */
    base_status (*parameters)(const bench_instance *instance, hpo_space *space, base_err *err);
    /* Reads what evaluate needs, into arena. May be NULL. */
    base_status (*load)(const bench_instance *instance, base_arena *arena, const void **data, base_err *err);
    /* The values at x, one for each metric; NAN where an argument is inactive. A choice arrives as its index. Random
     * draws, if any, come from noise. */
    void (*evaluate)(const bench_instance *instance, const double *x, double fidelity, base_rng *noise, double *values);
    /* Of one evaluation from scratch, as a fraction of a full one; NULL: in proportion to the fidelity. */
    double (*cost)(double fidelity);
    /* A promoted trial is the same training, which goes on: it is charged what was added to the fidelity (cost is
     * NULL). Else every evaluation begins anew and is charged in full. */
    bool continues;
    /* The best value that a full evaluation has, without noise, and place number `which` that has it; false: there are
     * not so many. NULL: unknown. The instance is loaded. */
    bool (*optimum)(const bench_instance *instance, size_t which, double *x, double *value);
    /* A published place for this belief; false: there is none, so it is found like that of others. May be NULL. */
    bool (*belief)(const bench_instance *instance, bench_prior prior, double *x);
    const void *detail; /* of the problem's own file */
};

/* ---- registry.c ---- */
const bench_problem *const *bench_problems(size_t *count);
const bench_problem *bench_problem_find(const char *name); /* NULL: there is none */
/* The name that was probably meant, or NULL. */
const char *bench_problem_nearest(const char *name);
/* Index of the task with this name or id, or SIZE_MAX. */
size_t bench_task_find(const bench_problem *problem, const char *task);

/* ---- settings.c ---- */
/* A problem and its settings as they are written: {problem: ackley, dimensions: 5}. */
typedef struct bench_table_request {
    const char *file;
    const base_yaml_node *minimize, *maximize, *fidelity, *ignore, *log; /* a column, or a list of them */
    bool continues;                                                      /* as in bench_problem */
} bench_table_request;
typedef struct bench_request {
    const char *problem;
    const base_yaml_node *task;  /* a name or a number */
    const base_yaml_node *prior; /* a word, or a map from metrics to words */
    bench_settings settings;
    bench_table_request table;
    const char *journal; /* of a run */
} bench_request;
extern const base_option bench_options[]; /* of a bench_request */
/* All that a problem takes, whether it says so or not. */
unsigned bench_takes(const bench_problem *problem);
/* Whether the settings ask for priors. */
bool bench_believes(const bench_settings *settings);
/* The instance that is meant, with nothing loaded but a user's table or run, which tells its parameters. map: what the
 * request was read from. BASE_INVALID with the position of an unknown problem or task, of a setting that the problem
 * does not understand, or of a cell of the table; a damaged journal is BASE_CORRUPT. */
BASE_CHECK base_status bench_resolve(const bench_request *request, const base_yaml_node *map, base_arena *arena,
                                     bench_instance *out, base_err *err);

/* A user's file: a relative path begins in the folder of the file in which the settings are written. In arena. */
const char *bench_path_beside(const base_yaml_node *map, const char *path, base_arena *arena);

/* ---- user_table.c ---- */
/* What a user's table is like before it is read. It is in no list: without a file it is no problem. */
extern const bench_problem bench_problem_table;
/* Reads the table into arena, where *out then lives: a problem that searches the first metric named. Relative paths
 * begin in the folder of map's file. BASE_INVALID with the position of a setting or of a cell. */
BASE_CHECK base_status bench_table_open(const bench_table_request *request, const base_yaml_node *map,
                                        base_arena *arena, const bench_problem **out, base_err *err);
/* The metric that is searched becomes the first of a user's table; others know theirs. BASE_INVALID at `where`: it has
 * no such metric. */
BASE_CHECK base_status bench_search_for(bench_instance *instance, const char *metric, const base_yaml_node *where,
                                        base_arena *arena, base_err *err);

/* A sentence on a line of its own when configurations may be asked for that a user's table does not have. */
void bench_table_advise(const bench_instance *instance, base_buf *out);

/* ---- journal_problem.c ---- */
/* What a run is like before it is read; as bench_problem_table. */
extern const bench_problem bench_problem_journal;
/* Reads the run into arena, where *out then lives: a problem with the run's space, direction and fidelity. journal: its
 * folder or file; relative paths begin in the folder of map's file. BASE_INVALID with the position of the setting:
 * there is none, or it has too few results; BASE_CORRUPT with line and byte of a damaged one. */
BASE_CHECK base_status bench_journal_open(const char *journal, const base_yaml_node *map, base_arena *arena,
                                          const bench_problem **out, base_err *err);
/* How well a forest fits a user's run, and what may mislead, each on lines of its own; nothing for other problems. */
void bench_journal_describe(const bench_instance *instance, base_buf *out);
void bench_journal_advise(const bench_instance *instance, base_buf *out);

/* ---- data_file.c ---- */
/* A file of benchmarks/data, decompressed and appended to out: in the folder that HPO_DATA names, else in the source
 * tree, else where it was installed. */
BASE_CHECK base_status bench_data_read(const char *file, base_buf *out, base_err *err);

/* ---- box.c ---- */
/* Parameters x1, x2, ... of a problem on a cube: settings.dimensions of them, integers, choices and logs first. */
BASE_CHECK base_status bench_box_parameters(const bench_instance *instance, hpo_space *space, base_err *err);
/* The places that integers and choices stand for, in arena; NULL: there are none. The problem's data is loaded. */
const double *bench_box_grid(const bench_instance *instance, base_arena *arena);
/* From arguments to the box and back, in place; only a place of the grid has a way back. */
void bench_box_decode(const bench_instance *instance, double *x);
void bench_box_encode(const bench_instance *instance, double *x);

/* ---- instance.c ---- */
/* Their names, NULL-terminated, and which way is better. */
const char *const *bench_metrics(const bench_instance *instance);
bool bench_maximizes(const bench_instance *instance, size_t metric);
/* Reads the problem's data and measures what the settings ask for, into arena. */
BASE_CHECK base_status bench_instance_load(bench_instance *instance, base_arena *arena, base_err *err);
/* The metrics at x, which is changed. */
void bench_instance_evaluate(const bench_instance *instance, double *x, double fidelity, base_rng *noise,
                             double *values);
/* bench_problem.optimum in the arguments of the instance. */
bool bench_optimum(const bench_instance *instance, size_t which, double *x, double *value);

/* ---- belief.c ---- */
/* The problem's parameters with the priors that the settings ask for, for which it is loaded. The space is empty. */
BASE_CHECK base_status bench_parameters(const bench_instance *instance, hpo_space *space, base_err *err);
/* Adds one parameter, with the instance's belief. */
BASE_CHECK base_status bench_add(const bench_instance *instance, hpo_space *space, const hpo_param *param,
                                 base_err *err);

/* ---- binding.c ---- */
/* One argument: where it lies in a configuration, and what it means: the value itself (numbers NULL), or
 * numbers[(value - first) / step]. */
typedef struct bench_argument {
    size_t param;
    const double *numbers;
    double first, step;
} bench_argument;

typedef struct bench_binding {
    bench_instance instance;
    size_t count;
    const bench_argument *arguments;
    double *x; /* the arguments of the evaluation that is under way: a binding serves one thread */
} bench_binding;

/* The space must hold the problem's parameters within their bounds and under no other conditions, and no others:
 * BASE_INVALID with the position of the parameter, or of `where` for a missing one. What *binding points to lives in
 * arena. */
BASE_CHECK base_status bench_bind(const bench_problem *problem, const bench_settings *settings, const hpo_space *space,
                                  const base_yaml_node *where, base_arena *arena, bench_binding *binding,
                                  base_err *err);
/* Reads the problem's data: once, before the first evaluation. */
BASE_CHECK base_status bench_load(bench_binding *binding, base_arena *arena, base_err *err);
/* A pure function of the configuration, the fidelity and the seed; one value for each metric. */
void bench_evaluate_all(const bench_binding *binding, const double *config, double fidelity, uint64_t seed,
                        double *values);
/* The first of them. */
double bench_evaluate(const bench_binding *binding, const double *config, double fidelity, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
