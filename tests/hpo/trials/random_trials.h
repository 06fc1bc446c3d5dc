/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A space with every kind of parameter, and random sequences of records that could have come from a study. */
#ifndef TESTS_HPO_TRIALS_RANDOM_TRIALS_H
#define TESTS_HPO_TRIALS_RANDOM_TRIALS_H

#include "base/arena.h"
#include "base/rng.h"
#include "hpo/space/space.h"
#include "hpo/trials/record.h"
#include "tests/support/check.h"

enum { RANDOM_PARAMS = 11 };

static inline void random_space_add(hpo_space *space, hpo_param param) {
    base_err err = {0};
    CHECK_OK(hpo_space_add(space, &param, &err));
}

static inline hpo_space *random_space_create(void) {
    static const hpo_value optimizers[] = {
        {.kind = HPO_VALUE_TEXT, .text = "adam"},
        {.kind = HPO_VALUE_TEXT, .text = "sgd"},
        {.kind = HPO_VALUE_TEXT, .text = "say \"h\xc3\xa9llo\" \\ \xf0\x9f\x99\x82"},
    };
    static const hpo_value mixed[] = {
        {.kind = HPO_VALUE_NULL},
        {.kind = HPO_VALUE_BOOL, .boolean = true},
        {.kind = HPO_VALUE_INT, .integer = -7, .real = -7},
        {.kind = HPO_VALUE_REAL, .real = 0.1},
    };
    static const hpo_value sizes[] = {
        {.kind = HPO_VALUE_INT, .integer = 32, .real = 32},
        {.kind = HPO_VALUE_INT, .integer = 64, .real = 64},
        {.kind = HPO_VALUE_INT, .integer = 128, .real = 128},
    };
    static const hpo_value fixed[] = {{.kind = HPO_VALUE_TEXT, .text = "cross-entropy"}};
    static const hpo_cond is_sgd = {.op = HPO_COND_EQ, .param = 5, .values = &optimizers[1], .n_values = 1};
    base_err err = {0};
    hpo_space *space = hpo_space_create();
    random_space_add(space, (hpo_param){.name = "lr", .kind = HPO_FLOAT, .scale = HPO_LOG, .min = 1e-5, .max = 0.1});
    random_space_add(space, (hpo_param){.name = "dropout", .kind = HPO_FLOAT, .min = 0, .max = 0.3, .step = 0.1});
    random_space_add(space,
                     (hpo_param){.name = "share", .kind = HPO_FLOAT, .scale = HPO_LOGIT, .min = 0.01, .max = 0.99});
    random_space_add(space, (hpo_param){.name = "layers", .kind = HPO_INT, .min = 1, .max = 6, .step = 1});
    random_space_add(space,
                     (hpo_param){.name = "width", .kind = HPO_INT, .scale = HPO_LOG, .min = 8, .max = 512, .step = 1});
    random_space_add(space,
                     (hpo_param){.name = "optimizer", .kind = HPO_CATEGORICAL, .n_choices = 3, .choices = optimizers});
    random_space_add(space, (hpo_param){.name = "momentum", .kind = HPO_FLOAT, .min = -1, .max = 1, .when = &is_sgd});
    random_space_add(space, (hpo_param){.name = "mixed", .kind = HPO_CATEGORICAL, .n_choices = 4, .choices = mixed});
    random_space_add(space, (hpo_param){.name = "batch", .kind = HPO_ORDINAL, .n_choices = 3, .choices = sizes});
    random_space_add(space, (hpo_param){.name = "loss", .kind = HPO_CONSTANT, .n_choices = 1, .choices = fixed});
    random_space_add(space, (hpo_param){.name = "stride", .kind = HPO_INT, .min = 2, .max = 20, .step = 3});
    CHECK_OK(hpo_space_seal(space, &err));
    assert_int_equal(hpo_space_count(space), RANDOM_PARAMS);
    return space;
}

/* What the generator remembers of each trial, to make the next record fit. */
typedef struct random_trial {
    bool running, paused, open; /* open: stopped, and a RESULT or a CLOSE is still to come */
    uint32_t rung;
    double at, from; /* last fidelity reached; where the evaluation under way began */
} random_trial;

