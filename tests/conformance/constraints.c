/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Constraints: every sampler with every scheduler, on a mixed conditional space, with failures, reports and results out
 * of order: the same twice, every decision again from the records alone, and what is promoted, the incumbent and the
 * front obey feasibility. Then a problem on which the best that every sampler finds must be feasible. */
#include <math.h>

#include "hpo/trials/order.h"
#include "tests/conformance/replays.h"

enum { TRIALS = 90, NEEDED = 60 };

/* size: about half of the configurations meet the first, few the second. */
static const char *const constraints[] = {"[{metric: size, max: 1.5}]",
                                          "[{metric: size, max: 1.2}, {metric: time, min: 0.6, max: 2.5}]"};

/* From the results alone, without the order that is tested. */
static void check_incumbent(hpo_view view) {
    const hpo_eval *best = NULL;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        for (size_t e = 0; e < trial.n_evals; e++) {
            const hpo_eval *eval = &trial.evals[e];
            if (eval->failure != HPO_FAILURE_NONE) continue;
            assert_non_null(hpo_eval_excess(eval));
            const double mine = hpo_eval_violation(eval), others = best ? hpo_eval_violation(best) : 0;
            bool better = !best || (mine == 0) > (others == 0);
            if (best && (mine == 0) == (others == 0)) {
                better = eval->fidelity > best->fidelity;
                if (eval->fidelity == best->fidelity)
                    better = mine < others || (mine == others && eval->loss < best->loss);
            }
            if (better) best = eval;
        }
    }
    hpo_incumbent incumbent;
    assert_true(hpo_view_incumbent(view, &incumbent));
    assert_ptr_equal(incumbent.eval, best);
    assert_int_equal(hpo_view_front(view, NULL, 0) > 0, hpo_eval_is_feasible(best));
}

static void every_pair_works_and_replays(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t a = 0; a < n_samplers; a++) {
        const bool all = suite_wants(samplers[a]->name);
        for (size_t b = 0; b < n_schedulers; b++) {
            if (!suite_wants(schedulers[b]->name) && !all) continue;
            base_err err;
            hpo_study_spec *spec;
            base_buf what = {0};
            base_buf_printf(&what, "metric: loss\nconstraints: %s", constraints[(a + b) % CHECK_COUNT(constraints)]);
            CHECK_OK(read_mixed(samplers[a]->name, schedulers[b]->name, TRIALS, base_buf_text(&what), &spec, &err));
            check_replays(spec, 1 + 4 * ((a + b) % 3), check_incumbent);
            hpo_study_spec_destroy(spec);
            base_buf_fini(&what);
        }
    }
}

/* What is promoted from a rung that has closed is no worse than what is not, by feasibility first. */
static void promotions_go_to_the_feasible(void **state) {
    (void)state;
    base_err err;
    hpo_study_spec *spec;
    hpo_study *study;
    CHECK_OK(read_mixed("random", "successive-halving", TRIALS, "metric: loss\nconstraints: [{metric: size, max: 1.5}]",
                        &spec, &err));
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 3, .seed = 2, .fail_share = 0.1});
    const hpo_view view = hpo_study_view(study);
    size_t compared = 0;
    for (uint64_t x = 0; x < hpo_view_trials(view); x++) {
        for (uint64_t y = 0; y < hpo_view_trials(view); y++) {
            const hpo_trial a = hpo_view_trial(view, x), b = hpo_view_trial(view, y);
            if (a.bracket != b.bracket || a.n_evals < 2 || b.n_evals != 1) continue; /* a went on, b did not */
            if (b.evals[0].failure != HPO_FAILURE_NONE) continue;
            const double va = hpo_eval_violation(&a.evals[0]), vb = hpo_eval_violation(&b.evals[0]);
            assert_true(va < vb || (va == vb && a.evals[0].loss <= b.evals[0].loss));
            compared += va == 0 && vb > 0 && a.evals[0].loss > b.evals[0].loss;
        }
    }
    assert_true(compared > 0); /* some would have been dropped for their loss alone */
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

/* Of all samplers that can have several metrics the front holds feasible trials only. */
static void fronts_are_feasible(void **state) {
    (void)state;
    size_t n_samplers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    for (size_t a = 0; a < n_samplers; a++) {
        if (!suite_wants(samplers[a]->name) || !(samplers[a]->flags & HPO_SAMPLER_MANY_GOALS)) continue;
        base_err err;
        hpo_study_spec *spec;
        hpo_study *study;
        CHECK_OK(read_mixed(samplers[a]->name, "asha", TRIALS,
                            "metrics: [loss, time]\nconstraints: [{metric: size, max: 1.5}]", &spec, &err));
        check_replays(spec, 5, check_incumbent);
        CHECK_OK(hpo_study_create(spec, &study, &err));
        toy_drive_study(study, &(toy_drive){.workers = 5, .seed = 1, .fail_share = 0.1});
        size_t count;
        hpo_incumbent *front = hpo_front_create(hpo_study_view(study), &count);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) assert_true(hpo_eval_violation(front[i].eval) == 0);
        free(front);
        hpo_study_destroy(study);
        hpo_study_spec_destroy(spec);
    }
}

