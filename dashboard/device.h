/* Known devices: a browser that has logged in keeps a cookie that says so, and is throttled by a bucket of its own.
 * The cookie gives no right but that. Nothing is stored here: it carries its time and a keyed hash. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_DEVICE_H
#define WICK_DASHBOARD_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DEVICE_KEY_BYTES = 32,
    DEVICE_LIFETIME_S = 30 * 24 * 60 * 60,
    DEVICE_TEXT_SIZE = 76, /* base64url of 16 random bytes, 8 of time, 32 of hash, with its NUL */
};

/* Derives the key from the password's hash: cookies outlive a restart, and end when the password changes. */
void device_key(const char *password_hash, uint8_t key[DEVICE_KEY_BYTES]);

/* Writes a new cookie value; `wall_s` is seconds since 1970. */
void device_issue(const uint8_t key[DEVICE_KEY_BYTES], int64_t wall_s, char text[DEVICE_TEXT_SIZE]);

/* Whether this value (may be NULL) was issued with this key within the last 30 days. */
bool device_is_known(const uint8_t key[DEVICE_KEY_BYTES], const char *text, int64_t wall_s);

#endif
