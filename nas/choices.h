/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A search is six choices, each from a registry; names that people know are combinations of them. */
#ifndef NAS_CHOICES_H
#define NAS_CHOICES_H

#include "nas/course.h"
#include "nas/edge_weights.h"
#include "nas/mixed.h"
#include "nas/selection.h"
#include "nas/step.h"
#include "nas/stop.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nas_choice {
    NAS_CHOICE_EDGE_WEIGHTS,
    NAS_CHOICE_MIXED,
    NAS_CHOICE_STEP,
    NAS_CHOICE_STOP,
    NAS_CHOICE_SELECTION,
    NAS_CHOICE_COURSE,
    NAS_CHOICES,
} nas_choice;

/* A descriptor as help and checks see it, whatever its registry. */
typedef struct nas_choice_info {
    const char *name, *summary;
    const base_option *options; /* or NULL */
    size_t state_size;
} nas_choice_info;

extern const char *const nas_choice_keys[NAS_CHOICES + 1]; /* "edge_weights", ...; NULL-terminated */
size_t nas_choice_count(nas_choice choice);
nas_choice_info nas_choice_at(nas_choice choice, size_t index);

typedef struct nas_search_name {
    const char *name;
    const char *parts[NAS_CHOICES]; /* names in the registries */
    const char *summary;            /* one line, with the paper */
    const char *options;            /* where its defaults differ from those of its parts: a flow map; or NULL */
} nas_search_name;

const nas_search_name *nas_search_names(size_t *count);
const nas_search_name *nas_search_name_find(const char *name); /* or NULL */

typedef struct nas_choices {
    const char *name; /* the known one of these parts, or the parts: "softmax + plain + ..." */
    const nas_edge_weights *edge_weights;
    const nas_mixed *mixed;
    const nas_step_type *step;
    const nas_stop_type *stop;
    const nas_selection *selection;
    const nas_course_type *course;
    const base_yaml_node *options[NAS_CHOICES]; /* maps of what the user gave, or the name has besides */
} nas_choices;

/* A name, or a map of choices and their options, e.g. {name: r-darts, factor: 1.5} or {step: first, stop: skips}; what
 * is not chosen is that of the name, or of `darts`. NULL = `darts`. An option belongs to every part that has it.
 * Everything points into node's tree, the arena and the registries. BASE_INVALID "file:line:column: ...". */
BASE_CHECK base_status nas_choices_read(const base_yaml_node *node, base_arena *arena, nas_choices *out, base_err *err);
/* All parts and all their options as a flow map, which nas_choices_read reads back. */
void nas_choices_print(const nas_choices *choices, base_buf *out);
/* The state of a part: its options read, in the arena. They were checked by nas_choices_read. */
void *nas_choices_state(const nas_choices *choices, nas_choice choice, base_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
