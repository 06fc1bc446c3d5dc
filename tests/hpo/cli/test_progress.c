/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The display: few plain lines however much happens, one JSON object per evaluation, nothing when it is to be quiet,
 * and a live line that fits its terminal. What it prints is caught from the real streams. */
#include <fcntl.h>
#include <jansson.h>

#include "base/buf.h"
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

#define STUDY                                                                                                          \
    "study: toy\nseed: 3\nobjective: {toy: {}}\nmetric: loss\nmethod: hyperband\n"                                     \
    "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 200}\n"                                                    \
    "parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 7}}\n"

/* ---- streams to files ---- */

typedef struct catcher {
    FILE *stream;
    int saved;
    const char *path;
} catcher;

static catcher catch_stream(FILE *stream, const char *path) {
    fflush(stream);
    catcher c = {.stream = stream, .saved = dup(fileno(stream)), .path = path};
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(c.saved >= 0 && fd >= 0);
    dup2(fd, fileno(stream));
    close(fd);
    return c;
}

static base_buf release_stream(catcher *c) {
    base_buf text = {0};
    base_err err;
    fflush(c->stream);
    dup2(c->saved, fileno(c->stream));
    close(c->saved);
    CHECK_OK(base_read_file(c->path, &text, &err));
    base_buf_puts(&text, "");
    return text;
}

/* ---- a run of the toy ---- */

typedef struct show {
    hpo_observer observer;
    hpo_progress progress;
    uint64_t told;
} show;

static void tell(void *self, hpo_study *study, const hpo_record *record) {
    show *s = self;
    s->progress.study = study;
    s->progress.elapsed += 0.01;
    bool counts = record->kind == HPO_RECORD_RESULT || record->kind == HPO_RECORD_CLOSE;
    s->told += counts;
    if (counts) s->observer.update(s->observer.self, &s->progress, record);
    s->observer.update(s->observer.self, &s->progress, NULL);
}

typedef struct seen {
    base_buf out, err;
    uint64_t told;
} seen;

static seen watch_study(const char *text, hpo_display display, double fail_share) {
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    hpo_study_spec *spec = toy_spec(text);
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    catcher out = catch_stream(stdout, check_tmpdir_file(&dir, "out"));
    catcher errors = catch_stream(stderr, check_tmpdir_file(&dir, "err"));
    cli_progress *progress = cli_progress_create(spec, display, 0);
    show s = {.observer = cli_progress_observer(progress), .progress = {.workers = 3}};
    toy_drive_study(
        study, &(toy_drive){
                   .workers = 3, .seed = 1, .fail_share = fail_share, .artefact = "\"\x01", .after = tell, .self = &s});
    CHECK_SAME_DOUBLE(cli_progress_last(progress)->elapsed, s.progress.elapsed);
    cli_progress_clear(progress);
    cli_progress_destroy(progress);
    seen result = {.out = release_stream(&out), .err = release_stream(&errors), .told = s.told};
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    check_tmpdir_remove(&dir);
    return result;
}

static seen watch(hpo_display display, double fail_share) {
    return watch_study(STUDY, display, fail_share);
}

static void seen_fini(seen *s) {
    base_buf_fini(&s->out);
    base_buf_fini(&s->err);
}

static size_t count_lines(const base_buf *text) {
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++) count += text->data[i] == '\n';
    return count;
}

/* ---- the tests ---- */

static void test_plain_lines_are_few(void **state) {
    (void)state;
    unsetenv("HPO_TERMINAL");
    seen s = watch(HPO_DISPLAY_AUTO, 0.3);
    assert_true(s.told > 250);
    assert_int_equal(s.out.length, 0);
    CHECK_CONTAINS(base_buf_text(&s.err), "best loss");
    CHECK_CONTAINS(base_buf_text(&s.err), "failed: ");
    assert_null(strchr(base_buf_text(&s.err), '\r')); /* a log is no terminal */
    assert_true(count_lines(&s.err) < 40);
    seen_fini(&s);
}

/* Every line that says "best" is at least as good as the line before it; one that is not says "first". */
static size_t count_firsts(const char *said, bool maximize) {
    double before = NAN;
    size_t firsts = 0;
    for (const char *at = strstr(said, " loss "); at; at = strstr(at + 1, " loss ")) {
        const bool is_first = memcmp(at - 5, "first", 5) == 0;
        if (!is_first && memcmp(at - 6, ": best", 6) != 0) continue; /* a line of status */
        const double value = strtod(at + 6, NULL);
        if (is_first) CHECK_CONTAINS(at, " at epochs ");
        if (!is_first && !isnan(before)) assert_true(maximize ? value >= before : value <= before);
        before = value;
        firsts += is_first;
    }
    return firsts;
}

/* The toy's losses fall with the epochs: whoever maximizes them finds the first value at a higher fidelity worse than
 * the best below. */
static void test_a_first_value_is_no_new_best(void **state) {
    (void)state;
    static const char *const goals[] = {"minimize", "maximize"};
    for (size_t i = 0; i < CHECK_COUNT(goals); i++) {
        base_buf study = {0};
        base_buf_printf(&study,
                        "study: toy\nseed: 3\nobjective: {toy: {}}\nmetric: {name: loss, goal: %s}\nmethod: hyperband\n"
                        "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 60}\n"
                        "parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 7}}\n",
                        goals[i]);
        seen s = watch_study(base_buf_text(&study), HPO_DISPLAY_AUTO, 0);
        CHECK_CONTAINS(base_buf_text(&s.err), "best loss");
        const size_t firsts = count_firsts(base_buf_text(&s.err), i == 1);
        if (i == 1) assert_true(firsts > 0);
        seen_fini(&s);
        base_buf_fini(&study);
    }
}

