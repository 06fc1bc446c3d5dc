/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a program's output, and the numbers in them.
 *
 * A program should need no library of ours: print(json.dumps({"epochs": 3, "valid_error": 0.12})) is enough. What real
 * programs print around that is skipped: progress bars that end with a carriage return, colours, a logger's prefix.
 * Several lines of one step are one set of numbers; the newest number of each name counts, but an object on a line of
 * its own beats one inside a text, which may be a message about something else. */
#include "experiments/objectives/command_output.h"
#include "base/hint.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void command_output_begin(command_output *output) {
    output->found = false;
    output->metrics.count = 0;
    output->first = output->reached = NAN;
    output->hint = (command_hint){0};
    output->current = (command_step){.step = NAN};
    output->reported = output->from;
    output->line = output->clean = (base_buf){0};
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\0';
}

/* ---- numbers of one step ---- */

/* False: an object in a text, that belongs to an earlier step than what is known already. */
static bool go_to_step(command_output *output, double step, bool own) {
    command_step *current = &output->current;
    if (isnan(step) || step == current->step) return true;
    if (!own && current->own && step < current->step) return false;
    *current = (command_step){.step = step};
    return true;
}

static size_t place_of(const hpo_metrics *metrics, const char *name) {
    size_t i = 0;
    while (i < metrics->count && strcmp(metrics->item[i].name, name) != 0) i++;
    return i;
}

/* Where a new name can go: behind the others, or in place of one that came inside a text. One place is the metric's. */
static size_t make_place(command_output *output, const char *name, bool own) {
    const command_step *current = &output->current;
    size_t count = current->metrics.count;
    bool is_metric = strcmp(name, output->metric) == 0;
    size_t room =
        is_metric || place_of(&current->metrics, output->metric) < count ? HPO_MAX_METRICS : HPO_MAX_METRICS - 1;
    if (count < room) return count;
    for (size_t i = count; own && i > 0; i--)
        if (!(current->own >> (i - 1) & 1) && strcmp(current->metrics.item[i - 1].name, output->metric) != 0)
            return i - 1;
    return HPO_MAX_METRICS;
}

static void set_metric(command_output *output, const char *name, double value, bool own) {
    command_step *current = &output->current;
    size_t at = place_of(&current->metrics, name);
    bool is_new = at == current->metrics.count;
    if (!is_new && !own && current->own >> at & 1) return;
    if (is_new) at = strlen(name) < HPO_METRIC_NAME ? make_place(output, name, own) : HPO_MAX_METRICS;
    if (at == HPO_MAX_METRICS) {
        command_hint_dropped(&output->hint, name);
        return;
    }
    hpo_metric *item = &current->metrics.item[at];
    if (is_new && at < current->metrics.count) command_hint_dropped(&output->hint, item->name);
    if (at == current->metrics.count) current->metrics.count++;
    if (is_new) strcpy(item->name, name);
    item->value = value;
    if (own) current->own |= UINT32_C(1) << at;
}

/* A step at or past the job's end is no report: the result says it. */
static void report(command_output *output) {
    double step = output->current.step;
    if (!(step > output->reported && step < output->to)) return;
    output->reported = step;
    if (output->reporter) (void)output->reporter->report(output->reporter->self, step, &output->metrics);
}

static bool has_goals(const command_output *output, const hpo_metrics *metrics) {
    for (size_t g = 0; g < output->n_goals; g++)
        if (!hpo_metrics_get(metrics, output->goals[g].name)) return false;
    for (size_t c = 0; c < output->constraints.count; c++)
        if (!hpo_metrics_get(metrics, output->constraints.items[c].metric)) return false;
    return hpo_metrics_get(metrics, output->metric) != NULL;
}

/* After every line with numbers. */
static void settle(command_output *output) {
    const command_step *current = &output->current;
    if (!has_goals(output, &current->metrics)) return;
    output->found = true;
    output->metrics = current->metrics;
    if (isnan(current->step)) return;
    output->first = fmin(output->first, current->step); /* of NaN and a number: the number */
    output->reached = fmax(output->reached, current->step);
    report(output);
}

bool command_output_complete(const command_output *output) {
    return output->fidelity ? output->reached >= output->to : output->found;
}

/* ---- an object ---- */

typedef struct object_reader {
    command_output *output;
    bool own;
    bool any; /* a number */
    double step;
    bool has_metric;
    double metric;
    const char *wrong; /* the metric's value when it is no number */
    size_t wrong_length;
} object_reader;

