#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes hpo/samplers/sobol_table.c from the direction numbers that SciPy ships (new-joe-kuo-6).

usage: scripts/make_sobol_table.py > hpo/samplers/sobol_table.c     (needs numpy and scipy; any version of them)
"""
import os
import textwrap

import numpy as np
import scipy.stats

DIMS = 1111

HEAD = """\
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sobol direction numbers for {dims} dimensions; made by scripts/make_sobol_table.py, not by hand.
 *
 * The numbers are new-joe-kuo-6 of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
 * projections", SIAM J. Sci. Comput. 30, 2635-2654 (2008), https://web.maths.unsw.edu.au/~fkuo/sobol/ (BSD licence),
 * as shipped by SciPy (scipy/stats/_sobol_direction_numbers.npz, BSD licence, Copyright SciPy developers). The length
 * of this file is that of the table. */
#include "hpo/samplers/sobol_table.h"

/* clang-format off */
"""


def table(numbers):
    return textwrap.fill(", ".join(str(n) for n in numbers) + ",", 116, initial_indent="    ", subsequent_indent="    ")


def main():
    path = os.path.join(os.path.dirname(scipy.stats.__file__), "_sobol_direction_numbers.npz")
    with np.load(path) as data:
        poly = [int(p) for p in data["poly"][:DIMS]]
        vinit = data["vinit"][:DIMS]
    # Dimension 0 is van der Corput's sequence: it has no polynomial and no numbers of its own.
    numbers = [int(vinit[d][i]) for d in range(1, DIMS) for i in range(poly[d].bit_length() - 1)]
    poly[0] = 1
    assert max(poly) < 1 << 16 and max(numbers) < 1 << 16
    print(HEAD.format(dims=f"{DIMS:,}"), end="")
    print(f"const uint16_t hpo_sobol_polynomials[HPO_SOBOL_DIMS] = {{\n{table(poly)}\n}};\n")
    print(f"const uint16_t hpo_sobol_numbers[{len(numbers)}] = {{\n{table(numbers)}\n}};")
    print("/* clang-format on */")


main()
