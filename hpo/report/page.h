/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The account of runs as one HTML file that needs no network and reads without JavaScript. */
#ifndef HPO_REPORT_PAGE_H
#define HPO_REPORT_PAGE_H

#include "hpo/report/account.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Several are compared first, then shown one after the other. */
void hpo_report_page(const hpo_account *const *accounts, size_t count, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