static bool is_step(const command_output *output, const char *name) {
    return output->fidelity && strcmp(name, output->fidelity) == 0;
}

static void look_at_member(void *self, const command_member *member) {
    object_reader *reader = self;
    const command_output *output = reader->output;
    bool is_metric = strcmp(member->name, output->metric) == 0;
    if (is_metric && !member->is_number) {
        reader->wrong = member->raw;
        reader->wrong_length = member->raw_length;
    }
    if (!member->is_number) return;
    if (is_step(output, member->name)) {
        if (isfinite(member->number)) reader->step = member->number;
        return;
    }
    reader->any = true;
    if (!is_metric) return;
    reader->has_metric = true;
    reader->metric = member->number;
}

static void take_member(void *self, const command_member *member) {
    const object_reader *reader = self;
    if (!member->is_number || is_step(reader->output, member->name)) return;
    set_metric(reader->output, member->name, member->number, reader->own);
}

static void hint_at(command_output *output, const object_reader *reader, const char *object, size_t size) {
    if (reader->has_metric) {
        if (output->fidelity && isnan(reader->step) && isnan(output->current.step))
            command_hint_step(&output->hint, output->fidelity, object, size);
    } else if (reader->wrong) {
        command_hint_value(&output->hint, output->metric, reader->wrong, reader->wrong_length);
    } else if (!output->found) {
        command_hint_object(&output->hint, output->metric, object, size);
    }
}

static void take_object(command_output *output, const char *object, size_t size, bool own) {
    object_reader reader = {.output = output, .own = own, .step = NAN};
    command_json_visit(object, size, look_at_member, &reader);
    hint_at(output, &reader, object, size);
    if (!reader.any && isnan(reader.step)) return;
    if (!go_to_step(output, reader.step, own)) return;
    if (reader.has_metric) set_metric(output, output->metric, reader.metric, own); /* the first of all */
    command_json_visit(object, size, take_member, &reader);
}

/* ---- a line ---- */

/* An object that does not end leaves nothing to look for behind its brace; so a line takes linear time. */
static bool take_objects(command_output *output, const char *line, size_t length) {
    const char *end = line + length, *at = line;
    bool any = false;
    while (at < end && (at = memchr(at, '{', (size_t)(end - at)))) {
        size_t size = command_json_size(at, (size_t)(end - at));
        if (size == COMMAND_JSON_CUT) {
            if (!any) command_hint_line(&output->hint, at, (size_t)(end - at));
            return true;
        }
        if (size) take_object(output, at, size, size == length);
        any = any || size;
        at += size ? size : 1;
    }
    return any;
}

/* [0-9.]+ takes the full stop of a sentence along. */
static bool read_found(const char *text, size_t length, double *out) {
    while (!command_read_number(text, length, out)) {
        if (!length || !strchr(".,;:", text[length - 1])) return false;
        length--;
    }
    return true;
}

/* Patterns were asked for by name, so what they find counts as an object on its own line. */
static bool take_patterns(command_output *output, const char *line) {
    const command_patterns *patterns = output->patterns;
    bool any = false;
    for (int metrics = 0; metrics < 2; metrics++) { /* the step first: the numbers belong to it */
        for (size_t i = 0; i < patterns->count; i++) {
            const char *name = patterns->item[i].name, *text;
            size_t length;
            double number;
            if (is_step(output, name) != (metrics == 0)) continue;
            if (!command_pattern_find(&patterns->item[i], line, &text, &length)) continue;
            any = true;
            if (!read_found(text, length, &number)) {
                if (strcmp(name, output->metric) == 0) command_hint_value(&output->hint, name, text, length);
            } else if (metrics) {
                set_metric(output, name, number, true);
            } else if (isfinite(number)) {
                (void)go_to_step(output, number, true);
            }
        }
    }
    return any;
}

/* Without a byte order mark and without sequences that colour text or move the cursor (ECMA-48: CSI and OSC). */
static void clean_line(const char *line, size_t length, base_buf *out) {
    base_buf_clear(out);
    for (size_t i = 0; i < length;) {
        size_t plain = i;
        while (plain < length && line[plain] != '\033') plain++;
        base_buf_append(out, line + i, plain - i);
        if ((i = plain + 1) >= length) break;
        char kind = line[i++];
        if (kind == '[') {
            while (i < length && (line[i] < '@' || line[i] > '~')) i++;
            i++;
        } else if (kind == ']') {
            while (i < length && line[i] != '\a' && line[i] != '\033') i++;
            if (i < length && line[i] == '\a') i++;
        }
    }
}