static void test_quiet_says_nothing(void **state) {
    (void)state;
    seen s = watch(HPO_DISPLAY_QUIET, 0.3);
    assert_int_equal(s.out.length + s.err.length, 0);
    seen_fini(&s);
}

static void test_json_is_one_object_per_evaluation(void **state) {
    (void)state;
    seen s = watch(HPO_DISPLAY_JSON, 0.3);
    assert_int_equal(s.err.length, 0);
    assert_int_equal(count_lines(&s.out), s.told);
    size_t failed = 0, named = 0;
    for (char *line = strtok(s.out.data, "\n"); line; line = strtok(NULL, "\n")) {
        json_error_t error;
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        if (!object) fail_msg("%s: %s", error.text, line);
        assert_true(json_is_integer(json_object_get(object, "trial")));
        assert_true(json_is_object(json_object_get(object, "config")));
        const json_t *artefact = json_object_get(object, "artefact");
        if (artefact) assert_string_equal(json_string_value(artefact), "\"\x01");
        named += artefact != NULL;
        failed += json_is_string(json_object_get(object, "failure"));
        json_decref(object);
    }
    assert_true(failed > 20 && named > 20);
    seen_fini(&s);
}

/* What a terminal is sent for a study after so many records, drawn some times and wiped. */
static base_buf live_view(uint64_t records, size_t times) {
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    hpo_study_spec *spec = toy_spec(STUDY);
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 1, .seed = 1, .max_records = records});
    setenv("HPO_TERMINAL", "120x30", 1);
    catcher errors = catch_stream(stderr, check_tmpdir_file(&dir, "err"));
    cli_progress *progress = cli_progress_create(spec, HPO_DISPLAY_AUTO, 0);
    const hpo_observer observer = cli_progress_observer(progress);
    for (size_t i = 0; i < times; i++) {
        usleep(250 * 1000); /* it is redrawn five times a second */
        observer.update(observer.self, &(hpo_progress){.study = study, .elapsed = 600, .workers = 1, .running = 1},
                        NULL);
    }
    cli_progress_clear(progress);
    cli_progress_destroy(progress);
    const base_buf text = release_stream(&errors);
    unsetenv("HPO_TERMINAL");
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    check_tmpdir_remove(&dir);
    return text;
}

/* What is on a terminal after it has been drawn twice and wiped: each drawing begins where the one before began. */
static void test_a_live_view_is_redrawn_in_place(void **state) {
    (void)state;
    base_buf text = live_view(100, 2);
    const char *at = base_buf_text(&text);
    size_t lines = 0;
    assert_true(*at == '\r');
    for (at++; *at != '\r'; at++) lines += *at == '\n';
    assert_true(lines >= 2);
    char up[32];
    snprintf(up, sizeof up, "\r\033[%zuA", lines);
    assert_int_equal(strncmp(at, up, strlen(up)), 0);
    const char *last = strrchr(base_buf_text(&text), '\r');
    assert_non_null(last);
    snprintf(up, sizeof up, "\r\033[%zuA\033[J", lines);
    assert_string_equal(last, up);
    base_buf_fini(&text);
}

/* What a log gets of a study after so many records: a line after two seconds. */
static base_buf plain_line(uint64_t records, hpo_latest latest) {
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    hpo_study_spec *spec = toy_spec(STUDY);
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 1, .seed = 1, .max_records = records});
    unsetenv("HPO_TERMINAL");
    catcher errors = catch_stream(stderr, check_tmpdir_file(&dir, "err"));
    cli_progress *progress = cli_progress_create(spec, HPO_DISPLAY_AUTO, 0);
    const hpo_observer observer = cli_progress_observer(progress);
    usleep(2100 * 1000);
    observer.update(observer.self,
                    &(hpo_progress){.study = study, .elapsed = 600, .workers = 1, .running = 1, .latest = latest},
                    NULL);
    cli_progress_destroy(progress);
    const base_buf text = release_stream(&errors);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    check_tmpdir_remove(&dir);
    return text;
}

/* Nobody knows how long the rest takes before something has ended; until then there is what was reported last. */
static void test_status_lines(void **state) {
    (void)state;
    base_buf before = plain_line(1, (hpo_latest){.there = true, .trial = 0, .step = 3, .value = 0.06971});
    base_buf after = plain_line(3, (hpo_latest){0});
    CHECK_CONTAINS(base_buf_text(&before), "0 done, 1 running, 0 failed; trial 0: loss 0.06971 at epochs 3; cost 0");
    assert_null(strstr(base_buf_text(&before), "left"));
    CHECK_CONTAINS(base_buf_text(&after), "; about ");
    CHECK_CONTAINS(base_buf_text(&after), " left");
    base_buf_fini(&before);
    base_buf_fini(&after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_lines_are_few),
        cmocka_unit_test(test_a_first_value_is_no_new_best),
        cmocka_unit_test(test_quiet_says_nothing),
        cmocka_unit_test(test_json_is_one_object_per_evaluation),
        cmocka_unit_test(test_a_live_view_is_redrawn_in_place),
        cmocka_unit_test(test_status_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
