/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seam between the search and what is searched: an objective evaluates one configuration at one fidelity.
 *
 * An objective is one constant descriptor. Its state is state_size zeroed bytes, created once per worker; where an
 * option table is given, its offsets refer to the beginning of the state. Process objectives (the default): init runs
 * once in a helper process of the worker, evaluate in a child forked from it, so whatever init loaded is shared
 * copy-on-write, and a crash, a hang or a lack of memory costs one trial only. In-rank objectives (microseconds) run
 * inside the worker. */
#ifndef HPO_OBJECTIVE_H
#define HPO_OBJECTIVE_H

#include "base/options.h"
#include "hpo/space/space.h"
#include "hpo/trials/constraint.h"
#include "hpo/trials/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How much one evaluation may spend: the `fidelity:` of a study. Without one: name NULL, min = max = 1. */
typedef struct hpo_fidelity {
    const char *name;
    double min, max;
    bool integer;
} hpo_fidelity;

/* Limits of one trial; 0 = none. */
typedef struct hpo_limits {
    double time;       /* seconds */
    uint64_t memory;   /* bytes */
    int threads;       /* at least 1 */
    double stop_grace; /* seconds between being asked to stop and being killed */
    double exit_grace; /* seconds between a complete result and being asked to stop; INFINITY = never asked */
} hpo_limits;

typedef struct hpo_job {
    uint64_t trial;
    uint32_t attempt;
    uint32_t rung;
    const double *config;  /* activated point of the space */
    double fidelity, from; /* go on from `from` (0 = from scratch) to `fidelity` */
    uint64_t seed;         /* the trial's: the same in every attempt and on every rung */
    uint64_t parent;       /* go on from what this trial left behind at `from`, or UINT64_MAX: from what this one did */
    double parent_fidelity;    /* = from with a parent, else 0 */
    const char *folder;        /* the trial's folder (absolute path); exists for process objectives, NULL in-rank */
    const char *parent_folder; /* NULL without parent */
    hpo_limits limits;
} hpo_job;

typedef enum hpo_verdict { HPO_CONTINUE, HPO_STOP, HPO_ABANDON } hpo_verdict;

/* Given to evaluate. report: an intermediate result at `step` (in units of fidelity, increasing). HPO_STOP: the run
 * ends; end soon, save what lets the same trial go on from here, and return BASE_CANCELLED. HPO_ABANDON: this trial
 * will never go on; end soon, leave no checkpoint, and return BASE_CANCELLED. */
typedef struct hpo_reporter {
    hpo_verdict (*report)(void *self, double step, const hpo_metrics *metrics);
    hpo_verdict (*verdict)(void *self); /* asks without reporting: for long steps */
    void *self;
} hpo_reporter;

/* A program that evaluates a job. Everything here lives in the arena that launch was given, until the evaluation has
 * ended. */
typedef struct hpo_program {
    const char *name;        /* in sentences: "train.py" */
    char *const *argv;       /* NULL-terminated; argv[0] is looked up in the PATH of its environment */
    const char *const *env;  /* "NAME=value", NULL-terminated: they come over the environment of the worker */
    const char *cwd;         /* an absolute path */
    const char *checkpoint;  /* a folder that is there when it starts; NULL = none */
    const char *config_file; /* a file that is there when it starts, with this text in it; NULL = none */
    const char *config;
    void *run; /* what the other functions of hpo_program_ops are given */
} hpo_program;

/* For objectives that run a program per evaluation: the fork server starts it itself and reads what it prints, which
 * saves a copy of the server. The functions run inside the server beside other trials: they touch neither disk nor
 * process, they never wait, and they survive whatever a program prints. */
typedef struct hpo_program_ops {
    /* What to run. The job is gone when this returns. An error fails the trial. */
    base_status (*launch)(void *state, const hpo_job *job, base_arena *arena, hpo_program *out, base_err *err);
    /* Bytes of its standard output as they come. Verdicts of the reporter may be ignored: the program gets a SIGTERM.
     */
    void (*feed)(void *run, const char *bytes, size_t length, const hpo_reporter *reporter);
    /* Whether all that was asked for has been printed: then neither a stop nor the end of its time takes the result. */
    bool (*complete)(const void *run);
    /* Its output has ended; called once, however it ended. What feed has allocated is freed after this. */
    void (*finish)(void *run, const hpo_reporter *reporter);
    /* After finish: fills the result of a program that ended well, or whose result is complete. A failure: as evaluate.
     */
    base_status (*result)(void *run, hpo_result *out, base_err *err);
} hpo_program_ops;

