/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every kind of data set that this program can load, by name. */
#ifndef ENG_DATA_REGISTRY_H
#define ENG_DATA_REGISTRY_H

#include "engine/data/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

const eng_dataset_type *const *eng_dataset_types(size_t *count);
/* BASE_NOTFOUND with the nearest name and the list of all of them. */
BASE_CHECK base_status eng_dataset_type_find(const char *name, const eng_dataset_type **out, base_err *err);
/* Finds the type and loads the set. source NULL = all defaults. */
BASE_CHECK base_status eng_dataset_load(const char *name, const eng_dataset_source *source, eng_dataset **out,
                                        base_err *err);

#ifdef __cplusplus
}
#endif
#endif
