/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs print, in pieces as they come: the pieces do not matter. */
#include <math.h>
#include <string.h>

#include "experiments/objectives/command_output.h"
#include "tests/fuzz/fuzz.h"

static const char patterns_text[] = "{loss: 'loss[=: ]+([^ ,]+)', epochs: 'epoch ([0-9]+)', acc: '([0-9.]+) *%'}";

static command_patterns *patterns(void) {
    static command_patterns made;
    static base_arena *arena;
    if (arena) return &made;
    base_yaml_node *map;
    base_err err = {0};
    arena = base_arena_create();
    BASE_ASSERT(base_yaml_parse(arena, "parse", patterns_text, sizeof patterns_text - 1, &map, &err) == BASE_OK);
    BASE_ASSERT(command_patterns_create(map, arena, &made, &err) == BASE_OK);
    return &made;
}

typedef struct reports {
    size_t count;
    double last;
} reports;

static hpo_verdict take_report(void *self, double step, const hpo_metrics *metrics) {
    reports *r = self;
    BASE_ASSERT(metrics->count <= HPO_MAX_METRICS && isfinite(step));
    BASE_ASSERT(r->count == 0 || step > r->last);
    r->count++;
    r->last = step;
    return HPO_CONTINUE;
}

static hpo_verdict go_on(void *self) {
    (void)self;
    return HPO_CONTINUE;
}

static void take(unsigned choice, const char *bytes, size_t length, size_t piece, hpo_result *result, reports *told) {
    static const hpo_goal goals[] = {{"loss", false, NAN}, {"acc", true, NAN}};
    const hpo_reporter reporter = {take_report, go_on, told};
    command_output output = {
        .metric = "loss", .fidelity = choice & 1 ? "epochs" : NULL, .to = 9, .reporter = &reporter};
    if (choice & 2) output.patterns = patterns();
    if (choice & 4) output.goals = goals, output.n_goals = 2;
    command_output_begin(&output);
    for (size_t at = 0; at < length; at += piece)
        command_output_feed(&output, bytes + at, length - at < piece ? length - at : piece);
    command_output_end(&output);
    *result = (hpo_result){0};
    if (output.found) {
        command_output_result(&output, result);
    } else {
        base_arena *arena = base_arena_create();
        const char *why = command_hint_sentence(&output.hint, arena, "program", "loss", choice & 2);
        BASE_ASSERT(why[0] != '\0');
        base_arena_destroy(arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    hpo_result whole, pieces;
    reports told = {0}, again = {0};
    take(choice, (const char *)data, size, size + 1, &whole, &told);
    take(choice, (const char *)data, size, 1 + choice / 8, &pieces, &again);
    BASE_ASSERT(memcmp(&whole, &pieces, sizeof whole) == 0);
    BASE_ASSERT(told.count == again.count && told.last == again.last);
    return 0;
}
