"""Uncompressed pixels, read from the file straight to where they belong."""

from __future__ import annotations

from io import SEEK_CUR
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from netlm_imaging.ingest.header import Header

_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_ITEM = b"\xfe\xff\x00\xe0"
_UNDEFINED = 0xFFFFFFFF
_IMPLICIT = "1.2.840.10008.1.2"


def native_frame(header: Header, *, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """The stored values [row, column] of a ``plain`` header, in ``out`` where that has their size.

    Raises OSError, and EOFError for a file that no longer holds the pixels that its header promised.
    """
    kind = np.dtype(f"<{'i' if header.signed else 'u'}{header.bits_allocated // 8}")
    shape = (header.rows, header.columns)
    if out is not None and out.dtype.itemsize == kind.itemsize and out.shape == shape:
        pixels = out.view(kind)
    else:
        pixels = np.empty(shape, dtype=kind)
    with header.path.open("rb", buffering=0) as stream:
        stream.seek(header.pixels_at)
        start = stream.read(12)
        # Implicit: tag, length of 4 bytes. Explicit: tag, kind, two empty bytes, length of 4 bytes.
        long = header.transfer_syntax != _IMPLICIT
        length = int.from_bytes(start[8:12] if long else start[4:8], "little")
        content = header.pixels_at + (12 if long else 8)
        good = start[:4] == _PIXEL_DATA and header.pixel_bytes <= length < _UNDEFINED
        if not good or _in_items(stream, content):
            raise EOFError
        stream.seek(content + (header.frame or 0) * header.frame_bytes)
        if stream.readinto(pixels.data) != pixels.nbytes:
            raise EOFError
    return pixels


def _in_items(stream: BinaryIO, content: int) -> bool:
    """Whether compressed pixels follow, under the wrong transfer syntax: an offset table and a fragment."""
    stream.seek(content)
    start = stream.read(8)
    stream.seek(int.from_bytes(start[4:8], "little"), SEEK_CUR)
    return start[:4] == stream.read(4) == _ITEM
