"""What a certificate may say: names of every kind, and the malformed ones beside them."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from labsupport.errors import CertificateRefused
from labsupport.pki.profile import Profile, authority_extensions


def names(profile: Profile) -> list[str]:
    return [str(name.value) for name in profile.names()]


@pytest.mark.parametrize(
    "name",
    ["a", "server2.test", "Server2.TEST", "*.test", "_dmarc.test", "xn--bcher-kva.test", "a" * 63, "3com.test", "1.a"],
)
def test_dns_names(name: str) -> None:
    assert names(Profile("client", dns=[name])) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a..b",
        "a.",
        ".a",
        "-a",
        "a-",
        "a b",
        "a\n",
        "a\0b",
        "*",
        "*.",
        "a.*.b",
        "**.a",
        "a" * 64,
        "a." * 130 + "a",
        "bücher.test",
        "\u212a.test",  # the Kelvin sign, which is a K to whoever ignores case
        "192.0.2.1",
        "https://a.test",
        "a.test:443",
        7,
        b"a",
    ],
)
def test_malformed_dns_names_are_refused(name: str) -> None:
    with pytest.raises(CertificateRefused, match="is not a DNS name"):
        names(Profile("client", dns=["good.test", name]))


@given(st.text(max_size=80))
def test_any_text_is_a_dns_name_that_a_certificate_can_hold_or_is_refused(name: str) -> None:
    try:
        held = names(Profile("client", dns=[name]))
    except CertificateRefused:
        return
    assert held == [name]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::1"])
def test_addresses(address: str) -> None:
    assert names(Profile("server", ip=[address])) == [address]


@pytest.mark.parametrize("address", ["", "server2.test", "192.0.2", "192.0.2.256", "192.0.2.0/24", "fe80::1%eth0", 1])
def test_malformed_addresses_are_refused(address: str) -> None:
    with pytest.raises(CertificateRefused, match=r"is not an IP address|names a network interface"):
        names(Profile("server", ip=[address]))


@pytest.mark.parametrize("uri", ["spiffe://course/server1", "https://a.test/?x=1"])
def test_uris(uri: str) -> None:
    assert names(Profile("client", uri=[uri])) == [uri]


@pytest.mark.parametrize(
    "uri", ["", "spiffe", "spiffe://", "//a", "spiffe://a b", "spiffe://ä", "1x://a", "a://b\n", 7]
)
def test_malformed_uris_are_refused(uri: str) -> None:
    with pytest.raises(CertificateRefused, match="is not a URI"):
        names(Profile("client", uri=[uri]))


def test_a_profile_without_a_name_is_refused() -> None:
    with pytest.raises(CertificateRefused, match="without a name says nothing"):
        Profile("client")


@pytest.mark.parametrize("kind", ["dns", "ip", "uri"])
def test_one_text_in_place_of_a_list_is_refused(kind: str) -> None:
    # A text is a sequence too, of letters that are names each.
    with pytest.raises(CertificateRefused, match="give a list of names"):
        Profile("client", **{kind: "abc"})  # type: ignore[arg-type]


def test_a_list_that_changes_later_changes_no_profile() -> None:
    given = ["a.test"]
    profile = Profile("client", dns=given)
    given.append("b.test")
    assert names(profile) == ["a.test"]


@pytest.mark.parametrize("role", ["", "Client", "root", None, ["client"]])
def test_an_unknown_role_is_refused(role: str) -> None:
    with pytest.raises(CertificateRefused, match="role"):
        Profile(role, dns=["a"])  # type: ignore[arg-type]


@pytest.mark.parametrize("valid_for", [dt.timedelta(0), dt.timedelta(seconds=-1)])
def test_no_life_is_refused(valid_for: dt.timedelta) -> None:
    with pytest.raises(CertificateRefused, match="needs a life"):
        Profile("client", dns=["a"], valid_for=valid_for)


@pytest.mark.parametrize("start", [dt.datetime(2026, 1, 1), dt.datetime(1949, 12, 31, tzinfo=dt.UTC)])
def test_a_start_without_a_zone_or_before_the_calendar_is_refused(start: dt.datetime) -> None:
    with pytest.raises(CertificateRefused, match="a time with its zone, in 1950 or later"):
        Profile("client", dns=["a"], not_before=start)


def test_an_authority_says_how_many_may_stand_below_it() -> None:
    key = x509.SubjectKeyIdentifier(b"key")
    for length in (None, 0, 3):
        extensions = [extension for extension, _ in authority_extensions(length, key, key)]
        constraints = next(e for e in extensions if isinstance(e, x509.BasicConstraints))
        assert constraints.path_length == length
