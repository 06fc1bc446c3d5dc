/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damaged data sets: whatever is cut off, flipped, inserted or promised, a reader answers with a status and a sentence
 * that names the file, and takes no more memory than the file can account for.
 *
 * Random damage finds what nobody thought of, above all in a build with AddressSanitizer. HPO_TEST_ROUNDS asks for more
 * rounds. */
#include "tests/support/check.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/rng.h"
#include "engine/data/registry.h"

enum { ROUNDS = 300, IMAGES = 12 };

static size_t pick(base_rng *rng, size_t n) {
    return (size_t)base_rng_below(rng, n);
}

/* Without waiting for the disk. */
static void write_file(const char *path, const void *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_gz(const char *path, const void *bytes, size_t length) {
    gzFile file = gzopen(path, "wb9");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)length), (int)length);
    assert_int_equal(gzclose(file), Z_OK);
}

/* ---- sound sets, small ---- */

static void put_u32(base_buf *out, uint32_t x) {
    const char bytes[] = {(char)(x >> 24), (char)(x >> 16), (char)(x >> 8), (char)x};
    base_buf_append(out, bytes, sizeof bytes);
}

static void put_random(base_buf *out, size_t length, unsigned most, base_rng *rng) {
    for (size_t i = 0; i < length; i++) base_buf_putc(out, (char)pick(rng, most));
}

static void put_csv(base_buf *out, base_rng *rng) {
    base_buf_puts(out, "a,\"b c\",target\n");
    for (int i = 0; i < IMAGES; i++)
        base_buf_printf(out, "%d,%.3f,\"%s\"\r\n", i, base_rng_uniform(rng), i % 2 ? "yes" : "no");
}

static void put_images(base_buf *out, base_rng *rng) {
    put_u32(out, 0x00000803);
    put_u32(out, IMAGES);
    put_u32(out, 3);
    put_u32(out, 4);
    put_random(out, 12 * IMAGES, 256, rng);
}

static void put_labels(base_buf *out, base_rng *rng) {
    put_u32(out, 0x00000801);
    put_u32(out, IMAGES);
    put_random(out, IMAGES, 4, rng);
}

static void put_cifar(base_buf *out, base_rng *rng) {
    for (int i = 0; i < 3; i++) {
        put_random(out, 1, 10, rng);
        put_random(out, 3072, 256, rng);
    }
}

static void put_chunk(base_buf *out, const char *kind, const base_buf *data) {
    put_u32(out, (uint32_t)data->length);
    const size_t start = out->length;
    base_buf_append(out, kind, 4);
    base_buf_append(out, data->data, data->length);
    put_u32(out, (uint32_t)crc32(0, (const Bytef *)out->data + start, (uInt)(data->length + 4)));
}

/* Grey, 8 bits; the header may say what it likes. */
static void put_png(base_buf *out, uint32_t width, uint32_t height, base_rng *rng) {
    base_buf data = {0}, raw = {0};
    Bytef packed[512];
    uLongf length = sizeof packed;
    base_buf_append(out, "\x89PNG\r\n\x1a\n", 8);
    put_u32(&data, width);
    put_u32(&data, height);
    base_buf_append(&data, "\x08\0\0\0\0", 5);
    put_chunk(out, "IHDR", &data);
    for (int line = 0; line < 4; line++) {
        base_buf_putc(&raw, '\0');
        put_random(&raw, 5, 256, rng);
    }
    assert_int_equal(compress(packed, &length, (const Bytef *)raw.data, (uLong)raw.length), Z_OK);
    base_buf_clear(&data);
    base_buf_append(&data, (const char *)packed, length);
    put_chunk(out, "IDAT", &data);
    base_buf_clear(&data);
    put_chunk(out, "IEND", &data);
    base_buf_fini(&data);
    base_buf_fini(&raw);
}

static void put_png_5x4(base_buf *out, base_rng *rng) {
    put_png(out, 5, 4, rng);
}

/* A set: the file that gets damaged, and what has to lie beside it. */
typedef struct victim {
    const char *type, *path; /* that is loaded; NULL: the folder */
    const char *file;        /* that is damaged */
    void (*put)(base_buf *out, base_rng *rng);
    bool packed;
} victim;

static const victim victims[] = {
    {"csv", "t.csv", "t.csv", put_csv, false},
    {"csv", "t.csv.gz", "t.csv.gz", put_csv, true},
    {"idx", NULL, "train-images-idx3-ubyte", put_images, false},
    {"idx", NULL, "train-images-idx3-ubyte.gz", put_images, true},
    {"idx", NULL, "train-labels-idx1-ubyte", put_labels, false},
    {"cifar10", NULL, "data_batch_1.bin", put_cifar, false},
    {"cifar10", NULL, "test_batch.bin.gz", put_cifar, true},
    {"png", NULL, "cats/1.png", put_png_5x4, false},
};

