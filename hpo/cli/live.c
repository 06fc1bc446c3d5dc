/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The view on a terminal: how much of the budget is spent, the best so far with its learning curve, what runs, and
 * counts. A line is put together from parts and cut at the terminal's width, so that none ever wraps. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/models/hypervolume.h"

enum { BAR = 24, SPARK = 16, MOST_RUNNING = 8, OTHER_LINES = 4 };

/* ---- a line ---- */

typedef struct line {
    base_buf *out;
    const cli_terminal *terminal;
    size_t room; /* cells that are left */
} line;

static line begin_line(const cli_terminal *terminal, base_buf *out) {
    return (line){.out = out, .terminal = terminal, .room = terminal->columns - 1};
}

/* Text of one cell per character; UTF-8's further bytes take none. */
static void put(line *to, const char *text) {
    for (; *text; text++) {
        const bool begins = ((unsigned char)*text & 0xc0) != 0x80;
        if (begins && to->room == 0) return;
        to->room -= begins;
        base_buf_append(to->out, text, 1);
    }
}

__attribute__((format(printf, 2, 3))) static void put_format(line *to, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(to, text);
}

static void style(line *to, const char *code) {
    if (to->terminal->colour) base_buf_puts(to->out, code);
}

#define BOLD  "\033[1m"
#define FAINT "\033[2m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

static void put_duration(line *to, double seconds) {
    char text[32];
    base_format_duration(seconds, text);
    if (seconds >= 9.95 && seconds < 59.95) snprintf(text, sizeof text, "%.0fs", seconds); /* no restless tenths */
    put(to, text);
}

/* ---- curves ---- */

void cli_put_sparkline(const double *values, size_t count, size_t room, bool utf8, base_buf *out) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const signs[] = {"_", ".", "-", "=", "+", "*", "#", "@"};
    enum { LEVELS = 8 };
    const size_t first = count > room ? count - room : 0;
    double low = INFINITY, high = -INFINITY;
    size_t finite = 0;
    for (size_t i = first; i < count; i++) {
        if (!isfinite(values[i])) continue;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
        finite++;
    }
    if (finite < 2) return;
    for (size_t i = first; i < count; i++) {
        const double share = high > low ? (values[i] - low) / (high - low) : 0;
        const size_t level = isfinite(values[i]) ? (size_t)fmin(share * LEVELS, LEVELS - 1) : LEVELS;
        base_buf_puts(out, level == LEVELS ? " " : utf8 ? blocks[level] : signs[level]);
    }
}

static void put_spark(line *to, const double *values, size_t count) {
    base_buf text = {0};
    if (to->room > 3)
        cli_put_sparkline(values, count, to->room - 2 < SPARK ? to->room - 2 : SPARK, to->terminal->utf8, &text);
    if (text.length > 0) {
        put(to, "  ");
        put(to, base_buf_text(&text));
    }
    base_buf_fini(&text);
}

/* Of the trial's reports; of its results where it has not reported. */
static void put_curve(line *to, const hpo_trial *trial) {
    const bool reported = trial->n_reports > 1;
    const size_t all = reported ? trial->n_reports : trial->n_evals, count = all < SPARK ? all : SPARK;
    double values[SPARK];
    for (size_t i = 0; i < count; i++) {
        const size_t at = all - count + i;
        values[i] = reported ? trial->reports[at].value : trial->evals[at].value;
    }
    put_spark(to, values, count);
}

/* ---- the lines ---- */

static void put_bar(line *to, double share) {
    const size_t full = (size_t)(share * BAR);
    put(to, "[");
    for (size_t i = 0; i < BAR; i++)
        put(to, i < full ? (to->terminal->utf8 ? "█" : "#") : to->terminal->utf8 ? "░" : ".");
    put_format(to, "] %3.0f %%  ", floor(100 * share));
}

/* Before there is a result nobody knows how long anything takes. */
static bool has_result(hpo_view view) {
    return hpo_view_count(view, HPO_TRIAL_RUNNING) + hpo_view_count(view, HPO_TRIAL_FAILED) < hpo_view_trials(view);
}

static void put_time(line *to, const cli_live *what) {
    double left;
    bool exact;
    put_duration(to, what->now->elapsed);
    if (what->now->draining) {
        put(to, ", stopping");
    } else if (has_result(hpo_study_view(what->now->study)) && cli_pace_left(what->pace, what->now, &left, &exact)) {
        put(to, exact ? ", " : ", about ");
        put_duration(to, left);
        put(to, " left");
    }
}

