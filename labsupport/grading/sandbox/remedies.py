"""What to do where learners' code cannot be locked up: one line for each thing that may be missing."""

from __future__ import annotations

from pathlib import Path

from labsupport.grading.sandbox.launch import find_bubblewrap

__all__ = ["INSTALL", "remedy", "with_remedy"]

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
_CONTAINER = "a container has to permit namespaces: --security-opt seccomp=unconfined, or a profile that allows unshare"


def remedy() -> str:
    """Return what would make the sandbox possible on this machine, as far as the machine tells."""
    if find_bubblewrap() is None:
        return INSTALL
    for switch, (forbidding, advice) in _SWITCHES.items():
        if _value(switch) == forbidding:
            return advice
    return _CONTAINER


def with_remedy(refusal: str) -> str:
    """Return a refusal in one line, with what to do about it."""
    why = refusal.removeprefix("the sandbox does not start: ")
    return f"learners' code cannot be locked up here: {why}; what helps: {remedy()}; {_OTHERWISE}"


def _value(switch: Path) -> str:
    try:
        return switch.read_text().strip()
    except OSError:
        return ""
