/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MPI transport: the only file of the project that includes mpi.h is mpi.c.
 *
 * No policy here. Sends are MPI_Isend from own copies that are completed later, because a send to a dead rank never
 * errors and past the eager limit never completes (measured on Open MPI 4.1.4); receives are MPI_Iprobe + MPI_Recv with
 * source and tag; nothing is collective after the start. */
#ifndef HPO_DISPATCH_MPI_H
#define HPO_DISPATCH_MPI_H

#include "hpo/dispatch/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "Open MPI", "MPICH" (also what descends from it), "MPI": what this program was built with. */
const char *hpo_mpi_library(void);
/* Whether MPI_Init can do nothing but abort in a process that srun started without PMIx: an Open MPI without components
 * for Slurm's own PMI, as distributions build it. */
bool hpo_mpi_needs_pmix(void);
/* MPI_Init_thread(FUNNELED) with MPI_ERRORS_RETURN. rank 0 controls, ranks 1.. work. */
BASE_CHECK base_status hpo_mpi_start(int *argc, char ***argv, int *rank, int *size, base_err *err);
/* Collective, right after the start: rank 0's bytes reach every rank (length first). On other ranks *out is filled. */
BASE_CHECK base_status hpo_mpi_broadcast(base_buf *bytes, base_err *err);
/* On rank 0: peers are ranks 1..size-1; elsewhere: peer 0 is rank 0. close(lost = false) ends in MPI_Finalize; with
 * lost it only flushes pending sends for a moment: the caller must then leave with _exit. */
hpo_transport hpo_mpi_open(void);

#ifdef __cplusplus
}
#endif
#endif
