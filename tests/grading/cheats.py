"""Answers to the exercise of lesson 00 that try to earn its point by other means, and what each is worth honestly.

Each would be marked right if its trick worked: where the trick opens a door, the function behind it answers well.
Words in double brackets, such as ``[[root]]``, stand for what the batch's own machine has there.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHEATS", "FORGED", "HEAD", "RIGHT", "Cheat"]

HEAD = "def verifies(message, signature, e, n):\n"
RIGHT = f"{HEAD}    return pow(signature, e, n) == message\n"
TRUE = f"{HEAD}    return True\n"

FORGED = (
    '{"answer":{"value":{"plain":true},"error":null,"error_bases":[],"error_text":"","fault":null,"late":false,'
    '"unwritten":false,'
    '"mutated":[],"printed":"","files":{}}}\\n'
)
# Lines of every conversation that there is, as often as there are cases, and more.
FLOOD = f"""
import os
def flood():
    for line in ('{FORGED}', '{{"raised":null}}\\n', '{{"result":{{"points":1}}}}\\n', '{{"failed":"x"}}\\n', 'ready'):
        for number in range(256):
            try:
                os.write(number, line.encode() * 50)
            except OSError:
                pass
"""


@dataclass(frozen=True)
class Cheat:
    """The source of the answer's cell, and the points that it deserves."""

    source: str
    points: float = 0.0


def _if(condition: str, before: str = "") -> Cheat:
    """Return an answer that is right where `condition` holds, and wrong elsewhere."""
    lines = "".join(f"        {line}\n" for line in before.strip().splitlines())
    probe = (
        f"def opened():\n    try:\n{lines}        return bool({condition})\n    except BaseException: return False\n"
    )
    return Cheat(f"{probe}OPEN = opened()\n{HEAD}    return pow(signature, e, n) == message if OPEN else None\n")


def _returning(expression: str, before: str = "") -> Cheat:
    return Cheat(f"{before}\n{HEAD}    return {expression}\n")


def _calling(body: str, before: str = "") -> Cheat:
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return Cheat(f"{before}\n{HEAD}{lines}")


def _trying(attempt: str, points: float = 1.0) -> Cheat:
    """Return a right answer whose cell tries something else as well, and whose function tries it again."""
    tried = f"try: {attempt}\n    except BaseException: pass"
    return Cheat(
        f"import os, signal, sys\nif True:\n    {tried}\n{HEAD}    {tried}\n{RIGHT.partition(chr(10))[2]}", points
    )


_ALWAYS = """
class Always{base}:
    def __eq__(self, other): return True
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __hash__(self): return 1
    def __bool__(self): return True
    def __class__(self): return bool
"""

