/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters belong to an operation by their names, "cell3.e5.sep_conv_3x3.something", which stand side by side in the
 * list. Windows follow each other: after `steps` steps the means are judged and begin anew. */
#include "nas/agreement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PADDED = 16 }; /* floats: where parameters begin; what lies between is zero and stays so */

/* What a checkpoint holds of an operation. */
typedef struct tally {
    double sum;     /* of its cosines in this window */
    uint64_t count; /* of them: an operation that a pass leaves out has none */
    uint64_t frozen;
} tally;

typedef struct learner {
    const char *name;
    size_t first, end; /* indices of its parameters */
} learner;

struct nas_agreement {
    base_arena *arena;
    size_t steps;
    double threshold;
    const eng_kernels *kernels;
    eng_params *params;
    eng_optimizer *optimizer;
    eng_param_range range;
    learner *learners;
    tally *tallies;
    size_t count;
    uint64_t taken; /* steps of this window */
    float *valid;   /* gradients by the validation batch */
    bool seen;
    eng_span *spans; /* of what is frozen */
};

/* ---- life ---- */

/* Length of "cell3.e5.sep_conv_3x3" in the name of a weight that belongs to an operation on an edge; else 0. */
static size_t operation_in(const char *name) {
    const char *edge = strchr(name, '.');
    if (strncmp(name, "cell", 4) != 0 || !edge || edge[1] != 'e' || edge[2] < '0' || edge[2] > '9') return 0;
    const char *operation = strchr(edge + 1, '.');
    const char *end = operation ? strchr(operation + 1, '.') : NULL;
    return end ? (size_t)(end - name) : 0;
}

static bool is_weight(const eng_param *param) {
    return param->group == NAS_GROUP_WEIGHTS && !(param->flags & ENG_PARAM_STATE);
}

static void find_learners(nas_agreement *a) {
    const size_t params = eng_params_count(a->params);
    a->learners = BASE_NEW_ARRAY(a->arena, params, learner);
    for (size_t i = 0; i < params; i++) {
        const eng_param *p = eng_params_at(a->params, i);
        const size_t length = operation_in(p->name);
        if (length == 0 || !is_weight(p)) continue;
        learner *last = a->count > 0 ? &a->learners[a->count - 1] : NULL;
        if (!last || strlen(last->name) != length || strncmp(last->name, p->name, length) != 0) {
            last = &a->learners[a->count++];
            *last = (learner){.name = base_arena_printf(a->arena, "%.*s", (int)length, p->name), .first = i};
        }
        last->end = i + 1;
    }
}

base_status nas_agreement_create(size_t steps, double threshold, nas_supernet *net, eng_optimizer *weights,
                                 nas_agreement **out, base_err *err) {
    base_arena *arena = base_arena_create();
    nas_agreement *a = BASE_NEW(arena, nas_agreement);
    void *valid = NULL;
    *a = (nas_agreement){
        .arena = arena,
        .steps = steps,
        .threshold = threshold,
        .kernels = nas_supernet_kernels(net),
        .params = nas_supernet_params(net),
        .optimizer = weights,
    };
    a->range = eng_params_group(a->params, NAS_GROUP_WEIGHTS);
    find_learners(a);
    a->tallies = BASE_NEW_ARRAY(arena, a->count + 1, tally);
    a->spans = BASE_NEW_ARRAY(arena, eng_params_count(a->params), eng_span);
    const base_status status = eng_alloc((a->range.end - a->range.first) * sizeof(float), &valid, err);
    a->valid = valid;
    if (status != BASE_OK) {
        nas_agreement_destroy(a);
        a = NULL;
    }
    *out = a;
    return status;
}

void nas_agreement_destroy(nas_agreement *a) {
    if (!a) return;
    eng_free(a->valid);
    base_arena_destroy(a->arena);
}

/* ---- freezing ---- */

static int by_place(const void *a, const void *b) {
    const eng_span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Tells the optimizer what it must leave alone, in the order in which it lies in memory. */
static void apply(nas_agreement *a) {
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t p = a->learners[i].first; a->tallies[i].frozen && p < a->learners[i].end; p++) {
            const eng_param *param = eng_params_at(a->params, p);
            if (is_weight(param))
                a->spans[count++] =
                    (eng_span){param->offset, (param->offset + param->count + PADDED - 1) / PADDED * PADDED};
        }
    qsort(a->spans, count, sizeof *a->spans, by_place);
    eng_optimizer_freeze(a->optimizer, a->spans, count);
}

