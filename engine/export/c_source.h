/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C source that grows: functions, each once, and the statements that call them. */
#ifndef ENG_EXPORT_C_SOURCE_H
#define ENG_EXPORT_C_SOURCE_H

#include "engine/export/export.h"

#ifdef __cplusplus
extern "C" {
#endif

struct eng_c_source {
    const char *prefix;
    base_buf functions, statements;
    const char **known; /* texts of functions that are written */
    size_t n_known, capacity;
};

void eng_c_source_fini(eng_c_source *source);

#ifdef __cplusplus
}
#endif
#endif
