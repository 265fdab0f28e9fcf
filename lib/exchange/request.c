/* Writing requests. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int append(char *text, size_t capacity, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static int append(char *text, size_t capacity, const char *format, va_list arguments)
{
    size_t used = strlen(text);
    int length = vsnprintf(text + used, capacity - used, format, arguments);
    if (length >= 0 && (size_t)length < capacity - used)
        return 0;
    text[used] = '\0';
    return error_set(ERROR_RANGE, "a request longer than %zu bytes", capacity - 1);
}

int text_append(char *text, size_t capacity, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = append(text, capacity, format, arguments);
    va_end(arguments);
    return code;
}

int request_append(struct exchange_request *request, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = append(request->url, sizeof request->url, format, arguments);
    va_end(arguments);
    return code;
}

int request_begin(struct exchange_request *request, const char *base_url, const char *path, int weight)
{
    request->url[0] = '\0';
    request->weight = weight;
    return request_append(request, "%s%s", base_url, path);
}
