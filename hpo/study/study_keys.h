/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a study file as option tables, and what the files of this folder share. */
#ifndef HPO_STUDY_STUDY_KEYS_H
#define HPO_STUDY_STUDY_KEYS_H

#include "base/hint.h"
#include "hpo/study/study_file.h"
#include "hpo/trials/history.h"

/* The top level. */
typedef struct study_keys {
    const char *study;
    const base_yaml_node *objective, *metric, *metrics, *constraints, *method, *fidelity, *replicates, *budget, *trial,
        *failure, *parameters, *forbid, *try_first;
    const base_yaml_node *seed; /* a node, because all 64 bits count */
    int64_t workers;
    bool deterministic, repeats, report;
    int durability; /* 1 = each */
    int incumbent;  /* 1 = posterior */
} study_keys;
extern const base_option study_keys_table[];

typedef struct metric_keys {
    const char *name;
    int goal; /* 1 = maximize */
} metric_keys;
extern const base_option metric_keys_table[];

/* An item of metrics. */
typedef struct goal_keys {
    const char *name;
    int goal;
    const base_yaml_node *reference; /* a number; a node, because 0 is one, too */
} goal_keys;
extern const base_option goal_keys_table[];
extern const base_option study_reference_option;

/* An item of constraints. */
typedef struct constraint_keys {
    const char *metric;
    const base_yaml_node *min, *max; /* numbers; nodes, because 0 is one, too */
} constraint_keys;
extern const base_option constraint_keys_table[];
extern const base_option study_bound_option;

typedef struct fidelity_keys {
    double min, max;
} fidelity_keys;
extern const base_option fidelity_keys_table[];

typedef struct replicates_keys {
    int64_t seeds;
    bool race;
} replicates_keys;
extern const base_option replicates_keys_table[];

typedef struct budget_keys {
    int64_t trials;
    double cost, time;
    const base_yaml_node *metric; /* a map */
    int64_t no_improve;
    const base_yaml_node *target; /* a number, or a map of them; a node, because 0 is a target too */
} budget_keys;
extern const base_option budget_keys_table[];
extern const base_option study_target_option;

/* budget.metric */
typedef struct metric_budget_keys {
    const char *name;
    double max;
} metric_budget_keys;
extern const base_option metric_budget_keys_table[];

typedef struct trial_keys {
    double time;
    uint64_t memory;
    int64_t threads;
    double stop_grace;
    const base_yaml_node *exit_grace; /* none, or a duration */
    int64_t gpus;
    const base_yaml_node *devices; /* a list of scalars */
    bool share_devices;
    int keep; /* an hpo_keep */
    bool config;
} trial_keys;
extern const base_option trial_keys_table[];
extern const base_option study_exit_grace_option;

typedef struct failure_keys {
    const base_yaml_node *retries;
    int64_t max_failures, first;
    double heartbeat, lost_after;
} failure_keys;
extern const base_option failure_keys_table[];

typedef struct retries_keys {
    int64_t crash, timeout, oom, lost;
} retries_keys;
extern const base_option retries_keys_table[];

/* ---- study_file.c ---- */
hpo_sampler_env study_sampler_env(const hpo_study_spec *spec);
hpo_scheduler_env study_scheduler_env(const hpo_study_spec *spec);

/* An optional key that is written but empty counts as absent. */
static inline const base_yaml_node *study_given(const base_yaml_node *node) {
    return node && node->kind != BASE_YAML_NULL ? node : NULL;
}

/* ---- study_goals.c ---- */
/* `metric:` or `metrics:`. */
base_status study_read_goals(hpo_study_spec *spec, const base_yaml_node *root, const study_keys *keys, base_err *err);
/* Goals and space have been read: priors of single metrics find theirs. */
base_status study_set_metrics(hpo_space *space, const hpo_goal *goals, size_t n_goals, base_err *err);
/* `budget.target`: a number, or a number for each of some metrics by name. */
base_status study_read_target(hpo_study_spec *spec, const base_yaml_node *target, base_err *err);
/* [{name: error, goal: minimize}, ...] */
base_yaml_node *study_goals_node(const hpo_study_spec *spec, base_arena *arena);

/* BASE_INVALID when the objective does not report the metric. */
base_status study_check_metric(const hpo_study_spec *spec, const char *metric, const base_yaml_node *node,
                               base_err *err);

/* ---- study_constraints.c ---- */
/* `constraints:`, which may be missing. */
base_status study_read_constraints(hpo_study_spec *spec, const base_yaml_node *list, base_err *err);
/* [{metric: latency, max: 0.01}, ...], one bound each */
base_yaml_node *study_constraints_node(const hpo_study_spec *spec, base_arena *arena);

/* ---- replicates.c ---- */
/* `replicates:`, NULL: missing. After the fidelity, which it becomes. */
base_status study_read_replicates(hpo_study_spec *spec, const base_yaml_node *node, base_err *err);
/* Whether metrics and objective can be replicated. */
base_status study_check_replicates(const hpo_study_spec *spec, const base_yaml_node *node, base_err *err);
/* Sampler and scheduler are read: with replicates the scheduler is that of this name. */
base_status study_replicate_method(hpo_study_spec *spec, const base_yaml_node *method, base_err *err);
/* Of the evaluations on a rung, whatever the trial. */
uint64_t study_replicate_seed(const hpo_study_spec *spec, uint32_t rung);
/* Of a result that works: its metrics and the values of the goals become means over the seeds so far. */
void study_average(const hpo_study_spec *spec, const hpo_trial *trial, hpo_result *result, double *values);

/* ---- study_check.c ---- */
/* parameters: the key of the study file, NULL when the objective declared the space. */
base_status study_check_searched(const hpo_study_spec *spec, const base_yaml_node *parameters, base_err *err);
base_status study_check_objective(const hpo_study_spec *spec, base_err *err);
/* root and method: where mistakes are. */
base_status study_check_method(const hpo_study_spec *spec, const base_yaml_node *root, const base_yaml_node *method,
                               base_err *err);

/* ---- method.c ---- */
/* `method:` that is not left open, a name or a map. Sets method, sampler, scheduler and their options. */
base_status study_read_method(hpo_study_spec *spec, const base_yaml_node *method, base_err *err);

/* ---- auto.c ---- */
#define STUDY_AUTO "auto"
/* `method:`, which may be auto. */
base_status study_settle_method(hpo_study_spec *spec, const base_yaml_node *method, base_err *err);

/* ---- study_print.c ---- */
/* Sampler, scheduler and the options of both in one map, in arena. */
base_yaml_node *study_method_node(const hpo_study_spec *spec, base_arena *arena);
const char *study_identity(const hpo_study_spec *spec);

#endif
