/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Image sets in the IDX format of MNIST. */
#ifndef ENG_DATA_IDX_H
#define ENG_DATA_IDX_H

#include "engine/data/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* path is a folder with MNIST's four file names (the t10k pair is the official test part and may be absent), or an
 * images file whose labels file has the same name with "labels-idx1" instead of "images-idx3". Each file may be
 * gzipped, with or without ".gz" at its end. class_names may be NULL: "0", "1", ... up to the largest label. */
BASE_CHECK base_status eng_idx_load(const char *name, const char *path, const char *const *class_names, size_t classes,
                                    eng_dataset **out, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
