/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a study file: what is read, defaulted, checked, printed by --check and explained by --help study. */
#include "hpo/study/study_keys.h"

#include <math.h>

static const char *const goals[] = {"minimize", "maximize", NULL};
static const char *const durabilities[] = {"group", "each", NULL};
static const char *const incumbents[] = {"value", "posterior", NULL};
static const char *const keeps[] = {"all", "best", "none", NULL};

#define KEY(type, field, what) .name = #field, .kind = BASE_OPTION_##what, .offset = offsetof(type, field)
#define AT_LEAST(bound)        .min = (bound), .max = (double)INFINITY
#define POSITIVE               .min = 0, .max = (double)INFINITY, .open_min = true

const base_option study_keys_table[] = {
    {KEY(study_keys, study, STRING), .fallback = "", .alias = "name title",
     .help = "name of the study; default: the file's name"},
    {KEY(study_keys, seed, NODE), .shape = "integer", .fallback = "",
     .help = "0 to 2^64 - 1: from which every random number follows; missing: drawn once, printed and "
             "kept in the journal"},
    {KEY(study_keys, objective, NODE), .shape = "map", .fallback = BASE_REQUIRED,
     .alias = "program command script function",
     .help = "what is evaluated: one name with its settings, e.g. objective: {train: {dataset: digits}}"},
    {KEY(study_keys, metric, NODE), .shape = "name or map", .fallback = "", .alias = "direction directions goal mode",
     .help = "what the objective reports and the study optimizes: a name or {name, goal}; default: the first metric "
             "that the objective declares"},
    {KEY(study_keys, metrics, NODE), .shape = "list", .fallback = "", .alias = "objectives",
     .help = "several metrics instead of one: names or {name, goal, reference}; what is found is their front, the "
             "evaluations that no other one beats in all"},
    {KEY(study_keys, constraints, NODE), .shape = "list", .fallback = "",
     .alias = "constraint constraints_func outcome_constraints black_box_constraints",
     .help = "bounds of metrics, {metric, min, max} each: feasible results come before all others; for bounds of "
             "parameters see forbid"},
    {KEY(study_keys, method, NODE), .shape = "name or map", .fallback = STUDY_AUTO,
     .alias = "sampler scheduler pruner algorithm algo optimizer tuner search_alg early_terminate",
     .help = "a name, or {sampler, scheduler} with options of both, e.g. {name: hyperband, eta: 4}"},
    {KEY(study_keys, fidelity, NODE), .shape = "map", .fallback = "", .alias = "fidelities epochs resource budgets",
     .help = "how much one evaluation may spend: one name with its range, e.g. fidelity: {epochs: {min: 1, max: 27}}"},
    {KEY(study_keys, replicates, NODE), .shape = "map", .fallback = "",
     .alias = "repetitions repeats_per_trial n_seeds num_seeds seeds instances",
     .help = "every configuration is evaluated with several seeds and worth their mean: replicates: {seeds: 5}"},
    {KEY(study_keys, budget, NODE), .shape = "map", .fallback = "",
     .alias = "n_trials num_trials max_trials trials num_samples max_evaluations run_cap timeout time max_time",
     .help = "when the run ends: whichever limit comes first"},
    {KEY(study_keys, workers, INT), .fallback = "", .min = 1, .max = 65536,
     .alias = "n_jobs jobs parallelism concurrency max_concurrent n_workers",
     .help = "workers, virtual ones when deterministic; default: as many as there are"},
    {KEY(study_keys, deterministic, BOOL), .fallback = "false",
     .help = "results count in the order of a virtual clock, so that every run is the same; needs workers"},
    {KEY(study_keys, repeats, BOOL), .fallback = "false",
     .help = "in a space with finitely many configurations, the same one may be tried again"},
    {KEY(study_keys, incumbent, CHOICE), .fallback = "value", .choices = incumbents,
     .alias = "recommend recommendation incumbent_selector",
     .help =
         "what a run recommends at its end: the complete trial of the best value, or, as noise makes the best value "
         "a lucky one, that of the best posterior mean of a Gaussian process over the complete trials"},
    {KEY(study_keys, durability, CHOICE), .fallback = "group", .choices = durabilities,
     .help = "journal lines reach the disk in groups (at most 100 ms late), or each before its job leaves"},
    {KEY(study_keys, report, BOOL), .fallback = "true",
     .help = "the run's end writes report.html into its folder, as hpo_report does"},
    {KEY(study_keys, trial, NODE), .shape = "map", .fallback = "", .alias = "limits", .help = "limits of one trial"},
    {KEY(study_keys, failure, NODE), .shape = "map", .fallback = "", .alias = "failures retries max_failures",
     .help = "what happens when trials or workers fail"},
    {KEY(study_keys, parameters, NODE), .shape = "map", .fallback = "",
     .alias = "params space search_space searchspace hyperparameters configspace config_space",
     .help = "what is searched; may be missing when the objective declares parameters itself"},
    {KEY(study_keys, forbid, NODE), .shape = "list of maps", .fallback = "", .alias = "forbidden forbiddens",
     .help = "conditions: a configuration that matches any of them is never tried"},
    {KEY(study_keys, try_first, NODE), .shape = "list of maps or file", .fallback = "",
     .alias = "initial initial_points initial_configs points_to_evaluate enqueue enqueue_trial start_points guess",
     .help = "configurations to begin with, or the path of a best.yaml or of a CSV with a header; what a "
             "configuration leaves out is drawn"},
    BASE_OPTIONS_END,
};

