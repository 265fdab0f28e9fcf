/* The JSON reader: what it hands out, and that it refuses everything that is not whole. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/json.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct visit {
    size_t elements, members;
    char text[64];
};

static int visit_member(void *user, const char *key, size_t key_length, struct json_value member)
{
    struct visit *visit = user;
    visit->members++;
    if (key_length == 4 && memcmp(key, "text", 4) == 0) {
        const char *text;
        size_t length;
        int code = json_text(member, &text, &length);
        if (code != 0)
            return code;
        CU_ASSERT_FATAL(length < sizeof visit->text);
        memcpy(visit->text, text, length);
    }
    return 0;
}

static int visit_element(void *user, size_t index, struct json_value element)
{
    struct visit *visit = user;
    CU_ASSERT_EQUAL(index, visit->elements);
    visit->elements++;
    return json_each_member(element, visit_member, visit);
}

static int visit_document(const char *text, size_t size, struct visit *visit)
{
    *visit = (struct visit){0};
    struct json_value root;
    int code = json_parse(text, size, &root);
    if (code == 0)
        code = json_each_or_one(root, visit_element, visit);
    return code != 0 ? code : json_finish();
}

static void json_walks_a_document(void)
{
    static const char text[] = " [ {\"a\":1,\"te\\u0078t\":\"x\\n\\u20ac\"}, {}, {\"deep\":[[[{\"b\":[1,2]}]]],\"z\":null} ]\n";
    struct visit visit;
    CU_ASSERT_EQUAL(visit_document(text, strlen(text), &visit), 0);
    CU_ASSERT_EQUAL(visit.elements, 3);
    CU_ASSERT_EQUAL(visit.members, 4);
    CU_ASSERT_STRING_EQUAL(visit.text, "x\n\xe2\x82\xac");
    CU_ASSERT_EQUAL(visit_document("{\"text\":\"one\"}", 14, &visit), 0);
    CU_ASSERT_STRING_EQUAL(visit.text, "one");
}

static void json_refuses_what_is_none(void)
{
    static const char *const texts[] = {
        "", " ", "null", "1", "\"a\"", "<!DOCTYPE html><html></html>", "[", "]", "{]", "[}", "[1 2]", "[{\"a\":1},]x]",
        "[{}] [{}]", "[{}]]", "{\"text\":\"\x80\"}", "{\"text\":\"a}", "{\"text\":tru}", "{\"text\":nan}",
        "{\"text\" 1}", "{1:2}", "[{\"text\":\"\\ud800\"}]", "[{\"text\":\"\\q\"}]", "[1]", "[[]]", "\xef\xbb\xbf[",
    };
    struct visit visit;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int code = visit_document(texts[i], strlen(texts[i]), &visit);
        if (code != ERROR_PROTOCOL)
            printf("taken: %s\n", texts[i]);
        CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
    }
}

static void json_refuses_every_cut(void)
{
    static const char text[] = "[{\"text\":\"abc\",\"n\":[1,{\"k\":2}]},{\"text\":\"de\",\"m\":{\"a\":[]}}]";
    struct visit visit;
    CU_ASSERT_EQUAL(visit_document(text, strlen(text), &visit), 0);
    for (size_t size = 0; size < strlen(text); size++)
        CU_ASSERT_EQUAL(visit_document(text, size, &visit), ERROR_PROTOCOL);
}

static void json_bounds_size_and_depth(void)
{
    struct visit visit;
    char *large = malloc(JSON_SIZE_MAX + 2);
    CU_ASSERT_FATAL(large != NULL);
    memset(large, ' ', JSON_SIZE_MAX + 2);
    memcpy(large, "[]", 2);
    CU_ASSERT_EQUAL(visit_document(large, JSON_SIZE_MAX, &visit), 0);
    CU_ASSERT_EQUAL(visit_document(large, JSON_SIZE_MAX + 1, &visit), ERROR_PROTOCOL);
    size_t depth = 500000; /* skipped without recursion */
    memcpy(large, "{\"a\":", 5);
    memset(large + 5, '[', depth);
    memset(large + 5 + depth, ']', depth);
    large[5 + 2 * depth] = '}';
    int code = visit_document(large, 6 + 2 * depth, &visit);
    CU_ASSERT(code == 0 || code == ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(visit_document(large, 5 + depth, &visit), ERROR_PROTOCOL);
    free(large);
}

static int take_numbers(void *user, size_t index, struct json_value element)
{
    struct decimal *out = user;
    (void)index;
    return json_decimal(element, out);
}

static int take_integer(void *user, size_t index, struct json_value element)
{
    (void)index;
    return json_integer(element, user);
}

static void json_numbers_are_exact(void)
{
    struct json_value root;
    struct decimal decimal = {0};
    static const struct {
        const char *text;
        int64_t mantissa;
        uint8_t scale;
        int code;
    } cases[] = {
        {"[\"0.00000111\"]", 111, 8, 0},         {"[0.10 ]", 1, 1, 0},
        {"[9007199254740993]", 9007199254740993, 0, 0}, {"[\"9223372036854775807\"]", INT64_MAX, 0, 0},
        {"[-1.5\n]", -15, 1, 0},                 {"[\"2e-08\"]", 2, 8, 0},
        {"[2E-08]", 2, 8, 0},       {"[\"NaN\"]", 0, 0, ERROR_PROTOCOL},
        {"[NaN]", 0, 0, ERROR_PROTOCOL},         {"[null]", 0, 0, ERROR_PROTOCOL},
        {"[true]", 0, 0, ERROR_PROTOCOL},        {"[\"\"]", 0, 0, ERROR_PROTOCOL},
        {"[\" 1\"]", 0, 0, ERROR_PROTOCOL},      {"[\"+1\"]", 0, 0, ERROR_PROTOCOL},
        {"[1x]", 0, 0, ERROR_PROTOCOL},          {"[\"Infinity\"]", 0, 0, ERROR_PROTOCOL},
        {"[\"0.123456789012345678901234567891\"]", 0, 0, ERROR_PROTOCOL},
        {"[\"123456789012345678901234567890\"]", 0, 0, ERROR_PROTOCOL},
        {"[{}]", 0, 0, ERROR_PROTOCOL},          {"[\"1.\"]", 0, 0, ERROR_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int code = json_parse(cases[i].text, strlen(cases[i].text), &root);
        if (code == 0)
            code = json_each_element(root, take_numbers, &decimal);
        CU_ASSERT_EQUAL(code, cases[i].code);
        if (code == 0) {
            CU_ASSERT_EQUAL(decimal.mantissa, cases[i].mantissa);
            CU_ASSERT_EQUAL(decimal.scale, cases[i].scale);
        }
    }
    int64_t integer = 0;
    CU_ASSERT_FATAL(json_parse("[1.5]", 5, &root) == 0);
    CU_ASSERT_EQUAL(json_each_element(root, take_integer, &integer), ERROR_PROTOCOL);
    CU_ASSERT_FATAL(json_parse("[\"17\"]", 6, &root) == 0);
    CU_ASSERT_EQUAL(json_each_element(root, take_integer, &integer), 0);
    CU_ASSERT_EQUAL(integer, 17);
}

const char *const suite_name = "json";

const struct test suite_tests[] = {
    {"a JSON document is walked", json_walks_a_document},
    {"what is no JSON is refused", json_refuses_what_is_none},
    {"a JSON document is refused wherever it is cut", json_refuses_every_cut},
    {"JSON is bounded in size and depth", json_bounds_size_and_depth},
    {"JSON numbers are exact", json_numbers_are_exact},
    {NULL, NULL},
};
