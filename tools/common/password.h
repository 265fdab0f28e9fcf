/* The owner's password: made, hashed, and kept in the data directory of a run on one machine. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_PASSWORD_H
#define WICK_TOOLS_COMMON_PASSWORD_H

#include "lib/base/error.h"

#include <stddef.h>

enum {
    PASSWORD_LENGTH_MIN = 12,
    PASSWORD_LENGTH_MAX = 255,
    PASSWORD_GENERATED = 20,
    PASSWORD_HASH_SIZE = 128, /* bytes of an encoded hash with its NUL; asserted against libsodium's */
};

/* Draws a password of PASSWORD_GENERATED letters and digits, none of which look alike. */
void password_generate(char out[PASSWORD_GENERATED + 1]);

/* Whether a password may be used. ERROR_RANGE when it is too short or too long; ERROR_SYNTAX for a control character. */
int password_check(const char *password) MUST_CHECK;

/* Its Argon2id hash, encoded. Takes about a fifth of a second and 64 MiB. ERROR_MEMORY. */
int password_hash(const char *password, char out[PASSWORD_HASH_SIZE]) MUST_CHECK;

/* The password and the hash of a data directory: read from its files `dashboard-password` and
 * `dashboard-password-hash`, made where they are missing; the hash is made anew when the password is newer.
 * ERROR_SYSTEM with the file; ERROR_RANGE for a password that somebody has put there and that is too short. */
int password_of_directory(const char *data_dir, char password[PASSWORD_LENGTH_MAX + 1],
                          char hash[PASSWORD_HASH_SIZE]) MUST_CHECK;

#endif
