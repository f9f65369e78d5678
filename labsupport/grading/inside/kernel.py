"""The Linux kernel's own walls, for a process that is about to run a stranger's code: called by name, through ctypes.

Everything here acts on the calling process and is meant to be irrevocable. Failures raise OSError: a wall that does
not stand must stop the grader, not the stranger. Numbers are those of the kernel's headers (linux/sched.h,
linux/prctl.h, linux/capability.h, linux/filter.h, linux/seccomp.h, linux/if.h).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path

__all__ = [
    "NEW_EVERYTHING",
    "adopt_orphans",
    "bring_loopback_up",
    "die_with_parent",
    "drop_capabilities",
    "forbid_namespaces",
    "forbid_system_calls",
    "hide_memory",
    "keep_buffers_small",
    "map_own_ids",
    "mount_tmpfs",
    "name_machine",
    "promise_no_new_privileges",
    "remount_read_only",
    "unshare",
]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NEW_EVERYTHING = _NEWUSER | _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 32, 4096
# What a mount may not lose, and statvfs and mount number differently.
_ATIME = {1024: 1024, 2048: 2048, 4096: 1 << 21}

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 4, 22, 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Move this process (for PID namespaces: its next child) into new namespaces."""
    _checked(_libc.unshare(flags), "unshare")


def map_own_ids(uid: int, gid: int) -> None:
    """In a user namespace that was just made, keep being `uid` and `gid` (user_namespaces(7))."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def mount_tmpfs(target: str, size: int, *, read_only: bool = False) -> None:
    """Lay an empty file system of at most `size` bytes over a folder."""
    flags = _MS_NOSUID | _MS_NODEV | (_MS_RDONLY | _MS_NOEXEC if read_only else 0)
    options = f"size={max(size, 4096)},mode=0700,nr_inodes=4096".encode()
    _checked(_libc.mount(b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(flags), options), f"mount {target}")


def remount_read_only(target: str) -> None:
    """Let nobody change the mount at `target`; of a device, that is its times, not what is written to it."""
    now = os.statvfs(target).f_flag
    flags = now & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC) | sum(ours for theirs, ours in _ATIME.items() if now & theirs)
    flags |= _MS_REMOUNT | _MS_BIND | _MS_RDONLY
    _checked(_libc.mount(None, target.encode(), None, ctypes.c_ulong(flags), None), f"remount {target}")


def bring_loopback_up() -> None:
    """Switch on 127.0.0.1 in a network namespace that was just made (netdevice(7))."""
    request_get, request_set, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, request_get, struct.pack("16sh22x", b"lo", 0))
        flags = struct.unpack("16sh22x", answer)[1]
        fcntl.ioctl(control, request_set, struct.pack("16sh22x", b"lo", flags | up))


def name_machine(name: str) -> None:
    """Call the machine something else in a UTS namespace that was just made; its own name tells where one is."""
    with suppress(OSError):  # filters of containers refuse it, and the name is no secret
        socket.sethostname(name)


def keep_buffers_small() -> None:
    """Bound what a connection holds in a network namespace that was just made: nobody counts the kernel's memory."""
    for name in ("tcp_rmem", "tcp_wmem"):
        with suppress(OSError):  # kernels before 4.15 have one value for all namespaces
            Path(f"/proc/sys/net/ipv4/{name}").write_text("4096 65536 131072")


def forbid_namespaces() -> None:
    """Let nobody in this user namespace make another one, in which everybody would hold every capability."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def drop_capabilities() -> None:
    """Give up every capability, and the right to ever have one again (capabilities(7))."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            if ctypes.get_errno() == errno.EINVAL:
                break  # the kernel has no more of them
            if ctypes.get_errno() != errno.EPERM:
                _checked(-1, "prctl PR_CAPBSET_DROP")
    _checked(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl PR_CAP_AMBIENT")
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")


def promise_no_new_privileges() -> None:
    """Let no program that is started gain rights by its file's mode."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS")


def hide_memory() -> None:
    """Let no process of the same user look into this one or trace it."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE")


