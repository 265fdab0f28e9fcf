/* The configuration's file. libfyaml parses it; its own error output, which shows lines of the file, is not used: they may
 * hold secrets. Of YAML only what a configuration needs is taken: mappings, lists, scalars. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config_value.h"

#include "lib/base/similar.h"

#include <errno.h>
#include <libfyaml.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_SIZE_MAX = 256 * 1024, NAME_LENGTH_MAX = 40, WORD_SHOWN_MAX = 60 };

struct source {
    struct loaded *loaded;
    const char *name;
    char *text; /* owned */
    size_t size;
    unsigned mode; /* of the file */
};

/* ---- places ---- */

/* A place in the file, both from 1. */
struct place {
    int line, column;
};

/* Where a node begins; where that is not known (it is empty, or no scalar), at its tag, or at `fallback`. */
static struct place place_of(struct fy_node *node, struct place fallback)
{
    struct fy_token *token = node != NULL ? fy_node_get_scalar_token(node) : NULL;
    if (token == NULL && node != NULL)
        token = fy_node_get_tag_token(node);
    const struct fy_mark *mark = token != NULL ? fy_token_start_mark(token) : NULL;
    if (mark == NULL)
        return fallback;
    int before = fy_node_is_alias(node) ? 1 : 0; /* its token begins behind the * */
    return (struct place){mark->line + 1, mark->column + 1 - before};
}

static void place_text(const struct source *source, struct place place, char out[PLACE_SIZE])
{
    (void)snprintf(out, PLACE_SIZE, "%s:%d:%d", source->name, place.line, place.column);
}

