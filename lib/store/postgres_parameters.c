/* Writing binary parameters into one growing buffer. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres_parameters.h"

#include "lib/store/row.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* OIDs of PostgreSQL's own types, which never change (pg_type.dat). */
enum { OID_INT8 = 20, OID_TEXT = 25 };
static const struct element_row {
    unsigned oid, array_oid;
    int size; /* bytes; 0: as long as it is */
} elements[] = {
    [ELEMENT_INT2] = {21, 1005, 2},
    [ELEMENT_INT4] = {23, 1007, 4},
    [ELEMENT_INT8] = {20, 1016, 8},
    [ELEMENT_TEXT] = {25, 1009, 0},
};

void parameters_clear(struct postgres_parameters *parameters)
{
    parameters->count = 0;
    parameters->used = 0;
    parameters->code = 0;
}

void parameters_release(struct postgres_parameters *parameters)
{
    free(parameters->bytes);
    *parameters = (struct postgres_parameters){0};
}

/* Room for `size` more bytes, or NULL. */
static unsigned char *extend(struct postgres_parameters *parameters, size_t size)
{
    if (parameters->used + size > parameters->capacity) {
        size_t capacity = 2 * parameters->capacity + size;
        unsigned char *bytes = realloc(parameters->bytes, capacity);
        if (bytes == NULL) {
            parameters->code = error_set(ERROR_MEMORY, "no memory for %zu bytes of parameters", capacity);
            return NULL;
        }
        parameters->bytes = bytes;
        parameters->capacity = capacity;
    }
    unsigned char *at = parameters->bytes + parameters->used;
    parameters->used += size;
    return at;
}

/* Adds bytes to the last parameter. */
static void append(struct postgres_parameters *parameters, const void *bytes, size_t size)
{
    unsigned char *at = extend(parameters, size);
    if (at == NULL)
        return;
    memcpy(at, bytes, size);
    parameters->lengths[parameters->count - 1] += (int)size;
}

static void append_int4(struct postgres_parameters *parameters, int64_t integer)
{
    uint32_t swapped = htobe32((uint32_t)integer);
    append(parameters, &swapped, sizeof swapped);
}

static void begin(struct postgres_parameters *parameters, unsigned type)
{
    assert(parameters->count < POSTGRES_PARAMETERS_MAX);
    parameters->types[parameters->count] = type;
    parameters->offsets[parameters->count] = parameters->used;
    parameters->lengths[parameters->count++] = 0;
}

void parameters_add_integer(struct postgres_parameters *parameters, int64_t integer)
{
    uint64_t swapped = htobe64((uint64_t)integer);
    begin(parameters, OID_INT8);
    append(parameters, &swapped, sizeof swapped);
}

void parameters_add_text(struct postgres_parameters *parameters, const char *text)
{
    begin(parameters, OID_TEXT);
    append(parameters, text, strlen(text));
}

void parameters_add_array(struct postgres_parameters *parameters, enum postgres_element element, size_t count)
{
    begin(parameters, elements[element].array_oid);
    append_int4(parameters, count > 0 ? 1 : 0); /* dimensions */
    append_int4(parameters, 0);                 /* it has no NULL */
    append_int4(parameters, elements[element].oid);
    if (count == 0)
        return;
    append_int4(parameters, (int64_t)count);
    append_int4(parameters, 1); /* the first index */
}

void parameters_put_integer(struct postgres_parameters *parameters, enum postgres_element element, int64_t integer)
{
    unsigned char *at = extend(parameters, 4 + (size_t)elements[element].size);
    uint32_t length = htobe32((uint32_t)elements[element].size);
    uint64_t eight = htobe64((uint64_t)integer);
    if (at == NULL)
        return;
    memcpy(at, &length, 4);
    memcpy(at + 4, (unsigned char *)&eight + 8 - elements[element].size, (size_t)elements[element].size);
    parameters->lengths[parameters->count - 1] += 4 + elements[element].size;
}

void parameters_put_text(struct postgres_parameters *parameters, const char *text, size_t length)
{
    append_int4(parameters, (int64_t)length);
    append(parameters, text, length);
}

enum postgres_element parameters_element_of(const struct field_row *field)
{
    if (field_is_text(field))
        return ELEMENT_TEXT;
    return field->kind == FIELD_U8 ? ELEMENT_INT2 : ELEMENT_INT8;
}

const char *parameters_value(const struct postgres_parameters *parameters, int i)
{
    return (const char *)parameters->bytes + parameters->offsets[i];
}
