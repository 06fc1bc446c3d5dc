/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For terminals and Markdown: the same sections in the same order. */
#include <string.h>

#include "base/options.h"
#include "hpo/report/formats.h"
#include "hpo/report/tables.h"

enum { TEXT_STEPS = 15, TEXT_TRIALS = 10, NAME_COLUMN = 18 };

typedef struct look {
    void (*facts)(const char *title, const hpo_facts *facts, base_buf *out);
    void (*table)(const base_table *table, base_buf *out);
} look;

/* The newest incumbents say most. */
static base_table last_steps(const hpo_account *a, base_arena *arena) {
    base_table t = hpo_table_of_steps(a, arena);
    if (t.rows <= TEXT_STEPS) return t;
    t.cells += (t.rows - TEXT_STEPS) * t.columns;
    t.note = base_arena_printf(arena, "%zu earlier ones are left out.", t.rows - TEXT_STEPS);
    t.rows = TEXT_STEPS;
    return t;
}

static void put_table(const look *as, base_table table, base_buf *out) {
    if (table.rows > 0) as->table(&table, out);
}

static void put_sections(const hpo_account *a, const look *as, base_buf *out) {
    base_arena *arena = base_arena_create();
    const hpo_facts run = hpo_facts_of_run(a, arena), best = hpo_facts_of_best(a, arena);
    const hpo_facts mishaps = hpo_facts_of_mishaps(a, arena);
    as->facts("Run", &run, out);
    as->facts("Best", &best, out);
    put_table(as, hpo_table_of_front(a, TEXT_TRIALS, arena), out);
    put_table(as, last_steps(a, arena), out);
    put_table(as, hpo_table_of_trials(a, TEXT_TRIALS, arena), out);
    put_table(as, hpo_table_of_tries(a, TEXT_TRIALS, arena), out);
    if (a->run.fidelity.name) put_table(as, hpo_table_of_rungs(a, arena), out);
    put_table(as, hpo_table_of_trusts(a, arena), out);
    const hpo_importance *importance = hpo_importance_of(a, arena);
    put_table(as, hpo_table_of_importance(a, importance, arena), out);
    put_table(as, hpo_table_of_pairs(a, importance, arena), out);
    put_table(as, hpo_table_of_path(a, importance, arena), out);
    as->facts("Failures", &mishaps, out);
    put_table(as, hpo_table_of_workers(a, arena), out);
    base_arena_destroy(arena);
}

/* ---- terminals ---- */

static void put_facts(const char *title, const hpo_facts *facts, base_buf *out) {
    if (facts->count == 0) return;
    base_buf_printf(out, "%s\n", title);
    for (size_t i = 0; i < facts->count; i++) base_put_row(facts->item[i].name, NAME_COLUMN, facts->item[i].text, out);
    base_buf_puts(out, "\n");
}

void hpo_report_text(const hpo_account *a, base_buf *out) {
    put_sections(a, &(look){put_facts, base_table_print}, out);
}

/* ---- Markdown ---- */

static void put_markdown_facts(const char *title, const hpo_facts *facts, base_buf *out) {
    static const char *const names[] = {"", ""};
    if (facts->count == 0) return;
    base_arena *arena = base_arena_create();
    base_table t = base_table_begin(arena, title, 2, 2, names);
    for (size_t i = 0; i < facts->count; i++) {
        const char **row = base_table_row(&t);
        row[0] = facts->item[i].name;
        row[1] = facts->item[i].text;
    }
    base_table_markdown(&t, out);
    base_arena_destroy(arena);
}

void hpo_report_markdown(const hpo_account *a, base_buf *out) {
    put_sections(a, &(look){put_markdown_facts, base_table_markdown}, out);
}
