/* The thread's chain of error messages, and the names of the codes. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHAIN_SIZE = 1024 };

static _Thread_local char chain[CHAIN_SIZE];

/* Messages quote what comes from outside; whoever prints one to a terminal must not be told what to do by it. */
static void keep(const char text[CHAIN_SIZE])
{
    memcpy(chain, text, sizeof chain);
    for (char *at = chain; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at) && *at != '\n' && *at != '\t')
            *at = '?';
}

int error_set(int code, const char *format, ...)
{
    char text[CHAIN_SIZE]; /* the arguments may point into the chain itself */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep(text);
    return code;
}

int error_context(int code, const char *format, ...)
{
    char text[CHAIN_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof text)
        (void)snprintf(text + length, sizeof text - (size_t)length, ": %.*s",
                       (int)(sizeof text - (size_t)length), chain);
    keep(text);
    return code;
}

const char *error_message(void)
{
    return chain;
}

static const struct {
    int code;
    const char *name;
    const char *sentence;
} rows[] = {
    {0, "OK", "it worked"},
#define ERROR(name, value, sentence) {value, #name, sentence},
#include "lib/base/errors.def"
#undef ERROR
};

const char *error_name(int code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].name;
    return "UNKNOWN";
}

const char *error_sentence(int code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].sentence;
    return "an unknown error";
}
