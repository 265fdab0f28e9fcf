/* Each answer sets the caching that fits it; the other headers are the server's. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/reply.h"

#include "dashboard/assets.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char json_type[] = "application/json";

void reply_json(struct http_request *request, int status, const struct json_writer *json)
{
    if (json->full) {
        reply_error(request, 500, "the answer is too large");
        return;
    }
    http_add_header(request, "Cache-Control", "no-store");
    http_answer(request, status, json_type, json->text, json->size);
}

void reply_error(struct http_request *request, int status, const char *sentence)
{
    char text[2048];
    struct json_writer json = json_into(text, sizeof text);
    json_open_object(&json, NULL);
    json_text(&json, "error", sentence);
    json_close_object(&json);
    assert(!json.full);
    http_add_header(request, "Cache-Control", "no-store");
    http_answer(request, status, json_type, json.text, json.size);
}

void reply_retry(struct http_request *request, int status, int64_t wait_ms, const char *sentence)
{
    char seconds[24];
    (void)snprintf(seconds, sizeof seconds, "%" PRId64, (wait_ms + 999) / 1000);
    http_add_header(request, "Retry-After", seconds);
    reply_error(request, status, sentence);
}

void reply_empty(struct http_request *request, int status)
{
    http_add_header(request, "Cache-Control", "no-store");
    http_answer(request, status, NULL, "", 0);
}

void reply_page(struct http_request *request, int status, const char *name)
{
    const struct asset *page = asset_find(name);
    assert(page != NULL);
    http_add_header(request, "Cache-Control", "no-store");
    http_answer_static(request, status, page->content_type, page->bytes, page->size);
}

/* An asset never changes under its path, so the path is its own entity tag. */
void reply_asset(struct http_request *request)
{
    char tag[160];
    const char *path = http_path(request);
    const char *known = http_header(request, "If-None-Match");
    const struct asset *asset = path[0] == '/' ? asset_find(path) : NULL;
    if (asset == NULL) {
        reply_error(request, 404, "there is no such file");
        return;
    }
    (void)snprintf(tag, sizeof tag, "\"%s\"", asset->path);
    http_add_header(request, "ETag", tag);
    http_add_header(request, "Cache-Control", "public, max-age=31536000, immutable");
    if (known != NULL && strcmp(known, tag) == 0)
        http_answer(request, 304, asset->content_type, "", 0);
    else
        http_answer_static(request, 200, asset->content_type, asset->bytes, asset->size);
}
