/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the option reader and its printer share, and nobody else. */
#ifndef BASE_OPTIONS_INTERNAL_H
#define BASE_OPTIONS_INTERNAL_H

#include "base/options.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An option without a default: its field is zero when the key is absent. */
bool base_option_is_optional(const base_option *option);
/* What the option takes, without article: "integer of at least 1", "true or false", "one of a, b". */
void base_option_rule(const base_option *option, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
