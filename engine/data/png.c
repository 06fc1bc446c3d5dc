/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders of PNG images, one folder per class: the one door to libpng.
 *
 * path/CLASS/NAME.png, or path/train/CLASS/NAME.png with the official test part in path/test/CLASS/NAME.png. Folders
 * and files are taken in the order of their bytes, so a set is the same on every machine. All images have one size;
 * they are grey when every one of them is, else colour. Depths are brought to 8 bits and transparency is put on black.
 * Sizes are read first and decoded second: the pixels are never in memory twice. */
#include <dirent.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "engine/data/dataset.h"
#include "engine/data/samples.h"

typedef struct names {
    char **items;
    size_t count, capacity;
} names;

typedef struct picture {
    const char *path; /* in the arena */
    int32_t label;
} picture;

typedef struct gathering {
    base_arena *arena;
    names classes;
    picture *pictures;
    size_t count, capacity, test_count;
    png_uint_32 height, width;
    bool colour;
} gathering;

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_fini(names *list) {
    for (size_t i = 0; i < list->count; i++) free(list->items[i]);
    free(list->items);
    *list = (names){0};
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_png(const char *name) {
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".png") == 0;
}

/* The folders in `path`, or its PNG files, sorted; what begins with a dot is no part of a set. */
static base_status list(const char *path, bool folders, names *out, base_err *err) {
    DIR *dir = opendir(path);
    base_buf full = {0};
    *out = (names){0};
    if (dir == NULL) return BASE_FAIL(err, BASE_NOTFOUND, "there is no folder %s", path);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        base_buf_clear(&full);
        base_buf_printf(&full, "%s/%s", path, entry->d_name);
        if (folders ? !is_folder(full.data) : !is_png(entry->d_name)) continue;
        BASE_GROW(out->items, out->capacity, out->count + 1);
        out->items[out->count++] = base_strdup(entry->d_name);
    }
    closedir(dir);
    base_buf_fini(&full);
    if (out->count > 0) qsort(out->items, out->count, sizeof *out->items, by_bytes);
    return BASE_OK;
}

/* Whether a file can hold so many pixels. One bit each, DEFLATE makes 8,256 out of a byte, but no image of a data set
 * is that blank; a small one may be. What the header of a damaged file says is allocated before its pixels are seen. */
static bool is_plausible(const char *path, const png_image *image) {
    const uint64_t least = UINT64_C(1) << 24, times = 1032;
    struct stat info;
    if (stat(path, &info) != 0) return false;
    const uint64_t pixels = (uint64_t)image->height * image->width;
    return pixels <= least || pixels / times <= (uint64_t)info.st_size;
}

/* Size and colour of one image, from its header. */
static base_status look(gathering *g, const char *path, base_err *err) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        return BASE_FAIL(err, BASE_CORRUPT, "%s cannot be read as PNG: %s", path, image.message);
    if (!is_plausible(path, &image)) {
        const unsigned height = image.height, width = image.width;
        png_image_free(&image);
        return BASE_FAIL(err, BASE_CORRUPT,
                         "%s says that it is %u x %u (height x width), which so small a file cannot hold", path, height,
                         width);
    }
    g->colour = g->colour || (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
    bool first = g->count == 0;
    if (first) {
        g->height = image.height;
        g->width = image.width;
    }
    bool same = image.height == g->height && image.width == g->width;
    base_status status =
        same ? BASE_OK
             : BASE_FAIL(err, BASE_INVALID,
                         "%s is %u x %u (height x width), but %s is %u x %u; all images must have one size", path,
                         (unsigned)image.height, (unsigned)image.width, g->pictures[0].path, (unsigned)g->height,
                         (unsigned)g->width);
    png_image_free(&image);
    return status;
}

static base_status add_class(gathering *g, const char *folder, int32_t label, base_err *err) {
    names files;
    BASE_TRY(list(folder, false, &files, err));
    base_status status = BASE_OK;
    for (size_t i = 0; i < files.count && status == BASE_OK; i++) {
        const char *path = base_arena_printf(g->arena, "%s/%s", folder, files.items[i]);
        status = look(g, path, err);
        BASE_GROW(g->pictures, g->capacity, g->count + 1);
        g->pictures[g->count++] = (picture){path, label};
    }
    names_fini(&files);
    return status;
}

/* Every class of `folder`; a class of the test part must be one of the training part's. */
static base_status add_part(gathering *g, const char *folder, bool test, base_err *err) {
    names classes;
    BASE_TRY(list(folder, true, &classes, err));
    base_status status = BASE_OK;
    for (size_t c = 0, at = 0; c < classes.count && status == BASE_OK; c++, at++) {
        const char *path = base_arena_printf(g->arena, "%s/%s", folder, classes.items[c]);
        while (test && at < g->classes.count && strcmp(g->classes.items[at], classes.items[c]) != 0) at++;
        status = test && at == g->classes.count
                     ? BASE_FAIL(err, BASE_INVALID, "%s is a class to test, but not to train", path)
                     : add_class(g, path, (int32_t)at, err);
    }
    if (test)
        names_fini(&classes);
    else
        g->classes = classes;
    return status;
}

