/* What stands between the network and the owner's session: sessions, throttle, known devices, origins, the parser. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/device.h"
#include "dashboard/json_reader.h"
#include "dashboard/login.h"
#include "dashboard/origin.h"
#include "dashboard/session.h"
#include "dashboard/throttle.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

/* ---- sessions ---- */

static struct session_table table;

static void a_token_finds_its_session_and_no_other_does(void)
{
    char token[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
    memset(&table, 0, sizeof table);
    uint64_t id = session_create(&table, 1000, token);
    uint64_t other_id = session_create(&table, 1000, other);
    CU_ASSERT_EQUAL(strlen(token), TOKEN_TEXT_SIZE - 1);
    CU_ASSERT(id != other_id && strcmp(token, other) != 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(session_find(&table, token, 1000));
    CU_ASSERT_EQUAL(session_find(&table, token, 1000)->id, id);
    CU_ASSERT_EQUAL(session_find(&table, other, 1000)->id, other_id);
    for (size_t i = 0; i < strlen(token); i++) {
        char forged[TOKEN_TEXT_SIZE];
        memcpy(forged, token, sizeof forged);
        forged[i] = forged[i] == 'A' ? 'E' : 'A';
        CU_ASSERT_PTR_NULL(session_find(&table, forged, 1000));
    }
}

static void what_is_no_token_finds_nothing(void)
{
    char token[TOKEN_TEXT_SIZE], longer[TOKEN_TEXT_SIZE + 1];
    memset(&table, 0, sizeof table);
    (void)session_create(&table, 0, token);
    (void)snprintf(longer, sizeof longer, "%sA", token);
    CU_ASSERT_PTR_NULL(session_find(&table, NULL, 0));
    CU_ASSERT_PTR_NULL(session_find(&table, "", 0));
    CU_ASSERT_PTR_NULL(session_find(&table, longer, 0));
    token[TOKEN_TEXT_SIZE - 2] = '\0';
    CU_ASSERT_PTR_NULL(session_find(&table, token, 0));
    /* A free place's hash is all zero; no token may fit it. */
    CU_ASSERT_PTR_NULL(session_find(&table, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0));
}

static void a_session_ends_when_its_user_is_idle(void)
{
    char token[TOKEN_TEXT_SIZE];
    memset(&table, 0, sizeof table);
    uint64_t id = session_create(&table, 0, token);
    CU_ASSERT_PTR_NOT_NULL(session_find(&table, token, SESSION_IDLE_MS - 1));
    CU_ASSERT(session_alive(&table, id, SESSION_IDLE_MS - 1));
    CU_ASSERT_PTR_NULL(session_find(&table, token, SESSION_IDLE_MS));
    session_act(session_find(&table, token, SESSION_IDLE_MS - 1), SESSION_IDLE_MS - 1);
    CU_ASSERT_PTR_NOT_NULL(session_find(&table, token, SESSION_IDLE_MS));
    CU_ASSERT(!session_alive(&table, id, 2 * SESSION_IDLE_MS));
    CU_ASSERT_EQUAL(session_sweep(&table, 2 * SESSION_IDLE_MS), 0);
    CU_ASSERT_PTR_NULL(session_find(&table, token, 0)); /* swept is gone for good */
}

static void a_session_ends_after_twelve_hours_of_work(void)
{
    char token[TOKEN_TEXT_SIZE];
    memset(&table, 0, sizeof table);
    (void)session_create(&table, 0, token);
    int64_t now_ms = 0;
    for (; now_ms < SESSION_LIFETIME_MS; now_ms += SESSION_IDLE_MS / 2) {
        struct session *session = session_find(&table, token, now_ms);
        CU_ASSERT_PTR_NOT_NULL_FATAL(session);
        session_act(session, now_ms);
    }
    CU_ASSERT_PTR_NULL(session_find(&table, token, now_ms));
}

static void an_ended_session_is_dead_at_once(void)
{
    char token[TOKEN_TEXT_SIZE];
    memset(&table, 0, sizeof table);
    uint64_t id = session_create(&table, 5, token);
    session_end(session_find(&table, token, 5));
    CU_ASSERT_PTR_NULL(session_find(&table, token, 5));
    CU_ASSERT(!session_alive(&table, id, 5));
    CU_ASSERT(!session_alive(&table, 0, 5)); /* the id of free places */
}

static void a_full_table_gives_up_the_one_that_was_idle_longest(void)
{
    char tokens[SESSIONS_MAX + 1][TOKEN_TEXT_SIZE];
    memset(&table, 0, sizeof table);
    for (int i = 0; i < SESSIONS_MAX; i++)
        (void)session_create(&table, 100 + i, tokens[i]);
    session_act(session_find(&table, tokens[0], 200), 200); /* the oldest, but at work */
    (void)session_create(&table, 300, tokens[SESSIONS_MAX]);
    CU_ASSERT_PTR_NOT_NULL(session_find(&table, tokens[0], 300));
    CU_ASSERT_PTR_NULL(session_find(&table, tokens[1], 300));
    CU_ASSERT_PTR_NOT_NULL(session_find(&table, tokens[2], 300));
    CU_ASSERT_PTR_NOT_NULL(session_find(&table, tokens[SESSIONS_MAX], 300));
    CU_ASSERT_EQUAL(session_sweep(&table, 300), SESSIONS_MAX);
}

static void cookies_are_bound_to_the_host_where_there_is_https(void)
{
    char text[256], name[20];
    CU_ASSERT(cookie_print("sid", "abc", 60, true, text, sizeof text));
    CU_ASSERT_STRING_EQUAL(text, "__Host-sid=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure");
    CU_ASSERT(cookie_print("sid", "abc", 60, false, text, sizeof text));
    CU_ASSERT_STRING_EQUAL(text, "sid=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60");
    CU_ASSERT(!cookie_print("sid", "abc", 60, false, text, 20));
    cookie_name("device", true, name);
    CU_ASSERT_STRING_EQUAL(name, "__Host-device");
}

/* ---- throttle ---- */

static struct throttle throttle;

static void a_bucket_gives_its_burst_and_then_one_a_period(void)
{
    struct bucket bucket = {0};
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 50000), 0);
    CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 50000), 1000);
    CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 50999), 1);
    CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 51000), 0);
    CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 51000), 1000);
    for (int i = 0; i < 5; i++) /* never more than the burst, however long it rested */
        CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 10000000), 0);
    CU_ASSERT_EQUAL(bucket_take(&bucket, 1000, 5, 10000000), 1000);
}

