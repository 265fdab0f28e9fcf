/* The callbacks of libcurl's multi interface on one side, those of the loop on the other. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/curl_loop.h"

#include <stdlib.h>

/* A descriptor of libcurl's in the loop. */
struct curl_watch {
    struct curl_loop *curl;
    curl_socket_t fd; /* CURL_SOCKET_BAD: free */
};

/* Each connection has one, and while it is being made one more: the resolver's, or the other address family's. */
enum { WATCHES_A_CONNECTION = 3 };

static void act(struct curl_loop *curl, curl_socket_t fd, int events)
{
    int running, left;
    (void)curl_multi_socket_action(curl->multi, fd, events, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(curl->multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE)
            curl->done(curl->user, message->easy_handle, message->data.result);
}

static void on_timer(void *user, int64_t now_ms)
{
    (void)now_ms;
    act(user, CURL_SOCKET_TIMEOUT, 0);
}

static void on_descriptor(void *user, int events)
{
    struct curl_watch *watch = user;
    int action = ((events & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) | ((events & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    act(watch->curl, watch->fd, action);
}

/* libcurl: call back in timeout_ms; -1: not at all. */
static int set_timer(CURLM *multi, long timeout_ms, void *user)
{
    (void)multi;
    struct curl_loop *curl = user;
    if (timeout_ms < 0)
        loop_stop_timer(curl->loop, curl->timer);
    else
        loop_set_timer(curl->loop, curl->timer, timeout_ms);
    return 0;
}

static struct curl_watch *free_watch(struct curl_loop *curl)
{
    for (int i = 0; i < curl->watch_count; i++)
        if (curl->watches[i].fd == CURL_SOCKET_BAD)
            return &curl->watches[i];
    return NULL;
}

/* libcurl: watch this descriptor for `what`, or no longer. `known` is the watch it was given before. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    (void)easy;
    struct curl_loop *curl = user;
    struct curl_watch *watch = known;
    if (what == CURL_POLL_REMOVE) {
        loop_remove_fd(curl->loop, fd);
        if (watch != NULL)
            watch->fd = CURL_SOCKET_BAD;
        return 0;
    }
    int events = ((what & CURL_POLL_IN) != 0 ? LOOP_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? LOOP_WRITE : 0);
    if (watch != NULL) {
        loop_change_fd(curl->loop, fd, events);
        return 0;
    }
    watch = free_watch(curl);
    if (watch == NULL || loop_add_fd(curl->loop, fd, events, on_descriptor, watch) != 0)
        return -1;
    *watch = (struct curl_watch){curl, fd};
    (void)curl_multi_assign(curl->multi, fd, watch);
    return 0;
}

static int open_multi(struct curl_loop *curl, int connections)
{
    curl->multi = curl_multi_init();
    if (curl->multi == NULL)
        return error_set(ERROR_LIBRARY, "libcurl: no multi handle");
    bool set = curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, set_socket) == CURLM_OK &&
               curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl) == CURLM_OK &&
               curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
               curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl) == CURLM_OK &&
               curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, (long)connections) == CURLM_OK &&
               curl_multi_setopt(curl->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK;
    return set ? 0 : error_set(ERROR_LIBRARY, "libcurl: multi handle refused an option");
}

int curl_loop_open(struct curl_loop *curl, struct loop *loop, int connections, curl_done_fn done, void *user)
{
    *curl = (struct curl_loop){.loop = loop, .timer = -1, .done = done, .user = user};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(ERROR_LIBRARY, "libcurl does not start");
    curl->watches = calloc((size_t)(WATCHES_A_CONNECTION * connections), sizeof *curl->watches);
    if (curl->watches == NULL)
        return error_set(ERROR_MEMORY, "the watches of %d connections", connections);
    curl->watch_count = WATCHES_A_CONNECTION * connections;
    for (int i = 0; i < curl->watch_count; i++)
        curl->watches[i].fd = CURL_SOCKET_BAD;
    curl->timer = loop_add_timer(loop, 0, 0, on_timer, curl);
    if (curl->timer < 0)
        return curl->timer;
    loop_stop_timer(loop, curl->timer);
    return open_multi(curl, connections);
}

void curl_loop_close(struct curl_loop *curl)
{
    (void)curl_multi_cleanup(curl->multi);
    if (curl->loop != NULL && curl->timer >= 0)
        loop_remove_timer(curl->loop, curl->timer);
    free(curl->watches);
    *curl = (struct curl_loop){.timer = -1};
}
