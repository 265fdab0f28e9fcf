/* Feeds the strategies of one series. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/series_work.h"

#include "lib/series/candle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void strategy_set_init(struct strategy_set *set, const struct config *config)
{
    *set = (struct strategy_set){.config = config};
    for (size_t i = 0; i < strategy_count; i++) {
        if (!strategies[i]->enabled(config))
            continue;
        set->places[set->count++] = (struct strategy_place){
            .strategy = strategies[i],
            .warm_up = strategies[i]->warm_up(config),
            .offset = set->states_size,
        };
        size_t size = strategies[i]->state_size(config);
        set->states_size += (size + sizeof(double) - 1) / sizeof(double) * sizeof(double);
    }
}

size_t series_work_size(const struct strategy_set *set)
{
    return sizeof(struct series_work) + set->states_size;
}

void series_work_init(struct series_work *series, const char *symbol, uint32_t interval_s)
{
    *series = (struct series_work){.interval_s = interval_s, .last_ms = -1};
    (void)snprintf(series->symbol, sizeof series->symbol, "%s", symbol);
}

void series_work_restart(struct series_work *series, const struct strategy_set *set)
{
    series->last_ms = -1;
    series->fed = 0;
    memset(series->states, 0, set->states_size);
    for (size_t i = 0; i < set->count; i++)
        set->places[i].strategy->init(series->states + set->places[i].offset, set->config);
}

size_t series_work_feed(struct series_work *series, const struct strategy_set *set, const struct candle *candle,
                        struct series_decision decisions[STRATEGIES_MAX])
{
    assert(candle->open_time_ms > series->last_ms);
    struct bar bar = candle_bar(candle);
    bool fires = candle->open_time_ms >= series->fire_from_ms && candle->open_time_ms >= series->takeover_ms;
    size_t count = 0;
    series->fed += series->fed < UINT32_MAX;
    series->last_ms = candle->open_time_ms;
    for (size_t i = 0; i < set->count; i++) {
        const struct strategy_place *place = &set->places[i];
        enum decision decision = place->strategy->next(series->states + place->offset, &bar);
        if (decision != DECISION_NONE && fires && series->fed >= place->warm_up)
            decisions[count++] = (struct series_decision){.strategy = place->strategy, .decision = decision};
    }
    return count;
}
