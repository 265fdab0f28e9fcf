/* Merges defaults, file, environment and flags into one configuration, and reports every error on the way. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config.h"

#include "lib/runtime/config_value.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* The names that platforms give to some options; WICK_<SECTION>__<KEY> goes before them. */
static const struct {
    const char *variable, *section, *key;
} platform_names[] = {
    {"DATABASE_URL", "database", "url"},
    {"PORT", "dashboard", "port"},
    {"DASHBOARD_PASSWORD_HASH", "dashboard", "password_hash"},
    {"DASHBOARD_PASSWORD", "dashboard", "password"},
    {"EXCHANGE_API_KEY", "exchange", "api_key"},
    {"EXCHANGE_API_SECRET", "exchange", "api_secret"},
    {"HEALTH_PORT", "process", "health_port"},
};

static const char prefix[] = "WICK_";
static const char file_variable[] = "WICK_CONFIG"; /* names the file, as --config does */

/* ---- errors ---- */

__attribute__((format(printf, 2, 3))) static void report(struct loaded *loaded, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(loaded->errors, format, arguments);
    va_end(arguments);
    (void)fputc('\n', loaded->errors);
    loaded->error_count++;
}

/* Sets one option from text that stands at `origin`; reports what is wrong with it. */
static void set_from(struct loaded *loaded, size_t option, const char *text, size_t length, const char *origin,
                     const char *place)
{
    if (config_value_set(loaded, option, text, length) < 0)
        report(loaded, "%s: error: %s", place, error_message());
    else
        (void)snprintf(loaded->origins[option].text, sizeof loaded->origins[option].text, "%s", origin);
}

/* The option of a name whose parts may be in any case; option_count if there is none. */
static size_t find_option(const char *section, size_t section_length, const char *key, size_t key_length)
{
    for (size_t i = 0; i < option_count; i++)
        if (strlen(options[i].section) == section_length && strlen(options[i].key) == key_length &&
            strncasecmp(options[i].section, section, section_length) == 0 &&
            strncasecmp(options[i].key, key, key_length) == 0)
            return i;
    return option_count;
}

static bool section_exists(const char *name, size_t length)
{
    for (size_t i = 0; i < option_count; i++)
        if (strlen(options[i].section) == length && memcmp(options[i].section, name, length) == 0)
            return true;
    return false;
}

/* ---- the file ---- */

/* Writes "file:line:column" of a node, which starts at its first token. */
static void place_of(const char *file, struct fy_node *node, char *out, size_t capacity)
{
    struct fy_token *token = fy_node_get_scalar_token(node);
    const struct fy_mark *mark = token != NULL ? fy_token_start_mark(token) : NULL;
    if (mark != NULL)
        (void)snprintf(out, capacity, "%s:%d:%d", file, mark->line + 1, mark->column + 1);
    else
        (void)snprintf(out, capacity, "%s", file);
}

/* Joins the words of a YAML sequence with commas. False if it holds anything but words or is too long. */
static bool join_words(struct fy_node *node, char *out, size_t capacity)
{
    size_t length = 0;
    void *at = NULL;
    out[0] = '\0';
    for (struct fy_node *word; (word = fy_node_sequence_iterate(node, &at)) != NULL;) {
        size_t size = 0;
        const char *text = fy_node_is_scalar(word) ? fy_node_get_scalar(word, &size) : NULL;
        if (text == NULL || length + size + 2 > capacity)
            return false;
        length += (size_t)snprintf(out + length, capacity - length, "%s%.*s", length > 0 ? "," : "", (int)size, text);
    }
    return true;
}

