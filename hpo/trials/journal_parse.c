/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Understanding the text of a journal's line.
 *
 * Members are found by name and unknown ones are skipped, so that a file that another tool has written anew (other
 * spacing, another order, escaped characters) still reads; a line as we wrote it is only passed over once, its
 * distributions in one comparison. */
#include "hpo/trials/journal_parse.h"

#include <math.h>
#include <stdio.h>

/* ---- taking a line apart ---- */

static void find_attr(hpo_json_reader *reader, journal_line *out) {
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        if (key.length > 4 && memcmp(key.at, "hpo:", 4) == 0) {
            out->attr = (hpo_json_text){.at = key.at + 4, .length = key.length - 4};
            out->body = *reader;
            hpo_json_pass_object(reader);
        } else {
            hpo_json_skip(reader);
        }
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
            hpo_json_pass_object(&reader);
        } else if (hpo_json_is(key, "distributions")) {
            skip_distributions(&reader, journal);
        } else {
            hpo_json_skip(&reader);
        }
    }
    return hpo_json_done(&reader) && out->has_op;
}

/* ---- the values of our attributes ---- */

/* The members of an attribute, and of which kinds. */
typedef enum member {
    RUNG,
    FIDELITY,
    VALUE,
    VALUES,
    ATTEMPT,
    WORKER,
    COST,
    SECONDS,
    METRICS,
    REACHED,
    NOTICES,
    AT,
    ELAPSED,
    FINAL,
    STOP,
    FAILURE,
    CODE,
    REASON,
    ARTEFACT,
    FROM,
    AS_OF,
    TRIAL,
    BRACKET,
    SEED,
    ORIGIN,
    PARENT,
    REPORT,
    OPEN,
    INCUMBENT,
    MEMBERS
} member;

#define NAME(text)                                                                                                     \
    { (text), sizeof(text) - 1 }
static const journal_text names[MEMBERS] = {
    [RUNG] = NAME("rung"),           [FIDELITY] = NAME("fidelity"),
    [VALUE] = NAME("value"),         [VALUES] = NAME("values"),
    [ATTEMPT] = NAME("attempt"),     [WORKER] = NAME("worker"),
    [COST] = NAME("cost"),           [SECONDS] = NAME("seconds"),
    [METRICS] = NAME("metrics"),     [AT] = NAME("at"),
    [ELAPSED] = NAME("elapsed"),     [FINAL] = NAME("final"),
    [STOP] = NAME("stop"),           [FAILURE] = NAME("failure"),
    [CODE] = NAME("code"),           [REASON] = NAME("reason"),
    [FROM] = NAME("from"),           [AS_OF] = NAME("as_of"),
    [ARTEFACT] = NAME("artefact"),   [TRIAL] = NAME("trial"),
    [BRACKET] = NAME("bracket"),     [SEED] = NAME("seed"),
    [ORIGIN] = NAME("origin"),       [PARENT] = NAME("parent"),
    [REPORT] = NAME("report"),       [REACHED] = NAME("reached"),
    [NOTICES] = NAME("notices"),     [OPEN] = NAME("open"),
    [INCUMBENT] = NAME("incumbent"),
};
#undef NAME

#define BIT(member) (1u << (member))
enum { FAILED = 1u << FAILURE | 1u << CODE | 1u << REASON };

/* What an attribute of a kind must have, and may have. Writers of later versions may add members that are passed over;
 * of format 1 all are known, so that a member with another name is a damaged one. */
typedef struct members {
    unsigned needed, allowed;
} members;

static members members_of(journal_attr_kind kind, uint64_t format) {
    const unsigned when = format == JOURNAL_FORMAT_1 ? 0 : BIT(AT) | BIT(ELAPSED);
    const unsigned value = format == JOURNAL_FORMAT_1 ? BIT(VALUE) : BIT(VALUES);
    const unsigned what = BIT(RUNG) | BIT(FIDELITY);
    const unsigned who = BIT(ATTEMPT) | BIT(WORKER) | BIT(COST) | BIT(SECONDS);
    const unsigned result =
        FAILED | BIT(METRICS) | (format == JOURNAL_FORMAT_1 ? 0 : BIT(ARTEFACT) | BIT(REACHED) | BIT(NOTICES));
    switch (kind) {
    case JOURNAL_START:
        return (members){what | BIT(TRIAL) | BIT(BRACKET) | BIT(FROM) | BIT(AS_OF) | BIT(SEED) | when,
                         BIT(PARENT) | BIT(ORIGIN)};
    case JOURNAL_PROMOTE: return (members){what | BIT(FROM) | BIT(AS_OF) | when, 0};
    case JOURNAL_REPORT:
        return (members){what | value | who | when,
                         result | BIT(STOP) | BIT(FINAL) | (format == JOURNAL_FORMAT_1 ? 0 : BIT(OPEN))};
    case JOURNAL_RESULT: return (members){what | value | who | when, result | BIT(STOP) | BIT(FINAL)};
    case JOURNAL_CLOSE: return (members){when, 0};
    case JOURNAL_RAW:
    case JOURNAL_ATTEMPT: return (members){what | who | when, result | BIT(REPORT)};
    case JOURNAL_RUN: return (members){when, BIT(INCUMBENT)};
    }
    return (members){0, 0};
}

