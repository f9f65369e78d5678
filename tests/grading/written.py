"""Answers of the kind that learners write: six to one task, each written on its own, and a lazy one in many dresses."""

from __future__ import annotations

__all__ = ["DRESSED", "HONEST", "OTHERS", "STUB"]

STUB = '''def records(der: bytes) -> list[tuple[int, bytes]]:
    """Return the tag and the content of each record in `der`."""
    raise NotImplementedError("your answer goes here")
'''

# Read a chain of DER records: tag, length in short or long form, content; ValueError for what is cut off.
HONEST = '''import math

def read_length(data, place):
    first = data[place]
    place += 1
    if first < 128:
        return first, place
    count = first & 127
    if count == 0 or count > 4:
        raise ValueError("a length that DER does not know")
    total = 0
    for step in range(count):
        total = total * 256 + data[place + step]
    return total, place + count

def check_room(data, place, size):
    if place + size > len(data):
        raise ValueError(f"cut off at {place}")

def records(der: bytes) -> list[tuple[int, bytes]]:
    """Return the tag and the content of each record in `der`."""
    found = []
    place = 0
    while place < len(der):
        tag = der[place]
        size, place = read_length(der, place + 1)
        check_room(der, place, size)
        found.append((tag, der[place:place + size]))
        place = place + size
    return found
'''

OTHERS = (
    '''def records(der):
    """Return the tag and the content of each record in `der`."""
    result = []
    while der:
        if len(der) < 2:
            raise ValueError("too short")
        tag, length, rest = der[0], der[1], der[2:]
        if length & 0x80:
            width = length - 0x80
            if not width or len(rest) < width:
                raise ValueError("bad length")
            length, rest = int.from_bytes(rest[:width], "big"), rest[width:]
        if len(rest) < length:
            raise ValueError("truncated")
        result.append((tag, rest[:length]))
        der = rest[length:]
    return result
''',
    """import io

def exactly(stream, size):
    chunk = stream.read(size)
    if len(chunk) != size:
        raise ValueError("end of data")
    return chunk

def one(stream):
    tag = stream.read(1)
    if not tag:
        return None
    n = exactly(stream, 1)[0]
    if n >= 128:
        octets = exactly(stream, n % 128)
        n = int(octets.hex() or "x", 16)
    return tag[0], exactly(stream, n)

def records(der: bytes) -> list[tuple[int, bytes]]:
    stream = io.BytesIO(der)
    return list(iter(lambda: one(stream), None))
""",
    '''def records(der: bytes) -> list[tuple[int, bytes]]:
    """Return the tag and the content of each record in `der`."""
    out = []
    i = 0
    try:
        while i < len(der):
            t = der[i]
            l = der[i + 1]
            i += 2
            if l > 127:
                k = l - 128
                l = 0
                while k > 0:
                    l = (l << 8) | der[i]
                    i += 1
                    k -= 1
            value = der[i : i + l]
            if len(value) != l:
                raise ValueError
            out.append((t, value))
            i += l
    except IndexError:
        raise ValueError("short")
    return out
''',
    """def records(der: bytes) -> list[tuple[int, bytes]]:
    if not der:
        return []
    try:
        tag, first, *_ = der
        header = 2 if first < 0x80 else 2 + (first & 0x7F)
        size = first if header == 2 else sum(b << 8 * i for i, b in enumerate(reversed(der[2:header])))
        body = der[header : header + size]
        assert len(body) == size and header > 1
    except (ValueError, AssertionError):
        raise ValueError("not DER") from None
    return [(tag, body), *records(der[header + size :])]
""",
    '''class Reader:
    def __init__(self, data):
        self.data = data
        self.pos = 0

    def byte(self):
        if self.pos >= len(self.data):
            raise ValueError("no more bytes")
        value = self.data[self.pos]
        self.pos += 1
        return value

    def length(self):
        first = self.byte()
        if first < 128:
            return first
        value = 0
        for _ in range(first - 128):
            value = value * 256 + self.byte()
        return value

    def take(self, n):
        return bytes(self.byte() for _ in range(n))

def records(der: bytes) -> list[tuple[int, bytes]]:
    """Return the tag and the content of each record in `der`."""
    reader = Reader(der)
    answer = []
    while reader.pos < len(der):
        tag = reader.byte()
        answer.append((tag, reader.take(reader.length())))
    return answer
''',
)


def _renamed(code: str) -> str:
    words = ("read_length", "check_room", "data", "place", "first", "count", "total", "step", "size", "found", "tag")
    for number, word in enumerate(words):
        code = code.replace(word, f"my_{number}_thing")
    return code


def _reordered(code: str) -> str:
    head, *functions = code.split("\ndef ")
    return "\ndef ".join([head, functions[2], functions[1], functions[0]]) + "\n"


# What people do to a copy so that it looks like their own.
DRESSED = {
    "renamed": _renamed(HONEST),
    "reordered": _reordered(HONEST),
    "reformatted": HONEST.replace("    ", "\t")
    .replace(" + ", "+")
    .replace("(der, place + 1)", "(\n der,\n place+1\n )"),
    "commented": "# my own work\n" + HONEST.replace("\n    ", "\n    # a remark\n    "),
    "typed": HONEST.replace("(data, place)", "(data: bytes, place: int) -> tuple[int, int]")
    .replace("found = []", "found: list[tuple[int, bytes]] = []")
    .replace("import math", "import sys\nimport math\nfrom typing import Any"),
    "padded": HONEST.replace(
        "    found = []", "    unused = len(der) * 2\n    if False:\n        der = b''\n    found = []"
    )
    .replace("    total = 0", "    print('here', place)\n    total = 0\n    pass")
    .replace("    return found", "    if found is None:\n        return []\n    return found"),
    "other constants": HONEST.replace("128", "0x80").replace("127", "0x7F").replace("cut off at", "oh no"),
    "spelt out": HONEST.replace("place += 1", "place = place + 1"),
    "everything at once": _reordered(_renamed(HONEST))
    .replace("128", "0x80")
    .replace("    my_9_thing = []", "    unused = 7\n    my_9_thing: list = []  # empty"),
    "broken": HONEST + "\nreturn )",
}
