/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the objective `command` understands of what programs print: objects, lines, steps, and what it says when there
 * is no result. */
#include "experiments/objectives/command_output.h"

#include "base/clock.h"
#include "base/rng.h"
#include "tests/experiments/objectives/output_taken.h"

/* ---- lines ---- */

/* One line each, in a study of loss with the fidelity epochs. */
static void test_lines(void **state) {
    (void)state;
    static const struct {
        const char *line;
        double step, loss;
        size_t count;
    } cases[] = {
        {"{\"loss\": 0.5}", NAN, 0.5, 1},
        {"  {\"epochs\": 3, \"loss\": 1e-3, \"acc\": 1}  \r\n", 3, 1e-3, 2},
        {"{\"loss\":0.5,}", NAN, 0.5, 1},
        {"{\"loss\": NaN}", NAN, NAN, 1},
        {"{\"loss\": nan}", NAN, NAN, 1},
        {"{\"loss\": -nan, \"acc\": 1}", NAN, NAN, 2},
        {"{\"loss\": nan(0x7ff8), \"acc\": 1}", NAN, NAN, 2},
        {"{\"acc\": 1, \"loss\": -Infinity}", NAN, -INFINITY, 2},
        {"{\"loss\": Inf, \"note\": \"a \\\" NaN, \\\\\"}", NAN, INFINITY, 1},
        {"{\"loss\": \"nan\"}", NAN, NAN, 1},
        {"{\"loss\": \"0.25\", \"epochs\": \"4\"}", 4, 0.25, 1},
        {"{\"loss\": 1e999}", NAN, INFINITY, 1},
        {"{\"loss\": 2, \"list\": [1, NaN], \"map\": {\"loss\": 1}, \"on\": true, \"no\": null}", NAN, 2, 1},
        {"{\"loss\": 2, \"flops\": 30000000000000000000000, \"acc\": 1}", NAN, 2, 3},
        {"{\"path\": \"caf\xE9/\\u0000/\\ud800\", \"loss\": 2}", NAN, 2, 1},
        {"{\"loss\": 2, \"x\": tensor(0.5, device='cuda:0'), \"acc\": 1}", NAN, 2, 2},
        {"{\"x\": <object at 0x7f>, \"y\": , \"z\": 12%, \"loss\": 2}", NAN, 2, 1},
        {"{\"x\": \"a\" \"b\", \"loss\": 2}", NAN, 2, 1},
        {"{\"x\": 1, \"y\" 3, \"loss\": 2}", NAN, 2, 2},
        {"{\"l\\u006fss\": 2, \"\\ud83d\\ude00\": 3, \"loss\": 2.5}", NAN, 2.5, 2},
        {"{\"loss\": 1, \"loss\": 2}", NAN, 2, 1},
        {"loss: {\"loss\": 1}", NAN, 1, 1},
        {"2024-05-01 INFO {trainer} [x] {\"loss\": 1, \"epochs\": 2} (done)", 2, 1, 1},
        {"{\"loss\": 1} {\"loss\": 2}", NAN, 2, 1},
        {"\xEF\xBB\xBF{\"loss\": 1}", NAN, 1, 1},
        {"\x1b[32m{\"loss\": \x1b[1m1\x1b[0m}\x1b[0m", NAN, 1, 1},
        {"\x1b]0;title\a{\"loss\": 1}", NAN, 1, 1},
        {"step 1/5\rstep 2/5\r{\"loss\": 1}\r", NAN, 1, 1},
        {"100%|####| 5/5\r\x1b[K{\"loss\": 1}", NAN, 1, 1},
        {"{\"loss\": 1, \"epochs\": NaN}", NAN, 1, 1},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        command_output output = {.metric = "loss", .fidelity = "epochs", .to = 100};
        take(&output, cases[i].line);
        if (!output.found) fail_msg("line: %s", cases[i].line);
        double loss = metric(&output, "loss");
        bool same = isnan(cases[i].loss) ? isnan(loss) : loss == cases[i].loss;
        same = same && (isnan(cases[i].step) ? isnan(output.reached) : output.reached == cases[i].step);
        if (!same || output.metrics.count != cases[i].count)
            fail_msg("line: %s: %zu metrics, loss %g, step %g", cases[i].line, output.metrics.count, loss,
                     output.reached);
    }
}

