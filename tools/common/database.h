/* Which database a tool works on, and waiting for it: by --database, by --config, by --data, or as the processes of this
 * environment would find it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_DATABASE_H
#define WICK_TOOLS_COMMON_DATABASE_H

#include "lib/base/error.h"
#include "lib/store/audit.h"
#include "lib/store/store.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DATABASE_URL_SIZE = 1000,
    DATABASE_TEXT_SIZE = 1000,
    DATABASE_PATIENCE_MS = 60000, /* how long a database that is away is waited for */
};

/* What the flags say; each may be NULL. */
struct database_flags {
    const char *database, *config, *data;
};

/* What follows from it and from the configuration. */
struct database_choice {
    char url[DATABASE_URL_SIZE]; /* a secret: it may have a password */
    char data_dir[DATABASE_TEXT_SIZE];
    char exchange[NAME_SIZE];                  /* as configured, else the data directory's */
    bool exchange_is_of_data_dir;              /* nobody named one */
    bool is_in_data_dir;                       /* the database is the one that the data directory keeps */
    char exchange_url[DATABASE_TEXT_SIZE];     /* empty: the exchange's own */
};

/* ERROR_CONFIGURATION after the errors of a configuration were written to standard error; ERROR_RANGE. */
int database_choose(const struct database_flags *flags, struct database_choice *out) MUST_CHECK;

/* Opens the store of a URL, creating it where it does not exist, and waits until it is ready while another program holds
 * it. ERROR_ARGUMENT; ERROR_CONNECTION at once, with what is wrong, for a database that cannot be reached; ERROR_TIMEOUT
 * when it is not ready within DATABASE_PATIENCE_MS. */
int database_open(struct store *store, const char *url) MUST_CHECK;

/* An exchange's time, as far as it is known. Of the simulated exchange, and where a configuration names the address of one:
 * its clock as the database, or the data directory, has it. Of a real exchange: the later one of that, which may have been
 * told long ago, and this machine's. Codes of the audit. */
int database_exchange_now(struct audit *audit, const struct database_choice *choice, const char *exchange,
                          int64_t *now_ms) MUST_CHECK;

/* Writes a batch and waits until it is committed. While the database is away, or another program holds it, it goes on
 * trying for DATABASE_PATIENCE_MS, and says so on standard error in time. ERROR_TIMEOUT, ERROR_STORE. */
int database_write(struct store *store, const struct store_batch *batch) MUST_CHECK;

/* The exit status of a tool for a code: 0 ok, 1 failed, 2 usage, 4 bad configuration, 5 timed out. */
int status_of_code(int code);

#endif
