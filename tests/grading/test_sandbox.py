"""The walls: what a learner's process can and cannot do, see or leave behind, whichever way they were put up."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

import labsupport
from labsupport.exercises.callee import Answer, Handle
from labsupport.exercises.plain import Plain
from labsupport.grading.callee import Learner, SandboxedCallee
from labsupport.grading.inside.child import Walls
from labsupport.grading.inside.limits import Limits
from labsupport.grading.program import Step
from labsupport.grading.sandbox import launch, step_down
from labsupport.grading.sandbox.library import SHOWN, write_library
from labsupport.grading.sandbox.processes import descendants
from labsupport.grading.sandbox.sandbox import Child, NoSandbox, Sandbox
from labsupport.grading.sandbox.step_down import UNPRIVILEGED
from tests.tools import ROOT, need, run

Run = Callable[[str], Plain]

LIBRARY = Path(labsupport.__file__).parent


class Room:
    """A sandbox that runs one piece of code after another, each in a process of its own."""

    def __init__(self, walls: Walls) -> None:
        self.sandbox = Sandbox("none" if walls == "none" else "bwrap")
        self.sandbox.walls = walls

    def learner(self, source: str) -> Learner:
        return Learner(self.sandbox, [Step("exercise-x", source, "answer", "x")])

    def answer(self, source: str) -> Answer:
        """Return what ``f()`` comes to, whose body `source` is."""
        body = "".join(f"    {line}\n" for line in source.strip().splitlines())
        learner = self.learner(f"import ctypes, os, signal, socket, subprocess, sys, time\ndef f():\n{body}")
        try:
            return SandboxedCallee(learner, "exercise-x").call("f")
        finally:
            learner.lose()

    def value(self, source: str) -> Plain:
        answer = self.answer(source)
        assert (answer.fault, answer.error_text) == (None, "")
        assert not isinstance(answer.value, Handle)
        return answer.value


@pytest.fixture(scope="module", params=["nested", "given"])
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    need("bwrap")
    those = Room(request.param)
    with those.sandbox:
        yield those
        assert those.sandbox.walls == request.param


SYSTEM_CALLS = [
    'libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)',
    'libc.mount(None, b"/", None, ctypes.c_ulong(32 | 4096), None)',  # remount, bind, writable
    'libc.umount2(b"/proc", 2)',
    'libc.chroot(b"/tmp")',
    "libc.unshare(0x10000000)",
    "libc.unshare(0x20000)",
    "libc.setns(0, 0)",
    "libc.ptrace(16, os.getppid(), None, None)",
    "libc.ptrace(0, 0, None, None)",
    "libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0)",
    'libc.memfd_create(b"x", 0)',
    "libc.shmget(0x1234, 4096, 0o1777)",
    "libc.msgget(0x1234, 0o1777)",
    "libc.semget(0x1234, 1, 0o1777)",
    "libc.setuid(0)",
    "libc.setgroups(1, (ctypes.c_uint * 1)(0))",
    'libc.sethostname(b"x", 1)',
    "libc.setpriority(0, 0, -5)",
    "libc.syscall(ctypes.c_long(250 if os.uname().machine == 'x86_64' else 219), 0, 0, 0, 0, 0)",
    'libc.mknod(b"/tmp/sda", 0o60666, 0x0800)',
    "libc.mmap(None, 4096, 3, 0x21, -1, 0)",  # shared, of no file
    "libc.vmsplice(1, None, 0, 0)",
    "libc.syscall(ctypes.c_long(206 if os.uname().machine == 'x86_64' else 0), 1, (ctypes.c_long * 1)())",  # io_setup
    "libc.syscall(ctypes.c_long(444), None, 0, 1)",  # landlock_create_ruleset
    "libc.syscall(ctypes.c_long(425), 1, (ctypes.c_long * 16)())",  # io_uring_setup
    "libc.syscall(ctypes.c_long(323 if os.uname().machine == 'x86_64' else 282), 1)",  # userfaultfd
    "libc.syscall(ctypes.c_long(438), 3, 3, 0)",  # pidfd_getfd
    "libc.syscall(ctypes.c_long(447), 0)",  # memfd_secret
]


@pytest.mark.tool
class TestRights:
    def test_are_none(self, room: Room) -> None:
        source = """