static void test_no_results(void **state) {
    (void)state;
    static const struct {
        const char *text, *hint;
    } cases[] = {
        {"", "train.py printed no result: a JSON object on a line of its own, such as {\"accuracy\": 0.12}"},
        {"Done.\n\n  \n", "such as {\"accuracy\": 0.12}; last line: Done."},
        {"{\"val_acc\": 1, \"epoch\": 2}\nbye\n",
         "no metric 'accuracy': it has val_acc, epoch; did you mean 'val_acc'?"},
        {"{\"acuracy\": 1}", "did you mean 'acuracy'?"},
        {"{\"wall\": 1}", "no metric 'accuracy': it has wall"},
        {"{\"epochs\": 3}", "no metric 'accuracy': it has epochs"},
        {"{}", "no metric 'accuracy'"},
        {"{\"accuracy\": \"n/a\"}\n{\"time\": 3}\n", "its \"accuracy\" is the text \"n/a\", which is no number"},
        {"{\"accuracy\": null}", "its \"accuracy\" is null, which is no number"},
        {"{\"accuracy\": [0.5, 0.75]}", "its \"accuracy\" is a list: [0.5, 0.75], which is no number"},
        {"{\"accuracy\": \"93%\"}", "its \"accuracy\" is the text \"93%\""},
        {"{'accuracy': 0.5}\nbye\n",
         "{'accuracy': 0.5} is no JSON: names need double quotes; in Python: print(json.dumps(...))"},
        {"{accuracy: 0.5}", "{accuracy: 0.5} is no JSON: names need double quotes"},
        {"{\"accuracy\": 0.5", "an object must end on the line where it begins: {\"accuracy\": 0.5"},
        {"{\n  \"accuracy\": 0.5\n}\n", "an object must end on the line where it begins: {"},
        {"x {\"a\": {\"accuracy\": 0.5}",
         "an object must end on the line where it begins: {\"a\": {\"accuracy\": 0.5}"},
        {"[1, 2]", "last line: [1, 2]"},
    };
    base_arena *arena = base_arena_create();
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        command_output output = {.metric = "accuracy", .fidelity = "epochs", .to = 100};
        take(&output, cases[i].text);
        assert_false(output.found);
        const char *sentence = command_hint_sentence(&output.hint, arena, "train.py", "accuracy", false);
        if (!strstr(sentence, cases[i].hint)) fail_msg("%s: %s", cases[i].text, sentence);
        hpo_result result;
        assert_true(strlen(sentence) < sizeof result.reason);
    }
    base_arena_destroy(arena);
}

/* A line of 80 kB counts, one of 1 MiB does, and one byte more is named, however it is cut. */
static void test_long_lines(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    static const size_t sizes[] = {80 * 1024, COMMAND_LINE_MAX, COMMAND_LINE_MAX + 1};
    for (size_t i = 0; i < 6; i++) {
        size_t size = sizes[i / 2], part = i % 2 ? 4096 : size + 1;
        base_buf line = {0};
        base_buf_puts(&line, "{\"loss\": 7, \"pad\": \"");
        while (line.length < size - 2) base_buf_putc(&line, 'x');
        base_buf_puts(&line, "\"}\n");
        command_output output = {.metric = "loss"};
        command_output_begin(&output);
        for (size_t at = 0; at < line.length; at += part) {
            command_output_feed(&output, line.data + at, part < line.length - at ? part : line.length - at);
            assert_true(output.line.length <= COMMAND_LINE_MAX + 1);
        }
        assert_int_equal(output.found, i < 4);
        if (i >= 4)
            CHECK_CONTAINS(command_hint_sentence(&output.hint, arena, "x", "loss", false),
                           "a line is longer than 1 MiB");
        command_output_feed(&output, "{\"loss\": 8}\n", 12);
        command_output_end(&output);
        CHECK_SAME_DOUBLE(metric(&output, "loss"), 8);
        base_buf_fini(&line);
    }
    base_arena_destroy(arena);
}

/* Text that begins an object again and again takes linear time: a mebibyte of it in well under a second. */
static void test_braces_take_linear_time(void **state) {
    (void)state;
    static const char *const pieces[] = {"{",       "{\"", "{\"a\":",     "{\"a\":{", "{\"a\" ",
                                         "{\"\\\"", "{ ",  "[{\"a\":1, ", "\",",      "{\"a\":{}, \"b\" x}",
                                         "\x1b[",   ",   "};
    for (size_t i = 0; i < CHECK_COUNT(pieces); i++) {
        base_buf line = {0};
        while (line.length < COMMAND_LINE_MAX - 32) base_buf_puts(&line, pieces[i]);
        base_buf_putc(&line, '\n');
        command_output output = {.metric = "loss"};
        double began = base_monotonic();
        take(&output, line.data);
        if (base_monotonic() - began > 2) fail_msg("%s: %.1f s", pieces[i], base_monotonic() - began);
        base_buf_fini(&line);
    }
}

