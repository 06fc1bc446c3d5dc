/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table behind Sobol's sequence: primitive polynomials and initial direction numbers, dimension after dimension. */
#ifndef HPO_SAMPLERS_SOBOL_TABLE_H
#define HPO_SAMPLERS_SOBOL_TABLE_H

#include <stdint.h>

enum { HPO_SOBOL_DIMS = 1111 };

/* Coefficients over GF(2), highest power first: x^3 + x + 1 is 11. Its degree is the number of initial numbers. */
extern const uint16_t hpo_sobol_polynomials[HPO_SOBOL_DIMS];
/* m_1, m_2, ... of dimension 1, then those of dimension 2, and so on; dimension 0 has none. */
extern const uint16_t hpo_sobol_numbers[];

#endif