import struct
header, data = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
libc = ctypes.CDLL(None)
assert libc.capget(header, data) == 0
ambient = [n for n in range(41) if libc.prctl(47, 1, n, 0, 0) == 1]
modes = [libc.prctl(39, 0, 0, 0, 0), libc.prctl(21, 0, 0, 0, 0)]
return [data.raw == bytes(24), ambient, os.getresuid(), os.getresgid(), *modes]
"""
        empty, ambient, uids, gids, no_new_privileges, seccomp = self._list(room.value(source))
        assert empty is True
        assert ambient == []
        assert uids == gids == (1000, 1000, 1000)
        assert (no_new_privileges, seccomp) == (1, 2)

    def _list(self, value: Plain) -> list[Plain]:
        assert isinstance(value, list)
        return value

    def test_to_the_kernel_are_refused(self, room: Room) -> None:
        refused = (errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS)
        told = room.value(
            "libc, said = ctypes.CDLL(None, use_errno=True), []\n"
            f"for call in {SYSTEM_CALLS!r}: said.append([call, ctypes.get_errno() if eval(call) == -1 else 0])\n"
            "return said"
        )
        assert isinstance(told, list)
        assert [each for each in told if each[1] not in refused] == []
        assert len(told) == len(SYSTEM_CALLS)

    def test_to_new_namespaces_by_clone_are_refused(self, room: Room) -> None:
        number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
        source = f"""
libc = ctypes.CDLL(None, use_errno=True)
said = []
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000):
    if libc.syscall(ctypes.c_long({number}), ctypes.c_ulong(flag | 17), None, None, None, None) == 0: os._exit(0)
    said.append(ctypes.get_errno())
return said
"""
        assert room.value(source) == [errno.EPERM] * 6

    def test_to_new_namespaces_are_refused_where_no_filter_knows_the_machine(self) -> None:
        need("bwrap")
        those = Room("nested")
        with those.sandbox:
            inside = those.sandbox._library / "lib/labsupport/grading/inside/kernel.py"
            inside.write_text(f"{inside.read_text()}\n\ndef forbid_system_calls() -> bool:\n    return False\n")
            source = """
libc = ctypes.CDLL(None, use_errno=True)
return [libc.prctl(21, 0, 0, 0, 0), libc.unshare(0x10000000), ctypes.get_errno()]
"""
            assert those.value(source) == [0, -1, errno.ENOSPC]
            assert those.sandbox.walls == "nested"

    def test_are_not_gained_by_programs(self, room: Room) -> None:
        ran = "return [subprocess.run(['id', '-u'], capture_output=True, text=True).stdout for _ in 'x']"
        assert room.value(ran) == ["1000\n"]

    def test_to_sockets_of_virtual_machines_and_devices_are_none(self, room: Room) -> None:
        source = """
found = []
for family in (17, 38, 40):
    try: socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW)
    except OSError: continue
    found.append(family)
return found
"""
        assert room.value(source) == []


@pytest.mark.tool
class TestView:
    def test_has_no_terminal(self, room: Room) -> None:
        source = """
import fcntl
found = [n for n in range(256) if os.isatty(n)]
try: os.open("/dev/tty", os.O_RDWR)
except OSError: return found
return "a terminal"
"""
        assert room.value(source) == []

    def test_of_descriptors_is_the_conversation_alone(self, room: Room) -> None:
        source = """
found = []
for number in range(1024):
    try: found.append(os.fstat(number).st_mode & 0o170000 == 0o140000)
    except OSError: pass
return found
"""
        assert room.value(source) == [False, False, False, True]

    def test_of_the_environment_is_small(self, room: Room) -> None:
        assert set(str(room.value("return ' '.join(sorted(os.environ))")).split()) <= {
            *("HOME", "LC_ALL", "MPLBACKEND", "MPLCONFIGDIR", "OPENBLAS_NUM_THREADS", "PATH", "PWD", "TMPDIR"),
            *("LC_CTYPE", "OLDPWD"),
        }

    def test_of_processes_is_none(self, room: Room) -> None:
        assert room.value("return os.listdir('/proc')") == []

    def test_of_the_machines_name_is_none_where_it_can_be_changed(self, room: Room) -> None:
        # Bubblewrap's child may not, nor may anybody in most containers.
        permitted = run(["unshare", "--map-root-user", "--uts", "hostname", "x"]).returncode == 0
        name = "sandbox" if permitted and room.sandbox.walls == "nested" else socket.gethostname()
        assert room.value("return socket.gethostname()") == name

    def test_of_its_keeper_is_none(self, room: Room) -> None:
        source = """