static void delays_double_up_to_a_minute(void)
{
    static const int64_t expected_s[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
    for (int failures = 0; failures <= 10; failures++)
        CU_ASSERT_EQUAL(throttle_delay_ms(failures), expected_s[failures] * 1000);
    CU_ASSERT_EQUAL(throttle_delay_ms(1000000), 60000);
}

static void who_fails_thrice_waits_and_success_forgives(void)
{
    memset(&throttle, 0, sizeof throttle);
    int64_t now_ms = 1000000;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", false, now_ms), 0);
        throttle_failed(&throttle, "10.0.0.1", now_ms);
    }
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", false, now_ms), 1000);
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.2", false, now_ms), 0);
    now_ms += 1000;
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", false, now_ms), 0);
    throttle_failed(&throttle, "10.0.0.1", now_ms);
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", false, now_ms), 2000);
    throttle_succeeded(&throttle, "10.0.0.1");
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", false, now_ms + 5000), 0);
}

static void any_number_of_attackers_costs_one_verification_a_second(void)
{
    memset(&throttle, 0, sizeof throttle);
    int taken = 0;
    for (int64_t now_ms = 0; now_ms < 60000; now_ms += 10) {
        char client[CLIENT_KEY_SIZE];
        (void)snprintf(client, sizeof client, "10.0.%llu.%llu", test_random() % 256, test_random() % 256);
        if (throttle_take(&throttle, client, false, now_ms) == 0) {
            throttle_failed(&throttle, client, now_ms);
            taken++;
        }
    }
    CU_ASSERT(taken <= EVERYONE_BURST + 60);
    CU_ASSERT(taken >= 60);
    /* and meanwhile the owner's browser gets in */
    CU_ASSERT(throttle_take(&throttle, "10.0.0.1", false, 59995) > 0);
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", true, 59995), 0);
}

static void a_known_device_has_a_limit_too(void)
{
    memset(&throttle, 0, sizeof throttle);
    for (int i = 0; i < DEVICE_BURST; i++)
        CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", true, 100000), 0);
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.0.0.1", true, 100000), DEVICE_PERIOD_MS);
}

