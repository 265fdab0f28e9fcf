/* wick keygen: the key pairs of a deployment as environment lines, or those of a data directory. A secret key goes to
 * the processes of its role and to nobody else. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/version.h"
#include "lib/runtime/curve.h"
#include "proto/links.h"
#include "tools/common/files.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct pair {
    char public_key[CURVE_TEXT_SIZE], secret_key[CURVE_TEXT_SIZE];
};

static int create_pairs(struct pair pairs[ROLES])
{
    int code = 0;
    for (int i = 0; i < ROLES && code == 0; i++)
        code = curve_pair_create(pairs[i].public_key, pairs[i].secret_key);
    return code;
}

static void print_public_keys(const struct pair pairs[ROLES], FILE *out)
{
    (void)fputs("# Public keys of every role.\n", out);
    for (int i = 0; i < ROLES; i++) {
        (void)fputs("WICK_LINKS__", out);
        for (const char *at = roles[i].name; *at != '\0'; at++)
            (void)fputc(toupper((unsigned char)*at), out);
        fprintf(out, "_KEY='%s'\n", pairs[i].public_key);
    }
}

static void print_secret_key(const struct pair *pair, enum role role, FILE *out)
{
    fprintf(out, "# Secret key of the %s: for it alone.\nWICK_LINKS__SECRET_KEY='%s'\n", roles[role].name,
            pair->secret_key);
}

static int print_environment(const struct pair pairs[ROLES])
{
    print_public_keys(pairs, stdout);
    for (int i = 0; i < ROLES; i++) {
        putchar('\n');
        print_secret_key(&pairs[i], (enum role)i, stdout);
    }
    return 0;
}

/* Writes DIR/ROLE.env, which must not exist: keys that are in use are not replaced by accident. */
static int write_file(const char *directory, enum role role, const struct pair pairs[ROLES])
{
    char name[64], path[FILE_PATH_SIZE];
    (void)snprintf(name, sizeof name, "%s.env", roles[role].name);
    int code = file_path(directory, name, path);
    FILE *out = code == 0 ? fopen(path, "wxe") : NULL;
    if (out == NULL)
        return code != 0 ? code : error_set(ERROR_SYSTEM, "write %s: %s", path, strerror(errno));
    print_public_keys(pairs, out);
    print_secret_key(&pairs[role], role, out);
    return fclose(out) == 0 ? 0 : error_set(ERROR_SYSTEM, "write %s: %s", path, strerror(errno));
}

static int write_files(const char *directory, const struct pair pairs[ROLES])
{
    int code = directory_create(directory);
    for (int i = 0; i < ROLES && code == 0; i++)
        code = write_file(directory, (enum role)i, pairs);
    return code;
}

static int generate(const char *directory)
{
    struct pair pairs[ROLES];
    int code = create_pairs(pairs);
    if (code == 0)
        code = directory == NULL ? print_environment(pairs) : write_files(directory, pairs);
    sodium_memzero(pairs, sizeof pairs);
    return code;
}

static int usage(FILE *out)
{
    fputs("usage: wick keygen             prints a key pair for each role, as environment lines\n"
          "       wick keygen --env DIR   writes DIR/ROLE.env for each role, with what its processes need\n"
          "       wick keygen --data DIR  makes the missing pairs of a data directory, as files in DIR/keys\n",
          out);
    return out == stdout ? 0 : STATUS_USAGE;
}

int main(int argc, char **argv)
{
    int code;
    if (version_asked(argc, argv))
        return 0;
    (void)umask(077);
    if (sodium_init() < 0)
        return STATUS_FAILED;
    if (argc == 1)
        code = generate(NULL);
    else if (argc == 3 && strcmp(argv[1], "--env") == 0)
        code = generate(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "--data") == 0)
        code = curve_keys_create(argv[2]);
    else
        return usage(argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    if (code != 0)
        fprintf(stderr, "wick keygen: %s\n", error_message());
    return code == 0 ? 0 : STATUS_FAILED;
}
