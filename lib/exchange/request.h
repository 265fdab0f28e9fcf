/* What the adapters' requests are made of. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_REQUEST_H
#define WICK_EXCHANGE_REQUEST_H

#include "lib/exchange/exchange.h"

/* Begins a request of this weight: base_url and path. ERROR_RANGE if they do not fit. */
int request_begin(struct exchange_request *request, const char *base_url, const char *path, int weight) MUST_CHECK;

/* Appends printf-style text to its URL. ERROR_RANGE if it does not fit. */
int request_append(struct exchange_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));

#endif