static void on_line(command_output *output, const char *line, size_t length) {
    if (length > COMMAND_LINE_MAX) {
        command_hint_cut(&output->hint);
        return;
    }
    bool patterns = output->patterns && output->patterns->count;
    if (patterns || memchr(line, '\033', length)) {
        clean_line(line, length, &output->clean);
        line = base_buf_text(&output->clean);
        length = output->clean.length;
    }
    if (length >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) line += 3, length -= 3;
    while (length && is_blank(line[length - 1])) length--;
    while (length && is_blank(*line)) line++, length--;
    if (!length) return;
    bool any = take_objects(output, line, length);
    if (patterns && length <= COMMAND_PATTERN_LINE && take_patterns(output, line)) any = true;
    if (any)
        settle(output);
    else
        command_hint_line(&output->hint, line, length);
}

/* ---- the stream ---- */

/* Where the line that begins at bytes ends: at its \n or \r; NULL when it goes on. */
static const char *line_end(const char *bytes, size_t length) {
    const char *feed = memchr(bytes, '\n', length);
    const char *back = memchr(bytes, '\r', feed ? (size_t)(feed - bytes) : length);
    return back ? back : feed;
}

/* A line that is too long is forgotten up to one byte more than the limit, so that it is known as such at its end. */
static void keep(command_output *output, const char *bytes, size_t length) {
    size_t room = COMMAND_LINE_MAX + 1 - output->line.length;
    base_buf_append(&output->line, bytes, length < room ? length : room);
}

void command_output_feed(command_output *output, const char *bytes, size_t length) {
    while (length) {
        const char *end = line_end(bytes, length);
        size_t part = end ? (size_t)(end - bytes) : length;
        if (!end || output->line.length) keep(output, bytes, part);
        if (!end) return;
        if (output->line.length)
            on_line(output, output->line.data, output->line.length);
        else
            on_line(output, bytes, part);
        base_buf_clear(&output->line);
        bytes += part + 1;
        length -= part + 1;
    }
}

void command_output_end(command_output *output) {
    if (output->line.length) on_line(output, output->line.data, output->line.length);
    base_buf_fini(&output->line);
    base_buf_fini(&output->clean);
}

/* ---- the result ---- */

/* In the order of the bits: the sentence is about the last of them. */
__attribute__((format(printf, 3, 4))) static void notice(hpo_result *result, uint32_t bit, const char *fmt, ...) {
    bool last = bit > result->notices;
    result->notices |= bit;
    if (!last) return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(result->note, sizeof result->note, fmt, args);
    va_end(args);
}

static void notice_dropped(const command_hint *hint, hpo_result *result) {
    char names[COMMAND_HINT_NAMES * 28] = "";
    for (size_t i = 0, used = 0; i < hint->n_dropped && i < COMMAND_HINT_NAMES; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.24s", i ? ", " : "", hint->dropped[i]);
    notice(result, HPO_NOTICE_BIT(METRICS_DROPPED),
           "has metrics that are not kept (at most %d, names up to %d characters): %s", HPO_MAX_METRICS,
           HPO_METRIC_NAME - 1, names);
}

/* `for epoch in range(9)`: 0 to 8 are the nine that were asked for, and 3 to 8 what follows the first three. */
static bool counts_from_0(const command_output *output) {
    const bool begins = output->first == 0 || output->first == output->from;
    return begins && output->reached > 0 && output->reached == output->to - 1;
}

void command_output_result(const command_output *output, hpo_result *result) {
    const command_hint *hint = &output->hint;
    const bool from_0 = counts_from_0(output);
    result->metrics = output->metrics;
    if (output->reached < output->to && !from_0) result->reached = output->reached;
    if (from_0)
        notice(result, HPO_NOTICE_BIT(COUNTS_FROM_0),
               "counts %s from 0, so its %g is taken for the %g that it was asked for", output->fidelity,
               output->reached, output->to);
    if (output->reached > output->to)
        notice(result, HPO_NOTICE_BIT(OTHER_STEP), "reported %s %g but was asked for %g", output->fidelity,
               output->reached, output->to);
    if (output->fidelity && isnan(output->reached) && (*hint->step_name || hint->without_step > 1))
        notice(result, HPO_NOTICE_BIT(STEP_NAME), "reports no '%s'%s", output->fidelity,
               base_did_you_mean(*hint->step_name ? hint->step_name : NULL).text);
    if (hint->n_dropped) notice_dropped(hint, result);
}
