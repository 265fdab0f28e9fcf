/* SHA-1, the headers of the handshake, and the checks of RFC 6455, sections 4.1 and 4.2. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/websocket_handshake.h"

#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- SHA-1 (FIPS 180-4), which the protocol names; nothing secret depends on it ---- */

enum { SHA1_SIZE = 20, SHA1_BLOCK = 64, SHA1_TEXT_MAX = 2 * SHA1_BLOCK - 9 };

static uint32_t turn_left(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const uint8_t block[SHA1_BLOCK])
{
    uint32_t words[80];
    for (size_t i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
                   block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        words[i] = turn_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999u
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1u
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu
                                  : (b ^ c ^ d) + 0xca62c1d6u;
        uint32_t next = turn_left(a, 5) + mixed + e + words[i];
        e = d;
        d = c;
        c = turn_left(b, 30);
        b = a;
        a = next;
    }
    const uint32_t sums[] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++)
        state[i] += sums[i];
}

/* Of a text of at most SHA1_TEXT_MAX bytes. */
static void sha1(const uint8_t *text, size_t size, uint8_t out[SHA1_SIZE])
{
    assert(size <= SHA1_TEXT_MAX);
    uint32_t state[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    uint8_t padded[2 * SHA1_BLOCK] = {0};
    size_t blocks = size + 9 <= SHA1_BLOCK ? 1 : 2;
    memcpy(padded, text, size);
    padded[size] = 0x80;
    padded[blocks * SHA1_BLOCK - 2] = (uint8_t)(size * 8 >> 8);
    padded[blocks * SHA1_BLOCK - 1] = (uint8_t)(size * 8);
    for (size_t i = 0; i < blocks; i++)
        sha1_block(state, padded + i * SHA1_BLOCK);
    for (size_t i = 0; i < SHA1_SIZE; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* ---- keys ---- */

void handshake_key(char key[HANDSHAKE_KEY_SIZE])
{
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2base64(key, HANDSHAKE_KEY_SIZE, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
}

void handshake_accept(const char *key, char accept[HANDSHAKE_ACCEPT_SIZE])
{
    char joined[SHA1_TEXT_MAX + 1];
    uint8_t sum[SHA1_SIZE];
    (void)snprintf(joined, sizeof joined, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", HANDSHAKE_KEY_SIZE - 1, key);
    sha1((const uint8_t *)joined, strlen(joined), sum);
    (void)sodium_bin2base64(accept, HANDSHAKE_ACCEPT_SIZE, sum, sizeof sum, sodium_base64_VARIANT_ORIGINAL);
}

/* ---- heads ---- */

size_t handshake_head_end(const char *bytes, size_t size)
{
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - bytes) + 4;
}

/* The value of a header, without blanks around it; NULL if it is not there. */
static const char *find_header(const char *head, size_t size, const char *name, size_t *length)
{
    size_t name_length = strlen(name);
    const char *end = head + size, *line = memmem(head, size, "\r\n", 2);
    while (line != NULL && end - (line + 2) > (ptrdiff_t)name_length) {
        line += 2;
        const char *next = memmem(line, (size_t)(end - line), "\r\n", 2);
        if (next == NULL)
            return NULL;
        if (next - line > (ptrdiff_t)name_length && line[name_length] == ':' &&
            strncasecmp(line, name, name_length) == 0) {
            const char *value = line + name_length + 1;
            while (value < next && (*value == ' ' || *value == '\t'))
                value++;
            while (next > value && (next[-1] == ' ' || next[-1] == '\t'))
                next--;
            *length = (size_t)(next - value);
            return value;
        }
        line = next;
    }
    return NULL;
}

static bool header_is(const char *head, size_t size, const char *name, const char *expected)
{
    size_t length;
    const char *value = find_header(head, size, name, &length);
    return value != NULL && length == strlen(expected) && strncasecmp(value, expected, length) == 0;
}

/* Whether `word` is one of the words between commas of a header. */
static bool header_lists(const char *head, size_t size, const char *name, const char *word)
{
    size_t length, word_length = strlen(word);
    const char *value = find_header(head, size, name, &length);
    for (size_t at = 0; value != NULL && at < length;) {
        size_t end = at;
        while (end < length && value[end] != ',')
            end++;
        size_t next = end + 1;
        while (at < end && value[at] == ' ')
            at++;
        while (end > at && value[end - 1] == ' ')
            end--;
        if (end - at == word_length && strncasecmp(value + at, word, word_length) == 0)
            return true;
        at = next;
    }
    return false;
}

/* ---- the client's side ---- */

size_t handshake_request(const char *host, const char *target, const char *key, char out[HANDSHAKE_HEAD_SIZE])
{
    int length = snprintf(out, HANDSHAKE_HEAD_SIZE,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nUser-Agent: wick\r\n\r\n",
                          target, host, key);
    assert(length > 0 && length < HANDSHAKE_HEAD_SIZE);
    return (size_t)length;
}

int handshake_read_answer(const char *head, size_t size, const char *key)
{
    static const char status[] = "HTTP/1.1 101";
    const char *end = memmem(head, size, "\r\n", 2);
    int line = end == NULL ? 0 : (int)(end - head);
    if (line < (int)sizeof status - 1 || memcmp(head, status, sizeof status - 1) != 0)
        return error_set(ERROR_PROTOCOL, "answered '%.*s', expected %s", line < 60 ? line : 60, head, status);
    char accept[HANDSHAKE_ACCEPT_SIZE];
    handshake_accept(key, accept);
    size_t length;
    const char *value = find_header(head, size, "Sec-WebSocket-Accept", &length);
    if (!header_is(head, size, "Upgrade", "websocket") || !header_lists(head, size, "Connection", "upgrade"))
        return error_set(ERROR_PROTOCOL, "answered 101, but not with an upgrade to a WebSocket");
    if (value == NULL || length != sizeof accept - 1 || memcmp(value, accept, length) != 0)
        return error_set(ERROR_PROTOCOL, "answered 101 with a Sec-WebSocket-Accept that does not fit the key");
    if (find_header(head, size, "Sec-WebSocket-Extensions", &length) != NULL)
        return error_set(ERROR_PROTOCOL, "answered with an extension that was not asked for");
    return 0;
}

/* ---- the server's side ---- */

int handshake_read_request(const char *head, size_t size, char *target, size_t target_size,
                           char key[HANDSHAKE_KEY_SIZE])
{
    const char *end = memmem(head, size, " HTTP/1.1\r\n", 11);
    const char *line = memmem(head, size, "\r\n", 2);
    if (size < 4 || memcmp(head, "GET ", 4) != 0 || end == NULL || end + 9 != line)
        return error_set(ERROR_PROTOCOL, "no GET of HTTP/1.1");
    size_t target_length = (size_t)(end - head) - 4, key_length;
    const char *key_text = find_header(head, size, "Sec-WebSocket-Key", &key_length);
    if (!header_is(head, size, "Upgrade", "websocket") || !header_lists(head, size, "Connection", "upgrade") ||
        !header_is(head, size, "Sec-WebSocket-Version", "13") || key_text == NULL ||
        key_length != HANDSHAKE_KEY_SIZE - 1)
        return error_set(ERROR_PROTOCOL, "no request for a WebSocket of version 13");
    if (target_length >= target_size)
        return error_set(ERROR_PROTOCOL, "the path is longer than %zu bytes", target_size - 1);
    memcpy(target, head + 4, target_length);
    target[target_length] = '\0';
    memcpy(key, key_text, key_length);
    key[key_length] = '\0';
    return 0;
}

size_t handshake_answer(const char *key, char out[HANDSHAKE_HEAD_SIZE])
{
    char accept[HANDSHAKE_ACCEPT_SIZE];
    handshake_accept(key, accept);
    int length = snprintf(out, HANDSHAKE_HEAD_SIZE,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    return (size_t)length;
}
