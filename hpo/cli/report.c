/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.html at the end of a run, made from its journal as hpo_report makes it. */
#include "hpo/cli/cli_impl.h"
#include "hpo/report/page.h"

/* Reading and drawing a trial takes some 20 us, the forest at most 3 s however many there are. */
static const uint64_t MOST_TRIALS = 50000;

bool cli_wants_report(const cli_end *end) {
    const uint64_t trials = hpo_view_trials(hpo_study_view(end->study));
    return hpo_study_spec_of(end->study)->report && trials > 0 && trials <= MOST_TRIALS;
}

base_status cli_write_report(const cli_end *end, const char *dir, base_err *err) {
    if (!cli_wants_report(end)) return BASE_OK;
    hpo_account *account;
    base_buf page = {0}, path = {0};
    BASE_TRY(hpo_account_read(dir, false, &account, err));
    hpo_report_page((const hpo_account *const[]){account}, 1, &page);
    base_buf_printf(&path, "%s/report.html", dir);
    const base_status status = base_write_file(base_buf_text(&path), base_buf_text(&page), page.length, err);
    hpo_account_destroy(account);
    base_buf_fini(&page);
    base_buf_fini(&path);
    return status;
}
