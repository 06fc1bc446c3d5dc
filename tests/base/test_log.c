/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/log.h"

static char *text;
static size_t length;
static FILE *sink;

static int open_sink(void **state) {
    (void)state;
    sink = open_memstream(&text, &length);
    return sink ? 0 : -1;
}

static int close_sink(void **state) {
    (void)state;
    base_log_setup(NULL, BASE_LOG_INFO, -1);
    base_log_before(NULL, NULL);
    fclose(sink);
    free(text);
    return 0;
}

static void a_line_has_level_and_rank(void **state) {
    (void)state;
    base_log_setup(sink, BASE_LOG_DEBUG, -1);
    base_log(BASE_LOG_ERROR, "no %s", "file");
    base_log(BASE_LOG_WARN, "slow");
    base_log_setup(sink, BASE_LOG_DEBUG, 3);
    base_log(BASE_LOG_INFO, "up");
    base_log(BASE_LOG_DEBUG, "%d%%", 50);
    assert_string_equal(text, "error: no file\nwarning: slow\n[rank 3] info: up\n[rank 3] debug: 50%\n");
}

static void the_level_is_a_threshold(void **state) {
    (void)state;
    base_log_setup(sink, BASE_LOG_WARN, -1);
    base_log(BASE_LOG_DEBUG, "a");
    base_log(BASE_LOG_INFO, "b");
    base_log(BASE_LOG_WARN, "c");
    base_log(BASE_LOG_ERROR, "d");
    assert_string_equal(text, "warning: c\nerror: d\n");
}

static void wipe(void *self) {
    ++*(int *)self;
    fputs("<wiped>", sink);
}

static void the_hook_runs_before_each_line_that_is_written(void **state) {
    (void)state;
    int calls = 0;
    base_log_setup(sink, BASE_LOG_INFO, -1);
    base_log_before(wipe, &calls);
    base_log(BASE_LOG_DEBUG, "unseen");
    base_log(BASE_LOG_INFO, "x");
    base_log_before(NULL, NULL);
    base_log(BASE_LOG_INFO, "y");
    assert_int_equal(calls, 1);
    assert_string_equal(text, "<wiped>info: x\ninfo: y\n");
}

static void a_long_line_ends_in_dots(void **state) {
    (void)state;
    base_log_setup(sink, BASE_LOG_INFO, 0);
    for (int size = 4070; size < 4110; size++) {
        fseek(sink, 0, SEEK_SET);
        base_log(BASE_LOG_INFO, "%*d", size, 7);
        assert_true(length <= 4096);
        assert_int_equal(text[length - 1], '\n');
        assert_true(memcmp(text + length - 4, "...\n", 4) == 0 || (text[length - 2] == '7' && length > 4070));
    }
    assert_memory_equal(text + length - 4, "...\n", 4);
}

enum { THREADS = 4, LINES = 2000 };

static void *write_lines(void *self) {
    for (int i = 0; i < LINES; i++) base_log(BASE_LOG_INFO, "thread %d line %d end", *(int *)self, i);
    return NULL;
}

static void count(void *self) {
    ++*(int *)self;
}

static void lines_of_threads_do_not_mix(void **state) {
    (void)state;
    int calls = 0; /* not atomic: the hook runs under the lock */
    base_log_before(count, &calls);
    pthread_t threads[THREADS];
    int ids[THREADS], next[THREADS] = {0};
    base_log_setup(sink, BASE_LOG_INFO, -1);
    for (int i = 0; i < THREADS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &ids[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    size_t lines = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        int thread, number, consumed = 0;
        *end = '\0';
        assert_int_equal(sscanf(line, "info: thread %d line %d end%n", &thread, &number, &consumed), 2);
        assert_int_equal(consumed, end - line);
        assert_int_equal(number, next[thread]++);
    }
    assert_int_equal(lines, THREADS * LINES);
    assert_int_equal(calls, THREADS * LINES);
}

/* stderr is unbuffered: a line in pieces would arrive in pieces. A pipe in packet mode keeps writes apart. */
static void a_line_is_one_write(void **state) {
    (void)state;
    int ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe2(ends, O_DIRECT), 0);
    dup2(ends[1], STDERR_FILENO);
    base_log_setup(NULL, BASE_LOG_INFO, 1);
    base_log(BASE_LOG_INFO, "to %s", "stderr");
    base_log(BASE_LOG_INFO, "second");
    dup2(saved, STDERR_FILENO);
    close(saved);
    char packet[256] = "";
    assert_true(read(ends[0], packet, sizeof packet - 1) > 0);
    assert_string_equal(packet, "[rank 1] info: to stderr\n");
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_level_and_rank, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(the_level_is_a_threshold, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(the_hook_runs_before_each_line_that_is_written, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(a_long_line_ends_in_dots, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(lines_of_threads_do_not_mix, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(a_line_is_one_write, open_sink, close_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
