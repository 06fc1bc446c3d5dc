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

/* Gets a file of a format that has several: its name, such as "importance.svg", and its text, valid during the call. */
typedef void hpo_file_taker(void *self, const char *name, const base_buf *text);

/* The figures of the page as pictures that stand alone. Of several accounts: the figures that compare them. */
void hpo_report_svg(const hpo_account *const *accounts, size_t count, hpo_file_taker *take, void *self);
/* The folder of a run that DeepCAVE opens: every evaluation that ended, with its fidelity as the budget. BASE_INVALID:
 * a condition or choices that DeepCAVE cannot say; then there is no file. */
BASE_CHECK base_status hpo_report_deepcave(const hpo_account *account, hpo_file_taker *take, void *self, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