found = []
for name in ("environ", "mem", "maps", "fd", "cwd", "root"):
    path = f"/proc/{os.getppid()}/{name}"
    for look in (open, os.listdir, os.readlink):
        try: found.append(str(look(path)))
        except OSError: pass
return found
"""
        assert room.value(source) == []

    def test_of_places_is_a_list_of_what_is_needed(self, room: Room) -> None:
        places = [ROOT / name for name in ("course", "tests", "notebooks", ".git", "pyproject.toml", "gradebook.db")]
        places += [LIBRARY, *(Path.home() / name for name in (".bashrc", ".cache", ".config", ".ssh"))]
        places += map(Path, ("/var", "/run", "/home", "/etc/shadow", "/etc/hostname", "/sys", "/boot", "/usr/src/x"))
        assert room.value(f"return [x for x in {[*map(str, places)]!r} if os.path.exists(x)]") == []

    def test_of_the_judges_folder_is_none(self, room: Room, tmp_path: Path) -> None:
        (tmp_path / "gradebook.db").write_text("x")
        assert room.value(f"return os.path.exists({str(tmp_path)!r})") is False
        assert room.value("return os.listdir('/tmp')") == []

    def test_of_the_machines_network_is_none(self, room: Room) -> None:
        name = f"x{uuid.uuid4().hex}"  # a digit would be read as a part of the escape before it
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unnamed:
            unnamed.bind(f"\0{name}")
            unnamed.listen()
            source = f"""
said = []
for family, address in ((socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]})), (socket.AF_UNIX, "\\0{name}")):
    with socket.socket(family) as end:
        end.settimeout(2)
        try: said.append(end.connect(address))
        except OSError as error: said.append(type(error).__name__)
said.append(sorted(name for _, name in socket.if_nameindex()))
return said
"""
            assert room.value(source) == ["ConnectionRefusedError", "ConnectionRefusedError", ["lo"]]

    def test_of_answers_is_none(self, room: Room) -> None:
        source = """
import importlib
found = []
for name in %r:
    try: importlib.import_module(name)
    except ImportError: continue
    found.append(name)
return [found, sorted(name for name in sys.modules if name.startswith("labsupport."))]
"""
        modules = {
            "labsupport." + ".".join(path.relative_to(LIBRARY).with_suffix("").parts) for path in LIBRARY.rglob("*.py")
        }
        hidden = sorted(
            name for name in modules if not name.endswith("__init__") and name.removeprefix("labsupport.") not in SHOWN
        )
        value = room.value(source % hidden)
        assert isinstance(value, list)
        assert value[0] == []
        assert isinstance(value[1], list)
        assert not set(value[1]) & set(hidden)


@pytest.mark.tool
class TestTraces:
    def test_can_be_left_in_the_scratch_alone(self, room: Room) -> None:
        source = """
found = []
for folder, folders, _ in os.walk("/"):
    folders[:] = [name for name in folders if not os.path.ismount(os.path.join(folder, name)) or folder == "/"]
    if folder.count("/") > 4: folders.clear()
    try: open(os.path.join(folder, "message"), "w").close()
    except OSError: continue
    found.append(folder)
return found
"""
        assert room.value(source) == ["/tmp"]

    def test_of_time_are_not_left_on_devices(self, room: Room) -> None:
        if room.sandbox.walls == "given":
            return  # nobody in there may change mounts; the next learner has the same devices, and no other way
        source = """
done = []
for name in os.listdir("/dev"):
    try: os.utime("/dev/" + name)
    except OSError: continue
    done.append(name)
return done
"""
        assert set(str(room.value(f"import os\n{source}")).split()) <= {"['shm']"}

    def test_are_gone_for_the_next(self, room: Room) -> None:
        leave = """
for path in ("/tmp/message", "/dev/shm/message", "/tmp/labsupport.py", "/tmp/sitecustomize.py"):
    try: open(path, "w").write("x")
    except OSError: pass
