/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a program's output, and the JSON objects among them.
 *
 * A program should need no library of ours: print(json.dumps({"epochs": 3, "valid_error": 0.12})) is enough. JSON has
 * no NaN, but Python prints one, and a diverged loss is exactly what must not get lost: the bare words are put in
 * quotes before the parser sees them. */
#include "experiments/objectives/command_output.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 64 * 1024 }; /* a longer line is text, not a result */

/* ---- one object ---- */

static bool is_word_char(char c) {
    return isalnum((unsigned char)c) || strchr("_.+-", c) != NULL;
}

/* Copies the line with the words NaN, Infinity and -Infinity in quotes, except inside texts. */
static void quote_words(const char *line, size_t length, base_buf *out) {
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    bool in_text = false;
    for (size_t i = 0; i < length;) {
        size_t word = 0;
        while (i + word < length && is_word_char(line[i + word])) word++;
        bool special = false;
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            special = special || (word == strlen(words[k]) && memcmp(line + i, words[k], word) == 0);
        if (special && !in_text) base_buf_putc(out, '"');
        size_t part = word ? word : 1;
        if (!word && line[i] == '"') in_text = !in_text;
        if (!word && line[i] == '\\' && i + 1 < length) part = 2; /* the next byte is not a quote */
        base_buf_append(out, line + i, part);
        if (special && !in_text) base_buf_putc(out, '"');
        i += part;
    }
}

static bool number_of(const json_t *value, double *out) {
    static const struct {
        const char *text;
        double value;
    } words[] = {{"nan", (double)NAN},        {"inf", (double)INFINITY},        {"infinity", (double)INFINITY},
                 {"-inf", (double)-INFINITY}, {"-infinity", (double)-INFINITY}, {"+inf", (double)INFINITY}};
    if (json_is_number(value)) *out = json_number_value(value);
    if (!json_is_string(value)) return json_is_number(value);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(json_string_value(value), words[i].text) != 0) continue;
        *out = words[i].value;
        return true;
    }
    return false;
}

static bool read_object(json_t *object, const char *metric, const char *fidelity, double *step, hpo_metrics *metrics) {
    const char *name;
    json_t *value;
    double number;
    *step = NAN;
    metrics->count = 0;
    if (metric && number_of(json_object_get(object, metric), &number)) hpo_metrics_set(metrics, metric, number);
    json_object_foreach(object, name, value) {
        if (!number_of(value, &number)) continue;
        if (fidelity && strcmp(name, fidelity) == 0)
            *step = number;
        else
            hpo_metrics_set(metrics, name, number); /* what does not fit is left out: the metric is in */
    }
    return metrics->count > 0;
}

bool command_output_parse(const char *line, size_t length, const char *metric, const char *fidelity, double *step,
                          hpo_metrics *metrics) {
    while (length && isspace((unsigned char)line[length - 1])) length--;
    while (length && isspace((unsigned char)*line)) line++, length--;
    if (length < 2 || line[0] != '{' || line[length - 1] != '}') return false;
    base_buf text = {0};
    quote_words(line, length, &text);
    json_t *object = json_loadb(text.data, text.length, 0, NULL);
    base_buf_fini(&text);
    bool found = json_is_object(object) && read_object(object, metric, fidelity, step, metrics);
    json_decref(object);
    return found;
}

/* ---- the stream ---- */

void command_output_begin(command_output *output) {
    output->found = output->overlong = false;
    output->step = NAN;
    output->metrics.count = 0;
    output->last_line[0] = '\0';
    output->line = (base_buf){0};
    output->reported = output->from;
}

static void remember(command_output *output, const char *line, size_t length) {
    while (length && isspace((unsigned char)line[length - 1])) length--;
    if (!length) return;
    if (length >= sizeof output->last_line) length = sizeof output->last_line - 1;
    memcpy(output->last_line, line, length);
    output->last_line[length] = '\0';
}

/* A step at or past the job's end is no report: the result says it. */
static void report(command_output *output) {
    bool between = output->step > output->reported && output->step < output->to;
    if (!between || !hpo_metrics_get(&output->metrics, output->metric)) return;
    output->reported = output->step;
    (void)output->reporter->report(output->reporter->self, output->step, &output->metrics); /* SIGTERM came as well */
}

static void on_line(command_output *output, const char *line, size_t length, base_buf *echo) {
    hpo_metrics metrics;
    double step;
    if (!output->overlong && command_output_parse(line, length, output->metric, output->fidelity, &step, &metrics)) {
        output->found = true;
        output->step = step;
        output->metrics = metrics;
        report(output);
        return;
    }
    remember(output, line, length);
    base_buf_append(echo, line, length);
}

void command_output_feed(command_output *output, const char *bytes, size_t length, base_buf *echo) {
    while (length) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end ? (size_t)(end - bytes) + 1 : length;
        if (output->line.length || !end) base_buf_append(&output->line, bytes, part);
        const char *line = output->line.length ? output->line.data : bytes;
        size_t size = output->line.length ? output->line.length : part;
        bool too_long = !end && size > LINE_MAX_BYTES;
        if (too_long) output->overlong = true;
        if (end || too_long) {
            on_line(output, line, size, echo);
            base_buf_clear(&output->line);
        }
        if (end) output->overlong = false;
        bytes += part;
        length -= part;
    }
}

void command_output_end(command_output *output, base_buf *echo) {
    if (output->line.length) on_line(output, output->line.data, output->line.length, echo);
    base_buf_fini(&output->line);
}