static void read_metrics(hpo_json_reader *reader, hpo_metrics *metrics) {
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        if (metrics->count == HPO_MAX_METRICS || key.length == 0) {
            reader->bad = true;
            return;
        }
        hpo_metric *item = &metrics->item[metrics->count++];
        hpo_json_decode(key, item->name, sizeof item->name);
        item->value = hpo_json_real(reader);
    }
}

/* One entry for each metric that the study optimizes. */
static void read_values(hpo_json_reader *reader, hpo_record *record) {
    bool more = hpo_json_enter(reader, '[');
    while (hpo_json_item(reader, &more)) {
        if (record->n_values == HPO_MAX_GOALS) {
            reader->bad = true;
            return;
        }
        record->values[record->n_values++] = hpo_json_real(reader);
    }
    if (record->n_values == 0) reader->bad = true;
}

/* A list of texts, of which the first one counts. */
static void read_artefact(hpo_json_reader *reader, hpo_result *result) {
    bool more = hpo_json_enter(reader, '[');
    for (size_t i = 0; hpo_json_item(reader, &more); i++) {
        const hpo_json_text text = hpo_json_string(reader);
        if (i == 0 && !reader->bad) hpo_json_decode(text, result->artefact, sizeof result->artefact);
    }
}

static void read_failure(hpo_json_reader *reader, hpo_failure *failure) {
    char word[JOURNAL_NAME];
    hpo_json_decode(hpo_json_string(reader), word, sizeof word);
    if (!hpo_failure_find(word, failure)) reader->bad = true;
}

static void read_member(hpo_json_reader *reader, member which, journal_attr *out) {
    hpo_record *record = out->record;
    hpo_result *result = &record->result;
    switch (which) {
    case RUNG: record->rung = hpo_json_u32(reader); break;
    case FIDELITY: record->fidelity = hpo_json_real(reader); break;
    case VALUE: record->value = hpo_json_real(reader); break;
    case VALUES: read_values(reader, record); break;
    case ATTEMPT: record->attempt = hpo_json_u32(reader); break;
    case WORKER: record->worker = hpo_json_u32(reader); break;
    case COST: result->cost = hpo_json_real(reader); break;
    case SECONDS: result->seconds = hpo_json_real(reader); break;
    case METRICS: read_metrics(reader, &result->metrics); break;
    case REACHED: result->reached = hpo_json_real(reader); break;
    case NOTICES: result->notices = hpo_json_u32(reader); break;
    case AT: record->at = hpo_json_real(reader); break;
    case ELAPSED: out->elapsed = hpo_json_real(reader); break;
    case FINAL: record->final = hpo_json_bool(reader); break;
    case STOP: record->stop = hpo_json_bool(reader); break;
    case FAILURE: read_failure(reader, &result->failure); break;
    case CODE: result->code = hpo_json_int(reader); break;
    case REASON: hpo_json_decode(hpo_json_string(reader), result->reason, sizeof result->reason); break;
    case ARTEFACT: read_artefact(reader, result); break;
    case FROM: record->from = hpo_json_real(reader); break;
    case AS_OF: record->as_of = hpo_json_u64(reader); break;
    case TRIAL: record->trial = hpo_json_u64(reader); break;
    case BRACKET: record->bracket = hpo_json_u32(reader); break;
    case SEED: record->seed = hpo_json_u64(reader); break;
    case ORIGIN:
        hpo_json_decode(hpo_json_string(reader), out->origin, sizeof out->origin);
        record->origin = out->origin;
        break;
    case PARENT: record->parent = hpo_json_u64(reader); break;
    case OPEN: record->open = hpo_json_bool(reader); break;
    case REPORT: out->is_report = hpo_json_bool(reader); break;
    case INCUMBENT: out->by_posterior = hpo_json_is(hpo_json_string(reader), "posterior"); break;
    case MEMBERS: break;
    }
}

static member find_member(hpo_json_text key) {
    member which = RUNG;
    while (which < MEMBERS &&
           !(key.length == names[which].length && memcmp(key.at, names[which].text, key.length) == 0)) {
        which++;
    }
    return which;
}

