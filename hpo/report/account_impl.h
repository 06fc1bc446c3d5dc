/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the account: what its two files give each other. */
#ifndef HPO_REPORT_ACCOUNT_IMPL_H
#define HPO_REPORT_ACCOUNT_IMPL_H

#include "hpo/report/account.h"

/* Fills steps, rungs, mishaps, trusts and workers from what was read. */
void hpo_account_sum_up(hpo_account *account);

#endif
