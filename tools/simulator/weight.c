/* Counting by the minute, and bans that double. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/weight.h"

enum { MINUTE_MS = 60000 };

static int ban_length_s(int bans_before)
{
    int seconds = WEIGHT_FIRST_BAN_S;
    for (int i = 0; i < bans_before && seconds < WEIGHT_LONGEST_BAN_S; i++)
        seconds *= 2;
    return seconds < WEIGHT_LONGEST_BAN_S ? seconds : WEIGHT_LONGEST_BAN_S;
}

static bool is_banned(struct weight_meter *meter, int64_t now_ms, bool *new_ban)
{
    *new_ban = false;
    if (now_ms < meter->banned_until_ms)
        return true;
    if (now_ms < meter->planned_ban_ms || now_ms >= meter->planned_ban_end_ms)
        return false;
    meter->banned_until_ms = meter->planned_ban_end_ms;
    *new_ban = true;
    return true;
}

static bool is_limited(const struct weight_meter *meter, int64_t now_ms)
{
    return now_ms >= meter->planned_limit_ms && now_ms < meter->planned_limit_end_ms;
}

enum weight_verdict weight_charge(struct weight_meter *meter, int64_t now_ms, int weight, bool *new_ban)
{
    if (now_ms / MINUTE_MS != meter->minute) {
        meter->minute = now_ms / MINUTE_MS;
        meter->used = meter->refused = 0;
    }
    if (is_banned(meter, now_ms, new_ban))
        return WEIGHT_BANNED;
    meter->used += weight;
    if (is_limited(meter, now_ms))
        return WEIGHT_OVER;
    if (meter->used <= WEIGHT_LIMIT)
        return WEIGHT_OK;
    if (++meter->refused <= WEIGHT_PATIENCE)
        return WEIGHT_OVER;
    meter->banned_until_ms = now_ms + (int64_t)ban_length_s(meter->bans) * 1000;
    meter->bans++;
    meter->refused = 0;
    *new_ban = true;
    return WEIGHT_BANNED;
}

int weight_retry_after_s(const struct weight_meter *meter, int64_t now_ms, enum weight_verdict verdict)
{
    int64_t end_ms = verdict == WEIGHT_BANNED     ? meter->banned_until_ms
                     : is_limited(meter, now_ms) ? meter->planned_limit_end_ms
                                                 : (meter->minute + 1) * MINUTE_MS;
    int64_t seconds = (end_ms - now_ms + 999) / 1000;
    return seconds < 1 ? 1 : (int)seconds;
}
