/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal of four trials on two rungs, written here, and what is told of it; then texts that mean harm. */
#include "hpo/report/account.h"

#include "base/rng.h"
#include "hpo/report/formats.h"
#include "hpo/report/page.h"
#include "hpo/report/tables.h"
#include "hpo/space/space_file.h"
#include "tests/support/check.h"

static const char space_text[] = "{parameters: {x: {min: 0.0, max: 1.0}, kind: {values: [\"=1+1\", b]}}}";
static const char hostile[] = "\x1b[2J</script><script>alert(1)</script>|\xff";

typedef struct fixture {
    check_tmpdir folder;
    hpo_space *space;
    hpo_journal *journal;
    base_arena *arena;
    double elapsed;
} fixture;

/* With the space that is there. */
static void begin_journal(fixture *f, const char *text, const char *objective, bool by_posterior) {
    base_err err = {0};
    f->folder = check_tmpdir_create();
    const char *identity = base_arena_printf(
        f->arena, "space: %s\nmetric: loss, minimize\n%sfidelity: {epochs: {min: 1, max: 3}}\nseed: 7", text,
        objective);
    const hpo_journal_head head = {.study = "two rungs",
                                   .seed = 7,
                                   .identity = identity,
                                   .program = "hpo test",
                                   .stale_after = 30,
                                   .by_posterior = by_posterior};
    CHECK_OK(hpo_journal_open(check_tmpdir_file(&f->folder, "journal.log"), &head, f->space, &f->journal, &err));
}

static void begin(fixture *f, const char *objective) {
    base_err err = {0};
    base_yaml_node *root;
    f->arena = base_arena_create();
    CHECK_OK(base_yaml_parse(f->arena, "space", space_text, strlen(space_text), &root, &err));
    CHECK_OK(hpo_space_read(base_yaml_get(root, "parameters"), NULL, "epochs", &f->space, &err));
    begin_journal(f, space_text, objective, false);
}

static void put(fixture *f, hpo_record record) {
    hpo_journal_append(f->journal,
                       &(hpo_entry){.kind = HPO_ENTRY_RECORD, .elapsed = f->elapsed += 1, .record = record});
}

static void start(fixture *f, uint64_t trial, const double *config, double to, uint32_t rung) {
    put(f, (hpo_record){.kind = HPO_RECORD_START,
                        .trial = trial,
                        .rung = rung,
                        .fidelity = to,
                        .parent = UINT64_MAX,
                        .seed = 1,
                        .config = config});
}

static void end(fixture *f, uint64_t trial, uint32_t rung, double fidelity, double value, bool final) {
    put(f, (hpo_record){.kind = HPO_RECORD_RESULT,
                        .trial = trial,
                        .rung = rung,
                        .fidelity = fidelity,
                        .value = value,
                        .final = final,
                        .worker = (uint32_t)trial % 2,
                        .result = {.cost = fidelity, .seconds = 0.5}});
}

static void end_badly(fixture *f, uint64_t trial, const char *reason) {
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = trial,
                         .fidelity = 1,
                         .value = NAN,
                         .final = true,
                         .result = {.cost = 1, .seconds = 0.25, .failure = HPO_FAILURE_EXIT, .code = 3}};
    snprintf(record.result.reason, sizeof record.result.reason, "%s", reason);
    put(f, record);
}

static hpo_account *finish(fixture *f, bool anonymous) {
    base_err err = {0};
    hpo_account *a = NULL;
    CHECK_OK(hpo_journal_close(f->journal, &err));
    CHECK_OK(hpo_account_read(f->folder.path, anonymous, &a, &err));
    return a;
}

static void give_back(fixture *f) {
    hpo_space_destroy(f->space);
    check_tmpdir_remove(&f->folder);
    base_arena_destroy(f->arena);
}

