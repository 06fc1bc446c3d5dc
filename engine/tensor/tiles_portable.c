/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The register-tile kernels for any machine: vectors of four floats, which every target has or the compiler splits. */
#define ENG_TILES_TABLE eng_tiles_portable
#define ENG_VECTOR      4
#include "engine/tensor/tiles_table.inc"