/* What an objective may know when it is created. */
typedef struct hpo_objective_env {
    const hpo_space *space;
    const base_yaml_node *settings; /* the objective's map in the study file, may be empty; outlives the state */
    hpo_fidelity fidelity;
    uint64_t seed;         /* the study's */
    const char *metric;    /* the study's metric; of several the first */
    const hpo_goal *goals; /* all of them; NULL: the metric alone */
    size_t n_goals;
    hpo_constraints constraints; /* on metrics that a result must have as well */
    const char *base_dir;        /* relative paths in settings are relative to this (the study file's folder) */
    bool writes_config;          /* a program finds its configuration in a file, too */
    uint32_t worker;             /* number of this worker, from 0 */
} hpo_objective_env;

enum {
    HPO_OBJECTIVE_IN_RANK = 1,    /* evaluate costs microseconds and cannot fail badly: run it in the worker itself */
    HPO_OBJECTIVE_RESUMABLE = 2,  /* evaluate can go on from a lower fidelity through the trial's folder */
    HPO_OBJECTIVE_SEARCHABLE = 4, /* every option may be searched as a parameter of its name; others are an error */
    HPO_OBJECTIVE_DEFAULT_SPACE = 8, /* the parameters that it declares are for a study that has none of its own */
    HPO_OBJECTIVE_COUNTS = 16,       /* a result may say what it has cost, as a function of its job, never of a clock */
    HPO_OBJECTIVE_INHERITS = 64,     /* RESUMABLE, and it can go on from what a parent left behind, too */
    HPO_OBJECTIVE_SEEDS = 32, /* another seed is another answer: a study may search nothing and repeats what it has */
};

/* What an objective has to know of the machine that a run begins on, such as a table of times. It is measured once, by
 * the run's first process before the first trial, and is then a setting like others: the text goes into the run's
 * folder, from which every later start takes it, into the identity in the journal's head, and to every rank. */
typedef struct hpo_measurement {
    const char *file;    /* in the run's folder: "latency.csv" */
    const char *setting; /* that holds the text, below the objective: "limits.table" */
    /* Does a study with these settings need it? False where the setting is there already. */
    bool (*wanted)(const base_yaml_node *settings);
    base_status (*make)(const hpo_objective_env *env, base_buf *out, base_err *err);
    /* May a text of an earlier start be used here? BASE_INVALID with the remedy. */
    base_status (*check)(const char *path, const char *text, base_err *err);
} hpo_measurement;

