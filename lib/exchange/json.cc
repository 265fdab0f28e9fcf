/* The C face of simdjson's On-Demand parser.
 *
 * Values are simdjson's own, copied in and out of struct json_value as bytes: they are three words that point into the
 * thread's document. The file is compiled without exceptions, so only simdjson's calls that return codes exist here. */
/* SPDX-License-Identifier: MIT */
extern "C" {
#include "lib/exchange/json.h"
}

#include <simdjson.h>

#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

namespace {

namespace ondemand = simdjson::ondemand;

static_assert(sizeof(ondemand::value) <= sizeof(json_value), "a value must fit its C struct");
static_assert(std::is_trivially_copyable<ondemand::value>::value, "a value is copied as bytes");

/* The thread's parser, the copy of the text it reads, and the document that is being read. */
struct reader {
    ondemand::parser parser;
    ondemand::document document;
    std::unique_ptr<char[]> text;
    size_t capacity = 0;
    bool broken = false; /* the document cannot be read any further */
};

thread_local reader current;

int fail(const char *expected, simdjson::error_code error)
{
    return error_set(ERROR_PROTOCOL, "JSON: %s: %s", expected, simdjson::error_message(error));
}

/* A failure of the document's syntax, not of what a value is. */
int fail_broken(const char *where, simdjson::error_code error)
{
    current.broken = true;
    return fail(where, error);
}

json_value pack(const ondemand::value &value)
{
    json_value packed;
    static_assert(sizeof value == sizeof packed, "nothing is left uninitialised");
    std::memcpy(static_cast<void *>(packed.hidden), static_cast<const void *>(&value), sizeof value);
    return packed;
}

ondemand::value unpack(const json_value &packed)
{
    ondemand::value value;
    std::memcpy(static_cast<void *>(&value), static_cast<const void *>(packed.hidden), sizeof value);
    return value;
}

/* Makes room for `size` bytes and the padding that simdjson reads into. What an uncommonly long document needed goes
 * back to the system. */
bool reserve(size_t size)
{
    if (current.capacity > JSON_SIZE_KEPT && size <= JSON_SIZE_KEPT)
        current = reader();
    if (current.capacity >= size)
        return true;
    size_t wanted = current.capacity * 2 > size ? current.capacity * 2 : size;
    std::unique_ptr<char[]> text(new (std::nothrow) char[wanted + simdjson::SIMDJSON_PADDING]());
    if (text == nullptr)
        return false;
    current.text = std::move(text);
    current.capacity = wanted;
    return true;
}

/* The last byte that is not blank; 0 if there is none. A cut-off document does not end with its bracket. */
char last_byte(const char *text, size_t size)
{
    while (size > 0 && std::strchr(" \t\r\n", text[size - 1]) != nullptr)
        size--;
    return size > 0 ? text[size - 1] : '\0';
}

std::string_view trim(std::string_view text)
{
    size_t end = text.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

/* A scalar as it stands in the document; a string without its quotes, with its escapes. */
std::string_view bare_token(ondemand::value &value)
{
    std::string_view token = trim(value.raw_json_token());
    bool quoted = token.size() >= 2 && token.front() == '"' && token.back() == '"';
    return quoted ? token.substr(1, token.size() - 2) : token;
}

/* A value that is not what was expected, with its text as it stands in the document, as far as it can be printed. */
int refuse_value(const char *expected, ondemand::value value)
{
    enum { SHOWN_MAX = 40 };
    std::string_view token = trim(value.raw_json_token());
    char shown[SHOWN_MAX + 1];
    size_t length = token.size() < SHOWN_MAX ? token.size() : size_t{SHOWN_MAX};
    for (size_t i = 0; i < length; i++)
        shown[i] = token[i] >= ' ' && token[i] <= '~' ? token[i] : '?';
    shown[length] = '\0';
    return error_set(ERROR_PROTOCOL, "expected %s, got %s", expected, shown);
}

/* A value of another type. A text is read all the same: simdjson would take one that is skipped for a key if a colon stands
 * behind it, and a document that is none would go on. */
int refuse_type(const char *expected, ondemand::value value)
{
    simdjson::ondemand::raw_json_string ignored;
    int code = refuse_value(expected, value);
    (void)value.get_raw_json_string().get(ignored);
    return code;
}

int text_of(ondemand::value value, std::string_view *text)
{
    ondemand::json_type type;
    auto error = value.type().get(type);
    if (!error && type == ondemand::json_type::string)
        error = value.get_string().get(*text);
    else if (!error && type == ondemand::json_type::number)
        *text = trim(value.raw_json_token());
    else if (!error)
        error = simdjson::INCORRECT_TYPE;
    return error ? refuse_value("a text or a number", value) : 0;
}

/* As it stands, which nearly always works; else unescaped. */
int read_decimal(ondemand::value value, struct decimal *out)
{
    std::string_view text = bare_token(value);
    if (decimal_parse_scientific(text.data(), text.size(), out) == 0)
        return 0;
    ondemand::value again = value;
    int code = text_of(value, &text);
    if (code == 0)
        code = decimal_parse_scientific(text.data(), text.size(), out);
    if (code == ERROR_RANGE)
        return refuse_value("a decimal of 63 bits", again);
    return code != 0 ? refuse_value("a decimal", again) : 0;
}

} // namespace

int json_parse(const char *text, size_t size, struct json_value *root)
{
    if (size > JSON_SIZE_MAX)
        return error_set(ERROR_PROTOCOL, "JSON: %zu bytes, more than %d", size, int{JSON_SIZE_MAX});
    char last = last_byte(text, size);
    if (last != ']' && last != '}')
        return error_set(ERROR_PROTOCOL, "JSON: no array or object, or one that is cut off");
    if (!reserve(size))
        return error_set(ERROR_MEMORY, "JSON: room for %zu bytes", size);
    current.broken = false;
    std::memcpy(current.text.get(), text, size);
    std::memset(current.text.get() + size, 0, simdjson::SIMDJSON_PADDING);
    auto error = current.parser.iterate(current.text.get(), size, current.capacity + simdjson::SIMDJSON_PADDING)
                     .get(current.document);
    if (error)
        return fail("expected a document", error);
    ondemand::value value;
    error = current.document.get_value().get(value);
    if (error)
        return fail("expected an array or an object", error);
    *root = pack(value);
    return 0;
}

bool json_is_broken(void)
{
    return current.broken;
}

int json_finish(void)
{
    const char *rest = nullptr;
    if (current.broken)
        return error_set(ERROR_PROTOCOL, "JSON: the document is broken");
    auto error = current.document.current_location().get(rest);
    if (error == simdjson::OUT_OF_BOUNDS)
        return 0;
    return error ? fail("expected the end", error) : error_set(ERROR_PROTOCOL, "JSON: something follows the document");
}

int json_each_element(struct json_value packed, int (*fn)(void *, size_t, struct json_value), void *user)
{
    ondemand::array array;
    ondemand::value whole = unpack(packed);
    auto error = whole.get_array().get(array);
    if (error)
        return error == simdjson::INCORRECT_TYPE ? refuse_type("an array", whole) : fail_broken("an array", error);
    size_t index = 0;
    for (auto element : array) {
        ondemand::value value;
        error = std::move(element).get(value);
        if (error)
            return fail_broken("in an array", error);
        int code = fn(user, index++, pack(value));
        if (code != 0)
            return code;
    }
    return 0;
}

int json_each_or_one(struct json_value packed, int (*fn)(void *, size_t, struct json_value), void *user)
{
    ondemand::json_type type;
    auto error = unpack(packed).type().get(type);
    if (error)
        return fail("expected an array or an object", error);
    return type == ondemand::json_type::array ? json_each_element(packed, fn, user) : fn(user, 0, packed);
}

int json_each_member(struct json_value packed, int (*fn)(void *, const char *, size_t, struct json_value),
                     void *user)
{
    ondemand::object object;
    ondemand::value whole = unpack(packed);
    auto error = whole.get_object().get(object);
    if (error)
        return error == simdjson::INCORRECT_TYPE ? refuse_type("an object", whole) : fail_broken("an object", error);
    for (auto member : object) {
        ondemand::field field;
        std::string_view key;
        error = std::move(member).get(field);
        if (!error)
            error = field.unescaped_key().get(key);
        if (error)
            return fail_broken("in an object", error);
        int code = fn(user, key.data(), key.size(), pack(field.value()));
        if (code == ERROR_PROTOCOL)
            return error_context(code, "%.*s", int(key.size() < 40 ? key.size() : 40), key.data());
        if (code != 0)
            return code;
    }
    return 0;
}

int json_text(struct json_value packed, const char **text, size_t *length)
{
    std::string_view view;
    int code = text_of(unpack(packed), &view);
    if (code != 0)
        return code;
    *text = view.data();
    *length = view.size();
    return 0;
}

int json_decimal(struct json_value packed, struct decimal *out)
{
    return read_decimal(unpack(packed), out);
}

int json_decimals(struct json_value packed, struct decimal *out, size_t count)
{
    ondemand::array array;
    ondemand::value whole = unpack(packed);
    auto error = whole.get_array().get(array);
    if (error)
        return error == simdjson::INCORRECT_TYPE ? refuse_type("an array", whole) : fail_broken("an array", error);
    size_t index = 0;
    for (auto element : array) {
        ondemand::value value;
        if (index == count)
            break;
        error = std::move(element).get(value);
        if (error)
            return fail_broken("in an array", error);
        int code = read_decimal(value, &out[index++]);
        if (code != 0)
            return error_context(code, "column %zu", index);
    }
    return index == count ? 0 : error_set(ERROR_PROTOCOL, "JSON: %zu elements, expected %zu", index, count);
}

int json_integer(struct json_value packed, int64_t *out)
{
    struct decimal decimal;
    int code = json_decimal(packed, &decimal);
    if (code != 0)
        return code;
    if (decimal.scale != 0)
        return refuse_value("an integer", unpack(packed));
    *out = decimal.mantissa;
    return 0;
}

bool json_is_null(struct json_value packed)
{
    ondemand::json_type type;
    return !unpack(packed).type().get(type) && type == ondemand::json_type::null;
}

bool json_is_object(struct json_value packed)
{
    ondemand::json_type type;
    return !unpack(packed).type().get(type) && type == ondemand::json_type::object;
}

int json_boolean(struct json_value packed, bool *out)
{
    bool value = false;
    ondemand::value whole = unpack(packed);
    if (whole.get_bool().get(value))
        return refuse_value("true or false", whole);
    *out = value;
    return 0;
}
