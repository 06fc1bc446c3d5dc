/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the YAML reader, its nodes and its printer share, and nobody else. */
#ifndef BASE_YAML_INTERNAL_H
#define BASE_YAML_INTERNAL_H

#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longest key in bytes: escaped, it still fits libyaml's 1024 characters for a key that is written without '?'. */
#define BASE_YAML_KEY_LIMIT 200

/* Sets kind and values of a plain scalar from its text by the YAML 1.2 core schema (section 10.3.2). */
void base_yaml_resolve(base_yaml_node *node);
/* One UTF-8 character: its length in bytes, or 0 when the bytes are not valid UTF-8 (or length is 0). */
size_t base_yaml_decode(const char *text, size_t length, uint32_t *point);
/* May this character stand in a YAML text (section 5.1, c-printable)? */
bool base_yaml_printable(uint32_t point);
/* Text as a flow scalar: plain when it would be read back as the same string, else in double quotes. */
void base_yaml_put_string(const char *text, base_buf *out);
/* Flow YAML in which equal values have equal text: numbers are written anew instead of as in the source. */
void base_yaml_print_canonical(const base_yaml_node *node, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
