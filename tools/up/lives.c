/* The last deaths in a ring. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/lives.h"

enum life_verdict lives_died(struct lives *lives, int64_t now_ms, bool was_ready)
{
    int64_t *oldest = &lives->deaths_ms[lives->deaths % LIVES_DEATHS_MAX];
    bool too_often = lives->deaths >= LIVES_DEATHS_MAX && now_ms - *oldest < LIVES_WINDOW_MS;
    *oldest = now_ms;
    lives->deaths++;
    lives->stillborn = was_ready ? 0 : lives->stillborn + 1;
    if (too_often)
        return LIFE_TOO_OFTEN;
    return lives->stillborn >= LIVES_STILLBORN_MAX ? LIFE_NEVER_READY : LIFE_AGAIN;
}
