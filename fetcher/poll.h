/* The asking: which request is due, its price, what becomes of its answer.
 *
 * Every request is a job with a time at which it is due. There are few kinds: the exchange's clock, its list of
 * markets, a chunk of tickers, the candles of one series. The candles of a series are due when the next one closes;
 * what is asked for then is always everything from the newest that is held to the newest that has closed, so a fresh
 * series, a candle that has just closed and a gap of hours are one case. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_POLL_H
#define WICK_FETCHER_POLL_H

#include "fetcher/archive.h"
#include "fetcher/fill.h"
#include "fetcher/intake.h"
#include "fetcher/market.h"
#include "fetcher/publish.h"
#include "fetcher/refusals.h"
#include "fetcher/revisions.h"
#include "fetcher/schedule.h"
#include "fetcher/stuck.h"
#include "fetcher/universe.h"
#include "lib/exchange/budget.h"
#include "lib/exchange/exchange_clock.h"
#include "lib/exchange/http_client.h"

enum {
    POLL_URL_SIZE = 200,
    POLL_TIME_MS = 30000,          /* how often the exchange's clock is read, */
    POLL_TIME_FIRST = 4,           /* but for the first few times, */
    POLL_TIME_FIRST_MS = 200,      /* which follow each other so fast, */
    POLL_TIME_DOUBT_MS = 3000,     /* and while it is far from what it was */
    POLL_REFRESH_LEAST_MS = 1000,  /* the list of markets is read no more often, however fast the exchange's clock runs */
    POLL_INSTRUMENTS_SOON_MS = 60000, /* how soon it is read again when a market seems to be gone, */
    POLL_INSTRUMENTS_AGAIN_MS = 5000, /* or when nothing could be chosen from it */
    POLL_AGE_FAILURES = 10,        /* a market whose age could not be had so often, and not be read at last, is young */
    POLL_CLOCK_AGAIN_MS = 50,      /* what needs the exchange's clock waits so long for it */
    POLL_TICK_LEAST_MS = 100,      /* tickers are never polled more often, however fast the exchange's clock runs */
    POLL_HALTED_MS = 60000,        /* of exchange time: a market that does not trade is asked for no more often, */
    POLL_HALTED_LEAST_MS = 1000,   /* and after at least this much of ours */
    POLL_REFUSED_MS = 60000,       /* a request that the exchange refuses is tried again after so long, */
    POLL_UNKNOWN_MS = 3600000,     /* for candles of a market that does not trade after so long, */
    POLL_REFUSED_TICKERS_MS = 2000, /* tickers earlier: the list of markets was asked for meanwhile */
    POLL_SEARCH_MS = 100,          /* pause between two refused parts of a batch of tickers, */
    POLL_CULPRITS = 8,             /* and so many symbols are found in it at a time; */
    POLL_REST_MS = 600000,         /* the tickers of what it is are asked for again after so long */
    POLL_TROUBLE = 5,              /* after so many failures in a row, a success brings everything forward */
    POLL_CHUNK_MAX = 100,          /* symbols of a ticker request */
    POLL_REACH_SPARE = 5,          /* candles fewer than an exchange keeps are counted upon: its clock goes on */
    POLL_TICKERS_SHARE = 50,       /* percent of the budget that polls of the tickers are planned to use at most */
};

/* What is asked for, in the order in which those that are due are sent. POLL_SCAN are the tickers of the whole exchange,
 * POLL_AGES the daily candles of a market that may be chosen, POLL_FILL candles for the store alone. */
enum poll_kind { POLL_TIME, POLL_INSTRUMENTS, POLL_SCAN, POLL_CANDLES, POLL_AGES, POLL_TICKERS, POLL_FILL, POLL_KINDS };

/* A request that is under way. */
struct poll_flight {
    bool used;
    enum poll_kind kind;
    uint32_t index;       /* of the series, the candidate or the chunk */
    uint64_t series_id;   /* candles and fill: of the series, which may have gone meanwhile */
    int64_t first_open_ms; /* candles, ages and fill: the oldest that was asked for */
    int64_t last_open_ms; /* candles: the newest that was asked for, */
    bool through;         /* and whether it is the newest that has closed */
    int64_t exchange_ms;  /* the exchange's clock when it was sent */
    uint32_t asked;       /* tickers: of so many symbols, 0: of all, */
    char symbol[SYMBOL_SIZE]; /* and of this one if it is one */
};

/* A chunk of tickers. While a symbol is searched that the exchange does not know, a part of it is asked for. */
struct ticker_chunk {
    uint32_t failures;     /* requests in a row that failed */
    uint32_t first, count; /* markets of the chunk that are asked for; none: there is no search */
    uint32_t culprits;     /* that were found */
};

