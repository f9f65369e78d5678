"""The log of verdicts: complete when it is read, quiet about its readers' faults, a table for people."""

from __future__ import annotations

import threading

import pytest

from labsupport.tls.servers.log import AccessLog, Verdict


def test_verdicts_are_numbered_in_order_and_say_what_was_decided() -> None:
    log = AccessLog("server2: verdicts")
    log.add(admitted=False, layer="tls", reason="CERTIFICATE_VERIFY_FAILED", verify_code=18)
    log.add(peer=("client1", "spiffe://x"), version="TLSv1.3", admitted=True, layer="http", request="GET /", status=200)
    log.add(admitted=False, layer="tcp", reason="the client left in mid-handshake")
    log.add(admitted=True, layer="tls", reason="nothing asked")
    assert [entry.number for entry in log] == [1, 2, 3, 4]
    assert [entry.words for entry in log] == ["refused", "GET / → 200", "broke off", "let in"]
    assert log[0].row() == ("1", "nobody known", "–", "refused", "tls", "CERTIFICATE_VERIFY_FAILED (18)")
    assert log[-3].row() == ("2", "client1, spiffe://x", "TLSv1.3", "GET / → 200", "http", "")


def test_the_table_is_aligned_and_has_its_owner_above() -> None:
    log = AccessLog("server2: verdicts")
    assert str(log).split("\n") == ["server2: verdicts", "#  client  TLS  verdict  layer  reason"]
    log.add(peer=("a rather long name",), admitted=True, layer="http", request="GET /", status=200, reason="fine")
    _, heading, row = str(log).split("\n")
    assert heading.index("TLS") == row.index("–")
    assert heading.index("reason") == row.index("fine")


def test_clearing_forgets_and_goes_on_counting() -> None:
    log = AccessLog("x")
    log.add(admitted=True, layer="http")
    log.clear()
    assert len(log) == 0
    assert log.add(admitted=True, layer="http").number == 2


def test_logs_are_told_apart() -> None:
    assert AccessLog("x") != AccessLog("x")
    assert len({AccessLog("x"), AccessLog("x")}) == 2
    assert repr(AccessLog("x")) == "AccessLog(owner='x')"


def test_old_verdicts_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labsupport.tls.servers.log._KEPT", 3)
    log = AccessLog("x")
    for _ in range(5):
        log.add(admitted=True, layer="http")
    assert [entry.number for entry in log] == [3, 4, 5]


def test_a_reader_waits_for_a_verdict_that_is_being_found() -> None:
    log = AccessLog("x")
    begun, decide = threading.Event(), threading.Event()

    def connection() -> None:
        with log.deciding():
            begun.set()
            decide.wait(30)
            log.add(admitted=False, layer="tls", reason="found")
            # The connection goes on; its first verdict is what readers wait for.
            hold.wait(30)

    hold = threading.Event()
    thread = threading.Thread(target=connection)
    thread.start()
    begun.wait(30)
    threading.Timer(0.05, decide.set).start()
    assert [entry.reason for entry in log.entries()] == ["found"]
    hold.set()
    thread.join()


def test_a_reader_does_not_wait_for_ever_nor_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    log = AccessLog("x")
    monkeypatch.setattr("labsupport.tls.servers.log._SETTLE_SECONDS", 3600)
    with log.deciding():
        assert log.entries() == ()
    monkeypatch.setattr("labsupport.tls.servers.log._SETTLE_SECONDS", 0.01)
    begun, end = threading.Event(), threading.Event()

    def silent() -> None:
        with log.deciding():
            begun.set()
            end.wait(30)

    thread = threading.Thread(target=silent)
    thread.start()
    begun.wait(30)
    assert log.entries() == ()
    end.set()
    thread.join()


def test_subscribers_hear_each_verdict_and_their_faults_cost_nobody() -> None:
    log = AccessLog("x")
    heard: list[Verdict] = []

    def broken(_: Verdict) -> None:
        raise BrokenPipeError("nobody reads the terminal any more")

    log.subscribe(broken)
    log.subscribe(heard.append)
    entry = log.add(admitted=True, layer="http", reason="fine")
    assert heard == [entry]
    assert list(log) == [entry]
