/* Rows that were passed over: the same row is asked for again and again, and told once. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/refusals.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>

/* FNV-1a. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

void refusals_tell(struct refusals *refusals, const char *kind, const char *symbol,
                   const struct exchange_refusal *refusal)
{
    const char *name = refusal->name[0] != '\0' ? refusal->name : symbol;
    uint64_t hash = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), name), refusal->why);
    hash = (hash ^ (uint64_t)refusal->open_time_ms) * UINT64_C(0x100000001b3);
    metric_add(METRIC_rows_refused_total, 1);
    for (size_t i = 0; i < REFUSALS_REMEMBERED; i++)
        if (refusals->told[i] == hash)
            return;
    refusals->told[refusals->next] = hash;
    refusals->next = (refusals->next + 1) % REFUSALS_REMEMBERED;
    if (refusal->open_time_ms >= 0)
        log_warn("row_refused", log_text("request", kind), log_text("symbol", name),
                 log_int("open_time_ms", refusal->open_time_ms), log_text("error", refusal->why));
    else
        log_warn("row_refused", log_text("request", kind), log_text("symbol", name), log_text("error", refusal->why));
}
