/* The persister process. */
/* SPDX-License-Identifier: MIT */
#include "persister/persister.h"
#include "lib/base/version.h"

int main(int argc, char **argv)
{
    return version_asked(argc, argv) ? 0 : service_main(&persister_service, argc, argv);
}
