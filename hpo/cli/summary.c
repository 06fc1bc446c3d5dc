/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of a run: the summary on the terminal, what status.json and --json tell. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/study/failed_choices.h"

static void put_number(base_buf *out, double value) {
    base_buf_printf(out, "%.6g", value);
}

bool cli_best(const cli_end *end, hpo_recommendation *out) {
    hpo_incumbent incumbent;
    if (!hpo_view_incumbent(hpo_study_view(end->study), &incumbent)) return false;
    *out = end->recommended ? *end->recommended : hpo_recommend_incumbent(&incumbent);
    return true;
}

void cli_put_plain(base_buf *out, const char *text) {
    for (const char *c = text; *c; c++) {
        const unsigned char byte = (unsigned char)*c, next = (unsigned char)c[1];
        const bool c1 = byte == 0xC2 && next >= 0x80 && next < 0xA0; /* U+0080 to U+009F in UTF-8 */
        base_buf_putc(out, byte < 0x20 || byte == 0x7F || c1 ? '?' : *c);
        if (c1) c++;
    }
}

static void put_count(base_buf *out, uint64_t n, const char *what) {
    if (n > 0) base_buf_printf(out, ", %llu %s", (unsigned long long)n, what);
}

/* How many of each kind, and what the last one said. */
static void print_failures(const cli_end *end, base_buf *out) {
    hpo_view view = hpo_study_view(end->study);
    uint64_t counts[HPO_FAILURE_COUNT] = {0}, last = 0;
    if (hpo_view_count(view, HPO_TRIAL_FAILED) == 0) return;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.state != HPO_TRIAL_FAILED) continue;
        counts[trial.evals[trial.n_evals - 1].failure]++;
        last = id;
    }
    base_buf text = {0};
    for (size_t kind = 0; kind < HPO_FAILURE_COUNT; kind++) {
        if (counts[kind] == 0) continue;
        base_buf_printf(&text, "%s%llu %s", text.length > 0 ? ", " : "failed: ", (unsigned long long)counts[kind],
                        hpo_failure_text((hpo_failure)kind));
    }
    const size_t repeated = hpo_study_spec_of(end->study)->n_repeated;
    if (repeated > 0) base_buf_printf(&text, " (%zu tried again by a new trial)", repeated);
    const hpo_trial trial = hpo_view_trial(view, last);
    const char *reason = trial.evals[trial.n_evals - 1].reason;
    base_buf_printf(&text, "; trial %llu: ", (unsigned long long)last);
    cli_put_plain(&text, reason ? reason : "no reason given");
    base_put_text(base_buf_text(&text), 2, out);
    base_buf_fini(&text);
}

static void print_cost(const cli_end *end, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const double cost = hpo_view_cost(hpo_study_view(end->study));
    const double from_scratch = hpo_view_cost_from_scratch(hpo_study_view(end->study));
    const char *unit = hpo_study_cost_unit(spec);
    if (!unit) return;
    base_buf_puts(out, "  cost ");
    put_number(out, cost);
    base_buf_printf(out, " %s", unit);
    if (from_scratch > cost) {
        base_buf_puts(out, " (");
        put_number(out, from_scratch);
        base_buf_puts(out, " if nothing had continued from a checkpoint)");
    }
    base_buf_puts(out, "\n");
}

static void print_spent(const cli_end *end, base_buf *out) {
    const hpo_budget *budget = &hpo_study_spec_of(end->study)->budget;
    const double spent = hpo_study_spent(end->study, NULL);
    if (!budget->metric) return;
    base_buf_printf(out, "  %s ", budget->metric);
    put_number(out, spent);
    base_buf_puts(out, " of ");
    put_number(out, budget->metric_max);
    base_buf_puts(out, spent > 0 ? "\n" : ": no trial has reported it\n");
}

/* Shares of all the time that workers had while there was something to do; NaN when there was none. */
static double busy_share(const hpo_progress *last) {
    return last->worker_seconds / (last->worker_seconds + last->waiting_seconds);
}
static double asking_share(const hpo_progress *last) {
    return last->asking_seconds / (last->worker_seconds + last->waiting_seconds);
}

