/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The account of a run in the formats that are not pages. */
#ifndef HPO_REPORT_FORMATS_H
#define HPO_REPORT_FORMATS_H

#include "hpo/report/account.h"

#ifdef __cplusplus
extern "C" {
#endif

void hpo_report_text(const hpo_account *account, base_buf *out);     /* for people, 80 columns */
void hpo_report_markdown(const hpo_account *account, base_buf *out); /* the same for a page of others */
/* A row per trial. Texts that a spreadsheet would take for a formula, as they begin with = + - @, a tab or a carriage
 * return, have an apostrophe in front; control characters are visible. */
void hpo_report_csv(const hpo_account *account, base_buf *out);
/* Everything; what is not finite is null. */
void hpo_report_json(const hpo_account *account, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