/* A quadratic whose minimum is infeasible, as are four fifths of the square: x + y >= 1.4 with the minimum at (0.3,
 * 0.3), so that 0.32 is the least feasible value, at (0.7, 0.7). */
static void the_best_found_is_feasible(void **state) {
    (void)state;
    size_t n_samplers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    for (size_t a = 0; a < n_samplers; a++) {
        if (!suite_begins("sampler", samplers[a]->name)) continue;
        base_buf text = {0};
        base_buf_printf(&text,
                        "objective: toy\nseed: 4\nmethod: {sampler: %s, scheduler: full}\nbudget: {trials: "
                        "%d}\nmetric: loss\nconstraints: "
                        "[{metric: sum, min: 1.4}]\nparameters: {x: {min: 0.0, max: 1.0, prior: 0.5}, y: {min: 0.0, "
                        "max: 1.0}}\n%s",
                        samplers[a]->name, NEEDED,
                        samplers[a]->flags & HPO_SAMPLER_NEEDS_FIDELITY ? "fidelity: {e: {min: 1, max: 9}}\n" : "");
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        base_err err;
        hpo_study *study;
        CHECK_OK(hpo_study_create(spec, &study, &err));
        for (;;) {
            hpo_record record;
            hpo_job job;
            hpo_ask_kind kind;
            CHECK_OK(hpo_study_ask(study, &kind, &record, &err));
            if (kind == HPO_ASK_DONE) break;
            hpo_study_job(study, record.trial, &job);
            const double x = job.config[0], y = job.config[1];
            hpo_result result = {.cost = 1};
            hpo_metrics_set(&result.metrics, "loss", (x - 0.3) * (x - 0.3) + (y - 0.3) * (y - 0.3));
            hpo_metrics_set(&result.metrics, "sum", x + y);
            hpo_study_tell(study, record.trial, &result, 0, 0, &record);
        }
        hpo_incumbent best;
        assert_true(hpo_view_incumbent(hpo_study_view(study), &best));
        assert_true(hpo_eval_is_feasible(best.eval));
        const double *sum = hpo_metrics_get(best.eval->metrics, "sum");
        assert_true(*sum >= 1.4);
        if (strcmp(samplers[a]->name, "gp") == 0) assert_true(best.eval->loss < 0.33);
        if (strcmp(samplers[a]->name, "tpe") == 0) assert_true(best.eval->loss < 0.42);
        hpo_study_destroy(study);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
}

/* A constraint that every result meets changes no proposal of those that have no model of its value: c-TPE's score is
 * then an increasing function of TPE's. */
static void what_all_meet_changes_nothing(void **state) {
    (void)state;
    static const char *const names[] = {"random", "local", "tpe", "kde", "priorband", "nsga2"};
    static const char *const what[] = {"metric: loss", "metric: loss\nconstraints: [{metric: size, max: 1000}]"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        if (!suite_wants(names[i])) continue;
        toy_tape tapes[2] = {{0}, {0}};
        hpo_study_spec *specs[2];
        for (size_t k = 0; k < 2; k++) {
            base_err err;
            hpo_study *study;
            CHECK_OK(read_mixed(names[i], "asha", TRIALS, what[k], &specs[k], &err));
            CHECK_OK(hpo_study_create(specs[k], &study, &err));
            toy_drive_study(study, &(toy_drive){.workers = 3, .seed = 8, .fail_share = 0.1, .tape = &tapes[k]});
            hpo_study_destroy(study);
        }
        assert_int_equal(tapes[0].count, tapes[1].count);
        for (size_t r = 0; r < tapes[0].count; r++) {
            const hpo_record *a = &tapes[0].records[r], *b = &tapes[1].records[r];
            assert_true(a->kind == b->kind && a->trial == b->trial && a->rung == b->rung);
            if (a->kind != HPO_RECORD_START) continue;
            for (size_t p = 0; p < hpo_space_count(specs[0]->space); p++)
                if (!isnan(a->config[p]) || !isnan(b->config[p])) CHECK_SAME_DOUBLE(a->config[p], b->config[p]);
        }
        for (size_t k = 0; k < 2; k++) {
            toy_tape_fini(&tapes[k]);
            hpo_study_spec_destroy(specs[k]);
        }
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_works_and_replays),  cmocka_unit_test(promotions_go_to_the_feasible),
        cmocka_unit_test(fronts_are_feasible),           cmocka_unit_test(the_best_found_is_feasible),
        cmocka_unit_test(what_all_meet_changes_nothing),
    };
    return SUITE_MAIN(tests);
}