static void put_file(const check_tmpdir *dir, const char *file, void (*put)(base_buf *, base_rng *), base_rng *rng) {
    base_buf bytes = {0};
    put(&bytes, rng);
    write_file(check_tmpdir_file(dir, file), bytes.data, bytes.length);
    base_buf_fini(&bytes);
}

static void put_rest(const check_tmpdir *dir, const victim *v, base_rng *rng) {
    const bool images = strstr(v->file, "images") != NULL;
    if (strcmp(v->type, "idx") == 0)
        put_file(dir, images ? "train-labels-idx1-ubyte" : "train-images-idx3-ubyte", images ? put_labels : put_images,
                 rng);
    if (strcmp(v->type, "cifar10") == 0 && strstr(v->file, "test")) put_file(dir, "data_batch_1.bin", put_cifar, rng);
    if (strcmp(v->type, "png") != 0) return;
    mkdir(check_tmpdir_file(dir, "cats"), 0777);
    mkdir(check_tmpdir_file(dir, "dogs"), 0777);
    put_file(dir, "dogs/1.png", put_png_5x4, rng);
    put_file(dir, "cats/2.png", put_png_5x4, rng);
}

/* ---- damage ---- */

static void damage(base_buf *bytes, base_rng *rng) {
    for (size_t n = 1 + pick(rng, 3); n > 0 && bytes->length > 0; n--) {
        const size_t at = pick(rng, bytes->length);
        const size_t head = pick(rng, bytes->length < 24 ? bytes->length : 24); /* where the promises stand */
        switch (pick(rng, 6)) {
        case 0: bytes->data[at] = (char)(bytes->data[at] ^ (1 << pick(rng, 8))); break;
        case 1: bytes->data[head] = (char)(bytes->data[head] ^ (1 << pick(rng, 8))); break;
        case 2: bytes->data[head] = (char)0xFF; break;
        case 3: bytes->length = at; break;
        case 4: memset(bytes->data + at, 0, bytes->length - at < 9 ? bytes->length - at : 9); break;
        default: base_buf_append(bytes, "\0,\n\"\xFFxyz", 1 + pick(rng, 8)); break;
        }
    }
}

static void check_load(const victim *v, const check_tmpdir *dir) {
    base_err err = {0};
    eng_dataset *set = NULL;
    const eng_dataset_source source = {.path = v->path ? check_tmpdir_file(dir, v->path) : dir->path};
    const base_status status = eng_dataset_load(v->type, &source, &set, &err);
    if (status == BASE_OK) {
        for (size_t i = 0; set->labels && i < set->count; i++)
            assert_true(set->labels[i] >= 0 && (size_t)set->labels[i] < set->classes);
        assert_true(eng_dataset_bytes(set) < 1 << 20);
        eng_dataset_destroy(set);
        return;
    }
    assert_null(set);
    assert_true(status == BASE_CORRUPT || status == BASE_INVALID || status == BASE_UNSUPPORTED);
    /* The file, or for what its contents mean together the set. */
    if (!strstr(err.text, dir->path) && !strstr(err.text, v->file) && !strstr(err.text, "data set"))
        fail_msg("%s: %s", v->file, err.text);
}

static void test_random_damage(void **state) {
    (void)state;
    const char *asked = getenv("HPO_TEST_ROUNDS");
    const uint32_t rounds = asked ? (uint32_t)atol(asked) : ROUNDS;
    for (size_t k = 0; k < CHECK_COUNT(victims); k++) {
        const victim *v = &victims[k];
        check_tmpdir dir = check_tmpdir_create();
        base_rng rng = base_rng_stream(9, BASE_RNG_SAMPLER, (uint32_t)k, 0);
        put_rest(&dir, v, &rng);
        const char *path = check_tmpdir_file(&dir, v->file);
        for (uint32_t round = 0; round < rounds; round++) {
            base_err err = {0};
            base_buf bytes = {0};
            v->put(&bytes, &rng);
            if (v->packed) {
                write_gz(path, bytes.data, bytes.length);
                base_buf_clear(&bytes);
                CHECK_OK(base_read_file(path, &bytes, &err));
            }
            damage(&bytes, &rng);
            write_file(path, bytes.data, bytes.length);
            base_buf_fini(&bytes);
            check_load(v, &dir);
        }
        check_tmpdir_remove(&dir);
    }
}

/* ---- promises ---- */

#ifdef __SANITIZE_ADDRESS__
enum { MOST_MIB = 4000 }; /* it keeps what was freed */
#else
enum { MOST_MIB = 400 };
#endif

