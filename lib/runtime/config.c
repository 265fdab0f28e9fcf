/* Merges defaults, file, environment and flags into one configuration, and reports every error on the way. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config.h"

#include "lib/runtime/config_value.h"

#include "lib/base/similar.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

void config_report(struct loaded *loaded, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(loaded->errors, format, arguments);
    va_end(arguments);
    (void)fputc('\n', loaded->errors);
    loaded->error_count++;
}

void config_set(struct loaded *loaded, size_t option, const char *text, size_t length, const char *place)
{
    struct origin *origin = &loaded->origins[option];
    int code = config_value_set(loaded, option, text, length);
    if (code < 0)
        config_report(loaded, "%s: error: %s", place, error_message());
    origin->refused = code < 0;
    if (code == 0)
        (void)snprintf(origin->text, sizeof origin->text, "%s", place);
}

size_t config_find(const char *section, size_t section_length, const char *key, size_t key_length)
{
    for (size_t i = 0; i < option_count; i++)
        if (strlen(options[i].section) == section_length && strlen(options[i].key) == key_length &&
            strncasecmp(options[i].section, section, section_length) == 0 &&
            strncasecmp(options[i].key, key, key_length) == 0)
            return i;
    return option_count;
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

/* Sets an option from a variable. Docker's --env-file and others keep the quotes that a shell removes; no value of ours
 * begins and ends with one, but for a password perhaps. */
static void set_from_variable(struct loaded *loaded, size_t option, const char *name, const char *value)
{
    char place[120];
    size_t length = strlen(value);
    bool quoted = length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0];
    (void)snprintf(place, sizeof place, "environment %s", name);
    if (!quoted)
        config_set(loaded, option, value, length, place);
    else if (options[option].type != OPTION_PASSWORD)
        config_set(loaded, option, value + 1, length - 2, place);
    else
        config_report(loaded, "%s: error: %s.%s: the value stands in quotes, which what set it has kept; remove them, or "
                              "give the hash of a password that has quotes", place, options[option].section,
                      options[option].key);
    if (option_is_secret(&options[option]))
        forget_variable(name);
}

static void read_platform_names(struct loaded *loaded)
{
    for (size_t i = 0; i < sizeof platform_names / sizeof platform_names[0]; i++) {
        const char *value = getenv(platform_names[i].variable);
        size_t option = config_find(platform_names[i].section, strlen(platform_names[i].section),
                                    platform_names[i].key, strlen(platform_names[i].key));
        if (value != NULL)
            set_from_variable(loaded, option, platform_names[i].variable, value);
    }
}

static void variable_of(const struct option_row *option, char *out, size_t capacity)
{
    (void)snprintf(out, capacity, "%s%s__%s", prefix, option->section, option->key);
    for (char *at = out; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
}

/* Mostly it is one _ instead of two. */
static void report_unknown_variable(struct loaded *loaded, const char *name)
{
    char names[2][100], hint[160];
    struct similar similar = {.wrong = name};
    int next = 0;
    for (size_t i = 0; i < option_count; i++) {
        variable_of(&options[i], names[next], sizeof names[next]);
        similar_offer(&similar, names[next]);
        if (similar.best == names[next])
            next = 1 - next;
    }
    config_report(loaded, "environment %s: error: there is no such option%s", name,
                  similar_hint(&similar, hint, sizeof hint));
}

/* Reads one "WICK_SECTION__KEY=value". */
static void read_variable(struct loaded *loaded, const char *entry)
{
    char name[100];
    size_t length = strcspn(entry, "=");
    if (length >= sizeof name || entry[length] != '=')
        return;
    (void)snprintf(name, sizeof name, "%.*s", (int)length, entry);
    if (strcmp(name, file_variable) == 0)
        return;
    const char *section = name + sizeof prefix - 1;
    const char *gap = strstr(section, "__");
    size_t option =
        gap != NULL ? config_find(section, (size_t)(gap - section), gap + 2, strlen(gap + 2)) : option_count;
    if (option == option_count)
        report_unknown_variable(loaded, name);
    else
        set_from_variable(loaded, option, name, entry + length + 1);
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

/* A flag's name is shown, its value never: it may be a secret. */
static int refuse_flag(const char *flag)
{
    char name[64], names[2][64], hint[100];
    struct similar similar = {.wrong = name};
    int next = 0;
    if (strncmp(flag, "--", 2) != 0)
        return error_set(ERROR_ARGUMENT, "an argument is no option: flags are --config FILE and --section.key VALUE");
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(flag, "="), flag);
    for (size_t i = 0; i < option_count; i++) {
        (void)snprintf(names[next], sizeof names[next], "--%s.%s", options[i].section, options[i].key);
        similar_offer(&similar, names[next]);
        if (similar.best == names[next])
            next = 1 - next;
    }
    return error_set(ERROR_ARGUMENT, "unknown option '%s'%s", name, similar_hint(&similar, hint, sizeof hint));
}

static int read_flag(struct loaded *loaded, int argc, char **argv, int *i)
{
    for (size_t option = 0; option < option_count; option++) {
        char flag[100];
        char place[110];
        bool missing;
        (void)snprintf(flag, sizeof flag, "--%s.%s", options[option].section, options[option].key);
        const char *value = flag_value(argc, argv, i, flag, &missing);
        if (missing)
            return error_set(ERROR_ARGUMENT, "%s needs a value", flag);
        if (value == NULL)
            continue;
        (void)snprintf(place, sizeof place, "flag %s", flag);
        config_set(loaded, option, value, strlen(value), place);
        return 0;
    }
    return refuse_flag(argv[*i]);
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
    loaded->config.loaded = loaded;
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
        config_set(loaded, i, options[i].initial, strlen(options[i].initial), "default");
    if (file != NULL)
        config_read_file(loaded, file);
    read_environment(loaded);
    code = read_flags(loaded, argc, argv);
    if (code == 0)
        config_check_rules(loaded);
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
        if (option_is_secret(&options[i]))
            secret_release((struct secret *)((char *)config + options[i].offset));
        free(loaded->texts[i]);
    }
    free(loaded->texts);
    free(loaded->origins);
    free(loaded);
}

const char *config_origin(const struct config *config, const struct option_row *option)
{
    return config->loaded != NULL ? config->loaded->origins[option - options].text : "default";
}