static void read_value(struct loaded *loaded, size_t option, struct fy_node *key, struct fy_node *value,
                       const char *file)
{
    enum { JOINED_SIZE = 65536 };
    static char joined[JOINED_SIZE];
    char place[512];
    char origin[512];
    size_t length = 0;
    place_of(file, fy_node_is_scalar(value) ? value : key, place, sizeof place);
    (void)snprintf(origin, sizeof origin, "%s", place);
    const char *text = fy_node_is_scalar(value) ? fy_node_get_scalar(value, &length) : NULL;
    if (fy_node_is_sequence(value) && options[option].type == OPTION_LIST &&
        join_words(value, joined, sizeof joined)) {
        text = joined;
        length = strlen(joined);
    }
    char expected[120];
    config_value_expected(&options[option], expected, sizeof expected);
    if (text == NULL)
        report(loaded, "%s: error: %s.%s: expected %s", place, options[option].section, options[option].key, expected);
    else
        set_from(loaded, option, text, length, origin, place);
}

static void read_section(struct loaded *loaded, const char *section, size_t section_length, struct fy_node *body,
                         const char *file)
{
    void *at = NULL;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(body, &at)) != NULL;) {
        struct fy_node *key = fy_node_pair_key(pair);
        char place[512];
        size_t length = 0;
        const char *name = fy_node_get_scalar(key, &length);
        size_t option = name != NULL ? find_option(section, section_length, name, length) : option_count;
        place_of(file, key, place, sizeof place);
        if (option == option_count)
            report(loaded, "%s: error: unknown option '%.*s' in section '%.*s'", place, (int)length,
                   name != NULL ? name : "", (int)section_length, section);
        else
            read_value(loaded, option, key, fy_node_pair_value(pair), file);
    }
}

static void read_root(struct loaded *loaded, struct fy_node *root, const char *file)
{
    void *at = NULL;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(root, &at)) != NULL;) {
        struct fy_node *key = fy_node_pair_key(pair);
        struct fy_node *body = fy_node_pair_value(pair);
        char place[512];
        size_t length = 0;
        const char *name = fy_node_get_scalar(key, &length);
        place_of(file, key, place, sizeof place);
        if (name == NULL || !section_exists(name, length))
            report(loaded, "%s: error: unknown section '%.*s'", place, (int)length, name != NULL ? name : "");
        else if (fy_node_is_mapping(body))
            read_section(loaded, name, length, body, file);
        else if (!fy_node_is_null(body))
            report(loaded, "%s: error: section '%.*s': expected options as 'key: value'", place, (int)length, name);
    }
}

/* How many bytes the UTF-8 character at `text` has, of `left` that there are; 0 if it is none. */
static size_t character_length(const unsigned char *text, size_t left)
{
    static const struct {
        unsigned char first, last, length;
    } rows[] = {{0x00, 0x7f, 1}, {0xc2, 0xdf, 2}, {0xe0, 0xef, 3}, {0xf0, 0xf4, 4}};
    size_t length = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text[0] >= rows[i].first && text[0] <= rows[i].last)
            length = rows[i].length;
    for (size_t i = 1; i < length; i++)
        if (i >= left || (text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* Reports what libfyaml is not to see: it does not come back from some files that are no text, or hold directives. */
static bool is_plain_text(struct loaded *loaded, const char *file, const unsigned char *text, size_t size)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < size;) {
        size_t length = character_length(text + i, size - i);
        if (length == 0 || text[i] == 0x7f || (text[i] < ' ' && strchr("\n\r\t", text[i]) == NULL) || text[i] == '\0') {
            report(loaded, "%s:%d:%d: error: byte 0x%02x, expected text in UTF-8", file, line, column, text[i]);
            return false;
        }
        if (text[i] == '%' && column == 1) {
            report(loaded, "%s:%d:1: error: a YAML directive, expected sections as 'name:'", file, line);
            return false;
        }
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
        i += length;
    }
    return true;
}

