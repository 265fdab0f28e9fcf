/* A small table, searched in full: 32 hashes of 32 bytes are compared faster than any index is kept. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* False if the text is not exactly one token. */
static bool hash_token(const char *text, uint8_t hash[TOKEN_HASH_BYTES])
{
    uint8_t token[TOKEN_BYTES];
    size_t size = 0;
    if (text == NULL || strlen(text) != TOKEN_TEXT_SIZE - 1 ||
        sodium_base642bin(token, sizeof token, text, TOKEN_TEXT_SIZE - 1, NULL, &size, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size != TOKEN_BYTES)
        return false;
    (void)crypto_generichash(hash, TOKEN_HASH_BYTES, token, sizeof token, NULL, 0);
    sodium_memzero(token, sizeof token);
    return true;
}

static bool is_alive(const struct session *session, int64_t now_ms)
{
    return session->id != 0 && now_ms - session->acted_ms < SESSION_IDLE_MS &&
           now_ms - session->created_ms < SESSION_LIFETIME_MS;
}

static struct session *free_place(struct session_table *table, int64_t now_ms)
{
    struct session *place = &table->sessions[0];
    (void)session_sweep(table, now_ms);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &table->sessions[i];
        if (session->id == 0)
            return session;
        if (session->acted_ms < place->acted_ms)
            place = session;
    }
    return place;
}

uint64_t session_create(struct session_table *table, int64_t now_ms, char token[TOKEN_TEXT_SIZE])
{
    uint8_t random[TOKEN_BYTES];
    struct session *session = free_place(table, now_ms);
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2base64(token, TOKEN_TEXT_SIZE, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    (void)crypto_generichash(session->token_hash, TOKEN_HASH_BYTES, random, sizeof random, NULL, 0);
    sodium_memzero(random, sizeof random);
    session->id = ++table->last_id;
    session->created_ms = session->acted_ms = now_ms;
    return session->id;
}

struct session *session_find(struct session_table *table, const char *token, int64_t now_ms)
{
    uint8_t hash[TOKEN_HASH_BYTES];
    struct session *found = NULL;
    if (!hash_token(token, hash))
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &table->sessions[i];
        if (sodium_memcmp(session->token_hash, hash, sizeof hash) == 0 && is_alive(session, now_ms))
            found = session;
    }
    return found;
}

bool session_alive(const struct session_table *table, uint64_t id, int64_t now_ms)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (id != 0 && table->sessions[i].id == id)
            return is_alive(&table->sessions[i], now_ms);
    return false;
}

void session_act(struct session *session, int64_t now_ms)
{
    session->acted_ms = now_ms;
}

void session_end(struct session *session)
{
    sodium_memzero(session, sizeof *session);
}

size_t session_sweep(struct session_table *table, int64_t now_ms)
{
    size_t alive = 0;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (is_alive(&table->sessions[i], now_ms))
            alive++;
        else
            session_end(&table->sessions[i]);
    }
    return alive;
}

void cookie_name(const char *name, bool secure, char out[20])
{
    (void)snprintf(out, 20, "%s%s", secure ? "__Host-" : "", name);
}

bool cookie_print(const char *name, const char *value, int max_age_s, bool secure, char *out, size_t capacity)
{
    char full_name[20];
    cookie_name(name, secure, full_name);
    int length = snprintf(out, capacity, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", full_name, value,
                          max_age_s, secure ? "; Secure" : "");
    return length >= 0 && (size_t)length < capacity;
}
