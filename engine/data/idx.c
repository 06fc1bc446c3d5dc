/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads IDX pairs of images and labels.
 *
 * The format (http://yann.lecun.com/exdb/mnist): two zero bytes, a type byte (8 = unsigned byte), the rank, one
 * big-endian 32-bit size per dimension, then the bytes with the last dimension fastest. Everything the header claims is
 * held against the file's length before a byte is used. */
#include "engine/data/idx.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gzfile.h"
#include "engine/data/samples.h"

enum { MAX_RANK = 4, TYPE_U8 = 8 };

typedef struct idx_file {
    base_buf raw; /* owns the bytes */
    size_t rank;
    size_t size[MAX_RANK];
    const uint8_t *data;
} idx_file;

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ranks: a bit per rank that would be right here. */
static base_status parse(const char *path, unsigned ranks, idx_file *file, base_err *err) {
    const uint8_t *bytes = (const uint8_t *)file->raw.data;
    size_t length = file->raw.length;
    if (length < 4 || bytes[0] || bytes[1])
        return BASE_FAIL(err, BASE_CORRUPT, "%s is not an IDX file: it does not begin with two zero bytes", path);
    if (bytes[2] != TYPE_U8)
        return BASE_FAIL(err, BASE_UNSUPPORTED, "%s: IDX type 0x%02x; only unsigned bytes (0x08) are read", path,
                         bytes[2]);
    file->rank = bytes[3];
    if (file->rank > MAX_RANK || !(ranks & 1u << file->rank))
        return BASE_FAIL(err, BASE_CORRUPT, "%s has %zu dimensions; %s", path, file->rank,
                         ranks & 2u ? "labels have 1" : "images have 3 (or 4, with channels)");
    size_t header = 4 + 4 * file->rank, cells = 1;
    if (length < header) return BASE_FAIL(err, BASE_CORRUPT, "%s ends inside its header", path);
    for (size_t d = 0; d < file->rank; d++) {
        file->size[d] = big_endian(bytes + 4 + 4 * d);
        if (__builtin_mul_overflow(cells, file->size[d], &cells)) cells = SIZE_MAX - header;
    }
    if (length - header != cells)
        return BASE_FAIL(err, BASE_CORRUPT, "%s holds %zu bytes after its header, but its sizes promise %zu", path,
                         length - header, cells);
    file->data = bytes + header;
    return BASE_OK;
}

/* Reads path or, when there is none, path.gz. */
static base_status read_idx(const char *path, unsigned ranks, idx_file *file, base_err *err) {
    base_buf name = {0};
    base_buf_puts(&name, path);
    if (access(path, F_OK) != 0) {
        base_buf_puts(&name, ".gz");
        if (access(name.data, F_OK) != 0) {
            base_buf_fini(&name);
            return BASE_FAIL(err, BASE_NOTFOUND, "there is no file %s, plain or with .gz", path);
        }
    }
    base_status status = base_gz_read(name.data, 0, &file->raw, err);
    if (status == BASE_OK) status = parse(name.data, ranks, file, err);
    base_buf_fini(&name);
    return status;
}

typedef struct idx_pair {
    idx_file images, labels;
    size_t count; /* 0 = absent */
} idx_pair;

static void pair_fini(idx_pair *pair) {
    base_buf_fini(&pair->images.raw);
    base_buf_fini(&pair->labels.raw);
}

static base_status read_pair(const char *images, const char *labels, idx_pair *pair, base_err *err) {
    BASE_TRY(read_idx(images, 1u << 3 | 1u << 4, &pair->images, err));
    BASE_TRY(read_idx(labels, 1u << 1, &pair->labels, err));
    pair->count = pair->images.size[0];
    if (pair->labels.size[0] != pair->count)
        return BASE_FAIL(err, BASE_CORRUPT, "%s holds %zu images but %s holds %zu labels", images, pair->count, labels,
                         pair->labels.size[0]);
    return BASE_OK;
}

/* Sample shape: height, width, channels (1 where the file has no fourth dimension). */
static void sample_shape(const idx_file *images, size_t shape[3]) {
    shape[0] = images->size[1];
    shape[1] = images->size[2];
    shape[2] = images->rank == 4 ? images->size[3] : 1;
}

static void copy_pair(const idx_pair *pair, eng_dataset *set, size_t at) {
    if (!pair->count) return;
    memcpy(set->bytes + at * set->features, pair->images.data, pair->count * set->features);
    for (size_t i = 0; i < pair->count; i++) set->labels[at + i] = pair->labels.data[i];
}

static base_status name_classes(eng_dataset *set, const char *const *names, size_t classes, base_err *err) {
    size_t largest = 0;
    for (size_t i = 0; i < set->count; i++)
        if ((size_t)set->labels[i] > largest) largest = (size_t)set->labels[i];
    if (names) {
        if (largest >= classes)
            return BASE_FAIL(err, BASE_CORRUPT, "data set %s holds label %zu but has only %zu classes (0 to %zu)",
                             set->name, largest, classes, classes - 1);
        eng_dataset_name_classes(set, names, classes);
        return BASE_OK;
    }
    set->classes = largest + 1;
    set->class_names = BASE_NEW_ARRAY(set->arena, set->classes, const char *);
    for (size_t c = 0; c < set->classes; c++) set->class_names[c] = base_arena_printf(set->arena, "%zu", c);
    return BASE_OK;
}

static base_status join(const char *name, const idx_pair *train, const idx_pair *test, eng_dataset **out,
                        base_err *err) {
    size_t shape[3], test_shape[3];
    sample_shape(&train->images, shape);
    if (test->count) {
        sample_shape(&test->images, test_shape);
        if (memcmp(shape, test_shape, sizeof shape) != 0)
            return BASE_FAIL(err, BASE_CORRUPT, "data set %s: images of %zu x %zu to train, of %zu x %zu to test", name,
                             shape[0], shape[1], test_shape[0], test_shape[1]);
    }
    BASE_TRY(
        eng_dataset_create(name, ENG_TARGET_CLASSES, ENG_STORE_BYTES, train->count + test->count, 3, shape, out, err));
    copy_pair(train, *out, 0);
    copy_pair(test, *out, train->count);
    (*out)->test_count = test->count;
    return BASE_OK;
}

static base_status read_folder(const char *folder, idx_pair *train, idx_pair *test, base_err *err) {
    static const char *const files[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte"};
    base_buf path[4] = {{0}};
    for (size_t i = 0; i < 4; i++) base_buf_printf(&path[i], "%s/%s", folder, files[i]);
    base_status status = read_pair(path[0].data, path[1].data, train, err);
    if (status == BASE_OK) {
        status = read_pair(path[2].data, path[3].data, test, err);
        bool absent = status == BASE_NOTFOUND && !test->images.raw.data;
        if (absent) status = BASE_OK;
    }
    for (size_t i = 0; i < 4; i++) base_buf_fini(&path[i]);
    return status;
}

static base_status read_file(const char *path, idx_pair *train, base_err *err) {
    const char *slash = strrchr(path, '/');
    const char *mark = strstr(slash ? slash : path, "images-idx3");
    if (!mark)
        return BASE_FAIL(err, BASE_INVALID,
                         "%s is neither a folder nor a file named like train-images-idx3-ubyte.gz, whose labels are in "
                         "train-labels-idx1-ubyte.gz",
                         path);
    base_buf labels = {0};
    base_buf_printf(&labels, "%.*slabels-idx1%s", (int)(mark - path), path, mark + strlen("images-idx3"));
    base_status status = read_pair(path, labels.data, train, err);
    base_buf_fini(&labels);
    return status;
}

base_status eng_idx_load(const char *name, const char *path, const char *const *class_names, size_t classes,
                         eng_dataset **out, base_err *err) {
    struct stat info;
    idx_pair train = {0}, test = {0};
    bool exists = stat(path, &info) == 0, folder = exists && S_ISDIR(info.st_mode);
    *out = NULL;
    if (!exists && !strstr(path, "images-idx3"))
        return BASE_FAIL(err, BASE_NOTFOUND, "there is no file or folder %s", path);
    base_status status = folder ? read_folder(path, &train, &test, err) : read_file(path, &train, err);
    if (status == BASE_OK) status = join(name, &train, &test, out, err);
    if (status == BASE_OK) status = name_classes(*out, class_names, classes, err);
    pair_fini(&train);
    pair_fini(&test);
    if (status != BASE_OK) {
        eng_dataset_destroy(*out);
        *out = NULL;
    }
    return status;
}

base_status eng_idx_samples(const char *path, const eng_samples_wanted *wanted, eng_dataset **out, base_err *err) {
    idx_file images = {0};
    eng_shape shape = {.ndim = 3};
    base_status status = read_idx(path, 1u << 3 | 1u << 4, &images, err);
    if (status == BASE_OK) {
        sample_shape(&images, shape.dim);
        if (!eng_shape_equal(&shape, &wanted->shape)) status = eng_samples_differ(path, &shape, wanted, err);
    }
    if (status == BASE_OK)
        status = eng_dataset_create(path, ENG_TARGET_NUMBERS, ENG_STORE_BYTES, images.size[0], 3, shape.dim, out, err);
    if (status == BASE_OK) memcpy((*out)->bytes, images.data, (*out)->count * (*out)->features);
    base_buf_fini(&images.raw);
    return status;
}

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    return eng_idx_load("idx", source->path, NULL, 0, out, err);
}

const eng_dataset_type eng_dataset_idx = {
    .name = "idx",
    .summary = "images and labels as MNIST stores them: path is a folder or an images file",
    .needs_path = true,
    .load = load,
};