static bool is_readable(struct loaded *loaded, const char *file)
{
    enum { FILE_SIZE_MAX = 256 * 1024 };
    unsigned char *text = malloc(FILE_SIZE_MAX + 1);
    FILE *stream = text != NULL ? fopen(file, "re") : NULL;
    size_t size = stream != NULL ? fread(text, 1, FILE_SIZE_MAX + 1, stream) : 0;
    bool good = false;
    if (stream == NULL || ferror(stream))
        report(loaded, "%s: error: cannot read the file: %s", file, strerror(errno));
    else if (size > FILE_SIZE_MAX)
        report(loaded, "%s: error: the file has more than %d bytes", file, FILE_SIZE_MAX);
    else
        good = is_plain_text(loaded, file, text, size);
    if (stream != NULL)
        (void)fclose(stream);
    free(text);
    return good;
}

static void read_file(struct loaded *loaded, const char *file)
{
    if (!is_readable(loaded, file))
        return;
    struct fy_diag_cfg diagnostics;
    fy_diag_cfg_default(&diagnostics);
    diagnostics.fp = loaded->errors;
    diagnostics.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diagnostics);
    struct fy_parse_cfg parse = {.search_path = "", .diag = diag};
    struct fy_parser *parser = diag != NULL ? fy_parser_create(&parse) : NULL;
    bool readable = parser != NULL && fy_parser_set_input_file(parser, file) == 0;
    struct fy_document *document = readable ? fy_parse_load_document(parser) : NULL;
    struct fy_node *root = document != NULL ? fy_document_root(document) : NULL;
    if (!readable || (document == NULL && fy_parser_get_stream_error(parser)))
        report(loaded, "%s: error: it is not YAML, see above", file);
    else if (root != NULL && fy_node_is_mapping(root))
        read_root(loaded, root, file);
    else if (root != NULL && !fy_node_is_null(root))
        report(loaded, "%s:1:1: error: expected sections as 'name:' with options below them", file);
    fy_document_destroy(document);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

/* ---- the environment ---- */

/* Erases a variable's value where the kernel shows it, then removes it. */
static void forget_variable(const char *name)
{
    char *value = getenv(name);
    if (value == NULL)
        return;
    explicit_bzero(value, strlen(value));
    (void)unsetenv(name);
}

static void read_platform_names(struct loaded *loaded)
{
    for (size_t i = 0; i < sizeof platform_names / sizeof platform_names[0]; i++) {
        const char *variable = platform_names[i].variable;
        const char *value = getenv(variable);
        if (value == NULL)
            continue;
        char origin[100];
        size_t option = find_option(platform_names[i].section, strlen(platform_names[i].section),
                                    platform_names[i].key, strlen(platform_names[i].key));
        (void)snprintf(origin, sizeof origin, "environment %s", variable);
        set_from(loaded, option, value, strlen(value), origin, origin);
        if (options[option].type == OPTION_SECRET)
            forget_variable(variable);
    }
}

/* Reads one "WICK_SECTION__KEY=value". */
static void read_variable(struct loaded *loaded, const char *entry)
{
    char name[100];
    char origin[120];
    size_t length = strcspn(entry, "=");
    if (length >= sizeof name || entry[length] != '=')
        return;
    (void)snprintf(name, sizeof name, "%.*s", (int)length, entry);
    if (strcmp(name, file_variable) == 0)
        return;
    const char *section = name + sizeof prefix - 1;
    const char *gap = strstr(section, "__");
    size_t option = gap != NULL ? find_option(section, (size_t)(gap - section), gap + 2, strlen(gap + 2)) : option_count;
    (void)snprintf(origin, sizeof origin, "environment %s", name);
    if (option == option_count) {
        report(loaded, "%s: error: there is no such option", origin);
        return;
    }
    set_from(loaded, option, entry + length + 1, strlen(entry + length + 1), origin, origin);
    if (options[option].type == OPTION_SECRET)
        forget_variable(name);
}

static void read_environment(struct loaded *loaded)
{
    read_platform_names(loaded);
    size_t i = 0;
    while (environ[i] != NULL) {
        const char *entry = environ[i];
        if (strncmp(entry, prefix, sizeof prefix - 1) == 0)
            read_variable(loaded, entry);
        if (environ[i] == entry) /* else it was removed and the next one moved here */
            i++;
    }
}

