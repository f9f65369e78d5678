"""Composing: exactly what was asked for, and a life that begins before it ends."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509

from labsupport.errors import CertificateRefused
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.keys import generate
from labsupport.pki.profile import BACKDATE


def make(end: dt.datetime, start: dt.datetime | None = None) -> x509.Certificate:
    key = generate()
    name = distinguished_name("somebody")
    extension = (x509.BasicConstraints(ca=False, path_length=None), True)
    return compose(name, key.public_key(), issuer=name, issuer_key=key, extensions=[extension], start=start, end=end)


def test_a_certificate_has_the_extensions_it_was_given_and_no_others() -> None:
    certificate = make(end=now() + dt.timedelta(days=1))
    assert certificate.version is x509.Version.v3
    assert [extension.oid for extension in certificate.extensions] == [x509.BasicConstraints.oid]
    assert now() - BACKDATE - dt.timedelta(minutes=1) < certificate.not_valid_before_utc <= now() - BACKDATE


def test_a_life_that_ends_before_it_begins_is_refused() -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    second = dt.timedelta(seconds=1)
    assert make(start=start, end=start + second).not_valid_after_utc == start + second
    for end in (start, start - second):
        with pytest.raises(CertificateRefused, match="before it starts"):
            make(start=start, end=end)
