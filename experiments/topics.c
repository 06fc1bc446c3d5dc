/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spaces, searches and their parts, and candidate operations, as pages of --help. */
#include "experiments/topics.h"

#include <string.h>

#include "nas/choices.h"
#include "nas/space.h"

/* ---- spaces ---- */

static const nas_space_preset *space_at(size_t index) {
    size_t count;
    return nas_space_presets(&count)[index];
}

static size_t count_spaces(void) {
    size_t count;
    (void)nas_space_presets(&count);
    return count;
}

static const char *space_name(size_t index) {
    return space_at(index)->name;
}

static const char *space_summary(size_t index) {
    return space_at(index)->summary;
}

static void space_help(size_t index, base_buf *out) {
    base_buf_puts(out, "The same as a map under space:, to be changed at will (docs/nas.md):\n\n");
    base_buf_puts(out, space_at(index)->text);
}

static const hpo_topics spaces = {.kind = "space",
                                  .title = "spaces of the objective darts",
                                  .count = count_spaces,
                                  .name = space_name,
                                  .summary = space_summary,
                                  .help = space_help};

/* ---- candidate operations ---- */

static const nas_operation *operation_at(size_t index) {
    size_t count;
    return nas_operations(&count)[index];
}

static size_t count_operations(void) {
    size_t count;
    (void)nas_operations(&count);
    return count;
}

static const char *operation_name(size_t index) {
    return operation_at(index)->name;
}

static const char *operation_summary(size_t index) {
    return operation_at(index)->summary;
}

static const hpo_topics operations = {.kind = "operation",
                                      .title = "operations of a space",
                                      .count = count_operations,
                                      .name = operation_name,
                                      .summary = operation_summary};

/* ---- searches ---- */

static const nas_search_name *search_at(size_t index) {
    size_t count;
    return &nas_search_names(&count)[index];
}

static size_t count_searches(void) {
    size_t count;
    (void)nas_search_names(&count);
    return count;
}

static const char *search_name(size_t index) {
    return search_at(index)->name;
}

static const char *search_summary(size_t index) {
    return search_at(index)->summary;
}

static nas_choice_info part_of(const nas_search_name *search, size_t choice) {
    size_t index = 0;
    while (strcmp(nas_choice_at((nas_choice)choice, index).name, search->parts[choice]) != 0) index++;
    return nas_choice_at((nas_choice)choice, index);
}

static void put_parts(const nas_search_name *search, base_buf *out) {
    base_buf text = {0};
    base_buf_puts(&text, "= {");
    for (size_t i = 0; i < NAS_CHOICES; i++)
        base_buf_printf(&text, "%s%s: %s", i > 0 ? ", " : "", nas_choice_keys[i], search->parts[i]);
    base_buf_puts(&text, "}");
    base_put_text(base_buf_text(&text), 2, out);
    base_buf_fini(&text);
}

static void search_help(size_t index, base_buf *out) {
    const nas_search_name *search = search_at(index);
    put_parts(search, out);
    if (search->options) {
        base_buf text = {0};
        base_buf_printf(&text, "with %s", search->options);
        base_put_text(base_buf_text(&text), 2, out);
        base_buf_fini(&text);
    }
    for (size_t i = 0; i < NAS_CHOICES; i++) {
        const nas_choice_info part = part_of(search, i);
        base_buf text = {0};
        base_buf_printf(&text, "%s %s: %s", nas_choice_keys[i], part.name, part.summary);
        base_buf_putc(out, '\n');
        base_put_text(base_buf_text(&text), 0, out);
        base_buf_fini(&text);
        if (part.options && part.options[0].name) base_options_help(part.options, out);
    }
}

static const hpo_topics searches = {.kind = "search",
                                    .title = "searches of the objective darts",
                                    .count = count_searches,
                                    .name = search_name,
                                    .summary = search_summary,
                                    .help = search_help};

/* ---- the choices of a search ---- */

static void choice_help(nas_choice choice, size_t index, base_buf *out) {
    const nas_choice_info info = nas_choice_at(choice, index);
    if (info.options && info.options[0].name)
        base_options_help(info.options, out);
    else
        base_buf_puts(out, "  (no options)\n");
}

#define CHOICE(function, which)                                                                                        \
    static size_t count_##function(void) {                                                                             \
        return nas_choice_count(which);                                                                                \
    }                                                                                                                  \
    static const char *function##_name(size_t index) {                                                                 \
        return nas_choice_at(which, index).name;                                                                       \
    }                                                                                                                  \
    static const char *function##_summary(size_t index) {                                                              \
        return nas_choice_at(which, index).summary;                                                                    \
    }                                                                                                                  \
    static void function##_help(size_t index, base_buf *out) {                                                         \
        choice_help(which, index, out);                                                                                \
    }                                                                                                                  \
    static const hpo_topics function = {.kind = #function,                                                             \
                                        .title = #function " of a search",                                             \
                                        .count = count_##function,                                                     \
                                        .name = function##_name,                                                       \
                                        .summary = function##_summary,                                                 \
                                        .help = function##_help}
CHOICE(edge_weights, NAS_CHOICE_EDGE_WEIGHTS);
CHOICE(mixed, NAS_CHOICE_MIXED);
CHOICE(step, NAS_CHOICE_STEP);
CHOICE(stop, NAS_CHOICE_STOP);
CHOICE(selection, NAS_CHOICE_SELECTION);
CHOICE(course, NAS_CHOICE_COURSE);

const hpo_topics *const *experiments_topics(void) {
    static const hpo_topics *const all[] = {&spaces, &searches,  &edge_weights, &mixed,      &step,
                                            &stop,   &selection, &course,       &operations, NULL};
    return all;
}
