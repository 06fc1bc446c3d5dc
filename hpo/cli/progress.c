/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live display: one line that is redrawn on a terminal, plain lines elsewhere, JSON lines for programs.
 *
 * On a terminal the line is redrawn at most five times a second. Elsewhere (a batch system's log) a line is printed for
 * every new best value and for failures, and a status line after 2, 4, 8, ... 60 seconds and then every minute, so that
 * a log of a month stays readable. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "hpo/cli/cli_impl.h"

static const double REDRAW = 0.2, LONGEST_GAP = 60, FAILURE_GAP = 1;

struct cli_progress {
    const hpo_study_spec *spec;
    hpo_display display;
    bool live;        /* a terminal: redraw one line */
    bool drawn;       /* a live line is on the screen */
    double last_draw; /* seconds, monotonic */
    double gap, last_failure;
    uint64_t unsaid; /* failures since then that got no line */
    uint64_t best_trial, best_event;
    double best_value; /* NaN before */
    hpo_progress last;
    base_buf line;
};

cli_progress *cli_progress_create(const hpo_study_spec *spec, hpo_display display, double elapsed_before) {
    cli_progress *p = base_calloc(1, sizeof *p);
    p->spec = spec;
    p->display = display;
    p->last.elapsed = elapsed_before;
    p->live = display == HPO_DISPLAY_PROGRESS ||
              (display == HPO_DISPLAY_AUTO && (getenv("HPO_TERMINAL") || isatty(STDERR_FILENO)));
    p->gap = 2;
    p->last_draw = base_monotonic();
    p->best_trial = UINT64_MAX;
    p->best_value = NAN;
    return p;
}

void cli_progress_destroy(cli_progress *p) {
    if (!p) return;
    base_log_before(NULL, NULL);
    base_buf_fini(&p->line);
    free(p);
}

const hpo_progress *cli_progress_last(const cli_progress *p) {
    return &p->last;
}

void cli_progress_clear(cli_progress *p) {
    if (!p->drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->drawn = false;
}

void cli_progress_end(cli_progress *p) {
    const bool drawn = p->drawn;
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

/* Time left until the limit that will be reached first; false when none tells, or it is reached. Not exact: from the
 * pace so far. */
static bool time_left(const cli_progress *p, const hpo_progress *now, double *left, bool *exact) {
    const hpo_budget *budget = &p->spec->budget;
    hpo_view view = hpo_study_view(now->study);
    const double spent = now->elapsed, trials = (double)hpo_view_trials(view), cost = hpo_view_cost(view);
    double wall = INFINITY, pace = INFINITY;
    if (budget->time > 0) wall = budget->time - spent;
    if (budget->trials > 0 && trials > 0) pace = spent * ((double)budget->trials - trials) / trials;
    if (budget->cost > 0 && cost > 0) pace = fmin(pace, spent * (budget->cost - cost) / cost);
    *exact = wall <= pace;
    *left = fmax(fmin(wall, pace), 0);
    return isfinite(*left) && *left > 0;
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

/* How a run stands, in one line; the briefer, the less there is about it: 0 everything, 1 without the metric's name, 2
 * without the cost, 3 counts and best value only. */
enum { BRIEFEST = 3 };
static void put_status(const cli_progress *p, const hpo_progress *now, int brevity, base_buf *out) {
    hpo_view view = hpo_study_view(now->study);
    put_counts(now, out);
    hpo_incumbent best;
    if (hpo_view_incumbent(view, &best)) {
        base_buf_printf(out, "; best %s%s", brevity < 1 ? p->spec->metric : "", brevity < 1 ? " " : "");
        put_short(out, best.eval->value);
    } else if (now->latest.there) { /* one long training: that it gets on */
        base_buf_printf(out, "; trial %llu: %s%s", (unsigned long long)now->latest.trial,
                        brevity < 1 ? p->spec->metric : "", brevity < 1 ? " " : "");
        put_short(out, now->latest.value);
        if (p->spec->fidelity.name) {
            base_buf_printf(out, " at %s ", p->spec->fidelity.name);
            put_short(out, now->latest.step);
        }
    }
    if (brevity < 2 && (p->spec->fidelity.name || p->spec->budget.cost > 0)) {
        base_buf_puts(out, "; cost ");
        put_short(out, hpo_view_cost(view));
    }
    double left;
    bool exact;
    if (now->draining) {
        base_buf_puts(out, "; stopping");
    } else if (brevity < 3 && has_result(view) && time_left(p, now, &left, &exact)) {
        base_buf_puts(out, exact ? "; " : "; about ");
        put_duration(out, left);
        base_buf_puts(out, " left");
    }
    if (now->workers_lost > 0) base_buf_printf(out, "; %zu lost", now->workers_lost);
}

/* Of the terminal now: windows are made wider and narrower. */
static size_t columns(void) {
    struct winsize window;
    const char *below = getenv("HPO_TERMINAL"); /* set by -j: the parent's terminal was as wide as this */
    int width = 0;
    if (below)
        width = atoi(below);
    else if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0)
        width = window.ws_col;
    return width > 1 ? (size_t)width : 80;
}

static void draw(cli_progress *p, const hpo_progress *now) {
    const size_t room = columns() - 1;
    for (int brevity = 0; brevity <= BRIEFEST; brevity++) {
        base_buf_clear(&p->line);
        put_status(p, now, brevity, &p->line);
        if (p->line.length <= room) break;
    }
    size_t length = p->line.length < room ? p->line.length : room;
    fprintf(stderr, "\r%.*s\033[K", (int)length, base_buf_text(&p->line));
    fflush(stderr);
    p->drawn = true;
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
    const bool worse = p->spec->maximize ? value < p->best_value : value > p->best_value;
    p->best_value = value;
    base_buf_clear(&p->line);
    put_duration(&p->line, now->elapsed);
    base_buf_printf(&p->line, ": %s %s ", worse ? "first" : "best", p->spec->metric);
    put_short(&p->line, value);
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
        base_buf_puts(out, ", ");
        base_buf_put_json(out, p->spec->metric);
        base_buf_puts(out, ": ");
        base_buf_put_json_number(out, record->value);
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

static void update(void *self, const hpo_progress *now, const hpo_record *finished) {
    cli_progress *p = self;
    p->last = *now;
    if (p->display == HPO_DISPLAY_JSON && finished) print_json(p, now, finished);
    if (p->display == HPO_DISPLAY_QUIET || p->display == HPO_DISPLAY_JSON) return;
    double at = base_monotonic();
    if (finished) print_failure(p, finished, at);
    if (p->live) {
        if (at - p->last_draw < REDRAW) return;
        p->last_draw = at;
        draw(p, now);
        return;
    }
    if (finished) return;
    hpo_incumbent best; /* looked at ten times a second only: a flood of better values gives one line */
    if (hpo_view_incumbent(hpo_study_view(now->study), &best) &&
        (best.trial != p->best_trial || best.eval->event != p->best_event)) {
        p->best_trial = best.trial;
        p->best_event = best.eval->event;
        print_best(p, now, &best);
    }
    if (at - p->last_draw < p->gap) return;
    p->last_draw = at;
    p->gap = p->gap * 2 < LONGEST_GAP ? p->gap * 2 : LONGEST_GAP;
    base_buf_clear(&p->line);
    put_status(p, now, 0, &p->line);
    print_line(p);
}

hpo_observer cli_progress_observer(cli_progress *p) {
    if (p->live) base_log_before(wipe, p);
    return (hpo_observer){.update = update, .self = p};
}
