/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before every file of the preset coverage: a forked process that ends by _exit keeps what it has counted. */
#ifndef CMAKE_COVERAGE_H
#define CMAKE_COVERAGE_H
#include <unistd.h>

void __gcov_dump(void); /* of libgcov */

_Noreturn static inline void coverage_exit(int code) {
    __gcov_dump();
    _exit(code);
}
#define _exit coverage_exit
#endif
