/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one configuration of a study of `darts` says: the data, the search, and the retraining of what it finds. */
#ifndef EXPERIMENTS_OBJECTIVES_DARTS_SETTINGS_H
#define EXPERIMENTS_OBJECTIVES_DARTS_SETTINGS_H

#include "engine/train/recipe.h"
#include "hpo/objective.h"
#include "nas/search.h"

/* What the network that is retrained may cost; with retrain: none, that of the search's channels and cells. */
typedef struct darts_limits {
    bool given;                             /* at least one */
    double max[NAS_COSTS];                  /* 0 = no limit */
    const base_yaml_node *where[NAS_COSTS]; /* of the limits that are given */
    double penalty;
    const char *table; /* of latencies, as text; NULL = not measured yet */
} darts_limits;

typedef struct darts_settings {
    eng_data_settings data;
    nas_search_settings search; /* epochs: all that a search may take */
    const nas_space *space;
    nas_choices choices;
    darts_limits limits;
    bool retrains;
    base_yaml_node *retrain;    /* a recipe of the network `cells`, but for its genotype */
    eng_course_settings course; /* of the retraining */
} darts_settings;

/* Everything that may stand under `objective: darts`; and what may be searched, which has retrain.NAME, too. */
const base_option *darts_table(base_arena *arena);
const base_option *darts_searched(base_arena *arena);
/* Whether `retrain: none` stops at the genotype. settings: as the user wrote them. */
bool darts_retrains(const base_yaml_node *settings);

/* Is every key of the settings known, and retrain a map or none? BASE_INVALID with the key's place. */
BASE_CHECK base_status darts_check_keys(const base_yaml_node *settings, base_err *err);
/* The settings of a configuration of a study that was checked, with references replaced and searched parameters filled
 * in. Everything lives in arena or in the study's tree. BASE_INVALID with position. */
BASE_CHECK base_status darts_read(const hpo_objective_env *env, const double *config, base_arena *arena,
                                  darts_settings *out, base_err *err);
/* The recipe that retrains a genotype; seed: the trial's. */
BASE_CHECK base_status darts_recipe(const darts_settings *settings, const nas_genotype *genotype, uint64_t seed,
                                    base_arena *arena, eng_recipe *out, base_err *err);
/* The limits with what networks of the space cost, in arena. BASE_INVALID with the place of a limit that no network
 * meets. settings->limits.given. */
BASE_CHECK base_status darts_count_limits(const darts_settings *settings, const eng_dataset *set, base_arena *arena,
                                          nas_limits *out, base_err *err);
/* The table of latencies of the networks that are retrained, measured here, as text. */
BASE_CHECK base_status darts_measure_latency(const darts_settings *settings, const eng_dataset *set, base_buf *out,
                                             base_err *err);
/* Channels and cells of the networks that are retrained, and the latency limit of which a run measures a table. */
BASE_CHECK base_status darts_network_size(const darts_settings *settings, base_arena *arena, nas_settings *out,
                                          base_err *err);
extern const hpo_measurement darts_measurement;
/* What may stand under `limits`, for --help. */
void darts_limits_help(base_buf *out);
BASE_CHECK base_status darts_limits_read(const base_yaml_node *node, base_arena *arena, darts_limits *out,
                                         base_err *err);
/* A seed as a recipe and a search take it. */
int64_t darts_seed(uint64_t trial_seed);
/* Passes over the training part: of the search from one of its epochs to another, of finding its genotype, and of the
 * retraining. */
double darts_search_cost(const darts_settings *settings, double from, double to);
double darts_selection_cost(const darts_settings *settings);
double darts_retrain_cost(const darts_settings *settings);

#endif