os.environ["MESSAGE"] = "x"
sys.modules["message"] = os
if not os.fork():
    os.setsid()
    end = socket.socket(socket.AF_UNIX)
    end.bind("\\0message")
    end.listen()
    server = socket.create_server(("127.0.0.1", 5555))
    time.sleep(600)
return 1
"""
        find = """
found = [os.listdir("/tmp"), os.listdir("/dev/shm"), os.environ.get("MESSAGE"), "message" in sys.modules]
for family, address in ((socket.AF_UNIX, "\\0message"), (socket.AF_INET, ("127.0.0.1", 5555))):
    try: found.append(socket.socket(family).connect(address))
    except OSError: found.append(False)
return found
"""
        assert room.value(leave) == 1
        assert room.value(find) == [[], [], None, False, False, False]

    def test_of_chance_are_not_shared(self, room: Room) -> None:
        source = "import random, uuid\nreturn [random.random(), os.urandom(8).hex(), str(uuid.uuid4())]"
        first, second = room.value(source), room.value(source)
        assert isinstance(first, list)
        assert isinstance(second, list)
        assert not set(first) & set(second)


@pytest.mark.tool
class TestSignals:
    def test_reach_nobody_else(self, room: Room) -> None:
        source = """
import os, signal
def f():
    for number in ("SIGSTOP", "SIGTERM", "SIGINT", "SIGABRT", "SIGHUP", "SIGKILL"):
        for whom in (os.getppid(), -1):
            try: os.kill(whom, getattr(signal, number))
            except OSError: pass
    return 1
"""
        learner = room.learner(source)
        callee = SandboxedCallee(learner, "exercise-x")
        assert callee.call("f").value == 1
        child = learner._child
        assert callee.call("f").value == 1
        assert learner._child is child is not None
        learner.bound_socket().close()
        learner.lose()


@pytest.mark.tool
class TestProcess:
    def test_is_nobody_in_particular_outside(self, room: Room) -> None:
        learner = room.learner("")
        uids = _status(learner.child().pid, "Uid")
        assert uids == [str(UNPRIVILEGED if os.geteuid() == 0 else os.geteuid())] * 4
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(_status(learner.child().pid, kind)[0], 16) == 0
        learner.lose()

    def test_is_the_first_to_go_where_the_machine_runs_out_of_memory(self, room: Room) -> None:
        learner = room.learner("")
        assert Path(f"/proc/{learner.child().pid}/oom_score_adj").read_text() == "1000\n"
        learner.lose()

    def test_has_a_session_of_its_own(self, room: Room) -> None:
        # Who shares that of a terminal can type into it.
        learner = room.learner("")
        session = Path(f"/proc/{learner.child().pid}/stat").read_text().rpartition(")")[2].split()[3]
        assert int(session) != os.getsid(0)
        learner.lose()

    def test_has_a_keeper_whom_its_user_cannot_look_into(self, room: Room) -> None:
        learner = room.learner("")
        child = learner.child()
        # The files of a process that hides its memory are root's (PR_SET_DUMPABLE, prctl(2)).
        owners = [Path(f"/proc/{pid}/mem").stat().st_uid for pid in (child.pid, child._keeper)]
        assert owners[0] != owners[1]
        learner.lose()

    def test_ends_with_all_that_it_started(self, room: Room) -> None:
        learner = room.learner(
            "import os, time\nfor _ in range(3):\n    if not os.fork():\n"
            "        os.setsid()\n        os.fork()\n        time.sleep(600)\n"
        )
        child = learner.child()
        keeper = child._keeper
        family = [keeper, *descendants(keeper)]
        assert len(family) >= 5
        learner.lose()
        _gone(family)

    def test_shares_its_loopback_with_the_judge(self, room: Room) -> None:
        learner = room.learner(
            "import socket\ndef f(port): return socket.create_connection(('localhost', port), 5).recv(5)"
        )
        with learner.bound_socket() as bound:
            bound.listen()

            def greet() -> None:
                met, _ = bound.accept()
                with met:
                    met.sendall(b"hello")

            thread = threading.Thread(target=greet)
            thread.start()
            assert SandboxedCallee(learner, "exercise-x").call("f", bound.getsockname()[1]).value == b"hello"
            thread.join()
        learner.lose()

    def test_can_have_processes_threads_and_semaphores(self, room: Room) -> None:
        source = """