const char *hpo_journal_parse_attr(hpo_json_reader *reader, journal_attr_kind kind, uint64_t format,
                                   journal_attr *out) {
    const members rule = members_of(kind, format);
    const unsigned known = rule.needed | rule.allowed;
    unsigned seen = 0;
    hpo_json_text key;
    bool more = hpo_json_enter(reader, '{');
    while (hpo_json_key(reader, &more, &key)) {
        const member which = find_member(key);
        const bool belongs = which < MEMBERS && (known & BIT(which));
        if (!belongs && format == JOURNAL_FORMAT_1) return "an attribute has a member that it cannot have";
        if (!belongs) {
            hpo_json_skip(reader);
            continue;
        }
        if (seen & BIT(which)) return "an attribute has a member twice";
        seen |= BIT(which);
        read_member(reader, which, out);
    }
    if (reader->bad) return "an attribute that cannot be read";
    unsigned missing = rule.needed & ~seen;
    if ((seen & FAILED) && (seen & FAILED) != FAILED) missing |= FAILED & ~seen;
    if (missing == 0) return NULL;
    member which = RUNG;
    while (!(missing & BIT(which))) which++;
    snprintf(out->complaint, sizeof out->complaint, "an attribute lacks '%s'", names[which].text);
    return out->complaint;
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
        if (!isnan(config[index])) reader->bad = true; /* twice */
        config[index] = hpo_json_real(reader);
        if (!isfinite(config[index])) reader->bad = true;
        expected = index + 1;
    }
}

static const char *read_text(hpo_json_reader *reader, base_arena *arena) {
    const hpo_json_text raw = hpo_json_string(reader);
    char *text = base_arena_alloc(arena, raw.length + 4);
    hpo_json_decode(raw, text, raw.length + 4);
    return text;
}

bool hpo_journal_read_identity(const char *line, size_t length, base_arena *arena, journal_identity *out) {
    journal_line parts;
    if (!hpo_journal_take_apart(NULL, line, length, &parts) || !parts.attr.at || !hpo_json_is(parts.attr, "study"))
        return false;
    *out = (journal_identity){0};
    bool has_seed = false;
    hpo_json_text key;
    bool more = hpo_json_enter(&parts.body, '{');
    while (hpo_json_key(&parts.body, &more, &key)) {
        if (hpo_json_is(key, "format")) {
            out->format = hpo_json_u64(&parts.body);
        } else if (hpo_json_is(key, "seed")) {
            out->seed = hpo_json_u64(&parts.body);
            has_seed = true;
        } else if (hpo_json_is(key, "program")) {
            out->program = read_text(&parts.body, arena);
        } else if (hpo_json_is(key, "identity")) {
            out->identity = read_text(&parts.body, arena);
        } else if (hpo_json_is(key, "chosen")) {
            out->chosen = read_text(&parts.body, arena);
        } else {
            hpo_json_skip(&parts.body);
        }
    }
    return !parts.body.bad && has_seed && out->program && out->identity;
}

const char *hpo_journal_read_name(const char *line, size_t length, base_arena *arena) {
    hpo_json_reader reader = hpo_json_read(line, length);
    hpo_json_text key;
    bool more = hpo_json_enter(&reader, '{');
    while (hpo_json_key(&reader, &more, &key)) {
        if (hpo_json_is(key, "study_name")) {
            const char *name = read_text(&reader, arena);
            return reader.bad ? "" : name;
        }
        hpo_json_skip(&reader);
    }
    return "";
}

bool hpo_journal_read_change(const char *line, size_t length, base_arena *arena, const char **identity) {
    journal_line parts;
    *identity = NULL;
    if (!hpo_journal_take_apart(NULL, line, length, &parts) || !parts.attr.at) return false;
    if (!hpo_json_is(parts.attr, "identity")) return false;
    hpo_json_text key;
    bool more = hpo_json_enter(&parts.body, '{');
    while (hpo_json_key(&parts.body, &more, &key)) {
        if (hpo_json_is(key, "identity")) {
            *identity = read_text(&parts.body, arena);
        } else {
            hpo_json_skip(&parts.body);
        }
    }
    return !parts.body.bad && *identity;
}

bool hpo_journal_read_run(const char *line, size_t length, bool *by_posterior) {
    journal_line parts;
    *by_posterior = false;
    if (!hpo_journal_take_apart(NULL, line, length, &parts) || !parts.attr.at) return false;
    if (!hpo_json_is(parts.attr, "run")) return false;
    hpo_json_text key;
    bool more = hpo_json_enter(&parts.body, '{');
    while (hpo_json_key(&parts.body, &more, &key)) {
        if (hpo_json_is(key, "incumbent")) {
            *by_posterior = hpo_json_is(hpo_json_string(&parts.body), "posterior");
        } else {
            hpo_json_skip(&parts.body);
        }
    }
    return !parts.body.bad;
}