const base_option metric_keys_table[] = {
    {KEY(metric_keys, name, STRING), .fallback = BASE_REQUIRED, .alias = "metric",
     .help = "as the objective reports it"},
    {KEY(metric_keys, goal, CHOICE), .fallback = "", .choices = goals, .alias = "direction mode optimize",
     .help = "which way is better; default: what the objective says of this metric, else minimize"},
    BASE_OPTIONS_END,
};

const base_option goal_keys_table[] = {
    {KEY(goal_keys, name, STRING), .fallback = BASE_REQUIRED, .alias = "metric", .help = "as the objective reports it"},
    {KEY(goal_keys, goal, CHOICE), .fallback = "", .choices = goals, .alias = "direction mode optimize",
     .help = "which way is better; default: what the objective says of this metric, else minimize"},
    {KEY(goal_keys, reference, NODE), .shape = "number", .fallback = "", .alias = "reference_point ref_point nadir",
     .help = "what is no better than this adds nothing to the hypervolume; default: the worst of the first 10 results"},
    BASE_OPTIONS_END,
};

const base_option study_reference_option = {.name = "reference", .kind = BASE_OPTION_REAL, .fallback = BASE_REQUIRED};

const base_option constraint_keys_table[] = {
    {KEY(constraint_keys, metric, STRING), .fallback = BASE_REQUIRED, .alias = "name",
     .help = "as the objective reports it; it need not be one that the study optimizes"},
    {KEY(constraint_keys, min, NODE), .shape = "number", .fallback = "", .alias = "low lower minimum at_least",
     .help = "smaller values are infeasible"},
    {KEY(constraint_keys, max, NODE), .shape = "number", .fallback = "", .alias = "high upper maximum at_most",
     .help = "larger values are infeasible"},
    BASE_OPTIONS_END,
};

const base_option study_bound_option = {.name = "bound", .kind = BASE_OPTION_REAL, .fallback = BASE_REQUIRED};

const base_option fidelity_keys_table[] = {
    {KEY(fidelity_keys, min, REAL), .fallback = BASE_REQUIRED, POSITIVE, .alias = "low lower minimum from",
     .help = "of the cheapest evaluation"},
    {KEY(fidelity_keys, max, REAL), .fallback = BASE_REQUIRED, POSITIVE, .alias = "high upper maximum to",
     .help = "of a full evaluation; when both are integers, every rung is one"},
    BASE_OPTIONS_END,
};

const base_option replicates_keys_table[] = {
    {KEY(replicates_keys, seeds, INT), .fallback = BASE_REQUIRED, .min = 2, .max = 1000,
     .alias = "count n number repeats", .help = "of every configuration, the same ones for all"},
    {KEY(replicates_keys, race, BOOL), .fallback = "false",
     .help = "further seeds only for a configuration that may still be better than the best one, by a paired t-test"},
    BASE_OPTIONS_END,
};

const base_option study_target_option = {.name = "target", .kind = BASE_OPTION_REAL, .fallback = BASE_REQUIRED};

const base_option budget_keys_table[] = {
    {KEY(budget_keys, trials, INT), .fallback = "", AT_LEAST(1),
     .alias = "n_trials num_trials max_trials num_samples evaluations configurations",
     .help = "configurations; open promotions still finish when it is spent"},
    {KEY(budget_keys, cost, REAL), .fallback = "", POSITIVE,
     .help = "sum over evaluations, in units of fidelity (without one: evaluations)"},
    {KEY(budget_keys, time, DURATION), .fallback = "", POSITIVE,
     .alias = "timeout duration walltime wall_time max_time", .help = "wall time, summed over restarts"},
    {KEY(budget_keys, metric, NODE), .shape = "map", .fallback = "", .alias = "resource flops dollars gpu_hours",
     .help = "nothing new begins when the sum over trials of a metric that they report has reached its max"},
    {KEY(budget_keys, no_improve, INT), .fallback = "", AT_LEAST(1),
     .alias = "patience stagnation max_stagnation_trials",
     .help = "the run ends when so many full evaluations, or as much at lower fidelities, brought nothing better"},
    {KEY(budget_keys, target, NODE), .shape = "number or map", .fallback = "",
     .help = "the run ends when the metric is at least as good as that at the highest fidelity; of several metrics "
             "{NAME: number, ...}, all of them in one trial"},
    BASE_OPTIONS_END,
};

