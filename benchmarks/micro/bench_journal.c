/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a trial costs the journal and the history: full-fidelity trials in five parameters, each START and each RESULT
 * flushed by itself as the controller does, then read back. bench_journal [TRIALS] [FILE] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "hpo/trials/history.h"
#include "hpo/trials/journal.h"

enum { PARAMS = 5 };

static void check(base_status status, const base_err *err) {
    if (status == BASE_OK) return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static hpo_space *make_space(void) {
    static const hpo_value optimizers[] = {{.kind = HPO_VALUE_TEXT, .text = "adam"},
                                           {.kind = HPO_VALUE_TEXT, .text = "sgd"},
                                           {.kind = HPO_VALUE_TEXT, .text = "rmsprop"}};
    const hpo_param params[PARAMS] = {
        {.name = "learning_rate", .kind = HPO_FLOAT, .scale = HPO_LOG, .min = 1e-5, .max = 0.1},
        {.name = "momentum", .kind = HPO_FLOAT, .min = 0, .max = 1},
        {.name = "layers", .kind = HPO_INT, .min = 1, .max = 6, .step = 1},
        {.name = "optimizer", .kind = HPO_CATEGORICAL, .n_choices = 3, .choices = optimizers},
        {.name = "weight_decay", .kind = HPO_FLOAT, .scale = HPO_LOG, .min = 1e-6, .max = 0.1},
    };
    base_err err = {0};
    hpo_space *space = hpo_space_create();
    for (size_t i = 0; i < PARAMS; i++) check(hpo_space_add(space, &params[i], &err), &err);
    check(hpo_space_seal(space, &err), &err);
    return space;
}

static hpo_journal *open_journal(const char *path, const hpo_space *space) {
    const hpo_journal_head head = {.study = "bench",
                                   .identity = "bench_journal",
                                   .program = "bench_journal",
                                   .integer_steps = true,
                                   .stale_after = 30};
    base_err err = {0};
    hpo_journal *journal = NULL;
    check(hpo_journal_open(path, &head, space, &journal, &err), &err);
    return journal;
}

static void write_trial(hpo_journal *journal, uint64_t id, const double *config, bool flush) {
    base_err err = {0};
    double loss = sin((double)id);
    hpo_entry start = {.record = {.kind = HPO_RECORD_START,
                                  .trial = id,
                                  .fidelity = 1,
                                  .as_of = 2 * id,
                                  .parent = UINT64_MAX,
                                  .seed = base_rng_derive(1, BASE_RNG_SEED, (uint32_t)id),
                                  .origin = "random",
                                  .config = config}};
    hpo_entry result = {
        .record = {.kind = HPO_RECORD_RESULT, .trial = id, .fidelity = 1, .value = loss, .final = true, .worker = 1}};
    result.record.result.cost = 1;
    result.record.result.seconds = 1.234e-5 * (double)id;
    hpo_metrics_set(&result.record.result.metrics, "loss", loss);
    hpo_journal_append(journal, &start);
    if (flush) check(hpo_journal_flush(journal, &err), &err);
    hpo_journal_append(journal, &result);
    if (flush) check(hpo_journal_flush(journal, &err), &err);
}

static base_status count_entry(void *self, const hpo_entry *entry, base_err *err) {
    (void)entry, (void)err;
    ++*(size_t *)self;
    return BASE_OK;
}

static base_status apply_entry(void *self, const hpo_entry *entry, base_err *err) {
    return entry->kind == HPO_ENTRY_RECORD ? hpo_history_apply(self, &entry->record, err) : BASE_OK;
}

static double resident_mb(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void measure_reading(const char *path, const hpo_space *space) {
    base_err err = {0};
    struct stat info;
    size_t entries = 0;
    hpo_journal *journal = open_journal(path, space);
    double began = base_monotonic();
    check(hpo_journal_replay(journal, count_entry, &entries, &err), &err);
    double seconds = base_monotonic() - began;
    if (stat(path, &info) == 0) {
        printf("read:           %.3f s, %.0f MB/s, %zu entries\n", seconds, (double)info.st_size / 1e6 / seconds,
               entries);
    }
    hpo_history *history = hpo_history_create(space, false, 1);
    double before = resident_mb();
    began = base_monotonic();
    check(hpo_journal_replay(journal, apply_entry, history, &err), &err);
    printf("read and apply: %.3f s, the history takes %.1f MB\n", base_monotonic() - began, resident_mb() - before);
    hpo_history_destroy(history);
    check(hpo_journal_close(journal, &err), &err);
}

int main(int argc, char **argv) {
    size_t trials = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    const char *path = argc > 2 ? argv[2] : "bench_journal.log";
    base_err err = {0};
    hpo_space *space = make_space();
    double *configs = base_calloc(trials, PARAMS * sizeof *configs);
    base_rng rng = base_rng_stream(1, BASE_RNG_SAMPLER, 0, 0);
    for (size_t i = 0; i < trials; i++) check(hpo_space_sample(space, &rng, configs + PARAMS * i, &err), &err);
    for (int flush = 0; flush < 2; flush++) {
        unlink(path);
        hpo_journal *journal = open_journal(path, space);
        double began = base_monotonic();
        for (size_t i = 0; i < trials; i++) {
            write_trial(journal, i, configs + PARAMS * i, flush);
            if (!flush && i % 1000 == 999) check(hpo_journal_flush(journal, &err), &err);
        }
        double each = (base_monotonic() - began) / (double)trials * 1e6;
        printf("write, %-8s %.2f us a trial\n", flush ? "single:" : "grouped:", each);
        check(hpo_journal_close(journal, &err), &err);
    }
    measure_reading(path, space);
    unlink(path);
    free(configs);
    hpo_space_destroy(space);
    return 0;
}
