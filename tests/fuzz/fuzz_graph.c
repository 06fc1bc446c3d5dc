/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks as text. One that is read and written is read back as the same text. */
#include <string.h>

#include "engine/modules/graph_text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    eng_graph *graph, *again;
    eng_ports ports;
    base_err err = {0};
    if (eng_graph_read("fuzz", (const char *)data, size, &graph, &ports, &err) != BASE_OK) {
        BASE_ASSERT(err.text[0] != '\0');
        return 0;
    }
    base_buf once = {0}, twice = {0};
    eng_graph_write(graph, &ports, &once);
    BASE_ASSERT(eng_graph_read("written", base_buf_text(&once), once.length, &again, &ports, &err) == BASE_OK);
    eng_graph_write(again, &ports, &twice);
    BASE_ASSERT(once.length == twice.length && memcmp(base_buf_text(&once), base_buf_text(&twice), once.length) == 0);
    base_buf_fini(&once);
    base_buf_fini(&twice);
    eng_graph_destroy(graph);
    eng_graph_destroy(again);
    return 0;
}