import concurrent.futures, multiprocessing
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    squares = list(pool.map(lambda n: n * n, range(8)))
counter = multiprocessing.get_context("fork").Value("i", 5)
process = multiprocessing.get_context("fork").Process(target=counter.get_lock().acquire)
process.start()
process.join()
ran = [subprocess.run(["echo", "x"], capture_output=True).stdout, counter.get_obj().value, process.exitcode]
return [squares, *ran, socket.gethostbyname("localhost")]
"""
        assert room.value(source) == [[n * n for n in range(8)], b"x\n", 5, 0, "127.0.0.1"]


@pytest.mark.tool
class TestLimits:
    def test_of_memory_hold_for_all_processes_together(self, room: Room) -> None:
        with Sandbox(limits=Limits(memory=96)) as sandbox:
            sandbox.walls = room.sandbox.walls
            hog = (
                "import os, time\ndef f():\n    for _ in range(4): os.fork()\n"
                "    held = os.urandom(1) * (40 << 20)\n    time.sleep(5)\n"
            )
            learner = Learner(sandbox, [Step("exercise-x", hog, "answer", "x")])
            answer = SandboxedCallee(learner, "exercise-x").call("f", deadline=20.0)
            assert answer.fault == "used more than 96 MiB of memory"
            learner.lose()

    def test_do_not_count_a_process_twice(self, room: Room) -> None:
        with Sandbox(limits=Limits(memory=200)) as sandbox:
            sandbox.walls = room.sandbox.walls
            source = (
                "import subprocess, sys\ndef f():\n"
                "    code = 'import os, time; held = os.urandom(1) * (120 << 20); time.sleep(0.5); print(5)'\n"
                "    return subprocess.run([sys.executable, '-c', code], capture_output=True).stdout\n"
            )
            learner = Learner(sandbox, [Step("exercise-x", source, "answer", "x")])
            assert SandboxedCallee(learner, "exercise-x").call("f", deadline=20.0).value == b"5\n"
            learner.lose()

    def test_of_what_a_connection_holds(self, room: Room) -> None:
        if room.sandbox.walls == "given":
            return  # nobody in there may set it
        source = """
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as near:
    far, _ = server.accept()
    near.setblocking(False)
    sent = 0
    with far:
        try:
            while True: sent += near.send(bytes(1 << 20))
        except BlockingIOError:
            return sent
"""
        sent = room.value(source)
        assert isinstance(sent, int)
        assert sent < 1 << 20

    def test_of_memory_hold_for_what_is_mapped_of_devices(self, room: Room) -> None:
        source = """
import mmap
with open("/dev/zero", "r+b", buffering=0) as zero:
    zeros = zero.read(4)
    try: mmap.mmap(zero.fileno(), 4096)
    except OSError as error: return [zeros, error.errno]
"""
        assert room.value(source) == [bytes(4), errno.ENODEV]

    def test_of_buffers_are_not_raised(self, room: Room) -> None:
        source = """
with socket.socket(socket.AF_UNIX) as end:
    before = [end.getsockopt(socket.SOL_SOCKET, option) for option in (socket.SO_SNDBUF, socket.SO_RCVBUF)]
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF): end.setsockopt(socket.SOL_SOCKET, option, 1 << 23)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    after = [end.getsockopt(socket.SOL_SOCKET, option) for option in (socket.SO_SNDBUF, socket.SO_RCVBUF)]
    return [before == after, end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)]
"""
        assert room.value(source) == [True, 1]

    @pytest.mark.parametrize("family", ["AF_UNIX", "AF_INET"])
    def test_of_memory_hold_for_connections_that_nobody_accepts(self, room: Room, family: str) -> None:
        source = f"""
import os, socket, time
def f():
    server = socket.socket(socket.{family})
    server.bind("" if server.family == socket.AF_UNIX else ("127.0.0.1", 0))
    server.listen(4096)
    for _ in range(1000):
        with socket.socket(server.family) as end:
            end.connect(server.getsockname())
            end.setblocking(False)
            try:
                while True: end.send(bytes(1 << 16))
            except BlockingIOError: pass
    time.sleep(9)