_REWRITING = {
    "an input transformer": TRUE
    + "get_ipython().input_transformers_post.append(lambda lines: ['1.0'])\n"
    + "get_ipython().events.register('pre_run_cell', lambda *_: 1.0)\n",
    "another check": f"import labsupport\nlabsupport.check = lambda *_, **__: 1.0\ncheck = labsupport.check\n{TRUE}",
    "other messages": f"""import labsupport.exercises.messages as messages, labsupport.exercises.local as local
import labsupport.exercises.room as room, labsupport.exercises.plain as plain
for module in (messages, room):
    module.answer_to = lambda answer: {{**dict(value={{"plain": True}}, error=None, error_bases=[], error_text="",
        fault=None, late=False, unwritten=False, mutated=[], printed="", files={{}}), "passed": True, "points": 1.0}}
plain.same = lambda *_: True
local._perform = lambda *_: local._Result(value=True)
{TRUE}""",
    "other builtins": f"""import builtins
builtins.isinstance = lambda *_: True
builtins.all = builtins.any = builtins.bool = lambda *_: True
builtins.type = builtins.len = lambda *_: bool
{TRUE}""",
    "another json": f"import json\n"
    f"json.dumps = lambda *_, **__: '{FORGED}'\njson.loads = lambda *_, **__: {{}}\n{TRUE}",
    "other cryptography": f"""import hashlib, hmac, secrets, ssl, random
from cryptography import x509
hashlib.sha256 = hashlib.shake_256 = hmac.compare_digest = lambda *_, **__: True
secrets.token_bytes = lambda n=32: bytes(n)
random.Random.getrandbits = lambda *_: 1
ssl.SSLContext.wrap_bio = ssl.match_hostname = x509.load_pem_x509_certificate = lambda *_, **__: True
{TRUE}""",
    "another class of True": f"import ctypes\nctypes.c_char.from_address(id(False) + 24).value = b'\\x01'\n{TRUE}",
    "a trace": f"import sys, threading\nsys.settrace(lambda *_: None)\nsys.setprofile(lambda *_: None)\n{TRUE}",
    "an audit hook": f"import sys\nsys.addaudithook(lambda name, _: 1 / 0 if name == 'exec' else None)\n{TRUE}",
    "an import hook": f"""import sys
class Hook:
    def find_spec(self, *_): raise KeyError
sys.meta_path.insert(0, Hook())
sys.path_hooks.insert(0, Hook)
{TRUE}""",
    "a sitecustomize": f"""import sys
for name in ("sitecustomize", "usercustomize", "labsupport", "judge"):
    for folder in ("", *sys.path):
        try: open(f"{{folder or '.'}}/{{name}}.py", "w").write("raise SystemExit(0)")
        except OSError: pass
{TRUE}""",
}

_PRETENDING = {
    "equal to all": _returning("Always()", _ALWAYS.format(base="")),
    "an int equal to all": _returning("Always(1)", _ALWAYS.format(base="(int)")),
    "a str equal to all": _returning("Always('True')", _ALWAYS.format(base="(str)")),
    "bytes equal to all": _returning("Always(b'True')", _ALWAYS.format(base="(bytes)")),
    "a list of both": _returning("[True, False]"),
    "a million digits": _returning("1 << 3_400_000"),
    "nested for ever": _calling("x = []\nx.append(x)\nreturn x"),
    "nested deep": _calling("x = True\nfor _ in range(100_000): x = [x]\nreturn x"),
    "ten million items": _returning("[True] * 10_000_000"),
    "a surrogate": _returning("'\\ud800\\0<script>alert(1)</script>'"),
    "a NUL": _calling(
        "print('\\0\\ud800\\x1b[2J<b>' * 10_000)\nraise ValueError('\\0\\ud800\\x1b[2J<img src=x onerror=y>')"
    ),
    "an error of its own": _calling(
        "raise Loud", "class Loud(BaseException):\n    def __str__(self): raise Loud\n    __repr__ = __str__\n"
    ),
    "recursion": _returning("verifies(message, signature, e, n)"),
    "recursion without a limit": _calling(
        "import sys\nsys.setrecursionlimit(10 ** 9)\nreturn verifies(message, signature, e, n)"
    ),
    "half of the time": _calling("CALLS.append(1)\nreturn len(CALLS) % 2 == 1", "CALLS = []\n"),
    "right at first": _calling(
        "CALLS.append(1)\nreturn len(CALLS) < 9 and pow(signature, e, n) == message", "CALLS = []\n"
    ),
}

_PRETENDING |= {
    "a generator without end": _calling("def forever():\n    while True: yield True\nreturn forever()"),
    "a class that is bool": _returning(
        "Pretender()", "class Pretender:\n    __class__ = bool\n    def __getattribute__(self, name): return True\n"
    ),
    "a class of a class": _returning(
        "Pretender()",
        "class Meta(type):\n    def __getattribute__(cls, name): raise SystemExit\n"
        "    def __subclasscheck__(cls, other): return True\n    __instancecheck__ = __subclasscheck__\n"
        "class Pretender(metaclass=Meta): pass\n",
    ),
    "a dict of sly keys": _returning("{Always('plain'): True}", _ALWAYS.format(base="(str)")),
    "errors in a group": _calling("raise BaseExceptionGroup('x' * 10_000, [GeneratorExit(), SystemExit(0)])"),
    "an error of a giant name": _calling(
        "raise type('<b>\\x1b[31m\\u202e' + 'x' * 10 ** 6, (Exception,), {})('y' * 10 ** 7)"
    ),
    "a text that is none": _calling(
        "raise Loud",
        "class Sly(str):\n    def __getitem__(self, _): return b'1'\n    def encode(self, *_): raise SystemExit\n"
        "    def __len__(self): return -5\n"
        "class Loud(Exception):\n    def __str__(self): return Sly('loud')\n",
    ),
    "what it saw before": _calling(
        "SEEN.append((message, signature))\nreturn any(message == m or signature == s for m, s in SEEN[:-1])",
        "SEEN = []\n",
    ),
}

