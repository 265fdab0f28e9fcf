/* One owner, so no user name: nothing to enumerate. Every refusal of a password says the same. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/login.h"

#include "dashboard/json_reader.h"
#include "dashboard/process.h"
#include "dashboard/reply.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>

static const char session_cookie[] = "sid";
static const char device_cookie[] = "device";

static int take_hash(struct login *login, const struct secret *hash)
{
    const char *text = secret_reveal(hash);
    if (strlen(text) >= sizeof login->password_hash || strncmp(text, "$argon2id$", 10) != 0)
        return error_set(ERROR_CONFIGURATION, "dashboard.password_hash is no Argon2id hash; `wick passwd` prints one");
    memcpy(login->password_hash, text, strlen(text) + 1);
    int outdated = crypto_pwhash_str_needs_rehash(login->password_hash, ARGON2_PASSES, ARGON2_MEMORY_BYTES);
    if (outdated < 0)
        return error_set(ERROR_CONFIGURATION, "dashboard.password_hash is no Argon2id hash; `wick passwd` prints one");
    return 0;
}

static int hash_password(struct login *login, const struct secret *password)
{
    const char *text = secret_reveal(password);
    if (strlen(text) < PASSWORD_BYTES_MIN)
        return error_set(ERROR_CONFIGURATION, "dashboard.password needs at least %d characters", PASSWORD_BYTES_MIN);
    if (crypto_pwhash_str(login->password_hash, text, strlen(text), ARGON2_PASSES, ARGON2_MEMORY_BYTES) != 0)
        return error_set(ERROR_MEMORY, "no memory to hash the password");
    return 0;
}

int login_init(struct login *login, const struct secret *hash, const struct secret *password)
{
    memset(login, 0, sizeof *login);
    if (sodium_init() < 0)
        return error_set(ERROR_LIBRARY, "libsodium does not start");
    if (!secret_is_given(hash) && !secret_is_given(password))
        return error_set(ERROR_CONFIGURATION,
                         "the dashboard does not start without a password: set dashboard.password_hash "
                         "(DASHBOARD_PASSWORD_HASH, from `wick passwd`) or dashboard.password (DASHBOARD_PASSWORD)");
    int code = secret_is_given(hash) ? take_hash(login, hash) : hash_password(login, password);
    if (code == 0)
        device_key(login->password_hash, login->device_key);
    return code;
}

void login_release(struct login *login)
{
    sodium_memzero(login, sizeof *login);
}

/* ---- cookies ---- */

static const char *read_cookie(const struct dashboard *dashboard, const struct http_request *request, const char *name)
{
    char full_name[20];
    cookie_name(name, dashboard->context->config->dashboard_secure_cookie, full_name);
    return http_cookie(request, full_name);
}

static void set_cookie(const struct dashboard *dashboard, struct http_request *request, const char *name,
                       const char *value, int max_age_s)
{
    char text[256];
    if (cookie_print(name, value, max_age_s, dashboard->context->config->dashboard_secure_cookie, text, sizeof text))
        http_add_header(request, "Set-Cookie", text);
}

struct session *dashboard_session(struct dashboard *dashboard, const struct http_request *request)
{
    return session_find(&dashboard->sessions, read_cookie(dashboard, request, session_cookie),
                        dashboard_now(dashboard));
}

/* ---- login ---- */

static bool verify(const struct login *login, const uint8_t *body, size_t size)
{
    char password[PASSWORD_BYTES_MAX + 1];
    if (json_read_member(body, size, "password", password, sizeof password) < 0)
        return false;
    bool right = crypto_pwhash_str_verify(login->password_hash, password, strlen(password)) == 0;
    sodium_memzero(password, sizeof password);
    return right;
}

/* A fresh token at every login: one that somebody planted before is worth nothing. */
static void open_session(struct dashboard *dashboard, struct http_request *request, const char *client)
{
    char token[TOKEN_TEXT_SIZE], device[DEVICE_TEXT_SIZE];
    struct session *old = dashboard_session(dashboard, request);
    if (old != NULL)
        session_end(old);
    uint64_t id = session_create(&dashboard->sessions, dashboard_now(dashboard), token);
    device_issue(dashboard->login.device_key, clock_wall_ms() / 1000, device);
    set_cookie(dashboard, request, session_cookie, token, SESSION_LIFETIME_MS / 1000);
    set_cookie(dashboard, request, device_cookie, device, DEVICE_LIFETIME_S);
    sodium_memzero(token, sizeof token);
    metric_add(METRIC_logins_total, 1);
    log_info("login", log_text("client", client), log_int("session", (int64_t)id));
    reply_empty(request, 204);
}

void login_handle(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    struct login *login = &dashboard->login;
    char client[CLIENT_KEY_SIZE];
    size_t size = 0;
    const uint8_t *body = http_body(request, &size);
    bool known = device_is_known(login->device_key, read_cookie(dashboard, request, device_cookie),
                                 clock_wall_ms() / 1000);
    dashboard_client(dashboard, request, client);
    int64_t wait_ms = throttle_take(&login->throttle, client, known, dashboard_now(dashboard));
    if (wait_ms > 0) {
        metric_add(METRIC_logins_throttled_total, 1);
        log_warn("login_throttled", log_text("client", client), log_int("wait_ms", wait_ms));
        reply_retry(request, 429, wait_ms, "too many attempts, try again later");
        return;
    }
    if (verify(login, body, size)) {
        throttle_succeeded(&login->throttle, client);
        open_session(dashboard, request, client);
        return;
    }
    throttle_failed(&login->throttle, client, dashboard_now(dashboard));
    metric_add(METRIC_logins_failed_total, 1);
    log_warn("login_failed", log_text("client", client), log_bool("known_device", known));
    reply_error(request, 401, "the password is not right");
}

void logout_handle(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    struct session *session = dashboard_session(dashboard, request);
    if (session != NULL) {
        log_info("logout", log_int("session", (int64_t)session->id));
        session_end(session);
    }
    streams_sweep(&dashboard->streams, &dashboard->sessions, dashboard_now(dashboard));
    set_cookie(dashboard, request, session_cookie, "", 0);
    http_add_header(request, "Clear-Site-Data", "\"cache\""); /* the known-device cookie stays: it gives no right */
    reply_empty(request, 204);
}