/* What became of a market's tickers in the answers. */
struct ticker_note {
    uint64_t answer; /* the last one that had it, by its number */
    uint32_t lacks;  /* answers in a row that should have had it, and had not */
};

struct streams; /* streams.h */

struct poll {
    struct service_context *context; /* borrowed, as all up to the universe */
    const struct exchange *exchange;
    struct market *market;
    struct publish *publish;
    struct archive *archive;
    struct revisions *revisions;
    struct filler *fill;
    struct universe *universe;
    struct streams *streams;
    /* So many candidates of the universe are chosen, all that is asked about them is known. A code: nothing can be
     * done with them, the list is read again soon. Otherwise it is read no more as long as universe.changing. */
    int (*on_chosen)(void *user, size_t count);
    void *user;

    char base_url[POLL_URL_SIZE];
    bool on;                  /* we hold the lease; otherwise nothing is sent, and answers are dropped */
    struct http_client *http; /* owned */
    struct budget budget;
    struct exchange_clock clock;
    int64_t grace_ms;         /* exchange time after a close */
    int64_t fallback_ms;      /* and how much later a candle that should come by stream is asked for */
    int64_t confirm_ms;       /* exchange time in which a series that comes by stream is confirmed */
    int64_t tick_ms;          /* our time between two polls of the tickers, */
    int64_t refresh_ms;       /* and between two readings of the list of markets */
    bool following;           /* the tickers are polled */
    int64_t banned_until_ms;  /* our wall clock */
    int64_t stopped_ms;       /* of the first answer that wanted us to stop since the last good one, monotonic; 0: none */
    char stop_why[STUCK_WHY_SIZE]; /* the exchange's words on it; empty: they were said before our start */
    int64_t blocked_until_ms[BUDGET_PRIORITIES]; /* monotonic; the budget is used up for them until then */
    int timer;

    struct schedule jobs[POLL_KINDS]; /* one, or one a series, a candidate, a chunk of tickers */
    uint32_t kind_failures[POLL_KINDS]; /* in a row, of kinds that have one job */
    struct ticker_chunk *ticker_chunks; /* owned */
    struct stuck stuck;                 /* what cannot be brought up to date */
    char whys[POLL_KINDS][STUCK_WHY_SIZE]; /* the newest failure of each kind since one succeeded */
    bool chooses;           /* what was asked about the candidates is known */
    uint32_t ages_waiting;  /* candidates whose age is being asked for */
    uint32_t chunk_count; /* ticker requests of one poll */
    size_t chunk_size;    /* symbols of each; 0: one request for all markets of the exchange, which is cheaper */
    uint32_t tickers_under_way;
    int64_t instruments_ms; /* monotonic, of the newest list; 0: none yet */
    uint32_t time_samples;
    uint32_t failures;      /* in a row, of all requests but for what is stuck */
    uint64_t successes;     /* since the start */
    uint32_t unlogged;      /* failures since one was logged, at */
    int64_t logged_ms;      /* monotonic */
    uint64_t random;        /* state of the generator that spreads retries */

    struct poll_flight flights[HTTP_CONNECTIONS_MAX];
    struct exchange_request request; /* the one that is being made */
    struct candle rows[EXCHANGE_CANDLES_MAX]; /* of the answer that is being read */
    size_t row_count;
    int64_t refused_ms[EXCHANGE_CANDLES_MAX]; /* open times of its rows that were passed over, as far as they are known, */
    size_t refused_count;
    uint32_t rows_told; /* of those that were passed over */
    const char *reading, *reading_symbol; /* its kind and its market, "" for none */
    char unnamed[200]; /* what was told of tickers without saying of which; empty: nothing */
    struct refusals refusals;
    char cursor[EXCHANGE_CURSOR_SIZE]; /* of the page of the list of markets that is asked for next; "": the first */
    uint32_t page;                     /* its number, from 0 */
    struct ticker *ticker_rows; /* the same; a row a market; owned */
    struct ticker_note *ticker_notes; /* a row a market, in the order of the market's; owned */
    size_t ticker_note_count;
    uint64_t ticker_answer; /* number of the answer with tickers that is being read, or was last */
    size_t ticker_count;
};

/* Opens the HTTP client and plans the clock and the list of markets. The pointers of the struct's first block are set
 * by the caller. ERROR_ARGUMENT for an exchange that is not known; other codes as http_client_open. */
int poll_open(struct poll *poll) MUST_CHECK;
void poll_close(struct poll *poll);

