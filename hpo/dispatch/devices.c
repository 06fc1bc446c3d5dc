/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices are dealt out by the worker's number on its host, which every launcher tells: no two workers have to speak.
 *
 * Entries are names to us, passed on as they are: numbers, UUIDs, parts of a device (MIG). Without `gpus` a list that
 * the run inherits is divided evenly when it has enough for every worker; a batch system that gives one device to eight
 * workers is no mistake as long as nobody was promised a device of its own.
 *
 * AMD's two layers filter one after the other: ROCR_VISIBLE_DEVICES first, and what HIP_VISIBLE_DEVICES or
 * CUDA_VISIBLE_DEVICES number are those that are left. The same number in both would leave none. So one layer is set:
 * the lower one where the run was given a list there alone, else the upper one. */
#include "hpo/dispatch/devices.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define CUDA "CUDA_VISIBLE_DEVICES"
#define HIP  "HIP_VISIBLE_DEVICES"
#define ROCR "ROCR_VISIBLE_DEVICES"

const char *hpo_devices_inherited(void) {
    const char *upper = getenv(CUDA) ? getenv(CUDA) : getenv(HIP);
    return upper ? upper : getenv(ROCR);
}

void hpo_devices_set(const char *visible) {
    if (getenv(ROCR) && !getenv(CUDA) && !getenv(HIP)) {
        setenv(ROCR, visible, 1);
        return;
    }
    setenv(CUDA, visible, 1);
    setenv(HIP, visible, 1);
}

typedef struct device_list {
    const char **name;
    size_t count;
} device_list;

/* Entries lie between commas; blanks around them are not theirs. "" holds none, and so does "-1" in its place. */
static device_list split(base_arena *arena, const char *text) {
    device_list list = {.name = BASE_NEW_ARRAY(arena, strlen(text) + 1, const char *)};
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, ",");
        const char *begin = at + strspn(at, " \t");
        size_t kept = begin < at + length ? (size_t)(at + length - begin) : 0;
        while (kept && strchr(" \t", begin[kept - 1])) kept--;
        const char *name = base_arena_strndup(arena, begin, kept);
        if (strcmp(name, "-1") == 0) break; /* the driver does not read on */
        if (kept) list.name[list.count++] = name;
        at += length + (at[length] == ',');
    }
    return list;
}

static device_list known_devices(const hpo_devices *devices, const char *inherited, base_arena *arena) {
    if (devices->names) return (device_list){.name = (const char **)devices->names, .count = devices->count};
    return inherited ? split(arena, inherited) : (device_list){0};
}

static base_status fail_few(const hpo_devices *devices, const device_list *list, size_t workers, size_t each,
                            base_err *err) {
    const char *source = devices->names ? "trial.devices" : "the environment";
    if (!list->count && !devices->names)
        return BASE_FAIL(err, BASE_INVALID,
                         "trial.gpus is %zu, but no devices are known: write trial.devices, or set "
                         "CUDA_VISIBLE_DEVICES",
                         each);
    return BASE_FAIL(err, BASE_INVALID,
                     "%zu workers on a host need %zu devices, but %s names %zu; start fewer workers, or write "
                     "trial.share_devices: true",
                     workers, workers * each, source, list->count);
}

static void append(const device_list *list, size_t first, size_t count, base_buf *out) {
    for (size_t i = 0; i < count; i++)
        base_buf_printf(out, "%s%s", i ? "," : "", list->name[(first + i) % list->count]);
}

base_status hpo_devices_choose(const hpo_devices *devices, const char *inherited, const hpo_place *place,
                               base_buf *visible, base_err *err) {
    bool promised = devices->gpus > 0 || devices->names;
    size_t workers = place->n_local > place->local ? place->n_local : (size_t)place->local + 1;
    if (!promised && devices->share) return BASE_OK;
    base_arena *arena = base_arena_create();
    device_list list = known_devices(devices, inherited, arena);
    size_t each = devices->gpus > 0 ? (size_t)devices->gpus : list.count / workers;
    if (promised && each == 0) each = 1;
    base_status status = BASE_OK;
    bool enough = list.count >= workers * each;
    if (promised && (!list.count || (!enough && !devices->share)))
        status = fail_few(devices, &list, workers, each, err);
    else if (list.count && each)
        append(&list, place->local * each, each < list.count ? each : list.count, visible);
    base_arena_destroy(arena);
    return status;
}
