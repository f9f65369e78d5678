"""What instructors are told to do where learners' code cannot be locked up: the line that fits what is in the way."""

from __future__ import annotations

import pytest

from labsupport.grading.sandbox import remedies
from labsupport.grading.sandbox.remedies import remedy, remedy_for_nested, with_remedy

# What /proc/self tells within podman 4.3.1: by default, with --cap-drop ALL, with --user and --cap-add SYS_ADMIN.
DEFAULT, NONE, ADMIN = (f"Name:\tx\nCapEff:\t{number:016x}\nCapBnd:\t0" for number in (0xA80425FB, 0, 0x200000))
CLEAR = "25 1 0:24 / / rw - overlay overlay rw\n26 25 0:25 / /proc rw - proc proc rw"
COVERED = f"{CLEAR}\n27 26 0:26 / /proc/acpi ro - tmpfs tmpfs ro"
DISTRIBUTIONS = f"{CLEAR}\n27 26 0:26 / /proc/sys/fs/binfmt_misc rw - binfmt_misc binfmt_misc rw"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the machine tells, by the files' names: nothing but what a test puts here."""
    told: dict[str, str] = {}
    monkeypatch.setattr(remedies, "find_bubblewrap", lambda: "/usr/bin/bwrap")
    monkeypatch.setattr(remedies, "_value", lambda path: told.get(path.name, ""))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return told


@pytest.mark.parametrize(
    ("uid", "status", "advice"),
    [
        (0, DEFAULT, "--security-opt seccomp=unconfined"),
        (0, NONE, "--user 1000"),
        (1000, NONE, "--security-opt seccomp=unconfined"),
        (1000, ADMIN, "without --cap-add"),
    ],
)
def test_a_container_is_to_be_started_as_its_rights_ask(
    uid: int, status: str, advice: str, machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    machine["status"] = status
    assert advice in remedy()
    assert remedy().count("--") == 1


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Can't find source path /root/venv/bin: Permission denied", "put it where every user may read it"),
        ("Creating new namespace failed: Resource temporarily unavailable", "allow more processes"),
    ],
)
def test_what_bubblewrap_says_is_heard(said: str, advice: str, machine: dict[str, str]) -> None:
    machine["status"] = DEFAULT
    line = with_remedy(f"the sandbox does not start: bwrap: {said}")
    assert f"here: bwrap: {said}; what helps: {advice}" in line


@pytest.mark.parametrize(("profile", "named"), [("docker-default (enforce)", True), ("unconfined", False), ("", False)])
def test_apparmor_is_named_where_it_is_in_force(profile: str, named: bool, machine: dict[str, str]) -> None:
    machine.update(status=DEFAULT, current=profile)
    assert ("--security-opt apparmor=unconfined" in remedy()) is named


@pytest.mark.parametrize(("mounts", "covered"), [(COVERED, True), (CLEAR, False), (DISTRIBUTIONS, False), ("", False)])
def test_what_lies_over_proc_is_to_be_taken_away(mounts: str, covered: bool, machine: dict[str, str]) -> None:
    machine.update(status=DEFAULT, mountinfo=mounts)
    assert ("--security-opt unmask=ALL" in remedy_for_nested()) is covered
    assert (remedy_for_nested() == remedy()) is not covered


def test_bubblewraps_own_advice_is_left_out(machine: dict[str, str]) -> None:
    machine["status"] = DEFAULT
    line = with_remedy(
        "the sandbox does not start: bwrap: No permissions, likely. See <https://deb.li/x> or <file:///y>."
    )
    assert line.startswith(
        "learners' code cannot be locked up here: bwrap: No permissions, likely; what helps: a container"
    )
    assert "deb.li" not in line
