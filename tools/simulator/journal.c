/* Lines are collected and written together; a line is never split between two writes of a healthy disk. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/journal.h"

#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int journal_open(struct journal *journal, const char *path)
{
    *journal = (struct journal){.fd = -1};
    if (path == NULL)
        return 0;
    journal->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal->fd < 0)
        return error_set(ERROR_SYSTEM, "open journal %s: %s", path, strerror(errno));
    return 0;
}

struct text *journal_begin(struct journal *journal, int64_t exchange_ms, const char *event)
{
    if (journal->fd < 0)
        return NULL;
    struct text *out = &journal->waiting;
    text_add(out, "{\"t\":");
    text_add_integer(out, exchange_ms);
    text_add(out, ",\"event\":\"");
    text_add(out, event);
    text_add(out, "\"");
    return out;
}

void journal_end(struct journal *journal)
{
    if (journal->fd < 0)
        return;
    text_add(&journal->waiting, "}\n");
    if (journal->waiting.length >= JOURNAL_BUFFER)
        journal_flush(journal);
}

void journal_request(struct journal *journal, int64_t exchange_ms, const struct journal_request *request)
{
    struct text *out = journal_begin(journal, exchange_ms, "request");
    if (out == NULL)
        return;
    text_add(out, ",\"method\":");
    text_add_json(out, request->method);
    text_add(out, ",\"path\":");
    text_add_json(out, request->path);
    text_add(out, ",\"query\":");
    text_add_json(out, request->query);
    text_add(out, ",\"status\":");
    text_add_integer(out, request->status);
    text_add(out, ",\"weight\":");
    text_add_integer(out, request->weight);
    text_add(out, ",\"used\":");
    text_add_integer(out, request->used);
    if (request->fault != NULL) {
        text_add(out, ",\"fault\":");
        text_add_json(out, request->fault);
    }
    journal_end(journal);
}

void journal_flush(struct journal *journal)
{
    size_t written = 0;
    while (journal->fd >= 0 && written < journal->waiting.length) {
        ssize_t size = write(journal->fd, journal->waiting.bytes + written, journal->waiting.length - written);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0) {
            if (!journal->failed)
                log_error("journal_failed", log_text("reason", strerror(errno)));
            journal->failed = true;
            break;
        }
        written += (size_t)size;
    }
    journal->waiting.length = 0;
}

void journal_close(struct journal *journal)
{
    journal_flush(journal);
    if (journal->fd >= 0)
        (void)close(journal->fd);
    journal->fd = -1;
    text_release(&journal->waiting);
}
