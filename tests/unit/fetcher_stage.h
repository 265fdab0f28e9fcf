/* The fetcher on a stage: time, loop, links and HTTP are played, and so are the exchange and the persister. Nothing
 * waits; a minute of the market takes as long as its events. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_FETCHER_STAGE_H
#define WICK_TESTS_FETCHER_STAGE_H

#include "lib/runtime/service.h"

enum { STAGE_SYMBOLS = 5, STAGE_MINUTES = 4000, STAGE_MINUTE_MS = 60000 };

/* Minute 0 of the market. */
#define STAGE_ORIGIN_MS INT64_C(1734739200000)

/* The faults of the played world; 0: none. Rates are in 1000. */
struct stage_faults {
    unsigned cut, status500, status429, timeout; /* answers */
    unsigned omitted;                            /* candles left out of an answer, but there in the next */
    unsigned lost;                               /* messages between fetcher and persister, either way */
    bool lacks_some;                             /* the exchange itself lacks every 17th candle of the third symbol */
    bool revises;                                /* it changes some candles after their close, some of them twice, */
    bool late;                                   /* and has some of the fourth symbol only minutes after their close */
    unsigned stream_lost;                        /* messages of streams */
    bool streams_silent;                         /* connections stay open, and nothing comes */
    bool streams_refused;                        /* no connection comes about */
    bool streams_early;                          /* candles are called closed two seconds before they are */
    bool mute;                                   /* the first connection says nothing of the second symbol */
    bool moves_candles;                          /* every 9th of the second symbol, off the grid */
    bool breaks_rows;                            /* the second symbol's, in the list of markets, */
    bool breaks_tickers;                         /* and among the tickers, */
    bool unnames_tickers;                        /* or does not say there whose it is */
    bool hides_ticker;                           /* or has none of it there, */
    bool repeats_ticker;                         /* and that of the first twice */
    bool refuses_list;                           /* of the markets */
    bool refuses_candles;                        /* of the second symbol, which is listed as trading, */
    bool breaks_candles;                         /* or sends what is no answer for them, */
    bool dates_back;                             /* or begins with a candle of years before what is asked for */
    bool refuses_tickers;                        /* of any batch with the second symbol in it */
    bool streams_deny;                           /* what is asked of the second symbol is refused, and told all the same */
};

struct stage {
    struct stage_faults faults;
    bool persister_away;
    bool persister_full;   /* it answers, and takes nothing */
    unsigned loses_part;   /* of the next answer with candles; the first is 1 */
    int64_t depth_days; /* of history that is filled in; read at the start */
    bool lease_taken;      /* by another fetcher */
    bool streams;          /* the exchange has streams; set before the start */
    bool unlisted[STAGE_SYMBOLS], halted[STAGE_SYMBOLS]; /* by the exchange, */
    bool was_unlisted[STAGE_SYMBOLS]; /* ever: then its candles may count as absent */
    int64_t halted_from; /* which has no candles of halted ones from this minute on, as long as they are */
    int64_t min_age_days;      /* the option, for the next start */
    bool young[STAGE_SYMBOLS]; /* without a daily candle */
    bool held[STAGE_SYMBOLS];                            /* by the store's word */
    int64_t clock_off_ms;     /* by which the exchange tells its clock wrongly, */
    unsigned clock_off_for;   /* in so many of the next answers, */
    int64_t clock_moved_ms;   /* and by which it has moved that clock, and the market with it, since the world began */
    bool may_fail;            /* the fetcher may say that it cannot go on, */
    unsigned failures;        /* as often as it has */
    bool honours_times;              /* the store answers for the times that a query names; else it is of an earlier version */
    int64_t ahead_ms[STAGE_SYMBOLS]; /* the store has ten candles that the exchange has not, so far ahead of its clock; 0: none */
    int64_t refresh_s;                                   /* the option, for the next start; 0: an hour */
    /* What was seen. */
    unsigned requests, requests_while_stopped, stops;
    unsigned candles_published, published_wrongly, tickers_published, instruments_published;
    unsigned stored_rows, stored_wrongly, revisions, absences;
    unsigned stream_connections, stream_connections_while_stopped, stream_texts;
    unsigned stream_messages;    /* that the fetcher got, tickers and candles */
    unsigned stream_topics_cut;  /* that were still on connections at their age of 24 hours */
    uint64_t generation;
    enum process_status status;
    char detail[TEXT_SIZE]; /* of the status */
};

extern struct stage stage;

/* A new world: an empty store, no faults; `speed` times as fast. The fetcher is not there yet. */
void stage_set(int64_t speed);

/* Starts the fetcher; kills it: what it had sent is on its way, all else is gone; stops it as SIGTERM does. */
void stage_start(void);
void stage_kill(void);
void stage_stop(void);

/* Lets time pass. */
void stage_run(int64_t wall_ms);

/* The exchange cuts all stream connections. */
void stage_cut_streams(void);

/* How many stream connections there are. */
int stage_streams_open(void);

/* How many minutes of the market have closed, by the exchange's clock. */
int64_t stage_closed(void);

/* Whether the store has every candle of the minutes [first, last], counted from the market's beginning, as the
 * exchange has it, and none that it lacks. */
bool stage_store_has(int64_t first, int64_t last);

/* Whether the store has a candle, or an absence, for every minute from its oldest candle to its newest, of each symbol. */
bool stage_store_is_whole(void);
/* The same of one symbol. */
bool stage_symbol_has(int symbol, int64_t first, int64_t last);

/* How often a symbol's candles were asked for. */
unsigned stage_asked(int symbol);

/* The exchange lists a symbol, or does not; what closed while it was not followed need not be published. */
void stage_list(int symbol, bool listed);

/* Whether the store has everything from the beginnings of the series to the newest candle that was published. */
bool stage_store_has_published(void);

/* The beginning of a symbol's series in the store, in minutes from the market's beginning; -1: none. */
int64_t stage_start_of(int symbol);

/* The market, in fetcher_stage_market.c: the index of a symbol, or -1; its candle of a minute as it is now, and its
 * close in hundredths; whether the exchange lacks it now; whether a candle is as the exchange has it, or had it before
 * it changed it. */
int stage_symbol(const char *symbol);
struct candle stage_truth(int symbol, int64_t minute);
int64_t stage_close_of(const struct candle *candle);
bool stage_lacks(int symbol, int64_t minute);
bool stage_moves(int symbol, int64_t minute); /* lacked, as its row stands off the grid */
bool stage_is_true(int symbol, const struct candle *candle);

/* The store, in fetcher_stage_store.c: forgets everything; takes a candle, an absence; the close that it has of a minute,
 * in hundredths, or 0; the open time of its oldest candle, or of an absence before that, or -1. */
void stage_store_clear(void);
void stage_store_candle(const struct candle_event *event);
void stage_store_absence(const struct absence *absence);
int64_t stage_store_close(int symbol, int64_t minute);
int64_t stage_store_oldest_ms(int symbol);

/* Between fetcher_stage.c and fetcher_stage_exchange.c: the time, ours and the exchange's; chance, in 1000; when the
 * exchange answers next, and that it does; its forgetting all calls; and whether it wants none now. */
int64_t stage_now_us(void);
int64_t stage_exchange_ms(void);
int64_t stage_speed(void);
bool stage_happens(unsigned rate);
int64_t stage_exchange_next_us(void);
void stage_exchange_deliver(void);
void stage_exchange_clear(void);
bool stage_exchange_stopped(void);

/* The same between fetcher_stage.c and fetcher_stage_stream.c. */
int64_t stage_stream_next_us(void);
void stage_stream_deliver(void);
void stage_stream_clear(void);

#endif
