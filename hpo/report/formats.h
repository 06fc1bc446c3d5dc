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

/* The figures of the page as pictures that stand alone: take gets the name of each, such as "importance.svg", and its
 * text, valid during the call. Of several accounts: the figures that compare them. */
void hpo_report_svg(const hpo_account *const *accounts, size_t count,
                    void (*take)(void *self, const char *name, const base_buf *picture), void *self);

#ifdef __cplusplus
}
#endif
#endif
