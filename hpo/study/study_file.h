/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study file becomes a study_spec: everything resolved, every default filled in, every mistake named with its line.
 */
#ifndef HPO_STUDY_STUDY_FILE_H
#define HPO_STUDY_STUDY_FILE_H

#include "hpo/objective.h"
#include "hpo/samplers/sampler.h"
#include "hpo/schedulers/scheduler.h"
#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_budget { /* 0 = no limit; has_target false = none */
    uint64_t trials;        /* configurations created */
    double cost;            /* units of fidelity charged */
    double time;            /* seconds of wall time of the run, summed over restarts by whoever runs it */
    const char *metric;     /* that trials report and that is added up; NULL: none */
    double metric_max;      /* > 0: nothing new begins when the sum has reached it */
    uint64_t no_improve;    /* full evaluations, or as much at lower fidelities, without a better value */
    bool has_target;
    double target[HPO_MAX_GOALS]; /* by goal, as the user sees the metric; NaN: none */
} hpo_budget;
/* Whether nothing limits the study but its space and its method. */
static inline bool hpo_budget_is_open(const hpo_budget *budget) {
    return !budget->trials && budget->cost == 0 && budget->time == 0 && !budget->metric && !budget->has_target &&
           !budget->no_improve;
}

/* Every configuration is evaluated with several seeds and worth their mean. The number of seeds is the study's fidelity
 * then, which its objective does not know. */
typedef struct hpo_replicates {
    uint32_t seeds; /* 0: no replicates, each evaluation has its trial's seed */
    bool race;      /* further seeds only while a configuration may still be the best */
} hpo_replicates;

typedef struct hpo_failure_policy {
    int64_t retries_crash, retries_timeout, retries_oom, retries_lost; /* further attempts after the first */
    int64_t max_failures;                                              /* exceeding it ends the run with exit code 3 */
    int64_t first;                /* so many alike and nothing else: ends it; 0 = never */
    double heartbeat, lost_after; /* seconds */
} hpo_failure_policy;

/* Accelerators: every worker's trials see `gpus` of its own. */
typedef struct hpo_devices {
    int64_t gpus;             /* 0: what the run sees is divided when it is enough for all */
    const char *const *names; /* as the driver knows them: numbers, UUIDs, MIG names; NULL: those that the run sees */
    size_t count;
    bool share; /* more workers than devices are no mistake */
} hpo_devices;

/* Which folders of trials a run leaves behind. */
typedef enum hpo_keep { HPO_KEEP_ALL, HPO_KEEP_BEST, HPO_KEEP_NONE } hpo_keep;

/* Configurations that come before those of the sampler: see try_first.h. */
typedef struct hpo_first {
    size_t count;
    const double *rows; /* count x parameters; NaN: drawn when its trial begins. In the arena; NULL: none */
    size_t repeated;    /* that were written twice and are left out */
} hpo_first;

/* A trial whose configuration is that of an earlier one, which failed. */
typedef struct hpo_repeat {
    uint64_t trial, source;
} hpo_repeat;

typedef struct hpo_study_spec {
    const char *name;
    const char *file;     /* as given */
    const char *base_dir; /* absolute folder of the study file */
    uint64_t seed;
    bool seed_given;
    const hpo_objective_type *objective;
    const base_yaml_node *settings; /* the objective's map, empty when it has none */
    const hpo_goal *goals;       /* the metrics that it optimizes; the first decides where there is no place for more */
    size_t n_goals;              /* 1 to HPO_MAX_GOALS */
    hpo_constraints constraints; /* what results must be beside good; count 0: nothing */
    const char *method;          /* as named by the user, or "sampler + scheduler" */
    const char *chosen; /* the file leaves it open (auto, or nothing): "METHOD, because ..."; NULL: the user's own */
    const hpo_sampler_type *sampler;
    const hpo_scheduler_type *scheduler;
    const base_yaml_node *sampler_options, *scheduler_options; /* maps or NULL */
    hpo_fidelity fidelity;
    hpo_replicates replicates;
    hpo_budget budget;
    uint64_t workers; /* virtual workers; 0 = as many as there are */
    bool deterministic;
    bool repeats; /* finite spaces: the same configuration may be tried again */
    bool fsync_each;
    bool report;       /* report.html at the end */
    bool by_posterior; /* what is recommended at the end (recommend.h); it is no part of the identity */
    hpo_limits limits;
    hpo_devices devices;
    hpo_keep keep;      /* of an objective that runs programs */
    bool writes_config; /* see hpo_objective_env */
    hpo_failure_policy failure;
    const base_yaml_node *try_first; /* configurations to begin with, as written; NULL: none */
    hpo_first first;
    hpo_repeat *repeated; /* ordered while runs went on */
    size_t n_repeated;
    hpo_space *space;     /* owned */
    size_t n_declared;    /* its first parameters are the objective's, not written in the study file */
    const char *identity; /* canonical text of what makes two runs the same study */
    const char *recorded; /* what its journal has for it, from hpo_study_respell on; NULL: the same */
    base_arena *arena;    /* owned: everything above lives here */
} hpo_study_spec;

/* Names of one kind that --help and --list know and that settings of an objective are made of, such as its spaces. */
typedef struct hpo_topics {
    const char *kind;  /* "space": --help space:NAME */
    const char *title; /* for --list: "spaces of the objective darts" */
    size_t (*count)(void);
    const char *(*name)(size_t index);
    const char *(*summary)(size_t index);      /* one line */
    void (*help)(size_t index, base_buf *out); /* below a heading; may be NULL */
} hpo_topics;

