/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies of blocks of floats, one behind the other: a snapshot is the values, then the two moments of Adam. */
#include "nas/snapshots.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

typedef struct label {
    uint64_t epoch; /* counted from 1; 0: nothing is there */
    uint64_t steps; /* of the alphas' optimizer */
} label;

struct nas_snapshots {
    eng_params *params;
    eng_optimizer *weights, *alphas;
    size_t most, values, moment, length; /* floats: of the values, of a moment, of a snapshot */
    label *labels;
    float *blocks;
};

/* ---- life ---- */

base_status nas_snapshots_create(size_t most, nas_supernet *net, nas_problem *problem, nas_snapshots **out,
                                 base_err *err) {
    nas_snapshots *s = base_calloc(1, sizeof *s);
    void *blocks = NULL;
    *s = (nas_snapshots){
        .params = nas_supernet_params(net),
        .weights = nas_problem_optimizer(problem, NAS_WEIGHTS),
        .alphas = nas_problem_optimizer(problem, NAS_ALPHAS),
        .most = most,
    };
    s->values = eng_params_size(s->params);
    s->moment = eng_optimizer_size(s->alphas);
    s->length = s->values + eng_optimizer_slots(s->alphas) * s->moment;
    s->labels = base_calloc(most, sizeof *s->labels);
    const base_status status = eng_alloc(most * s->length * sizeof(float), &blocks, err);
    s->blocks = blocks;
    if (status != BASE_OK) {
        nas_snapshots_destroy(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void nas_snapshots_destroy(nas_snapshots *s) {
    if (!s) return;
    eng_free(s->blocks);
    free(s->labels);
    free(s);
}

size_t nas_snapshot_bytes(size_t block, size_t alphas) {
    return block + 2 * alphas * sizeof(float);
}

/* ---- taking and restoring ---- */

static float *at(const nas_snapshots *s, size_t index) {
    return s->blocks + index * s->length;
}

static size_t oldest(const nas_snapshots *s) {
    size_t found = 0;
    for (size_t i = 1; i < s->most; i++)
        if (s->labels[i].epoch < s->labels[found].epoch) found = i;
    return found;
}

void nas_snapshots_take(nas_snapshots *s, size_t epoch) {
    const size_t place = oldest(s);
    float *to = at(s, place);
    memcpy(to, eng_params_values(s->params), s->values * sizeof *to);
    for (size_t k = 0; k < eng_optimizer_slots(s->alphas); k++)
        memcpy(to + s->values + k * s->moment, eng_optimizer_slot(s->alphas, k), s->moment * sizeof *to);
    s->labels[place] = (label){.epoch = epoch + 1, .steps = eng_optimizer_steps(s->alphas)};
}

void nas_snapshots_restore(nas_snapshots *s, size_t epoch) {
    size_t place = 0;
    while (place < s->most && s->labels[place].epoch != epoch + 1) place++;
    BASE_ASSERT(place < s->most);
    const float *from = at(s, place);
    memcpy(eng_params_values(s->params), from, s->values * sizeof *from);
    for (size_t k = 0; k < eng_optimizer_slots(s->alphas); k++)
        memcpy(eng_optimizer_slot(s->alphas, k), from + s->values + k * s->moment, s->moment * sizeof *from);
    eng_optimizer_set_steps(s->alphas, s->labels[place].steps);
    memset(eng_optimizer_slot(s->weights, 0), 0, eng_optimizer_size(s->weights) * sizeof *from);
    for (size_t i = 0; i < s->most; i++)
        if (s->labels[i].epoch > epoch + 1) s->labels[i] = (label){0};
}

/* ---- sections ---- */

static const char LABELS[] = "snapshots", VALUES[] = "values of snapshots";
enum { VERSION = 1 };

static size_t count_of(const label *labels, size_t most) {
    size_t count = 0;
    for (size_t i = 0; i < most; i++) count += labels[i].epoch > 0;
    return count;
}

void nas_snapshots_put(const nas_snapshots *s, eng_sections *to) {
    const size_t bytes = s->length * sizeof *s->blocks;
    eng_sections_put(to, LABELS, VERSION, s->labels, s->most * sizeof *s->labels);
    eng_sections_begin(to, VALUES, VERSION, count_of(s->labels, s->most) * bytes);
    for (size_t i = 0; i < s->most; i++)
        if (s->labels[i].epoch > 0) eng_sections_write(to, at(s, i), bytes);
}

base_status nas_snapshots_fit(const nas_snapshots *s, const eng_sections *from, base_err *err) {
    label *labels = base_calloc(s->most, sizeof *labels);
    const size_t bytes = s->length * sizeof *s->blocks;
    base_status status = eng_sections_take(from, LABELS, VERSION, labels, s->most * sizeof *labels, err);
    if (status == BASE_OK) status = eng_sections_expect(from, VALUES, VERSION, count_of(labels, s->most) * bytes, err);
    free(labels);
    return status;
}

base_status nas_snapshots_read(nas_snapshots *s, const eng_sections *from, base_err *err) {
    const eng_section *section = eng_sections_find(from, VALUES);
    const size_t bytes = s->length * sizeof *s->blocks;
    uint64_t offset = 0;
    BASE_TRY(eng_sections_take(from, LABELS, VERSION, s->labels, s->most * sizeof *s->labels, err));
    for (size_t i = 0; i < s->most; i++) {
        if (s->labels[i].epoch == 0) continue;
        BASE_TRY(eng_sections_read(from, section, offset, at(s, i), bytes, err));
        offset += bytes;
    }
    return BASE_OK;
}
