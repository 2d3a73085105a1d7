"""Whether a file is DICOM that may be opened, by its first bytes."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO

NO_PREAMBLE = "DICOM without a preamble (read with --force)"
NOT_DICOM = "not DICOM"
EMPTY = "empty file"
UNREADABLE = "unreadable"
INFLATES = "inflates to more than 512 MiB"
LARGEST_INFLATED = 512 * 2**20
"""Bytes: a few MB of deflated zeros can stand for many GB."""
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_CHUNK = 2**20


def not_dicom(file: Path) -> str | None:
    """Why a file is not DICOM or must not be opened; None when it is fine."""
    try:
        with file.open("rb") as stream:
            start = stream.read(1024)
            if start[128:132] == b"DICM":
                return INFLATES if _DEFLATED in start and _bomb(stream, start) else None
    except OSError:
        return UNREADABLE
    if not start:
        return EMPTY
    # Without a preamble a data set begins with group 0002 or 0008 in little-endian order.
    bare = start[:2] in (b"\x02\x00", b"\x08\x00") and start[3:4] == b"\x00" and len(start) > 132
    return NO_PREAMBLE if bare else NOT_DICOM


def _bomb(stream: BinaryIO, start: bytes) -> bool:
    """Whether the deflated data set after the meta information is too large; holds 1 MiB at a time."""
    stream.seek(144 + int.from_bytes(start[140:144], "little"))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    waiting = stream.read(_CHUNK)
    try:
        while waiting and not inflater.eof and size <= LARGEST_INFLATED:
            size += len(inflater.decompress(waiting, _CHUNK))
            waiting = inflater.unconsumed_tail or stream.read(_CHUNK)
    except zlib.error:
        return False
    return size > LARGEST_INFLATED
