from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from labsupport.pki.authority import Authority
from labsupport.tls.contexts import Tls, server_context
from labsupport.tls.experiments import EXPERIMENTS, Cast, Experiment, expected
from labsupport.tls.outcomes import Outcome, conduct, run
from labsupport.tls.servers.pair import Pair
from labsupport.tls.servers.protected import Manner

BY_NAME: dict[str, Experiment] = {experiment.name: experiment for experiment in EXPERIMENTS}


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast.make()


@pytest.fixture
def pair(cast: Cast) -> Iterator[Pair]:
    with Pair(cast.authority, tls="1.3") as running:
        yield running


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("manner", ["alert", "http"])
def test_all_seven_come_out_as_they_must(tls: Tls, manner: Manner, cast: Cast) -> None:
    outcomes = list(run(tls, manner, cast=cast))
    assert [(outcome.experiment.name, outcome.faults) for outcome in outcomes] == [(e.name, ()) for e in EXPERIMENTS]
    assert all(outcome.ok for outcome in outcomes)


def test_an_outcome_tells_layer_side_status_reason_and_has_its_witness(cast: Cast, pair: Pair) -> None:
    refused = conduct(BY_NAME["ca-no-certificate"], pair, cast)
    assert (refused.layer, refused.refused_by, refused.status) == ("tls", "server", None)
    assert refused.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert refused.refusal is not None
    assert refused.refusal.phase == "first read"
    assert [verdict.reason for verdict in refused.witness] == ["PEER_DID_NOT_RETURN_A_CERTIFICATE"]

    answered = conduct(BY_NAME["ca-signed-certificate"], pair, cast)
    assert (answered.layer, answered.refused_by, answered.status, answered.reason) == ("http", None, 200, None)
    assert "client1" in answered.text
    assert answered.trace is not None
    assert answered.trace.complete


def test_nothing_is_warned_about_and_nothing_of_the_environment_gets_in_the_way(
    cast: Cast, pair: Pair, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert conduct(BY_NAME["insecure-no-certificate"], pair, cast).ok
    assert not list(recwarn)
    assert os.environ["https_proxy"] == "http://127.0.0.1:9"


def test_a_certificate_of_another_ca_fails_the_experiment_that_should_succeed(cast: Cast, pair: Pair) -> None:
    stranger = replace(cast, ca_signed=Authority.root("Elsewhere").issue("client1", role="client"))
    faults = " ".join(conduct(BY_NAME["ca-signed-certificate"], pair, stranger).faults)
    assert "the client met refused by server, expected none" in faults
    assert "the client met status none, expected 200" in faults
    assert "server2's log has: refused, layer tls" in faults


def test_a_server_that_asks_nobody_for_a_certificate_is_found_out(cast: Cast, pair: Pair) -> None:
    pair.server2.context = server_context(pair.server2.identity, tls="1.3")
    faults = " ".join(conduct(BY_NAME["ca-no-certificate"], pair, cast).faults)
    assert "the client met layer http, expected tls" in faults
    assert "expected PEER_DID_NOT_RETURN_A_CERTIFICATE" in faults
    assert "SSLV3_ALERT_CERTIFICATE_REQUIRED" in faults


def test_a_refusal_for_another_reason_or_code_is_a_fault(
    cast: Cast, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(**changes: frozenset[int]) -> None:
        monkeypatch.setattr("labsupport.tls.outcomes.expected", lambda *how: replace(expected(*how), **changes))  # type: ignore[arg-type]  # of one kind each

    elsewhere(codes=frozenset({10}))
    assert "verify code 19, expected 10" in " ".join(conduct(BY_NAME["no-ca"], pair, cast).faults)
    elsewhere(server_codes=frozenset({10}))
    assert "CERTIFICATE_VERIFY_FAILED (18)" in " ".join(conduct(BY_NAME["self-signed-certificate"], pair, cast).faults)


def test_a_log_that_tells_another_story_fails_the_experiment(cast: Cast, pair: Pair) -> None:
    added: list[int] = []

    def echo(_: object) -> None:
        if not added:
            added.append(1)
            pair.server2.log.add(admitted=True, layer="http", reason="certificate trusted", status=200)

    pair.server2.log.subscribe(echo)
    outcome = conduct(BY_NAME["ca-no-certificate"], pair, cast)
    assert outcome.faults == ("server2's log has 2 verdicts on this, expected 1",)


def test_a_request_that_passed_server1_unasked_is_a_fault(cast: Cast, pair: Pair) -> None:
    def pass_too(_: object) -> None:
        pair.server1.log.add(admitted=True, layer="http", status=200)

    pair.server2.log.subscribe(pass_too)
    outcome = conduct(BY_NAME["around-server1"], pair, cast)
    assert outcome.faults == ("server1's log has 1 requests, with status [200]",)


def test_the_wrong_client_behind_an_answer_is_a_fault(cast: Cast, pair: Pair) -> None:
    other = replace(cast, ca_signed=cast.authority.issue("mallory", role="client"))
    outcome = conduct(BY_NAME["ca-signed-certificate"], pair, other)
    assert outcome.faults == ("server2's log has the client mallory, expected client1",)


def test_another_tls_version_than_asked_for_is_a_fault(cast: Cast) -> None:
    with Pair(cast.authority) as both:
        both.tls = "1.2"
        straight = conduct(BY_NAME["ca-signed-certificate"], both, cast)
        through = conduct(BY_NAME["through-server1"], both, cast)
    assert straight.faults == (
        "the client spoke TLSv1.3, expected TLSv1.2",
        "server2's log has TLSv1.3, expected TLSv1.2",
    )
    assert through.faults == ("server2's log has TLSv1.3, expected TLSv1.2",)


def test_a_server_that_is_gone_is_an_outcome_without_a_witness(
    cast: Cast, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = SimpleNamespace(url=pair.server2.url, log=pair.server2.log, manner=pair.server2.manner)
    pair.server2.close()
    monkeypatch.setattr(pair, "server2", gone)
    outcome = conduct(BY_NAME["ca-no-certificate"], pair, cast)
    assert (outcome.layer, outcome.refused_by) == ("tcp", None)
    assert "server2's log has 0 verdicts on this, expected 1" in outcome.faults


def test_a_pair_for_both_versions_is_held_to_neither(cast: Cast) -> None:
    with Pair(cast.authority) as both:
        assert conduct(BY_NAME["ca-signed-certificate"], both, cast).faults == ()


def test_run_yields_outcomes_one_by_one_and_closes_its_pair_when_left_early() -> None:
    outcomes = run("1.3")
    first = next(outcomes)
    assert isinstance(first, Outcome)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
