/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The back door: what a run has found leaves through it, trained once more, as answers to questions, or written down
 * for other programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/predict/c_header.h"
#include "engine/predict/onnx_model.h"
#include "experiments/model_predict.h"
#include "experiments/model_retrain.h"
#include "hpo/cli/cli.h"

static const char usage[] = "usage: hpo_model retrain DIR [--trial N] [--fraction F] [--seeds K]\n"
                            "                 [--out FILE] [--study FILE] [--set KEY=VALUE]\n"
                            "       hpo_model predict MODEL DATA [--out FILE]\n"
                            "       hpo_model export MODEL FILE.h | FILE.onnx\n"
                            "\n"
                            "  retrain  the configuration of a run's best trial, or trial N, on training\n"
                            "           and validation data, as many epochs as the trial took, without\n"
                            "           early stopping; then its scores on the test data. DIR is the\n"
                            "           run's folder. A program of the objective command is run once, with\n"
                            "           trial N, at the highest fidelity\n"
                            "  predict  what a trained network says to new samples, as CSV. DATA is a\n"
                            "           CSV file, an IDX file of images, or a folder of PNG images\n"
                            "  export   the network for other programs. FILE.h: weights and a function in\n"
                            "           C99, named after the file, which anybody may use for any purpose.\n"
                            "           FILE.onnx: for onnxruntime and others, opset 17\n"
                            "\n"
                            "  MODEL is what retrain has written, or the checkpoint of a trial of the\n"
                            "  objective train, in its folder in the run's folder trials.\n"
                            "\n"
                            "  --out FILE       retrain: the MODEL; default: trial-N.model in DIR; of a\n"
                            "                   program: the folder of what it leaves; default:\n"
                            "                   retrain-N in DIR. predict: the answers; default:\n"
                            "                   standard output\n"
                            "  --trial N        another trial than the best\n"
                            "  --fraction F     the part of the training data that is used, at most 1: all of\n"
                            "                   it where the study searched with a part\n"
                            "  --seeds K        K trainings with other seeds, to see how much the scores\n"
                            "                   vary; the network of the first one, the trial's, is kept\n"
                            "  --study FILE     the study file, where it says where data are relative to it;\n"
                            "                   default: study.yaml in DIR\n"
                            "  --set KEY=VALUE  as the run was given it\n"
                            "\n"
                            "exit codes: 0 done, 2 bad input, 3 the training failed, 4 a damaged file or\n"
                            "a failing disk\n";

enum { BATCH = 64, MAX_FILES = 2, MAX_SEEDS = 1000 };

typedef struct request {
    const char *files[MAX_FILES];
    size_t n_files;
    const char *out, *study, *trial, *fraction, *seeds;
    const char **sets;
    size_t n_sets, capacity;
} request;

static int code_of(base_status status) {
    if (status == BASE_OK) return HPO_EXIT_DONE;
    if (status == BASE_NUMERIC) return HPO_EXIT_ALL_FAILED;
    return status == BASE_IO || status == BASE_CORRUPT ? HPO_EXIT_STORAGE : HPO_EXIT_BAD_INPUT;
}

/* Where the value of an option goes, or NULL when this verb does not have it. */
static const char **option_of(request *q, const char *verb, const char *name) {
    const struct {
        const char *name;
        const char **value;
        bool retrain_only;
    } options[] = {{"--out", &q->out, false},
                   {"--trial", &q->trial, true},
                   {"--fraction", &q->fraction, true},
                   {"--seeds", &q->seeds, true},
                   {"--study", &q->study, true}};
    const bool retrain = strcmp(verb, "retrain") == 0;
    if (strcmp(name, "--set") == 0 && retrain) {
        BASE_GROW(q->sets, q->capacity, q->n_sets + 1);
        return &q->sets[q->n_sets++];
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(name, options[i].name) == 0 && (retrain || !options[i].retrain_only)) return options[i].value;
    return NULL;
}

static base_status read_request(int argc, char **argv, request *q, base_err *err) {
    for (int i = 2; i < argc; i++) {
        const char *argument = argv[i];
        const char **value = argument[0] == '-' ? option_of(q, argv[1], argument) : NULL;
        if (value != NULL && i + 1 == argc) return BASE_FAIL(err, BASE_INVALID, "%s needs a value", argument);
        if (value != NULL)
            *value = argv[++i];
        else if (argument[0] == '-')
            return BASE_FAIL(err, BASE_INVALID, "%s has no option %s; see hpo_model --help", argv[1], argument);
        else if (q->n_files == MAX_FILES)
            return BASE_FAIL(err, BASE_INVALID, "%s takes no more than %d files, so what is %s?", argv[1], MAX_FILES,
                             argument);
        else
            q->files[q->n_files++] = argument;
    }
    return BASE_OK;
}

