/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Understanding the text of a journal's line.
 *
 * Members are found by name and unknown ones are skipped, so that a file that another tool has written anew (other
 * spacing, another order, escaped characters) still reads; a line as we wrote it is only passed over once, its
 * distributions in one comparison. */
#include "hpo/trials/journal_parse.h"

#include <math.h>

/* ---- taking a line apart ---- */

static void find_attr(hpo_json_reader *reader, journal_line *out) {
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        if (key.length > 4 && memcmp(key.at, "hpo:", 4) == 0) {
            out->attr = (hpo_json_text){.at = key.at + 4, .length = key.length - 4};
            out->body = *reader;
        }
        hpo_json_skip(reader);
    }
}

/* Of the distributions nothing is needed; our own text of all of them is passed over in one comparison. */
static void skip_distributions(hpo_json_reader *reader, const hpo_journal *journal) {
    const journal_text none = {0}, *all = journal ? &journal->all_distributions : &none;
    hpo_json_reader inside = *reader;
    hpo_json_enter(&inside, '{');
    if (all->length > 0 && (size_t)(inside.end - inside.at) >= all->length &&
        memcmp(inside.at, all->text, all->length) == 0) {
        reader->at = inside.at + all->length;
    } else {
        hpo_json_skip(reader);
    }
}

bool hpo_journal_take_apart(const hpo_journal *journal, const char *line, size_t length, journal_line *out) {
    hpo_json_reader reader = hpo_json_read(line, length);
    hpo_json_text key;
    bool more = hpo_json_enter(&reader, '{');
    *out = (journal_line){0};
    while (hpo_json_key(&reader, &more, &key)) {
        if (hpo_json_is(key, "op_code")) {
            out->op = hpo_json_u64(&reader);
            out->has_op = true;
        } else if (hpo_json_is(key, "worker_id")) {
            out->ours = hpo_json_is(hpo_json_string(&reader), JOURNAL_WORKER);
        } else if (hpo_json_is(key, "trial_id")) {
            out->trial = hpo_json_u64(&reader);
        } else if (hpo_json_is(key, "user_attr") || hpo_json_is(key, "user_attrs")) {
            find_attr(&reader, out);
        } else if (hpo_json_is(key, "params")) {
            out->params = reader;
            hpo_json_skip(&reader);
        } else if (hpo_json_is(key, "distributions")) {
            skip_distributions(&reader, journal);
        } else {
            hpo_json_skip(&reader);
        }
    }
    return hpo_json_done(&reader) && out->has_op;
}

bool hpo_journal_line_is_whole(const char *line, size_t length) {
    hpo_json_reader reader = hpo_json_read(line, length);
    hpo_json_skip(&reader);
    return hpo_json_done(&reader);
}

/* ---- the values of our attributes ---- */

static void read_metrics(hpo_json_reader *reader, hpo_metrics *metrics) {
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        if (metrics->count == HPO_MAX_METRICS) {
            hpo_json_skip(reader);
            continue;
        }
        hpo_metric *item = &metrics->item[metrics->count++];
        hpo_json_decode(key, item->name, sizeof item->name);
        item->value = hpo_json_real(reader);
    }
}

/* A member of a result; false when the key is not one. */
static bool read_result(hpo_json_reader *reader, hpo_json_text key, hpo_result *result) {
    if (hpo_json_is(key, "cost")) {
        result->cost = hpo_json_real(reader);
    } else if (hpo_json_is(key, "seconds")) {
        result->seconds = hpo_json_real(reader);
    } else if (hpo_json_is(key, "reached")) {
        result->reached = hpo_json_real(reader);
    } else if (hpo_json_is(key, "notices")) {
        result->notices = hpo_json_u32(reader);
    } else if (hpo_json_is(key, "metrics")) {
        read_metrics(reader, &result->metrics);
    } else if (hpo_json_is(key, "failure")) {
        char word[JOURNAL_NAME];
        hpo_json_decode(hpo_json_string(reader), word, sizeof word);
        if (!hpo_failure_find(word, &result->failure)) reader->bad = true;
    } else if (hpo_json_is(key, "code")) {
        result->code = hpo_json_int(reader);
    } else if (hpo_json_is(key, "reason")) {
        hpo_json_decode(hpo_json_string(reader), result->reason, sizeof result->reason);
    } else {
        return false;
    }
    return true;
}

void hpo_journal_parse_raw(hpo_json_reader *reader, hpo_raw *raw) {
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        if (hpo_json_is(key, "rung")) {
            raw->rung = hpo_json_u32(reader);
        } else if (hpo_json_is(key, "report")) {
            raw->is_report = hpo_json_bool(reader);
        } else if (hpo_json_is(key, "fidelity")) {
            raw->fidelity = hpo_json_real(reader);
        } else if (hpo_json_is(key, "attempt")) {
            raw->attempt = hpo_json_u32(reader);
        } else if (hpo_json_is(key, "worker")) {
            raw->worker = hpo_json_u32(reader);
        } else if (!read_result(reader, key, &raw->result)) {
            hpo_json_skip(reader);
        }
    }
}

