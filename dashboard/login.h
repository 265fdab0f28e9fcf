/* The owner's password: checked at the start, verified at a login, at most one at a time and a few a minute. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_LOGIN_H
#define WICK_DASHBOARD_LOGIN_H

#include "dashboard/device.h"
#include "dashboard/throttle.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/runtime/http_server.h"

#include <sodium.h>

enum {
    PASSWORD_BYTES_MIN = 12,
    PASSWORD_BYTES_MAX = 256,
    ARGON2_PASSES = 3,
    ARGON2_MEMORY_BYTES = 64 * 1024 * 1024,
};

struct login {
    char password_hash[crypto_pwhash_STRBYTES]; /* "$argon2id$..." */
    uint8_t device_key[DEVICE_KEY_BYTES];
    struct throttle throttle;
};

/* Takes the hash, or hashes the password. ERROR_CONFIGURATION, with the option to set, if neither is given, the hash
 * is none of Argon2id, or the password is shorter than PASSWORD_BYTES_MIN. Blocks for some 0.2 s to hash. */
int login_init(struct login *login, const struct secret *hash, const struct secret *password) MUST_CHECK;
void login_release(struct login *login);

/* POST /login and POST /logout; `user` is the struct dashboard. A verification takes some 0.1 to 0.2 s of the loop's
 * time, which the throttle bounds to one a second. */
void login_handle(struct http_request *request, void *user);
void logout_handle(struct http_request *request, void *user);

#endif
