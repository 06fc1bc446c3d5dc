/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layered layouts: gaps that are kept, crossings that can be avoided, chains that are straight. */
#include "tests/support/check.h"

#include "base/rng.h"
#include "nas/layout.h"

enum { MOST = 64 };

static void check_gaps(const nas_layout *l) {
    for (size_t i = 0; i < l->count; i++) {
        const nas_layout_item *a = &l->items[i];
        assert_true(a->x - a->width / 2 > -1e-9 && a->x + a->width / 2 < l->width + 1e-9);
        assert_true(a->y - a->height / 2 > -1e-9 && a->y + a->height / 2 < l->height + 1e-9);
        for (size_t k = 0; k < i; k++) {
            const nas_layout_item *b = &l->items[k];
            const double across = fabs(a->y - b->y) - (a->height + b->height) / 2;
            const double along = fabs(a->x - b->x) - (a->width + b->width) / 2;
            assert_true(a->layer == b->layer ? across > l->gap_y - 1e-6 : along > l->gap_x - 1e-6);
        }
    }
}

/* Random layered graphs; the same one twice has the same places. */
static void items_keep_their_distance(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 11, 0);
    for (size_t run = 0; run < 200; run++) {
        nas_layout_item items[MOST] = {{0}}, again[MOST];
        nas_layout_link links[4 * MOST];
        const size_t layers = 2 + base_rng_below(&rng, 5);
        nas_layout l = {.items = items, .links = links, .gap_x = 20, .gap_y = 7};
        for (size_t layer = 0; layer < layers; layer++)
            for (size_t k = 1 + base_rng_below(&rng, 6); k > 0; k--)
                items[l.count++] = (nas_layout_item){.layer = layer,
                                                     .width = 1 + (double)base_rng_below(&rng, 80),
                                                     .height = 1 + (double)base_rng_below(&rng, 40),
                                                     .y = (double)base_rng_below(&rng, 100)};
        for (size_t i = 0; i < l.count; i++)
            for (size_t k = 0; k < l.count; k++)
                if (items[k].layer == items[i].layer + 1 && base_rng_below(&rng, 3) == 0)
                    links[l.n_links++] = (nas_layout_link){i, k};
        memcpy(again, items, sizeof items);
        nas_layout_place(&l);
        check_gaps(&l);
        nas_layout second = l;
        second.items = again;
        nas_layout_place(&second);
        assert_memory_equal(items, again, sizeof items);
    }
}

/* Two chains that begin in the wrong order, and one that is alone: no crossing, no bend. */
static void chains_are_straight(void **state) {
    (void)state;
    nas_layout_item items[9];
    nas_layout_link links[6];
    nas_layout l = {.items = items, .count = 9, .links = links, .n_links = 6, .gap_x = 10, .gap_y = 5};
    for (size_t i = 0; i < 9; i++)
        items[i] = (nas_layout_item){
            .layer = i / 3, .width = 10, .height = 10, .y = 20.0 * (double)(i / 3 % 2 == 0 ? i % 3 : 2 - i % 3)};
    for (size_t i = 0; i < 6; i++) links[i] = (nas_layout_link){i, i + 3};
    nas_layout_place(&l);
    check_gaps(&l);
    for (size_t i = 0; i < 6; i++) CHECK_NEAR(items[i].y, items[i + 3].y, 1e-6);
    for (size_t i = 0; i < 3; i++) CHECK_NEAR(items[3 * i].span, 10.0, 0.0);
}

/* A node stands in the middle of its two neighbours. */
static void a_node_stands_in_the_middle(void **state) {
    (void)state;
    nas_layout_item items[] = {{.layer = 0, .width = 10, .height = 10, .y = 0},
                               {.layer = 0, .width = 10, .height = 10, .y = 60},
                               {.layer = 1, .width = 30, .height = 20, .y = 500}};
    const nas_layout_link links[] = {{0, 2}, {1, 2}};
    nas_layout l = {.items = items, .count = 3, .links = links, .n_links = 2, .gap_x = 10, .gap_y = 5};
    nas_layout_place(&l);
    CHECK_NEAR(items[2].y, (items[0].y + items[1].y) / 2, 1e-6);
    CHECK_NEAR(items[2].x, 10 + 10 + 15, 1e-9);
    CHECK_NEAR(l.width, 50, 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_keep_their_distance),
        cmocka_unit_test(chains_are_straight),
        cmocka_unit_test(a_node_stands_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
