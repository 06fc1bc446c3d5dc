/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spaces from a text in a test, and errors whose place is marked in the text itself. */
#ifndef TESTS_HPO_SPACE_SPACE_TEXT_H
#define TESTS_HPO_SPACE_SPACE_TEXT_H

#include "tests/support/check.h"

#include "hpo/space/space_file.h"

typedef struct space_text {
    base_arena *arena; /* the nodes, which the space points into */
    base_yaml_node *root;
    hpo_space *space;
} space_text;

static inline base_yaml_node *space_text_parse(base_arena *arena, const char *text) {
    base_err err = {0};
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    return root;
}

/* `text` holds the keys parameters and forbid. */
static inline space_text space_text_read(const char *text) {
    base_err err = {0};
    space_text made = {.arena = base_arena_create()};
    made.root = space_text_parse(made.arena, text);
    base_status status = hpo_space_read(base_yaml_get(made.root, "parameters"), base_yaml_get(made.root, "forbid"),
                                        NULL, &made.space, &err);
    if (status != BASE_OK) print_error("in\n%s\n", text);
    check_status(status, BASE_OK, &err, "hpo_space_read", __FILE__, __LINE__);
    return made;
}

static inline void space_text_fini(space_text *made) {
    hpo_space_destroy(made->space);
    base_arena_destroy(made->arena);
}

/* A text with one @ in front of what is wrong: the text without it, and "s.yaml:line:column" of its place. */
typedef struct marked_text {
    char text[2048];
    char place[64];
} marked_text;

static inline marked_text marked_text_of(const char *marked) {
    marked_text out = {{0}, {0}};
    const char *at = strchr(marked, '@');
    assert_non_null(at);
    assert_null(strchr(at + 1, '@'));
    assert_true(strlen(marked) < sizeof out.text);
    int line = 1, column = 1;
    for (const char *c = marked; c < at; c++) {
        line += *c == '\n';
        column = *c == '\n' ? 1 : column + 1;
    }
    memcpy(out.text, marked, (size_t)(at - marked));
    strcpy(out.text + (at - marked), at + 1);
    snprintf(out.place, sizeof out.place, "s.yaml:%d:%d", line, column);
    return out;
}

/* err says exactly "place: message". */
static inline void check_message(const base_err *err, const marked_text *marked, const char *message) {
    char wanted[1024];
    snprintf(wanted, sizeof wanted, "%s: %s", marked->place, message);
    if (strcmp(err->text, wanted) != 0) print_error("in\n%s\n", marked->text);
    assert_string_equal(err->text, wanted);
}

/* What is wrong with a text, behind its @. */
typedef struct broken_space {
    const char *text, *message;
} broken_space;

/* Each is refused with its message. */
static inline void check_broken(const broken_space *broken, size_t count) {
    for (size_t i = 0; i < count; i++) {
        marked_text marked = marked_text_of(broken[i].text);
        base_arena *arena = base_arena_create();
        base_yaml_node *root = space_text_parse(arena, marked.text);
        hpo_space *space = NULL;
        base_err err = {0};
        base_status status =
            hpo_space_read(base_yaml_get(root, "parameters"), base_yaml_get(root, "forbid"), "epochs", &space, &err);
        if (status != BASE_INVALID) print_error("not refused:\n%s\n", marked.text);
        assert_int_equal(status, BASE_INVALID);
        assert_null(space);
        check_message(&err, &marked, broken[i].message);
        base_arena_destroy(arena);
    }
}

#endif
