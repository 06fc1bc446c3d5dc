/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a suggestion takes: bench_suggest SAMPLER [DIMENSIONS [SUGGESTIONS [OPTIONS]]] with 100, 1000 and 10,000
 * results; OPTIONS as in a study file, e.g. "{acquisition: nei}".
 *
 * A quadratic in the unit cube; every suggestion is told before the next, so that each one pays for a new model. Prints
 * the median and the worst in microseconds of processor time. Run it on a quiet machine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "benchmarks/micro/alone.h"
#include "base/arena.h"
#include "hpo/samplers/sampler.h"

enum { MAX_DIMS = 1000, MAX_SUGGESTIONS = 1000 };

/* The processor's: who waits for a turn has not worked. */
static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static hpo_space *make_cube(size_t dims) {
    hpo_space *space = hpo_space_create();
    for (size_t i = 0; i < dims; i++) {
        const hpo_param param = {
            .name = base_arena_printf(hpo_space_arena(space), "x%zu", i), .kind = HPO_FLOAT, .min = 0, .max = 1};
        if (hpo_space_add(space, &param, NULL) != BASE_OK) abort();
    }
    if (hpo_space_seal(space, NULL) != BASE_OK) abort();
    return space;
}

/* A trial that starts and ends. */
static void tell(hpo_history *history, const double *config, size_t dims) {
    const hpo_view view = hpo_history_view(history);
    double loss = 0;
    for (size_t i = 0; i < dims; i++) loss += (config[i] - 0.3) * (config[i] - 0.3);
    hpo_record record = {.kind = HPO_RECORD_START,
                         .trial = hpo_view_trials(view),
                         .fidelity = 1,
                         .as_of = view.as_of,
                         .parent = UINT64_MAX,
                         .config = config};
    if (hpo_history_apply(history, &record, NULL) != BASE_OK) abort();
    record.kind = HPO_RECORD_RESULT;
    record.value = loss;
    record.final = true;
    record.result = (hpo_result){.cost = 1, .seconds = 1 + config[0]};
    if (hpo_history_apply(history, &record, NULL) != BASE_OK) abort();
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(const hpo_sampler_type *type, const base_yaml_node *options, size_t dims, size_t n,
                   size_t suggestions) {
    static double config[MAX_DIMS], times[MAX_SUGGESTIONS];
    base_err err;
    hpo_space *space = make_cube(dims);
    const hpo_sampler_env env = {.space = space, .seed = 1, .min_fidelity = 1, .max_fidelity = 1};
    hpo_sampler *sampler;
    if (hpo_sampler_create(type, options, &env, &sampler, &err) != BASE_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    hpo_history *history = hpo_history_create(space, false, 1);
    base_rng rng = base_rng_stream(1, BASE_RNG_PROBLEM, 0, 0);
    for (size_t i = 0; i < n; i++) {
        if (hpo_space_sample(space, &rng, config, NULL) != BASE_OK) abort();
        tell(history, config, dims);
    }
    for (size_t i = 0; i < suggestions + 1; i++) { /* the first one reads the history */
        const hpo_view view = hpo_history_view(history);
        const hpo_request request = {.trial = hpo_view_trials(view), .fidelity = 1};
        const char *origin;
        const double start = now_us();
        if (hpo_sampler_ask(sampler, view, &request, config, &origin, &err) != BASE_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        if (i > 0) times[i - 1] = now_us() - start;
        tell(history, config, dims);
    }
    qsort(times, suggestions, sizeof *times, compare);
    printf("%-10s d %4zu  n %6zu  median %10.1f us  worst %10.1f us\n", type->name, dims, n, times[suggestions / 2],
           times[suggestions - 1]);
    hpo_history_destroy(history);
    hpo_sampler_destroy(sampler);
    hpo_space_destroy(space);
    return 0;
}

int main(int argc, char **argv) {
    micro_alone(argv);
    const hpo_sampler_type *type = argc > 1 ? hpo_sampler_find(argv[1]) : NULL;
    const size_t dims = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
    const size_t suggestions = argc > 3 ? strtoul(argv[3], NULL, 10) : 51;
    base_arena *arena = base_arena_create();
    base_yaml_node *options = NULL;
    base_err err;
    if (argc > 4 && base_yaml_parse(arena, "OPTIONS", argv[4], strlen(argv[4]), &options, &err) != BASE_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    if (!type || dims < 1 || dims > MAX_DIMS || suggestions < 1 || suggestions > MAX_SUGGESTIONS) {
        fprintf(stderr, "usage: bench_suggest SAMPLER [DIMENSIONS, at most %d [SUGGESTIONS, at most %d [OPTIONS]]]\n",
                MAX_DIMS, MAX_SUGGESTIONS);
        return 2;
    }
    for (size_t n = 100; n <= 10000; n *= 10) {
        if (measure(type, options, dims, n, suggestions) != 0) return 1;
    }
    base_arena_destroy(arena);
    return 0;
}
