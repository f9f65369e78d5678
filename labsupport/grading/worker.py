"""A process that judges, one submission after another: ``python -m labsupport.grading.worker DESCRIPTOR``.

Hostile values are looked at here, so that whatever they do to a judge is done to one that can be ended. It holds a
sandbox of its own, speaks JSON lines with the batch, and ends when the batch does, however that ends.
"""

from __future__ import annotations

import base64
import contextlib
import os
import resource
import select
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from labsupport.exercises.messages import BrokenOff, Channel, Message
from labsupport.grading.inside.limits import Limits
from labsupport.grading.judging import judge_submission
from labsupport.grading.records import Result, Submission, result_to
from labsupport.grading.sandbox.sandbox import NoSandbox, Sandbox
from labsupport.grading.settings import Settings, master_of

__all__ = ["job_from", "job_to", "main"]

# What one judge may take for itself, so that a gigantic answer ends it and not the machine.
_OWN_MEMORY = 3 * 1024**3
_FAREWELL_SECONDS = 0.5  # for one that is idle to tidy up


def job_to(submission: Submission) -> Message:
    """Return the message for a submission; what the batch knows of the learner stays there."""
    return {"lesson": submission.lesson, "content": base64.b64encode(submission.content).decode("ascii")}


def job_from(message: Message) -> Submission:
    """Return the submission, of nobody in particular."""
    return Submission("", str(message["lesson"]), base64.b64decode(message["content"]), "")


def main() -> None:
    """Judge until the batch closes its end."""
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with_the_batch, args=(descriptor,), name="end", daemon=True).start()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _OWN_MEMORY, resource.RLIM_INFINITY))
    channel = Channel(socket.socket(fileno=descriptor))
    with contextlib.suppress(BrokenOff, KeyboardInterrupt):
        settings = Settings.from_json(channel.receive())
        with Sandbox(settings.isolation, Limits(memory=settings.memory)) as sandbox:
            while True:
                channel.send(_judged(channel.receive(), sandbox, settings))


def _end_with_the_batch(descriptor: int) -> None:
    """End this process soon after the batch's end of the socket is closed, in the middle of a judgement too.

    The kernel closes it whatever ends the batch. The sandbox sees in turn that its judge is gone.
    """
    waiting = select.poll()
    waiting.register(descriptor, select.POLLRDHUP)
    waiting.poll()
    # The judge, if it is idle, hears of it too, and tidies up.
    time.sleep(_FAREWELL_SECONDS)
    os._exit(1)


def _judged(message: Message, sandbox: Sandbox, settings: Settings) -> dict[str, Any]:
    submission = job_from(message)
    try:
        result = judge_submission(submission, master_of(submission.lesson), sandbox, seconds=settings.seconds)
    except NoSandbox as refused:
        return {"refused": str(refused)}
    except Exception as error:  # whatever a file did to its judge: the batch goes on, and says so
        result = Result(submission.lesson, unjudged=f"the judge failed: {type(error).__name__}: {error}"[:300])
    return {"result": result_to(result), "walls": sandbox.walls}


if __name__ == "__main__":
    main()
