/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What trainings consist of, as sections of a file. Fields lie there as 8 bytes each in the order of the lists below;
 * blocks of floats as they lie in memory. What says whether a block belongs here (names and shapes of parameters, the
 * rule of an optimizer) is a hash in front of it. */
#include "engine/train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"

enum { VERSION = 1 }; /* of each of these sections */

void eng_progress_fini(eng_progress *progress) {
    free(progress->history);
    *progress = (eng_progress){0};
}

/* ---- progress ---- */

typedef struct packed_progress {
    uint64_t epoch, batch, seen, waited, best_epoch, stopped;
    double loss_sum, seconds, best;
} packed_progress;
_Static_assert(sizeof(packed_progress) == 9 * 8, "no padding");

typedef struct packed_epoch {
    uint64_t epoch, valid, figures; /* the last two: how many scores of each follow */
    double train_loss, learning_rate, seconds;
} packed_epoch;
_Static_assert(sizeof(packed_epoch) == 6 * 8 && sizeof(eng_score) == ENG_SCORE_NAME + 8, "no padding");

static uint64_t history_length(const eng_progress *p) {
    uint64_t length = 0;
    for (size_t i = 0; i < p->epochs; i++)
        length += sizeof(packed_epoch) + (p->history[i].valid.count + p->history[i].figures.count) * sizeof(eng_score);
    return length;
}

static void put_epoch(eng_sections *to, const eng_epoch *e) {
    const packed_epoch packed = {
        .epoch = e->epoch,
        .valid = e->valid.count,
        .figures = e->figures.count,
        .train_loss = e->train_loss,
        .learning_rate = e->learning_rate,
        .seconds = e->seconds,
    };
    eng_sections_write(to, &packed, sizeof packed);
    eng_sections_write(to, e->valid.score, e->valid.count * sizeof *e->valid.score);
    eng_sections_write(to, e->figures.score, e->figures.count * sizeof *e->figures.score);
}

void eng_checkpoint_put_progress(eng_sections *to, const eng_progress *progress) {
    const eng_progress *p = progress;
    const packed_progress packed = {
        .epoch = p->epoch,
        .batch = p->batch,
        .seen = p->seen,
        .waited = p->stop.waited,
        .best_epoch = p->stop.best_epoch,
        .stopped = p->stop.stopped,
        .loss_sum = p->loss_sum,
        .seconds = p->seconds,
        .best = p->stop.best,
    };
    eng_sections_put(to, "progress", VERSION, &packed, sizeof packed);
    eng_sections_begin(to, "history", VERSION, history_length(p));
    for (size_t i = 0; i < p->epochs; i++) put_epoch(to, &p->history[i]);
}

/* The next part of a section; what does not lie in it is not ours. */
typedef struct cursor {
    const eng_sections *from;
    const eng_section *section;
    uint64_t at;
} cursor;

static base_status next(cursor *c, void *bytes, uint64_t length, base_err *err) {
    if (length > c->section->length - c->at)
        return BASE_FAIL(err, BASE_INVALID, "section '%s' of checkpoint %s ends too early", c->section->name,
                         eng_sections_path(c->from));
    BASE_TRY(eng_sections_read(c->from, c->section, c->at, bytes, (size_t)length, err));
    c->at += length;
    return BASE_OK;
}

static base_status next_scores(cursor *c, uint64_t count, eng_scores *out, base_err *err) {
    if (count > ENG_SCORES_MAX)
        return BASE_FAIL(err, BASE_INVALID,
                         "section '%s' of checkpoint %s has %llu scores for an epoch; at most %d "
                         "are known here",
                         c->section->name, eng_sections_path(c->from), (unsigned long long)count, ENG_SCORES_MAX);
    out->count = (size_t)count;
    BASE_TRY(next(c, out->score, count * sizeof *out->score, err));
    for (size_t i = 0; i < out->count; i++) out->score[i].name[ENG_SCORE_NAME - 1] = '\0';
    return BASE_OK;
}

static base_status next_epoch(cursor *c, eng_epoch *out, base_err *err) {
    packed_epoch packed;
    BASE_TRY(next(c, &packed, sizeof packed, err));
    *out = (eng_epoch){
        .epoch = packed.epoch,
        .train_loss = packed.train_loss,
        .learning_rate = packed.learning_rate,
        .seconds = packed.seconds,
    };
    BASE_TRY(next_scores(c, packed.valid, &out->valid, err));
    return next_scores(c, packed.figures, &out->figures, err);
}

base_status eng_checkpoint_take_progress(const eng_sections *from, eng_progress *progress, base_err *err) {
    packed_progress packed;
    BASE_TRY(eng_sections_take(from, "progress", VERSION, &packed, sizeof packed, err));
    BASE_TRY(eng_sections_expect(from, "history", VERSION, SIZE_MAX, err));
    eng_progress p = {
        .epoch = packed.epoch,
        .batch = packed.batch,
        .seen = packed.seen,
        .loss_sum = packed.loss_sum,
        .seconds = packed.seconds,
        .stop = {.patience = progress->stop.patience,
                 .waited = packed.waited,
                 .best_epoch = packed.best_epoch,
                 .best = packed.best,
                 .stopped = packed.stopped != 0},
    };
    cursor c = {.from = from, .section = eng_sections_find(from, "history")};
    base_status status = BASE_OK;
    while (status == BASE_OK && c.at < c.section->length) {
        BASE_GROW(p.history, p.capacity, p.epochs + 1);
        status = next_epoch(&c, &p.history[p.epochs], err);
        p.epochs += status == BASE_OK;
    }
    if (status != BASE_OK) {
        eng_progress_fini(&p);
        return status;
    }
    eng_progress_fini(progress);
    *progress = p;
    return BASE_OK;
}