/* Whether requests are sent. */
void poll_set_on(struct poll *poll, bool on);

/* Makes room for the jobs of the market, after symbols came or went, and decides how tickers are asked for: in the way
 * that costs least, and as often as half of the budget allows. ERROR_MEMORY. */
int poll_prepare(struct poll *poll) MUST_CHECK;

/* Begins to poll tickers, and the candles of the series that are not followed yet: their rings hold what the store
 * has, their beginnings are confirmed. */
void poll_follow(struct poll *poll);

/* Asks at once for the candles of those that trade again. */
void poll_resume(struct poll *poll);

/* The store has acked candles of a series: its ring has room. */
void poll_on_stored(struct poll *poll, struct series *series);

/* Plans a series' next request anew, after streams have changed what is due: not while it is under way or is to be tried
 * again. */
void poll_replan(struct poll *poll, struct series *series);

/* Makes a series' request due as if it had no stream: at once if one of its candles has closed. */
void poll_hurry(struct poll *poll, struct series *series);

/* Takes candles of a series, ascending, as an answer to the request `flight`: through the intake, to the market link and
 * to the store. */
void poll_take(struct poll *poll, const struct poll_flight *flight, const struct candle *rows, size_t count,
               struct intake *out);

/* Whether the exchange may be asked now: we hold the lease, and it has not asked for a stop. */
bool poll_may_ask(const struct poll *poll);

/* Plans what is to be fetched for the store alone, as far as there is room. */
void poll_fill(struct poll *poll);

/* The exchange's time now. */
int64_t poll_exchange_ms(const struct poll *poll);

/* How many series wait for a candle that has closed. */
size_t poll_waiting(const struct poll *poll);

/* How long the exchange still wants nothing from us, on our clock; 0: it may be asked. */
int64_t poll_stop_left_ms(const struct poll *poll);

/* Between poll.c and poll_request.c: writes the request of a job into poll->request, and what of the flight follows from
 * it. ERROR_MISSING when nothing is to be asked for now; the codes of the adapters. */
int poll_make_request(struct poll *poll, struct poll_flight *flight) MUST_CHECK;

/* What a kind is called in the log. */
const char *poll_kind_name(enum poll_kind kind);

/* Between poll_request.c, poll_answer.c and poll_tickers.c: the request of a chunk, ERROR_MISSING when there is nothing
 * to be asked for; what follows when it was answered, and when it was refused, maybe because of a symbol. */
int poll_request_tickers(struct poll *poll, struct poll_flight *flight) MUST_CHECK;
void poll_tickers_succeeded(struct poll *poll, const struct poll_flight *flight);
void poll_tickers_refused(struct poll *poll, const struct poll_flight *flight, bool by_symbol);

/* Writes the symbols that a request of a whole chunk asked for, and returns how many; 0 where that cannot be said any
 * more. */
size_t poll_tickers_asked(const struct poll *poll, const struct poll_flight *flight, const char *symbols[POLL_CHUNK_MAX]);

/* Between poll.c and poll_answer.c: takes the result of a request that was sent, and plans the job anew. */
void poll_answer(struct poll *poll, const struct poll_flight *flight, const struct http_result *result);

/* Between poll_answer.c and poll_read.c: reads the body of an answer that is EXCHANGE_OK and takes what it brings;
 * ERROR_PROTOCOL when it cannot be read. The next list of markets is read from its first page on. The age of a
 * candidate became known: the open time of its oldest daily candle, or -1; and it cannot be had, which is logged. */
int poll_read(struct poll *poll, const struct poll_flight *flight, const struct http_result *result) MUST_CHECK;
void poll_begin_list(struct poll *poll);
void poll_set_age(struct poll *poll, const struct poll_flight *flight, int64_t oldest_ms);
void poll_no_age(struct poll *poll, const struct poll_flight *flight);

/* The list of markets was read, or more of what is asked about them became known: chooses, and asks for what is not
 * known of those that were chosen. */
void poll_choose(struct poll *poll);

/* Whether the answer to a request has still somebody to take it: its series or its chunk may have gone meanwhile. */
bool poll_is_wanted(const struct poll *poll, const struct poll_flight *flight);

/* Plans a job, if it is still wanted: when its kind is due next, or after a pause. */
void poll_plan(struct poll *poll, const struct poll_flight *flight);
void poll_plan_again(struct poll *poll, const struct poll_flight *flight, int64_t delay_ms);

/* The failures in a row of a job, and the next number of the generator. */
uint32_t *poll_failures(struct poll *poll, const struct poll_flight *flight);
uint64_t poll_random(struct poll *poll);

#endif
