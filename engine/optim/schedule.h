/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Learning-rate schedules: a factor of the base rate as a pure function of (step, total), so that training continued
 * from a checkpoint sees the same rates. */
#ifndef ENG_SCHEDULE_H
#define ENG_SCHEDULE_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_schedule_config {
    double warmup;     /* all: steps of linear warm-up: factor (step + 1) / warmup, then the schedule from its start */
    double final;      /* linear, exponential, cosine, sgdr: factor at the end, > 0 for exponential */
    double gamma;      /* step: factor of each drop */
    double every;      /* step: steps between drops */
    double period;     /* sgdr: steps of the first cycle */
    double multiplier; /* sgdr: each cycle is so many times longer, >= 1 */
} eng_schedule_config;

typedef struct eng_schedule_type {
    const char *name, *summary;
    eng_schedule_config
        defaults; /* lengths 0: set them in steps (0 with total known: a third for step, a tenth for sgdr) */
    const char *const *settings; /* names of its own fields of the config, NULL-terminated */
    /* t = steps since the warm-up, total = steps without it. */
    double (*factor)(const eng_schedule_config *config, double t, double total);
} eng_schedule_type;

#define ENG_SCHEDULE_LIST(X)                                                                                           \
    X(constant)                                                                                                        \
    X(linear)                                                                                                          \
    X(exponential)                                                                                                     \
    X(step)                                                                                                            \
    X(cosine)                                                                                                          \
    X(sgdr)

#define ENG_SCHEDULE_EXTERN(name) extern const eng_schedule_type eng_schedule_##name;
ENG_SCHEDULE_LIST(ENG_SCHEDULE_EXTERN)
#undef ENG_SCHEDULE_EXTERN

extern const char *const eng_schedule_names[];                /* NULL-terminated */
const eng_schedule_type *eng_schedule_find(const char *name); /* or NULL */

/* BASE_INVALID names a setting out of bounds. */
BASE_CHECK base_status eng_schedule_check(const eng_schedule_type *type, const eng_schedule_config *config,
                                          base_err *err);
/* The factor for step 0, 1, ..., total - 1; steps past the end keep the end's value. */
double eng_schedule_factor(const eng_schedule_type *type, const eng_schedule_config *config, uint64_t step,
                           uint64_t total);

#ifdef __cplusplus
}
#endif
#endif
