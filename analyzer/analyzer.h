/* The analyzer process as a struct. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_ANALYZER_ANALYZER_H
#define WICK_ANALYZER_ANALYZER_H

#include "lib/runtime/service.h"

extern const struct service analyzer_service;

#endif
