/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a YAML text into nodes: the one file that knows libyaml.
 *
 * libyaml's parser gives events with positions; its schema and its composer are not used, because they follow YAML 1.1
 * and resolve aliases. Whatever would make one text mean two things is refused: duplicate keys, anchors, tags, several
 * documents. Bytes are checked before libyaml sees them, since its reader reports an offset and no line. Its own
 * messages speak of tokens; here they become a sentence about the text and the remedy. */
#include "base/yaml_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 64

typedef struct yaml_reader {
    base_arena *arena;
    const char *file;
    const char *text;
    size_t length;
    size_t at, at_index; /* byte and character of the last position that was looked at */
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    base_err *err;
} yaml_reader;

static base_yaml_node position(const yaml_reader *reader, yaml_mark_t mark) {
    return (base_yaml_node){.file = reader->file, .line = (int)mark.line + 1, .column = (int)mark.column + 1};
}

/* The byte at a position; libyaml counts characters. Positions come in rising order, so the walk is short. */
static char char_at(yaml_reader *reader, yaml_mark_t mark) {
    if (mark.index < reader->at_index) reader->at = reader->at_index = 0;
    while (reader->at_index < mark.index && reader->at < reader->length) {
        uint32_t point = 0;
        reader->at += base_yaml_decode(reader->text + reader->at, reader->length - reader->at, &point);
        reader->at_index++;
    }
    return reader->at < reader->length ? reader->text[reader->at] : '\0';
}

/* Where a fault is reported: at the problem, or where the construct began (libyaml's context). */
typedef struct yaml_fault {
    const char *problem, *context; /* parts of libyaml's texts; NULL = any */
    bool at_context;
    const char *sentence; /* %d: the line where the construct began */
} yaml_fault;

#define TAB_SENTENCE    "a tab cannot be used for indentation; use spaces"
#define ANCHOR_SENTENCE "anchors (&) and aliases (*) are not supported; write the value out, or put text in quotes"
#define TAG_SENTENCE    "tags (!) are not supported; remove the tag, or put text in quotes"

static const yaml_fault faults[] = {
    {"found a tab character", NULL, false, TAB_SENTENCE},
    {"did not find expected alphabetic or numeric character", NULL, true, ANCHOR_SENTENCE},
    {"undefined tag handle", NULL, false, TAG_SENTENCE},
    {NULL, "a tag", true, TAG_SENTENCE},
    {NULL, "directive", true, "a line that begins with '%' is a YAML directive; put text in quotes"},
    {"directive", NULL, false, "a line that begins with '%' is a YAML directive; put text in quotes"},
    {"found unexpected end of stream", "quoted scalar", true,
     "this quoted text is never closed; add the closing quote"},
    {"found unexpected document indicator", "quoted scalar", true,
     "this quoted text is not closed before the document ends; add the closing quote"},
    {"escape", "quoted scalar", false,
     "unknown escape in a text in double quotes; write \\\\ for a backslash, or use single quotes"},
    {"hexdecimal", "quoted scalar", false,
     "an escape like \\x41 or \\u00e9 needs hexadecimal digits; write \\\\ for a backslash, or use single quotes"},
    {NULL, "block scalar", false,
     "the line after '|' or '>' must hold only the indented text; check this block of text"},
    {"could not find expected ':'", NULL, true, "this key has no ':' behind it; write 'key: value'"},
    {"mapping values are not allowed", NULL, false,
     "a ':' is not allowed here; check the indentation, or put text that holds ': ' in quotes"},
    {"block sequence entries are not allowed", NULL, false,
     "a list item '- ' is not allowed here; begin the list on a line of its own, or write [a, b]"},
    {"found unexpected ':'", NULL, false, "write a blank after the ':', or put text that holds ':' in quotes"},
    {"mapping keys are not allowed", NULL, false, "a '? ' is not allowed here; put text in quotes"},
    {"expected ',' or ']'", NULL, false, "expected ',' or ']' in the list that begins in line %d"},
    {"expected ',' or '}'", NULL, false, "expected ',' or '}' in the map that begins in line %d"},
    {"did not find expected key", NULL, false,
     "this does not continue the map that begins in line %d; check the indentation and the quotes"},
    {"did not find expected '-' indicator", NULL, false,
     "this does not continue the list that begins in line %d; check the indentation"},
    {"did not find expected node content", NULL, false, "a value is missing here"},
    {"document start", NULL, false, "this does not belong to the value above; check the indentation and the quotes"},
};

