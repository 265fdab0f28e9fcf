/* The dashboard process as a struct. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_DASHBOARD_H
#define WICK_DASHBOARD_DASHBOARD_H

#include "lib/runtime/service.h"

extern const struct service dashboard_service;

#endif
