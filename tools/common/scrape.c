/* One curl handle a process, all in one multi handle; a round is the readiness first, then the metrics. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/scrape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scraper {
    CURLM *multi;
};

static const char *const metric_names[METRICS] = {
#define METRIC(name, type, roles, sentence) "wick_" #name,
#include "lib/runtime/metrics.def"
#undef METRIC
};

struct scraper *scraper_create(void)
{
    struct scraper *scraper = calloc(1, sizeof *scraper);
    if (scraper != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        scraper->multi = curl_multi_init();
    if (scraper == NULL || scraper->multi == NULL) {
        (void)error_set(ERROR_MEMORY, "no memory for HTTP requests");
        free(scraper);
        return NULL;
    }
    return scraper;
}

void scraper_destroy(struct scraper *scraper)
{
    if (scraper == NULL)
        return;
    (void)curl_multi_cleanup(scraper->multi);
    free(scraper);
}

static void parse_line(const char *line, size_t length, double metrics[METRICS])
{
    size_t name = strcspn(line, "{ \n");
    if (line[0] == '#' || name >= length)
        return;
    const char *value = memchr(line, ' ', length);
    if (value == NULL)
        return;
    for (int i = 0; i < METRICS; i++)
        if (strlen(metric_names[i]) == name && memcmp(metric_names[i], line, name) == 0)
            metrics[i] = strtod(value, NULL);
}

void scrape_parse(const char *text, size_t size, double metrics[METRICS])
{
    const char *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (newline == NULL)
            return; /* half a line says nothing */
        parse_line(text, (size_t)(newline - text), metrics);
        text = newline + 1;
    }
}

static size_t collect(char *bytes, size_t one, size_t count, void *user)
{
    struct scrape *scrape = user;
    size_t size = one * count;
    if (size > SCRAPE_BODY_MAX - scrape->size)
        return 0; /* curl ends the request with an error */
    memcpy(scrape->body + scrape->size, bytes, size);
    scrape->size += size;
    return size;
}

static bool prepare(struct scrape *scrape)
{
    if (scrape->easy != NULL)
        return true;
    scrape->body = malloc(SCRAPE_BODY_MAX);
    scrape->easy = scrape->body != NULL ? curl_easy_init() : NULL;
    if (scrape->easy == NULL)
        return false;
    return curl_easy_setopt(scrape->easy, CURLOPT_WRITEFUNCTION, collect) == CURLE_OK &&
           curl_easy_setopt(scrape->easy, CURLOPT_WRITEDATA, scrape) == CURLE_OK &&
           curl_easy_setopt(scrape->easy, CURLOPT_PRIVATE, scrape) == CURLE_OK &&
           curl_easy_setopt(scrape->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(scrape->easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(scrape->easy, CURLOPT_TIMEOUT_MS, (long)SCRAPE_TIMEOUT_MS) == CURLE_OK;
}

static bool ask(struct scraper *scraper, struct scrape *scrape, const char *path)
{
    char url[128];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", scrape->port, path);
    scrape->size = 0;
    scrape->busy = curl_easy_setopt(scrape->easy, CURLOPT_URL, url) == CURLE_OK &&
                   curl_multi_add_handle(scraper->multi, scrape->easy) == CURLM_OK;
    return scrape->busy;
}

static void finish_round(struct scrape *scrape, bool reached, bool ready)
{
    scrape->asking_metrics = false;
    scrape->reached = reached;
    scrape->ready = ready;
    scrape->rounds++;
}

void scrape_init(struct scrape *scrape, int port, const char *ready_path, bool has_metrics)
{
    *scrape = (struct scrape){.port = port, .ready_path = ready_path, .has_metrics = has_metrics};
    for (int i = 0; i < METRICS; i++)
        scrape->metrics[i] = NAN;
}

void scrape_begin(struct scraper *scraper, struct scrape *scrape)
{
    if (scrape->busy)
        return;
    if (!prepare(scrape) || !ask(scraper, scrape, scrape->ready_path))
        finish_round(scrape, false, false);
}

void scrape_release(struct scraper *scraper, struct scrape *scrape)
{
    if (scrape->busy)
        (void)curl_multi_remove_handle(scraper->multi, scrape->easy);
    curl_easy_cleanup(scrape->easy);
    free(scrape->body);
    scrape->easy = NULL;
    scrape->body = NULL;
    scrape->busy = scrape->asking_metrics = false;
}

static void keep_words(struct scrape *scrape)
{
    const char *newline = memchr(scrape->body, '\n', scrape->size);
    size_t length = newline != NULL ? (size_t)(newline - scrape->body) : scrape->size;
    (void)snprintf(scrape->words, sizeof scrape->words, "%.*s",
                   (int)(length < sizeof scrape->words ? length : sizeof scrape->words), scrape->body);
}

static void finish_request(struct scraper *scraper, CURL *easy, CURLcode result)
{
    struct scrape *scrape = NULL;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&scrape);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_multi_remove_handle(scraper->multi, easy);
    scrape->busy = false;
    if (scrape->asking_metrics) {
        if (result == CURLE_OK && status == 200)
            scrape_parse(scrape->body, scrape->size, scrape->metrics);
        finish_round(scrape, scrape->reached, scrape->ready);
        return;
    }
    scrape->reached = result == CURLE_OK;
    keep_words(scrape);
    scrape->ready = scrape->reached && status == 200;
    scrape->asking_metrics = scrape->reached && scrape->has_metrics;
    if (!scrape->asking_metrics || !ask(scraper, scrape, "/metrics"))
        finish_round(scrape, scrape->reached, scrape->ready);
}

int scraper_wait(struct scraper *scraper, struct curl_waitfd *fds, unsigned count, int timeout_ms)
{
    int running, left;
    CURLMcode code = curl_multi_poll(scraper->multi, fds, count, timeout_ms, NULL);
    if (code == CURLM_OK)
        code = curl_multi_perform(scraper->multi, &running);
    if (code != CURLM_OK)
        return error_set(ERROR_LIBRARY, "HTTP requests: %s", curl_multi_strerror(code));
    for (CURLMsg *message; (message = curl_multi_info_read(scraper->multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE)
            finish_request(scraper, message->easy_handle, message->data.result);
    return 0;
}
