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

/* The kernel reads the lower halves only. Flags such as SOCK_CLOEXEC stand above the type. */
#define ALLOW_SOCKET(family, type)                                                                 \
    KORE_BPF_CMP(SYS_socket, 0, 7), KORE_BPF_LOAD(args[0], ARGS_LO_OFFSET),                        \
        KORE_BPF_CMP(family, 0, 4), KORE_BPF_LOAD(args[1], ARGS_LO_OFFSET), KORE_BPF_AND(0xf),     \
        KORE_BPF_CMP(type, 0, 1), KORE_BPF_RET(SECCOMP_RET_ALLOW), KORE_BPF_LOAD(nr, 0)

/* Everything that Kore, libc with threads and name look-up, libpq, libcurl and OpenSSL need. It
 * stands before Kore's own list and ends with an answer for all the rest, so it is the whole truth:
 * an unknown call fails with ENOSYS, which a newer libc knows how to work around; what only an
 * intruder would try ends the process. The keyring is not among that: Kerberos below libpq asks. */
static struct sock_filter filter[] = {
    /* Other programs, other processes. */
    KILL(execve),
    KILL(execveat),
    KILL(ptrace),
    KILL(process_vm_readv),
    KILL(process_vm_writev),
    KILL(kcmp),
    KILL(pidfd_getfd),
    KILL(setns),
    KILL(unshare),

    /* Other files. */
    KILL(mount),
    KILL(umount2),
    KILL(pivot_root),
    KILL(chroot),
    KILL(open_tree),
    KILL(move_mount),
    KILL(fsopen),
    KILL(fsmount),
    KILL(open_by_handle_at),

    /* The kernel itself. */
    KILL(bpf),
    KILL(perf_event_open),
    KILL(userfaultfd),
    KILL(init_module),
    KILL(finit_module),
    KILL(delete_module),
    KILL(kexec_load),
    KILL(reboot),
    KILL(swapon),
    KILL(syslog),

    /* No new code after the start: not mapped, not made executable. */
    KORE_SYSCALL_DENY_WITH_FLAG(mmap, 2, PROT_EXEC, EPERM),
    KORE_SYSCALL_DENY_WITH_FLAG(mprotect, 2, PROT_EXEC, EPERM),
    ALLOW(mmap),
    ALLOW(mprotect),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(madvise),
    ALLOW(brk),
    ALLOW(mlock),
    ALLOW(mlock2),
    ALLOW(munlock),

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
    ALLOW(tgkill),

    /* Files. */
    ALLOW(read),
    ALLOW(readv),
    ALLOW(pread64),
    ALLOW(write),
    ALLOW(writev),
    ALLOW(openat),
    ALLOW(close),
    ALLOW(lseek),
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW(faccessat),
    ALLOW(faccessat2),
    ALLOW(readlinkat),
    ALLOW(getcwd),
    ALLOW(getdents64),
    ALLOW(fcntl),
    ALLOW(dup),
    ALLOW(dup3),
    ALLOW(pipe2),
    ALLOW(eventfd2),
    ALLOW(fadvise64),
    KORE_SYSCALL_DENY(ioctl, ENOTTY),

    /* Sockets; netlink is how libc learns of addresses. */
    ALLOW_SOCKET(AF_UNIX, SOCK_STREAM),
    ALLOW_SOCKET(AF_UNIX, SOCK_DGRAM),
    ALLOW_SOCKET(AF_INET, SOCK_STREAM),
    ALLOW_SOCKET(AF_INET, SOCK_DGRAM),
    ALLOW_SOCKET(AF_INET6, SOCK_STREAM),
    ALLOW_SOCKET(AF_INET6, SOCK_DGRAM),
    ALLOW_SOCKET(AF_NETLINK, SOCK_RAW),
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

    /* Waiting. */
    ALLOW(ppoll),
    ALLOW(pselect6),
    ALLOW(epoll_create1),
    ALLOW(epoll_ctl),
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW(clock_gettime),
    ALLOW(clock_getres),
    ALLOW(gettimeofday),

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
    KORE_SYSCALL_ALLOW_ARG(prlimit64, 0, 0),
    ALLOW(getrandom),

#ifdef SYS_futex_waitv
    ALLOW(futex_waitv),
#endif
#ifdef SYS_open
    /* What younger processors have under other names only. */
    KILL(fork),
    KILL(vfork),
    ALLOW(open),
    ALLOW(stat),
    ALLOW(lstat),
    ALLOW(access),
    ALLOW(readlink),
    ALLOW(getdents),
    ALLOW(dup2),
    ALLOW(pipe),
    ALLOW(eventfd),
    ALLOW(poll),
    ALLOW(select),
    ALLOW(epoll_create),
    ALLOW(epoll_wait),
    ALLOW(getrlimit),
    ALLOW(time),
#endif

    KORE_BPF_RET(SECCOMP_RET_ERRNO | ENOSYS),
};

#endif

void rk_sandbox_register(void)
{
    kore_seccomp_filter("renku", filter, KORE_FILTER_LEN(filter));
}
