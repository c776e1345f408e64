/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_H
#define RK_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RK_USER_GROUPS 32

/* A user with all that belongs to it, so that becoming it asks nobody. */
typedef struct rk_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[RK_USER_GROUPS];
    int group_count;
} rk_user;

/* Looks up a NAME, or takes UID[:GID]. false when there is none such. */
bool rk_user_find(rk_user *user, const char *name);
/* Whom a process serves as that root has started: RENKU_RUN_AS, or nobody. false with the reason.
 */
bool rk_user_serving(rk_user *user, char *why, size_t size);
/* UID:GID,GROUP,... and back. */
void rk_user_format(char *text, size_t size, const rk_user *user);
bool rk_user_parse(rk_user *user, const char *text);
/* Becomes the user for good. 0, or -1 with errno. */
int rk_user_become(const rk_user *user);

#endif
