/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/data/loader.h"
#include "engine/data/view.h"

/* A set of one feature whose value is the sample's number, and whose label is its last digit. */
static eng_dataset *numbers(size_t count) {
    base_err err = {0};
    eng_dataset *set;
    const size_t one = 1;
    CHECK_OK(eng_dataset_create("numbers", ENG_TARGET_CLASSES, ENG_STORE_REALS, count, 1, &one, &set, &err));
    for (size_t i = 0; i < count; i++) {
        set->reals[i] = (float)i;
        set->labels[i] = (int32_t)(i % 10);
    }
    set->classes = 10;
    return set;
}

static void the_order_is_a_pure_permutation(void **state) {
    (void)state;
    enum { N = 1000 };
    uint32_t index[N], first[N], again[N], other[N];
    for (uint32_t i = 0; i < N; i++) index[i] = 3 * i;
    const eng_part part = {index, N};
    eng_epoch_order(part, 7, 4, first);
    eng_epoch_order(part, 7, 9, other); /* a call in between leaves no trace */
    eng_epoch_order(part, 7, 4, again);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    eng_epoch_order(part, 8, 4, other);
    assert_memory_not_equal(first, other, sizeof first);
    uint8_t seen[N] = {0};
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(first[i] % 3, 0);
        assert_int_equal(seen[first[i] / 3]++, 0);
    }
}

/* Every place is equally likely: chi-squared of where sample 0 lands over many epochs. */
static void the_order_is_uniform(void **state) {
    (void)state;
    enum { N = 10, EPOCHS = 20000 };
    uint32_t index[N], order[N];
    double counts[N] = {0}, chi2 = 0;
    for (uint32_t i = 0; i < N; i++) index[i] = i;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        eng_epoch_order((eng_part){index, N}, 1, epoch, order);
        for (size_t i = 0; i < N; i++) counts[i] += order[i] == 0;
    }
    for (size_t i = 0; i < N; i++) chi2 += pow(counts[i] - EPOCHS / N, 2) / (EPOCHS / N);
    assert_true(chi2 < 27.9); /* 99.9 % quantile, 9 degrees of freedom */
}

static void batches_cover_an_epoch_and_carry_their_labels(void **state) {
    (void)state;
    enum { N = 103, BATCH = 10 };
    base_err err = {0};
    eng_dataset *set = numbers(N);
    eng_view *view;
    eng_loader *loader;
    const eng_view_settings settings = {.split = {.fraction = 1}};
    CHECK_OK(eng_view_create(set, &settings, &view, &err));
    CHECK_OK(eng_loader_create(set, &view->normalizer, view->split.train, BATCH, true, 5, &loader, &err));
    assert_int_equal(eng_loader_count(loader), N);
    assert_int_equal(eng_loader_batches(loader), 11);
    float x[BATCH], late[BATCH];
    int32_t labels[BATCH];
    uint8_t seen[N] = {0};
    assert_int_equal(eng_loader_batch(loader, 8, 3, late, labels, NULL), BATCH); /* out of order on purpose */
    for (size_t k = 0; k < 11; k++) {
        size_t n = eng_loader_batch(loader, 2, k, x, labels, NULL);
        assert_int_equal(n, k < 10 ? 10 : 3);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal((int)x[i] % 10, labels[i]);
            assert_int_equal(seen[(int)x[i]]++, 0);
        }
    }
    eng_loader_batch(loader, 8, 3, x, labels, NULL);
    assert_memory_equal(x, late, sizeof x);
    eng_loader_destroy(loader);
    CHECK_OK(eng_loader_create(set, &view->normalizer, view->split.train, 500, false, 5, &loader, &err));
    assert_int_equal(eng_loader_batch_size(loader), N);
    assert_int_equal(eng_loader_batches(loader), 1);
    eng_loader_destroy(loader);
    eng_view_destroy(view);
    eng_dataset_destroy(set);
}