/* A program whose file is no study file: how its study is made, and what becomes of a run's folder. */
typedef struct hpo_front {
    /* The text of the study for the file (or name) that the command line gives, with the assignments of --set in it. */
    base_status (*study)(void *self, const char *file, const char *const *sets, size_t n_sets, base_buf *study,
                         base_err *err);
    /* By rank 0, when the journal in run_dir has results of another study than the file's: why that is so, as
     * BASE_INVALID. BASE_OK: it knows nothing to say; then the journal says it. May be NULL. */
    base_status (*differs)(void *self, const char *run_dir, base_err *err);
    /* By rank 0, when a run has ended with nothing left to do; prints what there is to say. */
    base_status (*end)(void *self, const char *run_dir, base_err *err);
    void *self;
} hpo_front;

/* What a study file can be made of: tables of the program (dependency from above, handed down). */
typedef struct hpo_catalog {
    const hpo_objective_type *const *objectives;
    size_t n_objectives;
    const char *version;             /* "hpo 0.1.0" */
    const hpo_topics *const *topics; /* NULL-terminated; may be NULL */
    const hpo_front *front;          /* NULL: study files */
} hpo_catalog;

/* text: the bytes of the file (every rank reads the same bytes). sets: n_sets assignments of --set, applied before
 * reading. seed: overrides `seed:` when not NULL. On success *spec owns everything; destroy with
 * hpo_study_spec_destroy. */
BASE_CHECK base_status hpo_study_read(const hpo_catalog *catalog, const char *file, const char *text, size_t length,
                                      const char *const *sets, size_t n_sets, const uint64_t *seed,
                                      hpo_study_spec **spec, base_err *err);
void hpo_study_spec_destroy(hpo_study_spec *spec); /* accepts NULL */
/* The seed and what depends on it (identity), for a study without one. */
void hpo_study_spec_set_seed(hpo_study_spec *spec, uint64_t seed);
/* Trial first + i repeats the configuration of trials[i], a failed one. */
void hpo_study_spec_repeat(hpo_study_spec *spec, uint64_t first, const uint64_t *trials, size_t count);
/* Whether another trial repeats it: what it came to is forgiven. */
bool hpo_study_spec_repeats(const hpo_study_spec *spec, uint64_t trial);
/* Whether `identity`, that of an earlier study, is this one's but for settings of the objective that may change
 * (hpo_objective_type.changeable). Their names are appended to changed: "run, cwd". */
bool hpo_study_same_search(const hpo_study_spec *spec, const char *identity, base_buf *changed);
/* Where `identity`, that of an earlier study, differs only in that it has a former name of a setting, or does not say
 * an option that did not exist then and that has in this study the value that it had unsaid, `recorded` becomes that
 * one. */
void hpo_study_respell(hpo_study_spec *spec, const char *identity);
/* The resolved study as YAML with every default filled in, for --check; plus the size of the space and the ladder. */
void hpo_study_spec_print(const hpo_study_spec *spec, base_buf *out);
/* Of one evaluation, as the objective and the sampler see it: with replicates there is none. */
static inline hpo_fidelity hpo_study_fidelity(const hpo_study_spec *spec) {
    const hpo_fidelity none = {NULL, 1, 1, false};
    return spec->replicates.seeds > 0 ? none : spec->fidelity;
}
static inline bool hpo_study_replicates(const hpo_study_spec *spec) {
    return spec->replicates.seeds > 0;
}
/* What the objective may know of it. */
hpo_objective_env hpo_study_objective_env(const hpo_study_spec *spec);
/* Whether a promoted trial goes on from where it was; and whether a new one can from what another left behind. */
bool hpo_study_resumes(const hpo_study_spec *spec);
bool hpo_study_inherits(const hpo_study_spec *spec);
/* Whether its results may say what they have cost; and what costs count, NULL: evaluations. */
bool hpo_study_results_say_cost(const hpo_study_spec *spec);
const char *hpo_study_cost_unit(const hpo_study_spec *spec);
/* What the objective holds for a likely mistake, as sentences on lines of their own. */
void hpo_study_advise(const hpo_study_spec *spec, base_buf *out);
/* What the objective has to add to it, in lines that begin with "# ". BASE_INVALID when no trial could run. */
BASE_CHECK base_status hpo_study_describe(const hpo_study_spec *spec, base_buf *out, base_err *err);
/* Documentation of the study file for --help study, made from the same tables that read it. */
void hpo_study_help(base_buf *out);
/* Its section on one key, of the top level or of a map in it; false when there is none. */
bool hpo_study_help_key(const char *name, base_buf *out);
/* The keys that have one, by number; NULL behind the last. */
const char *hpo_study_key_name(size_t index);

/* ---- auto.c: a study whose file leaves the method open (spec->chosen) ---- */
/* Chooses anew, by the rules of choose.h, for a run on so many workers; the identity follows. hpo_study_read has chosen
 * for one worker, or the virtual ones. */
BASE_CHECK base_status hpo_study_choose(hpo_study_spec *spec, uint64_t workers, base_err *err);
/* The method with which an earlier run has begun, from its identity, and what it told of the choice (NULL: nothing).
 * BASE_INVALID, and the study as it was, when this study cannot have that method. */
BASE_CHECK base_status hpo_study_keep_method(hpo_study_spec *spec, const char *identity, const char *chosen,
                                             base_err *err);
/* "method={...}", as --set would say it, with every option. In the arena. */
const char *hpo_study_method_assignment(const hpo_study_spec *spec);
/* One line for --list, and the rules for --help auto. */
const char *hpo_study_auto_summary(void);
void hpo_study_auto_help(base_buf *out);

/* ---- method.c: names that people know for pairs of a sampler and a scheduler ---- */
typedef struct hpo_method {
    const char *name, *sampler, *scheduler, *summary;
} hpo_method;
const hpo_method *hpo_methods(size_t *count);
const hpo_method *hpo_method_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
