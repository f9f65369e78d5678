"""The course profile before verifiers that share no code with it; beside each yes the no that proves it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from tests.pki.judges import JUDGES, Judge, Role, openssl_verify

HOST = "server2.test"
ROLES: tuple[Role, ...] = ("client", "server")
judges = pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
roles = pytest.mark.parametrize("role", ROLES)


def issued(root: Authority, role: Role, *, depth: int = 0, algorithm: str = "ec") -> Identity:
    authority = root
    for level in reversed(range(depth)):
        authority = authority.intermediate(f"level {level}", path_length=level)
    uri = ["spiffe://course/client1"] if role == "client" else []
    return authority.issue(HOST, role=role, dns=[HOST], uri=uri, algorithm=algorithm)  # type: ignore[arg-type]


@judges
@roles
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_certificate_is_accepted_in_its_role(judge: Judge, role: Role, depth: int, root: Authority) -> None:
    assert judge(issued(root, role, depth=depth), root, role, HOST) is None


@judges
@roles
def test_rsa_is_accepted_too(judge: Judge, role: Role, rsa_root: Authority) -> None:
    assert judge(issued(rsa_root, role, depth=1, algorithm="rsa"), rsa_root, role, HOST) is None


@judges
@roles
def test_both_roles_in_one_are_accepted_in_either(judge: Judge, role: Role, root: Authority) -> None:
    assert judge(root.issue(HOST, role="both"), root, role, HOST) is None


@judges
@roles
def test_the_other_role_is_refused(judge: Judge, role: Role, root: Authority) -> None:
    other: Role = "server" if role == "client" else "client"
    assert judge(issued(root, other), root, role, HOST) is not None


@judges
@roles
def test_another_root_of_the_same_name_is_refused(judge: Judge, role: Role, root: Authority) -> None:
    assert judge(issued(Authority.root(root.name), role), root, role, HOST) is not None


@judges
def test_another_name_is_refused(judge: Judge, root: Authority) -> None:
    assert judge(root.issue("server1.test", role="server"), root, "server", HOST) is not None


@judges
@roles
def test_an_expired_certificate_is_refused(judge: Judge, role: Role, root: Authority) -> None:
    day = dt.timedelta(days=1)
    past = root.issue(HOST, role=role, not_before=dt.datetime.now(dt.UTC) - 2 * day, valid_for=day)
    assert judge(past, root, role, HOST) is not None


@judges
@roles
def test_a_missing_intermediate_is_refused(judge: Judge, role: Role, root: Authority) -> None:
    whole = issued(root, role, depth=1)
    assert judge(Identity(whole.certificate, key=whole.key), root, role, HOST) is not None


@judges
@roles
def test_a_self_signed_certificate_is_refused(judge: Judge, role: Role, root: Authority) -> None:
    assert judge(Authority.self_signed(HOST, role=role), root, role, HOST) is not None


@pytest.mark.tool
@roles
@pytest.mark.parametrize("depth", [0, 2])
def test_openssl_verify_strict_accepts_the_role_and_refuses_the_other(
    role: Role, depth: int, root: Authority, tmp_path: Path
) -> None:
    other: Role = "server" if role == "client" else "client"
    assert openssl_verify(issued(root, role, depth=depth), root, role, HOST, tmp_path) is None
    assert "purpose" in (openssl_verify(issued(root, other, depth=depth), root, role, HOST, tmp_path) or "")
    assert openssl_verify(issued(Authority.root(), role), root, role, HOST, tmp_path) is not None