/* ---- flags ---- */

/* The value of argv[*i], which is `name` or `name=value`; NULL if it is another flag. Moves *i over a separate value. */
static const char *flag_value(int argc, char **argv, int *i, const char *name, bool *missing)
{
    size_t length = strlen(name);
    *missing = false;
    if (strncmp(argv[*i], name, length) != 0)
        return NULL;
    if (argv[*i][length] == '=')
        return argv[*i] + length + 1;
    if (argv[*i][length] != '\0')
        return NULL;
    if (*i + 1 >= argc) {
        *missing = true;
        return NULL;
    }
    return argv[++*i];
}

static int read_flag(struct loaded *loaded, int argc, char **argv, int *i)
{
    for (size_t option = 0; option < option_count; option++) {
        char flag[100];
        char origin[110];
        bool missing;
        (void)snprintf(flag, sizeof flag, "--%s.%s", options[option].section, options[option].key);
        const char *value = flag_value(argc, argv, i, flag, &missing);
        if (missing)
            return error_set(ERROR_ARGUMENT, "%s needs a value", flag);
        if (value == NULL)
            continue;
        (void)snprintf(origin, sizeof origin, "flag %s", flag);
        set_from(loaded, option, value, strlen(value), origin, origin);
        return 0;
    }
    return error_set(ERROR_ARGUMENT, "unknown option '%s'", argv[*i]);
}

/* The file that --config or the environment names; NULL if none. */
static int find_file(int argc, char **argv, const char **file)
{
    *file = getenv(file_variable);
    for (int i = 1; i < argc; i++) {
        bool missing;
        const char *value = flag_value(argc, argv, &i, "--config", &missing);
        if (missing)
            return error_set(ERROR_ARGUMENT, "--config needs a file");
        if (value != NULL)
            *file = value;
    }
    return 0;
}

static int read_flags(struct loaded *loaded, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bool missing;
        if (flag_value(argc, argv, &i, "--config", &missing) != NULL)
            continue;
        int code = read_flag(loaded, argc, argv, &i);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- all of it ---- */

static struct loaded *create(unsigned readers, FILE *errors)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL)
        return NULL;
    loaded->origins = calloc(option_count, sizeof *loaded->origins);
    loaded->texts = calloc(option_count, sizeof *loaded->texts);
    loaded->readers = readers;
    loaded->errors = errors;
    return loaded;
}

int config_load(unsigned readers, int argc, char **argv, FILE *errors, struct config **out)
{
    const char *file;
    int code = find_file(argc, argv, &file);
    if (code < 0)
        return code;
    struct loaded *loaded = create(readers, errors);
    if (loaded == NULL || loaded->origins == NULL || loaded->texts == NULL)
        return error_set(ERROR_MEMORY, "no memory for the configuration");
    for (size_t i = 0; i < option_count; i++)
        set_from(loaded, i, options[i].initial, strlen(options[i].initial), "default", "the program's own default");
    if (file != NULL)
        read_file(loaded, file);
    read_environment(loaded);
    code = read_flags(loaded, argc, argv);
    if (code == 0 && loaded->error_count > 0)
        code = error_set(ERROR_CONFIGURATION, "the configuration has %d error(s)", loaded->error_count);
    if (code < 0) {
        config_destroy(&loaded->config);
        return code;
    }
    *out = &loaded->config;
    return 0;
}

void config_destroy(struct config *config)
{
    if (config == NULL)
        return;
    struct loaded *loaded = (struct loaded *)config;
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].type == OPTION_SECRET)
            secret_release((struct secret *)((char *)config + options[i].offset));
        free(loaded->texts[i]);
    }
    free(loaded->texts);
    free(loaded->origins);
    free(loaded);
}

const char *config_origin(const struct config *config, const struct option_row *option)
{
    return ((const struct loaded *)config)->origins[option - options].text;
}
