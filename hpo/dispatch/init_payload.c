/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The payload of INIT: seed, place and number of sets, then file, run_dir, log_path, the visible devices, the study's
 * text, and the sets. */
#include "hpo/dispatch/init_payload.h"

#include <string.h>

#include "hpo/dispatch/fields.h"

void hpo_init_payload_encode(const hpo_forkserver_study *study, base_buf *out) {
    const hpo_place *place = &study->place;
    const uint64_t head[] = {study->seed, study->n_sets, place->worker, place->local, place->n_local};
    base_buf_append(out, head, sizeof head);
    hpo_put_sentence(out, study->file);
    hpo_put_sentence(out, study->run_dir);
    hpo_put_sentence(out, study->log_path);
    hpo_put_sentence(out, study->visible);
    hpo_put_text(out, study->text, study->length);
    for (size_t i = 0; i < study->n_sets; i++) hpo_put_sentence(out, study->sets[i]);
}

base_status hpo_init_payload_decode(const void *bytes, size_t length, base_arena *arena, hpo_forkserver_study *study,
                                    base_err *err) {
    hpo_fields in = {.at = bytes, .left = length};
    *study = (hpo_forkserver_study){.seed = hpo_take_u64(&in)};
    const uint64_t n_sets = hpo_take_u64(&in);
    study->place.worker = (uint32_t)hpo_take_u64(&in);
    study->place.local = (uint32_t)hpo_take_u64(&in);
    study->place.n_local = (uint32_t)hpo_take_u64(&in);
    study->file = hpo_take_copy(&in, arena, NULL);
    study->run_dir = hpo_take_copy(&in, arena, NULL);
    study->log_path = hpo_take_copy(&in, arena, NULL);
    study->visible = hpo_take_copy(&in, arena, NULL);
    study->text = hpo_take_copy(&in, arena, &study->length);
    if (n_sets > in.left / sizeof(uint64_t)) in.failed = true;
    study->n_sets = in.failed ? 0 : (size_t)n_sets;
    const char **sets = BASE_NEW_ARRAY(arena, study->n_sets, const char *);
    for (size_t i = 0; i < study->n_sets; i++) sets[i] = hpo_take_copy(&in, arena, NULL);
    study->sets = sets;
    if (in.failed || in.left) return BASE_FAIL(err, BASE_CORRUPT, "INIT brings %zu bytes that are not a study", length);
    return BASE_OK;
}
