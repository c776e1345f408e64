/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <kore/kore.h>
#include <kore/seccomp.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

/* A sanitizer's report needs what a worker must never do. */
static struct sock_filter filter[] = {KORE_BPF_RET(SECCOMP_RET_ALLOW)};

#else

#define KILL(name) KORE_SYSCALL_FILTER(name, SECCOMP_RET_KILL_PROCESS)
#define ALLOW(name) KORE_SYSCALL_ALLOW(name)

/* Everything that Kore, libc with threads and name look-up, libpq, libcurl and OpenSSL need. It
 * stands before Kore's own list and ends with an answer for all the rest, so it is the whole truth:
 * an unknown call fails with ENOSYS, which a newer libc knows how to work around; what only an
 * intruder would try ends the process. */
static struct sock_filter filter[] = {
    KILL(execve),
    KILL(execveat),
    KILL(fork),
    KILL(vfork),
    KILL(ptrace),
    KILL(process_vm_readv),
    KILL(process_vm_writev),
    KILL(mount),
    KILL(bpf),
    KILL(init_module),
    KILL(finit_module),
    KILL(kexec_load),

    /* No new code after the start: not mapped, not made executable. */
    KORE_SYSCALL_DENY_WITH_FLAG(mmap, 2, PROT_EXEC, EPERM),
    KORE_SYSCALL_DENY_WITH_FLAG(mprotect, 2, PROT_EXEC, EPERM),
    ALLOW(mmap),
    ALLOW(mprotect),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(madvise),
    ALLOW(brk),

    /* Threads, but no processes. clone3 hides its flags: without it libc takes clone. */
    KORE_SYSCALL_ALLOW_WITH_FLAG(clone, 0, CLONE_THREAD),
    ALLOW(set_robust_list),
    ALLOW(rseq),
    ALLOW(set_tid_address),
    ALLOW(futex),
    ALLOW(membarrier),
    ALLOW(sched_yield),
    ALLOW(sched_getaffinity),
    ALLOW(gettid),
    KORE_SYSCALL_ALLOW_ARG(setpriority, 0, PRIO_PROCESS),
    ALLOW(exit),
    ALLOW(exit_group),
    KORE_SYSCALL_ALLOW_ARG(prctl, 0, PR_SET_NAME),
    KORE_SYSCALL_ALLOW_ARG(prctl, 0, PR_GET_NAME),

    /* Signals. libpq holds SIGPIPE back while it writes. */
    ALLOW(rt_sigaction),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigpending),
    ALLOW(rt_sigtimedwait),
    ALLOW(rt_sigreturn),
    ALLOW(sigaltstack),
    ALLOW(restart_syscall),
    ALLOW(kill),
    ALLOW(tgkill),

    /* Files. */
    ALLOW(read),
    ALLOW(readv),
    ALLOW(pread64),
    ALLOW(write),
    ALLOW(writev),
    ALLOW(open),
    ALLOW(openat),
    ALLOW(close),
    ALLOW(lseek),
    ALLOW(stat),
    ALLOW(lstat),
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW(access),
    ALLOW(faccessat),
    ALLOW(faccessat2),
    ALLOW(readlink),
    ALLOW(readlinkat),
    ALLOW(getcwd),
    ALLOW(getdents64),
    ALLOW(fcntl),
    ALLOW(dup),
    ALLOW(pipe2),
    ALLOW(eventfd2),
    ALLOW(fadvise64),
    KORE_SYSCALL_DENY(ioctl, ENOTTY),

    /* Sockets of four families; netlink is how libc learns of addresses. */
    KORE_SYSCALL_ALLOW_ARG(socket, 0, AF_UNIX),
    KORE_SYSCALL_ALLOW_ARG(socket, 0, AF_INET),
    KORE_SYSCALL_ALLOW_ARG(socket, 0, AF_INET6),
    KORE_SYSCALL_ALLOW_ARG(socket, 0, AF_NETLINK),
    ALLOW(socketpair),
    ALLOW(connect),
    ALLOW(bind),
    ALLOW(accept),
    ALLOW(accept4),
    ALLOW(shutdown),
    ALLOW(sendto),
    ALLOW(sendmsg),
    ALLOW(sendmmsg),
    ALLOW(recvfrom),
    ALLOW(recvmsg),
    ALLOW(recvmmsg),
    ALLOW(setsockopt),
    ALLOW(getsockopt),
    ALLOW(getsockname),
    ALLOW(getpeername),
    ALLOW(sendfile),

    /* Waiting. */
    ALLOW(poll),
    ALLOW(ppoll),
    ALLOW(select),
    ALLOW(pselect6),
    ALLOW(epoll_create1),
    ALLOW(epoll_ctl),
    ALLOW(epoll_wait),
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW(clock_gettime),
    ALLOW(clock_getres),
    ALLOW(gettimeofday),
    ALLOW(time),

    /* Who and where am I. */
    ALLOW(getpid),
    ALLOW(getppid),
    ALLOW(getuid),
    ALLOW(geteuid),
    ALLOW(getgid),
    ALLOW(getegid),
    ALLOW(getresuid),
    ALLOW(getresgid),
    ALLOW(uname),
    ALLOW(sysinfo),
    ALLOW(getrusage),
    ALLOW(prlimit64),
    ALLOW(getrandom),

    KORE_BPF_RET(SECCOMP_RET_ERRNO | ENOSYS),
};

#endif

void rk_sandbox_register(void)
{
    kore_seccomp_filter("renku", filter, KORE_FILTER_LEN(filter));
}