static void the_table_of_clients_forgets_the_oldest(void)
{
    char client[CLIENT_KEY_SIZE];
    memset(&throttle, 0, sizeof throttle);
    for (int i = 0; i <= THROTTLE_CLIENTS_MAX; i++) {
        (void)snprintf(client, sizeof client, "10.1.%d.%d", i / 256, i % 256);
        for (int j = 0; j < 4; j++)
            throttle_failed(&throttle, client, 1000 + i);
    }
    CU_ASSERT_EQUAL(throttle_take(&throttle, "10.1.0.0", false, 1300), 0); /* forgotten */
    CU_ASSERT(throttle_take(&throttle, "10.1.0.1", false, 1300) > 0);
    CU_ASSERT(throttle_take(&throttle, "10.1.1.0", false, 1300) > 0);
}

/* ---- known devices ---- */

static void a_device_is_known_by_its_key_for_thirty_days(void)
{
    uint8_t key[DEVICE_KEY_BYTES], other_key[DEVICE_KEY_BYTES];
    char text[DEVICE_TEXT_SIZE];
    device_key("$argon2id$one", key);
    device_key("$argon2id$two", other_key);
    device_issue(key, 1000000, text);
    CU_ASSERT_EQUAL(strlen(text), DEVICE_TEXT_SIZE - 1);
    CU_ASSERT(device_is_known(key, text, 1000000));
    CU_ASSERT(device_is_known(key, text, 1000000 + DEVICE_LIFETIME_S - 1));
    CU_ASSERT(!device_is_known(key, text, 1000000 + DEVICE_LIFETIME_S));
    CU_ASSERT(!device_is_known(key, text, 1000000 - 3600)); /* from the future */
    CU_ASSERT(!device_is_known(other_key, text, 1000000));  /* the password was changed */
    CU_ASSERT(!device_is_known(key, NULL, 1000000));
    CU_ASSERT(!device_is_known(key, "", 1000000));
    for (size_t i = 0; i < strlen(text); i++) {
        char forged[DEVICE_TEXT_SIZE];
        memcpy(forged, text, sizeof forged);
        forged[i] = forged[i] == 'A' ? 'I' : 'A';
        CU_ASSERT(!device_is_known(key, forged, 1000000));
    }
}

/* ---- origins ---- */

static void only_the_own_page_may_post(void)
{
    CU_ASSERT(origin_is_own("same-origin", NULL, "a:1"));
    CU_ASSERT(!origin_is_own("same-site", "http://a:1", "a:1"));
    CU_ASSERT(!origin_is_own("cross-site", "http://a:1", "a:1"));
    CU_ASSERT(!origin_is_own("none", "http://a:1", "a:1"));
    CU_ASSERT(!origin_is_own("", "http://a:1", "a:1"));
    CU_ASSERT(origin_is_own(NULL, "http://a:1", "a:1"));
    CU_ASSERT(origin_is_own(NULL, "https://wick.example", "wick.example"));
    CU_ASSERT(!origin_is_own(NULL, "https://evil.example", "wick.example"));
    CU_ASSERT(!origin_is_own(NULL, "https://wick.example.evil.example", "wick.example"));
    CU_ASSERT(!origin_is_own(NULL, "http://a:2", "a:1"));
    CU_ASSERT(!origin_is_own(NULL, "null", "null"));
    CU_ASSERT(!origin_is_own(NULL, "file://a:1", "a:1"));
    CU_ASSERT(!origin_is_own(NULL, NULL, "a:1"));
    CU_ASSERT(!origin_is_own(NULL, "http://", ""));
    CU_ASSERT(!origin_is_own(NULL, "http://a:1", NULL));
}

static void check_client(const char *peer, const char *forwarded, const char *proxy, const char *expected)
{
    char client[CLIENT_KEY_SIZE];
    origin_client(peer, forwarded, proxy, client);
    CU_ASSERT_STRING_EQUAL(client, expected);
}

