/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the terminal can show. Below -j it is the parent's, which the ranks only know by their environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hpo/cli/cli_impl.h"

/* The character set of the locale, as setlocale(3) would find it: nothing else of a locale is wanted. */
static bool has_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

static bool is_dumb(void) {
    const char *term = getenv("TERM");
    return term && strcmp(term, "dumb") == 0;
}

/* "80x24", or "80". */
static void read_size(const char *text, cli_terminal *out) {
    int columns = 0, rows = 0;
    const int found = sscanf(text, "%dx%d", &columns, &rows);
    if (found > 0 && columns > 1) out->columns = (size_t)columns;
    if (found > 1 && rows > 1) out->rows = (size_t)rows;
}

static bool ask_size(cli_terminal *out) {
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0) return false;
    if (window.ws_col > 1) out->columns = window.ws_col;
    if (window.ws_row > 1) out->rows = window.ws_row;
    return window.ws_col > 0;
}

cli_terminal cli_terminal_now(void) {
    const char *above = getenv(CLI_TERMINAL);
    cli_terminal out = {.columns = 80, .rows = 24, .utf8 = has_utf8(), .colour = !is_set("NO_COLOR")};
    if (above)
        read_size(above, &out);
    else
        ask_size(&out);
    out.live = (above || isatty(STDERR_FILENO)) && !is_dumb();
    return out;
}

void cli_terminal_tell_ranks(void) {
    cli_terminal terminal = {.columns = 80, .rows = 24};
    char size[32];
    if (!isatty(STDERR_FILENO) || !ask_size(&terminal)) return;
    snprintf(size, sizeof size, "%zux%zu", terminal.columns, terminal.rows);
    setenv(CLI_TERMINAL, size, 1);
}