"""
        with Sandbox(limits=Limits(memory=64)) as sandbox:
            sandbox.walls = room.sandbox.walls
            learner = Learner(sandbox, [Step("exercise-x", source, "answer", "x")])
            answer = SandboxedCallee(learner, "exercise-x").call("f", deadline=20.0)
            assert answer.fault == "used more than 64 MiB of memory"
            learner.lose()

    @pytest.mark.parametrize("name", ["\x0bRssShmem: 0", "\rVmSwap:"])
    def test_are_watched_whatever_a_process_calls_itself(self, room: Room, name: str) -> None:
        source = (
            "import ctypes, os, time\ndef f():\n"
            f"    ctypes.CDLL(None).prctl(15, {name.encode()!r}, 0, 0, 0)\n"
            "    held = os.urandom(1) * (150 << 20)\n    time.sleep(9)\n"
        )
        with Sandbox(limits=Limits(memory=400)) as sandbox:
            sandbox.walls = room.sandbox.walls
            learner = Learner(sandbox, [Step("exercise-x", source, "answer", "x")])
            # The kernel's own limit would come first otherwise.
            learner.child()._limits = Limits(memory=96)
            answer = SandboxedCallee(learner, "exercise-x").call("f", deadline=20.0)
            assert answer.fault == "used more than 96 MiB of memory"
            assert sandbox._watchdog.is_alive()
            learner.lose()

    def test_are_watched_though_one_look_fails(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[Child] = []
        looked = threading.Event()

        def failing(child: Child) -> NoReturn:
            looks.append(child)
            if len(looks) > 1:
                looked.set()
            raise RuntimeError

        monkeypatch.setattr(Child, "watch", failing)
        with Sandbox() as sandbox:
            sandbox.walls = room.sandbox.walls
            sandbox.child()
            assert looked.wait(30)

    def test_of_files_processes_and_space(self, room: Room) -> None:
        source = """
import errno, resource
def most(work):
    try:
        for number in range(10 ** 6): work(number)
    except OSError as error: return errno.errorcode[error.errno]
kept = []
def files(number): kept.append(open("/dev/null"))
said = [most(files)]
kept.clear()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("/tmp/one", "wb", buffering=0) as one: said.append(most(lambda _: one.write(bytes(1 << 20))))
os.unlink("/tmp/one")
def many(number):
    with open(f"/tmp/{number}", "wb", buffering=0) as file: file.write(bytes(1 << 22))
said.append(most(many))
try: bytearray(4 << 30)
except MemoryError: said.append("MemoryError")
shared = os.statvfs("/dev/shm")
said.append(shared.f_blocks * shared.f_frsize <= 1 << 26 or bool(shared.f_flag & os.ST_RDONLY))
return [*said, resource.getrlimit(resource.RLIMIT_NPROC)[1] <= 64, resource.getrlimit(resource.RLIMIT_CORE)[1]]
"""
        assert room.value(source) == ["EMFILE", "EFBIG", "ENOSPC", "MemoryError", True, True, 0]


class TestWithoutWalls:
    @pytest.fixture
    def bare(self) -> Iterator[Room]:
        those = Room("none")
        with those.sandbox:
            yield those

    def test_a_function_answers(self, bare: Room) -> None:
        assert bare.value("return 5") == 5
        assert bare.sandbox.walls == "none"

    def test_what_it_started_ends_with_it(self, bare: Room) -> None:
        learner = bare.learner("import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(600)\n")
        child = learner.child()
        family = [child._keeper, *descendants(child._keeper)]
        assert len(family) == 3
        learner.lose()
        _gone(family)

    def test_what_it_started_ends_when_it_dies(self, bare: Room) -> None:
        learner = bare.learner(
            "import os, time\nif not os.fork():\n    os.setsid()\n    os.fork()\n    time.sleep(600)\n"
            "def f(): os._exit(0)\n"
        )
        child = learner.child()
        family = [child._keeper, *descendants(child._keeper)]
        SandboxedCallee(learner, "exercise-x").call("f")
        _gone(family)

    def test_it_ends_with_its_keeper(self, bare: Room) -> None:
        learner = bare.learner("")
        child = learner.child()
        os.kill(child._keeper, signal.SIGKILL)
        _gone([child.pid])
        learner.lose()

    def test_it_works_in_a_folder_of_its_own(self, bare: Room) -> None:
        assert bare.value("return os.listdir('.')") == []
        assert bare.value("return os.path.exists('pyproject.toml')") is False

    def test_answers_are_absent_all_the_same(self, bare: Room) -> None:
        assert bare.answer("import labsupport.rsa").error == "ModuleNotFoundError"


class TestShown:
    def test_of_a_virtual_environment_is_not_the_folder_that_it_is_in(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library = tmp_path / "library"
        write_library(library)
        for name in ("bin", "course", "lib", "gradebook.db", "pyvenv.cfg"):
            (tmp_path / name).mkdir()
        monkeypatch.setattr("sys.prefix", str(tmp_path))
        monkeypatch.setattr("sys.exec_prefix", str(tmp_path))
        arguments = list(launch._walls(library))
        bound = [arguments[place + 1] for place, word in enumerate(arguments) if word == "--ro-bind"]
        own = {Path(path).relative_to(tmp_path).parts[0] for path in bound if Path(path).is_relative_to(tmp_path)}
        assert own == {"bin", "lib", "library", "pyvenv.cfg"}

    def test_are_no_sources_of_a_container(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        library = tmp_path / "library"
        write_library(library)
        sources = tmp_path / "usr" / "src"
        environment = sources / "app" / "venv"
        environment.mkdir(parents=True)
        monkeypatch.setattr(launch, "_SOURCES", (str(sources),))
        monkeypatch.setattr("sys.prefix", str(environment))
        arguments = list(launch._walls(library))
        places = [arguments.index(str(sources)), arguments.index(str(environment))]
        assert arguments[places[0] - 1] == "--tmpfs"
        assert places[0] < places[1] < len(arguments) - arguments[::-1].index(str(sources))


# As engines of containers do it: mounts that nobody in there may take away.
CONTAINER = ["unshare", "--mount", *(["--map-current-user", "--keep-caps"] if os.geteuid() else [])]
IN_A_CONTAINER = """
import os
from labsupport.grading.inside import kernel
from labsupport.grading.sandbox.sandbox import Sandbox
kernel.mount_tmpfs("/proc/fs", 0)
if os.geteuid():
    kernel.drop_capabilities()