static void print_workers(const cli_end *end, base_buf *out) {
    const hpo_progress *last = end->last;
    if (!isnan(busy_share(last))) {
        base_buf_printf(out, "  workers: busy %.1f %% of the time, %.1f %% waiting for suggestions\n",
                        100 * busy_share(last), 100 * asking_share(last));
    }
    base_buf text = {0};
    put_count(&text, last->retried, last->retried == 1 ? "evaluation repeated" : "evaluations repeated");
    put_count(&text, last->workers_lost, last->workers_lost == 1 ? "worker lost" : "workers lost");
    if (text.length > 0) base_buf_printf(out, "  %s\n", base_buf_text(&text) + strlen(", "));
    base_buf_fini(&text);
}

static void print_choice(void *out, const char *choice, uint64_t trials) {
    base_buf text = {0};
    base_buf_printf(&text, "all %llu trials with ", (unsigned long long)trials);
    cli_put_plain(&text, choice);
    base_buf_puts(&text, " failed");
    base_put_text(base_buf_text(&text), 2, out);
    base_buf_fini(&text);
}

static void print_counts(const cli_end *end, base_buf *out) {
    hpo_view view = hpo_study_view(end->study);
    char elapsed[32];
    base_format_duration(end->last->elapsed, elapsed);
    uint64_t n = hpo_view_trials(view);
    base_buf_printf(out, "  %llu trial%s in %s: %llu complete", (unsigned long long)n, n == 1 ? "" : "s", elapsed,
                    (unsigned long long)hpo_view_count(view, HPO_TRIAL_COMPLETE));
    put_count(out, hpo_view_count(view, HPO_TRIAL_STOPPED), "stopped early");
    put_count(out, hpo_view_count(view, HPO_TRIAL_PAUSED), "paused");
    put_count(out, hpo_view_count(view, HPO_TRIAL_FAILED), "failed");
    put_count(out, hpo_view_count(view, HPO_TRIAL_RUNNING), "unfinished");
    base_buf_puts(out, "\n");
    print_failures(end, out);
    hpo_failed_choices(view, print_choice, out);
    print_cost(end, out);
    print_spent(end, out);
    print_workers(end, out);
    hpo_notices_print(&end->last->notices, hpo_study_cost_unit(hpo_study_spec_of(end->study)), out);
}

static void print_artefact(const hpo_eval *eval, base_buf *out) {
    if (!eval->artefact) return;
    base_buf text = {0};
    base_buf_puts(&text, "artefact: ");
    cli_put_plain(&text, eval->artefact);
    base_put_text(base_buf_text(&text), 2, out);
    base_buf_fini(&text);
}

/* Where a model was to decide: what it says of the recommended trial, or why it was not asked. */
static void print_choice_of_best(const cli_end *end, const hpo_recommendation *what, base_buf *out) {
    hpo_incumbent best;
    if (what->reason) {
        base_buf_printf(out, "  recommended by its value, not by posterior mean: %s\n", what->reason);
        return;
    }
    if (isnan(what->mean) || !hpo_view_incumbent(hpo_study_view(end->study), &best)) return;
    base_buf_puts(out, "  recommended by its posterior mean, ");
    put_number(out, what->mean);
    if (best.trial == what->who.trial) {
        base_buf_puts(out, "; its value is the best, too\n");
        return;
    }
    base_buf_printf(out, "; the best value, ");
    put_number(out, best.eval->value);
    base_buf_printf(out, ", is that of trial %llu\n", (unsigned long long)best.trial);
}

static void print_best(const cli_end *end, const hpo_recommendation *what, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const hpo_incumbent *best = &what->who;
    hpo_trial trial = hpo_view_trial(hpo_study_view(end->study), best->trial);
    const bool feasible = hpo_eval_is_feasible(best->eval);
    base_buf_printf(out, "%s: trial %llu, %s ", feasible ? "best" : "least violating", (unsigned long long)best->trial,
                    spec->goals[0].name);
    put_number(out, best->eval->value);
    if (spec->fidelity.name) {
        base_buf_printf(out, " at %s ", spec->fidelity.name);
        put_number(out, best->eval->fidelity);
    }
    base_buf_puts(out, "\n");
    print_choice_of_best(end, what, out);
    for (size_t i = 0; i < hpo_space_count(spec->space); i++) {
        if (isnan(trial.config[i])) continue; /* inactive; null may be a choice */
        const hpo_value value = hpo_space_value(spec->space, trial.config, i);
        base_buf_printf(out, "  %s: ", hpo_space_param(spec->space, i)->name);
        if (value.kind == HPO_VALUE_REAL) {
            put_number(out, value.real);
        } else {
            hpo_value_print(&value, out);
        }
        base_buf_puts(out, "\n");
    }
    print_artefact(best->eval, out);
    const hpo_metrics *metrics = best->eval->metrics;
    if (!metrics || metrics->count < 2) return;
    base_buf_puts(out, "its metrics:\n");
    for (size_t i = 0; i < metrics->count; i++) {
        const char *name = metrics->item[i].name;
        base_buf_printf(out, "  %s: ", name);
        put_number(out, metrics->item[i].value);
        size_t length = strlen(name);
        if (length > 6 && strcmp(name + length - 6, "_error") == 0) {
            base_buf_printf(out, " (%.*s accuracy %.2f %%)", (int)(length - 6), name,
                            100 * (1 - metrics->item[i].value));
        }
        base_buf_puts(out, "\n");
    }
}

