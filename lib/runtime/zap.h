/* The ZAP handler (RFC 27): asked by libzmq about every connection, it admits a key to a link or not. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_ZAP_H
#define WICK_RUNTIME_ZAP_H

#include "lib/runtime/curve.h"

/* Opens the handler's socket in the context; must be done before any other socket. NULL with a message. */
void *zap_open(void *context);

/* Answers all requests that wait. The keys decide. */
void zap_answer(void *socket, const struct curve_keys *keys);

#endif
