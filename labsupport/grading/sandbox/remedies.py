"""What to do where learners' code cannot be locked up: one line for each thing that may be missing."""

from __future__ import annotations

import os
from pathlib import Path

from labsupport.grading.sandbox.launch import find_bubblewrap

__all__ = ["INSTALL", "remedy", "remedy_for_nested", "with_remedy"]

INSTALL = "sudo apt install bubblewrap"
_SYSCTL = "sudo sysctl kernel"
_OTHERWISE = "or grade with --isolation none code that you trust"

_SWITCHES = {
    # Ubuntu 24.04 and later: programs without a profile of AppArmor's get no namespaces.
    Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"): (
        "1",
        f"an AppArmor profile for bwrap that allows userns, or {_SYSCTL}.apparmor_restrict_unprivileged_userns=0",
    ),
    # Debian 10 and its like.
    Path("/proc/sys/kernel/unprivileged_userns_clone"): ("0", f"{_SYSCTL}.unprivileged_userns_clone=1"),
    Path("/proc/sys/user/max_user_namespaces"): ("0", "sudo sysctl user.max_user_namespaces=10000"),
}
# By what bubblewrap says, in English: it is started without a locale.
_SAID = {
    "Can't find source path": "put it where every user may read it, not below /root",
    "Resource temporarily unavailable": "allow more processes: by ulimit -u, or --pids-limit of the container",
}
_CONTAINER = (
    "a container has to permit namespaces: start it with --security-opt seccomp=unconfined, or with a profile that "
    "allows clone, unshare, mount, umount2 and pivot_root, as podman's own does"
)
_APPARMOR = "; and with --security-opt apparmor=unconfined"
_ORDINARY = "start the container as an ordinary user: --user 1000"
_NO_CAPABILITIES = "start the container without --cap-add"
_UNCOVERED = "start the container with --security-opt unmask=ALL (podman) or systempaths=unconfined (Docker)"
_SET_IDS = 1 << 6 | 1 << 7  # CAP_SETGID and CAP_SETUID (capabilities(7))
# Under /proc by custom, and no hindrance.
_HARMLESS = "/proc/sys/fs/binfmt_misc"


def remedy(refusal: str = "") -> str:
    """Return what would make the sandbox possible here, as far as the machine and the refusal's words tell."""
    if find_bubblewrap() is None:
        return INSTALL
    for words, advice in _SAID.items():
        if words in refusal:
            return advice
    for switch, (forbidding, advice) in _SWITCHES.items():
        if _value(switch) == forbidding:
            return advice
    capabilities = _capabilities()
    if os.geteuid() == 0 and capabilities & _SET_IDS != _SET_IDS:
        return _ORDINARY
    if os.geteuid() != 0 and capabilities:
        return _NO_CAPABILITIES
    return _CONTAINER + (_APPARMOR if _value(Path("/proc/self/attr/current")).endswith("(enforce)") else "")


def remedy_for_nested() -> str:
    """Return what would let namespaces be made within bubblewrap, which starts without that."""
    return _UNCOVERED if _proc_is_covered() else remedy()


def with_remedy(refusal: str) -> str:
    """Return a refusal in one line, with what to do about it."""
    why = refusal.removeprefix("the sandbox does not start: ")
    # Bubblewrap's own advice knows nothing of containers.
    why = why.partition(". See ")[0]
    return f"learners' code cannot be locked up here: {why}; what helps: {remedy(why)}; {_OTHERWISE}"


def _value(switch: Path) -> str:
    try:
        return switch.read_text().strip()
    except OSError:
        return ""


def _capabilities() -> int:
    """Return the capabilities that are in force for this process."""
    status = _value(Path("/proc/self/status"))
    return next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)


def _proc_is_covered() -> bool:
    """Return whether something lies over a part of ``/proc``: the kernel then permits no fresh one."""
    places = [line.split()[4] for line in _value(Path("/proc/self/mountinfo")).splitlines()]
    return any(place.startswith("/proc/") and not place.startswith(_HARMLESS) for place in places)