/* What there is to look at in the run's folder. */
static void print_files(const cli_end *end, const hpo_incumbent *best, base_buf *out) {
    const bool has_folders = (hpo_study_spec_of(end->study)->objective->flags & HPO_OBJECTIVE_IN_RANK) == 0;
    base_buf_printf(out, "in %s: journal.log, status.json", end->run_dir);
    if (best) {
        base_buf_puts(out, ", best.yaml");
        cli_put_best_files(end, best->trial, out);
    }
    const bool kept = hpo_study_spec_of(end->study)->keep == HPO_KEEP_BEST;
    const bool gone = best && has_folders && kept && !cli_has_folder(end, best->trial);
    if (best && has_folders && !gone) base_buf_printf(out, ", trials/%llu", (unsigned long long)best->trial);
    if (cli_wants_report(end)) base_buf_puts(out, ", report.html");
    base_buf_puts(out, "\n");
    if (gone)
        base_buf_printf(out, "trials/%llu is gone: it was deleted when another trial was the best\n",
                        (unsigned long long)best->trial);
}

static bool all_failed(const cli_end *end) {
    const hpo_view view = hpo_study_view(end->study);
    const uint64_t trials = hpo_view_trials(view);
    return end->exit_code == HPO_EXIT_ALL_FAILED && trials > 0 && hpo_view_count(view, HPO_TRIAL_FAILED) == trials;
}

/* Of a study with constraints: how many trials meet them, or that none does and by how much the nearest one fails. */
static void print_feasible(const cli_end *end, const hpo_incumbent *best, base_buf *out) {
    const hpo_view view = hpo_study_view(end->study);
    if (hpo_view_constraints(view).count == 0) return;
    if (hpo_eval_is_feasible(best->eval)) {
        base_buf_printf(out, "feasible: %llu of %llu trials\n", (unsigned long long)hpo_view_count_feasible(view),
                        (unsigned long long)hpo_view_trials(view));
        return;
    }
    base_buf_printf(out, "no trial is feasible; trial %llu violates least: ", (unsigned long long)best->trial);
    hpo_view_put_violations(view, best->eval, out);
    base_buf_putc(out, '\n');
}

void cli_print_summary(const cli_end *end, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const char *reason = hpo_study_reason(end->study);
    hpo_recommendation best;
    const bool found = cli_best(end, &best);
    if (!end->brief) {
        base_buf text = {0};
        base_buf_printf(&text, "%s: %s%s%s", spec->name, end->state, reason ? ": " : "", reason ? reason : "");
        base_put_text(base_buf_text(&text), 0, out);
        base_buf_fini(&text);
        print_counts(end, out);
    }
    if (found) print_feasible(end, &best.who, out);
    if (found && spec->n_goals > 1 && hpo_eval_is_feasible(best.who.eval)) {
        cli_print_front(end, out);
    } else if (found) {
        print_best(end, &best, out);
    } else {
        base_buf_puts(out, all_failed(end) ? "every trial failed\n" : "no trial has succeeded yet\n");
    }
    if (end->brief) return;
    cli_print_artefacts(end, out);
    print_files(end, found ? &best.who : NULL, out);
    if (end->exit_code == HPO_EXIT_INTERRUPTED) base_buf_puts(out, "the same command continues this run\n");
}

