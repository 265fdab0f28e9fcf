/* The dashboard process. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/dashboard.h"
#include "lib/base/version.h"

int main(int argc, char **argv)
{
    return version_asked(argc, argv) ? 0 : service_main(&dashboard_service, argc, argv);
}
