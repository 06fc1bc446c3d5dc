/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study whose file leaves the method open: `method: auto`, or none.
 *
 * It is chosen once. What a run has begun with stands in its journal's identity, and a later start takes it from there,
 * whatever the rules of a newer program or a larger budget would say. */
#include <string.h>

#include "hpo/study/choose.h"
#include "hpo/study/study_keys.h"

/* ---- the choice ---- */

base_status hpo_study_choose(hpo_study_spec *spec, uint64_t workers, base_err *err) {
    const hpo_situation situation = hpo_situation_of(spec, workers);
    const hpo_rule *rule = hpo_rule_for(&situation);
    base_yaml_node *method;
    base_buf facts = {0};
    BASE_TRY(base_yaml_parse(spec->arena, "", rule->method, strlen(rule->method), &method, err));
    BASE_TRY(study_read_method(spec, method, err));
    hpo_situation_print(&situation, &facts);
    spec->chosen =
        base_arena_printf(spec->arena, "%s, because %s (%s)", rule->method, rule->because, base_buf_text(&facts));
    base_buf_fini(&facts);
    if (spec->identity) spec->identity = study_identity(spec);
    return BASE_OK;
}

/* ---- reading ---- */

static bool is_auto(const base_yaml_node *node) {
    return node && node->kind == BASE_YAML_STRING && strcmp(node->text, STUDY_AUTO) == 0;
}

/* Whoever chooses a method chooses its options. */
static base_status refuse_options(const base_yaml_node *method, base_err *err) {
    for (size_t i = 0; method->kind == BASE_YAML_MAP && i < method->count; i++) {
        const char *key = method->keys[i]->text;
        if (strcmp(key, "name") == 0) continue;
        return base_yaml_fail(method->keys[i], err,
                              "auto chooses the options of a method, too, so '%s' cannot stand beside it; write the "
                              "method that it belongs to instead of auto",
                              key);
    }
    return BASE_OK;
}

base_status study_settle_method(hpo_study_spec *spec, const base_yaml_node *method, base_err *err) {
    const bool is_map = method->kind == BASE_YAML_MAP;
    for (size_t i = 0; i < 2 && is_map; i++) {
        static const char *const parts[] = {"sampler", "scheduler"};
        const base_yaml_node *part = base_yaml_get(method, parts[i]);
        if (is_auto(part))
            return base_yaml_fail(part, err, "auto is a method, not a %s; write `method: auto`", parts[i]);
    }
    if (!is_auto(is_map ? base_yaml_get(method, "name") : method)) return study_read_method(spec, method, err);
    BASE_TRY(refuse_options(method, err));
    if (hpo_space_has_metric_priors(spec->space))
        return base_yaml_fail(method, err,
                              "priors of each metric are used by priorband and priorband-bo alone, and auto chooses "
                              "by priors for all: write method: %s",
                              spec->fidelity.name ? "priorband" : "{sampler: priorband}");
    return hpo_study_choose(spec, 1, err);
}

/* ---- what an earlier run had ---- */

/* "NAME, {OPTIONS}" behind a key of an identity. */
static bool find_part(const char *identity, const char *key, base_arena *arena, base_yaml_node *method,
                      const char *as) {
    const char *at = strstr(identity, key);
    if (!at) return false;
    at += strlen(key);
    const size_t name = strcspn(at, ",\n"), whole = strcspn(at, "\n");
    base_yaml_node *options;
    if (at[name] != ',') return false;
    const base_status status = base_yaml_parse(arena, "", at + name + 1, whole - name - 1, &options, NULL);
    if (status != BASE_OK || options->kind != BASE_YAML_MAP) return false;
    base_yaml_put(arena, method, as, base_yaml_scalar(arena, NULL, base_arena_strndup(arena, at, name), true));
    for (size_t i = 0; i < options->count; i++) base_yaml_put(arena, method, options->keys[i]->text, options->items[i]);
    return true;
}

/* As a user would call it. */
static const char *shown(const hpo_study_spec *spec) {
    return strcmp(spec->scheduler->name, "full") == 0 ? spec->sampler->name : spec->method;
}

base_status hpo_study_keep_method(hpo_study_spec *spec, const char *identity, const char *chosen, base_err *err) {
    const hpo_study_spec before = *spec;
    base_yaml_node *method = base_yaml_new_map(spec->arena, NULL);
    const bool found = find_part(identity, "\nsampler: ", spec->arena, method, "sampler") &&
                       find_part(identity, "\nscheduler: ", spec->arena, method, "scheduler");
    base_status status =
        found ? study_read_method(spec, method, err) : BASE_FAIL(err, BASE_INVALID, "the identity tells no method");
    if (status == BASE_OK) status = study_check_method(spec, method, method, err);
    if (status != BASE_OK) {
        *spec = before;
        return status;
    }
    spec->method = shown(spec);
    spec->chosen = chosen ? base_arena_strdup(spec->arena, chosen) : NULL;
    spec->identity = study_identity(spec);
    return BASE_OK;
}

const char *hpo_study_method_assignment(const hpo_study_spec *spec) {
    base_buf text = {0};
    base_buf_puts(&text, "method=");
    base_yaml_print_flow(study_method_node(spec, spec->arena), &text);
    const char *assignment = base_arena_strdup(spec->arena, base_buf_text(&text));
    base_buf_fini(&text);
    return assignment;
}

/* ---- help ---- */

const char *hpo_study_auto_summary(void) {
    return "the default: the first of a list of rules that fits the study; --help auto";
}

void hpo_study_auto_help(base_buf *out) {
    size_t count;
    const hpo_rule *rules = hpo_rules(&count);
    base_buf text = {0};
    base_put_text("Chosen once, at the first start, and kept by the journal. --check says what is chosen and why; -j N "
                  "beside it: for so many workers. The first rule that holds decides:",
                  0, out);
    for (size_t i = 0; i < count; i++) {
        base_buf_clear(&text);
        base_buf_printf(&text, "%s: %s", rules[i].when, rules[i].because);
        base_buf_printf(out, "\n  %s\n", rules[i].method);
        base_put_text(base_buf_text(&text), 4, out);
    }
    base_buf_fini(&text);
}