static void equal_settings_are_recognized(void **state) {
    (void)state;
    const eng_view_settings base = {.split = {1, 0.2, 0.1, 5, 2, 0.5}, .normalize = ENG_NORMALIZE_STANDARD};
    eng_view_settings other[7];
    for (size_t i = 0; i < 7; i++) other[i] = base;
    assert_true(eng_view_settings_equal(&base, &other[0]));
    other[0].split.seed = 2;
    other[1].split.test_fraction = 0.3;
    other[2].split.valid_fraction = 0.3;
    other[3].split.folds = 4;
    other[4].split.fold = 1;
    other[5].split.fraction = 1;
    other[6].normalize = ENG_NORMALIZE_NONE;
    for (size_t i = 0; i < 7; i++) assert_false(eng_view_settings_equal(&base, &other[i]));
}

/* ---- augmentation ---- */

enum { H = 5, W = 4, C = 2, IMAGES = 400 };

static eng_dataset *images(void) {
    base_err err = {0};
    eng_dataset *set;
    const size_t shape[] = {H, W, C};
    CHECK_OK(eng_dataset_create("images", ENG_TARGET_CLASSES, ENG_STORE_BYTES, IMAGES, 3, shape, &set, &err));
    for (size_t i = 0; i < IMAGES * H * W * C; i++) set->bytes[i] = (uint8_t)(1 + i % (H * W * C));
    set->classes = 1;
    return set;
}

typedef struct augmented {
    eng_dataset *set;
    eng_normalizer normalizer;
    uint32_t index[IMAGES];
    float plain[H * W * C], black[C];
} augmented;

static augmented *augmented_create(void) {
    base_err err = {0};
    augmented *a = base_calloc(1, sizeof *a);
    a->set = images();
    for (uint32_t i = 0; i < IMAGES; i++) a->index[i] = i;
    CHECK_OK(eng_normalizer_fit(ENG_NORMALIZE_STANDARD, a->set, (eng_part){a->index, IMAGES}, &a->normalizer, &err));
    eng_normalizer_gather(&a->normalizer, a->set, a->index, 1, a->plain); /* all images are the same */
    for (size_t c = 0; c < C; c++) a->black[c] = -a->normalizer.offset[c] * a->normalizer.scale[c];
    return a;
}

static void augmented_destroy(augmented *a) {
    eng_normalizer_fini(&a->normalizer);
    eng_dataset_destroy(a->set);
    free(a);
}

static void change(const augmented *a, const eng_augment *how, uint64_t epoch, uint32_t sample, float *out) {
    float scratch[H * W * C + C];
    assert_int_equal(eng_augment_scratch(a->set), CHECK_COUNT(scratch));
    memcpy(out, a->plain, sizeof a->plain);
    eng_augment_image(how, a->set, &a->normalizer, 5, epoch, sample, out, scratch);
}

/* Is out the plain image shifted and mirrored so? */
static bool is_moved(const augmented *a, const float *out, int down, int right, bool flip) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            int from_y = y + down, from_x = (flip ? W - 1 - x : x) + right;
            bool inside = from_y >= 0 && from_y < H && from_x >= 0 && from_x < W;
            const float *want = inside ? a->plain + (from_y * W + from_x) * C : a->black;
            if (memcmp(out + (y * W + x) * C, want, C * sizeof *out) != 0) return false;
        }
    return true;
}

