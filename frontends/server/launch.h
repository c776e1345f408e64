/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LAUNCH_H
#define RK_LAUNCH_H

/* `renku server [options]`: checks the configuration, binds the port, and becomes Kore, in the
 * foreground. Returns only on failure (an exit status: 1 refused, 2 usage) or after --help (0).
 * argv[0] is "server". Spec: foundations.md 19 */
int renku_server_main(int argc, char **argv);

#endif