static void four_trials(fixture *f, const char *objective, const char *reason) {
    static const double configs[4][2] = {{0.1, 0}, {0.2, 1}, {0.3, 0}, {0.4, 1}};
    static const double low[3] = {0.9, 0.5, 0.7};
    begin(f, objective);
    for (uint64_t i = 0; i < 3; i++) {
        start(f, i, configs[i], 1, 0);
        end(f, i, 0, 1, low[i], false);
    }
    for (uint64_t i = 0; i < 3; i++) {
        put(f, (hpo_record){.kind = HPO_RECORD_PROMOTE, .trial = i, .rung = 1, .fidelity = 3, .from = 1});
        end(f, i, 1, 3, low[i] / 2, true);
    }
    start(f, 3, configs[3], 1, 0);
    end_badly(f, 3, reason);
}

/* Steps and shapes differ where the reason does not; the exit status is one. */
static void reasons_that_are_alike(void **state) {
    (void)state;
    static const char *const reasons[] = {"t.py ended with exit status 3; last output: step 12 of [72, 512]",
                                          "t.py ended with exit status 3; last output: step 7 of [1091, 512]",
                                          "t.py ended with exit status 4; last output: step 12 of [72, 512]",
                                          "t.py ended with exit status 3; last output: step 12 of [72, 512",
                                          "t.py ended with exit status 3"};
    static const double config[2] = {0.5, 0};
    fixture f = {0};
    begin(&f, "");
    for (uint64_t i = 0; i < 5; i++) {
        start(&f, i, config, 1, 0);
        end_badly(&f, i, reasons[i]);
    }
    hpo_account *a = finish(&f, false);
    assert_int_equal(a->n_mishaps, 4);
    assert_int_equal(a->mishaps[0].count, 2);
    assert_int_equal(a->mishaps[0].first, 0);
    assert_string_equal(a->mishaps[0].reason, reasons[0]);
    hpo_account_destroy(a);
    give_back(&f);
}

/* As of architecture searches, whose trials differ by their seeds alone. */
static void a_run_without_parameters(void **state) {
    (void)state;
    static const double nothing[1] = {0};
    base_err err = {0};
    fixture f = {.arena = base_arena_create(), .space = hpo_space_create()};
    CHECK_OK(hpo_space_seal(f.space, &err));
    begin_journal(&f, "{parameters: {}}", "", false);
    for (uint64_t i = 0; i < 30; i++) {
        start(&f, i, nothing, 3, 0);
        end(&f, i, 0, 3, 1.0 / (double)(i + 1), true);
    }
    hpo_account *a = finish(&f, false);
    base_buf page = {0};
    hpo_report_page((const hpo_account *const[]){a}, 1, &page);
    assert_non_null(strstr(base_buf_text(&page), "trial 29 of 30"));
    base_buf_fini(&page);
    hpo_account_destroy(a);
    give_back(&f);
}

