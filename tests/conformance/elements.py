"""Where the elements of a DICOM file lie, so that they can be damaged one by one."""

from __future__ import annotations

import struct
from dataclasses import dataclass

LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UR", b"UT", b"UN", b"SV", b"UV")
"""Value representations whose length has four bytes (PS3.5, 7.1.2)."""
UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"


@dataclass(frozen=True, slots=True)
class Element:
    """Offsets in a file of explicit VR, little endian."""

    start: int
    vr: bytes
    length_at: int
    length_size: int
    value: int
    end: int

    @property
    def pixels(self) -> bool:
        return self.vr in (b"OB", b"OW") and self.end - self.value > 64


def elements(content: bytes, start: int = 132) -> list[Element]:
    """All elements of a good file, those inside of sequences too."""
    found: list[Element] = []
    _read(content, start, len(content), found)
    return found


def _read(content: bytes, at: int, stop: int, found: list[Element]) -> int:
    while at < stop:
        if content[at : at + 4] in (_ITEM_END, _SEQUENCE_END):
            return at
        vr = content[at + 4 : at + 6]
        long = vr in LONG
        length_at = at + (8 if long else 6)
        size = 4 if long else 2
        (length,) = struct.unpack_from("<L" if long else "<H", content, length_at)
        value = length_at + size
        if vr == b"SQ":
            end = _items(content, value, length, found)
        elif length == UNDEFINED:
            end = _fragments(content, value)
        else:
            end = value + length
        found.append(Element(at, vr, length_at, size, value, end))
        at = end
    return at


def _items(content: bytes, at: int, length: int, found: list[Element]) -> int:
    stop = len(content) if length == UNDEFINED else at + length
    while at < stop:
        mark, size = content[at : at + 4], struct.unpack_from("<L", content, at + 4)[0]
        at += 8
        if mark == _SEQUENCE_END:
            return at
        if mark == _ITEM:
            at = _read(content, at, stop if size == UNDEFINED else at + size, found)
            if size == UNDEFINED:
                at += 8
    return at


def _fragments(content: bytes, at: int) -> int:
    """The end of encapsulated pixels."""
    while content[at : at + 4] != _SEQUENCE_END:
        at += 8 + struct.unpack_from("<L", content, at + 4)[0]
    return at + 8


def fragments(content: bytes, pixels: Element) -> list[tuple[int, int]]:
    """(start, end) of the items of encapsulated pixels, headers included; the first is the offset table."""
    found, at = [], pixels.value
    while content[at : at + 4] == _ITEM:
        end = at + 8 + struct.unpack_from("<L", content, at + 4)[0]
        found.append((at, end))
        at = end
    return found
