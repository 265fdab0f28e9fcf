/* The persister process as a struct. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_PERSISTER_H
#define WICK_PERSISTER_PERSISTER_H

#include "lib/runtime/service.h"

extern const struct service persister_service;

#endif
