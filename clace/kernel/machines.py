"""The numbers of the system calls that an app host may make, by machine."""

from __future__ import annotations

from msgspec import Struct


class SyscallTable(Struct, frozen=True, kw_only=True):
    """A processor architecture as seccomp names it, and the calls that are judged by arguments."""

    audit_arch: int
    seccomp: int
    mmap: int
    mprotect: int
    tgkill: int
    pivot_root: int
    allowed: dict[str, int]


# Plain reading and writing of what is open, memory, waiting, clocks, and ending. Nothing that
# opens, connects, sends descriptors, starts, traces or signals anything.
_X86_64 = SyscallTable(
    audit_arch=0xC000003E,
    seccomp=317,
    mmap=9,
    mprotect=10,
    tgkill=234,
    pivot_root=155,
    allowed={
        "read": 0,
        "write": 1,
        "close": 3,
        "poll": 7,
        "munmap": 11,
        "brk": 12,
        "rt_sigaction": 13,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "sched_yield": 24,
        "mremap": 25,
        "madvise": 28,
        "nanosleep": 35,
        "setitimer": 38,
        "getpid": 39,
        "sendto": 44,
        "recvfrom": 45,
        "exit": 60,
        "gettimeofday": 96,
        "sigaltstack": 131,
        "gettid": 186,
        "futex": 202,
        "restart_syscall": 219,
        "clock_gettime": 228,
        "clock_getres": 229,
        "clock_nanosleep": 230,
        "exit_group": 231,
        "ppoll": 271,
        "set_robust_list": 273,
        "getrandom": 318,
        "membarrier": 324,
        "rseq": 334,
    },
)
_AARCH64 = SyscallTable(
    audit_arch=0xC00000B7,
    seccomp=277,
    mmap=222,
    mprotect=226,
    tgkill=131,
    pivot_root=41,
    allowed={
        "read": 63,
        "write": 64,
        "close": 57,
        "ppoll": 73,
        "munmap": 215,
        "brk": 214,
        "rt_sigaction": 134,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "sched_yield": 124,
        "mremap": 216,
        "madvise": 233,
        "nanosleep": 101,
        "getpid": 172,
        "sendto": 206,
        "recvfrom": 207,
        "exit": 93,
        "setitimer": 103,
        "gettimeofday": 169,
        "sigaltstack": 132,
        "gettid": 178,
        "futex": 98,
        "restart_syscall": 128,
        "clock_gettime": 113,
        "clock_getres": 114,
        "clock_nanosleep": 115,
        "exit_group": 94,
        "set_robust_list": 99,
        "getrandom": 278,
        "membarrier": 283,
        "rseq": 293,
    },
)
MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}
