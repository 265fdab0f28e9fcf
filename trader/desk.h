/* The trading desk: what the trader knows and how it decides, without a socket, a file or a clock.
 *
 * It is fed with tickers, instruments and signals, and answers each signal with what becomes of it and with the
 * change of the ledger that must be stored with it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_DESK_H
#define WICK_TRADER_DESK_H

#include "lib/base/error.h"
#include "lib/ledger/broker.h"
#include "lib/ledger/known_set.h"
#include "lib/ledger/ledger.h"
#include "lib/ledger/limits.h"
#include "lib/runtime/config.h"
#include "proto/message.h"
#include "proto/shard.h"
#include "trader/markets.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DESK_SIGNALS_KNOWN = 1 << 16, /* the newest signals of which a repetition is noticed here, at least */
    DESK_POLL_MIN_MS = 100,       /* of our clock: the fetcher polls no faster */
    DESK_SETTLE_TICKS = 2,        /* polls until a market of which nothing has come counts as unknown */
};

/* From the configuration. */
struct desk_options {
    char exchange[NAME_SIZE];
    char quote_asset[NAME_SIZE];
    struct amount start_cash;
    struct amount stake;
    struct broker_terms terms;
    struct limits_options limits;
};

struct desk {
    struct desk_options options;
    const struct broker *broker;
    struct markets markets;
    struct ledger ledger;
    struct known_set known; /* signals that were decided */
    enum trading_mode mode;
    uint64_t epochs[SHARDS];   /* the newest that a signal of the shard bore */
    int64_t exchange_ms;       /* the newest time of the exchange's clock; 0: none yet */
    int64_t first_exchange_ms; /* the first one; 0: none yet */
    int64_t account_ms;        /* of the last account; each gets a later one */
    uint64_t outcomes[outcome_COUNT]; /* signals decided since the start */
};

/* What must be stored as a whole. */
struct change {
    bool decided; /* outcome is set */
    bool traded;  /* order, fill and position are set */
    bool counted; /* account is set */
    struct signal_outcome outcome;
    struct order order;
    struct fill fill;
    struct position position;
    struct account account;
};

/* What is to be done with a signal. */
enum desk_answer {
    DESK_DECIDED,   /* the change holds its outcome; ack when that is stored */
    DESK_DUPLICATE, /* it was decided before */
    DESK_FENCED,    /* its lease is over */
    DESK_INVALID,   /* it can never be accepted; the error chain says why */
    DESK_LATER,     /* nothing of its market has come yet, but may still: no answer, so that it is sent again */
};

/* The options as the configuration says them. ERROR_RANGE. */
int desk_options_read(const struct config *config, struct desk_options *out) MUST_CHECK;

/* The ledger is that of the account of the exchange, the quote asset, and what the broker deals with: paper or live money.
 * ERROR_MEMORY; nothing is allocated later. `chosen` is copied. */
int desk_init(struct desk *desk, const struct desk_options *chosen, const struct broker *broker) MUST_CHECK;
void desk_release(struct desk *desk);

/* Takes tickers, marks what is held, moves the exchange's clock on and turns its day. *day_turned says whether a new
 * day began. Rows that cannot be true are left out and counted in *refused. */
void desk_take_tickers(struct desk *desk, struct tickers *tickers, uint32_t *refused, bool *day_turned);

/* Takes instruments, if they are of this exchange; counts refused rows. */
void desk_take_instruments(struct desk *desk, struct instruments *instruments, uint32_t *refused);

/* Decides a signal, now. With DESK_DECIDED the ledger has changed and *change must be stored. */
enum desk_answer desk_take_signal(struct desk *desk, const struct signal *signal, struct change *change);

/* Sells what is held of a row of the ledger, by hand. REASONS when it did and *change must be stored, otherwise the
 * reason why not. */
enum reason desk_flatten(struct desk *desk, uint32_t row, struct change *change);

/* The totals now, as a point of the equity curve with a time of its own: the exchange's, but later than any before. */
struct account desk_account(struct desk *desk);

#endif
