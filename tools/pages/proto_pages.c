/* What processes say to each other, for people. */
/* SPDX-License-Identifier: MIT */
#include "tools/pages/pages.h"

#include "lib/runtime/config.h"
#include "proto/links.h"
#include "proto/message.h"

#include <zmq.h>

void print_roles(unsigned set, FILE *out)
{
    const char *comma = "";
    if ((set & EVERY_ROLE) == EVERY_ROLE) {
        (void)fputs("every process", out);
        return;
    }
    for (int i = 0; i < ROLES; i++) {
        if ((set & (1u << i)) == 0)
            continue;
        (void)fprintf(out, "%s%s", comma, roles[i].name);
        comma = ", ";
    }
}

static const char *socket_name(int type)
{
    switch (type) {
    case ZMQ_XPUB: return "XPUB";
    case ZMQ_SUB: return "SUB";
    case ZMQ_ROUTER: return "ROUTER";
    default: return "DEALER";
    }
}

void links_print_page(FILE *out)
{
    (void)fputs("# Processes and links\n\n"
                "Printed from `proto/roles.def` and `proto/links.def` (`wick-pages links`).\n\n"
                "| process | what it does |\n|---|---|\n", out);
    for (int i = 0; i < ROLES; i++)
        (void)fprintf(out, "| %s | %s |\n", roles[i].name, roles[i].sentence);
    (void)fputs("\nA link is bound by one role and admits only the roles of its row: each role has a CURVE key pair, and\n"
                "the binder refuses every other key. Ports are those of the default `links.base_port`. The depth is how\n"
                "many messages may wait for one peer; a link that is full drops what can be fetched again, or holds\n"
                "it with the sender, who sends it again until it is acked.\n\n"
                "| link | port | bound by | sockets | connected by | depth | when full | carries |\n"
                "|---|---|---|---|---|---|---|---|\n", out);
    for (int i = 0; i < LINKS; i++) {
        const struct link_row *link = &links[i];
        (void)fprintf(out, "| %s | %d | %s | %s, %s | ", link->name, link->port, roles[link->binder].name,
                      socket_name(link->bind_socket), socket_name(link->connect_socket));
        print_roles(link->connectors, out);
        (void)fprintf(out, " | %d | %s | %s |\n", link->depth, link->when_full == LINK_DROP ? "drops" : "holds",
                      link->carries);
    }
}

static void print_field(const struct field_row *field, FILE *out)
{
    (void)fprintf(out, "| `%s` | ", field->name);
    switch (field->kind) {
    case FIELD_PART: (void)fprintf(out, "[%s](#%s)", field->type, field->type); break;
    case FIELD_LIST:
        (void)fprintf(out, "at most %u of [%s](#%s)", (unsigned)field->maximum, field->type, field->type);
        break;
    case FIELD_CHOICE: (void)fprintf(out, "[%s](#values-of-%s)", field->type, field->type); break;
    default: (void)fputs(field->type, out); break;
    }
    (void)fprintf(out, " | %s | %s", field->unit, field->sentence);
    if (field->missing != NULL)
        (void)fprintf(out, "; if the sender does not have it: `%s`", field->missing_text);
    (void)fputs(" |\n", out);
}

static void print_record(const struct record_row *record, FILE *out)
{
    (void)fprintf(out, "\n### %s\n\n", record->name);
    if (record->number > 0)
        (void)fprintf(out, "Message %d: ", record->number);
    (void)fprintf(out, "%s.\n\n| field | type | unit | what it is |\n|---|---|---|---|\n", record->sentence);
    for (size_t i = 0; i < record->field_count; i++)
        print_field(&record->fields[i], out);
}

/* `fallback` is the name of the value that stands for those that are not known, or NULL if they are refused. */
static void print_enum(const char *type, const char *sentence, const char *fallback, FILE *out)
{
    (void)fprintf(out, "\n### Values of %s\n\n%s. ", type, sentence);
    if (fallback == NULL)
        (void)fputs("Any other value is refused.\n", out);
    else
        (void)fprintf(out, "Any other value is read as `%s`.\n", fallback);
    (void)fputs("\n| value | name | what it means |\n|---|---|---|\n", out);
}

#define fallback_of(type)                                                                                              \
    ((int)type##_FALLBACK == (int)CHOICE_REFUSED ? NULL : type##_name((enum type)type##_FALLBACK))

static void print_enums(FILE *out)
{
#define ENUM(type, fallback, sentence)                                                                                 \
    print_enum(#type, sentence, fallback_of(type), out);
#define VALUE(type, id, name, sentence) (void)fprintf(out, "| %d | `%s` | %s |\n", (int)id, name, sentence);
#include "proto/enums.def"
}

void messages_print_page(FILE *out)
{
    (void)fputs("# Messages\n\n"
                "Printed from `proto/messages.def` and `proto/enums.def` (`wick-pages messages`).\n\n"
                "On the wire a record is a msgpack array of its fields in this order, a message the same with its number\n"
                "in front. A reader checks every count, type and range.\n\n"
                "Two versions run side by side in a deploy. A new field goes to the end of its record: a reader gives one\n"
                "that the sender does not have the default that its row states, and passes over fields behind those that\n"
                "it knows. A new value goes to the end of its enum: a reader that does not know it takes the one that the\n"
                "enum names for that. Numbers of messages, types, and the most rows of a list never change.\n\n"
                "| type | values |\n|---|---|\n"
                "| U8, U16, U32, U64 | whole numbers of so many bits |\n"
                "| I64 | a whole number with a sign |\n"
                "| TIME | I64, ms since 1970 UTC, 0 or more |\n"
                "| F64 | a finite floating-point number |\n"
                "| BOOL | true or false |\n"
                "| SYMBOL | 1 to 23 of `A-Z 0-9 - _ / . :` |\n"
                "| NAME | 0 to 39 of `a-z A-Z 0-9 - _ . :` |\n"
                "| TEXT | 0 to 159 bytes, printable ASCII |\n\n"
                "An amount is in 10^-8 of the quote asset; a price or a quantity is a whole number beside its scale.\n\n"
                "## Messages\n", out);
    for (int i = 0; i < RECORDS; i++)
        if (records[i].number > 0)
            print_record(&records[i], out);
    (void)fputs("\n## Parts of messages\n", out);
    for (int i = 0; i < RECORDS; i++)
        if (records[i].number == 0)
            print_record(&records[i], out);
    (void)fputs("\n## Values\n", out);
    print_enums(out);
}
