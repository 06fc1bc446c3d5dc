/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/engine/train/support.h"

#include <dirent.h>

#include "base/buf.h"
#include "base/rng.h"

static const char small[] = "{dataset: blobs, hidden: [2], optimizer: adam, epochs: 3, batch_size: 200}";

static void write_file(const char *path, const void *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Everything that a checkpoint restores, as bytes. */
static void snapshot(const eng_trainer *trainer, const char *folder, base_buf *out) {
    base_err err = {0};
    char path[400];
    snprintf(path, sizeof path, "%s/snapshot", folder);
    CHECK_OK(eng_trainer_save(trainer, path, &err));
    base_buf_clear(out);
    CHECK_OK(base_read_file(path, out, &err));
    assert_int_equal(remove(path), 0);
}

static void every_flipped_byte_and_every_cut_is_noticed(void **state) {
    (void)state;
    base_err err = {0};
    base_buf good = {0}, before = {0}, after = {0};
    check_tmpdir dir = check_tmpdir_create();
    bench b = bench_create(small);
    eng_trainer *trained = bench_trainer(&b), *fresh = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(trained, 3, NULL, &err));
    snapshot(trained, dir.path, &good);
    snapshot(fresh, dir.path, &before);
    assert_true(good.length > 300 && good.length < 5000);
    const char *path = check_tmpdir_file(&dir, "bad");
    for (size_t i = 0; i < good.length; i++) {
        for (unsigned flip = 1; flip < 256; flip = flip == 1 ? 0x80 : flip + 127) { /* lowest, highest, all bits */
            good.data[i] = (char)(good.data[i] ^ (int)flip);
            write_file(path, good.data, good.length);
            CHECK_FAILS(eng_trainer_load(fresh, path, &err), BASE_CORRUPT, "bad");
            good.data[i] = (char)(good.data[i] ^ (int)flip);
        }
        write_file(path, good.data, i);
        CHECK_FAILS(eng_trainer_load(fresh, path, &err), BASE_CORRUPT, "bad");
    }
    base_buf_putc(&good, 'x');
    write_file(path, good.data, good.length);
    CHECK_STATUS(eng_trainer_load(fresh, path, &err), BASE_CORRUPT);
    snapshot(fresh, dir.path, &after); /* none of that has touched the trainer */
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.data, after.data, before.length);

    write_file(path, good.data, good.length - 1); /* the good one does load */
    CHECK_OK(eng_trainer_load(fresh, path, &err));
    snapshot(fresh, dir.path, &after);
    assert_memory_equal(good.data, after.data, after.length);
    eng_trainer_destroy(trained);
    eng_trainer_destroy(fresh);
    bench_destroy(&b);
    base_buf_fini(&good);
    base_buf_fini(&before);
    base_buf_fini(&after);
    check_tmpdir_remove(&dir);
}

/* A disk's mistake: one bit somewhere in a file with everything that a checkpoint can hold. */
static void two_thousand_flipped_bits_are_noticed(void **state) {
    (void)state;
    static const char full[] = "{dataset: digits, hidden: [16, 16], norm: batch, optimizer: adamw, ema: 0.9, epochs: 2,"
                               " early_stopping: 5, batch_size: 256}";
    enum { DAMAGES = 2000 };
    base_err err = {0};
    base_buf good = {0}, before = {0}, after = {0};
    check_tmpdir dir = check_tmpdir_create();
    bench b = bench_create(full);
    eng_trainer *trained = bench_trainer(&b), *fresh = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(trained, 2, NULL, &err));
    snapshot(trained, dir.path, &good);
    snapshot(fresh, dir.path, &before);
    assert_true(good.length > 20000);
    base_rng rng = base_rng_stream(7, BASE_RNG_TEST, 0, 0);
    const char *path = check_tmpdir_file(&dir, "bad");
    for (int i = 0; i < DAMAGES; i++) {
        const size_t at = (size_t)base_rng_below(&rng, good.length);
        const int bit = 1 << base_rng_below(&rng, 8);
        good.data[at] = (char)(good.data[at] ^ bit);
        write_file(path, good.data, good.length);
        CHECK_FAILS(eng_trainer_load(fresh, path, &err), BASE_CORRUPT, "bad");
        good.data[at] = (char)(good.data[at] ^ bit);
    }
    snapshot(fresh, dir.path, &after); /* none of that has touched a tensor */
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.data, after.data, before.length);
    write_file(path, good.data, good.length);
    CHECK_OK(eng_trainer_load(fresh, path, &err));
    snapshot(fresh, dir.path, &after);
    assert_memory_equal(good.data, after.data, after.length);
    eng_trainer_destroy(trained);
    eng_trainer_destroy(fresh);
    bench_destroy(&b);
    base_buf_fini(&good);
    base_buf_fini(&before);
    base_buf_fini(&after);
    check_tmpdir_remove(&dir);
}

static void a_sound_file_of_another_training_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } others[] = {
        {"{dataset: blobs, hidden: [3], optimizer: adam, batch_size: 200}", "is of another network"},
        {"{dataset: blobs, hidden: [2], optimizer: sgd, batch_size: 200}", "is of another optimizer"},
        {"{dataset: blobs, hidden: [2], optimizer: adam, batch_size: 100}", "other settings or other data"},
        {"{dataset: blobs, hidden: [2], optimizer: adam, batch_size: 200, seed: 5}", "other settings or other data"},
    };
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    bench b = bench_create(small);
    eng_trainer *trainer = bench_trainer(&b);
    CHECK_STATUS(eng_trainer_load(trainer, path, &err), BASE_NOTFOUND);
    CHECK_OK(eng_trainer_save(trainer, path, &err));
    for (size_t i = 0; i < CHECK_COUNT(others); i++) {
        bench c = bench_create(others[i].text);
        eng_trainer *other = bench_trainer(&c);
        CHECK_FAILS(eng_trainer_load(other, path, &err), BASE_INVALID, others[i].part);
        eng_trainer_destroy(other);
        bench_destroy(&c);
    }
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
    check_tmpdir_remove(&dir);
}

static size_t files_in(const char *folder) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void saving_leaves_one_file_or_none(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    bench b = bench_create(small);
    eng_trainer *trainer = bench_trainer(&b);
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    CHECK_OK(eng_trainer_save(trainer, path, &err));
    CHECK_OK(eng_trainer_save(trainer, path, &err)); /* over an older one */
    assert_int_equal(files_in(dir.path), 1);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0777), 0); /* a folder in the way: the rename fails */
    CHECK_FAILS(eng_trainer_save(trainer, path, &err), BASE_IO, "cannot write checkpoint");
    assert_int_equal(files_in(dir.path), 1);
    CHECK_FAILS(eng_trainer_save(trainer, "/no/such/folder/c", &err), BASE_IO, "/no/such/folder/c");
    CHECK_STATUS(eng_trainer_load(trainer, path, &err), BASE_IO); /* it is a folder */
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_and_every_cut_is_noticed),
        cmocka_unit_test(two_thousand_flipped_bits_are_noticed),
        cmocka_unit_test(a_sound_file_of_another_training_is_refused),
        cmocka_unit_test(saving_leaves_one_file_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
