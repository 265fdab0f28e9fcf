/* The state of the trader process, shared by its files: each owns the part that it is named after. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_STATE_H
#define WICK_TRADER_STATE_H

#include "lib/runtime/service.h"
#include "trader/archive.h"
#include "trader/desk.h"
#include "trader/tenure.h"

#include <stdbool.h>
#include <stdint.h>

/* How far the start has come. Nothing is decided before LIVE. */
enum phase {
    PHASE_LEASE,   /* another trader may hold the lease */
    PHASE_LEDGER,  /* asked for account, positions, orders */
    PHASE_SIGNALS, /* asked for the newest signals: those that were decided */
    PHASE_DAY,     /* asked for the equity when the day began */
    PHASE_MARKET,  /* waits for the first instruments and tickers */
    PHASE_LIVE,
    PHASE_BROKEN,  /* the ledger is not sound or cannot be stored: a person must look */
};

enum { RESTORE_SILENCE_MS = 5000, RESTORE_RETRY_MS = 1000 };

struct restore {
    uint64_t query; /* id of the question that is open */
    uint32_t parts; /* of its answer that came */
    int64_t ask_ms; /* monotonic: when it is asked again, unless something is heard */
    bool found;     /* the store has an account */
    bool day_found; /* and one of the day of the last account */
};

enum {
    PORTFOLIO_PERIOD_MS = 200,
    CURVE_PERIOD_MS = 10000,
    CURVE_DUE = -1, /* a day begins with a point of its own */
    POSITIONS_SHOWN_MAX = 1000,
};

/* What is told to others. */
struct broadcast {
    uint64_t sequence;     /* of the last message published */
    bool due;              /* something changed since the last portfolio message */
    int64_t portfolio_ms;  /* monotonic, of that message */
    int64_t curve_ms;      /* monotonic, of the last point of the equity curve; or CURVE_DUE */
    struct position rows[POSITIONS_SHOWN_MAX];
};

enum { FLATTEN_ASKERS_MAX = 8 };

/* A sale of everything that was asked for by hand and is not over. */
struct flattening {
    bool active;
    uint32_t askers; /* who are acked when nothing is left to sell */
    struct origin asker[FLATTEN_ASKERS_MAX];
};

struct trader {
    int64_t market_ms; /* monotonic, since when the market is needed */
    struct desk desk;
    struct tenure tenure;
    struct archive archive;
    struct restore restore;
    struct broadcast broadcast;
    struct flattening flattening;
    enum phase phase;
    bool refused;  /* the last request for the lease was: another trader holds it */
    bool stopping;
    int64_t lease_asked_ms; /* monotonic */
    int64_t reported_ms;    /* monotonic */
    char broken[TEXT_SIZE - 16]; /* why it is */
};

/* Whether signals and commands may be decided now. */
bool trader_may_act(const struct trader *trader, int64_t now_ms);

/* Takes a change of the ledger: sends it to the store and tells everybody. `origin`: who sent the signal, or NULL. */
void trader_record(struct trader *trader, struct service_context *context, const struct change *change,
                   const struct origin *origin);

/* Nothing is decided any more; the error chain says why. The process stays, so that people see it. */
void trader_break(struct trader *trader, const char *event);

/* Ends the process at once, status 1: who starts it again gets a state that is sound. The error chain says why. */
_Noreturn void trader_fail(const char *event);

/* restore.c: from the lease to LIVE. */
void restore_begin(struct trader *trader, struct service_context *context, int64_t now_ms);
void restore_tick(struct trader *trader, struct service_context *context, int64_t now_ms);
void restore_answer(struct trader *trader, struct service_context *context, struct answer *answer);
/* After tickers or instruments came. */
void restore_check_market(struct trader *trader, struct service_context *context);

/* portfolio.c: what dashboards are told. */
void portfolio_publish_if_due(struct trader *trader, struct service_context *context, int64_t now_ms);
void portfolio_publish_event(struct trader *trader, struct service_context *context, const struct change *change);
void portfolio_send(struct trader *trader, struct service_context *context, const struct peer *peer);

/* command.c: what a person asks for. */
int command_take(struct trader *trader, struct service_context *context, const struct origin *origin,
                 enum action action) MUST_CHECK;
/* Goes on selling what a flatten could not sell yet. */
void flatten_step(struct trader *trader, struct service_context *context);

/* status.c: what /readyz, metrics and reports say. */
void status_update(struct trader *trader, struct service_context *context, int64_t now_ms);
void status_report(struct trader *trader, struct service_context *context, int64_t now_ms);

#endif
