/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows runs: reads their journals, which may still be written, and needs nothing of what made them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/cli/cli.h"
#include "hpo/report/formats.h"
#include "hpo/report/page.h"

static const char usage[] = "usage: hpo_report [options] DIR...\n"
                            "\n"
                            "Tells what a run in DIR found, what it cost and what went wrong. The run may go on.\n"
                            "\n"
                            "  --format F     text (default): for people, 80 columns; md: the same as Markdown;\n"
                            "                 csv: a row per trial; json: everything;\n"
                            "                 html: one page, by itself in DIR/report.html;\n"
                            "                 svg: its figures, by themselves in DIR/figures;\n"
                            "                 deepcave: a run that DeepCAVE opens, by itself in DIR/deepcave\n"
                            "  --out FILE     default: the standard output; of svg and deepcave a folder\n"
                            "  --watch        writes again every ten seconds until no run goes on\n"
                            "  --anonymous    without machine, paths, command and reasons of failures, which\n"
                            "                 may hold any of these\n";

typedef struct format {
    const char *name;
    void (*put)(const hpo_account *const *accounts, size_t count, base_buf *out);
    bool many; /* several runs can follow each other */
    /* Instead of put: a file each, by themselves in this folder of the first run. */
    base_status (*put_files)(const hpo_account *const *accounts, size_t count, hpo_file_taker *take, void *self,
                             base_err *err);
    const char *folder;
} format;

static void put_texts(const hpo_account *const *accounts, size_t count, base_buf *out) {
    for (size_t i = 0; i < count; i++) hpo_report_text(accounts[i], out);
}
static void put_markdown(const hpo_account *const *accounts, size_t count, base_buf *out) {
    for (size_t i = 0; i < count; i++) hpo_report_markdown(accounts[i], out);
}
static void put_csv(const hpo_account *const *accounts, size_t count, base_buf *out) {
    (void)count;
    hpo_report_csv(accounts[0], out);
}
static void put_json(const hpo_account *const *accounts, size_t count, base_buf *out) {
    (void)count;
    hpo_report_json(accounts[0], out);
}
static base_status put_figures(const hpo_account *const *accounts, size_t count, hpo_file_taker *take, void *self,
                               base_err *err) {
    (void)err;
    hpo_report_svg(accounts, count, take, self);
    return BASE_OK;
}
static base_status put_deepcave(const hpo_account *const *accounts, size_t count, hpo_file_taker *take, void *self,
                                base_err *err) {
    (void)count;
    return hpo_report_deepcave(accounts[0], take, self, err);
}

static const format formats[] = {
    {.name = "text", .put = put_texts, .many = true},
    {.name = "md", .put = put_markdown, .many = true},
    {.name = "html", .put = hpo_report_page, .many = true},
    {.name = "csv", .put = put_csv},
    {.name = "json", .put = put_json},
    {.name = "svg", .many = true, .put_files = put_figures, .folder = "figures"},
    {.name = "deepcave", .put_files = put_deepcave, .folder = "deepcave"},
};
enum { FORMATS = sizeof formats / sizeof *formats };
enum { PERIOD = 10 }; /* seconds between two looks of --watch */

typedef struct arguments {
    const format *format;
    const char *out;
    bool is_anonymous, wants_help, watches;
    const char **dirs;
    size_t n_dirs;
} arguments;

static const format *format_of(const char *name) {
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

static base_status read_arguments(int argc, char **argv, arguments *a, base_err *err) {
    a->format = &formats[0];
    for (int i = 1; i < argc; i++) {
        const bool takes = strcmp(argv[i], "--format") == 0 || strcmp(argv[i], "--out") == 0;
        if (takes && i + 1 == argc) return BASE_FAIL(err, BASE_INVALID, "%s needs a value", argv[i]);
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            a->wants_help = true;
        } else if (strcmp(argv[i], "--anonymous") == 0) {
            a->is_anonymous = true;
        } else if (strcmp(argv[i], "--watch") == 0) {
            a->watches = true;
        } else if (strcmp(argv[i], "--out") == 0) {
            a->out = argv[++i];
        } else if (strcmp(argv[i], "--format") == 0) {
            a->format = format_of(argv[++i]);
            if (!a->format)
                return BASE_FAIL(err, BASE_INVALID, "--format is text, md, html, csv, json, svg or deepcave, not %s",
                                 argv[i]);
        } else if (argv[i][0] == '-') {
            return BASE_FAIL(err, BASE_INVALID, "unknown option %s; see hpo_report --help", argv[i]);
        } else {
            a->dirs[a->n_dirs++] = argv[i];
        }
    }
    if (a->wants_help) return BASE_OK;
    if (a->n_dirs == 0) return BASE_FAIL(err, BASE_INVALID, "which run? See hpo_report --help");
    if (a->n_dirs > 1 && !a->format->many)
        return BASE_FAIL(err, BASE_INVALID, "--format %s shows one run at a time", a->format->name);
    return BASE_OK;
}

