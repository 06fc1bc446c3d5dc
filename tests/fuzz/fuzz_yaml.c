/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML: what is read and printed reads back as the same tree, whatever the way of printing. */
#include <string.h>

#include "base/yaml.h"
#include "tests/fuzz/fuzz.h"

static base_yaml_node *read_again(base_arena *arena, const base_buf *text) {
    base_yaml_node *again = NULL;
    base_err err = {0};
    BASE_ASSERT(base_yaml_parse(arena, "printed", base_buf_text(text), text->length, &again, &err) == BASE_OK);
    return again;
}

static void print_block(const base_yaml_node *node, base_buf *out) {
    base_yaml_print(node, 0, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const printers[])(const base_yaml_node *node, base_buf *out) = {print_block, base_yaml_print_flow,
                                                                                  base_yaml_print_portable};
    base_arena *arena = base_arena_create();
    base_yaml_node *root;
    base_err err = {0};
    if (base_yaml_parse(arena, "fuzz.yaml", (const char *)data, size, &root, &err) == BASE_OK) {
        base_buf text = {0};
        for (size_t i = 0; i < sizeof printers / sizeof *printers; i++) {
            base_buf_clear(&text);
            printers[i](root, &text);
            BASE_ASSERT(base_yaml_equal(read_again(arena, &text), root));
        }
        base_buf_clear(&text);
        base_yaml_print_json(root, &text); /* it may hold what YAML forbids: U+0080 to U+009F */
        base_yaml_node *copy = base_yaml_copy(arena, root);
        base_yaml_sort(arena, copy);
        BASE_ASSERT(base_yaml_equal(copy, root));
        base_buf_fini(&text);
    } else {
        BASE_ASSERT(strncmp(err.text, "fuzz.yaml", 9) == 0);
    }
    base_arena_destroy(arena);
    return 0;
}
