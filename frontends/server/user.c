/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

int rk_user_find(uid_t *uid, gid_t *gid, const char *user)
{
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    struct passwd *entry = getpwnam(user);

    if (entry) {
        *uid = entry->pw_uid;
        *gid = entry->pw_gid;
        return 0;
    }
    if (end == user || (*end != '\0' && *end != ':'))
        return -1;
    *uid = (uid_t)number;
    *gid = *end == ':' ? (gid_t)strtoul(end + 1, &end, 10) : (gid_t)number;
    return *end == '\0' ? 0 : -1;
}

int rk_user_become(const char *user)
{
    uid_t uid;
    gid_t gid;

    if (!user)
        return 0;
    if (rk_user_find(&uid, &gid, user) != 0) {
        errno = ENOENT;
        return -1;
    }
    /* A user with a name brings its groups: they may open the folder of a socket, or a key file. */
    if ((getpwnam(user) ? initgroups(user, gid) : setgroups(1, &gid)) != 0)
        return -1;
    if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return -1;
    if (uid != 0 && setuid(0) == 0) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