/* A member of "hpo:start" alone; false when the key is not one. */
static bool read_start(hpo_json_reader *reader, hpo_json_text key, hpo_record *record, char origin[JOURNAL_NAME]) {
    if (hpo_json_is(key, "trial")) {
        record->trial = hpo_json_u64(reader);
    } else if (hpo_json_is(key, "bracket")) {
        record->bracket = hpo_json_u32(reader);
    } else if (hpo_json_is(key, "parent")) {
        record->parent = hpo_json_u64(reader);
    } else if (hpo_json_is(key, "seed")) {
        record->seed = hpo_json_u64(reader);
    } else if (hpo_json_is(key, "origin")) {
        hpo_json_decode(hpo_json_string(reader), origin, JOURNAL_NAME);
        record->origin = origin;
    } else {
        return false;
    }
    return true;
}

void hpo_journal_parse_record(hpo_json_reader *reader, hpo_record *record, char origin[JOURNAL_NAME]) {
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        if (hpo_json_is(key, "rung")) {
            record->rung = hpo_json_u32(reader);
        } else if (hpo_json_is(key, "fidelity")) {
            record->fidelity = hpo_json_real(reader);
        } else if (hpo_json_is(key, "value")) {
            record->value = hpo_json_real(reader);
        } else if (hpo_json_is(key, "attempt")) {
            record->attempt = hpo_json_u32(reader);
        } else if (hpo_json_is(key, "worker")) {
            record->worker = hpo_json_u32(reader);
        } else if (hpo_json_is(key, "from")) {
            record->from = hpo_json_real(reader);
        } else if (hpo_json_is(key, "as_of")) {
            record->as_of = hpo_json_u64(reader);
        } else if (hpo_json_is(key, "stop")) {
            record->stop = hpo_json_bool(reader);
        } else if (hpo_json_is(key, "final")) {
            record->final = hpo_json_bool(reader);
        } else if (!read_result(reader, key, &record->result) &&
                   !(record->kind == HPO_RECORD_START && read_start(reader, key, record, origin))) {
            hpo_json_skip(reader);
        }
    }
}

/* Index of a parameter by the text of its key; they mostly come in the order of declaration. */
static size_t find_param(const hpo_journal *journal, hpo_json_text key, size_t expected) {
    if (expected < journal->n_params) {
        const journal_text *mine = &journal->params[expected].key; /* with quotes and colon */
        if (mine->length == key.length + 3 && memcmp(mine->text + 1, key.at, key.length) == 0) return expected;
    }
    char name[JOURNAL_NAME];
    hpo_json_decode(key, name, sizeof name);
    return hpo_space_find(journal->space, name);
}

void hpo_journal_parse_params(hpo_json_reader *reader, const hpo_journal *journal, double *config) {
    for (size_t i = 0; i < journal->n_params; i++) config[i] = (double)NAN;
    hpo_json_text key;
    size_t expected = 0;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        size_t index = find_param(journal, key, expected);
        if (index >= journal->n_params) {
            reader->bad = true;
            break;
        }
        config[index] = hpo_json_real(reader);
        expected = index + 1;
    }
}

bool hpo_journal_read_identity(const char *line, size_t length, base_arena *arena, journal_identity *out) {
    journal_line parts;
    if (!hpo_journal_take_apart(NULL, line, length, &parts) || !parts.attr.at || !hpo_json_is(parts.attr, "study"))
        return false;
    *out = (journal_identity){.program = "", .identity = ""};
    char *text = base_arena_alloc(arena, length + 1);
    hpo_json_text key;
    bool more = hpo_json_enter(&parts.body, '{');
    while (hpo_json_key(&parts.body, &more, &key)) {
        if (hpo_json_is(key, "format")) {
            out->format = hpo_json_u64(&parts.body);
        } else if (hpo_json_is(key, "seed")) {
            out->seed = hpo_json_u64(&parts.body);
        } else if (hpo_json_is(key, "program")) {
            hpo_json_decode(hpo_json_string(&parts.body), text, length + 1);
            out->program = base_arena_strdup(arena, text);
        } else if (hpo_json_is(key, "identity")) {
            hpo_json_decode(hpo_json_string(&parts.body), text, length + 1);
            out->identity = base_arena_strdup(arena, text);
        } else {
            hpo_json_skip(&parts.body);
        }
    }
    return !parts.body.bad;
}
