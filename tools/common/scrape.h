/* Asks processes of this machine how they are: /readyz and /metrics over HTTP, many at once, in one wait that can
 * watch descriptors too. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_SCRAPE_H
#define WICK_TOOLS_COMMON_SCRAPE_H

#include "lib/base/error.h"
#include "lib/runtime/metrics.h"
#include "proto/message.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    SCRAPE_BODY_MAX = 64 * 1024, /* a longer answer counts as none */
    SCRAPE_TIMEOUT_MS = 2000,
    SCRAPE_WORDS_SIZE = TEXT_SIZE + 32, /* what /readyz says */
};

/* One process that is asked. */
struct scrape {
    int port;               /* of the loopback address */
    const char *ready_path; /* answers 200 when the process is ready */
    bool has_metrics;       /* whether it serves /metrics */

    /* What the last finished round found. */
    bool reached;            /* it answered at all */
    bool ready;              /* with 200 on ready_path */
    char words[SCRAPE_WORDS_SIZE]; /* the first line of what it said there */
    double metrics[METRICS]; /* NAN: not told; kept when a round reaches nobody */
    unsigned rounds;         /* finished so far */

    /* Private. */
    CURL *easy;
    bool busy, asking_metrics;
    char *body; /* SCRAPE_BODY_MAX bytes; owned */
    size_t size;
};

struct scraper; /* opaque */

/* NULL and a message when memory is out. */
struct scraper *scraper_create(void);
void scraper_destroy(struct scraper *scraper);

/* Prepares one; ready_path must stay valid. Owns nothing before the first round. */
void scrape_init(struct scrape *scrape, int port, const char *ready_path, bool has_metrics);

/* Begins a round; does nothing while one is under way. A round that cannot begin counts as reaching nobody. */
void scrape_begin(struct scraper *scraper, struct scrape *scrape);

/* Gives up a round that is under way and frees what it used; what was found stays. It may begin again. */
void scrape_release(struct scraper *scraper, struct scrape *scrape);

/* Waits until something can be done for the rounds, a descriptor is ready, or the time has passed, and does it.
 * ERROR_LIBRARY. */
int scraper_wait(struct scraper *scraper, struct curl_waitfd *fds, unsigned count, int timeout_ms) MUST_CHECK;

/* Reads Prometheus text into `metrics`, an array of METRICS numbers; lines that are none of ours are passed over. */
void scrape_parse(const char *text, size_t size, double metrics[METRICS]);

#endif
