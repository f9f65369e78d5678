"""Authorities that several tests look at; none of them changes one, for an Authority cannot be changed."""

from __future__ import annotations

import pytest

from labsupport.pki.authority import Authority


@pytest.fixture(scope="session")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="session")
def rsa_root() -> Authority:
    return Authority.root("RSA root", algorithm="rsa")