const base_option metric_budget_keys_table[] = {
    {KEY(metric_budget_keys, name, STRING), .fallback = BASE_REQUIRED, .alias = "metric",
     .help = "as the objective reports it, counted from a trial's beginning: seconds, dollars, operations"},
    {KEY(metric_budget_keys, max, REAL), .fallback = BASE_REQUIRED, POSITIVE, .alias = "limit sum total",
     .help = "of the sum; a trial that does not report it adds nothing"},
    BASE_OPTIONS_END,
};

const base_option trial_keys_table[] = {
    {KEY(trial_keys, time, DURATION), .fallback = "", POSITIVE, .alias = "timeout time_limit walltime",
     .help = "longer ones are killed and fail"},
    {KEY(trial_keys, memory, BYTES), .fallback = "", POSITIVE, .alias = "mem ram memory_limit",
     .help = "ones that need more are killed and fail"},
    {KEY(trial_keys, threads, INT), .fallback = "1", .min = 1, .max = 1024, .alias = "cpus cores n_threads",
     .help = "cores of a trial: `train` and `darts` share their work among so many threads, with the same results; "
             "programs "
             "find the number in OMP_NUM_THREADS and OPENBLAS_NUM_THREADS"},
    {KEY(trial_keys, stop_grace, DURATION), .fallback = "30s", .help = "between being asked to stop and being killed"},
    {KEY(trial_keys, exit_grace, NODE), .shape = "none or duration", .fallback = "none",
     .help = "a program that has printed its complete result is stopped so long after it; its result counts"},
    {KEY(trial_keys, gpus, INT), .fallback = "", .min = 0, .max = 1024,
     .help = "devices that the trials of a worker have for themselves: what CUDA_VISIBLE_DEVICES and "
             "HIP_VISIBLE_DEVICES name, or ROCR_VISIBLE_DEVICES where the run has that alone"},
    {KEY(trial_keys, devices, NODE), .shape = "list", .fallback = "",
     .help = "the devices of a host, by number, UUID or MIG name; default: those that the run sees"},
    {KEY(trial_keys, share_devices, BOOL), .fallback = "false",
     .help = "workers may share devices when a host has fewer than they need"},
    {KEY(trial_keys, keep, CHOICE), .fallback = "all", .choices = keeps,
     .help = "which trials' folders of a command stay behind"},
    {KEY(trial_keys, config, BOOL), .fallback = "true",
     .help = "a command finds its configuration in the file HPO_CONFIG, too"},
    BASE_OPTIONS_END,
};

const base_option study_exit_grace_option = {
    .name = "exit_grace", .kind = BASE_OPTION_DURATION, .fallback = BASE_REQUIRED};

const base_option failure_keys_table[] = {
    {KEY(failure_keys, retries, NODE), .shape = "map", .fallback = "", .alias = "retry max_retries",
     .help = "further attempts of a trial, by kind of failure"},
    {KEY(failure_keys, max_failures, INT), .fallback = "1000", AT_LEAST(0),
     .help = "more failed trials than this end the run (exit code 3)"},
    {KEY(failure_keys, first, INT), .fallback = "5", AT_LEAST(0),
     .help = "when nothing has succeeded or reported yet, so many trials in a row that fail alike (or twice the "
             "workers, if that is more) end the run (exit code 3); 0: never"},
    {KEY(failure_keys, heartbeat, DURATION), .fallback = "2s", .min = 0.01, .max = 3600,
     .help = "how often controller and workers tell each other that they live"},
    {KEY(failure_keys, lost_after, DURATION), .fallback = "30s", .min = 0.05, .max = 86400,
     .help = "a worker that is silent for so long is lost, and its trial is run again"},
    BASE_OPTIONS_END,
};

const base_option retries_keys_table[] = {
    {KEY(retries_keys, crash, INT), .fallback = "1", .min = 0, .max = 1000,
     .help = "killed by a signal, or an exit status other than 0 (but 2, bad usage: never again)"},
    {KEY(retries_keys, timeout, INT), .fallback = "0", .min = 0, .max = 1000, .help = "longer than trial.time"},
    {KEY(retries_keys, oom, INT), .fallback = "0", .min = 0, .max = 1000, .help = "more than trial.memory"},
    {KEY(retries_keys, lost, INT), .fallback = "3", .min = 0, .max = 1000, .help = "its worker was lost"},
    BASE_OPTIONS_END,
};