static base_status gather(gathering *g, const char *path, base_err *err) {
    const char *train = base_arena_printf(g->arena, "%s/train", path);
    const char *test = base_arena_printf(g->arena, "%s/test", path);
    const bool parted = is_folder(train);
    BASE_TRY(add_part(g, parted ? train : path, false, err));
    const size_t trained = g->count;
    if (parted && is_folder(test)) BASE_TRY(add_part(g, test, true, err));
    g->test_count = g->count - trained;
    if (g->classes.count >= 2 && trained > 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID,
                     "%s holds %zu folders with %zu PNG images; one folder per class is needed, at least two", path,
                     g->classes.count, trained);
}

static base_status decode(const picture *p, bool colour, uint8_t *out, base_err *err) {
    static const png_color black = {0, 0, 0};
    png_image image = {.version = PNG_IMAGE_VERSION};
    bool read = png_image_begin_read_from_file(&image, p->path) != 0;
    image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    if (read && png_image_finish_read(&image, &black, out, 0, NULL)) return BASE_OK;
    base_status status = BASE_FAIL(err, BASE_CORRUPT, "%s cannot be read as PNG: %s", p->path, image.message);
    png_image_free(&image);
    return status;
}

static base_status decode_all(const gathering *g, eng_dataset **out, base_err *err) {
    const size_t shape[] = {g->height, g->width, g->colour ? 3 : 1};
    BASE_TRY(eng_dataset_create("png", ENG_TARGET_CLASSES, ENG_STORE_BYTES, g->count, 3, shape, out, err));
    for (size_t i = 0; i < g->count; i++) {
        BASE_TRY(decode(&g->pictures[i], g->colour, (*out)->bytes + i * (*out)->features, err));
        (*out)->labels[i] = g->pictures[i].label;
    }
    (*out)->test_count = g->test_count;
    eng_dataset_name_classes(*out, (const char *const *)g->classes.items, g->classes.count);
    return BASE_OK;
}

/* ---- without classes ---- */

/* The images of `path` itself, then those of its folders. */
static base_status gather_all(gathering *g, const char *path, base_err *err) {
    BASE_TRY(add_class(g, path, 0, err));
    BASE_TRY(list(path, true, &g->classes, err));
    for (size_t i = 0; i < g->classes.count; i++)
        BASE_TRY(add_class(g, base_arena_printf(g->arena, "%s/%s", path, g->classes.items[i]), 0, err));
    if (g->count > 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s holds no PNG image, nor does a folder in it", path);
}

/* Grey images are colour images, too, but not the other way round. */
static base_status decode_samples(const gathering *g, const char *path, const eng_samples_wanted *wanted,
                                  eng_dataset **out, const char ***ids, base_err *err) {
    const bool colour = wanted->shape.ndim == 3 && wanted->shape.dim[2] == 3;
    const eng_shape shape = eng_shape_3d(g->height, g->width, colour || g->colour ? 3 : 1);
    if (!eng_shape_equal(&shape, &wanted->shape)) return eng_samples_differ(path, &shape, wanted, err);
    BASE_TRY(eng_dataset_create(path, ENG_TARGET_NUMBERS, ENG_STORE_BYTES, g->count, 3, shape.dim, out, err));
    *ids = BASE_NEW_ARRAY((*out)->arena, g->count, const char *);
    for (size_t i = 0; i < g->count; i++) {
        BASE_TRY(decode(&g->pictures[i], colour, (*out)->bytes + i * (*out)->features, err));
        (*ids)[i] = base_arena_strdup((*out)->arena, g->pictures[i].path + strlen(path) + 1);
    }
    return BASE_OK;
}

base_status eng_png_samples(const char *folder, const eng_samples_wanted *wanted, eng_dataset **out, const char ***ids,
                            base_err *err) {
    gathering g = {.arena = base_arena_create()};
    *out = NULL;
    base_status status = gather_all(&g, folder, err);
    if (status == BASE_OK) status = decode_samples(&g, folder, wanted, out, ids, err);
    if (status != BASE_OK) {
        eng_dataset_destroy(*out);
        *out = NULL;
    }
    names_fini(&g.classes);
    free(g.pictures);
    base_arena_destroy(g.arena);
    return status;
}

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    gathering g = {.arena = base_arena_create()};
    *out = NULL;
    base_status status = gather(&g, source->path, err);
    if (status == BASE_OK) status = decode_all(&g, out, err);
    if (status != BASE_OK) {
        eng_dataset_destroy(*out);
        *out = NULL;
    }
    names_fini(&g.classes);
    free(g.pictures);
    base_arena_destroy(g.arena);
    return status;
}

const eng_dataset_type eng_dataset_png = {
    .name = "png",
    .summary = "PNG images, a folder for each class: path is the folder of those, or of train and test",
    .needs_path = true,
    .load = load,
};