/* A page is for a browser, not for a terminal. */
static const char *file_of(const arguments *a, base_buf *path) {
    if (a->out || a->format->put != hpo_report_page) return a->out;
    base_buf_printf(path, "%s/report.html", a->dirs[0]);
    return base_buf_text(path);
}

static base_status write_out(const arguments *a, const base_buf *text, base_err *err) {
    base_buf path = {0};
    const char *file = file_of(a, &path);
    base_status status = BASE_OK;
    if (file) {
        status = base_write_file(file, base_buf_text(text), text->length, err);
        if (status == BASE_OK && !a->out) printf("%s\n", file);
    } else if (fwrite(base_buf_text(text), 1, text->length, stdout) != text->length || fflush(stdout) != 0) {
        status = BASE_FAIL(err, BASE_IO, "the standard output cannot be written");
    }
    base_buf_fini(&path);
    return status;
}

typedef struct writer {
    const char *folder;
    base_status status;
    base_err *err;
} writer;

static void write_one(void *self, const char *name, const base_buf *text) {
    writer *f = self;
    base_buf path = {0};
    base_buf_printf(&path, "%s/%s", f->folder, name);
    if (f->status == BASE_OK)
        f->status = base_write_file(base_buf_text(&path), base_buf_text(text), text->length, f->err);
    if (f->status == BASE_OK) printf("%s\n", base_buf_text(&path));
    base_buf_fini(&path);
}

static base_status write_files(const arguments *a, const hpo_account *const *accounts, base_err *err) {
    base_buf folder = {0};
    if (a->out)
        base_buf_puts(&folder, a->out);
    else
        base_buf_printf(&folder, "%s/%s", a->dirs[0], a->format->folder);
    writer f = {.folder = base_buf_text(&folder), .err = err};
    f.status = base_make_folder(f.folder, err);
    base_status status = f.status;
    if (status == BASE_OK) status = a->format->put_files(accounts, a->n_dirs, write_one, &f, err);
    base_buf_fini(&folder);
    return status == BASE_OK ? f.status : status;
}

static bool goes_on(const hpo_account *account) {
    return account->state && (strcmp(account->state, "running") == 0 || strcmp(account->state, "stopping") == 0);
}

/* running: whether any run goes on. */
static base_status show(const arguments *a, bool *running, base_err *err) {
    hpo_account **accounts = base_calloc(a->n_dirs, sizeof *accounts);
    base_buf out = {0};
    base_status status = BASE_OK;
    for (size_t i = 0; i < a->n_dirs && status == BASE_OK; i++)
        status = hpo_account_read(a->dirs[i], a->is_anonymous, &accounts[i], err);
    *running = false;
    for (size_t i = 0; i < a->n_dirs && status == BASE_OK; i++) *running |= goes_on(accounts[i]);
    if (a->watches && *running) accounts[0]->reload = PERIOD;
    if (status == BASE_OK && a->format->put_files) {
        status = write_files(a, (const hpo_account *const *)accounts, err);
    } else if (status == BASE_OK) {
        a->format->put((const hpo_account *const *)accounts, a->n_dirs, &out);
        status = write_out(a, &out, err);
    }
    for (size_t i = 0; i < a->n_dirs; i++) hpo_account_destroy(accounts[i]);
    free(accounts);
    base_buf_fini(&out);
    return status;
}

static base_status follow(const arguments *a, base_err *err) {
    for (;;) {
        bool running;
        BASE_TRY(show(a, &running, err));
        if (!a->watches || !running) return BASE_OK;
        sleep(PERIOD);
    }
}

int main(int argc, char **argv) {
    arguments a = {.dirs = base_calloc((size_t)argc, sizeof *a.dirs)};
    base_err err = {0};
    base_status status = read_arguments(argc, argv, &a, &err);
    if (status == BASE_OK && a.wants_help)
        fputs(usage, stdout);
    else if (status == BASE_OK)
        status = follow(&a, &err);
    if (status != BASE_OK) fprintf(stderr, "hpo_report: %s\n", err.text);
    free(a.dirs);
    return status == BASE_OK ? HPO_EXIT_DONE : status == BASE_IO ? HPO_EXIT_STORAGE : HPO_EXIT_BAD_INPUT;
}
