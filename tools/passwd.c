/* wick passwd: the Argon2id hash of a password, for DASHBOARD_PASSWORD_HASH. Reads it twice from the terminal without
 * showing it, or one line from a pipe. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/version.h"
#include "tools/common/password.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* Room for a line that is too long to be told from one that just fits. */
enum { LINE_SIZE = PASSWORD_LENGTH_MAX + 3 };

static int fail(void)
{
    fprintf(stderr, "wick passwd: %s\n", error_message());
    return STATUS_FAILED;
}

static int read_line(char line[LINE_SIZE])
{
    if (fgets(line, LINE_SIZE, stdin) == NULL)
        return error_set(ERROR_MISSING, "no password was given");
    line[strcspn(line, "\r\n")] = '\0';
    return 0;
}

static int ask(const char *question, char line[LINE_SIZE])
{
    struct termios before, silent;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return error_set(ERROR_SYSTEM, "the terminal cannot be told not to show the password");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(stderr, "%s: ", question);
    int code = read_line(line);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return code;
}

static int read_password(char password[LINE_SIZE])
{
    char again[LINE_SIZE];
    if (isatty(STDIN_FILENO) == 0) {
        int code = read_line(password);
        return code == 0 ? password_check(password) : code;
    }
    int code = ask("Password", password);
    if (code == 0)
        code = password_check(password);
    if (code == 0)
        code = ask("The same again", again);
    if (code == 0 && strcmp(password, again) != 0)
        code = error_set(ERROR_ARGUMENT, "the two are not the same");
    sodium_memzero(again, sizeof again);
    return code;
}

int main(int argc, char **argv)
{
    char password[LINE_SIZE], hash[PASSWORD_HASH_SIZE];
    if (version_asked(argc, argv))
        return 0;
    if (argc > 1) {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: wick passwd\n\nReads a password and prints its hash, for DASHBOARD_PASSWORD_HASH.\n",
              help ? stdout : stderr);
        return help ? 0 : STATUS_USAGE;
    }
    if (sodium_init() < 0)
        return STATUS_FAILED;
    int code = read_password(password);
    if (code == 0)
        code = password_hash(password, hash);
    sodium_memzero(password, sizeof password);
    if (code != 0)
        return fail();
    puts(hash);
    return 0;
}
