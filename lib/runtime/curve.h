/* CURVE key pairs, one a role: where they come from, and who is admitted to a link.
 *
 * A deployment gives each process its own secret key and everybody's public keys by configuration. Without them the
 * keys are files of the data directory, made on the first run: keys/<role>.secret (0600) and keys/<role>.public. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_CURVE_H
#define WICK_RUNTIME_CURVE_H

#include "lib/base/secret.h"
#include "lib/runtime/config.h"
#include "proto/links.h"

enum { CURVE_TEXT_SIZE = 41, CURVE_KEY_SIZE = 32 }; /* a key as Z85 text with its NUL, and as bytes */

struct curve_keys {
    struct secret secret_key;                    /* this process's own, Z85 */
    char public_keys[ROLES][CURVE_TEXT_SIZE];    /* everybody's, Z85 */
    uint8_t public_bytes[ROLES][CURVE_KEY_SIZE]; /* the same as they come in a handshake */
};

/* Makes the pairs that are missing in data_dir/keys, and the directories. Safe when several processes do it at the
 * same time: the first pair stays. ERROR_SYSTEM with the path. */
int curve_keys_create(const char *data_dir) MUST_CHECK;

/* Loads what a process of this role needs, from the configuration or else from its data directory.
 * ERROR_CONFIGURATION for a key that is malformed, is one of the published test keys, or does not belong to its public
 * key; ERROR_SYSTEM. */
int curve_keys_load(enum role role, const struct config *config, struct curve_keys *out) MUST_CHECK;
void curve_keys_release(struct curve_keys *keys);

/* Writes a new pair as Z85. ERROR_LIBRARY. */
int curve_pair_create(char public_key[CURVE_TEXT_SIZE], char secret_key[CURVE_TEXT_SIZE]) MUST_CHECK;

/* Whether the text is a key: 40 characters of Z85, and none of those that are printed in manuals. `what` names it in the
 * message; the key is not repeated. ERROR_CONFIGURATION. */
int curve_key_check(const char *what, const char *key) MUST_CHECK;

/* Whether the process with this public key (32 bytes) may connect to the link; *role is whose key it is. */
bool curve_admits(const struct curve_keys *keys, enum link link, const uint8_t *public_key, enum role *role);

#endif
