/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock: busy while its owner lives, broken when it is gone, here or on another host; and one owner at a time when
 * many break a stale one at once. */
#include "hpo/trials/journal_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "tests/hpo/trials/journal_entries.h"

typedef struct fixture {
    check_tmpdir dir;
    char *path, *lock;
    hpo_space *space;
} fixture;

static int setup(void **state) {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0); /* a thousand fsyncs */
    fixture *f = base_calloc(1, sizeof *f);
    f->dir = check_tmpdir_create();
    f->path = base_strdup(check_tmpdir_file(&f->dir, "journal.log"));
    f->lock = base_strdup(check_tmpdir_file(&f->dir, "journal.log.hpo-lock"));
    f->space = random_space_create();
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    check_tmpdir_remove(&f->dir);
    hpo_space_destroy(f->space);
    free(f->path);
    free(f->lock);
    free(f);
    return 0;
}

static base_status open_journal(const fixture *f, hpo_journal **journal, base_err *err) {
    hpo_journal_head head = test_head();
    return hpo_journal_open(f->path, &head, f->space, journal, err);
}

/* host, boot and process namespace of this machine as a lock file of our own has them. */
static void own_machine(const fixture *f, char host[128], char boot[64], unsigned long long *start) {
    base_err err = {0};
    hpo_journal *journal = NULL;
    long pid;
    CHECK_OK(open_journal(f, &journal, &err));
    FILE *file = fopen(f->lock, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%127s %63s %ld %llu", host, boot, &pid, start), 4);
    fclose(file);
    assert_int_equal(pid, getpid());
    CHECK_OK(hpo_journal_close(journal, &err));
    assert_int_not_equal(access(f->lock, F_OK), 0);
}

static void plant_lock_in(const fixture *f, double age, const char *host, const char *boot, long pid,
                          unsigned long long start, const char *space) {
    FILE *file = fopen(f->lock, "w");
    assert_non_null(file);
    fprintf(file, "%s %s %ld %llu%s%s\n", host, boot, pid, start, *space ? " " : "", space);
    fclose(file);
    struct timespec now, times[2];
    clock_gettime(CLOCK_REALTIME, &now);
    times[0] = times[1] = (struct timespec){.tv_sec = now.tv_sec - (time_t)age, .tv_nsec = now.tv_nsec};
    assert_int_equal(utimensat(AT_FDCWD, f->lock, times, 0), 0);
}

/* In our own process namespace. */
static void plant_lock(const fixture *f, double age, const char *host, const char *boot, long pid,
                       unsigned long long start) {
    char space[64] = "";
    assert_true(readlink("/proc/self/ns/pid", space, sizeof space - 1) > 0);
    plant_lock_in(f, age, host, boot, pid, start, space);
}

/* A process id that was in use and is free now. */
static long dead_pid(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return (long)pid;
}

static void check_opens(const fixture *f) {
    base_err err = {0};
    hpo_journal *journal = NULL;
    CHECK_OK(open_journal(f, &journal, &err));
    CHECK_OK(hpo_journal_close(journal, &err));
    assert_int_not_equal(access(f->lock, F_OK), 0);
}

static void test_busy(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal *first = NULL, *second = NULL;
    char host[128] = "", pid[32];
    CHECK_OK(open_journal(f, &first, &err));
    CHECK_STATUS(open_journal(f, &second, &err), BASE_BUSY);
    gethostname(host, sizeof host - 1);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    CHECK_CONTAINS(err.text, host);
    CHECK_CONTAINS(err.text, pid);
    assert_null(second);
    CHECK_OK(hpo_journal_close(first, &err));
    check_opens(f);
}

/* The owner was killed and its parent has not asked after it yet: it still has its number, but holds nothing. */
static void test_zombie(void **state) {
    fixture *f = *state;
    char host[128], boot[64];
    unsigned long long start;
    siginfo_t info;
    own_machine(f, host, boot, &start);
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    plant_lock(f, 0, host, boot, (long)pid, 0);
    check_opens(f);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_same_host(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = NULL;
    char host[128], boot[64];
    unsigned long long start;
    own_machine(f, host, boot, &start);
    plant_lock(f, 0, host, boot, dead_pid(), 1);
    check_opens(f);
    plant_lock(f, 0, host, boot, getpid(), start + 1); /* our number, but another process had it */
    check_opens(f);
    plant_lock(f, 1e6, host, boot, getpid(), start); /* lives: its beat does not matter */
    CHECK_STATUS(open_journal(f, &journal, &err), BASE_BUSY);
    plant_lock(f, 1e6, host, boot, 1, 0); /* not ours to signal */
    CHECK_STATUS(open_journal(f, &journal, &err), BASE_BUSY);
}

static void test_other_host(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = NULL;
    char host[128], boot[64];
    unsigned long long start;
    own_machine(f, host, boot, &start);
    plant_lock(f, 10, "elsewhere", boot, dead_pid(), 1);
    CHECK_FAILS(open_journal(f, &journal, &err), BASE_BUSY, "on host elsewhere");
    plant_lock(f, 31, "elsewhere", boot, dead_pid(), 1);
    check_opens(f);
    plant_lock(f, 10, host, "another-boot", dead_pid(), 1); /* restarted, or another machine of that name */
    CHECK_STATUS(open_journal(f, &journal, &err), BASE_BUSY);
    plant_lock(f, 31, host, "another-boot", dead_pid(), 1);
    check_opens(f);
}

/* Its maker was killed before it wrote, or is about to. */
static void test_unnamed(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = NULL;
    plant_lock(f, 1, "", "", 0, 0);
    CHECK_FAILS(open_journal(f, &journal, &err), BASE_BUSY, "names no owner");
    CHECK_CONTAINS(err.text, "broken when it is 5 seconds old");
    plant_lock(f, 6, "", "", 0, 0);
    check_opens(f);
}

/* Another container on the same machine: there our process id is somebody else's or nobody's, so the beat decides. */
static void test_other_container(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = NULL;
    char host[128], boot[64];
    unsigned long long start;
    own_machine(f, host, boot, &start);
    const char *const spaces[] = {"pid:[1]", "-", ""}; /* "": a lock of an older version does not say */
    for (size_t i = 0; i < CHECK_COUNT(spaces); i++) {
        plant_lock_in(f, 10, host, boot, dead_pid(), 1, spaces[i]);
        CHECK_STATUS(open_journal(f, &journal, &err), BASE_BUSY);
        plant_lock_in(f, 31, host, boot, getpid(), start, spaces[i]);
        check_opens(f);
    }
}

/* A beat from the future says nothing about its age: what is silent for as long as any other is broken, and what beats
 * is not. */
static void test_future(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = NULL;
    hpo_journal_head head = test_head();
    head.stale_after = 0.5;
    plant_lock(f, -1e6, "elsewhere", "b", 1, 1);
    double before = base_monotonic();
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    assert_true(base_monotonic() - before >= 0.5);
    CHECK_OK(hpo_journal_close(journal, &err));
    plant_lock(f, -1e6, "elsewhere", "b", 1, 1);
    pid_t pid = fork();
    if (pid == 0) {
        base_sleep(0.25);
        struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
        _exit(utimensat(AT_FDCWD, f->lock, times, 0));
    }
    CHECK_STATUS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_BUSY);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Twenty processes meet a stale lock at once; each that gets it checks that it is alone. */
static void test_contention(void **state) {
    fixture *f = *state;
    enum { PROCESSES = 20 };
    char host[128], boot[64];
    unsigned long long start;
    own_machine(f, host, boot, &start);
    plant_lock(f, 0, host, boot, dead_pid(), 1);
    const char *alone = check_tmpdir_file(&f->dir, "alone");
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] != 0) continue;
        base_err err = {0};
        for (int tries = 0; tries < 2000; tries++) {
            hpo_journal *journal = NULL;
            base_status status = open_journal(f, &journal, &err);
            if (status == BASE_BUSY) {
                base_sleep(0.001);
                continue;
            }
            if (status != BASE_OK) _exit(3);
            int fd = open(alone, O_CREAT | O_EXCL | O_WRONLY, 0600);
            if (fd < 0) _exit(4);
            base_sleep(0.001);
            close(fd);
            unlink(alone);
            _exit(hpo_journal_close(journal, &err) == BASE_OK ? 0 : 5);
        }
        _exit(6);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    check_opens(f);
}

#define LOCK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        LOCK_TEST(test_busy),       LOCK_TEST(test_same_host),       LOCK_TEST(test_zombie),
        LOCK_TEST(test_other_host), LOCK_TEST(test_other_container), LOCK_TEST(test_future),
        LOCK_TEST(test_unnamed),    LOCK_TEST(test_contention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