/* The rest of the line at a place; "" behind its end. Columns count characters. */
static const char *text_at(const struct source *source, struct place place)
{
    const char *at = source->text;
    for (int line = 1; line < place.line && *at != '\0'; line++) {
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    for (int column = 1; column < place.column && *at != '\0' && *at != '\n'; column++)
        do
            at++;
        while ((*at & 0xc0) == 0x80);
    return at;
}

/* Copies a word as it stands in the file, up to a comment and, in a list with brackets, up to the next comma. */
static void copy_word(const char *at, bool in_brackets, char *out, size_t capacity)
{
    size_t length = strcspn(at, in_brackets ? ",]\r\n" : "\r\n");
    const char *comment = strstr(at, " #");
    if (comment != NULL && (size_t)(comment - at) < length)
        length = (size_t)(comment - at);
    while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
        length--;
    (void)snprintf(out, capacity, "%.*s", (int)(length < capacity ? length : capacity - 1), at);
}

/* ---- what is not taken ---- */

/* Reports aliases, tags and anchors: mostly they are words that begin with *, ! or & and lack their quotes. A value is
 * shown if `row` says that it is no secret. */
static bool node_is_plain(const struct source *source, struct fy_node *node, struct place fallback,
                          const struct option_row *row, bool in_brackets)
{
    const char *what = NULL;
    if (node == NULL)
        return true;
    if (fy_node_is_alias(node))
        what = "* begins an alias";
    else if (fy_node_get_tag_token(node) != NULL)
        what = "! begins a tag";
    else if (fy_node_get_anchor(node) != NULL)
        what = "& begins an anchor";
    if (what == NULL)
        return true;
    struct fy_token *tag = fy_node_get_tag_token(node);
    const struct fy_mark *mark = tag != NULL ? fy_token_start_mark(tag) : NULL;
    struct place place = mark != NULL ? (struct place){mark->line + 1, mark->column + 1} : place_of(node, fallback);
    const char *at = text_at(source, place);
    char word[WORD_SHOWN_MAX], text[PLACE_SIZE];
    place_text(source, place, text);
    copy_word(at, in_brackets, word, sizeof word);
    if (row != NULL && !option_is_secret(row) && (at[0] == '*' || at[0] == '!'))
        config_report(source->loaded, "%s: error: %s.%s: %s in YAML; write the word in quotes: \"%s\"", text,
                      row->section, row->key, what, word);
    else
        config_report(source->loaded, "%s: error: %s in YAML, which is not taken here; a value that begins so stands in "
                                      "quotes", text, what);
    return false;
}

static bool is_name(const char *name, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    for (size_t i = 0; i < length; i++)
        if (strchr(letters, name[i]) == NULL || name[i] == '\0')
            return false;
    return length > 0 && length <= NAME_LENGTH_MAX;
}

/* The option's section comes with a hint: where the key stands elsewhere, or which one is meant. */
static void report_unknown(const struct source *source, struct place place, const char *section, const char *name,
                           size_t length)
{
    char wrong[NAME_LENGTH_MAX + 1], text[PLACE_SIZE], hint[100] = "";
    struct similar similar = {.wrong = wrong};
    place_text(source, place, text);
    if (!is_name(name, length)) { /* perhaps a value that lacks its key: a secret */
        config_report(source->loaded, "%s: error: expected options as 'key: value' in section '%s'", text, section);
        return;
    }
    (void)snprintf(wrong, sizeof wrong, "%.*s", (int)length, name);
    for (size_t i = 0; i < option_count; i++) {
        if (strcmp(options[i].section, section) == 0)
            similar_offer(&similar, options[i].key);
        else if (strcmp(options[i].key, wrong) == 0)
            (void)snprintf(hint, sizeof hint, "; it belongs into section '%s'", options[i].section);
    }
    if (hint[0] == '\0')
        (void)similar_hint(&similar, hint, sizeof hint);
    config_report(source->loaded, "%s: error: unknown option '%s' in section '%s'%s", text, wrong, section, hint);
}

static void report_unknown_section(const struct source *source, struct place place, const char *name, size_t length)
{
    char wrong[NAME_LENGTH_MAX + 1], text[PLACE_SIZE], hint[100];
    struct similar similar = {.wrong = wrong};
    place_text(source, place, text);
    if (name == NULL || !is_name(name, length)) {
        config_report(source->loaded, "%s: error: expected the name of a section", text);
        return;
    }
    (void)snprintf(wrong, sizeof wrong, "%.*s", (int)length, name);
    for (size_t i = 0; i < option_count; i++)
        similar_offer(&similar, options[i].section);
    config_report(source->loaded, "%s: error: unknown section '%s'%s", text, wrong,
                  similar_hint(&similar, hint, sizeof hint));
}

/* ---- values ---- */

/* Joins the words of a YAML sequence with commas. False if it holds anything but words or is too long, or after what is
 * wrong with one was reported; then *reported is true. */
static bool join_words(const struct source *source, const struct option_row *row, struct fy_node *node,
                       struct place fallback, char *out, size_t capacity, bool *reported)
{
    size_t length = 0;
    void *at = NULL;
    bool in_brackets = fy_node_get_style(node) == FYNS_FLOW;
    out[0] = '\0';
    for (struct fy_node *word; (word = fy_node_sequence_iterate(node, &at)) != NULL;) {
        size_t size = 0;
        if (!node_is_plain(source, word, fallback, row, in_brackets)) {
            *reported = true;
            continue;
        }
        const char *text = fy_node_is_scalar(word) ? fy_node_get_scalar(word, &size) : NULL;
        if (text == NULL || length + size + 2 > capacity)
            return false;
        length += (size_t)snprintf(out + length, capacity - length, "%s%.*s", length > 0 ? "," : "", (int)size, text);
    }
    return !*reported;
}

/* Whether the text is a secret that others could use: of a database's URL only the password is one. */
static bool holds_secret(const struct option_row *row, const char *text, size_t length)
{
    const char *name = memmem(text, length, "://", 3);
    const char *at = memchr(text, '@', length);
    if (!option_is_secret(row) || length == 0)
        return false;
    if (row->type != OPTION_DATABASE || memmem(text, length, "password=", 9) != NULL)
        return true;
    return name != NULL && at != NULL && memchr(name + 3, ':', (size_t)(at > name + 3 ? at - name - 3 : 0)) != NULL;
}

static void set_value(const struct source *source, size_t option, const char *text, size_t length, struct place at)
{
    struct loaded *loaded = source->loaded;
    char place[PLACE_SIZE];
    place_text(source, at, place);
    config_set(loaded, option, text, length, place);
    if ((source->mode & S_IROTH) == 0 || !holds_secret(&options[option], text, length))
        return;
    config_report(loaded, "%s: error: %s.%s: everybody may read this file (mode %04o), and it holds a secret: "
                          "chmod o-r %s", place, options[option].section, options[option].key, source->mode & 07777u,
                  source->name);
}

static void read_value(const struct source *source, size_t option, struct fy_node *value, struct place key_place)
{
    enum { JOINED_SIZE = 65536 };
    static char joined[JOINED_SIZE];
    const struct option_row *row = &options[option];
    struct place place = value != NULL && fy_node_is_scalar(value) ? place_of(value, key_place) : key_place;
    size_t length = 0;
    bool reported = false;
    if (!node_is_plain(source, value, place, row, false)) {
        source->loaded->origins[option].refused = true;
        return;
    }
    const char *text = value != NULL && fy_node_is_scalar(value) ? fy_node_get_scalar(value, &length) : NULL;
    if (value != NULL && fy_node_is_sequence(value) && config_kept(row) == KEPT_WORDS &&
        join_words(source, row, value, place, joined, sizeof joined, &reported)) {
        text = joined;
        length = strlen(joined);
    }
    if (text != NULL) {
        set_value(source, option, text, length, place);
        return;
    }
    source->loaded->origins[option].refused = true;
    char expected[160], shown[PLACE_SIZE];
    place_text(source, place, shown);
    config_value_expected(row, expected, sizeof expected);
    if (!reported)
        config_report(source->loaded, "%s: error: %s.%s: expected %s", shown, row->section, row->key, expected);
}

/* ---- the document ---- */

/* Whether a name stands in the file for the first time; *line remembers where. */
static bool is_first(const struct source *source, const char *what, const char *name, struct place place, int *line)
{
    char text[PLACE_SIZE];
    if (*line == 0) {
        *line = place.line;
        return true;
    }
    place_text(source, place, text);
    config_report(source->loaded, "%s: error: %s '%s' stands here again, first in line %d", text, what, name, *line);
    return false;
}

static void read_section(const struct source *source, const char *section, struct fy_node *body, struct place place)
{
    void *at = NULL;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(body, &at)) != NULL;) {
        struct fy_node *key = fy_node_pair_key(pair);
        size_t length = 0;
        struct place key_place = place_of(key, place);
        if (!node_is_plain(source, key, place, NULL, false))
            continue;
        const char *name = fy_node_get_scalar(key, &length);
        size_t option = name != NULL ? config_find(section, strlen(section), name, length) : option_count;
        if (option == option_count)
            report_unknown(source, key_place, section, name != NULL ? name : "", length);
        else if (is_first(source, "option", options[option].key, key_place, &source->loaded->origins[option].line))
            read_value(source, option, fy_node_pair_value(pair), key_place);
    }
}

