/* What the adapters' requests are made of. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int request_begin(struct exchange_request *request, const char *base_url, const char *path, int weight)
{
    request->url[0] = '\0';
    request->weight = weight;
    return request_append(request, "%s%s", base_url, path);
}

int request_append(struct exchange_request *request, const char *format, ...)
{
    size_t used = strlen(request->url);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(request->url + used, sizeof request->url - used, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof request->url - used)
        return error_set(ERROR_RANGE, "URL longer than %zu bytes", sizeof request->url - 1);
    return 0;
}
