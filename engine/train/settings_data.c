/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is trained on: the data set, its split, and what a batch sees of it. */
#include "engine/train/settings.h"

#include "engine/data/registry.h"

#define ROOM eng_data_settings
#include "engine/train/option_lines.h"

static const char *const target_kinds[] = {"auto", "classes", "numbers", NULL};
static const char *const normalize_names[] = {"none", "scale01", "standard", NULL};

const base_option eng_data_options[] = {
    {TEXT(dataset), .fallback = BASE_REQUIRED, .help = "name of a data set (see --list)"},
    {TEXT(path), .fallback = "",
     .help = "file or folder of the data set, relative to the study file; default: its own place"},
    {TEXT(target), .fallback = "", .help = "tables: column to predict; default: the last one"},
    {CHOICE(target_is, target_kinds), .fallback = "auto",
     .help = "tables: auto means numbers when a target has a fraction or more than 100 integers occur"},
    {REAL(test_fraction), .fallback = "0.2", .min = 0, .max = 1, .open_min = true, .open_max = true,
     .help = "share of the samples to test with, where the data set brings no test part"},
    {REAL(valid_fraction), .fallback = "0.1", .min = 0, .max = 1, .open_min = true, .open_max = true,
     .help = "share of the other samples to validate with"},
    {WHOLE(folds), .fallback = "0", .min = 0, .max = 1000,
     .help = "cross-validation with so many folds in place of valid_fraction; 0 = off"},
    {WHOLE(fold), .fallback = "0", .min = 0, .max = 1000,
     .help = "validate with this fold only, 1 to folds; 0 = with each in turn"},
    {REAL(fraction), .fallback = "1", .min = 0, .max = 1, .open_min = true,
     .help = "share of the training samples that is used; smaller ones lie inside larger ones"},
    {CHOICE(normalize, normalize_names), .fallback = "standard", .formerly = "normalise",
     .help = "fitted on the training part, per channel of images, per column of tables"},
    {WHOLE(crop), .fallback = "0", .min = 0, .max = 1000,
     .help = "images: pixels that a training image is shifted by at most, in each direction; 0 = off"},
    {FLAG(flip), .fallback = "false", .help = "images: every second training image is mirrored"},
    {WHOLE(cutout), .fallback = "0", .min = 0, .max = 1000,
     .help = "images: side of a square of a training image that is blanked; 0 = off"},
    {WHOLE(split_seed), .fallback = "0", .min = 0, NO_LIMIT, .help = "seed of the splits, the same for every trial"},
    BASE_OPTIONS_END,
};

static base_status check(const base_yaml_node *settings, const eng_data_settings *d, base_err *err) {
    const eng_dataset_type *type;
    base_err why = {0};
    if (eng_dataset_type_find(d->dataset, &type, &why) != BASE_OK)
        return base_yaml_fail(base_yaml_get(settings, "dataset"), err, "%s", why.text);
    if (type->needs_path && !d->path)
        return base_yaml_fail(base_yaml_get(settings, "dataset"), err, "dataset %s needs a path (%s)", d->dataset,
                              type->summary);
    if (d->folds == 1)
        return base_yaml_fail(base_yaml_get(settings, "folds"), err, "folds is 1; it must be 0 (off) or at least 2");
    if (d->fold > d->folds)
        return base_yaml_fail(base_yaml_get(settings, "fold"), err,
                              "fold is %lld, but folds is %lld; 1 to folds or 0 are possible", (long long)d->fold,
                              (long long)d->folds);
    return BASE_OK;
}

base_status eng_data_read(const base_yaml_node *settings, base_arena *arena, eng_data_settings *out, base_err *err) {
    *out = (eng_data_settings){0};
    BASE_TRY(base_options_fill(eng_data_options, settings, out, arena, err));
    return check(settings, out, err);
}

base_status eng_data_load(const eng_data_settings *data, const char *base_dir, eng_dataset **out, base_err *err) {
    base_buf path = {0};
    if (data->path && data->path[0] != '/' && base_dir) base_buf_printf(&path, "%s/", base_dir);
    if (data->path) base_buf_puts(&path, data->path);
    const eng_dataset_source source = {
        .path = data->path ? path.data : NULL,
        .target = data->target,
        .target_is = (eng_target_hint)data->target_is,
    };
    base_status status = eng_dataset_load(data->dataset, &source, out, err);
    base_buf_fini(&path);
    return status;
}

base_status eng_data_check(const eng_data_settings *data, const eng_dataset *set, base_err *err) {
    const eng_augment augment = eng_data_augment(data);
    if (!eng_augment_is_on(&augment) || set->rank == 3) return BASE_OK;
    const char *name = augment.crop > 0 ? "crop" : augment.flip ? "flip" : "cutout";
    return BASE_FAIL(err, BASE_INVALID, "%s needs images, but %s is a table", name, set->name);
}

eng_augment eng_data_augment(const eng_data_settings *data) {
    return (eng_augment){.crop = (size_t)data->crop, .flip = data->flip, .cutout = (size_t)data->cutout};
}

eng_view_settings eng_data_view(const eng_data_settings *data) {
    return (eng_view_settings){
        .split =
            {
                .seed = (uint64_t)data->split_seed,
                .test_fraction = data->test_fraction,
                .valid_fraction = data->valid_fraction,
                .folds = (size_t)data->folds,
                .fold = data->fold > 0 ? (size_t)data->fold - 1 : 0,
                .fraction = data->fraction,
            },
        .normalize = (eng_normalize)data->normalize,
    };
}
