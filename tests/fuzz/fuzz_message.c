/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between ranks, and the study that INIT brings. What is decoded and encoded again is the same message. */
#include <stdlib.h>
#include <string.h>

#include "hpo/dispatch/init_payload.h"
#include "tests/fuzz/fuzz.h"

static void take_study(const hpo_message *message) {
    base_arena *arena = base_arena_create();
    hpo_forkserver_study study;
    base_err err = {0};
    if (hpo_init_payload_decode(message->text, message->text_length, arena, &study, &err) == BASE_OK) {
        base_buf again = {0};
        hpo_init_payload_encode(&study, &again);
        base_buf_fini(&again);
    }
    base_arena_destroy(arena);
}

static void check_encoded(const hpo_message *message) {
    base_buf once = {0}, twice = {0};
    base_err err = {0};
    hpo_message again;
    hpo_message_encode(message, &once);
    BASE_ASSERT(hpo_message_decode(once.data, once.length, &again, &err) == BASE_OK);
    hpo_message_encode(&again, &twice);
    BASE_ASSERT(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    base_buf_fini(&once);
    base_buf_fini(&twice);
}

/* Makes the header that of this protocol's version and of this length: an older version's inputs are of use, too. */
static void mend_header(uint8_t *bytes, size_t size) {
    enum { LENGTH_AT = 8, SAME = 6 }; /* in the header; bytes that all messages have in common */
    const hpo_message bye = {.kind = HPO_MESSAGE_BYE};
    const uint32_t length = (uint32_t)size;
    base_buf own = {0};
    hpo_message_encode(&bye, &own);
    memcpy(bytes, own.data, SAME);
    memcpy(bytes + LENGTH_AT, &length, sizeof length);
    base_buf_fini(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    uint8_t *bytes = base_malloc(size > 0 ? size : 1); /* aligned as messages are */
    if (size > 0) memcpy(bytes, data, size);
    if (choice & 1 && size >= HPO_MESSAGE_HEADER) mend_header(bytes, size);
    hpo_message message;
    base_err err = {0};
    if (hpo_message_decode(bytes, size, &message, &err) == BASE_OK) {
        BASE_ASSERT(message.text[message.text_length] == '\0' && message.host != NULL);
        if (message.kind == HPO_MESSAGE_INIT) take_study(&message);
        check_encoded(&message);
    } else {
        BASE_ASSERT(err.text[0] != '\0');
    }
    free(bytes);
    return 0;
}