/* A head that nobody wrote: its space has priors of metrics that it does not have, or has twice. */
static void priors_of_no_metric(void **state) {
    (void)state;
    static const char text[] = "{parameters: {x: {min: 0.0, max: 1.0, prior: {loss: 0.5}}}}";
    static const struct {
        const char *metrics;
        base_status status;
        const char *sentence;
    } cases[] = {
        {"", BASE_INVALID, "x: priors of each metric want several"},
        {"metrics: [{name: a, goal: minimize}, {name: b, goal: minimize}]\n", BASE_INVALID, "which is no metric"},
        {"metrics: [{name: loss, goal: minimize}, {name: loss, goal: minimize}]\n", BASE_CORRUPT, "its head does not"},
        {"metrics: [{name: loss, goal: minimize}, {name: [], goal: minimize}]\n", BASE_CORRUPT, "its head does not"},
        {"metrics: [{name: loss, goal: {}}, {name: b, goal: minimize}]\n", BASE_CORRUPT, "its head does not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        base_err err = {0};
        base_yaml_node *root;
        hpo_account *a = NULL;
        fixture f = {.arena = base_arena_create()};
        CHECK_OK(base_yaml_parse(f.arena, "space", text, strlen(text), &root, &err));
        CHECK_OK(hpo_space_read(base_yaml_get(root, "parameters"), NULL, NULL, &f.space, &err));
        begin_journal(&f, text, cases[i].metrics, false);
        CHECK_OK(hpo_journal_close(f.journal, &err));
        CHECK_FAILS(hpo_account_read(f.folder.path, false, &a, &err), cases[i].status, cases[i].sentence);
        give_back(&f);
    }
}

static void what_was_found(void **state) {
    (void)state;
    fixture f = {0};
    four_trials(&f, "", "no data");
    hpo_account *a = finish(&f, false);
    uint64_t trial;
    double value, fidelity;
    assert_true(hpo_account_best(a, &trial, &value, &fidelity));
    assert_int_equal(trial, 1);
    CHECK_NEAR(value, 0.25, 0);
    CHECK_NEAR(fidelity, 3, 0);
    assert_int_equal(a->n_steps, 2); /* only full evaluations are incumbents: 0.45, then 0.25 */
    CHECK_NEAR(a->steps[0].value, 0.45, 0);
    CHECK_NEAR(a->steps[0].cost, 6, 0);
    CHECK_NEAR(a->steps[1].cost, 9, 0);
    CHECK_NEAR(a->steps[1].elapsed, 10, 0);
    assert_int_equal(a->steps[1].trials, 3);
    assert_int_equal(a->n_rungs, 2);
    assert_int_equal(a->rungs[0].evaluations, 4);
    assert_int_equal(a->rungs[0].failed, 1);
    assert_int_equal(a->rungs[0].promoted, 3);
    CHECK_NEAR(a->rungs[0].median, 0.7, 0);
    CHECK_NEAR(a->rungs[1].best, 0.25, 0);
    assert_int_equal(a->n_trusts, 1);
    CHECK_NEAR(a->trusts[0].correlation, 1, 1e-12);
    assert_int_equal(a->n_workers, 2);
    CHECK_NEAR(a->workers[0].busy, 2.25, 1e-9); /* trials 0 and 2 twice, and the failed one, whose worker is 0 */
    CHECK_NEAR(a->workers[1].busy, 1, 1e-9);
    CHECK_NEAR(a->seconds, 14, 0);
    assert_string_equal(a->run.head.study, "two rungs");
    assert_string_equal(a->run.head.program, "hpo test");
    hpo_account_destroy(a);
    give_back(&f);
}

static void texts_are_data(void **state) {
    (void)state;
    fixture f = {0};
    four_trials(&f, "objective: command, {settings: {run: [./t], env: {TOKEN: s3cret}}}\n", hostile);
    hpo_account *a = finish(&f, false);
    base_buf text = {0}, md = {0}, csv = {0}, json = {0}, page = {0};
    hpo_report_text(a, &text);
    hpo_report_markdown(a, &md);
    hpo_report_csv(a, &csv);
    hpo_report_json(a, &json);
    hpo_report_page((const hpo_account *const[]){a}, 1, &page);
    const base_buf *const all[] = {&text, &md, &csv, &json, &page};
    for (size_t i = 0; i < CHECK_COUNT(all); i++) {
        assert_null(strchr(base_buf_text(all[i]), '\x1b'));
        assert_null(strstr(base_buf_text(all[i]), "s3cret"));
    }
    CHECK_CONTAINS(base_buf_text(&text), "\\x1b[2J");
    CHECK_CONTAINS(base_buf_text(&text), "TOKEN");
    CHECK_CONTAINS(base_buf_text(&md), "\\<script>");
    CHECK_CONTAINS(base_buf_text(&csv), ",'=1+1\n");
    CHECK_CONTAINS(base_buf_text(&csv), "\\x1b[2J</script>");
    assert_null(strstr(base_buf_text(&page), "<script>alert"));
    CHECK_CONTAINS(base_buf_text(&page), "\\x1b[2J&lt;/script&gt;&lt;script&gt;alert(1)");
    for (const char *line = base_buf_text(&text); *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    base_buf_fini(&text);
    base_buf_fini(&md);
    base_buf_fini(&csv);
    base_buf_fini(&json);
    base_buf_fini(&page);
    hpo_account_destroy(a);
    give_back(&f);
}

static void nobody_is_named(void **state) {
    (void)state;
    fixture f = {0};
    four_trials(&f, "objective: command, {settings: {run: [/home/me/t]}}\n", "/home/me/data is missing");
    base_buf out = {0};
    check_tmpdir_write(&f.folder, "status.json", "{\"state\": \"done\", \"host\": \"my-machine\"}");
    hpo_account *a = finish(&f, true);
    hpo_report_text(a, &out);
    hpo_report_csv(a, &out);
    hpo_report_json(a, &out);
    hpo_report_page((const hpo_account *const[]){a}, 1, &out);
    assert_null(strstr(base_buf_text(&out), "/home"));
    assert_null(strstr(base_buf_text(&out), f.folder.path));
    assert_null(strstr(base_buf_text(&out), "my-machine"));
    CHECK_CONTAINS(base_buf_text(&out), "state           done");
    hpo_account_destroy(a);
    base_buf_fini(&out);
    give_back(&f);
}

/* Noisy values of a parabola, of which the best is not at its bottom. */
static void what_a_model_recommends(void **state) {
    (void)state;
    static const char text[] = "{parameters: {x: {min: 0.0, max: 1.0}}}";
    for (int n = 4; n <= 40; n += 36) {
        base_err err = {0};
        base_yaml_node *root;
        fixture f = {.arena = base_arena_create()};
        CHECK_OK(base_yaml_parse(f.arena, "space", text, strlen(text), &root, &err));
        CHECK_OK(hpo_space_read(base_yaml_get(root, "parameters"), NULL, "epochs", &f.space, &err));
        begin_journal(&f, text, "", true);
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
        for (int i = 0; i < n; i++) {
            const double x = (i + 0.5) / n, from = x - 0.3, noisy = from * from + 0.1 * base_rng_normal(&rng);
            start(&f, (uint64_t)i, &x, 3, 0);
            end(&f, (uint64_t)i, 0, 3, i == 22 ? -0.2 : noisy, true);
        }
        hpo_account *a = finish(&f, false);
        uint64_t trial;
        double value, fidelity;
        base_buf page = {0}, json = {0};
        assert_true(hpo_account_best(a, &trial, &value, &fidelity));
        hpo_report_page((const hpo_account *const[]){a}, 1, &page);
        hpo_report_json(a, &json);
        if (n == 40) {
            assert_in_range(trial, 5, 18); /* near 0.3 */
            CHECK_NEAR(a->recommended.mean, 0, 0.1);
            CHECK_CONTAINS(base_buf_text(&page), "Recommended by posterior mean: loss");
            CHECK_CONTAINS(base_buf_text(&json), "\"posterior_mean\": ");
            CHECK_CONTAINS(base_buf_text(&page), "-0.2, trial 22");
        } else {
            assert_true(isnan(a->recommended.mean));
            CHECK_CONTAINS(base_buf_text(&page), "value: fewer than 5 feasible results");
            assert_null(strstr(base_buf_text(&json), "posterior_mean"));
        }
        base_buf_fini(&page);
        base_buf_fini(&json);
        hpo_account_destroy(a);
        give_back(&f);
    }
}

static void ranks_are_correlated(void **state) {
    (void)state;
    const double a[] = {1, 2, 3, 4, 5}, b[] = {10, 30, 20, 50, 40}, ties[] = {1, 1, 2, 3, 3};
    CHECK_NEAR(hpo_rank_correlation(a, b, 5), 0.8, 1e-12); /* 1 - 6 * 4 / (5 * 24) */
    CHECK_NEAR(hpo_rank_correlation(a, ties, 5), 9 / sqrt(90), 1e-12);
    assert_true(isnan(hpo_rank_correlation(a, (double[]){1, 1, 1, 1, 1}, 5)));
    assert_true(isnan(hpo_rank_correlation(a, b, 2)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(priors_of_no_metric),    cmocka_unit_test(what_was_found),
        cmocka_unit_test(reasons_that_are_alike), cmocka_unit_test(a_run_without_parameters),
        cmocka_unit_test(texts_are_data),         cmocka_unit_test(nobody_is_named),
        cmocka_unit_test(ranks_are_correlated),   cmocka_unit_test(what_a_model_recommends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