static bool matches(const char *text, const char *part) {
    return part == NULL || (text != NULL && strstr(text, part) != NULL);
}

static base_status fail_character(yaml_reader *reader, const base_yaml_node *where, char c) {
    if (c == '\t') return base_yaml_fail(where, reader->err, TAB_SENTENCE);
    return base_yaml_fail(where, reader->err, "a value cannot begin with '%c'; put it in quotes", c);
}

static base_status fail_parser(yaml_reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return BASE_FAIL(reader->err, BASE_NOMEM, "%s: out of memory while reading YAML", reader->file);
    }
    const char found = char_at(reader, parser->problem_mark);
    const base_yaml_node start =
        position(reader, parser->context != NULL ? parser->context_mark : parser->problem_mark);
    /* The end of the text is no place to look at: there the construct that is not complete is named. */
    const base_yaml_node where = found == '\0' ? start : position(reader, parser->problem_mark);
    if (matches(parser->problem, "cannot start any token")) {
        return fail_character(reader, &where, found);
    }
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const yaml_fault *fault = &faults[i];
        if (!matches(parser->problem, fault->problem) || !matches(parser->context, fault->context)) continue;
        char sentence[200];
        const char *number = strstr(fault->sentence, "%d");
        if (number != NULL) {
            snprintf(sentence, sizeof sentence, "%.*s%d%s", (int)(number - fault->sentence), fault->sentence,
                     start.line, number + 2);
        } else {
            snprintf(sentence, sizeof sentence, "%s", fault->sentence);
        }
        return base_yaml_fail(fault->at_context ? &start : &where, reader->err, "%s", sentence);
    }
    return base_yaml_fail(&where, reader->err, "not valid YAML: %s%s%s",
                          parser->problem != NULL ? parser->problem : "unknown fault",
                          parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
}

static base_status next_event(yaml_reader *reader) {
    yaml_event_delete(&reader->event);
    return yaml_parser_parse(&reader->parser, &reader->event) ? BASE_OK : fail_parser(reader);
}

/* Anchors, aliases and tags, on whichever event begins a value. libyaml drops the tag "!", so its text is looked at. */
static base_status refuse_properties(yaml_reader *reader, const base_yaml_node *where) {
    const yaml_event_t *event = &reader->event;
    const void *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT: anchor = event->data.alias.anchor; break;
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default: break;
    }
    if (anchor != NULL) return base_yaml_fail(where, reader->err, ANCHOR_SENTENCE);
    if (tag != NULL || char_at(reader, event->start_mark) == '!') {
        return base_yaml_fail(where, reader->err, TAG_SENTENCE);
    }
    return BASE_OK;
}

static base_status read_scalar(yaml_reader *reader, const base_yaml_node *where, base_yaml_node **out) {
    const yaml_event_t *event = &reader->event;
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length) {
        return base_yaml_fail(where, reader->err, "a text cannot hold the character NUL; remove \\0");
    }
    *out = base_yaml_scalar(reader->arena, where, value, event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE);
    return BASE_OK;
}

static base_status read_key(yaml_reader *reader, const base_yaml_node *map, base_yaml_node **out) {
    const base_yaml_node where = position(reader, reader->event.start_mark);
    BASE_TRY(refuse_properties(reader, &where));
    if (reader->event.type != YAML_SCALAR_EVENT) {
        return base_yaml_fail(&where, reader->err,
                              "a key cannot be a list or a map; put text that begins with '[' or '{' in quotes");
    }
    base_yaml_node *key = NULL;
    BASE_TRY(read_scalar(reader, &where, &key));
    if (key->kind == BASE_YAML_NULL && *key->text == '\0') {
        return base_yaml_fail(&where, reader->err, "a key is missing before ':'; write 'key: value'");
    }
    if (strlen(key->text) > BASE_YAML_KEY_LIMIT) {
        return base_yaml_fail(&where, reader->err, "a key of %zu bytes; a key has at most %d", strlen(key->text),
                              BASE_YAML_KEY_LIMIT);
    }
    const base_yaml_node *first = base_yaml_key(map, key->text);
    if (first != NULL) {
        return base_yaml_fail(&where, reader->err,
                              "duplicate key '%s': line %d has given it already; remove one of the two", key->text,
                              first->line);
    }
    *out = key;
    return BASE_OK;
}