with Sandbox() as sandbox:
    sandbox.child()
    print(sandbox.walls)
"""


@pytest.mark.tool
class TestFallback:
    def test_is_a_bubblewrap_for_each_where_namespaces_are_not_to_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        need("bwrap")
        forked = Sandbox._forked

        def unless_nested(sandbox: Sandbox) -> Child:
            if sandbox.walls == "nested":
                raise NoSandbox("no namespaces within namespaces")
            return forked(sandbox)

        monkeypatch.setattr(Sandbox, "_forked", unless_nested)
        those = Room("nested")
        with those.sandbox:
            assert [those.value("return os.getpid()"), those.value("return os.getuid()")] == [2, 1000]
            assert those.sandbox.walls == "given"

    def test_is_for_containers_that_cover_a_part_of_proc(self) -> None:
        need("bwrap")
        if run([*CONTAINER, "true"]).returncode:
            pytest.skip("this user may mount nothing: a container, perhaps")
        told = run([*CONTAINER, sys.executable, "-c", IN_A_CONTAINER], seconds=120)
        assert (told.returncode, told.stdout, told.stderr) == (0, "given\n", "")

    def test_is_a_refusal_where_there_is_no_bubblewrap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launch, "find_bubblewrap", lambda: None)
        those = Room("nested")
        with those.sandbox, pytest.raises(NoSandbox, match="bubblewrap is not installed"):
            those.value("return 1")


def _status(pid: int, field: str) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith(f"{field}:"))


def _gone(pids: list[int]) -> None:
    """Wait until none of these processes is there any more, unless as a name to be buried."""
    until = time.monotonic() + 30
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < until, "somebody outlived the sandbox"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return _status(pid, "State")[0] not in "ZX"
    except OSError:
        return False


def test_root_that_may_mount_nothing_lets_others_pass_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int) -> NoReturn:
        raise PermissionError

    monkeypatch.setattr(step_down, "_checked", refused)
    monkeypatch.setattr(step_down, "_libc", SimpleNamespace(unshare=lambda _: -1))
    private = tmp_path / "private"
    stage = private / "library" / "stage"
    stage.mkdir(parents=True)
    private.chmod(0o700)
    assert list(step_down._staged(["--ro-bind", "/usr", "/usr"], stage)) == ["--ro-bind", "/usr", "/usr"]
    assert private.stat().st_mode & 0o777 == 0o711
