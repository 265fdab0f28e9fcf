/* One version's codec. CODEC is its name; its tables are found as proto/messages.def and proto/enums.def, in front of
 * today's. Every name of proto/message.h is given one of its own, so that several versions fit into one program. */
/* SPDX-License-Identifier: MIT */
#define JOIN(left, right) left##_##right
#define JOIN_VALUES(left, right) JOIN(left, right)
#define OWN(name) JOIN_VALUES(CODEC, name)

#define records OWN(records)
#define message_encode OWN(message_encode)
#define message_peek OWN(message_peek)
#define message_decode OWN(message_decode)
#define list_next OWN(list_next)
#define text_copy OWN(text_copy)
#define symbol_valid OWN(symbol_valid)
#define name_valid OWN(name_valid)
#define side_name OWN(side_name)
#define verdict_name OWN(verdict_name)
#define outcome_name OWN(outcome_name)
#define order_state_name OWN(order_state_name)
#define trading_mode_name OWN(trading_mode_name)
#define action_name OWN(action_name)
#define absence_reason_name OWN(absence_reason_name)
#define query_kind_name OWN(query_kind_name)
#define process_status_name OWN(process_status_name)
#define account_mode_name OWN(account_mode_name)

#include "proto/message.c"

#include "tests/unit/codec.h"

static const struct codec_value values[] = {
#define VALUE(type, constant, name, sentence) {#type, name, constant},
#include "proto/enums.def"
};

static int encode(int record, const void *value, uint8_t *buffer, size_t capacity, size_t *size)
{
    return message_encode((enum record)record, value, buffer, capacity, size);
}

static int decode(int record, const uint8_t *bytes, size_t size, void *value)
{
    return message_decode((enum record)record, bytes, size, value);
}

static bool next(struct list *list, int record, void *row)
{
    return list_next(list, (enum record)record, row);
}

const struct codec JOIN_VALUES(codec, CODEC) = {
    .records = records,
    .record_count = RECORDS,
    .values = values,
    .value_count = sizeof values / sizeof values[0],
    .encode = encode,
    .decode = decode,
    .next = next,
};
