/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scores by adding up batches, and the area under the ROC curve by ranks (J. A. Hanley, B. J. McNeil, "The Meaning and
 * Use of the Area under a Receiver Operating Characteristic (ROC) Curve", Radiology 143, 1982). */
#include "engine/train/scores.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

static bool two_classes(const eng_scorer *scorer) {
    return scorer->task == ENG_BINARY || (scorer->task == ENG_MULTICLASS && scorer->outputs == 2);
}

eng_scorer eng_scorer_begin(eng_task task, size_t outputs, double unit) {
    return (eng_scorer){.task = task, .outputs = outputs, .unit = unit};
}

static size_t largest(const float *out, size_t outputs) {
    size_t best = 0;
    for (size_t c = 1; c < outputs; c++)
        if (out[c] > out[best]) best = c;
    return best;
}

static void add_classes(eng_scorer *s, const eng_batch *batch, const float *out) {
    bool binary = s->task == ENG_BINARY;
    for (size_t i = 0; i < batch->n; i++, out += s->outputs) {
        size_t label = binary ? batch->values[i] > 0.5f : (size_t)batch->labels[i];
        s->wrong += (binary ? (size_t)(out[0] > 0) : largest(out, s->outputs)) != label;
        if (s->ranked) s->ranked[s->count + i] = (eng_ranked){binary ? out[0] : out[1] - out[0], label == 1};
    }
}

static void add_numbers(eng_scorer *s, const eng_batch *batch, const float *out) {
    for (size_t i = 0; i < batch->n * s->outputs; i++) {
        double difference = s->unit * ((double)out[i] - (double)batch->values[i]);
        s->square += difference * difference;
        s->absolute += fabs(difference);
    }
}

void eng_scorer_add(eng_scorer *scorer, const eng_batch *batch, double loss, const float *out) {
    if (two_classes(scorer)) BASE_GROW(scorer->ranked, scorer->capacity, scorer->count + batch->n);
    scorer->loss += loss * (double)batch->n;
    if (scorer->task == ENG_REGRESSION)
        add_numbers(scorer, batch, out);
    else
        add_classes(scorer, batch, out);
    scorer->count += batch->n;
}

eng_scores eng_scorer_end(eng_scorer *scorer) {
    const double n = (double)scorer->count, none = (double)NAN;
    bool numbers = scorer->task == ENG_REGRESSION;
    const eng_scores scores = {
        .loss = scorer->loss / n,
        .error = numbers ? none : scorer->wrong / n,
        .auc = two_classes(scorer) ? eng_auc(scorer->ranked, scorer->count) : none,
        .mse = numbers ? scorer->square / (n * (double)scorer->outputs) : none,
        .mae = numbers ? scorer->absolute / (n * (double)scorer->outputs) : none,
    };
    free(scorer->ranked);
    scorer->ranked = NULL;
    return scores;
}

static int by_score(const void *a, const void *b) {
    const eng_ranked *x = a, *y = b;
    return x->score < y->score ? -1 : x->score > y->score;
}

double eng_auc(eng_ranked *items, size_t count) {
    double positives = 0, rank_sum = 0;
    if (count) qsort(items, count, sizeof *items, by_score);
    for (size_t i = 0, next; i < count; i = next) {
        double tied = 0;
        for (next = i; next < count && items[next].score == items[i].score; next++) tied += items[next].positive;
        if (next == i) return (double)NAN; /* a score that is not even equal to itself */
        positives += tied;
        rank_sum += tied * ((double)(i + 1) + (double)next) / 2;
    }
    double negatives = (double)count - positives;
    if (positives == 0 || negatives == 0) return (double)NAN;
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}
