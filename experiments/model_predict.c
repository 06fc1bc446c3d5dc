/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "experiments/model_predict.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "engine/data/samples.h"

/* Names come from files: one that begins like a formula is none. A negative number is no formula. */
static void put_text(const char *text, base_buf *out) {
    double number;
    base_buf safe = {0};
    if (text[0] != '\0' && strchr("=+-@\t", text[0]) != NULL && !base_parse_double(text, &number))
        base_buf_putc(&safe, '\'');
    base_buf_puts(&safe, text);
    base_csv_put(base_buf_text(&safe), out);
    base_buf_fini(&safe);
}

static void put_head(const eng_predictor *p, bool files, base_buf *out) {
    base_buf_puts(out, files ? "file" : "sample");
    if (p->class_names != NULL) {
        base_buf_puts(out, ",class");
        for (size_t c = 0; c < p->answers; c++) {
            base_buf name = {0};
            base_buf_printf(&name, "p(%s)", p->class_names[c]);
            base_buf_putc(out, ',');
            put_text(base_buf_text(&name), out);
            base_buf_fini(&name);
        }
    } else {
        base_buf_putc(out, ',');
        put_text(p->target_name != NULL ? p->target_name : "value", out);
        for (size_t i = 1; i < p->answers; i++) base_buf_printf(out, ",value%zu", i + 1);
    }
    base_buf_putc(out, '\n');
}

static size_t likeliest(const float *p, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (p[i] > p[best]) best = i;
    return best;
}

/* Nine digits are all that a 32-bit number has. */
static void put_row(const eng_predictor *p, const float *answer, base_buf *out) {
    if (p->class_names != NULL) {
        base_buf_putc(out, ',');
        put_text(p->class_names[likeliest(answer, p->answers)], out);
    }
    for (size_t i = 0; i < p->answers; i++) base_buf_printf(out, ",%.9g", (double)answer[i]);
    base_buf_putc(out, '\n');
}

static void put_rows(eng_predictor *p, const eng_dataset *set, const char *const *ids, base_buf *out) {
    const size_t batch = eng_model_batch(p->model);
    float *answers = base_malloc(batch * p->answers * sizeof *answers);
    for (size_t at = 0; at < set->count; at += batch) {
        const size_t n = set->count - at < batch ? set->count - at : batch;
        eng_predictor_answer(p, set, at, n, answers);
        for (size_t i = 0; i < n; i++) {
            if (ids != NULL)
                put_text(ids[at + i], out);
            else
                base_buf_printf(out, "%zu", at + i + 1);
            put_row(p, answers + i * p->answers, out);
        }
    }
    free(answers);
}

base_status model_predict(eng_predictor *predictor, const char *data, base_buf *out, base_err *err) {
    const eng_samples_wanted wanted = {.shape = predictor->sample, .feature_names = predictor->feature_names};
    eng_dataset *set;
    const char **ids;
    BASE_TRY(eng_samples_load(data, &wanted, &set, &ids, err));
    put_head(predictor, ids != NULL, out);
    put_rows(predictor, set, ids, out);
    eng_dataset_destroy(set);
    return BASE_OK;
}