/* ---- several lines ---- */

static void test_newest_of_each_name(void **state) {
    (void)state;
    command_output output = {.metric = "eval_loss", .to = 1};
    take(&output, "{\"eval_loss\": 4, \"acc\": 1}\n{\"eval_loss\": 3}\n{\"train_runtime\": 12.5}\n");
    assert_true(output.found);
    assert_true(command_output_complete(&output));
    CHECK_SAME_DOUBLE(metric(&output, "eval_loss"), 3);
    CHECK_SAME_DOUBLE(metric(&output, "acc"), 1);
    CHECK_SAME_DOUBLE(metric(&output, "train_runtime"), 12.5);
}

/* Numbers of another step do not mix, and a step without the metric leaves the result as it was. */
static void test_steps_do_not_mix(void **state) {
    (void)state;
    command_output output = {.metric = "loss", .fidelity = "epochs", .to = 9};
    take(&output,
         "{\"epochs\": 1, \"acc\": 1}\n{\"epochs\": 2, \"loss\": 3}\n{\"train\": 2}\n{\"epochs\": 3, \"acc\": 4}\n");
    assert_true(output.found);
    CHECK_SAME_DOUBLE(output.reached, 2);
    assert_false(command_output_complete(&output));
    CHECK_SAME_DOUBLE(metric(&output, "loss"), 3);
    CHECK_SAME_DOUBLE(metric(&output, "train"), 2);
    assert_null(hpo_metrics_get(&output.metrics, "acc"));
}

/* A message about something else does not take the place of an object on a line of its own; of a newer step it does. */
static void test_lines_of_their_own_win(void **state) {
    (void)state;
    command_output output = {.metric = "loss", .fidelity = "epochs", .to = 9};
    take(&output, "best so far: {\"loss\": 5}\n{\"epochs\": 8, \"loss\": 3}\nresumed {\"epochs\": 2, \"loss\": 7}\n"
                  "DEBUG {\"loss\": 9, \"lr\": 0.5}\n");
    CHECK_SAME_DOUBLE(metric(&output, "loss"), 3);
    CHECK_SAME_DOUBLE(metric(&output, "lr"), 0.5);
    CHECK_SAME_DOUBLE(output.reached, 8);
    take(&output, "{\"epochs\": 8, \"loss\": 3}\n9/9 [====] {\"epochs\": 9, \"loss\": 100}\n");
    CHECK_SAME_DOUBLE(metric(&output, "loss"), 100);
    CHECK_SAME_DOUBLE(output.reached, 9);
    assert_true(command_output_complete(&output));
}

/* A summary of the best epoch at the end: its value counts, and the step is the highest that was reached. */
static void test_best_at_the_end(void **state) {
    (void)state;
    command_output output = {.metric = "loss", .fidelity = "epochs", .to = 9};
    take(&output, "{\"epochs\": 8, \"loss\": 3}\n{\"epochs\": 9, \"loss\": 4}\n{\"epochs\": 8, \"loss\": 3}\n");
    CHECK_SAME_DOUBLE(metric(&output, "loss"), 3);
    CHECK_SAME_DOUBLE(output.reached, 9);
}

static void test_too_many_metrics(void **state) {
    (void)state;
    base_buf text = {0};
    base_buf_putc(&text, '{');
    for (int i = 0; i < 40; i++) base_buf_printf(&text, "%s\"m%d\": %d", i ? ", " : "", i, i);
    base_buf_puts(&text, ", \"a name that is longer than any metric's name may be\": 1}\n{\"loss\": 7}\n");
    command_output output = {.metric = "loss", .to = 1};
    take(&output, text.data);
    assert_int_equal(output.metrics.count, HPO_MAX_METRICS);
    CHECK_SAME_DOUBLE(metric(&output, "loss"), 7);
    CHECK_SAME_DOUBLE(metric(&output, "m14"), 14);
    assert_true(output.hint.n_dropped > COMMAND_HINT_NAMES);
    assert_string_equal(output.hint.dropped[0], "m15");
    assert_string_equal(output.hint.dropped[2], "m17");
    /* what stood inside a text makes room for a line of its own */
    base_buf_clear(&text);
    base_buf_puts(&text, "config {");
    for (int i = 0; i < 20; i++) base_buf_printf(&text, "%s\"c%d\": %d", i ? ", " : "", i, i);
    base_buf_puts(&text, "}\n{\"loss\": 7, \"acc\": 3}\n");
    take(&output, text.data);
    CHECK_SAME_DOUBLE(metric(&output, "loss"), 7);
    CHECK_SAME_DOUBLE(metric(&output, "acc"), 3);
    CHECK_SAME_DOUBLE(metric(&output, "c0"), 0);
    base_buf_fini(&text);
}

