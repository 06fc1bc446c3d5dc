/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the objective `darts` share. */
#ifndef EXPERIMENTS_OBJECTIVES_DARTS_STATE_H
#define EXPERIMENTS_OBJECTIVES_DARTS_STATE_H

#include "experiments/objectives/darts_settings.h"

enum { DARTS_FILES = 6 };

typedef struct darts_state {
    hpo_objective_env known; /* what init was told */
    eng_dataset *set;
    eng_view *view; /* search and retraining: the split and its normalization are those of the study */
} darts_state;

/* One evaluation. */
typedef struct darts_job {
    const darts_state *state;
    const hpo_job *job;
    const hpo_reporter *reporter;
    darts_settings settings;
    base_arena *arena;
    hpo_verdict verdict; /* the last one of the reporter */
    double saved;        /* when something was last saved, by the monotonic clock */
    nas_limits limits;   /* where the settings give any */
    nas_search *search;
    uint64_t epochs; /* of the search, that are asked for */
    double from;     /* where this evaluation began: 0 when its checkpoint was gone */
    double reached;  /* epochs that the search has finished */
    base_buf made[DARTS_FILES];
} darts_job;

/* What a retraining came to. */
typedef struct darts_retrained {
    double valid_error, test_error, parameters, flops;
    double epochs; /* that it took */
    double cost;   /* of the whole evaluation that it belongs to */
} darts_retrained;

/* ---- darts_evaluate.c ---- */
base_status darts_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                           base_err *err);
/* Fails the trial when `what` takes more than trial.memory: better told at once than found out by the kernel. */
bool darts_fits(const darts_job *d, const char *what, size_t bytes, hpo_result *out);
/* Asks the reporter without reporting; true = stop. */
bool darts_must_stop(darts_job *d);
/* Whether it is time to save what a killed process should not lose. */
bool darts_should_save(darts_job *d);

/* ---- darts_retrain.c ---- */
/* Trains the genotype on the whole training part. BASE_CANCELLED: told to stop; result->failure: it takes too much. */
BASE_CHECK base_status darts_retrain(darts_job *d, const nas_genotype *genotype, darts_retrained *out,
                                     hpo_result *result, base_err *err);

/* ---- darts_files.c: the trial's folder ---- */
extern const char *const darts_files[];
/* folder/kind-fidelity.ending, in the job's arena. */
const char *darts_path(const darts_job *d, const char *kind, double fidelity, const char *ending);
/* What the evaluation at this fidelity came to, when it is there and of the same genotype (NULL: of any). */
bool darts_recall(const darts_job *d, double fidelity, const nas_genotype *genotype, darts_retrained *out);
/* A full disk costs what could have been gone on from, not the result. */
void darts_remember(const darts_job *d, const nas_genotype *genotype, const darts_retrained *result);
/* What they will hold, while the search is still in memory; and the files themselves. */
void darts_make_files(darts_job *d, const nas_genotype *genotype);
void darts_write_files(darts_job *d);
size_t darts_forget(const char *folder, double fidelity);

/* ---- darts_describe.c: --check ---- */
BASE_CHECK base_status darts_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out,
                                      base_err *err);

#endif