/* The first option of a section; option_count if there is no such section. */
static size_t find_section(const char *name, size_t length)
{
    size_t i = 0;
    while (i < option_count && (strlen(options[i].section) != length || memcmp(options[i].section, name, length) != 0))
        i++;
    return i;
}

static void read_pair(const struct source *source, struct fy_node *key, struct fy_node *body)
{
    char text[PLACE_SIZE];
    size_t length = 0;
    struct place place = place_of(key, (struct place){1, 1});
    if (!node_is_plain(source, key, place, NULL, false) || !node_is_plain(source, body, place, NULL, false))
        return;
    const char *name = fy_node_get_scalar(key, &length);
    size_t first = name != NULL ? find_section(name, length) : option_count;
    place_text(source, place, text);
    if (first == option_count)
        report_unknown_section(source, place, name, length);
    else if (!is_first(source, "section", options[first].section, place, &source->loaded->origins[first].section_line))
        return;
    else if (body != NULL && fy_node_is_mapping(body))
        read_section(source, options[first].section, body, place);
    else if (body != NULL && !fy_node_is_null(body))
        config_report(source->loaded, "%s: error: section '%s': expected options as 'key: value'", text,
                      options[first].section);
}

static void read_document(const struct source *source, struct fy_document *document)
{
    struct fy_node *root = fy_document_root(document);
    void *at = NULL;
    if (root == NULL || !node_is_plain(source, root, (struct place){1, 1}, NULL, false) || fy_node_is_null(root))
        return;
    if (!fy_node_is_mapping(root)) {
        config_report(source->loaded, "%s:1:1: error: expected sections as 'name:' with options below them",
                      source->name);
        return;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(root, &at)) != NULL;)
        read_pair(source, fy_node_pair_key(pair), fy_node_pair_value(pair));
}

/* ---- the text ---- */

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
static bool is_plain_text(const struct source *source)
{
    const unsigned char *text = (const unsigned char *)source->text;
    int line = 1, column = 1;
    for (size_t i = 0; i < source->size;) {
        size_t length = character_length(text + i, source->size - i);
        if (length == 0 || text[i] == 0x7f || (text[i] < ' ' && strchr("\n\r\t", text[i]) == NULL) || text[i] == '\0') {
            config_report(source->loaded, "%s:%d:%d: error: byte 0x%02x, expected text in UTF-8", source->name, line,
                          column, text[i]);
            return false;
        }
        if (text[i] == '%' && column == 1) {
            config_report(source->loaded, "%s:%d:1: error: a YAML directive, expected sections as 'name:'",
                          source->name, line);
            return false;
        }
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
        i += length;
    }
    return true;
}

