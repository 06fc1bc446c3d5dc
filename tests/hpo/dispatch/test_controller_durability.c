/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A disk that is slow: `durability: each` keeps a job back until the line that speaks of it is on the disk, and keeps
 * nobody else waiting. fdatasync is ours here: it takes as long as a test wants and remembers what it has saved. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tests/hpo/dispatch/rig.h"

#define EACH RIG_RANDOM "durability: each\n"

static struct {
    pthread_mutex_t mutex;
    double seconds;    /* that a sync takes */
    _Atomic int error; /* it fails with */
    pthread_t owner;
    size_t syncs, by_owner;
    off_t saved; /* bytes of the file that was synced last */
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

int fdatasync(int fd) {
    struct stat info = {0};
    const bool known = fstat(fd, &info) == 0;
    base_sleep(disk.seconds);
    pthread_mutex_lock(&disk.mutex);
    const int error = disk.error;
    disk.syncs++;
    disk.by_owner += pthread_equal(pthread_self(), disk.owner) != 0;
    if (known && error == 0) disk.saved = info.st_size;
    pthread_mutex_unlock(&disk.mutex);
    errno = error;
    return error == 0 ? 0 : -1;
}

typedef struct watch {
    const char *journal;
    double last, longest_gap; /* between two times that the controller listened */
    size_t jobs, listened;
} watch;

static void set_disk(double seconds, int error) {
    disk.seconds = seconds;
    disk.error = error;
    disk.owner = pthread_self();
    disk.syncs = disk.by_owner = 0;
    disk.saved = 0;
}

/* The line is among the bytes that were in the file when a sync began that has ended. */
static void check_is_saved(void *self, size_t worker, const hpo_message *job) {
    watch *w = self;
    base_buf text = {0};
    base_err err;
    char line[64];
    (void)worker;
    pthread_mutex_lock(&disk.mutex);
    const size_t saved = (size_t)disk.saved;
    pthread_mutex_unlock(&disk.mutex);
    CHECK_OK(base_read_file(w->journal, &text, &err));
    assert_true(saved <= text.length);
    text.data[saved] = '\0';
    snprintf(line, sizeof line,
             job->from <= 0 ? "\"hpo:start\":{\"trial\":%" PRIu64 ","
                            : "\"trial_id\":%" PRIu64 ",\"user_attr\":{\"hpo:promote\"",
             job->trial);
    CHECK_CONTAINS(base_buf_text(&text), line);
    base_buf_fini(&text);
    w->jobs++;
}

static void note_gap(void *self, size_t results) {
    watch *w = self;
    (void)results;
    const double now = base_monotonic();
    if (w->listened++ > 0 && now - w->last > w->longest_gap) w->longest_gap = now - w->last;
    w->last = now;
}

static void test_a_job_waits_for_its_line(void **state) {
    (void)state;
    watch w = {.journal = rig_new_journal()};
    set_disk(0.005, 0);
    rig_run run = {.yaml = RIG_HEAD
                   "durability: each\nmethod: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 20}\n",
                   .journal = w.journal,
                   .workers = 3,
                   .on_job = check_is_saved,
                   .self = &w};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete + end.stopped, 20);
    assert_int_equal(w.jobs, end.counts.jobs);
    rig_end_fini(&end);
}

/* Each of the few syncs takes far longer than a worker may be silent. */
static void test_a_slow_disk_keeps_no_message_waiting(void **state) {
    (void)state;
    enum { TRIALS = 4, WORKERS = 2 };
    const double slow = 1.6, beat = 0.02;
    watch w = {.journal = rig_new_journal()};
    set_disk(slow, 0);
    rig_run run = {.yaml = EACH "budget: {trials: 4}\nfailure: {heartbeat: 0.02s, lost_after: 1s}\n",
                   .journal = w.journal,
                   .workers = WORKERS,
                   .heartbeat = beat,
                   .on_job = check_is_saved,
                   .on_listen = note_gap,
                   .self = &w};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, TRIALS);
    assert_int_equal(end.retried, 0);
    assert_false(end.lost);
    assert_true(w.longest_gap < slow); /* a sync in the controller's thread would take as long */
    assert_true(end.counts.beats >= 2 * WORKERS * (size_t)(slow / beat / 16)); /* two waves of jobs waited */
    assert_true(disk.syncs > disk.by_owner);
    rig_end_fini(&end);
}

