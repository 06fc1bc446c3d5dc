/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals of anybody: what hpo_report makes of a file, in which also the study is that of the file. */
#include <stdlib.h>

#include "hpo/study/recorded.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/journals.h"

static void count_entry(void *self, const hpo_entry *entry) {
    (void)entry;
    ++*(size_t *)self;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    base_buf text = {0};
    base_arena *arena = base_arena_create();
    base_err err = {0};
    hpo_journal_begun begun;
    hpo_recorded run;
    size_t entries = 0;
    fuzz_seal(choice, (const char *)data, size, &text);
    const char *path = fuzz_file("journal.log", base_buf_text(&text), text.length);
    const base_status peeked = hpo_journal_peek(path, arena, &begun, &err);
    const base_status status = hpo_recorded_read(path, arena, count_entry, &entries, &run, &err);
    if (status == BASE_OK) {
        BASE_ASSERT(peeked == BASE_OK);
        hpo_recorded_fini(&run);
    } else {
        BASE_ASSERT(err.text[0] != '\0');
    }
    base_arena_destroy(arena);
    base_buf_fini(&text);
    return 0;
}
