/* The trader process as a struct. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_TRADER_H
#define WICK_TRADER_TRADER_H

#include "lib/runtime/service.h"

extern const struct service trader_service;

#endif