static void forwarded_addresses_are_believed_from_the_proxy_only(void)
{
    check_client("10.0.0.7", NULL, "", "10.0.0.7");
    check_client("10.0.0.7", "1.2.3.4", "", "10.0.0.7");
    check_client("10.0.0.7", "1.2.3.4", "10.0.0.8", "10.0.0.7");
    check_client("10.0.0.8", "1.2.3.4", "10.0.0.8", "1.2.3.4");
    check_client("10.0.0.8", "6.6.6.6, 1.2.3.4", "10.0.0.8", "1.2.3.4"); /* the client wrote the first one */
    check_client("10.0.0.8", "6.6.6.6,\t1.2.3.4 ", "10.0.0.8", "1.2.3.4");
    check_client("10.0.0.8", NULL, "10.0.0.8", "10.0.0.8");
    check_client("10.0.0.8", "", "10.0.0.8", "unknown");
    check_client("10.0.0.8", ",", "10.0.0.8", "unknown");
    check_client("10.0.0.8", "nonsense", "10.0.0.8", "unknown");
}

static void addresses_are_normalised(void)
{
    check_client("2001:db8:1:2:3:4:5:6", NULL, "", "2001:db8:1:2::");
    check_client("2001:0DB8:0001:0002::1", NULL, "", "2001:db8:1:2::");
    check_client("::ffff:10.0.0.7", NULL, "", "10.0.0.7");
    check_client("", NULL, "", "unknown");
    char huge[4096];
    memset(huge, '1', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    check_client("10.0.0.8", huge, "10.0.0.8", "unknown");
}

/* ---- the parser ---- */

static int read_password(const char *body, char *out, size_t capacity)
{
    return json_read_member((const uint8_t *)body, strlen(body), "password", out, capacity);
}

static void one_member_is_read_with_its_escapes(void)
{
    char text[64];
    CU_ASSERT_EQUAL(read_password("{\"password\":\"a b\"}", text, sizeof text), 0);
    CU_ASSERT_STRING_EQUAL(text, "a b");
    CU_ASSERT_EQUAL(read_password(" {\r\n\t\"password\" : \"\" } \n", text, sizeof text), 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(read_password("{\"password\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", text, sizeof text), 0);
    CU_ASSERT_STRING_EQUAL(text, "\"\\/\b\f\n\r\t");
    CU_ASSERT_EQUAL(read_password("{\"password\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"}", text, sizeof text), 0);
    CU_ASSERT_STRING_EQUAL(text, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    CU_ASSERT_EQUAL(read_password("{\"p\\u0061ssword\":\"x\"}", text, sizeof text), 0);
    CU_ASSERT_EQUAL(read_password("{\"password\":\"\xc3\xa9\"}", text, sizeof text), 0);
    CU_ASSERT_STRING_EQUAL(text, "\xc3\xa9");
}

static void anything_else_is_refused(void)
{
    static const char *const bad[] = {
        "", "{", "{}", "[]", "null", "\"password\"", "{\"password\"}", "{\"password\":}", "{\"password\":1}",
        "{\"password\":null}", "{\"password\":\"x\"", "{\"password\":\"x\"}}", "{\"password\":\"x\"} x",
        "{\"password\":\"x\",}", "{\"password\":\"x\",\"b\":\"y\"}", "{\"Password\":\"x\"}", "{\"other\":\"x\"}",
        "{\"password\":\"x", "{\"password\":\"x\\", "{\"password\":\"\\x\"}", "{\"password\":\"\\u12\"}",
        "{\"password\":\"\\u12g4\"}", "{\"password\":\"\\u0000\"}", "{\"password\":\"\\ud83d\"}",
        "{\"password\":\"\\ud83d\\u0041\"}", "{\"password\":\"\\ude00\"}", "{\"password\":\"a\nb\"}",
        "{'password':'x'}", "{password:\"x\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64] = "untouched";
        CU_ASSERT_EQUAL(read_password(bad[i], text, sizeof text), ERROR_SYNTAX);
        CU_ASSERT_STRING_EQUAL(text, "untouched");
    }
    char text[64];
    CU_ASSERT_EQUAL(json_read_member((const uint8_t *)"{\"password\":\"a\0b\"}", 18, "password", text, 64),
                    ERROR_SYNTAX);
}

static void too_long_is_refused(void)
{
    char text[8], body[6000];
    CU_ASSERT_EQUAL(read_password("{\"password\":\"1234567\"}", text, sizeof text), 0);
    CU_ASSERT_EQUAL(read_password("{\"password\":\"12345678\"}", text, sizeof text), ERROR_RANGE);
    (void)snprintf(body, sizeof body, "{\"password\":\"%05000d\"}", 1);
    CU_ASSERT_EQUAL(read_password(body, text, sizeof text), ERROR_RANGE);
}

/* ---- the password ---- */

static void there_is_no_login_without_a_password(void)
{
    struct login login;
    struct secret none = {0}, given = {0};
    CU_ASSERT_EQUAL(login_init(&login, &none, &none), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "dashboard.password_hash"));
    CU_ASSERT_EQUAL_FATAL(secret_init(&given, "eleven char", 11), 0);
    CU_ASSERT_EQUAL(login_init(&login, &none, &given), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NULL(strstr(error_message(), "eleven char"));
    CU_ASSERT_EQUAL(login_init(&login, &given, &none), ERROR_CONFIGURATION); /* no hash */
    CU_ASSERT_PTR_NULL(strstr(error_message(), "eleven char"));
    secret_release(&given);
    CU_ASSERT_EQUAL_FATAL(secret_init(&given, "$argon2id$v=19$m=65536", 22), 0);
    CU_ASSERT_EQUAL(login_init(&login, &given, &none), ERROR_CONFIGURATION); /* half a hash */
    secret_release(&given);
}

static void a_hash_is_taken_and_a_password_is_hashed(void)
{
    struct login first, second;
    struct secret none = {0}, password = {0}, hash = {0};
    CU_ASSERT_EQUAL_FATAL(secret_init(&password, "twelve chars", 12), 0);
    CU_ASSERT_EQUAL_FATAL(login_init(&first, &none, &password), 0);
    CU_ASSERT_EQUAL(crypto_pwhash_str_verify(first.password_hash, "twelve chars", 12), 0);
    CU_ASSERT_NOT_EQUAL(crypto_pwhash_str_verify(first.password_hash, "twelve charz", 12), 0);
    CU_ASSERT_EQUAL(crypto_pwhash_str_needs_rehash(first.password_hash, ARGON2_PASSES, ARGON2_MEMORY_BYTES), 0);
    CU_ASSERT_EQUAL_FATAL(secret_init(&hash, first.password_hash, strlen(first.password_hash)), 0);
    CU_ASSERT_EQUAL_FATAL(login_init(&second, &hash, &none), 0);
    CU_ASSERT_STRING_EQUAL(first.password_hash, second.password_hash);
    CU_ASSERT_EQUAL(memcmp(first.device_key, second.device_key, DEVICE_KEY_BYTES), 0);
    login_release(&first);
    CU_ASSERT_EQUAL(first.password_hash[0], '\0');
    secret_release(&password);
    secret_release(&hash);
}

const char *const suite_name = "dashboard: login";
const struct test suite_tests[] = {
    {"there is no login without a password", there_is_no_login_without_a_password},
    {"a hash is taken, a password is hashed", a_hash_is_taken_and_a_password_is_hashed},
    {"a token finds its session, and no other does", a_token_finds_its_session_and_no_other_does},
    {"what is no token finds nothing", what_is_no_token_finds_nothing},
    {"a session ends when its user is idle", a_session_ends_when_its_user_is_idle},
    {"a session ends after twelve hours of work", a_session_ends_after_twelve_hours_of_work},
    {"an ended session is dead at once", an_ended_session_is_dead_at_once},
    {"a full table gives up the one that was idle longest", a_full_table_gives_up_the_one_that_was_idle_longest},
    {"cookies are bound to the host where there is HTTPS", cookies_are_bound_to_the_host_where_there_is_https},
    {"a bucket gives its burst and then one a period", a_bucket_gives_its_burst_and_then_one_a_period},
    {"delays double up to a minute", delays_double_up_to_a_minute},
    {"who fails thrice waits, and success forgives", who_fails_thrice_waits_and_success_forgives},
    {"attackers cost one verification a second", any_number_of_attackers_costs_one_verification_a_second},
    {"a known device has a limit too", a_known_device_has_a_limit_too},
    {"the table of clients forgets the oldest", the_table_of_clients_forgets_the_oldest},
    {"a device is known by its key for thirty days", a_device_is_known_by_its_key_for_thirty_days},
    {"only the own page may post", only_the_own_page_may_post},
    {"forwarded addresses are believed from the proxy only", forwarded_addresses_are_believed_from_the_proxy_only},
    {"addresses are normalised", addresses_are_normalised},
    {"one member is read with its escapes", one_member_is_read_with_its_escapes},
    {"anything else is refused", anything_else_is_refused},
    {"too long is refused", too_long_is_refused},
    {NULL, NULL},
};