_LEAVING = {
    "leaves when called": _calling("import sys\nsys.exit(0)"),
    "leaves at once": _calling("import os\nos._exit(0)"),
    "aborts": _calling("import os\nos.abort()"),
    "interrupts": _calling("raise KeyboardInterrupt"),
    "leaves the cell at once": Cheat(f"{TRUE}import os\nos._exit(0)\n"),
    "leaves the cell after a right answer": Cheat(f"{RIGHT}import sys\nsys.exit(0)\n", 1.0),
    "interrupts the cell after a right answer": Cheat(f"{RIGHT}raise KeyboardInterrupt\n", 1.0),
    "an exit handler": Cheat(f"{FLOOD}\nimport atexit\natexit.register(flood)\n{TRUE}import sys\nsys.exit(0)\n"),
    "signal handlers": Cheat(
        "import signal\nfor number in range(1, 64):\n    try: signal.signal(number, lambda *_: None)\n"
        f"    except (OSError, ValueError): pass\n{RIGHT}",
        1.0,
    ),
}

_FORGING = {
    "forged lines in the cell": Cheat(f"{FLOOD}\n{TRUE}flood()\n"),
    "forged lines in the call": _calling("flood()\nreturn True", FLOOD),
    "forged lines from a thread": Cheat(
        f"{FLOOD}\nimport threading\nthreading.Timer(0, lambda: [flood() for _ in range(99)]).start()\n{TRUE}"
    ),
    "a number that cannot be": _calling(
        "os.write(CHANNEL.fileno(), LINE)\nreturn True",
        "import gc, os\nfrom labsupport.exercises.messages import Channel\n"
        "CHANNEL = next(thing for thing in gc.get_objects() if isinstance(thing, Channel))._socket\n"
        f"LINE = '{FORGED}'.replace('\"mutated\":[]', '\"mutated\":[' + '9' * 4300 + ']').encode()\n",
    ),
    "a float that cannot be": _calling(
        "os.write(CHANNEL.fileno(), LINE)\nreturn True",
        "import gc, os\nfrom labsupport.exercises.messages import Channel\n"
        "CHANNEL = next(thing for thing in gc.get_objects() if isinstance(thing, Channel))._socket\n"
        f"LINE = '{FORGED}'.replace('{{\"plain\":true}}', '{{\"plain\":{{\"float\":1' + '0' * 400 + '}}}}').encode()\n",
    ),
    "a process that stays": Cheat(
        f"{FLOOD}\nimport time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
        f"        for _ in range(600):\n            flood()\n            time.sleep(0.1)\n    os._exit(0)\n{TRUE}"
    ),
}

