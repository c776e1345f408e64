/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool find_number(rk_user *user, const char *name)
{
    char *end;

    user->uid = (uid_t)strtoul(name, &end, 10);
    user->gid = *end == ':' ? (gid_t)strtoul(end + 1, &end, 10) : (gid_t)user->uid;
    user->groups[0] = user->gid;
    user->group_count = 1;
    return name[0] >= '0' && name[0] <= '9' && *end == '\0';
}

bool rk_user_find(rk_user *user, const char *name)
{
    struct passwd *entry = getpwnam(name);

    if (!entry)
        return find_number(user, name);
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    user->group_count = RK_USER_GROUPS;
    /* Its groups come along: one may open the folder of a socket, or a key. Too many are cut off.
     */
    if (getgrouplist(name, user->gid, user->groups, &user->group_count) < 0)
        user->group_count = RK_USER_GROUPS;
    return true;
}

bool rk_user_serving(rk_user *user, char *why, size_t size)
{
    const char *name = getenv("RENKU_RUN_AS");

    if (!name || !*name)
        name = "nobody";
    if (!rk_user_find(user, name))
        snprintf(why, size, "there is no user \"%s\" to serve as: set RENKU_RUN_AS", name);
    else if (user->uid == 0)
        snprintf(why, size,
                 "it does not serve as root: set RENKU_RUN_AS to another user than \"%s\"", name);
    else
        return true;
    return false;
}

void rk_user_format(char *text, size_t size, const rk_user *user)
{
    int at = snprintf(text, size, "%u:%u", user->uid, user->gid);

    for (int i = 0; i < user->group_count && at > 0 && (size_t)at < size; i++)
        at += snprintf(text + at, size - (size_t)at, ",%u", user->groups[i]);
}

bool rk_user_parse(rk_user *user, const char *text)
{
    char *end;

    user->uid = (uid_t)strtoul(text, &end, 10);
    if (end == text || *end != ':')
        return false;
    user->gid = (gid_t)strtoul(end + 1, &end, 10);
    for (user->group_count = 0; *end == ',' && user->group_count < RK_USER_GROUPS;
         user->group_count++)
        user->groups[user->group_count] = (gid_t)strtoul(end + 1, &end, 10);
    return *end == '\0';
}

int rk_user_become(const rk_user *user)
{
    int end_with_parent = 0;

    /* Changing the user makes the kernel forget this wish of whoever has started us. */
    (void)prctl(PR_GET_PDEATHSIG, &end_with_parent); /* then there is none */
    if (setgroups((size_t)user->group_count, user->groups) != 0 ||
        setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0)
        return -1;
    if (user->uid != 0 && setuid(0) == 0) {
        errno = EPERM;
        return -1;
    }
    return end_with_parent ? prctl(PR_SET_PDEATHSIG, end_with_parent) : 0;
}
