/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of --help study and its sections, made from the tables that read a study file. */
#include <string.h>

#include "hpo/study/study_keys.h"

static const char help_parameters[] = "parameters: every key is a name, its value one of\n"
                                      "  {min: 1e-5, max: 1.0, log: true}   a range: integers when both bounds are,\n"
                                      "                                     else real numbers; log: true, logit: true\n"
                                      "                                     (else linear); step: 0.1\n"
                                      "  {values: [sgd, adam]}              choices; ordered: true;\n"
                                      "                                     probabilities: [0.4, 0.6]\n"
                                      "  {value: 64}                        a constant\n"
                                      "with, when wanted,\n"
                                      "  prior: 1e-2, confidence: high      where the best value is believed to be:\n"
                                      "                                     low, medium (default) or high\n"
                                      "  prior: {error: 0.1, latency: 0.9}  where each of several metrics is best\n"
                                      "                                     (confidence likewise); for priorband\n"
                                      "  when: {optimizer: sgd}             searched only where that holds\n"
                                      "\n";

static const char help_tests[] = "when, and each item of forbid, is a test:\n"
                                 "  {optimizer: sgd}                   it has that value\n"
                                 "  {optimizer: [adam, adamw]}         it has one of them\n"
                                 "  {layers: {gt: 1, le: 3}}           eq ne lt le gt ge in not_in: all of them\n"
                                 "  {batch: {lt: {parameter: width}}}  compared with another parameter\n"
                                 "  {a: 1, b: 2}                       both; also {any: [...]}, {all: [...]}\n"
                                 "\n";

static const char help_references[] =
    "The settings of the objective may refer to a parameter: hidden: [\"{width}\"].\n";

static const char help_example[] = "study: digits\n"
                                   "seed: 7\n"
                                   "objective:\n"
                                   "  train: {dataset: digits}\n"
                                   "metric: {name: valid_error, goal: minimize}\n"
                                   "method: {name: hyperband, eta: 3}\n"
                                   "fidelity:\n"
                                   "  epochs: {min: 1, max: 27}\n"
                                   "budget: {trials: 200, time: 30m}\n"
                                   "parameters:\n"
                                   "  learning_rate: {min: 1e-4, max: 1.0, log: true}\n"
                                   "  optimizer: {values: [sgd, adam]}\n"
                                   "  momentum: {min: 0.0, max: 0.99, when: {optimizer: sgd}}\n";

/* The maps of a study file, each with the key that it belongs to. */
static const struct {
    const char *key, *title;
    const base_option *table;
} sections[] = {
    {"metric", "metric:", metric_keys_table},
    {"metrics", "metrics: [{...}, ...]", goal_keys_table},
    {"constraints", "constraints: [{...}, ...]", constraint_keys_table},
    {"fidelity", "fidelity: {NAME: ...}", fidelity_keys_table},
    {"replicates", "replicates:", replicates_keys_table},
    {"budget", "budget:", budget_keys_table},
    {"budget", "budget: {metric: ...}", metric_budget_keys_table},
    {"trial", "trial:", trial_keys_table},
    {"failure", "failure:", failure_keys_table},
    {"failure", "failure: {retries: ...}", retries_keys_table},
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

static void put_methods(base_buf *out) {
    size_t count;
    base_buf_puts(out, "method: one of\n");
    base_put_row("auto", 23, hpo_study_auto_summary(), out);
    const hpo_method *methods = hpo_methods(&count);
    for (size_t i = 0; i < count; i++) base_put_row(methods[i].name, 23, methods[i].summary, out);
    base_buf_puts(out, "or any pair {sampler: NAME, scheduler: NAME}; options of both stand beside them.\n");
}

void hpo_study_help(base_buf *out) {
    base_buf_puts(out, "A study file is one YAML map. Unknown keys and impossible values are errors.\n\n");
    base_options_help(study_keys_table, out);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        base_buf_printf(out, "\n%s\n", sections[i].title);
        base_options_help(sections[i].table, out);
    }
    base_buf_putc(out, '\n');
    put_methods(out);
    base_buf_printf(out, "\n%s\n%s\n%s\nExample:\n\n%s", help_parameters, help_tests, help_references, help_example);
}

/* One row of a table. */
static void put_option(const base_option *option, base_buf *out) {
    const base_option alone[] = {*option, BASE_OPTIONS_END};
    base_options_help(alone, out);
}

static void put_key(const base_option *option, base_buf *out) {
    const char *key = option->name;
    put_option(option, out);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (strcmp(sections[i].key, key) != 0) continue;
        base_buf_printf(out, "\n%s\n", sections[i].title);
        base_options_help(sections[i].table, out);
    }
    base_buf text = {0};
    if (strcmp(key, "method") == 0) put_methods(&text);
    if (strcmp(key, "parameters") == 0)
        base_buf_printf(&text, "%s\n%s\n%s", help_parameters, help_tests, help_references);
    if (strcmp(key, "forbid") == 0) base_buf_puts(&text, help_tests);
    if (text.length > 0) base_buf_printf(out, "\n%s", base_buf_text(&text));
    base_buf_fini(&text);
}

bool hpo_study_help_key(const char *name, base_buf *out) {
    const base_option *key = base_options_find(study_keys_table, name);
    if (key) {
        put_key(key, out);
        return true;
    }
    bool found = false;
    for (size_t i = 0; i < N_SECTIONS; i++) {
        const base_option *option = base_options_find(sections[i].table, name);
        if (!option) continue;
        base_buf_printf(out, "%s%s\n", found ? "\n" : "", sections[i].title);
        put_option(option, out);
        found = true;
    }
    return found;
}

const char *hpo_study_key_name(size_t index) {
    for (const base_option *key = study_keys_table; key->name; key++) {
        if (index-- == 0) return key->name;
    }
    for (size_t i = 0; i < N_SECTIONS; i++) {
        for (const base_option *key = sections[i].table; key->name; key++) {
            if (index-- == 0) return key->name;
        }
    }
    return NULL;
}
