/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/rclone/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- in the process that becomes rclone ------------------------------------------------------- */

/* Other ways to a peer or to a program: nothing here needs them. */
static const int denied[] = {
    SCMP_SYS(execveat),         SCMP_SYS(io_uring_setup),    SCMP_SYS(listen),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(ptrace),
    SCMP_SYS(sendmmsg),         SCMP_SYS(sendmsg),
};

static int send_descriptor(int channel, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = {0};
    char byte = 'g';
    struct iovec text = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);

    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(part), &fd, sizeof(int));
    return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int load_watch(int channel)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result = -ENOMEM;

    if (!filter)
        return result;
    if ((result = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(connect), 0)) == 0 &&
        (result = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(execve), 0)) == 0 &&
        (result = seccomp_load(filter)) == 0 &&
        send_descriptor(channel, seccomp_notify_fd(filter)) != 0)
        result = -errno;
    seccomp_release(filter);
    return result;
}

static int load_denials(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result = filter ? 0 : -ENOMEM;

    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]) && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
    if (result == 0) /* with an address of its own */
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sendto), 1,
                                  SCMP_A4(SCMP_CMP_NE, 0));
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result;
}

int rk_guard_install(int channel)
{
    int result = load_watch(channel);

    if (result == 0)
        result = load_denials();
    errno = -result;
    return result == 0 ? 0 : -1;
}

/* --- in the process that watches -------------------------------------------------------------- */

int rk_guard_take(int channel)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    char byte;
    struct iovec text = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    int fd = -1;

    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    const struct cmsghdr *part = CMSG_FIRSTHDR(&message);

    if (part && part->cmsg_type == SCM_RIGHTS && part->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(part), sizeof(int));
    return fd;
}

/* The copy counts, so what its threads write there meanwhile does not. */
static bool read_address(struct sockaddr_storage *out, socklen_t *size,
                         const struct seccomp_notif *question)
{
    struct iovec here = {.iov_base = out, .iov_len = sizeof(*out)};
    struct iovec there = {.iov_base = (void *)(uintptr_t)question->data.args[1],
                          .iov_len = (size_t)question->data.args[2]};

    memset(out, 0, sizeof(*out));
    *size = (socklen_t)question->data.args[2];
    return there.iov_len <= sizeof(*out) &&
           process_vm_readv((pid_t)question->pid, &here, 1, &there, 1, 0) == (ssize_t)there.iov_len;
}

/* Connects the socket of rclone in its place; 0 or the negative errno. */
static int connect_for(const rk_guard *guard, const struct seccomp_notif *question,
                       const struct sockaddr *address, socklen_t size)
{
    int fd = (int)syscall(SYS_pidfd_getfd, guard->process, (int)question->data.args[0], 0);
    int result;

    if (fd < 0)
        return -errno;
    if (!(fcntl(fd, F_GETFL) & O_NONBLOCK)) /* nobody waits here */
        result = -EACCES;
    else
        result = connect(fd, address, size) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

static int answer_connect(rk_guard *guard, const struct seccomp_notif *question)
{
    struct sockaddr_storage address;
    socklen_t size;

    if (!read_address(&address, &size, question) ||
        seccomp_notify_id_valid(guard->fd, question->id) != 0)
        return -EFAULT;
    if (rk_networks_allow(guard->networks, (const struct sockaddr *)&address, size))
        return connect_for(guard, question, (const struct sockaddr *)&address, size);
    if ((address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
        getnameinfo((const struct sockaddr *)&address, size, guard->refused, sizeof(guard->refused),
                    NULL, 0, NI_NUMERICHOST) != 0)
        strcpy(guard->refused, "what is no network");
    return -EACCES;
}

static void fill(struct seccomp_notif_resp *reply, rk_guard *guard,
                 const struct seccomp_notif *question)
{
    reply->id = question->id;
    if (question->data.nr == SCMP_SYS(connect)) {
        reply->error = answer_connect(guard, question);
        return;
    }
    if (guard->started) {
        reply->error = -EPERM;
        return;
    }
    guard->started = true; /* the one program that it is to become */
    reply->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

void rk_guard_answer(rk_guard *guard)
{
    struct seccomp_notif *question;
    struct seccomp_notif_resp *reply;

    if (seccomp_notify_alloc(&question, &reply) != 0)
        return;
    /* It fails when whoever asked has gone, and so does the reply. */
    if (seccomp_notify_receive(guard->fd, question) == 0) {
        fill(reply, guard, question);
        (void)seccomp_notify_respond(guard->fd, reply);
    }
    seccomp_notify_free(question, reply);
}