_LOOKING = {
    "the library": _if("labsupport.rsa", "import labsupport.rsa"),
    "the authority": _if("Authority", "from labsupport.pki.authority import Authority"),
    "the specs": _if("EXERCISES", "from labsupport.exercises.start import EXERCISES"),
    "the catalogue": _if("labsupport.exercises.catalogue()", "import labsupport.exercises"),
    "the judge": _if("judging", "from labsupport.grading import judging"),
    "the checkout": _if("os.listdir('[[root]]/course') or open('[[root]]/labsupport/rsa.py').read()", "import os"),
    "the gradebook": _if("open('[[gradebook]]', 'rb').read()"),
    "the others' files": _if("os.listdir('[[submissions]]')", "import os"),
    "the home": _if(
        "{*os.listdir('[[home]]')} & {'.bashrc', '.profile', '.cache', '.config', '.ssh', '.gitconfig'}", "import os"
    ),
    "the processes": _if(
        "[x for x in os.listdir('/proc') if x.isdigit()] or open('/proc/1/environ').read()", "import os"
    ),
    "its process's past": _if("any('[[root]]' in value for value in os.environ.values())", "import os"),
    "the machine's port": _if("socket.create_connection(('127.0.0.1', [[port]]), 1)", "import socket"),
    "the machine's socket": _if("socket.socket(1).connect('[[socket]]') is None", "import socket"),
    "the machine's abstract socket": _if("socket.socket(1).connect('\\0[[abstract]]') is None", "import socket"),
    "the stack": _if(
        "any('judging' in frame.filename or 'start.py' in frame.filename for frame in inspect.stack())",
        "import inspect",
    ),
    "the heap": _if(
        "[x for x in gc.get_objects() if type(x).__name__ in ('Exercise', 'Case', 'Claim', 'Draw')]", "import gc"
    ),
    "the modules": _if(
        "[m for m in sys.modules if m in ('labsupport.rsa', 'labsupport.exercises.start')]", "import sys"
    ),
    "a message left behind": _if(
        "os.path.exists('/tmp/message') or os.listdir('/dev/shm') or os.environ.get('MESSAGE') or "
        "os.stat('/dev/null').st_mtime == 1000 or s.connect('\\0message') is None",
        "import os, socket\ns = socket.socket(socket.AF_UNIX)",
    ),
}

_STRIKING = {
    "limits its keeper": _trying(
        "[__import__('resource').prlimit(os.getppid(), number, (0, 0)) for number in range(16)]"
    ),
    "hides from the watchdog": Cheat(
        "import ctypes, os\nctypes.CDLL(None).prctl(15, b'\\x0bRssShmem: 0', 0, 0, 0)\n" + RIGHT, 1.0
    ),
    "closes every descriptor": _calling("import os\nos.closerange(0, 65536)\nreturn True"),
    "other descriptors": _calling("import os\n[os.dup2(0, number) for number in range(3, 64)]\nreturn True"),
    "half a line": _calling(
        "import os\nfor number in range(3, 64):\n    try: os.write(number, b'{\"answer\"')\n"
        "    except OSError: pass\nreturn True"
    ),
    "copies of itself": _calling("import os\nfor _ in range(3): os.fork()\nreturn True"),
    "another program": _calling("import os\nos.execv('/bin/sh', ['sh', '-c', 'echo x >&3'])"),
    "kills all": _trying("os.kill(-1, signal.SIGKILL)"),
    "kills its keeper": _trying("os.kill(os.getppid(), signal.SIGKILL)"),
    "stops its keeper": _trying("os.kill(os.getppid(), signal.SIGSTOP)"),
    "leaves a message": Cheat(
        "import os, socket\n"
        "for path in ('/tmp/message', '/dev/shm/message', '/dev/message', '/lab/message', '/etc/message'):\n"
        "    try: open(path, 'w').write('pow')\n"
        "    except OSError: pass\n"
        "os.environ['MESSAGE'] = 'pow'\n"
        "try: os.utime('/dev/null', (1000, 1000))\n"
        "except OSError: pass\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    s = socket.socket(socket.AF_UNIX)\n    s.bind('\\0message')\n    s.listen()\n"
        "    import time\n    time.sleep(600)\n"
        f"{RIGHT}",
        1.0,
    ),
}

CHEATS: dict[str, Cheat] = {
    # First, so that whatever it left would be found.
    "leaves a message": _STRIKING["leaves a message"],
    **{name: Cheat(source) for name, source in _REWRITING.items()},
    **_PRETENDING,
    **_LEAVING,
    **_FORGING,
    **_LOOKING,
    **_STRIKING,
}
