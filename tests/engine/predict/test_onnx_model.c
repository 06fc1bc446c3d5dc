/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ONNX models of every op and of whole networks: messages nest exactly, and every node reads what stands before it.
 * What they compute is for onnxruntime to say: with a folder as argument this program leaves NUMBER.onnx, NUMBER.x and
 * NUMBER.y there for tests/cli/test_model_export.py. */
#include "tests/support/check.h"

#include "base/buf.h"
#include "engine/ops/ops.h"
#include "engine/predict/onnx_model.h"
#include "tests/support/case_nets.h"
#include "tests/support/predictors.h"

/* ---- the wire format, read ---- */

typedef struct message {
    const unsigned char *at, *end;
} message;

typedef struct part {
    unsigned field, kind;
    uint64_t number;
    message bytes;
} part;

static uint64_t varint(message *m) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        assert_true(m->at < m->end && shift < 64);
        value |= (uint64_t)(*m->at & 0x7f) << shift;
        if (*m->at++ < 0x80) return value;
    }
}

static bool next(message *m, part *out) {
    if (m->at == m->end) return false;
    const uint64_t key = varint(m);
    *out = (part){.field = (unsigned)(key >> 3), .kind = (unsigned)(key & 7)};
    assert_true(out->kind == 0 || out->kind == 2 || out->kind == 5);
    out->number = out->kind == 5 ? 4 : varint(m);
    if (out->kind == 0) return true;
    const uint64_t length = out->number;
    assert_true(length <= (uint64_t)(m->end - m->at));
    out->bytes = (message){m->at, m->at + length};
    m->at += length;
    return true;
}

static message only(message m, unsigned field) {
    message found = {0};
    for (part p; next(&m, &p);)
        if (p.field == field) {
            assert_null(found.at);
            found = p.bytes;
        }
    assert_non_null(found.at);
    return found;
}

typedef struct names {
    char text[512][24];
    size_t count;
} names;

static bool knows(const names *list, message name) {
    const size_t length = (size_t)(name.end - name.at);
    for (size_t i = 0; i < list->count; i++)
        if (strlen(list->text[i]) == length && memcmp(list->text[i], name.at, length) == 0) return true;
    return false;
}

static void add(names *list, message name) {
    const size_t length = (size_t)(name.end - name.at);
    assert_true(length < sizeof list->text[0] && list->count < CHECK_COUNT(list->text) && !knows(list, name));
    memcpy(list->text[list->count], name.at, length);
    list->text[list->count++][length] = '\0';
}

/* GraphProto: 1 node (1 input, 2 output), 5 initializer (8 name), 11 input, 12 output (1 name). */
static void check_graph(message graph) {
    static names known;
    size_t nodes = 0;
    known = (names){0};
    message rest = graph;
    for (part p; next(&rest, &p);) {
        if (p.field == 5) add(&known, only(p.bytes, 8));
        if (p.field == 11) add(&known, only(p.bytes, 1));
    }
    rest = graph;
    for (part p; next(&rest, &p);) {
        message inside = p.bytes;
        nodes += p.field == 1;
        for (part q; p.field == 1 && next(&inside, &q);) {
            if (q.field == 1) assert_true(q.bytes.at == q.bytes.end || knows(&known, q.bytes));
            if (q.field == 2) add(&known, q.bytes);
        }
        if (p.field == 12) assert_true(knows(&known, only(p.bytes, 1)));
    }
    assert_true(nodes >= 3);
}

/* ---- tests ---- */

static void every_node_reads_what_is_there(void **state) {
    (void)state;
    size_t count;
    named_predictor *list = predictors_create(&count);
    for (size_t i = 0; i < count; i++) {
        base_err err = {0};
        base_buf bytes = {0};
        CHECK_OK(eng_onnx_write(list[i].predictor, "1", &bytes, &err));
        const unsigned char *at = (const unsigned char *)bytes.data;
        check_graph(only((message){at, at + bytes.length}, 7));
        base_buf_fini(&bytes);
    }
    predictors_destroy(list, count);
}

static void what_cannot_be_written_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < op_cases_count; i++) {
        if (op_cases[i].op != &eng_op_noise) continue;
        base_err err = {0};
        base_buf bytes = {0};
        eng_predictor p = {.model = case_net_model(&op_cases[i], 1)};
        CHECK_FAILS(eng_onnx_write(&p, "1", &bytes, &err), BASE_UNSUPPORTED, "its op noise (node 'case')");
        eng_model_destroy(p.model);
    }
}

static int leave(const char *folder) {
    size_t count;
    base_err err = {0};
    named_predictor *list = predictors_create(&count);
    base_status status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        const eng_predictor *p = list[i].predictor;
        base_buf bytes = {0};
        char path[3][1024];
        static const char *const ends[] = {"onnx", "x", "y"};
        for (size_t k = 0; k < CHECK_COUNT(ends); k++)
            snprintf(path[k], sizeof path[k], "%s/%zu.%s", folder, i, ends[k]);
        printf("%zu %s\n", i, list[i].name);
        status = eng_onnx_write(p, "1", &bytes, &err);
        if (status == BASE_OK) status = base_write_file(path[0], bytes.data, bytes.length, &err);
        if (status == BASE_OK)
            status = base_write_file(path[1], list[i].x, p->normalizer.features * sizeof(float), &err);
        if (status == BASE_OK) status = base_write_file(path[2], list[i].answer, p->answers * sizeof(float), &err);
        base_buf_fini(&bytes);
    }
    if (status != BASE_OK) fprintf(stderr, "%s\n", err.text);
    predictors_destroy(list, count);
    return status != BASE_OK;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_reads_what_is_there),
        cmocka_unit_test(what_cannot_be_written_is_named),
    };
    return argc > 1 ? leave(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