typedef struct hpo_objective_type {
    const char *name;
    const char *summary;        /* one line for --list */
    const char *notes;          /* for --help below its options: what it reports and can spend; may be NULL */
    const base_option *options; /* may be NULL when settings are read by init itself */
    /* For an objective that reads its settings itself and whose table is made of others: names, bounds and help, in the
     * arena. NULL: options are all. */
    const base_option *(*table)(base_arena *arena);
    /* SEARCHABLE: the options that may be searched, where these are more than those of the table, in the arena. */
    const base_option *(*searched)(base_arena *arena);
    /* Options that may change between two runs of a study when its user accepts it, because the searched values mean
     * the same whatever they are; NULL-terminated, NULL: none. */
    const char *const *changeable;
    size_t state_size;
    unsigned flags;
    /* Before the run, on every rank: are these settings, this space and this fidelity possible together? May be NULL.
     * BASE_INVALID with position. */
    base_status (*check)(const hpo_objective_env *env, base_err *err);
    const hpo_measurement *measurement; /* may be NULL */
    /* Adds parameters that the objective declares itself; may be NULL. The space is not sealed yet. The user's own come
     * after them (an equal name is refused), or instead of them: HPO_OBJECTIVE_DEFAULT_SPACE. `where` of a parameter:
     * the setting that it comes from, or NULL. */
    base_status (*parameters)(const base_yaml_node *settings, hpo_space *space, base_err *err);
    /* For --check: what is worth knowing before the run, such as the size of what is trained, in lines that begin with
     * "# "; may be NULL. BASE_INVALID when no trial could run within limits. */
    base_status (*describe)(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out, base_err *err);
    /* What may be a mistake in settings, space and fidelity together although it is possible, as sentences on lines of
     * their own: said once when a run starts and by --check; may be NULL. */
    void (*advise)(const hpo_objective_env *env, base_buf *out);
    /* The names of metrics that it can report, NULL-terminated; may be NULL (any). */
    const char *const *(*metrics)(const base_yaml_node *settings);
    /* Those that its reports carry, where these are others than its results'; NULL-terminated. May be NULL. */
    const char *const *(*reported)(const base_yaml_node *settings);
    /* Whether a larger value of the metric is better, for a study that does not say so; may be NULL (for none is). */
    bool (*maximize)(const base_yaml_node *settings, const char *metric);
    /* Whether only the study can say it, so that it must; may be NULL (never). */
    bool (*needs_goal)(const base_yaml_node *settings, const char *metric);
    /* Once per worker. May be NULL. A failure here ends the run as bad input. */
    base_status (*init)(void *state, const hpo_objective_env *env, base_arena *arena, base_err *err);
    /* One evaluation. Fills out->metrics (and cost: IN_RANK and COUNTS only). A returned error fails the trial with
     * err->text, as does out->failure set by the objective itself (it knows why a command died). */
    base_status (*evaluate)(void *state, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                            base_err *err);
    void (*fini)(void *state); /* may be NULL */
    /* The best value that the study's metric can have, after init, where that is known: for benchmarks. May be NULL. */
    bool (*optimum)(const void *state, double *value);
    /* Instead of evaluate: it runs programs. */
    const hpo_program_ops *program;
    /* Declared cost of going from one fidelity to another with this configuration; NULL = to - from. ends: the
     * evaluation ends there, so that what follows its last step counts; else `to` is a step on the way. It never falls
     * as `to` grows, is no less where the evaluation ends, and depends on its arguments only: decisions are computed
     * from it again. */
    double (*cost)(const hpo_objective_env *env, const double *config, double from, double to, bool ends);
    const char *cost_unit; /* what a cost counts, in the plural: "passes over the data"; NULL = the fidelity */
    /* RESUMABLE: whether it can go on from a lower fidelity with these settings and this fidelity (a fraction of the
     * data must start again); NULL = always. Asked once for a study. An evaluation that starts again is charged in
     * full. */
    bool (*resumes)(const hpo_objective_env *env);
    /* INHERITS, where it resumes: whether it can go on from a parent with these settings, too; NULL = always. */
    bool (*inherits)(const hpo_objective_env *env);
    /* Whether these settings leave something to a trial's seed, as with HPO_OBJECTIVE_SEEDS; NULL: as the flag says. */
    bool (*seeds)(const base_yaml_node *settings);
    /* Files in the trial's folder that let it go on from `fidelity` are not needed any more; INFINITY: the trial will
     * never go on, and none is. Returns how many were deleted. May be NULL. */
    size_t (*forget)(const char *folder, double fidelity);
    /* Names of files in the trial's folder that are part of its result, such as a drawing; NULL-terminated, may be
     * NULL. Written when a result is certain; forget leaves them alone. The best trial's are copied beside best.yaml.
     */
    const char *const *files;
    /* More for --help, behind the notes: structures that the table of options only names; may be NULL. */
    void (*help)(base_buf *out);
    /* More names for --list (data sets, models, problems); may be NULL. */
    void (*list)(base_buf *out);
} hpo_objective_type;

/* Its options, declared or made; NULL when it has none. */
static inline const base_option *hpo_objective_table(const hpo_objective_type *type, base_arena *arena) {
    return type->table ? type->table(arena) : type->options;
}

#ifdef __cplusplus
}
#endif
#endif
