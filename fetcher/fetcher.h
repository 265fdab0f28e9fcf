/* The fetcher process as a struct. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_FETCHER_H
#define WICK_FETCHER_FETCHER_H

#include "lib/runtime/service.h"

extern const struct service fetcher_service;

#endif
