/* Writing requests: URLs piece by piece. In front of the adapters. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_REQUEST_H
#define WICK_EXCHANGE_REQUEST_H

#include "lib/exchange/exchange.h"

/* Begins a request of this weight with its address and path. ERROR_RANGE if it does not fit. */
int request_begin(struct exchange_request *request, const char *base_url, const char *path, int weight) MUST_CHECK;

/* Puts printf-style text behind the URL. ERROR_RANGE. */
int request_append(struct exchange_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3))) MUST_CHECK;

/* Puts printf-style text behind a text in a buffer. ERROR_RANGE if it does not fit; the buffer then ends where it did. */
int text_append(char *text, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4))) MUST_CHECK;

#endif
