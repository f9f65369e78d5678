from __future__ import annotations

import pytest

from labsupport.pki.authority import Authority
from labsupport.tls.contexts import Tls
from labsupport.tls.experiments import EXPERIMENTS, Cast, Experiment, expected

BY_NAME: dict[str, Experiment] = {experiment.name: experiment for experiment in EXPERIMENTS}


def test_the_seven_names_are_those_that_the_story_tells_in_its_order() -> None:
    assert [experiment.name for experiment in EXPERIMENTS] == [
        "no-ca",
        "ca-no-certificate",
        "insecure-no-certificate",
        "self-signed-certificate",
        "ca-signed-certificate",
        "through-server1",
        "around-server1",
    ]


@pytest.mark.parametrize("tls", ["1.2", "1.3", None])
def test_only_the_client_of_the_ca_and_server1_are_let_in(tls: Tls | None) -> None:
    for manner in ("alert", "http"):
        answered = [e.name for e in EXPERIMENTS if expected(e, tls, manner).refused_by is None]
        assert answered == ["ca-signed-certificate", "through-server1"]


@pytest.mark.parametrize(("tls", "alert"), [("1.2", "handshake_failure"), ("1.3", "certificate_required")])
def test_a_missing_certificate_has_another_alert_in_each_version(tls: Tls, alert: str) -> None:
    must = expected(BY_NAME["ca-no-certificate"], tls)
    assert (must.layer, must.refused_by, must.status) == ("tls", "server", None)
    assert alert in must.words
    assert alert in must.reasons


def test_in_the_manner_of_http_a_missing_certificate_is_a_400_and_a_bad_one_still_an_alert() -> None:
    missing = expected(BY_NAME["ca-no-certificate"], "1.3", "http")
    assert (missing.layer, missing.refused_by, missing.status) == ("http", "server", 400)
    bad = expected(BY_NAME["self-signed-certificate"], "1.3", "http")
    assert (bad.layer, bad.refused_by, bad.status) == ("tls", "server", None)


def test_the_first_refusal_may_be_told_by_either_of_two_codes() -> None:
    # A server that sends its root along makes it 19; nginx, which does not, 20.
    assert expected(BY_NAME["no-ca"]).codes == {19, 20}


def test_a_cast_has_a_certificate_of_the_ca_and_one_that_is_not() -> None:
    authority = Authority.root("Test root")
    cast = Cast.make(authority)
    assert cast.authority is authority
    assert cast.ca_signed.certificate.issuer == authority.certificate.subject
    assert cast.self_signed.certificate.issuer == cast.self_signed.certificate.subject
    assert cast.identity(BY_NAME["no-ca"]) is None
    assert cast.identity(BY_NAME["ca-signed-certificate"]) is cast.ca_signed
    assert cast.identity(BY_NAME["self-signed-certificate"]) is cast.self_signed
