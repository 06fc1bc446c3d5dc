/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The oracle is what Linux says of the processor. */
#include "base/cpu.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

#if defined(__x86_64__)
/* Spaces around each: "avx512f" is no part of another word then. */
static bool linux_lists(const char *const *flags) {
    char line[1 << 14] = "";
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL) return false;
    while (strncmp(line, "flags", 5) != 0 && fgets(line, sizeof line - 1, file) != NULL) {
    }
    fclose(file);
    line[strcspn(line, "\n")] = ' ';
    for (; *flags; flags++) {
        char word[32];
        snprintf(word, sizeof word, " %s ", *flags);
        if (strstr(line, word) == NULL) return false;
    }
    return true;
}

static base_cpu_level expected(void) {
    static const char *const avx2[] = {"avx2", "fma", NULL};
    static const char *const avx512[] = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", NULL};
    if (!linux_lists(avx2)) return BASE_CPU_PORTABLE;
    return linux_lists(avx512) ? BASE_CPU_AVX512 : BASE_CPU_AVX2;
}
#else
static base_cpu_level expected(void) {
    return BASE_CPU_PORTABLE;
}
#endif

static void is_what_the_system_says(void **state) {
    (void)state;
    assert_int_equal(base_cpu(), expected());
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_what_the_system_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
