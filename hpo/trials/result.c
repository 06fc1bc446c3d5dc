/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of failures, and the short list of metrics of one evaluation.
 *
 * Sixteen metrics with short names fit into a fixed array, so a result is one flat struct: it is sent over MPI, kept
 * and compared without owning anything. */
#include "hpo/trials/result.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const char *const failure_words[HPO_FAILURE_COUNT] = {
#define FAILURE_WORD(name, text) [HPO_FAILURE_##name] = text,
    HPO_FAILURE_LIST(FAILURE_WORD)
#undef FAILURE_WORD
};

const char *hpo_failure_text(hpo_failure failure) {
    BASE_ASSERT((unsigned)failure < HPO_FAILURE_COUNT);
    return failure_words[failure];
}

bool hpo_failure_find(const char *text, hpo_failure *out) {
    for (unsigned i = 0; i < HPO_FAILURE_COUNT; i++) {
        if (strcmp(failure_words[i], text) != 0) continue;
        *out = (hpo_failure)i;
        return true;
    }
    return false;
}

static hpo_metric *find_metric(hpo_metrics *metrics, const char *name) {
    for (size_t i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->item[i].name, name) == 0) return &metrics->item[i];
    }
    return NULL;
}

bool hpo_metrics_set(hpo_metrics *metrics, const char *name, double value) {
    hpo_metric *item = find_metric(metrics, name);
    if (!item) {
        size_t length = strlen(name);
        if (metrics->count == HPO_MAX_METRICS || length >= HPO_METRIC_NAME) return false;
        item = &metrics->item[metrics->count++];
        memset(item->name, 0, sizeof item->name);
        memcpy(item->name, name, length);
    }
    item->value = value;
    return true;
}

const double *hpo_metrics_get(const hpo_metrics *metrics, const char *name) {
    for (size_t i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->item[i].name, name) == 0) return &metrics->item[i].value;
    }
    return NULL;
}

void hpo_result_clear(hpo_result *result) {
    char *bytes = (char *)result;
    const size_t items = offsetof(hpo_result, metrics.item), behind = items + sizeof result->metrics.item;
    memset(bytes, 0, items);
    memset(bytes + behind, 0, offsetof(hpo_result, note) - behind);
    result->note[0] = result->reason[0] = result->artefact[0] = '\0';
}

/* A result without the metric: the names that it has, as far as the sentence has room. */
static void name_metrics(const char *metric, hpo_result *result) {
    base_buf text = {0};
    const hpo_metrics *metrics = &result->metrics;
    base_buf_printf(&text, "the result has no metric '%s'%s", metric,
                    metrics->count > 0 ? "; it has" : " (it has no metrics)");
    for (size_t i = 0; i < metrics->count; i++) {
        const bool room = text.length + HPO_METRIC_NAME + sizeof ", and 10 others" < sizeof result->reason;
        if (room) base_buf_printf(&text, "%s %s", i > 0 ? "," : "", metrics->item[i].name);
        if (!room) base_buf_printf(&text, " and %zu others", metrics->count - i);
        if (!room) break;
    }
    result->failure = HPO_FAILURE_OUTPUT;
    snprintf(result->reason, sizeof result->reason, "%s", base_buf_text(&text));
    base_buf_fini(&text);
}

double hpo_result_judge_metric(hpo_result *result, const char *metric) {
    const double *value = hpo_metrics_get(&result->metrics, metric);
    if (!value) {
        name_metrics(metric, result);
        return (double)NAN;
    }
    if (!isfinite(*value)) {
        result->failure = HPO_FAILURE_NAN;
        snprintf(result->reason, sizeof result->reason, "%s is %s", metric,
                 isnan(*value) ? "not a number"
                 : *value > 0  ? "infinite"
                               : "minus infinity");
    }
    return *value;
}

bool hpo_result_judge(hpo_result *result, const hpo_goal *goals, size_t n_goals, double *values) {
    for (size_t g = 0; g < n_goals && result->failure == HPO_FAILURE_NONE; g++)
        values[g] = hpo_result_judge_metric(result, goals[g].name);
    const bool works = result->failure == HPO_FAILURE_NONE;
    for (size_t g = 0; g < n_goals && !works; g++) values[g] = (double)NAN;
    return works;
}

bool hpo_result_set_artefact(hpo_result *result, const char *text) {
    const size_t length = strlen(text);
    const bool fits = length < sizeof result->artefact && base_is_utf8(text);
    memcpy(result->artefact, fits ? text : "", fits ? length + 1 : 1);
    return fits;
}

bool hpo_result_ended_early(const hpo_result *result, double asked) {
    return result->failure == HPO_FAILURE_NONE && result->reached > 0 && result->reached < asked;
}
