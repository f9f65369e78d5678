"""DER, the encoding of certificates: elements of tag, length and content (ITU-T X.690), read and written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Element", "children", "element", "encode"]


@dataclass(frozen=True)
class Element:
    """One element inside a buffer: where it starts, how long its header and its content are (bytes)."""

    buffer: bytes
    offset: int
    tag: int
    header_length: int
    length: int

    @property
    def end(self) -> int:
        """Offset of the first byte after the element."""
        return self.offset + self.header_length + self.length

    @property
    def content(self) -> bytes:
        """The element's content, without its header."""
        return self.buffer[self.offset + self.header_length : self.end]

    @property
    def encoded(self) -> bytes:
        """The element with its header."""
        return self.buffer[self.offset : self.end]


def element(buffer: bytes, offset: int = 0) -> Element:
    """Read the element that starts at `offset`.

    Raises ValueError when it does not fit into `buffer`, or when its tag or length has a form that certificates do
    not use (tags above 30) or DER forbids (indefinite length, a longer length than needed).
    """
    if offset < 0 or len(buffer) < offset + 2:
        raise ValueError(f"no element fits at offset {offset}: the buffer has {len(buffer)} bytes")
    tag, first = buffer[offset], buffer[offset + 1]
    if tag & 0x1F == 0x1F or first == 0x80:
        raise ValueError(f"the element at offset {offset} has a tag or length form that DER certificates do not use")
    extra = first & 0x7F if first & 0x80 else 0
    length = int.from_bytes(buffer[offset + 2 : offset + 2 + extra], "big") if extra else first
    found = Element(buffer, offset, tag, 2 + extra, length)
    if found.end > len(buffer):
        raise ValueError(f"the element at offset {offset} ends at {found.end}: the buffer has {len(buffer)} bytes")
    if extra and extra != _length_bytes(length):
        raise ValueError(f"the length at offset {offset + 1} is not in its shortest form, the only one that DER knows")
    return found


def children(parent: Element) -> Iterator[Element]:
    """Yield the elements inside a constructed element, in order; raise ValueError for one that reaches beyond it."""
    offset = parent.offset + parent.header_length
    while offset < parent.end:
        child = element(parent.buffer, offset)
        if child.end > parent.end:
            raise ValueError(f"the element at offset {offset} ends at {child.end}, its parent at {parent.end}")
        yield child
        offset = child.end


def encode(tag: int, content: bytes) -> bytes:
    """Write one element: `tag`, the shortest length form, `content`."""
    extra = _length_bytes(len(content))
    length = bytes([0x80 | extra]) + len(content).to_bytes(extra, "big") if extra else bytes([len(content)])
    return bytes([tag]) + length + content


def _length_bytes(length: int) -> int:
    """Return how many bytes follow the first length byte in the shortest form: none below 128."""
    return (length.bit_length() + 7) // 8 if length >= 0x80 else 0
