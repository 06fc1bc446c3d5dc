/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live display: a few lines that are redrawn on a terminal, plain lines elsewhere, JSON lines for programs.
 *
 * On a terminal they are redrawn at most five times a second. Elsewhere (a batch system's log) a line is printed for
 * every new best value and for failures, and a status line after 2, 4, 8, ... 60 seconds and then every minute, so that
 * a log of a month stays readable. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/models/hypervolume.h"

static const double REDRAW = 0.2, LONGEST_GAP = 60, FAILURE_GAP = 1;

enum { MOST_IMPROVEMENTS = 64 };

struct cli_progress {
    const hpo_study_spec *spec;
    hpo_display display;
    bool live;    /* a terminal: redraw (live.c) */
    size_t drawn; /* lines of it that are on the screen */
    cli_pace *pace;
    double improvements[MOST_IMPROVEMENTS]; /* values of the last incumbents */
    size_t n_improvements;
    double last_draw; /* seconds, monotonic */
    double gap, last_failure;
    uint64_t unsaid; /* failures since then that got no line */
    uint64_t best_trial, best_event;
    double best_value; /* NaN before */
    hpo_progress last;
    base_buf line, frame;
};

cli_progress *cli_progress_create(const hpo_study_spec *spec, hpo_display display, double elapsed_before) {
    cli_progress *p = base_calloc(1, sizeof *p);
    p->spec = spec;
    p->display = display;
    p->last.elapsed = elapsed_before;
    p->live = display == HPO_DISPLAY_PROGRESS || (display == HPO_DISPLAY_AUTO && cli_terminal_now().live);
    p->pace = cli_pace_create(spec);
    p->gap = 2;
    p->last_draw = base_monotonic();
    p->best_trial = UINT64_MAX;
    p->best_value = NAN;
    return p;
}

void cli_progress_destroy(cli_progress *p) {
    if (!p) return;
    base_log_before(NULL, NULL);
    cli_pace_destroy(p->pace);
    base_buf_fini(&p->line);
    base_buf_fini(&p->frame);
    free(p);
}

const hpo_progress *cli_progress_last(const cli_progress *p) {
    return &p->last;
}

/* To the beginning of the first line. */
static void put_home(const cli_progress *p, base_buf *out) {
    base_buf_puts(out, "\r");
    if (p->drawn > 1) base_buf_printf(out, "\033[%zuA", p->drawn - 1);
}

/* At once: the stream has no buffer. */
static void show_frame(const cli_progress *p) {
    fwrite(p->frame.data, 1, p->frame.length, stderr);
    fflush(stderr);
}

void cli_progress_clear(cli_progress *p) {
    if (!p->drawn) return;
    base_buf_clear(&p->frame);
    put_home(p, &p->frame);
    base_buf_puts(&p->frame, "\033[J");
    show_frame(p);
    p->drawn = 0;
}

void cli_progress_end(cli_progress *p) {
    const bool drawn = p->drawn > 0;
    cli_progress_clear(p);
    if (drawn && cli_has_parent()) base_sleep(0.05); /* mpirun passes two streams on in no particular order */
}

void cli_progress_stopping(cli_progress *p, const hpo_progress *now, bool heeds_another) {
    if (now->running == 0 || p->display == HPO_DISPLAY_QUIET || p->display == HPO_DISPLAY_JSON) return;
    char grace[32];
    base_format_duration(p->spec->limits.stop_grace, grace);
    cli_progress_clear(p);
    fprintf(stderr, "stopping: running trials have %s to save%s\n", grace,
            heeds_another ? "; a second signal ends them at once" : "");
}

static void wipe(void *self) {
    cli_progress_clear(self);
}

/* A number short enough for a line: 4 significant digits. */
static void put_short(base_buf *out, double value) {
    base_buf_printf(out, "%.4g", value);
}

static void put_duration(base_buf *out, double seconds) {
    char text[32];
    base_format_duration(seconds, text);
    if (seconds >= 9.95 && seconds < 59.95) snprintf(text, sizeof text, "%.0fs", seconds); /* no restless tenths */
    base_buf_puts(out, text);
}

/* Before there is one nobody knows how long anything takes. */
static bool has_result(hpo_view view) {
    return hpo_view_count(view, HPO_TRIAL_RUNNING) + hpo_view_count(view, HPO_TRIAL_FAILED) < hpo_view_trials(view);
}

static void put_counts(const hpo_progress *now, base_buf *out) {
    hpo_view view = hpo_study_view(now->study);
    uint64_t failed = hpo_view_count(view, HPO_TRIAL_FAILED), unfinished = hpo_view_count(view, HPO_TRIAL_RUNNING);
    put_duration(out, now->elapsed);
    base_buf_printf(out, ": %llu done, %llu running, %llu failed",
                    (unsigned long long)(hpo_view_trials(view) - unfinished - failed), (unsigned long long)now->running,
                    (unsigned long long)failed);
}

static void put_front(hpo_view view, base_buf *out) {
    base_buf_printf(out, "; %zu on the front, hypervolume ", hpo_view_front(view, NULL, 0));
    put_short(out, hpo_view_hypervolume(view));
}

/* How a run stands, in one line. */
static void put_status(const cli_progress *p, const hpo_progress *now, base_buf *out) {
    hpo_view view = hpo_study_view(now->study);
    put_counts(now, out);
    hpo_incumbent best;
    if (hpo_view_incumbent(view, &best) && !hpo_eval_is_feasible(best.eval)) {
        base_buf_puts(out, "; none feasible yet");
    } else if (hpo_view_incumbent(view, &best)) {
        if (p->spec->n_goals > 1) put_front(view, out);
        if (p->spec->n_goals == 1) {
            base_buf_printf(out, "; best %s ", p->spec->goals[0].name);
            put_short(out, best.eval->value);
        }
    } else if (now->latest.there) { /* one long training: that it gets on */
        base_buf_printf(out, "; trial %llu: %s ", (unsigned long long)now->latest.trial, p->spec->goals[0].name);
        put_short(out, now->latest.value);
        if (p->spec->fidelity.name) {
            base_buf_printf(out, " at %s ", p->spec->fidelity.name);
            put_short(out, now->latest.step);
        }
    }
    if (p->spec->fidelity.name || p->spec->budget.cost > 0) {
        base_buf_puts(out, "; cost ");
        put_short(out, hpo_view_cost(view));
    }
    if (p->spec->budget.metric) {
        base_buf_printf(out, "; %s ", p->spec->budget.metric);
        put_short(out, hpo_study_spent(now->study, NULL));
    }
    double left;
    bool exact;
    if (now->draining) {
        base_buf_puts(out, "; stopping");
    } else if (has_result(view) && cli_pace_left(p->pace, now, &left, &exact)) {
        base_buf_puts(out, exact ? "; " : "; about ");
        put_duration(out, left);
        base_buf_puts(out, " left");
    }
    if (now->workers_lost > 0) base_buf_printf(out, "; %zu lost", now->workers_lost);
}

/* Every line is wiped behind its text, and what was below the last one, too: nothing flickers. */
static void draw(cli_progress *p, const hpo_progress *now) {
    const cli_terminal terminal = cli_terminal_now();
    const cli_live what = {.spec = p->spec,
                           .now = now,
                           .pace = p->pace,
                           .improvements = p->improvements,
                           .n_improvements = p->n_improvements};
    base_buf_clear(&p->line);
    base_buf_clear(&p->frame);
    const size_t lines = cli_put_live(&what, &terminal, &p->line);
    put_home(p, &p->frame);
    for (const char *at = base_buf_text(&p->line); *at; at++) {
        if (*at == '\n') base_buf_puts(&p->frame, "\033[K");
        base_buf_append(&p->frame, at, 1);
    }
    base_buf_puts(&p->frame, "\033[J");
    show_frame(p);
    p->drawn = lines;
}

static void print_line(cli_progress *p) {
    cli_progress_clear(p);
    fprintf(stderr, "%s\n", base_buf_text(&p->line));
    fflush(stderr);
}

/* The incumbent is the best at the highest fidelity so far: the first value there may well be worse than the best
 * below, and is then called what it is. */
static void print_best(cli_progress *p, const hpo_progress *now, const hpo_incumbent *best) {
    const double value = best->eval->value;
    const bool worse = p->spec->goals[0].maximize ? value < p->best_value : value > p->best_value;
    p->best_value = value;
    base_buf_clear(&p->line);
    put_duration(&p->line, now->elapsed);
    if (p->spec->n_goals > 1) {
        const double *values = hpo_eval_values(best->eval, p->spec->n_goals);
        base_buf_puts(&p->line, ": on the front:");
        for (size_t g = 0; g < p->spec->n_goals; g++) {
            base_buf_printf(&p->line, "%s %s ", g > 0 ? "," : "", p->spec->goals[g].name);
            put_short(&p->line, values[g]);
        }
    } else {
        const bool feasible = hpo_eval_is_feasible(best->eval);
        base_buf_printf(&p->line, ": %s %s ",
                        !feasible ? "least violating,"
                        : worse   ? "first"
                                  : "best",
                        p->spec->goals[0].name);
        put_short(&p->line, value);
        if (!feasible) base_buf_puts(&p->line, ", ");
        if (!feasible) hpo_view_put_violations(hpo_study_view(now->study), best->eval, &p->line);
    }
    if (p->spec->fidelity.name) {
        base_buf_printf(&p->line, " at %s ", p->spec->fidelity.name);
        put_short(&p->line, best->eval->fidelity);
    }
    base_buf_printf(&p->line, " (trial %llu)", (unsigned long long)best->trial);
    print_line(p);
}

static void print_json(cli_progress *p, const hpo_progress *now, const hpo_record *record) {
    base_buf *out = &p->line;
    base_buf_clear(out);
    base_buf_printf(out, "{\"trial\": %llu, \"state\": ", (unsigned long long)record->trial);
    hpo_trial trial = hpo_view_trial(hpo_study_view(now->study), record->trial);
    base_buf_put_json(out, hpo_trial_state_text(trial.state));
    if (record->kind != HPO_RECORD_CLOSE) {
        base_buf_puts(out, ", \"fidelity\": ");
        base_buf_put_json_number(out, record->fidelity);
        for (size_t g = 0; g < p->spec->n_goals; g++) {
            base_buf_puts(out, ", ");
            base_buf_put_json(out, p->spec->goals[g].name);
            base_buf_puts(out, ": ");
            base_buf_put_json_number(out, record->values[g]);
        }
    }
    if (record->kind == HPO_RECORD_RESULT && record->result.failure == HPO_FAILURE_NONE &&
        p->spec->constraints.count > 0 && trial.n_evals > 0) {
        const bool feasible = hpo_eval_is_feasible(&trial.evals[trial.n_evals - 1]);
        base_buf_printf(out, ", \"feasible\": %s", feasible ? "true" : "false");
    }
    if (record->kind == HPO_RECORD_RESULT && record->result.failure != HPO_FAILURE_NONE) {
        base_buf_puts(out, ", \"failure\": ");
        base_buf_put_json(out, hpo_failure_text(record->result.failure));
        base_buf_puts(out, ", \"reason\": ");
        base_buf_put_json(out, record->result.reason);
    }
    if (record->kind == HPO_RECORD_RESULT && record->result.artefact[0]) {
        base_buf_puts(out, ", \"artefact\": ");
        base_buf_put_json(out, record->result.artefact);
    }
    base_buf_puts(out, ", \"config\": ");
    hpo_space_print_json(p->spec->space, trial.config, out);
    base_buf_puts(out, "}\n");
    fputs(base_buf_text(out), stdout);
    fflush(stdout);
}

/* A failure is worth a line of its own, but not a thousand lines a second. */
static void print_failure(cli_progress *p, const hpo_record *record, double at) {
    if (record->kind != HPO_RECORD_RESULT || record->result.failure == HPO_FAILURE_NONE) return;
    if (at - p->last_failure < FAILURE_GAP) {
        p->unsaid++;
        return;
    }
    const char *reason = record->result.reason;
    p->last_failure = at;
    base_buf_clear(&p->line);
    base_buf_printf(&p->line, "trial %llu failed: ", (unsigned long long)record->trial);
    cli_put_plain(&p->line, reason[0] ? reason : hpo_failure_text(record->result.failure));
    if (p->unsaid > 0) base_buf_printf(&p->line, " (and %llu others before)", (unsigned long long)p->unsaid);
    p->unsaid = 0;
    print_line(p);
}

/* The incumbent, or the newest member of the front. */
static bool find_newest(const cli_progress *p, hpo_view view, hpo_incumbent *best) {
    if (p->spec->n_goals == 1) return hpo_view_incumbent(view, best);
    size_t entries;
    const hpo_front_entry *log = hpo_view_front_log(view, &entries);
    if (entries == 0) return false;
    const uint64_t trial = log[entries - 1].trial;
    *best = (hpo_incumbent){.trial = trial, .eval = &hpo_view_trial(view, trial).evals[log[entries - 1].eval]};
    return true;
}

static bool find_new_best(cli_progress *p, const hpo_progress *now, hpo_incumbent *best) {
    if (!find_newest(p, hpo_study_view(now->study), best)) return false;
    if (best->trial == p->best_trial && best->eval->event == p->best_event) return false;
    p->best_trial = best->trial;
    p->best_event = best->eval->event;
    if (p->n_improvements == MOST_IMPROVEMENTS)
        memmove(p->improvements, p->improvements + 1, --p->n_improvements * sizeof *p->improvements);
    p->improvements[p->n_improvements++] =
        p->spec->n_goals > 1 ? hpo_view_hypervolume(hpo_study_view(now->study)) : best->eval->value;
    return true;
}

static void update(void *self, const hpo_progress *now, const hpo_record *finished) {
    cli_progress *p = self;
    p->last = *now;
    if (p->display == HPO_DISPLAY_JSON && finished) print_json(p, now, finished);
    if (p->display == HPO_DISPLAY_QUIET || p->display == HPO_DISPLAY_JSON) return;
    double at = base_monotonic();
    if (finished) print_failure(p, finished, at);
    if (finished && !p->live) return;
    if (p->live && at - p->last_draw < REDRAW) return;
    size_t ignored;
    (void)cli_pace_follow(p->pace, now, &ignored);
    hpo_incumbent best; /* looked at a few times a second only: a flood of better values gives one line */
    const bool is_new = find_new_best(p, now, &best);
    if (p->live) {
        p->last_draw = at;
        draw(p, now);
        return;
    }
    if (is_new) print_best(p, now, &best);
    if (at - p->last_draw < p->gap) return;
    p->last_draw = at;
    p->gap = p->gap * 2 < LONGEST_GAP ? p->gap * 2 : LONGEST_GAP;
    base_buf_clear(&p->line);
    put_status(p, now, &p->line);
    print_line(p);
}

hpo_observer cli_progress_observer(cli_progress *p) {
    if (p->live) base_log_before(wipe, p);
    return (hpo_observer){.update = update, .self = p, .tells = p->display == HPO_DISPLAY_JSON};
}
