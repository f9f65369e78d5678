"""The conversation between judge and child: framing, and nothing trusted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import cast

import pytest

from labsupport.exercises.callee import Answer, Argument, File, Folder, Handle, Oracle, Url
from labsupport.exercises.conversation import Conversation
from labsupport.exercises.messages import (
    BrokenOff,
    Channel,
    Message,
    Patience,
    Silent,
    TooLong,
    Until,
    answer_from,
    answer_to,
    argument_from,
    argument_to,
    decoded,
    question_from,
)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


Ends = tuple[Channel, socket.socket]


class TestChannel:
    def test_cuts_the_stream_into_messages(self, ends: Ends) -> None:
        channel, other = ends
        other.sendall(b'{"a": 1}\n{"b"')
        assert channel.receive() == {"a": 1}
        other.sendall(': "é"}\n{}\n'.encode())
        assert [channel.receive(), channel.receive()] == [{"b": "é"}, {}]

    def test_writes_one_line_for_one_message(self, ends: Ends) -> None:
        channel, other = ends
        channel.send({"text": "two\nlines, é\ud800"})
        assert other.recv(100) == b'{"text":"two\\nlines, \\u00e9\\ud800"}\n'

    @pytest.mark.parametrize("line", [b"hello", b"[]", b"1", b'{"a":', b"\xff", b"[" * 100_000])
    def test_breaks_off_at_anything_else(self, ends: Ends, line: bytes) -> None:
        channel, other = ends
        other.sendall(line + b"\n")
        with pytest.raises(BrokenOff):
            channel.receive()

    def test_breaks_off_at_the_end(self, ends: Ends) -> None:
        channel, other = ends
        other.sendall(b'{"a": 1}')
        other.close()
        with pytest.raises(BrokenOff):
            channel.receive()
        with pytest.raises(BrokenOff):
            channel.send({})

    def test_breaks_off_at_lines_without_end(self) -> None:
        ours, other = socket.socketpair()
        with ours, other:
            channel = Channel(ours, limit=1000)
            other.sendall(b"x" * 1001)
            with pytest.raises(BrokenOff):
                channel.receive()

    def test_sends_nothing_of_a_message_that_is_too_long(self) -> None:
        ours, other = socket.socketpair()
        with ours, other:
            channel = Channel(ours, limit=1_000_000)
            with pytest.raises(TooLong, match="more than 1 MB of data"):
                channel.send({"text": "x" * 1_000_000})
            channel.send({})
            assert other.recv(100) == b"{}\n"

    def test_waits_no_longer_than_it_is_told(self, ends: Ends) -> None:
        channel, _ = ends
        with pytest.raises(Silent):
            channel.receive(Until(time.monotonic() + 0.05))
        with pytest.raises(Silent):
            channel.receive(Until(time.monotonic() - 1))
        with pytest.raises(Silent):
            channel.send({"text": "x" * 10_000_000}, Until(time.monotonic() + 0.05))

    def test_closed_is_broken_off(self, ends: Ends) -> None:
        channel, _ = ends
        channel.close()
        with pytest.raises(BrokenOff):
            channel.receive()


class TestArguments:
    @pytest.mark.parametrize(
        "argument",
        [5, (1, [b"x"]), File("a.pem", b"\x00"), Folder({"b/c": b"\xff"}), Url("server2.test", 8443, "/x")],
    )
    def test_arrive_as_they_were(self, argument: Argument) -> None:
        assert argument_from(argument_to(argument)) == argument

    def test_leave_the_oracle_behind(self) -> None:
        oracle = Oracle(lambda: 1, quota=7)
        assert argument_to(oracle) == {"oracle": 7}
        assert argument_from({"oracle": 7}, oracle) is oracle

    @pytest.mark.parametrize("message", [{}, {"oracle": 7}, {"file": "x"}, {"file": "x", "content": 5}, {"url": "x"}])
    def test_that_nobody_writes_are_refused(self, message: Message) -> None:
        with pytest.raises(BrokenOff):
            argument_from(message)


GOOD = answer_to(Answer(value=[1], printed="x", mutated=(0,), files={"a": b"b"}))


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            Answer(value=(1, b"x"), mutated=(0, 2), printed="p", files={"a": b"b"}),
            Answer(value=Handle("SSLContext", 3)),
            Answer(error="ValueError", error_text="no"),
            Answer(error="Mine", error_bases=("UnicodeError", "ValueError")),
            Answer(fault="did not answer in 5 s", late=True),
            Answer(unwritten=True),
        ],
    )
    def test_arrive_as_they_were(self, answer: Answer) -> None:
        assert answer_from(answer_to(answer), 0.5) == answer
        assert answer_from(answer_to(answer), 0.5).seconds == 0.5

    @pytest.mark.parametrize(
        "change",
        [
            {"value": 5},
            {"value": {"plain": {"pickle": ""}}},
            {"value": {"handle": ["SSLContext", "1"]}},
            {"error": 5},
            {"error_bases": [5]},
            {"error_bases": "ValueError"},
            {"fault": []},
            {"late": 1},
            {"mutated": ["0"]},
            {"printed": None},
            {"files": {"a": "***"}},
            {"files": {"a": 5}},
            {"files": {"\ud800": ""}},
            {"files": {"a" * 5000: ""}},
            {"value": {"plain": "\ud800"}},
        ],
    )
    def test_that_nobody_writes_are_refused(self, change: Message) -> None:
        answer_from(GOOD, 0)
        with pytest.raises(BrokenOff):
            answer_from(GOOD | change, 0)

    def test_are_cut_to_their_limits_here_too(self) -> None:
        long = GOOD | {"printed": "x" * 5000, "error": "E" * 100, "error_text": "t" * 600, "fault": "f" * 600}
        answer = answer_from(long, 0)
        assert [len(answer.printed), len(answer.error or ""), len(answer.error_text), len(answer.fault or "")] == [
            4000,
            80,
            500,
            500,
        ]

    def test_are_text_that_can_be_kept(self) -> None:
        half = "\ud800"  # of a pair: no file, page or database takes it
        forged = GOOD | {"printed": half, "error": half, "error_text": half, "fault": half}
        answer = answer_from(forged | {"value": {"handle": [half, 1]}}, 0)
        assert isinstance(answer.value, Handle)
        texts = [answer.printed, answer.error, answer.error_text, answer.fault, answer.value.kind]
        assert texts == ["?"] * 5


def test_questions_are_plain_data() -> None:
    assert question_from({"question": [{"int": "0x5"}]}) == [5]
    for message in ({}, {"question": 5}, {"question": [5]}):
        with pytest.raises(BrokenOff):
            question_from(message)


def test_bytes_are_base64() -> None:
    assert decoded("AP8=") == b"\x00\xff"
    for text in ("é", None, "A"):
        with pytest.raises(BrokenOff):
            decoded(text)


class _Asking:
    """A channel whose other end asks and asks, so that nobody ever waits for it."""

    def __init__(self) -> None:
        self.asked = 0

    def send(self, message: Message, patience: Patience | None = None) -> None:
        assert message == {"reply": True}

    def receive(self, patience: Patience | None = None) -> Message:
        self.asked += 1
        assert self.asked < 1000, "nobody looked at the time"
        return {"ask": 0, "call": 0, "question": []}


class _Spent:
    def left(self) -> float:
        return 0.0


def test_who_is_never_waited_for_runs_out_of_time_too() -> None:
    with pytest.raises(Silent):
        Conversation(cast("Channel", _Asking())).answer([Oracle(lambda: True)], _Spent())