def adopt_orphans() -> None:
    """Become the parent of all whose parents end below this process, as process 1 of a namespace is by itself."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER")


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends; `parent` is its process id, in case it has ended already."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        os._exit(1)


# What no answer to an exercise needs, and attacks on kernels, neighbours or memory limits do. Numbers: x86_64, arm64.
_FORBIDDEN = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "personality": (135, 92),
    "syslog": (103, 116),
    "acct": (163, 89),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    # What the kernel keeps for whoever calls these, no limit of a process counts; io_setup's is the whole machine's.
    "vmsplice": (278, 75),
    "io_setup": (206, 0),
    "landlock_create_ruleset": (444, 444),
    "fanotify_init": (300, 262),
}
_CLONE, _CLONE3 = (56, 220), 435
# Shared memory without a file has no size that anybody limits, and stays while a single page of it is mapped.
_MMAP = (9, 222)
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20
# Larger buffers, and pages that stay the sender's, are wishes: nobody is told that they are not granted.
_SETSOCKOPT = (54, 208)
_SOL_SOCKET, _WISHES = 1, (7, 8, 60)  # SO_SNDBUF, SO_RCVBUF, SO_ZEROCOPY
# Of sockets only those that live in a network namespace: a virtual machine's way to its host does not.
_SOCKET = (41, 198)
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # the last asks for the network's interfaces
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000


def forbid_system_calls() -> bool:
    """Refuse with EPERM the system calls that no answer needs (seccomp(2)); return whether this machine is known.

    On machines other than x86_64 and arm64 nothing is installed: the other walls stand without this one.
    """
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    column, architecture = known
    program = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),  # 32-bit calls have other numbers
        (_LOAD, 0, 0, 0),  # the number of the call
        (_JUMP_AT_LEAST, 0, 1, 0x40000000),  # x32, which has other numbers too
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
        # glibc then falls back to clone, whose flags a filter can read
        (_JUMP_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
        (_JUMP_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, 16),  # its flags
        (_JUMP_ANY_BIT, 0, 1, NEW_EVERYTHING),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_LOAD, 0, 0, 0),
    ]
    program += [
        (_JUMP_EQUAL, 0, len(_FAMILIES) + 3, _SOCKET[column]),
        (_LOAD, 0, 0, 16),  # its family
        *((_JUMP_EQUAL, len(_FAMILIES) - number, 0, family) for number, family in enumerate(_FAMILIES)),
        (_RETURN, 0, 0, _REFUSE | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program += [
        (_JUMP_EQUAL, 0, 5, _MMAP[column]),
        (_LOAD, 0, 0, 40),  # its flags
        (_JUMP_ANY_BIT, 0, 2, _MAP_SHARED),
        (_JUMP_ANY_BIT, 0, 1, _MAP_ANONYMOUS),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program += [
        (_JUMP_EQUAL, 0, len(_WISHES) + 5, _SETSOCKOPT[column]),
        (_LOAD, 0, 0, 24),  # its level
        (_JUMP_EQUAL, 0, len(_WISHES) + 1, _SOL_SOCKET),
        (_LOAD, 0, 0, 32),  # its option
        *((_JUMP_EQUAL, len(_WISHES) - number, 0, wish) for number, wish in enumerate(_WISHES)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),  # without an error: as if it had been granted
    ]
    for numbers in _FORBIDDEN.values():
        program += [(_JUMP_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _REFUSE | errno.EPERM)]
    program.append((_RETURN, 0, 0, _ALLOW))
    filters = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    kept = ctypes.create_string_buffer(filters)
    description = struct.pack("HxxxxxxP", len(program), ctypes.addressof(kept))
    promise_no_new_privileges()
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, description, 0, 0), "prctl PR_SET_SECCOMP")
    return True


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
