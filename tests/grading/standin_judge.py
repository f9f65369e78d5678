"""A judge that does what the files say and tells a log when it begins and ends; its argument is the descriptor.

A file is a JSON object; ``do`` says what happens to its judge. What is to happen once leaves a mark in the folder of
the log, so that the second try comes to something else.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

from labsupport.exercises.messages import BrokenOff, Channel
from labsupport.grading.records import Result, result_to

LOG = Path(os.environ["STANDIN_LOG"])


def main() -> None:
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    try:
        channel.receive()
        while True:
            job = channel.receive()
            wanted = json.loads(base64.b64decode(job["content"]))
            say(f"begin {wanted['name']} {os.getpid()}")
            answer = answer_to(wanted, str(job["lesson"]))
            say(f"end {wanted['name']} {os.getpid()}")
            channel.send(answer)
    except BrokenOff:
        pass


def answer_to(wanted: dict[str, object], lesson: str) -> dict[str, object]:
    do = str(wanted["do"])
    if do.endswith(" once"):
        mark = LOG.with_name(f"{wanted['name']}.mark")
        do = "judge" if mark.exists() else do.removesuffix(" once")
        mark.touch()
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif do == "fail":
        raise MemoryError("too much of it")
    elif do == "hang":
        time.sleep(1000)
    elif do == "meet":
        # Goes on when so many are at work at the same time.
        while LOG.read_text().count("begin") < int(str(wanted["company"])):
            time.sleep(0.01)
    elif do == "refuse":
        return {"refused": "no walls here"}
    elif do == "talk nonsense":
        return {"result": {"points": 100}}
    result = wanted.get("result") or result_to(Result(lesson, overdue=do == "be overdue"))
    return {"result": result, "walls": "none"}


def say(line: str) -> None:
    with LOG.open("a") as log:
        log.write(line + "\n")


if __name__ == "__main__":
    main()