/* Loads in a process of its own, whose memory is measured: the status, and the sentence. */
static base_status load_apart(const char *type, const char *path, base_err *err) {
    struct {
        base_status status;
        base_err err;
    } answer = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        eng_dataset *set = NULL;
        answer.status = eng_dataset_load(type, &(eng_dataset_source){.path = path}, &set, &answer.err);
        _exit(write(ends[1], &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
    }
    int ended = 0;
    struct rusage usage;
    close(ends[1]);
    assert_int_equal(read(ends[0], &answer, sizeof answer), (ssize_t)sizeof answer);
    assert_int_equal(wait4(child, &ended, 0, &usage), child);
    close(ends[0]);
    assert_int_equal(ended, 0);
    assert_true(usage.ru_maxrss / 1024 < MOST_MIB);
    answer.err.file = "";
    *err = answer.err;
    return answer.status;
}

/* Half a megabyte that becomes half a gigabyte of one byte. */
static void write_bomb(const char *path, const char *head, size_t length, char filling) {
    enum { MEMBERS = 8 };
    const size_t size = (size_t)64 << 20;
    char *bytes = malloc(size);
    base_buf whole = {0}, member = {0};
    base_err err = {0};
    assert_non_null(bytes);
    write_gz(path, head, length);
    CHECK_OK(base_read_file(path, &whole, &err));
    memset(bytes, filling, size);
    write_gz(path, bytes, size);
    CHECK_OK(base_read_file(path, &member, &err));
    for (int i = 0; i < MEMBERS; i++) base_buf_append(&whole, member.data, member.length);
    write_file(path, whole.data, whole.length);
    free(bytes);
    base_buf_fini(&whole);
    base_buf_fini(&member);
}

static void test_gzip_bombs(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    static const char idx[] = "\0\0\x08\x03\x20\0\0\0\0\0\0\x04\0\0\0\x04"; /* 2^29 images of 4 x 4 */
    const char *table = check_tmpdir_file(&dir, "t.csv.gz"),
               *images = check_tmpdir_file(&dir, "train-images-idx3-ubyte.gz");
    write_bomb(table, "a,b\n", 4, '\n');
    CHECK_FAILS(load_apart("csv", table, &err), BASE_CORRUPT, "t.csv.gz' becomes larger than ");
    write_bomb(images, idx, sizeof idx - 1, 0);
    CHECK_FAILS(load_apart("idx", images, &err), BASE_CORRUPT, "idx3-ubyte.gz' becomes larger than ");
    check_tmpdir_remove(&dir);
}

static void test_large_promises(void **state) {
    (void)state;
    base_err err = {0};
    base_buf bytes = {0};
    check_tmpdir dir = check_tmpdir_create();
    base_rng rng = base_rng_stream(4, BASE_RNG_SAMPLER, 0, 0);
    /* IDX: sizes whose product is 4 G rows, and one that wraps around. */
    static const char many[] = "\0\0\x08\x03\xFF\xFF\xFF\xFF\0\0\0\x04\0\0\0\x04zzzz";
    static const char wraps[] = "\0\0\x08\x04\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFzzzz";
    const char *images = check_tmpdir_file(&dir, "train-images-idx3-ubyte");
    write_file(images, many, sizeof many - 1);
    CHECK_FAILS(load_apart("idx", images, &err), BASE_CORRUPT, "its sizes promise 68719476720");
    write_file(images, wraps, sizeof wraps - 1);
    CHECK_FAILS(load_apart("idx", images, &err), BASE_CORRUPT, "its sizes promise");
    /* PNG: a header of 60,000 x 60,000 over twenty pixels. */
    mkdir(check_tmpdir_file(&dir, "cats"), 0777);
    mkdir(check_tmpdir_file(&dir, "dogs"), 0777);
    put_png(&bytes, 60000, 60000, &rng);
    write_file(check_tmpdir_file(&dir, "cats/1.png"), bytes.data, bytes.length);
    write_file(check_tmpdir_file(&dir, "dogs/1.png"), bytes.data, bytes.length);
    CHECK_FAILS(load_apart("png", dir.path, &err), BASE_CORRUPT,
                "cats/1.png says that it is 60000 x 60000 (height x width), which so small a file cannot hold");
    /* CSV: a header of 300,000 columns, as many empty lines with one value: the table would have 360 GB. */
    base_buf_clear(&bytes);
    for (int i = 0; i < 300000; i++) base_buf_printf(&bytes, "%sc%d", i ? "," : "", i);
    for (int i = 0; i < 300000; i++) base_buf_puts(&bytes, "\n1");
    const char *table = check_tmpdir_file(&dir, "wide.csv");
    write_file(table, bytes.data, bytes.length);
    CHECK_FAILS(load_apart("csv", table, &err), BASE_INVALID, "wide.csv:2:1: the line ends after 1 values");
    base_buf_fini(&bytes);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_gzip_bombs),
        cmocka_unit_test(test_large_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
