/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Process trees: a real one with a setsid'ed grandchild; both ways of finding children agree; a tree that forks while
 * it is being killed is killed all the same. */
#include "hpo/dispatch/proctree.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "tests/support/check.h"
#include "tests/support/processes.h"

static void test_stat_parent(void **state) {
    (void)state;
    assert_int_equal(hpo_proctree_stat_parent("12 (bash) S 7 12 12 0 -1"), 7);
    assert_int_equal(hpo_proctree_stat_parent("12 () R 1 () R 99 12"), 99);
    assert_int_equal(hpo_proctree_stat_parent("12 (a b) c)) Z 3 0"), 3);
    assert_int_equal(hpo_proctree_stat_parent("1 (init) S 0 1"), 0);
    assert_int_equal(hpo_proctree_stat_parent("12 (bash) S"), -1);
    assert_int_equal(hpo_proctree_stat_parent("12 bash S 7"), -1);
    assert_int_equal(hpo_proctree_stat_parent(""), -1);
}

/* child -> {grandchild with a name that ends like a stat line, setsid'ed grandchild -> great-grandchild} */
static void grow_tree(int ready) {
    if (fork() == 0) {
        prctl(PR_SET_NAME, ") S 1 (");
        for (;;) pause();
    }
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            for (;;) pause();
        assert_int_equal(write(ready, "x", 1), 1);
        for (;;) pause();
    }
    for (;;) pause();
}

static pid_t plant(void (*grow)(int ready)) {
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) grow(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static int by_number(const void *a, const void *b) {
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
    return (x > y) - (x < y);
}

static void check_same(hpo_pids *a, hpo_pids *b) {
    assert_int_equal(a->count, b->count);
    if (!a->count) return;
    qsort(a->item, a->count, sizeof *a->item, by_number);
    qsort(b->item, b->count, sizeof *b->item, by_number);
    assert_memory_equal(a->item, b->item, a->count * sizeof *a->item);
}

static void test_tree(void **state) {
    (void)state;
    hpo_pids tree = {0}, children = {0}, scanned = {0};
    pid_t child = plant(grow_tree);
    hpo_proctree_list(child, &tree);
    assert_int_equal(tree.count, 4);
    assert_int_equal(tree.item[0], child);
    assert_int_equal(processes_left(), 4); /* the other witness: the mark */
    for (size_t i = 0; i < tree.count; i++) {
        hpo_proctree_children(tree.item[i], &children);
        hpo_proctree_children_by_scan(tree.item[i], &scanned);
        check_same(&children, &scanned);
    }
    hpo_proctree_kill(child);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(processes_gone(2));
    hpo_proctree_list(child, &tree);
    assert_int_equal(tree.count, 1); /* itself, whoever it is now */
    hpo_proctree_children(child, &children);
    assert_int_equal(children.count, 0);
    hpo_pids_fini(&tree);
    hpo_pids_fini(&children);
    hpo_pids_fini(&scanned);
}

/* Every process forks a successor and ends: there is always one that the last look did not see. */
static void grow_chain(int ready) {
    assert_int_equal(write(ready, "x", 1), 1);
    if (fork() == 0) {
        for (int length = 0; length < 100000; length++)
            if (fork() != 0) _exit(0);
        _exit(0);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGCHLD, SIG_IGN);
    for (;;) pause();
}

static void test_moving_target(void **state) {
    (void)state;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = plant(grow_chain);
    base_sleep(0.01);
    hpo_proctree_kill(child);
    assert_int_equal(waitpid(child, NULL, 0), child);
    /* what slipped through has moved up to us, as it would to a fork server, which sweeps until nothing is left */
    hpo_pids children = {0};
    double give_up = base_monotonic() + 5;
    while (waitpid(-1, NULL, WNOHANG) >= 0 && base_monotonic() < give_up) {
        hpo_proctree_children(getpid(), &children);
        for (size_t i = 0; i < children.count; i++) hpo_proctree_kill(children.item[i]);
    }
    assert_true(processes_gone(1));
    hpo_pids_fini(&children);
}

static char *touch(size_t bytes) {
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    memset(memory, 1, bytes);
    return memory;
}

/* 64 MiB are shared with the parent, 32 MiB are the child's own: it is charged 32 + 64/2, not 96. */
static void test_shared_memory_is_divided(void **state) {
    (void)state;
    const size_t mib = 1 << 20;
    int ready[2];
    char byte;
    char *shared = touch(64 * mib);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        touch(32 * mib);
        assert_int_equal(write(ready[1], "x", 1), 1);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    hpo_pids pids = {.item = &child, .count = 1};
    double bound = (double)hpo_proctree_memory(&pids, UINT64_MAX) / (double)mib;
    double exact = (double)hpo_proctree_memory(&pids, 0) / (double)mib;
    assert_true(bound >= 96);
    assert_true(exact >= 64 && exact < bound - 24); /* the program itself adds to it, more so under a sanitizer */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    munmap(shared, 64 * mib);
    close(ready[0]);
    close(ready[1]);
}

static void test_cost(void **state) {
    (void)state;
    enum { ROUNDS = 200 };
    const size_t bytes = (size_t)256 << 20;
    char *memory = touch(bytes);
    hpo_pids tree = {0}, self = {.item = (pid_t[]){getpid()}, .count = 1};
    double start = base_monotonic();
    assert_true(hpo_proctree_memory(&self, 0) >= bytes); /* before there is a tree that shares it */
    double exact = base_monotonic() - start;
    pid_t child = plant(grow_tree);
    start = base_monotonic();
    for (int i = 0; i < ROUNDS; i++) {
        hpo_proctree_list(child, &tree);
        assert_true(hpo_proctree_memory(&tree, UINT64_MAX) > 0);
    }
    double look = (base_monotonic() - start) / ROUNDS;
    hpo_proctree_kill(child);
    waitpid(child, NULL, 0);
    print_message("a look at a tree of 4: %.0f us; exact memory of 256 MiB: %.0f us\n", look * 1e6, exact * 1e6);
    hpo_pids_fini(&tree);
    munmap(memory, bytes);
}

int main(int argc, char **argv) {
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat_parent),   cmocka_unit_test(test_tree),
        cmocka_unit_test(test_moving_target), cmocka_unit_test(test_shared_memory_is_divided),
        cmocka_unit_test(test_cost),
    };
    processes_mark(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
