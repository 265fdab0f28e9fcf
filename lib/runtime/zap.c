/* Reads a ZAP request of any shape and answers 200 only to a CURVE key that the link's row names. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/zap.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>
#include <zmq.h>

/* The frames of a request, RFC 27: version, request id, domain, address, identity, mechanism, credentials. */
enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, FRAMES };

enum { FRAME_SIZE = 256 };

struct zap_request {
    char frames[FRAMES][FRAME_SIZE]; /* NUL-ended copies */
    size_t sizes[FRAMES];
    int count; /* frames there were; more than FRAMES is a refusal */
};

void *zap_open(void *context)
{
    void *socket = zmq_socket(context, ZMQ_REP);
    int linger = 0;
    if (socket == NULL || zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_bind(socket, "inproc://zeromq.zap.01") != 0) {
        (void)error_set(ERROR_LIBRARY, "open the ZAP handler: %s", zmq_strerror(zmq_errno()));
        if (socket != NULL)
            (void)zmq_close(socket);
        return NULL;
    }
    return socket;
}

/* Takes one request off the socket. False if none waits. */
static bool receive(void *socket, struct zap_request *request)
{
    int more = 1;
    size_t more_size = sizeof more;
    *request = (struct zap_request){0};
    while (more) {
        char frame[FRAME_SIZE];
        int size = zmq_recv(socket, frame, sizeof frame, ZMQ_DONTWAIT);
        if (size < 0)
            return false;
        if (request->count < FRAMES && size < FRAME_SIZE) {
            memcpy(request->frames[request->count], frame, (size_t)size);
            request->sizes[request->count] = (size_t)size;
        }
        request->count++;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size) != 0)
            return false;
    }
    return true;
}

static bool admitted(const struct zap_request *request, const struct curve_keys *keys, enum role *role)
{
    if (request->count != FRAMES || strcmp(request->frames[VERSION], "1.0") != 0 ||
        strcmp(request->frames[MECHANISM], "CURVE") != 0 || request->sizes[CREDENTIALS] != CURVE_KEY_SIZE)
        return false;
    for (int link = 0; link < LINKS; link++)
        if (strcmp(links[link].name, request->frames[DOMAIN]) == 0)
            return curve_admits(keys, (enum link)link, (const uint8_t *)request->frames[CREDENTIALS], role);
    return false;
}

static void reply(void *socket, const struct zap_request *request, bool admit, const char *user)
{
    const char *const status = admit ? "200" : "400";
    const char *const text = admit ? "OK" : "not admitted";
    (void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, request->frames[REQUEST], request->sizes[REQUEST], ZMQ_SNDMORE);
    (void)zmq_send(socket, status, 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, text, strlen(text), ZMQ_SNDMORE);
    (void)zmq_send(socket, user, strlen(user), ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, 0);
}

void zap_answer(void *socket, const struct curve_keys *keys)
{
    struct zap_request request;
    while (receive(socket, &request)) {
        enum role role = ROLES;
        bool admit = admitted(&request, keys, &role);
        reply(socket, &request, admit, admit ? roles[role].name : "");
        if (!admit) {
            metric_add(METRIC_handshakes_refused_total, 1);
            log_debug("handshake_refused", log_text("link", request.frames[DOMAIN]),
                      log_text("address", request.frames[ADDRESS]));
        }
    }
}
