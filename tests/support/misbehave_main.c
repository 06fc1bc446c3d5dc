/* SPDX-License-Identifier: GPL-3.0-or-later */
/* misbehave HOW: a program that misbehaves, and says {"loss": 0.25} if it gets that far. */
#include <stdio.h>
#include <string.h>

#include "tests/support/misbehave.h"

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    misbehave(argv[1]);
    if (strcmp(argv[1], "garbage") != 0) printf("{\"loss\": 0.25}\n");
    return 0;
}