void nas_agreement_freeze(nas_agreement *a, size_t index) {
    a->tallies[index].frozen = 1;
    apply(a);
}

/* The window is full. */
static void judge(nas_agreement *a) {
    bool changed = false;
    for (size_t i = 0; i < a->count; i++) {
        tally *t = &a->tallies[i];
        const bool freeze = !t->frozen && t->count > 0 && t->sum / (double)t->count < a->threshold;
        *t = (tally){.frozen = t->frozen || freeze};
        changed = changed || freeze;
    }
    a->taken = 0;
    if (changed) apply(a);
}

/* ---- gradients ---- */

double nas_cosine(const eng_kernels *kernels, size_t count, const float *a, const float *b) {
    const double norms = sqrt(kernels->sum_squares(count, a)) * sqrt(kernels->sum_squares(count, b));
    return norms > 0 ? kernels->dot(count, a, b) / norms : (double)NAN;
}

void nas_agreement_valid(nas_agreement *a) {
    memcpy(a->valid, eng_params_gradients(a->params) + a->range.first,
           (a->range.end - a->range.first) * sizeof *a->valid);
    a->seen = true;
}

void nas_agreement_forget(nas_agreement *a) {
    a->seen = false;
}

/* The mean over its tensors; NaN when it was left out of a pass. */
static double cosine_of(const nas_agreement *a, const learner *l) {
    const float *train = eng_params_gradients(a->params);
    double sum = 0;
    size_t count = 0;
    for (size_t i = l->first; i < l->end; i++) {
        const eng_param *p = eng_params_at(a->params, i);
        if (!is_weight(p)) continue;
        const double cosine =
            nas_cosine(a->kernels, p->count, train + p->offset, a->valid + p->offset - a->range.first);
        if (isnan(cosine)) continue;
        sum += cosine;
        count++;
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

void nas_agreement_train(nas_agreement *a) {
    if (!a->seen) return;
    a->seen = false;
    for (size_t i = 0; i < a->count; i++) {
        const double cosine = a->tallies[i].frozen ? (double)NAN : cosine_of(a, &a->learners[i]);
        if (isnan(cosine)) continue;
        a->tallies[i].sum += cosine;
        a->tallies[i].count++;
    }
    if (++a->taken == a->steps) judge(a);
}

/* ---- reading ---- */

size_t nas_agreement_operations(const nas_agreement *a) {
    return a->count;
}

size_t nas_agreement_frozen(const nas_agreement *a) {
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++) count += a->tallies[i].frozen != 0;
    return count;
}

const char *nas_agreement_name(const nas_agreement *a, size_t index) {
    return a->learners[index].name;
}

double nas_agreement_mean(const nas_agreement *a, size_t index) {
    const tally *t = &a->tallies[index];
    return t->count > 0 ? t->sum / (double)t->count : (double)NAN;
}

bool nas_agreement_is_frozen(const nas_agreement *a, size_t index) {
    return a->tallies[index].frozen != 0;
}

/* ---- sections ---- */

static const char TALLIES[] = "agreement", TAKEN[] = "steps of agreement";
enum { VERSION = 1 };

void nas_agreement_put(const nas_agreement *a, eng_sections *to) {
    eng_sections_put(to, TALLIES, VERSION, a->tallies, a->count * sizeof *a->tallies);
    eng_sections_put(to, TAKEN, VERSION, &a->taken, sizeof a->taken);
}

base_status nas_agreement_fit(const nas_agreement *a, const eng_sections *from, base_err *err) {
    BASE_TRY(eng_sections_expect(from, TALLIES, VERSION, a->count * sizeof *a->tallies, err));
    return eng_sections_expect(from, TAKEN, VERSION, sizeof a->taken, err);
}

base_status nas_agreement_read(nas_agreement *a, const eng_sections *from, base_err *err) {
    BASE_TRY(eng_sections_take(from, TALLIES, VERSION, a->tallies, a->count * sizeof *a->tallies, err));
    BASE_TRY(eng_sections_take(from, TAKEN, VERSION, &a->taken, sizeof a->taken, err));
    a->seen = false;
    apply(a);
    return BASE_OK;
}