/* The value that begins with the current event. Recursion is bounded by MAX_DEPTH. */
static base_status read_value(yaml_reader *reader, int depth, base_yaml_node **out) {
    const base_yaml_node where = position(reader, reader->event.start_mark);
    BASE_TRY(refuse_properties(reader, &where));
    if (reader->event.type == YAML_SCALAR_EVENT) return read_scalar(reader, &where, out);
    if (depth == MAX_DEPTH) {
        return base_yaml_fail(&where, reader->err, "lists and maps are nested deeper than %d; make it flatter",
                              MAX_DEPTH);
    }
    if (reader->event.type == YAML_SEQUENCE_START_EVENT) {
        base_yaml_node *list = base_yaml_new_list(reader->arena, &where);
        for (;;) {
            BASE_TRY(next_event(reader));
            if (reader->event.type == YAML_SEQUENCE_END_EVENT) break;
            base_yaml_node *item = NULL;
            BASE_TRY(read_value(reader, depth + 1, &item));
            base_yaml_append(reader->arena, list, item);
        }
        *out = list;
        return BASE_OK;
    }
    BASE_ASSERT(reader->event.type == YAML_MAPPING_START_EVENT);
    base_yaml_node *map = base_yaml_new_map(reader->arena, &where);
    for (;;) {
        BASE_TRY(next_event(reader));
        if (reader->event.type == YAML_MAPPING_END_EVENT) break;
        base_yaml_node *key = NULL, *value = NULL;
        BASE_TRY(read_key(reader, map, &key));
        BASE_TRY(next_event(reader));
        BASE_TRY(read_value(reader, depth + 1, &value));
        base_yaml_put(reader->arena, map, key->text, value);
        map->keys[map->count - 1] = key;
    }
    *out = map;
    return BASE_OK;
}

static base_status read_stream(yaml_reader *reader, base_yaml_node **root) {
    BASE_TRY(next_event(reader)); /* stream start */
    BASE_TRY(next_event(reader));
    if (reader->event.type == YAML_STREAM_END_EVENT) {
        const base_yaml_node where = {.file = reader->file, .line = 1, .column = 1};
        *root = base_yaml_scalar(reader->arena, &where, "", false);
        return BASE_OK;
    }
    BASE_TRY(next_event(reader)); /* behind the document's start */
    BASE_TRY(read_value(reader, 0, root));
    BASE_TRY(next_event(reader)); /* document end */
    BASE_TRY(next_event(reader));
    if (reader->event.type != YAML_STREAM_END_EVENT) {
        const base_yaml_node where = position(reader, reader->event.start_mark);
        return base_yaml_fail(&where, reader->err, "a second document begins here; only one is allowed: remove '---'");
    }
    return BASE_OK;
}

/* Every byte is part of valid UTF-8 and every character may stand in a YAML text. */
static base_status check_bytes(const yaml_reader *reader) {
    base_yaml_node where = {.file = reader->file, .line = 1, .column = 1};
    for (size_t i = 0, size; i < reader->length; i += size) {
        uint32_t point = 0;
        size = base_yaml_decode(reader->text + i, reader->length - i, &point);
        if (size == 0) {
            return base_yaml_fail(&where, reader->err, "the byte 0x%02x is not valid UTF-8; save the file as UTF-8",
                                  (unsigned)(unsigned char)reader->text[i]);
        }
        if (point == 0) {
            return base_yaml_fail(&where, reader->err, "a NUL byte; this is not a text file, or it is damaged");
        }
        if (!base_yaml_printable(point)) {
            return base_yaml_fail(&where, reader->err, "the control character U+%04X is not allowed; remove it",
                                  (unsigned)point);
        }
        if (point == '\n' || (point == '\r' && (i + 1 == reader->length || reader->text[i + 1] != '\n'))) {
            where.line++;
            where.column = 1;
        } else {
            where.column++;
        }
    }
    return BASE_OK;
}

base_status base_yaml_parse(base_arena *arena, const char *file, const char *text, size_t length, base_yaml_node **root,
                            base_err *err) {
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark carries no meaning in UTF-8 */
        text += 3;
        length -= 3;
    }
    yaml_reader reader = {
        .arena = arena, .file = base_arena_strdup(arena, file), .text = text, .length = length, .err = err};
    BASE_TRY(check_bytes(&reader));
    if (!yaml_parser_initialize(&reader.parser)) {
        return BASE_FAIL(err, BASE_NOMEM, "%s: out of memory while reading YAML", file);
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    const base_status status = read_stream(&reader, root);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return status;
}