static void put_best_json(const cli_end *end, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    hpo_recommendation what;
    if (!cli_best(end, &what)) {
        base_buf_puts(out, "null");
        return;
    }
    const hpo_incumbent best = what.who;
    hpo_trial trial = hpo_view_trial(hpo_study_view(end->study), best.trial);
    base_buf_printf(out, "{\"trial\": %llu, \"value\": ", (unsigned long long)best.trial);
    base_buf_put_json_number(out, best.eval->value);
    if (!isnan(what.mean)) {
        base_buf_puts(out, ", \"posterior_mean\": ");
        base_buf_put_json_number(out, what.mean);
    }
    base_buf_puts(out, ", \"fidelity\": ");
    base_buf_put_json_number(out, best.eval->fidelity);
    if (spec->constraints.count > 0) {
        base_buf_printf(out, ", \"feasible\": %s, \"violation\": ", hpo_eval_is_feasible(best.eval) ? "true" : "false");
        base_buf_put_json_number(out, hpo_eval_violation(best.eval));
    }
    base_buf_puts(out, ", \"config\": ");
    hpo_space_print_json(spec->space, trial.config, out);
    if (best.eval->artefact) {
        base_buf_puts(out, ", \"artefact\": ");
        base_buf_put_json(out, best.eval->artefact);
    }
    base_buf_puts(out, ", \"metrics\": {");
    for (size_t i = 0; best.eval->metrics && i < best.eval->metrics->count; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        base_buf_put_json(out, best.eval->metrics->item[i].name);
        base_buf_puts(out, ": ");
        base_buf_put_json_number(out, best.eval->metrics->item[i].value);
    }
    base_buf_puts(out, "}}");
}

cli_state cli_state_of(const cli_end *end) {
    return (cli_state){end->state, end->exit_code, end->error ? end->error : hpo_study_reason(end->study)};
}

void cli_put_status_body(const cli_end *end, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    hpo_view view = hpo_study_view(end->study);
    base_buf_puts(out, ", \"study\": ");
    base_buf_put_json(out, spec->name);
    base_buf_printf(out, ", \"seed\": %llu, \"elapsed\": ", (unsigned long long)spec->seed);
    base_buf_put_json_number(out, end->last->elapsed);
    base_buf_printf(out, ", \"workers\": %zu, \"workers_lost\": %zu, \"attempts_run_again\": %llu, \"trials\": {",
                    end->last->workers, end->last->workers_lost, (unsigned long long)end->last->retried);
    static const hpo_trial_state states[] = {HPO_TRIAL_RUNNING, HPO_TRIAL_PAUSED, HPO_TRIAL_COMPLETE, HPO_TRIAL_STOPPED,
                                             HPO_TRIAL_FAILED};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        base_buf_printf(out, "\"%s\": %llu, ", hpo_trial_state_text(states[i]),
                        (unsigned long long)hpo_view_count(view, states[i]));
    }
    base_buf_printf(out, "\"all\": %llu}, \"busy_share\": ", (unsigned long long)hpo_view_trials(view));
    base_buf_put_json_number(out, busy_share(end->last));
    base_buf_puts(out, ", \"asking_share\": ");
    base_buf_put_json_number(out, asking_share(end->last));
    base_buf_puts(out, ", \"cost\": ");
    base_buf_put_json_number(out, hpo_view_cost(view));
    if (spec->budget.metric) {
        base_buf_puts(out, ", \"spent\": {");
        base_buf_put_json(out, spec->budget.metric);
        base_buf_puts(out, ": ");
        base_buf_put_json_number(out, hpo_study_spent(end->study, NULL));
        base_buf_putc(out, '}');
    }
    base_buf_puts(out, ", \"notices\": ");
    hpo_notices_print_json(&end->last->notices, out);
    if (spec->constraints.count > 0)
        base_buf_printf(out, ", \"feasible\": %llu", (unsigned long long)hpo_view_count_feasible(view));
    base_buf_puts(out, ", \"best\": ");
    put_best_json(end, out);
    if (spec->n_goals > 1) cli_put_front_json(end, out);
}

void cli_print_summary_json(const cli_end *end, base_buf *out) {
    const cli_state state = cli_state_of(end);
    base_buf_putc(out, '{');
    cli_status_put_head(&state, out);
    cli_put_status_body(end, out);
    base_buf_puts(out, "}\n");
}

double cli_elapsed_before(const char *dir) {
    base_buf path = {0}, text = {0};
    base_buf_printf(&path, "%s/status.json", dir);
    double elapsed = 0;
    base_err ignored;
    if (base_read_file(base_buf_text(&path), &text, &ignored) == BASE_OK) {
        static const char key[] = "\"elapsed\": ";
        const char *at = strstr(base_buf_text(&text), key);
        if (at) elapsed = strtod(at + sizeof key - 1, NULL);
    }
    base_buf_fini(&path);
    base_buf_fini(&text);
    return elapsed >= 0 && elapsed < 1e12 ? elapsed : 0;
}
