/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/cpu.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

base_cpu_level base_cpu(void) {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return BASE_CPU_PORTABLE;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl")
               ? BASE_CPU_AVX512
               : BASE_CPU_AVX2;
#else
    return BASE_CPU_PORTABLE;
#endif
}

/* The value of a line "model name : value" of /proc/cpuinfo. */
static bool read_model(char *line, size_t size) {
    FILE *file = fopen("/proc/cpuinfo", "re");
    bool found = false;
    while (file && !found && fgets(line, (int)size, file)) {
        const char *colon = strchr(line, ':');
        found = colon && strncmp(line, "model name", strlen("model name")) == 0;
        if (found) memmove(line, colon + 1, strlen(colon + 1) + 1);
    }
    if (file) fclose(file);
    return found;
}

void base_cpu_model(base_buf *out) {
    char line[256] = "";
    struct utsname name;
    if (!read_model(line, sizeof line) && uname(&name) == 0) snprintf(line, sizeof line, "%.200s", name.machine);
    char *rest;
    for (const char *word = strtok_r(line, " ,\t\n", &rest); word; word = strtok_r(NULL, " ,\t\n", &rest))
        base_buf_printf(out, "%s%s", out->length > 0 ? " " : "", word);
}