/* Each shift of a crop of 1, with and without flip, in its fraction of the images and nothing else. */
static void crops_and_flips_are_uniform(void **state) {
    (void)state;
    enum { EPOCHS = 20 };
    augmented *a = augmented_create();
    const eng_augment how = {.crop = 1, .flip = true};
    double counts[18] = {0}, chi2 = 0;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint32_t i = 0; i < IMAGES; i++) {
            float out[H * W * C];
            size_t kinds = 0;
            change(a, &how, epoch, i, out);
            for (int k = 0; k < 18; k++) {
                if (!is_moved(a, out, k % 3 - 1, k / 3 % 3 - 1, k >= 9)) continue;
                counts[k]++;
                kinds++;
            }
            assert_int_equal(kinds, 1);
        }
    const double expected = IMAGES * EPOCHS / 18.0;
    for (size_t k = 0; k < 18; k++) chi2 += (counts[k] - expected) * (counts[k] - expected) / expected;
    assert_true(chi2 < 40.8); /* 17 degrees of freedom, p = 0.001 */
    augmented_destroy(a);
}

/* A square around any pixel, cut off at the edges; switched on alone or with a flip it is the same square. */
static void cutout_blanks_a_square(void **state) {
    (void)state;
    augmented *a = augmented_create();
    const eng_augment how = {.cutout = 3}, both = {.cutout = 3, .flip = true};
    bool seen[H * W] = {0};
    for (uint32_t i = 0; i < IMAGES; i++) {
        float out[H * W * C], with[H * W * C];
        size_t found = 0;
        change(a, &how, 3, i, out);
        change(a, &both, 3, i, with);
        for (int centre = 0; centre < H * W; centre++) {
            bool fits = true;
            for (int p = 0; p < H * W * C; p++) {
                bool in = abs(p / C / W - centre / W) <= 1 && abs(p / C % W - centre % W) <= 1;
                fits = fits && (in ? out[p] == 0.0f && with[p] == 0.0f : out[p] == a->plain[p]);
            }
            if (fits) seen[centre] = true;
            found += fits;
        }
        assert_true(found >= 1);
    }
    for (size_t p = 0; p < H * W; p++) assert_true(seen[p]);
    augmented_destroy(a);
}

/* A loader gives a sample of an epoch the same image whatever its batch, and another one in the next epoch. */
static void changes_follow_sample_and_epoch(void **state) {
    (void)state;
    base_err err = {0};
    augmented *a = augmented_create();
    const eng_augment how = {.crop = 2, .flip = true, .cutout = 2};
    const eng_part part = {a->index, IMAGES};
    static float small[IMAGES][H * W * C], large[IMAGES][H * W * C], next[IMAGES][H * W * C];
    int32_t labels[IMAGES];
    eng_loader *seven, *whole;
    CHECK_OK(eng_loader_create(a->set, &a->normalizer, part, 7, true, 5, &seven, &err));
    CHECK_OK(eng_loader_create(a->set, &a->normalizer, part, IMAGES, true, 5, &whole, &err));
    eng_loader_augment(seven, &how);
    eng_loader_augment(whole, &how);
    (void)eng_loader_batch(whole, 1, 0, next[0], labels, NULL);
    (void)eng_loader_batch(whole, 0, 0, large[0], labels, NULL);
    for (size_t k = eng_loader_batches(seven); k-- > 0;)
        (void)eng_loader_batch(seven, 0, k, small[7 * k], labels, NULL);
    assert_memory_equal(small, large, sizeof small);
    uint32_t order[IMAGES];
    eng_epoch_order(part, 5, 0, order);
    for (size_t i = 0; i < IMAGES; i++) {
        float want[H * W * C];
        change(a, &how, 0, order[i], want);
        assert_memory_equal(large[i], want, sizeof want);
    }
    assert_memory_not_equal(large, next, sizeof next);
    eng_loader_destroy(seven);
    eng_loader_destroy(whole);
    augmented_destroy(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_a_pure_permutation),
        cmocka_unit_test(the_order_is_uniform),
        cmocka_unit_test(batches_cover_an_epoch_and_carry_their_labels),
        cmocka_unit_test(equal_settings_are_recognized),
        cmocka_unit_test(crops_and_flips_are_uniform),
        cmocka_unit_test(cutout_blanks_a_square),
        cmocka_unit_test(changes_follow_sample_and_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
