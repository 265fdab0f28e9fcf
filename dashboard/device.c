/* random | time | BLAKE2b(key, random | time) */
/* SPDX-License-Identifier: MIT */
#include "dashboard/device.h"

#include <sodium.h>
#include <string.h>

enum { RANDOM_BYTES = 16, TIME_BYTES = 8, HASH_BYTES = 32, SIGNED_BYTES = RANDOM_BYTES + TIME_BYTES };
enum { DEVICE_BYTES = SIGNED_BYTES + HASH_BYTES };

_Static_assert(sodium_base64_ENCODED_LEN(DEVICE_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == DEVICE_TEXT_SIZE,
               "the text of a device cookie");

void device_key(const char *password_hash, uint8_t key[DEVICE_KEY_BYTES])
{
    static const uint8_t purpose[] = "wick known device";
    (void)crypto_generichash(key, DEVICE_KEY_BYTES, (const uint8_t *)password_hash, strlen(password_hash), purpose,
                             sizeof purpose);
}

void device_issue(const uint8_t key[DEVICE_KEY_BYTES], int64_t wall_s, char text[DEVICE_TEXT_SIZE])
{
    uint8_t device[DEVICE_BYTES];
    randombytes_buf(device, RANDOM_BYTES);
    memcpy(device + RANDOM_BYTES, &wall_s, TIME_BYTES);
    (void)crypto_generichash(device + SIGNED_BYTES, HASH_BYTES, device, SIGNED_BYTES, key, DEVICE_KEY_BYTES);
    (void)sodium_bin2base64(text, DEVICE_TEXT_SIZE, device, sizeof device, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool device_is_known(const uint8_t key[DEVICE_KEY_BYTES], const char *text, int64_t wall_s)
{
    uint8_t device[DEVICE_BYTES], hash[HASH_BYTES];
    size_t size = 0;
    int64_t issued_s = 0;
    if (text == NULL || strlen(text) != DEVICE_TEXT_SIZE - 1 ||
        sodium_base642bin(device, sizeof device, text, DEVICE_TEXT_SIZE - 1, NULL, &size, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size != sizeof device)
        return false;
    (void)crypto_generichash(hash, sizeof hash, device, SIGNED_BYTES, key, DEVICE_KEY_BYTES);
    if (sodium_memcmp(hash, device + SIGNED_BYTES, sizeof hash) != 0)
        return false;
    memcpy(&issued_s, device + RANDOM_BYTES, TIME_BYTES);
    return issued_s <= wall_s + 60 && wall_s - issued_s < DEVICE_LIFETIME_S;
}