/* The first word of a line that begins with * or !, if it looks like names of markets: no secret does. */
static bool find_unquoted(const char *line, char *word, size_t capacity)
{
    size_t length = strcspn(line, "\r\n"), begin = 0;
    while (begin < length && !((line[begin] == '*' || line[begin] == '!') &&
                               (begin == 0 || strchr(" \t[,", line[begin - 1]) != NULL)))
        begin++;
    copy_word(line + begin, memchr(line, '[', begin) != NULL, word, capacity);
    return word[0] != '\0' && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*?!,-_/. ") == strlen(word);
}

/* libfyaml's words, without what they quote of the file. */
static void report_syntax(const struct source *source, struct fy_diag *diag)
{
    void *at = NULL;
    bool any = false;
    for (const struct fy_diag_error *error; (error = fy_diag_errors_iterate(diag, &at)) != NULL; any = true) {
        char word[WORD_SHOWN_MAX], hint[WORD_SHOWN_MAX + 40] = "";
        const char *message = error->msg != NULL ? error->msg : "it is not YAML";
        if (find_unquoted(text_at(source, (struct place){error->line, 1}), word, sizeof word))
            (void)snprintf(hint, sizeof hint, "; write the word in quotes: \"%s\"", word);
        config_report(source->loaded, "%s:%d:%d: error: %.*s%s", source->name, error->line, error->column,
                      (int)strcspn(message, "'\"\n"), message, hint);
    }
    if (!any)
        config_report(source->loaded, "%s:1:1: error: it is not YAML", source->name);
}

static void parse(const struct source *source)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors put it in front */
    size_t skip = strncmp(source->text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
    struct fy_diag_cfg diagnostics;
    fy_diag_cfg_default(&diagnostics);
    struct fy_diag *diag = fy_diag_create(&diagnostics);
    if (diag != NULL)
        fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg settings = {.search_path = "", .diag = diag, .flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS};
    struct fy_parser *parser = diag != NULL ? fy_parser_create(&settings) : NULL;
    bool begun = parser != NULL && fy_parser_set_string(parser, source->text + skip, source->size - skip) == 0;
    struct fy_document *document = begun ? fy_parse_load_document(parser) : NULL;
    struct fy_document *second = document != NULL ? fy_parse_load_document(parser) : NULL;
    if (!begun)
        config_report(source->loaded, "%s: error: no memory to read it", source->name);
    else if (fy_parser_get_stream_error(parser))
        report_syntax(source, diag);
    else if (second != NULL)
        config_report(source->loaded, "%s:1:1: error: the file holds several documents; only one is read", source->name);
    else if (document != NULL)
        read_document(source, document);
    fy_document_destroy(second);
    fy_document_destroy(document);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

static bool read_text(struct source *source)
{
    struct stat status = {0};
    FILE *stream = fopen(source->name, "re");
    bool read = stream != NULL && fstat(fileno(stream), &status) == 0;
    source->size = read ? fread(source->text, 1, FILE_SIZE_MAX + 1, stream) : 0;
    source->mode = status.st_mode;
    if (!read || ferror(stream))
        config_report(source->loaded, "%s: error: cannot read the file: %s", source->name, strerror(errno));
    else if (source->size > FILE_SIZE_MAX)
        config_report(source->loaded, "%s: error: the file has more than %d bytes", source->name, FILE_SIZE_MAX);
    else
        source->text[source->size] = '\0';
    bool good = read && !ferror(stream) && source->size <= FILE_SIZE_MAX && is_plain_text(source);
    if (stream != NULL)
        (void)fclose(stream);
    return good;
}

void config_read_file(struct loaded *loaded, const char *file)
{
    struct source source = {.loaded = loaded, .name = file, .text = malloc(FILE_SIZE_MAX + 2)};
    if (source.text == NULL)
        config_report(loaded, "%s: error: no memory to read it", file);
    else if (read_text(&source))
        parse(&source);
    if (source.text != NULL)
        sodium_memzero(source.text, source.size);
    free(source.text);
}