static base_status deliver(const request *q, const base_buf *text, base_err *err) {
    if (q->out != NULL) return base_write_file(q->out, text->data, text->length, err);
    if (fwrite(text->data, 1, text->length, stdout) == text->length && fflush(stdout) == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_IO, "standard output cannot be written");
}

static base_status predict(const request *q, base_err *err) {
    eng_predictor *predictor;
    base_buf text = {0};
    if (q->n_files < 2) return BASE_FAIL(err, BASE_INVALID, "predict needs MODEL and DATA; see hpo_model --help");
    BASE_TRY(eng_predictor_load(q->files[0], BATCH, &predictor, err));
    base_status status = model_predict(predictor, q->files[1], &text, err);
    if (status == BASE_OK) status = deliver(q, &text, err);
    base_buf_fini(&text);
    eng_predictor_destroy(predictor);
    return status;
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), n = strlen(end);
    return length > n && strcmp(text + length - n, end) == 0;
}

static base_status write_header(const eng_predictor *predictor, const char *path, base_buf *out, base_err *err) {
    base_buf prefix = {0};
    eng_c_header_prefix(path, &prefix);
    const base_status status = eng_c_header_write(predictor, prefix.data, out, err);
    base_buf_fini(&prefix);
    return status;
}

static base_status export(const request *q, base_err *err) {
    eng_predictor *predictor;
    base_buf text = {0};
    if (q->n_files < 2) return BASE_FAIL(err, BASE_INVALID, "export needs MODEL and FILE; see hpo_model --help");
    if (q->out != NULL) return BASE_FAIL(err, BASE_INVALID, "export writes its second file; it has no option --out");
    const char *path = q->files[1];
    const bool onnx = ends_with(path, ".onnx");
    if (!onnx && !ends_with(path, ".h"))
        return BASE_FAIL(err, BASE_INVALID, "%s: what should it be? A C header ends with .h, an ONNX model with .onnx",
                         path);
    BASE_TRY(eng_predictor_load(q->files[0], 1, &predictor, err));
    base_status status =
        onnx ? eng_onnx_write(predictor, HPO_VERSION, &text, err) : write_header(predictor, path, &text, err);
    if (status == BASE_OK) status = base_write_file(path, text.data, text.length, err);
    base_buf_fini(&text);
    eng_predictor_destroy(predictor);
    return status;
}

/* A whole number from least to most, or the preset where nothing was said. */
static base_status read_count(const char *option, const char *text, int64_t least, int64_t most, int64_t *out,
                              base_err *err) {
    if (text == NULL || (base_parse_i64(text, out) && *out >= least && *out <= most)) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s takes a whole number from %lld to %lld, not %s", option, (long long)least,
                     (long long)most, text);
}

static base_status read_share(const char *option, const char *text, double *out, base_err *err) {
    if (text == NULL || (base_parse_double(text, out) && *out > 0.0 && *out <= 1.0)) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s takes a number above 0 and at most 1, not %s", option, text);
}

static base_status retrain(const request *q, base_err *err) {
    int64_t trial = 0, seeds = 1;
    double fraction = 0.0;
    if (q->n_files != 1) return BASE_FAIL(err, BASE_INVALID, "retrain needs one DIR; see hpo_model --help");
    BASE_TRY(read_count("--trial", q->trial, 0, INT64_MAX, &trial, err));
    BASE_TRY(read_count("--seeds", q->seeds, 1, MAX_SEEDS, &seeds, err));
    BASE_TRY(read_share("--fraction", q->fraction, &fraction, err));
    const model_retrain_request what = {.dir = q->files[0],
                                        .study = q->study,
                                        .sets = q->sets,
                                        .n_sets = q->n_sets,
                                        .has_trial = q->trial != NULL,
                                        .trial = (uint64_t)trial,
                                        .fraction = fraction,
                                        .seeds = (size_t)seeds,
                                        .out = q->out};
    return model_retrain(&what, stdout, err);
}

typedef base_status verb_fn(const request *q, base_err *err);
static const struct {
    const char *name;
    verb_fn *run;
} verbs[] = {{"retrain", retrain}, {"predict", predict}, {"export", export}};

static verb_fn *find_verb(const char *name) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0) return verbs[i].run;
    return NULL;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "--help";
    verb_fn *run = find_verb(name);
    request q = {0};
    base_err err = {0};
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        fputs(usage, stdout);
        return HPO_EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        puts("hpo " HPO_VERSION);
        return HPO_EXIT_DONE;
    }
    base_status status = run != NULL
                             ? read_request(argc, argv, &q, &err)
                             : BASE_FAIL(&err, BASE_INVALID, "hpo_model does not %s; see hpo_model --help", name);
    if (status == BASE_OK) status = run(&q, &err);
    if (status != BASE_OK) fprintf(stderr, "%s\n", err.text);
    free(q.sets);
    return code_of(status);
}
