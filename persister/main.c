/* The persister process. */
/* SPDX-License-Identifier: MIT */
#include "persister/persister.h"

int main(int argc, char **argv)
{
    return service_main(&persister_service, argc, argv);
}
