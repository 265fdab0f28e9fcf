/* libcurl's multi interface inside the loop: libcurl says which descriptors and which time-out to watch, the loop says
 * when they are due. What is asked for, and what becomes of it, is its user's. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_CURL_LOOP_H
#define WICK_EXCHANGE_CURL_LOOP_H

#include "lib/base/error.h"
#include "lib/runtime/loop.h"

#include <curl/curl.h>

/* Called from the loop when a handle of the multi handle has ended; it is still in it. */
typedef void (*curl_done_fn)(void *user, CURL *easy, CURLcode result);

struct curl_watch;

struct curl_loop {
    struct loop *loop;
    CURLM *multi; /* handles are added to it and removed from it by its user */
    int timer;    /* of the loop; -1: none */
    curl_done_fn done;
    void *user;
    struct curl_watch *watches; /* owned */
    int watch_count;
};

/* For up to `connections` handles at once. An error leaves only what curl_loop_close releases. ERROR_LIBRARY,
 * ERROR_MEMORY, ERROR_FULL (the loop's timers). */
int curl_loop_open(struct curl_loop *curl, struct loop *loop, int connections, curl_done_fn done, void *user) MUST_CHECK;

/* All handles must have been removed. A zeroed one, and one that was closed, are allowed. */
void curl_loop_close(struct curl_loop *curl);

#endif
