/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The payload of INIT: seed and number of sets, then file, run_dir, log_path, the study's text, and the sets; every
 * text with its length before it, because a study's bytes may hold anything. */
#include "hpo/dispatch/init_payload.h"

#include <string.h>

static void put_text(base_buf *out, const char *text, size_t length) {
    uint64_t size = length;
    base_buf_append(out, &size, sizeof size);
    base_buf_append(out, text, length);
}

void hpo_init_payload_encode(const hpo_forkserver_study *study, base_buf *out) {
    const hpo_place *place = &study->place;
    uint64_t head[] = {study->seed, study->n_sets, place->worker, place->local, place->n_local};
    const char *visible = study->visible ? study->visible : "";
    base_buf_append(out, head, sizeof head);
    put_text(out, study->file, strlen(study->file));
    put_text(out, study->run_dir, strlen(study->run_dir));
    put_text(out, study->log_path, strlen(study->log_path));
    put_text(out, visible, strlen(visible));
    put_text(out, study->text, study->length);
    for (size_t i = 0; i < study->n_sets; i++) put_text(out, study->sets[i], strlen(study->sets[i]));
}

typedef struct payload {
    const char *at;
    size_t left;
    base_arena *arena;
} payload;

static bool get_bytes(payload *in, void *out, size_t length) {
    if (length > in->left) return false;
    memcpy(out, in->at, length);
    in->at += length;
    in->left -= length;
    return true;
}

static const char *get_text(payload *in, size_t *length) {
    uint64_t size;
    if (!get_bytes(in, &size, sizeof size) || size > in->left) return NULL;
    char *text = base_arena_alloc(in->arena, (size_t)size + 1);
    get_bytes(in, text, (size_t)size);
    *length = (size_t)size;
    return text;
}

base_status hpo_init_payload_decode(const void *bytes, size_t length, base_arena *arena, hpo_forkserver_study *study,
                                    base_err *err) {
    payload in = {.at = bytes, .left = length, .arena = arena};
    uint64_t head[5];
    size_t ignored;
    bool good = get_bytes(&in, head, sizeof head) && head[1] <= in.left / sizeof(uint64_t);
    const char **sets = BASE_NEW_ARRAY(arena, good ? (size_t)head[1] : 0, const char *);
    *study = (hpo_forkserver_study){.seed = good ? head[0] : 0, .n_sets = good ? (size_t)head[1] : 0, .sets = sets};
    if (good) study->place = (hpo_place){(uint32_t)head[2], (uint32_t)head[3], (uint32_t)head[4]};
    good = good && (study->file = get_text(&in, &ignored)) != NULL;
    good = good && (study->run_dir = get_text(&in, &ignored)) != NULL;
    good = good && (study->log_path = get_text(&in, &ignored)) != NULL;
    good = good && (study->visible = get_text(&in, &ignored)) != NULL;
    good = good && (study->text = get_text(&in, &study->length)) != NULL;
    for (size_t i = 0; good && i < study->n_sets; i++) good = (sets[i] = get_text(&in, &ignored)) != NULL;
    if (!good || in.left) return BASE_FAIL(err, BASE_CORRUPT, "INIT brings %zu bytes that are not a study", length);
    return BASE_OK;
}
