/* SPDX-License-Identifier: MIT */
#include "tools/common/flags.h"

#include <string.h>

/* The flag that an argument names; *value is what follows "=", or NULL. */
static const struct flag *find_flag(const struct flag *flags, const char *argument, const char **value)
{
    const char *equals = strchr(argument, '=');
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    *value = equals != NULL ? equals + 1 : NULL;
    for (const struct flag *flag = flags; flag->name != NULL; flag++)
        if (strlen(flag->name) == length - 2 && memcmp(flag->name, argument + 2, length - 2) == 0)
            return flag;
    return NULL;
}

static int take(const struct flag *flag, const char *value)
{
    if (flag->set != NULL && value != NULL)
        return error_set(ERROR_ARGUMENT, "--%s takes no value", flag->name);
    if (flag->set == NULL && value == NULL)
        return error_set(ERROR_ARGUMENT, "--%s lacks its value", flag->name);
    if (flag->set != NULL)
        *flag->set = true;
    else
        *flag->text = value;
    return 0;
}

int flags_read(const struct flag *flags, int argc, char **argv, int *operands)
{
    int count = 0;
    bool all_operands = false;
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (all_operands || strncmp(argv[i], "--", 2) != 0) {
            argv[count++] = argv[i];
            continue;
        }
        all_operands = argv[i][2] == '\0';
        if (all_operands)
            continue;
        const struct flag *flag = find_flag(flags, argv[i], &value);
        if (flag == NULL)
            return error_set(ERROR_ARGUMENT, "unknown flag '%.60s'", argv[i]);
        if (flag->text != NULL && value == NULL && i + 1 < argc)
            value = argv[++i];
        int code = take(flag, value);
        if (code != 0)
            return code;
    }
    *operands = count;
    return 0;
}
