/* A stage for the trader: the real process code, with the runtime's functions and a persister played in memory.
 * Time stands still until a test moves it; nothing is lost unless a test wants it lost. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_TRADER_STAGE_H
#define WICK_TESTS_TRADER_STAGE_H

#include "lib/runtime/service.h"
#include "trader/state.h"

#include <stdbool.h>
#include <stdint.h>

enum { STAGE_ROWS_MAX = 8192, STAGE_STEP_MS = 50, STAGE_MARKETS = 40, STAGE_POSITIONS_MAX = 4 * STAGE_MARKETS };

/* What the played persister keeps, by the rules of the real one: the first outcome and fill of a key stay. */
struct shelf {
    struct signal_outcome outcomes[STAGE_ROWS_MAX];
    struct key keys[STAGE_ROWS_MAX];        /* of the outcomes */
    char order_ids[STAGE_ROWS_MAX][NAME_SIZE]; /* of the orders that they may have */
    struct order orders[STAGE_ROWS_MAX];
    struct fill fills[STAGE_ROWS_MAX];
    struct position positions[STAGE_POSITIONS_MAX];
    struct account accounts[STAGE_ROWS_MAX];
    int outcome_count, order_count, fill_count, position_count, account_count;
    uint64_t holder, generation; /* of the lease */
    int64_t expires_ms;
};

/* How the persister behaves. */
struct persister_mood {
    bool away;              /* it reads nothing and says nothing */
    bool silent;            /* it writes, and its acks and answers get lost */
    bool deaf;              /* it answers leases and queries, and loses what is to be written */
    uint32_t loses_part;    /* of the next answer to a query; the first is 1 */
    enum verdict verdict;   /* that it answers what it has written */
};

struct stage {
    struct config config;
    struct service_context context;
    struct trader *trader;
    struct shelf shelf;
    struct persister_mood mood;
    int64_t now_ms;      /* monotonic */
    int64_t exchange_ms; /* of the last tickers */
    /* What the trader said since the last stage_forget. */
    struct ack acks[STAGE_ROWS_MAX]; /* on the signals link */
    uint8_t ack_peers[STAGE_ROWS_MAX];
    int ack_count;
    struct ack command_acks[16];
    int command_ack_count;
    int deliveries;                  /* of store_ledger that were read, repeated ones too */
    int rows_in_last;                /* rows of the last one */
    int events, portfolios;          /* published */
    int portfolios_sent;             /* answered on the command link */
    struct portfolio portfolio;      /* the last one; its list does not live */
    struct portfolio_event event;    /* likewise */
    int reports;
    int releases;                    /* of the lease */
    int reconnects[LINKS];
    bool stopped;                    /* loop_stop was called */
    enum process_status status;
    char detail[TEXT_SIZE];
};

extern struct stage stage;

/* Sets everything back: an empty store, the configuration's defaults, a market of STAGE_MARKETS. */
void stage_reset(void);

/* Starts a trader, or starts it again: what was on its way is lost. */
void stage_start(void);

/* Ends it as SIGKILL does. */
void stage_kill(void);

/* Lets time pass, a tick every STAGE_STEP_MS, and everything that is sent arrive. */
void stage_run(int64_t milliseconds);

/* Hands everything that was sent over, without letting time pass. */
void stage_settle(void);

/* Publishes instruments and tickers of all markets; bid and ask are 100 and 100.1 times `factor` percent. */
void stage_publish_instruments(void);
void stage_publish_tickers(int64_t exchange_ms, int factor);

/* Starts and gets it to LIVE. */
void stage_start_live(void);

/* A signal of a market by number, on a candle of 5m that closed at the exchange's time now, older by `candles`. */
struct signal stage_signal(const char *strategy, int market, enum side side, int candles);

/* Sends a signal from an analyzer by number; its answer is in acks. */
void stage_send_signal(uint8_t analyzer, const struct signal *signal);

/* Sends any message to the trader; the code that it returned. */
int stage_tell(enum link link, uint8_t peer, enum record record, const void *message);

/* Empties what was noted. */
void stage_forget(void);

/* The verdict of the last ack with this sequence, or -1. */
int stage_verdict(uint64_t sequence);

/* The stored outcome of a signal, or NULL. */
const struct signal_outcome *stage_outcome(const struct signal *signal);

/* Sends a signal, lets everything arrive, and says the reason of its stored outcome; "none" if there is none. */
const char *stage_reason(const struct signal *signal);

/* How many things are wrong with what is stored, of whatever account: the identity, fills against positions, cash, orders, outcomes. */
int stage_faults(void);

#endif