static void test_step_under_another_name(void **state) {
    (void)state;
    command_output output = {.metric = "loss", .fidelity = "epochs", .to = 9};
    take(&output, "{\"epoch\": 1, \"loss\": 4}\n{\"epoch\": 2, \"loss\": 3}\n");
    assert_true(isnan(output.reached));
    assert_false(command_output_complete(&output));
    assert_string_equal(output.hint.step_name, "epoch");
    assert_int_equal(output.hint.without_step, 2);
    take(&output, "{\"epochs\": 1, \"loss\": 4}\n{\"loss\": 3}\n");
    assert_int_equal(output.hint.without_step, 0);
}

typedef struct heard {
    size_t count;
    double step[16], loss[16];
} heard;

static hpo_verdict hear(void *self, double step, const hpo_metrics *metrics) {
    heard *all = self;
    assert_true(all->count < CHECK_COUNT(all->step));
    all->step[all->count] = step;
    all->loss[all->count++] = *hpo_metrics_get(metrics, "loss");
    return HPO_CONTINUE;
}

/* However the bytes are cut, the same reports and the same result. */
static void test_stream(void **state) {
    (void)state;
    static const char text[] =
        "starting\n{\"epochs\": 1, \"loss\": 4}\n{\"epochs\": 2, \"loss\": 4}\r\n{\"epochs\": 3, \"loss\": "
        "3}\nwarning\n"
        "\n{\"epochs\": 3, \"loss\": 9}\n{\"epochs\": 5, \"acc\": 3}\rbar\r{\"epochs\": 6, \"loss\": 2}\nbye\n"
        "\x1b[1m{\"epochs\": 9, \"loss\": 1}"; /* from 2 to 9: 3 and 6 are reports, 9 the result */
    for (uint32_t round = 0; round < 200; round++) {
        base_rng rng = base_rng_stream(round, BASE_RNG_TEST, 0, 0);
        heard all = {0};
        hpo_reporter reporter = {.report = hear, .self = &all};
        command_output output = {.metric = "loss", .fidelity = "epochs", .from = 2, .to = 9, .reporter = &reporter};
        command_output_begin(&output);
        for (size_t at = 0; at < sizeof text - 1;) {
            size_t part = 1 + (size_t)base_rng_below(&rng, round ? 40 : 1);
            if (part > sizeof text - 1 - at) part = sizeof text - 1 - at;
            command_output_feed(&output, text + at, part);
            at += part;
        }
        command_output_end(&output);
        assert_true(output.found);
        assert_true(command_output_complete(&output));
        CHECK_SAME_DOUBLE(output.reached, 9);
        CHECK_SAME_DOUBLE(metric(&output, "loss"), 1);
        assert_int_equal(all.count, 2);
        CHECK_SAME_DOUBLE(all.step[0], 3);
        CHECK_SAME_DOUBLE(all.loss[0], 3);
        CHECK_SAME_DOUBLE(all.step[1], 6);
    }
}

/* ---- what the user should know ---- */

static void test_notices(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double reached;
        uint32_t notices;
        const char *note;
    } cases[] = {
        {"{\"epochs\": 9, \"loss\": 1}", 0, 0, ""},
        {"{\"epochs\": 4, \"loss\": 1}", 4, 0, ""},
        {"{\"loss\": 1}", 0, 0, ""},
        {"{\"epochs\": 0, \"loss\": 2}\n{\"epochs\": 8, \"loss\": 1}", 0, HPO_NOTICE_BIT(COUNTS_FROM_0),
         "counts epochs from 0, so its 8 is taken for the 9 that it was asked for"},
        {"{\"epochs\": 0, \"loss\": 2}\n{\"epochs\": 9, \"loss\": 1}", 0, 0, ""}, /* before the first, too */
        {"{\"epochs\": 0, \"loss\": 2}\n{\"epochs\": 7, \"loss\": 1}", 7, 0, ""},
        {"{\"epochs\": 1, \"loss\": 2}\n{\"epochs\": 8, \"loss\": 1}", 8, 0, ""},
        {"{\"epochs\": 27, \"loss\": 1}", 0, HPO_NOTICE_BIT(OTHER_STEP), "reported epochs 27 but was asked for 9"},
        {"{\"epoch\": 9, \"loss\": 1}", 0, HPO_NOTICE_BIT(STEP_NAME), "reports no 'epochs'; did you mean 'epoch'?"},
        {"{\"loss\": 1}\n{\"loss\": 1}", 0, HPO_NOTICE_BIT(STEP_NAME), "reports no 'epochs'"},
        {"{\"loss\": 1, \"a name that is longer than a metric's may be\": 2, \"epochs\": 9}", 0,
         HPO_NOTICE_BIT(METRICS_DROPPED),
         "has metrics that are not kept (at most 16, names up to 31 characters): a name that is longer th"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        command_output output = {.metric = "loss", .fidelity = "epochs", .to = 9};
        hpo_result result = {.failure = HPO_FAILURE_NONE};
        take(&output, cases[i].text);
        command_output_result(&output, &result);
        CHECK_SAME_DOUBLE(result.reached, cases[i].reached);
        assert_int_equal(result.notices, cases[i].notices);
        assert_string_equal(result.note, cases[i].note);
        CHECK_SAME_DOUBLE(*hpo_metrics_get(&result.metrics, "loss"), 1);
        /* what the server knows stays, and a sentence about something before it is not taken for its own */
        result = (hpo_result){.notices = HPO_NOTICE_BIT(STARTED_AGAIN)};
        command_output_result(&output, &result);
        assert_int_equal(result.notices, cases[i].notices | HPO_NOTICE_BIT(STARTED_AGAIN));
        assert_string_equal(result.note, cases[i].notices > HPO_NOTICE_BIT(STARTED_AGAIN) ? cases[i].note : "");
    }
}

