/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hash against values of the reference implementation (xxHash 0.8), wherever the bytes lie. */
#include "base/xxh64.h"

#include "tests/support/check.h"

static void test_reference(void **state) {
    (void)state;
    unsigned char bytes[256 + 8], moved[256 + 8];
    for (size_t i = 0; i < 256; i++) bytes[i] = (unsigned char)i;
    static const char sentence[] = "Nobody inspects the spammish repetition";
    assert_true(base_xxh64("", 0, 0) == 0xEF46DB3751D8E999u);
    assert_true(base_xxh64("a", 1, 0) == 0xD24EC4F1A98C6E5Bu);
    assert_true(base_xxh64(sentence, sizeof sentence - 1, 0) == 0xFBCEA83C8A378BF1u);
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(moved + shift, bytes, 256);
        assert_true(base_xxh64(moved + shift, 256, 0) == 0x1FACBE8406CD904Bu);
        assert_true(base_xxh64(moved + shift, 77, 0xFEDCBA9876543210u) == 0x2DC74EF7C4982227u);
    }
}

/* Every bit of every byte counts, at every length that takes another way through the function. */
static void test_bits(void **state) {
    (void)state;
    unsigned char bytes[100] = {0};
    for (size_t length = 1; length <= sizeof bytes; length++) {
        const uint64_t hash = base_xxh64(bytes, length, 0);
        for (size_t bit = 0; bit < 8 * length; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_true(base_xxh64(bytes, length, 0) != hash);
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference), cmocka_unit_test(test_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
