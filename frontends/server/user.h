/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_H
#define RK_USER_H

#include <sys/types.h>

/* Becomes the user NAME, or UID[:GID], for good; NULL changes nothing. 0, or -1 with errno. */
int rk_user_become(const char *user);
/* Looks the user up without becoming it. 0, or -1 when there is none such. */
int rk_user_find(uid_t *uid, gid_t *gid, const char *user);

#endif
