/* The work on one series: the state of every enabled strategy, fed candle by candle. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_ANALYZER_SERIES_WORK_H
#define WICK_ANALYZER_SERIES_WORK_H

#include "lib/strategy/strategy.h"
#include "proto/message.h"

#include <stddef.h>
#include <stdint.h>

/* The enabled strategies, and where each has its state in a series' block. */
struct strategy_set {
    const struct config *config;
    size_t count;
    struct strategy_place {
        const struct strategy *strategy;
        uint32_t warm_up;
        size_t offset; /* in series_work.states */
    } places[STRATEGIES_MAX];
    size_t states_size; /* bytes of one series */
};

/* config must outlive the set. */
void strategy_set_init(struct strategy_set *set, const struct config *config);

struct series_work {
    struct series_work *next; /* of the same shard, or of the spare ones */
    char symbol[SYMBOL_SIZE];
    uint32_t interval_s;
    uint32_t round;        /* of the last snapshot that it was in */
    uint32_t fed;          /* candles since the start, saturating */
    int64_t last_ms;       /* open time of the newest candle fed and decided on; -1: none since the start */
    int64_t fire_from_ms;  /* by the fetcher's word: what opens before is history */
    int64_t takeover_ms;   /* candles of the snapshot it began with that open before only warm up */
    _Alignas(double) unsigned char states[];
};

/* Bytes of one series. */
size_t series_work_size(const struct strategy_set *set);

/* Makes zeroed memory of series_work_size() bytes a series that has seen nothing. */
void series_work_init(struct series_work *series, const char *symbol, uint32_t interval_s);

/* Begins anew, with indicators that have seen nothing. */
void series_work_restart(struct series_work *series, const struct strategy_set *set);

/* What a strategy decided on a candle that fires. */
struct series_decision {
    const struct strategy *strategy;
    enum decision decision; /* never DECISION_NONE */
};

/* Feeds the next candle, which opens after last_ms, to every strategy; writes the decisions that are to be sent and
 * returns how many there are. A decision is sent when its strategy is warm, and the candle is neither history nor
 * part of the warm-up. */
size_t series_work_feed(struct series_work *series, const struct strategy_set *set, const struct candle *candle,
                        struct series_decision decisions[STRATEGIES_MAX]);

#endif
