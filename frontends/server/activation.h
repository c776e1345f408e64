/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ACTIVATION_H
#define RK_ACTIVATION_H

/* What a service manager and the server tell each other: sd_listen_fds(3) and sd_notify(3), whose
 * protocols are stable and need no library. */

/* The one socket that was handed to this process; -1 when there is none, -2 when there are several.
 * The variables are removed, so that no child takes it for its own. */
int rk_activation_socket(void);
/* Says "READY=1" and the like to whoever started the server; nobody listening is no failure. */
void rk_activation_notify(const char *state);

#endif
