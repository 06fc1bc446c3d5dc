/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of data sets: one line each. */
#include "engine/data/registry.h"

#include <string.h>

#include "base/options.h"
#include "base/hint.h"

#define ENG_DATASET_LIST(X)                                                                                            \
    X(fashion_mnist)                                                                                                   \
    X(digits)                                                                                                          \
    X(cifar10)                                                                                                         \
    X(idx)                                                                                                             \
    X(png)                                                                                                             \
    X(csv)                                                                                                             \
    X(blobs)                                                                                                           \
    X(spirals)                                                                                                         \
    X(friedman)

#define ENG_DATASET_EXTERN(id) extern const eng_dataset_type eng_dataset_##id;
ENG_DATASET_LIST(ENG_DATASET_EXTERN)
#define ENG_DATASET_ENTRY(id) &eng_dataset_##id,
static const eng_dataset_type *const types[] = {ENG_DATASET_LIST(ENG_DATASET_ENTRY)};
enum { TYPE_COUNT = sizeof types / sizeof *types };

const eng_dataset_type *const *eng_dataset_types(size_t *count) {
    *count = TYPE_COUNT;
    return types;
}

base_status eng_dataset_type_find(const char *name, const eng_dataset_type **out, base_err *err) {
    const char *names[TYPE_COUNT];
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        names[i] = types[i]->name;
        if (strcmp(name, names[i]) == 0) {
            *out = types[i];
            return BASE_OK;
        }
    }
    *out = NULL;
    base_buf all = {0};
    for (size_t i = 0; i < TYPE_COUNT; i++) base_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    const char *near = base_nearest(name, names, TYPE_COUNT);
    base_status status = BASE_FAIL(err, BASE_NOTFOUND, "there is no data set '%s'%s; known are %s", name,
                                   base_did_you_mean_aside(near).text, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

base_status eng_dataset_load(const char *name, const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    static const eng_dataset_source nothing = {0};
    const eng_dataset_type *type;
    *out = NULL;
    BASE_TRY(eng_dataset_type_find(name, &type, err));
    if (!source) source = &nothing;
    if (type->needs_path && !source->path)
        return BASE_FAIL(err, BASE_INVALID, "data set %s needs a path (%s)", name, type->summary);
    return type->load(source, out, err);
}
