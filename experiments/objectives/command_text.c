/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns for programs that print for people.
 *
 * POSIX extended regular expressions are in the C library, so a program that cannot be changed needs nothing more. The
 * group in a pattern is the number. The last match on a line wins, as a progress bar writes its newest value last. */
#include "experiments/objectives/command_text.h"

#include <string.h>

#include "hpo/trials/result.h"

static base_status check_groups(const base_yaml_node *node, size_t groups, base_err *err) {
    if (groups == 1) return BASE_OK;
    if (groups == 0)
        return base_yaml_fail(node, err, "the pattern needs a group around the number, such as 'acc: ([0-9.]+)'");
    return base_yaml_fail(node, err, "the pattern has %zu groups, but one group is the number; %s", groups,
                          "write [a]? or a{0,1} instead of (a)?");
}

static base_status compile(const base_yaml_node *name, const base_yaml_node *node, regex_t *out, base_err *err) {
    if (!*name->text || strlen(name->text) >= HPO_METRIC_NAME)
        return base_yaml_fail(name, err, "the name of a metric has 1 to %d characters", HPO_METRIC_NAME - 1);
    if (node->kind != BASE_YAML_STRING)
        return base_yaml_fail(node, err, "%s must be a regular expression such as 'acc: ([0-9.]+)', but is %s",
                              name->text, base_yaml_kind_text(node->kind));
    int code = regcomp(out, node->text, REG_EXTENDED);
    if (code != 0) {
        char reason[128];
        regerror(code, out, reason, sizeof reason);
        return base_yaml_fail(node, err, "this is no extended regular expression: %s", reason);
    }
    base_status status = check_groups(node, out->re_nsub, err);
    if (status != BASE_OK) regfree(out);
    return status;
}

base_status command_patterns_create(const base_yaml_node *map, base_arena *arena, command_patterns *out,
                                    base_err *err) {
    *out = (command_patterns){0};
    if (!map) return BASE_OK;
    if (map->kind != BASE_YAML_MAP)
        return base_yaml_fail(map, err, "parse must be a map such as {acc: 'acc: ([0-9.]+)'}, but is %s",
                              base_yaml_kind_text(map->kind));
    out->item = BASE_NEW_ARRAY(arena, map->count, command_pattern);
    for (size_t i = 0; i < map->count; i++) {
        command_pattern *pattern = &out->item[out->count];
        base_status status = compile(map->keys[i], map->items[i], &pattern->regex, err);
        if (status != BASE_OK) {
            command_patterns_destroy(out);
            return status;
        }
        pattern->name = map->keys[i]->text;
        out->count++;
    }
    return BASE_OK;
}

void command_patterns_destroy(command_patterns *patterns) {
    for (size_t i = 0; i < patterns->count; i++) regfree(&patterns->item[i].regex);
    patterns->count = 0;
}

bool command_patterns_have(const command_patterns *patterns, const char *name) {
    for (size_t i = 0; i < patterns->count; i++)
        if (strcmp(patterns->item[i].name, name) == 0) return true;
    return false;
}

bool command_pattern_find(const command_pattern *pattern, const char *line, const char **start, size_t *length) {
    regmatch_t match[2];
    bool found = false;
    for (int flags = 0; regexec(&pattern->regex, line, 2, match, flags) == 0; flags = REG_NOTBOL) {
        if (match[1].rm_so >= 0) {
            *start = line + match[1].rm_so;
            *length = (size_t)(match[1].rm_eo - match[1].rm_so);
            found = true;
        }
        line += match[0].rm_eo;
        if (match[0].rm_eo == match[0].rm_so && *line) line++; /* an empty match would be found again */
        if (!*line) break;
    }
    return found;
}
