/* The share of a core. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/pace.h"

#include <assert.h>

void pace_init(struct pace *pace, int64_t percent, int64_t now_us, int64_t cpu_us)
{
    assert(percent > 0);
    *pace = (struct pace){.percent = percent, .now_us = now_us, .cpu_us = cpu_us};
}

int64_t pace_wait_us(struct pace *pace, int64_t now_us, int64_t cpu_us)
{
    pace->credit_us += (now_us - pace->now_us) * pace->percent / 100 - (cpu_us - pace->cpu_us);
    pace->now_us = now_us;
    pace->cpu_us = cpu_us;
    if (pace->credit_us > PACE_CREDIT_US)
        pace->credit_us = PACE_CREDIT_US;
    if (pace->credit_us < -PACE_DEBT_US)
        pace->credit_us = -PACE_DEBT_US;
    return pace->credit_us >= 0 ? 0 : -pace->credit_us * 100 / pace->percent;
}
