"""What only a callee in this process has to care about."""

from __future__ import annotations

import os
import signal
import ssl
import threading

import pytest

from labsupport.exercises.callee import Answer, File, Folder, Handle
from labsupport.exercises.local import LocalCallee


def test_outside_the_main_thread_a_call_is_given_up_in_words() -> None:
    stop = threading.Event()
    callee = LocalCallee({"f": stop.wait})
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(callee.call("f", deadline=0.1)))
    thread.start()
    thread.join()
    stop.set()
    assert answers == [Answer(fault="is still running: restart the kernel to stop it", late=True)]


def test_ctrl_c_of_the_user_ends_the_call() -> None:
    callee = LocalCallee({"f": lambda: os.kill(os.getpid(), signal.SIGINT)})
    with pytest.raises(KeyboardInterrupt):
        callee.call("f")


def test_closing_forgets_the_handles() -> None:
    callee = LocalCallee({"f": lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)})
    handle = callee.call("f").value
    assert isinstance(handle, Handle)
    callee.accept(handle).close()
    callee.close()
    callee.close()
    with pytest.raises(KeyError):
        callee.accept(handle)


def test_objects_of_the_kernel_are_functions_too() -> None:
    class Adder:
        def __call__(self, n: int) -> int:
            return n + 1

    assert LocalCallee({"f": Adder()}).call("f", 1).value == 2


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd"])
def test_a_file_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(ValueError, match="not a file name"):
        File(name, b"")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../../x", "/etc/passwd"])
def test_a_folder_holds_what_is_below_it(name: str) -> None:
    with pytest.raises(ValueError, match="not a relative path"):
        Folder({name: b""})
