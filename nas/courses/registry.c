/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of courses, and what they have in common. */
#include <string.h>

#include "nas/course.h"

/* One line each. */
#define NAS_COURSE_LIST(X)                                                                                             \
    X(constant)                                                                                                        \
    X(stages)                                                                                                          \
    X(oles)

#define DECLARE(name) extern const nas_course_type nas_course_##name;
NAS_COURSE_LIST(DECLARE)

#define ADDRESS(name) &nas_course_##name,
static const nas_course_type *const courses[] = {NAS_COURSE_LIST(ADDRESS)};

const nas_course_type *const *nas_courses(size_t *count) {
    *count = sizeof courses / sizeof *courses;
    return courses;
}

const nas_course_type *nas_course_find(const char *name) {
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++)
        if (strcmp(courses[i]->name, name) == 0) return courses[i];
    return NULL;
}

nas_course_epoch nas_course_at(const nas_course_type *type, const void *state, size_t epoch, size_t epochs) {
    BASE_ASSERT(epoch < epochs);
    nas_course_epoch now = type->at ? type->at(state, epoch, epochs) : (nas_course_epoch){0};
    if (now.count == 0) now.count = epochs;
    return now;
}

size_t nas_course_share(double share, size_t epochs) {
    const size_t some = (size_t)(share * (double)epochs + 0.5);
    return some < epochs ? some : epochs - 1;
}
