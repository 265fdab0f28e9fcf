/* What the fetcher says about itself: in a few words for people, and whether it is ready. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_STATUS_H
#define WICK_FETCHER_STATUS_H

#include "fetcher/lease.h"
#include "fetcher/poll.h"
#include "fetcher/streams.h"

/* The parts of the fetcher that have something to say; all borrowed. */
struct status_parts {
    const struct lease_state *lease;
    struct poll *poll; /* with its market, its filler and its streams */
    bool held;         /* we act as the fetcher */
    bool stalled;      /* the store does not answer */
};

/* Writes the words and returns the status. It is ready once every series was up to date, or was found to be stuck
 * (stuck.h), and one was up to date at least; `complete` remembers that. */
enum process_status status_describe(const struct status_parts *parts, bool *complete, char detail[TEXT_SIZE]);

#endif
