/* SPDX-License-Identifier: Apache-2.0 */
/* `renku server` without the rest of the command line, for tests of the server alone. */
#include "frontends/server/launch.h"

int main(int argc, char **argv)
{
    return renku_server_main(argc, argv);
}