/* What is written during a sync is saved by one more, however many records it is. */
static void test_groups_form_while_the_disk_works(void **state) {
    (void)state;
    set_disk(0.05, 0);
    rig_run run = {.yaml = EACH "budget: {trials: 64}\n", .journal = rig_new_journal(), .workers = 16};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 64);
    assert_true(disk.syncs < 64); /* 128 records */
    rig_end_fini(&end);
}

static bool is_result(const hpo_entry *entry, void *self) {
    (void)self;
    return entry->kind == HPO_ENTRY_RECORD && entry->record.kind == HPO_RECORD_RESULT;
}

static void check_is_there(void *self, const hpo_record *finished) {
    watch *w = self;
    if (finished->kind != HPO_RECORD_RESULT) return;
    const char *copy = rig_new_journal(); /* the run holds the lock */
    rig_cut(w->journal, copy, SIZE_MAX);
    assert_int_equal(rig_count(RIG_RANDOM "budget: {trials: 9}\n", copy, is_result, NULL), ++w->jobs);
}

/* A result that somebody hears of cannot be lost by a kill or a full disk at that moment: it is in the file. */
static void test_what_is_told_is_written(void **state) {
    (void)state;
    watch w = {.journal = rig_new_journal()};
    set_disk(0, 0);
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 9}\n",
                   .journal = w.journal,
                   .workers = 3,
                   .tells = true,
                   .on_record = check_is_there,
                   .self = &w};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(w.jobs, 9);
    rig_end_fini(&end);
}

static void break_disk(void *self, size_t results) {
    (void)self;
    if (results == 3) disk.error = EIO;
}

/* No job leaves on the strength of a sync that failed. */
static void test_a_failed_sync_ends_the_run(void **state) {
    (void)state;
    watch w = {.journal = rig_new_journal()};
    set_disk(0, 0);
    rig_run run = {.yaml = EACH "budget: {trials: 9}\n",
                   .journal = w.journal,
                   .workers = 1,
                   .on_job = check_is_saved,
                   .on_listen = break_disk,
                   .self = &w};
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.status, BASE_IO);
    assert_int_equal(end.outcome, HPO_OUTCOME_STORAGE);
    CHECK_CONTAINS(end.err.text, "Input/output error");
    assert_in_range(w.jobs, 3, 4); /* the fourth may have left before its predecessor's result came */
    rig_end_fini(&end);
    set_disk(0, 0);
}

static void test_a_deterministic_run_is_the_same(void **state) {
    (void)state;
    const char *const yaml[] = {RIG_RANDOM "deterministic: true\nworkers: 3\nbudget: {trials: 20}\n",
                                EACH "deterministic: true\nworkers: 3\nbudget: {trials: 20}\n"};
    base_buf records[2] = {{0}, {0}};
    for (size_t i = 0; i < 2; i++) {
        set_disk(i == 1 ? 0.002 : 0, 0);
        rig_run run = {.yaml = yaml[i], .journal = rig_new_journal(), .workers = 2 + i, .seed = i};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        rig_records(yaml[i], run.journal, &records[i]);
        rig_end_fini(&end);
    }
    assert_true(records[0].length > 1000);
    rig_check_same_text(&records[1], &records[0]);
    base_buf_fini(&records[0]);
    base_buf_fini(&records[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_waits_for_its_line),
        cmocka_unit_test(test_a_slow_disk_keeps_no_message_waiting),
        cmocka_unit_test(test_groups_form_while_the_disk_works),
        cmocka_unit_test(test_what_is_told_is_written),
        cmocka_unit_test(test_a_failed_sync_ends_the_run),
        cmocka_unit_test(test_a_deterministic_run_is_the_same),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
