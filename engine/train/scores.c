/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scores by adding up batches, and the area under the ROC curve by ranks (J. A. Hanley, B. J. McNeil, "The Meaning and
 * Use of the Area under a Receiver Operating Characteristic (ROC) Curve", Radiology 143, 1982).
 *
 * Calibration error: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 3, with M = 15 bins of
 * equal width of the answer's probability. F1: macro-averaged over the classes that a sample has or was given. */
#include "engine/train/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static bool two_classes(const eng_scorer *scorer) {
    return scorer->task == ENG_BINARY || (scorer->task == ENG_MULTICLASS && scorer->outputs == 2);
}

static size_t classes_of(eng_task task, size_t outputs) {
    return task == ENG_MULTICLASS ? outputs : task == ENG_BINARY ? 2 : 0;
}

eng_scorer eng_scorer_begin(eng_task task, size_t outputs, double unit) {
    eng_scorer scorer = {.task = task, .outputs = outputs, .unit = unit};
    scorer.classes = base_calloc(classes_of(task, outputs) + 1, sizeof *scorer.classes);
    return scorer;
}

static size_t largest(const float *out, size_t outputs) {
    size_t best = 0;
    for (size_t c = 1; c < outputs; c++)
        if (out[c] > out[best]) best = c;
    return best;
}

/* The probability of the largest output. */
static double confidence_of(const float *out, size_t outputs, size_t best) {
    double sum = 0;
    for (size_t c = 0; c < outputs; c++) sum += exp((double)out[c] - (double)out[best]);
    return 1 / sum;
}

/* Outputs that are larger than the label's, or as large and before it: its rank. */
static size_t rank_of(const float *out, size_t outputs, size_t label) {
    size_t rank = 0;
    for (size_t c = 0; c < outputs; c++) rank += out[c] > out[label] || (out[c] == out[label] && c < label);
    return rank;
}

static void count_answer(eng_scorer *s, size_t label, size_t answer, double confidence) {
    s->classes[label].label++;
    s->classes[answer].answer++;
    s->classes[label].right += label == answer;
    if (!(confidence >= 0)) return; /* NaN: the loss tells */
    size_t bin = (size_t)(confidence * ENG_SCORE_BINS);
    eng_score_bin *b = &s->bins[bin < ENG_SCORE_BINS ? bin : ENG_SCORE_BINS - 1];
    b->count++;
    b->confidence += confidence;
    b->right += label == answer;
}

static void add_answers(eng_scorer *s, const eng_batch *batch, const float *out) {
    for (size_t i = 0; i < batch->n; i++, out += s->outputs) {
        size_t label = (size_t)batch->labels[i], answer = largest(out, s->outputs);
        s->wrong += answer != label;
        s->wrong5 += rank_of(out, s->outputs, label) >= 5;
        count_answer(s, label, answer, confidence_of(out, s->outputs, answer));
        if (s->ranked) s->ranked[s->count + i] = (eng_ranked){out[1] - out[0], label == 1};
    }
}

static void add_yes_and_no(eng_scorer *s, const eng_batch *batch, const float *out) {
    for (size_t i = 0; i < batch->n; i++, out += s->outputs) {
        size_t label = batch->values[i] > 0.5f, answer = out[0] > 0;
        s->wrong += answer != label;
        count_answer(s, label, answer, 1 / (1 + exp(-fabs((double)out[0]))));
        s->ranked[s->count + i] = (eng_ranked){out[0], label == 1};
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
    else if (scorer->task == ENG_BINARY)
        add_yes_and_no(scorer, batch, out);
    else
        add_answers(scorer, batch, out);
    scorer->count += batch->n;
}

static double mean_f1(const eng_scorer *s) {
    double sum = 0, present = 0;
    for (size_t c = 0; c < classes_of(s->task, s->outputs); c++) {
        const eng_class_count *k = &s->classes[c];
        if (k->label + k->answer == 0) continue;
        sum += 2 * (double)k->right / (double)(k->label + k->answer);
        present++;
    }
    return sum / present;
}

static double calibration_error(const eng_scorer *s) {
    double sum = 0;
    for (size_t b = 0; b < ENG_SCORE_BINS; b++) sum += fabs(s->bins[b].right - s->bins[b].confidence);
    return sum / (double)s->count;
}

void eng_scores_set(eng_scores *scores, const char *name, double value) {
    eng_score *at = scores->score;
    while (at < scores->score + scores->count && strcmp(at->name, name) != 0) at++;
    if (at == scores->score + scores->count) {
        BASE_ASSERT(scores->count < ENG_SCORES_MAX && strlen(name) < ENG_SCORE_NAME);
        memcpy(at->name, name, strlen(name) + 1);
        scores->count++;
    }
    at->value = value;
}

double eng_scores_get(const eng_scores *scores, const char *name) {
    for (size_t i = 0; i < scores->count; i++)
        if (strcmp(scores->score[i].name, name) == 0) return scores->score[i].value;
    return (double)NAN;
}

static void score_answers(const eng_scorer *s, eng_scores *out) {
    const double n = (double)s->count;
    eng_scores_set(out, "error", s->wrong / n);
    eng_scores_set(out, "loss", s->loss / n);
    if (two_classes(s)) eng_scores_set(out, "auc", eng_auc(s->ranked, s->count));
    if (s->outputs > 5) eng_scores_set(out, "error_top5", s->wrong5 / n);
    eng_scores_set(out, "f1", mean_f1(s));
    eng_scores_set(out, "ece", calibration_error(s));
}

static void score_numbers(const eng_scorer *s, eng_scores *out) {
    const double n = (double)s->count;
    eng_scores_set(out, "loss", s->loss / n);
    eng_scores_set(out, "mse", s->square / (n * (double)s->outputs));
    eng_scores_set(out, "mae", s->absolute / (n * (double)s->outputs));
}

eng_scores eng_scorer_end(eng_scorer *scorer) {
    eng_scores scores = {0};
    if (scorer->task == ENG_REGRESSION)
        score_numbers(scorer, &scores);
    else
        score_answers(scorer, &scores);
    free(scorer->ranked);
    free(scorer->classes);
    scorer->ranked = NULL;
    scorer->classes = NULL;
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
