/* What the trader lets through, kept over a restart: the file trading-mode in the data directory. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_MODE_FILE_H
#define WICK_TRADER_MODE_FILE_H

#include "lib/base/error.h"
#include "proto/message.h"

/* Reads the mode; active when there is no file. ERROR_SYSTEM when it cannot be read, ERROR_SYNTAX when it says
 * something else than the name of a mode. */
int mode_file_load(const char *directory, enum trading_mode *mode) MUST_CHECK;

/* Writes the mode; when this returns 0 it is on the disk, and at no time is there half a file. ERROR_SYSTEM. */
int mode_file_save(const char *directory, enum trading_mode mode) MUST_CHECK;

#endif
