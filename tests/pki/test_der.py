"""DER by hand, against certificates and against what is no DER."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from labsupport.pki.authority import Authority
from labsupport.pki.der import Element, children, element, encode


def test_a_certificate_is_three_boxes(root: Authority) -> None:
    der = root.certificate.public_bytes(Encoding.DER)
    outer = element(der)
    assert (outer.tag, outer.offset, outer.end) == (0x30, 0, len(der))
    signed, algorithm, signature = children(outer)
    assert signed.encoded == root.certificate.tbs_certificate_bytes
    assert algorithm.tag == 0x30
    assert signature.content == b"\0" + root.certificate.signature


def test_every_element_of_a_certificate_is_written_as_it_was_read(root: Authority) -> None:
    def rewritten(found: Element) -> bytes:
        constructed = found.tag & 0x20
        content = b"".join(map(rewritten, children(found))) if constructed else found.content
        return encode(found.tag, content)

    for certificate in (root.certificate, root.issue("leaf", role="both").certificate):
        der = certificate.public_bytes(Encoding.DER)
        assert rewritten(element(der)) == der
        assert x509.load_der_x509_certificate(rewritten(element(der))) == certificate


@given(st.integers(0, 0x1E), st.binary(max_size=70_000), st.binary(max_size=9))
def test_what_is_written_is_read_again(tag: int, content: bytes, before: bytes) -> None:
    found = element(before + encode(tag, content) + b"after", len(before))
    assert (found.tag, found.content, found.offset) == (tag, content, len(before))
    assert found.header_length == 2 + sum(len(content) > bound for bound in (127, 255, 65535))


@pytest.mark.parametrize(
    ("buffer", "fault"),
    [
        (b"", "no element fits"),
        (b"\x30", "no element fits"),
        (b"\x30\x01", "ends at 3"),
        (b"\x30\x82\x01", "ends at"),
        (b"\x30\x84\xff\xff\xff\xff", "ends at"),
        (b"\x30\x80\0\0", "tag or length form"),
        (b"\x1f\x01\0", "tag or length form"),
        (b"\x04\x81\x01a", "shortest form"),
        (b"\x04\x82\0\x80" + b"a" * 128, "shortest form"),
    ],
)
def test_what_is_no_der_is_refused(buffer: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        element(buffer)


def test_an_offset_outside_the_buffer_is_refused() -> None:
    for offset in (-1, 4, 5, 99):
        with pytest.raises(ValueError, match="no element fits"):
            element(b"\x30\x03\x02\x01\x05", offset)


def test_a_child_that_reaches_beyond_its_parent_is_refused() -> None:
    parent = element(b"\x30\x03\x02\x02\x01" + b"stranger")
    with pytest.raises(ValueError, match="its parent at 5"):
        list(children(parent))
    assert [child.content for child in children(element(b"\x30\x04\x02\x02\x01\x02"))] == [b"\x01\x02"]


@given(st.binary(max_size=40))
def test_garbage_is_read_or_refused_and_nothing_else(buffer: bytes) -> None:
    try:
        found = element(buffer)
    except ValueError:
        return
    assert found.end <= len(buffer)
    assert encode(found.tag, found.content) == found.encoded