/* What goes on from a step reports that one first, where others report the one behind it. */
static void test_counting_goes_on(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double from, to, reached;
    } cases[] = {
        {"{\"epochs\": 3, \"loss\": 2}\n{\"epochs\": 8, \"loss\": 1}", 3, 9, 0},
        {"{\"epochs\": 4, \"loss\": 2}\n{\"epochs\": 8, \"loss\": 1}", 3, 9, 8},
        {"{\"epochs\": 0, \"loss\": 2}\n{\"epochs\": 8, \"loss\": 1}", 3, 9, 0}, /* starts again each time */
        {"{\"epochs\": 1, \"loss\": 1}", 1, 2, 0},
        {"{\"epochs\": 0, \"loss\": 1}", 0, 1, 0},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        command_output output = {.metric = "loss", .fidelity = "epochs", .from = cases[i].from, .to = cases[i].to};
        hpo_result result = {.failure = HPO_FAILURE_NONE};
        take(&output, cases[i].text);
        command_output_result(&output, &result);
        CHECK_SAME_DOUBLE(result.reached, cases[i].reached);
        const bool said = cases[i].reached <= 0 && cases[i].to > 1;
        assert_int_equal(result.notices, said ? HPO_NOTICE_BIT(COUNTS_FROM_0) : 0);
    }
}

/* ---- any bytes ---- */

/* Bytes that make objects likely, in buffers of their exact size, so that a sanitizer sees a read behind the end. */
static void test_random_bytes(void **state) {
    (void)state;
    static const char likely[] = "{{{}}\"\"\"::,,\\\\  loss12.5eE+-nuanif[]()\x1b[m\r\n\xEF\xBB\xBF\xC3\xA9\xFF\x01u00";
    size_t found = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        base_rng rng = base_rng_stream(round, BASE_RNG_TEST, 1, 0);
        size_t length = 1 + (size_t)base_rng_below(&rng, 120);
        char *bytes = base_malloc(length);
        for (size_t i = 0; i < length; i++) {
            uint32_t kind = (uint32_t)base_rng_below(&rng, 10);
            bytes[i] = kind ? likely[base_rng_below(&rng, sizeof likely)] : (char)base_rng_below(&rng, 256);
        }
        if (round % 2 && length > 12) memcpy(bytes, "{\"loss\": 1, ", 12);
        if (round % 4 == 3) bytes[length - 1] = '}';
        command_output output = {.metric = "loss", .fidelity = "epochs", .to = 9};
        command_output_begin(&output);
        command_output_feed(&output, bytes, length);
        command_output_end(&output);
        if (output.found) assert_non_null(hpo_metrics_get(&output.metrics, "loss"));
        assert_true(output.metrics.count <= HPO_MAX_METRICS);
        found += output.found;
        free(bytes);
    }
    assert_in_range(found, 100, 19000); /* the bytes are neither hopeless nor always right */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_results),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_braces_take_linear_time),
        cmocka_unit_test(test_newest_of_each_name),
        cmocka_unit_test(test_steps_do_not_mix),
        cmocka_unit_test(test_lines_of_their_own_win),
        cmocka_unit_test(test_best_at_the_end),
        cmocka_unit_test(test_too_many_metrics),
        cmocka_unit_test(test_step_under_another_name),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_counting_goes_on),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