typedef struct random_source {
    const hpo_space *space;
    base_arena *arena;
    base_rng rng;
    uint64_t events, trials;
    random_trial trial[512];
    double *config[512];
} random_source;

static inline random_source *random_source_create(const hpo_space *space, uint32_t seed) {
    base_arena *arena = base_arena_create();
    random_source *source = BASE_NEW(arena, random_source);
    source->space = space;
    source->arena = arena;
    source->rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
    return source;
}

static inline void random_source_destroy(random_source *source) {
    base_arena_destroy(source->arena);
}

static inline bool random_chance(random_source *source, double probability) {
    return base_rng_uniform(&source->rng) < probability;
}

static inline uint64_t random_below(random_source *source, uint64_t n) {
    return base_rng_below(&source->rng, n);
}

/* Any double: whole, with ties, of any magnitude, sometimes not finite. */
static inline double random_double(random_source *source, bool finite) {
    switch (random_below(source, finite ? 4 : 5)) {
    case 0: return (double)random_below(source, 5) - 2;
    case 1: return base_rng_uniform(&source->rng);
    case 2: return base_rng_normal(&source->rng) * 1e3;
    case 3: {
        uint64_t bits = base_rng_u64(&source->rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        return isfinite(value) ? value : -0.0;
    }
    default: {
        static const double odd[] = {NAN, INFINITY, -INFINITY, 5e-324, 1.7976931348623157e308};
        return odd[random_below(source, CHECK_COUNT(odd))];
    }
    }
}

static inline void random_result(random_source *source, hpo_result *result, hpo_failure failure) {
    static const char *const names[] = {"loss", "accuracy", "train/loss", "k\xc3\xb6ln"};
    static const char *const reasons[] = {"killed by signal 9", "", "\xe2\x82\xac \"quoted\"\n\ttab \x01 \\ /",
                                          "\xf0\x9f\x94\xa5 diverged"};
    *result = (hpo_result){.failure = failure, .cost = fabs(random_double(source, true)), .seconds = 0.25};
    if (result->cost > 1e6) result->cost = 3;
    if (random_below(source, 4) == 0) result->reached = 2.5;
    result->notices = (uint32_t)random_below(source, 1 << HPO_NOTICE_COUNT);
    for (size_t i = 0, count = random_below(source, 5); i < count; i++) {
        hpo_metrics_set(&result->metrics, names[i], random_double(source, false));
    }
    if (random_below(source, 4) == 0) {
        static const char *const made[] = {"genotype.json", "\xf0\x9f\xa7\xac \"normal\"\\\n\x7f [1, 2]"};
        assert_true(hpo_result_set_artefact(result, made[random_below(source, CHECK_COUNT(made))]));
    }
    if (failure == HPO_FAILURE_NONE) return;
    result->code = (int)random_below(source, 300) - 40;
    snprintf(result->reason, sizeof result->reason, "%s", reasons[random_below(source, CHECK_COUNT(reasons))]);
}

/* To the millisecond, as journals keep it. */
static inline double random_time(random_source *source) {
    return (double)(1700000000000 + (int64_t)random_below(source, 100000000000)) / 1000;
}

static inline double random_fidelity(uint32_t rung) {
    static const double ladder[] = {1, 3, 9, 27};
    return ladder[rung];
}

static inline hpo_record random_start(random_source *source) {
    static const char *const origins[] = {NULL, "random", "prior", "\xc3\xa9lite"};
    uint64_t id = source->trials++;
    base_err err = {0};
    double *config = BASE_NEW_ARRAY(source->arena, RANDOM_PARAMS, double);
    if (id > 0 && random_chance(source, 0.2)) {
        memcpy(config, source->config[random_below(source, id)], RANDOM_PARAMS * sizeof *config);
    } else {
        CHECK_OK(hpo_space_sample(source->space, &source->rng, config, &err));
    }
    source->config[id] = config;
    hpo_record record = {
        .kind = HPO_RECORD_START,
        .trial = id,
        .bracket = (uint32_t)random_below(source, 5),
        .rung = (uint32_t)random_below(source, 2),
        .as_of = source->events - random_below(source, source->events + 1),
        .parent = UINT64_MAX,
        .seed = base_rng_u64(&source->rng),
        .origin = origins[random_below(source, CHECK_COUNT(origins))],
        .config = config,
    };
    record.fidelity = random_fidelity(record.rung);
    if (id > 0 && random_chance(source, 0.3)) {
        record.parent = random_below(source, id);
        record.from = random_chance(source, 0.5) ? source->trial[record.parent].at : 0;
    }
    source->trial[id] = (random_trial){.running = true, .rung = record.rung, .from = record.from};
    return record;
}

static inline hpo_record random_promote(random_source *source, uint64_t id) {
    random_trial *trial = &source->trial[id];
    trial->rung++;
    trial->from = random_chance(source, 0.8) ? trial->at : 0;
    trial->running = true;
    trial->paused = false;
    return (hpo_record){.kind = HPO_RECORD_PROMOTE,
                        .trial = id,
                        .rung = trial->rung,
                        .fidelity = random_fidelity(trial->rung),
                        .from = trial->from,
                        .as_of = source->events};
}

static inline hpo_record random_ending(random_source *source, uint64_t id, bool report) {
    random_trial *trial = &source->trial[id];
    hpo_record record = {.kind = report ? HPO_RECORD_REPORT : HPO_RECORD_RESULT,
                         .trial = id,
                         .rung = trial->rung,
                         .fidelity = random_fidelity(trial->rung),
                         .value = random_double(source, true),
                         .attempt = (uint32_t)random_below(source, 3),
                         .worker = (uint32_t)random_below(source, 9)};
    hpo_failure failure = HPO_FAILURE_NONE;
    if (report) {
        record.fidelity = random_chance(source, 0.5) ? record.fidelity / 2 : 1;
        record.stop = random_chance(source, 0.15);
        record.open = record.stop && random_chance(source, 0.6);
        if (random_chance(source, 0.1)) record.value = NAN;
    } else if (random_chance(source, 0.3)) {
        failure = (hpo_failure)(1 + random_below(source, HPO_FAILURE_COUNT - 1));
        record.value = NAN;
    }
    random_result(source, &record.result, failure);
    if (failure == HPO_FAILURE_NONE && random_chance(source, 0.3)) {
        record.result.metrics = (hpo_metrics){0};
        hpo_metrics_set(&record.result.metrics, "loss", record.value);
    }
    if (report && !record.stop) return record;
    if (!report) record.final = trial->rung == 3 || random_chance(source, 0.2);
    trial->running = false;
    trial->open = report && record.open;
    trial->at = record.fidelity;
    trial->paused = !report && failure == HPO_FAILURE_NONE && !record.final;
    return record;
}

/* The next record of a study of at most `most` trials. */
static inline hpo_record random_next(random_source *source, uint64_t most) {
    hpo_record record = {0};
    for (;;) {
        bool start = source->trials == 0 || (source->trials < most && random_chance(source, 0.3));
        if (start) {
            record = random_start(source);
            break;
        }
        uint64_t id = random_below(source, source->trials);
        random_trial *trial = &source->trial[id];
        if (trial->running) {
            record = random_ending(source, id, random_chance(source, 0.4));
            break;
        }
        if (trial->open && random_chance(source, 0.5)) {
            record = random_ending(source, id, false);
            break;
        }
        if (trial->paused && trial->rung < 3 && random_chance(source, 0.7)) {
            record = random_promote(source, id);
            break;
        }
        if (trial->paused || trial->open) {
            trial->paused = trial->open = false;
            record = (hpo_record){.kind = HPO_RECORD_CLOSE, .trial = id};
            break;
        }
        if (source->trials < most) continue;
        bool open = false;
        for (uint64_t i = 0; i < source->trials; i++)
            open |= source->trial[i].running || source->trial[i].paused || source->trial[i].open;
        if (!open) {
            record.trial = UINT64_MAX; /* nothing can follow */
            return record;
        }
    }
    source->events++;
    record.at = random_time(source);
    return record;
}

#endif
