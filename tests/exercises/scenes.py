"""Calls of functions good and bad, and the Answer that each must come to, wherever the function lives."""

from __future__ import annotations

from dataclasses import dataclass, field

from labsupport.exercises.callee import Answer, Argument, File, Folder

__all__ = ["SCENES", "Scene"]


@dataclass(frozen=True)
class Scene:
    """`source` defines ``f``; called with `arguments` it comes to `answer`."""

    source: str
    answer: Answer
    arguments: tuple[Argument, ...] = ()
    deadline: float = field(default=5.0)


LIAR = """
class Liar(int):
    def __eq__(self, other): return True
    def __hash__(self): return 0
"""

SCENES: dict[str, Scene] = {
    # values
    "plain data there and back": Scene(
        "def f(*a): return list(a)",
        Answer(value=[None, True, -(2**99), 1.5, "é\n", b"\x00\xff", [1, (2,)], {"k": [()]}]),
        (None, True, -(2**99), 1.5, "é\n", b"\x00\xff", [1, (2,)], {"k": [()]}),
    ),
    "infinities": Scene("def f(): return float('inf'), -float('inf')", Answer(value=(float("inf"), -float("inf")))),
    "a huge int": Scene("def f(): return 1 << 99_999", Answer(value=1 << 99_999)),
    "a million digits": Scene(
        "def f(): return 1 << 3_000_000",
        Answer(fault="returned an int of 3,000,001 bits; 100,000 are the limit"),
    ),
    "a lying subclass": Scene(
        LIAR + "def f(): return Liar(1)", Answer(fault="returned a subclass of int named Liar; return a plain int")
    ),
    "a lying subclass inside": Scene(
        LIAR + "def f(): return {'k': [Liar(1)]}",
        Answer(fault="returned data that holds a subclass of int named Liar; return a plain int"),
    ),
    "a generator": Scene("def f(): yield 1", Answer(fault="returned a generator; return a list or a tuple")),
    "a class that fails when it is looked at": Scene(
        "class Shy:\n __class__ = property(lambda self: 1 / 0)\ndef f(): return Shy()",
        Answer(fault="returned a Shy; return plain data: None, bool, int, float, str, bytes, list, tuple or dict"),
    ),
    "a coroutine": Scene("async def f(): return 1", Answer(fault="returned a coroutine; write def, not async def")),
    "itself": Scene(
        "def f(): return f", Answer(fault="returned a function; return what it returns, not the function itself")
    ),
    "a cycle": Scene(
        "def f():\n a = []\n a.append(a)\n return a", Answer(fault="returned data nested more than 32 deep")
    ),
    "a lone surrogate": Scene(
        "def f(): return '\\ud800'",
        Answer(fault="returned a str with a lone surrogate, which no file or network can carry"),
    ),
    # stubs
    "the stub": Scene(
        "def f(): raise NotImplementedError('your answer goes here')",
        Answer(
            error="NotImplementedError",
            error_bases=("RuntimeError",),
            error_text="your answer goes here",
            unwritten=True,
        ),
    ),
    "an Ellipsis": Scene("def f(): return ...", Answer(unwritten=True)),
    # exceptions
    "an exception": Scene(
        "def f(n): return 1 // n",
        Answer(
            error="ZeroDivisionError", error_bases=("ArithmeticError",), error_text="integer division or modulo by zero"
        ),
        (0,),
    ),
    "an exit": Scene("import sys\ndef f(): sys.exit('bye')", Answer(error="SystemExit", error_text="bye")),
    "a Ctrl-C of its own": Scene("def f(): raise KeyboardInterrupt", Answer(error="KeyboardInterrupt")),
    "endless recursion": Scene(
        "def f(): return f()",
        Answer(error="RecursionError", error_bases=("RuntimeError",), error_text="maximum recursion depth exceeded"),
    ),
    "wrong number of arguments": Scene(
        "def f(a): return a",
        Answer(error="TypeError", error_text="f() takes 1 positional argument but 2 were given"),
        (1, 2),
    ),
    "an exception whose text fails": Scene(
        "class E(Exception):\n def __str__(self): raise SystemExit\ndef f(): raise E", Answer(error="E")
    ),
    "an exception whose text is long": Scene(
        "def f(): raise ValueError('x' * 10_000)", Answer(error="ValueError", error_text="x" * 499 + "…")
    ),
    "an exception with a lone surrogate": Scene(
        "def f(): raise ValueError('\\ud800')", Answer(error="ValueError", error_text="?")
    ),
    "an exception derived from others": Scene(
        "class Own(UnicodeError): pass\nclass E(Own, KeyError): pass\ndef f(): raise E",
        Answer(error="E", error_bases=("UnicodeError", "ValueError", "KeyError", "LookupError")),
    ),
    "an exception whose class lies about what it is derived from": Scene(
        "class M(type):\n __mro__ = property(lambda c: (ValueError,))\nclass E(Exception, metaclass=M): pass\n"
        "def f(): raise E",
        Answer(error="E"),
    ),
    "an exception whose class lies about its name": Scene(
        "class M(type):\n __name__ = property(lambda c: 1 / 0)\n"
        "class E(Exception, metaclass=M): pass\n"
        "def f(): raise E",
        Answer(error="E"),
    ),
    # what is printed
    "prints": Scene(
        "import sys, warnings\n"
        "def f():\n"
        " print('out'); print('err', file=sys.stderr); warnings.warn('careful', DeprecationWarning)",
        Answer(printed="out\nerr\nDeprecationWarning: careful\n"),
    ),
    "prints without end": Scene(
        "def f():\n for _ in range(1000): print('x' * 100_000)", Answer(printed="x" * 3999 + "…")
    ),
    "prints a lone surrogate": Scene("def f(): print('\\ud800')", Answer(printed="?\n")),
    "prints, then fails": Scene(
        "def f(): print('so far'); raise ValueError('no')",
        Answer(printed="so far\n", error="ValueError", error_text="no"),
    ),
    "asks for input": Scene("import sys\ndef f(): return sys.stdin.read()", Answer(value="")),
    "asks a question": Scene(
        "def f(): return input('yes? ')", Answer(error="EOFError", error_text="nobody is there to answer input()")
    ),
    "something else is not implemented": Scene(
        "class Missing(NotImplementedError): pass\ndef f(): raise Missing",
        Answer(error="Missing", error_bases=("NotImplementedError", "RuntimeError")),
    ),
    "closes stdout": Scene("import sys\ndef f():\n sys.stdout.close()\n return 1", Answer(value=1)),
    "warnings as errors stay inside": Scene(
        "import warnings\ndef f():\n warnings.simplefilter('error')\n return 1", Answer(value=1)
    ),
    # time
    "sleeps": Scene(
        "import time\ndef f():\n print('hm')\n time.sleep(60)",  # the deadline ends it
        Answer(fault="did not answer in 0.2 s", late=True, printed="hm\n"),
        deadline=0.2,
    ),
    "loops": Scene("def f():\n while True: pass", Answer(fault="did not answer in 0.2 s", late=True), deadline=0.2),
    "loops and swallows every exception": Scene(
        "import time\n"
        "def f():\n"
        " while True:\n"
        "  try:\n"
        "   time.sleep(60)\n"
        "  except BaseException:\n"
        "   try:\n"
        "    time.sleep(60)\n"
        "   except BaseException: pass\n",
        Answer(fault="did not answer in 0.2 s", late=True),
        deadline=0.2,
    ),
    "loops and swallows every exception at two levels": Scene(
        "import threading\n"
        "def inner():\n"
        " while True:\n"
        "  try: threading.Event().wait()\n"
        "  except BaseException: pass\n"
        "def f():\n"
        " while True:\n"
        "  try: inner()\n"
        "  except BaseException: pass\n",
        Answer(fault="did not answer in 0.2 s", late=True),
        deadline=0.2,
    ),
    "answers after the deadline": Scene(
        "import time\ndef f():\n try: time.sleep(60)\n except BaseException: return 1",
        Answer(fault="did not answer in 0.2 s", late=True),
        deadline=0.2,
    ),
    "an exception whose text never ends": Scene(
        "class E(Exception):\n def __str__(self):\n  while True: pass\ndef f(): raise E",
        Answer(fault="did not answer in 0.2 s", late=True),
        deadline=0.2,
    ),
    # arguments
    "changes its arguments": Scene(
        "def f(a, b, c, d): a.append(1); c['k'][0] = 2; d[0].clear()",
        Answer(mutated=(0, 2, 3)),
        ([], [], {"k": [1]}, ([1],)),
    ),
    "makes its argument a cycle": Scene("def f(a): a.append(a)", Answer(mutated=(0,)), ([],)),
    # files
    "reads a file": Scene(
        "import os, stat\n"
        "def f(a, b):\n"
        " mode = stat.S_IMODE(os.stat(a).st_mode), stat.S_IMODE(os.stat(os.path.dirname(a)).st_mode)\n"
        " with open(a, 'rb') as first, open(b, 'rb') as second:\n"
        "  return [os.path.basename(a), first.read(), second.read(), *mode]",
        Answer(value=["key.pem", b"one", b"two", 0o600, 0o700]),
        (File("key.pem", b"one"), File("key.pem", b"two")),
    ),
    "works in a folder": Scene(
        "import os, pathlib\n"
        "def f(path):\n"
        " folder = pathlib.Path(path)\n"
        " (folder / 'in.txt').unlink()\n"
        " (folder / 'sub').mkdir(exist_ok=True)\n"
        " (folder / 'sub' / 'out.txt').write_bytes(b'done')\n"
        " (folder / 'link').symlink_to('/etc/passwd')\n"
        " (folder / 'way out').symlink_to('/etc')\n"
        " os.mkfifo(folder / 'pipe')\n",
        Answer(files={"sub/kept.txt": b"kept", "sub/out.txt": b"done"}),
        (Folder({"in.txt": b"in", "sub/kept.txt": b"kept"}),),
    ),
    "leaves a file whose name is no text": Scene(
        "def f(path):\n with open(path.encode() + b'/\\xff', 'wb') as file: file.write(b'x')",
        Answer(files={"?": b"x"}),
        (Folder(),),
    ),
    "leaves too much in its folder": Scene(
        "def f(path):\n with open(path + '/big', 'wb') as file: file.write(bytes(5_000_000))",
        Answer(fault="left more than 4 MB in its folder"),
        (Folder(),),
    ),
    "leaves too many files in its folder": Scene(
        "def f(path):\n for n in range(1001):\n  with open(f'{path}/{n}', 'wb'): pass",
        Answer(fault="left more than 1,000 files in its folder"),
        (Folder(),),
    ),
}
