/* Argon2id through libsodium, and two small files. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/password.h"

#include "tools/common/files.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "an encoded hash fits");

/* 64 MiB and three passes: what one small machine can spend on a login. */
enum { HASH_PASSES = 3, HASH_BYTES = 64 * 1024 * 1024 };

void password_generate(char out[PASSWORD_GENERATED + 1])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    for (int i = 0; i < PASSWORD_GENERATED; i++)
        out[i] = letters[randombytes_uniform(sizeof letters - 1)];
    out[PASSWORD_GENERATED] = '\0';
}

int password_check(const char *password)
{
    size_t length = strlen(password);
    if (length < PASSWORD_LENGTH_MIN || length > PASSWORD_LENGTH_MAX)
        return error_set(ERROR_RANGE, "the password has %zu bytes; expected %d to %d", length, PASSWORD_LENGTH_MIN,
                         PASSWORD_LENGTH_MAX);
    for (const unsigned char *at = (const unsigned char *)password; *at != 0; at++)
        if (*at < ' ' || *at == 0x7f)
            return error_set(ERROR_SYNTAX, "the password contains a control character");
    return 0;
}

int password_hash(const char *password, char out[PASSWORD_HASH_SIZE])
{
    if (crypto_pwhash_str_alg(out, password, strlen(password), HASH_PASSES, HASH_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return error_set(ERROR_MEMORY, "hashing a password needs 64 MiB of memory");
    return 0;
}

static int password_of_file(const char *path, char password[PASSWORD_LENGTH_MAX + 1])
{
    int code = file_read_line(path, password, PASSWORD_LENGTH_MAX + 1);
    if (code == 0)
        code = password_check(password);
    if (code == ERROR_MISSING) {
        password_generate(password);
        code = file_write(path, password, strlen(password));
    }
    return code == 0 ? 0 : error_context(code, "%s", path);
}

/* Whether a file is not newer than the other; the clock of files is coarse, so the same time counts. */
static bool is_older(const char *path, const char *than)
{
    struct stat left, right;
    if (stat(path, &left) != 0 || stat(than, &right) != 0)
        return true;
    return left.st_mtim.tv_sec != right.st_mtim.tv_sec ? left.st_mtim.tv_sec < right.st_mtim.tv_sec
                                                       : left.st_mtim.tv_nsec <= right.st_mtim.tv_nsec;
}

int password_of_directory(const char *data_dir, char password[PASSWORD_LENGTH_MAX + 1], char hash[PASSWORD_HASH_SIZE])
{
    char password_path[FILE_PATH_SIZE], hash_path[FILE_PATH_SIZE];
    int code = file_path(data_dir, "dashboard-password", password_path);
    if (code == 0)
        code = file_path(data_dir, "dashboard-password-hash", hash_path);
    if (code == 0)
        code = password_of_file(password_path, password);
    if (code != 0)
        return code;
    if (!is_older(hash_path, password_path) && file_read_line(hash_path, hash, PASSWORD_HASH_SIZE) == 0 &&
        strncmp(hash, "$argon2id$", 10) == 0)
        return 0;
    code = password_hash(password, hash);
    return code == 0 ? file_write(hash_path, hash, strlen(hash)) : code;
}