/* ---- parameters ---- */

static uint64_t layout_of(const eng_params *params) {
    base_buf text = {0};
    base_buf_printf(&text, "%zu", eng_params_size(params));
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *p = eng_params_at(params, i);
        base_buf_printf(&text, " %s", p->name);
        eng_shape_text(&p->shape, &text);
        base_buf_printf(&text, "@%zu", p->offset);
    }
    const uint64_t layout = base_hash64(text.data, text.length);
    base_buf_fini(&text);
    return layout;
}

static size_t block_bytes(const eng_params *params) {
    return eng_params_size(params) * sizeof(float);
}

void eng_checkpoint_put_params(eng_sections *to, const char *name, const eng_params *params) {
    const uint64_t layout = layout_of(params);
    eng_sections_begin(to, name, VERSION, sizeof layout + block_bytes(params));
    eng_sections_write(to, &layout, sizeof layout);
    eng_sections_write(to, eng_params_values(params), block_bytes(params));
}

base_status eng_checkpoint_fits_params(const eng_sections *from, const char *name, const eng_params *params,
                                       base_err *err) {
    uint64_t layout;
    BASE_TRY(eng_sections_expect(from, name, VERSION, SIZE_MAX, err));
    const eng_section *section = eng_sections_find(from, name);
    if (section->length == sizeof layout + block_bytes(params)) {
        BASE_TRY(eng_sections_read(from, section, 0, &layout, sizeof layout, err));
        if (layout == layout_of(params)) return BASE_OK;
    }
    return BASE_FAIL(err, BASE_INVALID, "checkpoint %s is of another network", eng_sections_path(from));
}

base_status eng_checkpoint_take_params(const eng_sections *from, const char *name, eng_params *params, base_err *err) {
    const eng_section *section = eng_sections_find(from, name);
    return eng_sections_read(from, section, sizeof(uint64_t), eng_params_values(params), block_bytes(params), err);
}

/* ---- optimizers ---- */

typedef struct packed_optimizer {
    uint64_t rule, steps;
} packed_optimizer;

static uint64_t rule_of(const eng_optimizer *optimizer) {
    const char *name = eng_optimizer_type_of(optimizer)->name;
    return base_hash64(name, strlen(name));
}

static size_t slot_bytes(const eng_optimizer *optimizer) {
    return eng_optimizer_size(optimizer) * sizeof(float);
}

static size_t optimizer_bytes(const eng_optimizer *optimizer) {
    return sizeof(packed_optimizer) + eng_optimizer_slots(optimizer) * slot_bytes(optimizer);
}

void eng_checkpoint_put_optimizer(eng_sections *to, const char *name, const eng_optimizer *optimizer) {
    const packed_optimizer packed = {.rule = rule_of(optimizer), .steps = eng_optimizer_steps(optimizer)};
    eng_sections_begin(to, name, VERSION, optimizer_bytes(optimizer));
    eng_sections_write(to, &packed, sizeof packed);
    for (size_t i = 0; i < eng_optimizer_slots(optimizer); i++)
        eng_sections_write(to, eng_optimizer_slot(optimizer, i), slot_bytes(optimizer));
}

base_status eng_checkpoint_fits_optimizer(const eng_sections *from, const char *name, const eng_optimizer *optimizer,
                                          base_err *err) {
    packed_optimizer packed;
    BASE_TRY(eng_sections_expect(from, name, VERSION, SIZE_MAX, err));
    const eng_section *section = eng_sections_find(from, name);
    if (section->length == optimizer_bytes(optimizer)) {
        BASE_TRY(eng_sections_read(from, section, 0, &packed, sizeof packed, err));
        if (packed.rule == rule_of(optimizer)) return BASE_OK;
    }
    return BASE_FAIL(err, BASE_INVALID, "checkpoint %s is of another optimizer", eng_sections_path(from));
}

base_status eng_checkpoint_take_optimizer(const eng_sections *from, const char *name, eng_optimizer *optimizer,
                                          base_err *err) {
    const eng_section *section = eng_sections_find(from, name);
    packed_optimizer packed;
    BASE_TRY(eng_sections_read(from, section, 0, &packed, sizeof packed, err));
    eng_optimizer_set_steps(optimizer, packed.steps);
    uint64_t at = sizeof packed;
    for (size_t i = 0; i < eng_optimizer_slots(optimizer); i++, at += slot_bytes(optimizer))
        BASE_TRY(eng_sections_read(from, section, at, eng_optimizer_slot(optimizer, i), slot_bytes(optimizer), err));
    return BASE_OK;
}
