/* Sessions: who is logged in. A session is a random token that the browser holds in a cookie; only the token's hash
 * is kept here, so that nothing read from this memory or from a core dump logs anyone in. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_SESSION_H
#define WICK_DASHBOARD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SESSIONS_MAX = 32,
    SESSION_IDLE_MS = 30 * 60 * 1000,          /* without an action of the user */
    SESSION_LIFETIME_MS = 12 * 60 * 60 * 1000, /* whatever the user does */
    TOKEN_BYTES = 32,
    TOKEN_TEXT_SIZE = 44, /* base64url without padding, with its NUL */
    TOKEN_HASH_BYTES = 32,
};

struct session {
    uint64_t id; /* drawn upwards from 1; 0: free. For streams and the log, never sent */
    uint8_t token_hash[TOKEN_HASH_BYTES];
    int64_t created_ms; /* monotonic, as the next one */
    int64_t acted_ms;   /* the last action of its user */
};

struct session_table {
    struct session sessions[SESSIONS_MAX];
    uint64_t last_id;
};

/* Begins a session, writes its token and returns its id. When all are in use, the one that has been idle for longest
 * ends. */
uint64_t session_create(struct session_table *table, int64_t now_ms, char token[TOKEN_TEXT_SIZE]);

/* The session of a token, or NULL: unknown, idle for too long, or too old. `token` may be NULL. The comparison takes
 * the same time wherever a difference is. */
struct session *session_find(struct session_table *table, const char *token, int64_t now_ms);

/* Whether the session of this id goes on at this time. */
bool session_alive(const struct session_table *table, uint64_t id, int64_t now_ms);

/* Notes an action of its user. */
void session_act(struct session *session, int64_t now_ms);

/* Ends it. */
void session_end(struct session *session);

/* Ends those whose time is over and returns how many go on. */
size_t session_sweep(struct session_table *table, int64_t now_ms);

/* The text of a cookie that sets `name` to `value` for `max_age_s` seconds: HttpOnly, SameSite=Strict, Path=/ and, if
 * `secure`, Secure and the prefix __Host-. False if it does not fit. */
bool cookie_print(const char *name, const char *value, int max_age_s, bool secure, char *out, size_t capacity);

/* The name under which such a cookie comes back: "sid" or "__Host-sid". `name` has at most 11 bytes. */
void cookie_name(const char *name, bool secure, char out[20]);

#endif