static void put_best(line *to, const cli_live *what, hpo_view view) {
    const hpo_study_spec *spec = what->spec;
    hpo_incumbent best;
    if (!hpo_view_incumbent(view, &best)) {
        style(to, FAINT);
        put(to, "no result yet");
        return;
    }
    if (!hpo_eval_is_feasible(best.eval)) {
        base_buf text = {0};
        hpo_view_put_violations(view, best.eval, &text);
        put_format(to, "none feasible yet; trial %llu violates least: %s", (unsigned long long)best.trial,
                   base_buf_text(&text));
        base_buf_fini(&text);
        return;
    }
    if (spec->n_goals > 1) {
        put_format(to, "%zu on the front, ", hpo_view_front(view, NULL, 0));
        style(to, BOLD);
        put_format(to, "hypervolume %.4g", hpo_view_hypervolume(view));
        style(to, PLAIN);
        put_spark(to, what->improvements, what->n_improvements);
        return;
    }
    const hpo_trial trial = hpo_view_trial(view, best.trial);
    put(to, "best ");
    style(to, BOLD);
    put_format(to, "%s %.4g", spec->goals[0].name, best.eval->value);
    style(to, PLAIN);
    if (spec->fidelity.name) put_format(to, " at %s %.4g", spec->fidelity.name, best.eval->fidelity);
    put_format(to, ", trial %llu", (unsigned long long)best.trial);
    if (trial.n_reports > 1 || trial.n_evals > 1)
        put_curve(to, &trial);
    else
        put_spark(to, what->improvements, what->n_improvements);
}

static void put_running(line *to, const cli_live *what, hpo_view view, const cli_running *running) {
    const hpo_study_spec *spec = what->spec;
    const hpo_trial trial = hpo_view_trial(view, running->trial);
    const hpo_report *last = cli_last_report(&trial);
    put_format(to, "  trial %llu", (unsigned long long)trial.id);
    if (spec->fidelity.name) {
        const double at = last && !hpo_study_replicates(spec) ? last->step : trial.from;
        put_format(to, ", rung %u: %.4g/%.4g %s", trial.rung, at, trial.fidelity, spec->fidelity.name);
    } else if (last) {
        put_format(to, ": step %.4g", last->step);
    }
    if (last) put_format(to, ", %s %.4g", spec->goals[0].name, last->value);
    put(to, last || spec->fidelity.name ? ", " : ": ");
    put_duration(to, fmax(what->now->elapsed - running->since, 0));
    put_curve(to, &trial);
}

static void put_counts(line *to, const cli_live *what, hpo_view view) {
    static const struct {
        hpo_trial_state state;
        const char *word;
    } states[] = {{HPO_TRIAL_COMPLETE, "complete"}, {HPO_TRIAL_STOPPED, "stopped"}, {HPO_TRIAL_PAUSED, "paused"}};
    const uint64_t trials = hpo_view_trials(view), failed = hpo_view_count(view, HPO_TRIAL_FAILED);
    put_format(to, "%llu trials: ", (unsigned long long)trials);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        const uint64_t count = hpo_view_count(view, states[i].state);
        if (count > 0) put_format(to, "%llu %s, ", (unsigned long long)count, states[i].word);
    }
    put_format(to, "%llu running, ", (unsigned long long)what->now->running);
    if (failed > 0) style(to, RED);
    put_format(to, "%llu failed", (unsigned long long)failed);
    if (failed > 0) style(to, PLAIN);
    const double ended = (double)(trials - hpo_view_count(view, HPO_TRIAL_RUNNING));
    if (ended > 0 && what->now->elapsed > 0) put_format(to, "; %.3g a minute", 60 * ended / what->now->elapsed);
    if (what->spec->fidelity.name || what->spec->budget.cost > 0) put_format(to, "; cost %.4g", hpo_view_cost(view));
    const char *counted = what->spec->budget.metric;
    if (counted) put_format(to, "; %s %.4g", counted, hpo_study_spent(what->now->study, NULL));
    if (what->now->workers_lost > 0) put_format(to, "; %zu workers lost", what->now->workers_lost);
}

static void end_line(line *to) {
    style(to, PLAIN);
    base_buf_puts(to->out, "\n");
    to->room = to->terminal->columns - 1;
}

size_t cli_put_live(const cli_live *what, const cli_terminal *terminal, base_buf *out) {
    const hpo_view view = hpo_study_view(what->now->study);
    line to = begin_line(terminal, out);
    size_t n_running, lines = OTHER_LINES;
    const cli_running *running = cli_pace_follow(what->pace, what->now, &n_running);
    const double share = cli_pace_share(what->pace, what->now);
    if (share > 0 && to.room > BAR + 20) put_bar(&to, share);
    put_time(&to, what);
    end_line(&to);
    put_best(&to, what, view);
    end_line(&to);
    size_t most = terminal->rows > OTHER_LINES + 1 ? terminal->rows - OTHER_LINES - 1 : 0;
    if (most > MOST_RUNNING) most = MOST_RUNNING;
    const size_t shown = n_running < most ? n_running : most;
    for (size_t i = 0; i < shown; i++, lines++) {
        put_running(&to, what, view, &running[i]);
        end_line(&to);
    }
    if (shown < n_running) {
        put_format(&to, "  and %zu more", n_running - shown);
        end_line(&to);
    } else {
        lines--;
    }
    put_counts(&to, what, view);
    style(&to, PLAIN);
    return lines;
}
