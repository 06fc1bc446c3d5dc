/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loops for any processor. */
#define HPO_ISA_NAME  "portable"
#define HPO_ISA_TABLE hpo_lanes_portable
#include "hpo/models/lanes_table.inc"
