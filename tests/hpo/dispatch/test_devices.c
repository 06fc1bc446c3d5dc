/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every worker has devices of its own, by any name, or the run is refused with both numbers. */
#include "hpo/dispatch/devices.h"

#include "tests/support/check.h"

static const char *const four[] = {"0", "1", "GPU-8932f937", "MIG-GPU-8932f937/1/0"};

typedef struct deal {
    hpo_devices devices;
    const char *inherited;
    uint32_t local, n_local;
    const char *visible; /* or: */
    const char *error;
} deal;

static void check_deal(const deal *d) {
    base_buf visible = {0};
    base_err err = {0};
    hpo_place place = {.worker = 7, .local = d->local, .n_local = d->n_local};
    base_status status = hpo_devices_choose(&d->devices, d->inherited, &place, &visible, &err);
    if (d->error) {
        assert_int_equal(status, BASE_INVALID);
        CHECK_CONTAINS(err.text, d->error);
    } else {
        CHECK_STATUS(status, BASE_OK);
        assert_string_equal(base_buf_text(&visible), d->visible);
    }
    base_buf_fini(&visible);
}

static void test_deals(void **state) {
    (void)state;
    static const deal deals[] = {
        /* nothing is asked for: as the run sees it, or its even part */
        {.inherited = NULL, .local = 1, .n_local = 2, .visible = ""},
        {.inherited = "", .local = 1, .n_local = 2, .visible = ""},
        {.inherited = "0,1", .local = 0, .n_local = 2, .visible = "0"},
        {.inherited = "0,1", .local = 1, .n_local = 2, .visible = "1"},
        {.inherited = "0,1,2,3,4", .local = 1, .n_local = 2, .visible = "2,3"},
        {.inherited = "0,1", .local = 0, .n_local = 1, .visible = "0,1"},
        {.inherited = "0", .local = 3, .n_local = 8, .visible = ""},
        {.devices = {.share = true}, .inherited = "0,1", .local = 1, .n_local = 2, .visible = ""},
        /* devices of their own */
        {.devices = {.gpus = 1}, .inherited = "4, GPU-1f", .local = 1, .n_local = 2, .visible = "GPU-1f"},
        {.devices = {.gpus = 2}, .inherited = "0,1,2,3", .local = 1, .n_local = 2, .visible = "2,3"},
        {.devices = {.gpus = 1, .names = four, .count = 4}, .local = 2, .n_local = 4, .visible = "GPU-8932f937"},
        {.devices = {.names = four, .count = 4},
         .local = 1,
         .n_local = 2,
         .visible = "GPU-8932f937,MIG-GPU-8932f937/1/0"},
        {.devices = {.gpus = 1, .names = four, .count = 4},
         .inherited = "9",
         .local = 3,
         .visible = "MIG-GPU-8932f937/1/0"},
        /* too few */
        {.devices = {.gpus = 1},
         .inherited = "0,1",
         .local = 0,
         .n_local = 3,
         .error = "3 workers on a host need 3 devices, but the environment names 2"},
        {.devices = {.gpus = 3, .names = four, .count = 4},
         .local = 1,
         .n_local = 2,
         .error = "2 workers on a host need 6 devices, but trial.devices names 4"},
        {.devices = {.names = four, .count = 4}, .local = 4, .error = "5 workers on a host need 5 devices"},
        {.devices = {.gpus = 1}, .n_local = 1, .error = "write trial.devices, or set CUDA_VISIBLE_DEVICES"},
        {.devices = {.gpus = 1}, .inherited = "-1,0", .n_local = 1, .error = "no devices are known"},
        {.devices = {.gpus = 1, .share = true}, .n_local = 1, .error = "no devices are known"},
        /* shared */
        {.devices = {.gpus = 1, .share = true}, .inherited = "0,1", .local = 2, .n_local = 3, .visible = "0"},
        {.devices = {.gpus = 2, .share = true}, .inherited = "0,1,2", .local = 1, .n_local = 2, .visible = "2,0"},
        {.devices = {.gpus = 4, .share = true}, .inherited = "0,1", .local = 1, .n_local = 2, .visible = "0,1"},
    };
    for (size_t i = 0; i < CHECK_COUNT(deals); i++) check_deal(&deals[i]);
}

static void test_variables(void **state) {
    (void)state;
    static const char *const names[] = {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) unsetenv(names[i]);
    assert_null(hpo_devices_inherited());
    setenv("ROCR_VISIBLE_DEVICES", "3", 1);
    assert_string_equal(hpo_devices_inherited(), "3");
    setenv("CUDA_VISIBLE_DEVICES", "", 1); /* none, which is not the same as not told */
    assert_string_equal(hpo_devices_inherited(), "");
    hpo_devices_set("GPU-1f,1");
    assert_string_equal(getenv("CUDA_VISIBLE_DEVICES"), "GPU-1f,1");
    assert_string_equal(getenv("HIP_VISIBLE_DEVICES"), "GPU-1f,1");
    assert_string_equal(getenv("ROCR_VISIBLE_DEVICES"), "3"); /* filters before them */
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv("HIP_VISIBLE_DEVICES");
    hpo_devices_set("1");
    assert_string_equal(getenv("ROCR_VISIBLE_DEVICES"), "1");
    assert_null(getenv("CUDA_VISIBLE_DEVICES"));
    assert_null(getenv("HIP_VISIBLE_DEVICES"));
    unsetenv("ROCR_VISIBLE_DEVICES");
    hpo_devices_set("2");
    assert_string_equal(getenv("CUDA_VISIBLE_DEVICES"), "2");
    assert_string_equal(getenv("HIP_VISIBLE_DEVICES"), "2");
    assert_null(getenv("ROCR_VISIBLE_DEVICES"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_deals), cmocka_unit_test(test_variables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
