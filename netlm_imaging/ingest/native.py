"""Uncompressed pixels, read from the file straight to where they belong."""

from __future__ import annotations

from io import SEEK_CUR
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from netlm_imaging.ingest.header import IMPLICIT, Header

_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_ITEM = b"\xfe\xff\x00\xe0"
_UNDEFINED = 0xFFFFFFFF
_PADDING_BYTES = 64
"""More than so many bytes too many are no padding: rows or columns are not what the header says."""


class BadPixels(Exception):
    """Why the pixels of a file cannot be what its header says, in words without anything of the file."""


def native_frame(header: Header, *, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """The stored values [row, column] of a ``plain`` header, in ``out`` where that has their size.

    Raises OSError, and BadPixels for a file whose pixels are not what its header says.
    """
    kind = np.dtype(f"<{'i' if header.signed else 'u'}{header.bits_allocated // 8}")
    shape = (header.rows, header.columns)
    if out is not None and out.dtype.itemsize == kind.itemsize and out.shape == shape:
        pixels = out.view(kind)
    else:
        pixels = np.empty(shape, dtype=kind)
    with header.path.open("rb", buffering=0) as stream:
        stream.seek(_content(stream, header) + (header.frame or 0) * header.frame_bytes)
        if stream.readinto(pixels.data) != pixels.nbytes:
            raise BadPixels("a file that ends too early")
    return pixels


def _content(stream: BinaryIO, header: Header) -> int:
    """Where the pixels begin."""
    stream.seek(header.pixels_at)
    start = stream.read(12)
    # Implicit: tag, length of 4 bytes. Explicit: tag, kind, two empty bytes, length of 4 bytes.
    long = header.transfer_syntax != IMPLICIT
    length = int.from_bytes(start[8:12] if long else start[4:8], "little")
    if start[:4] != _PIXEL_DATA or (long and start[4:8] not in (b"OW\0\0", b"OB\0\0", b"UN\0\0")):
        raise BadPixels("no pixel data where they should be")
    if length == _UNDEFINED:
        raise BadPixels("compressed pixels under an uncompressed transfer syntax")
    if not header.pixel_bytes <= length <= header.pixel_bytes + _PADDING_BYTES:
        raise BadPixels(f"{length} bytes of pixels, not {header.pixel_bytes}")
    content = header.pixels_at + (12 if long else 8)
    if _in_items(stream, content):
        raise BadPixels("compressed pixels under an uncompressed transfer syntax")
    return content


def _in_items(stream: BinaryIO, content: int) -> bool:
    """Whether an offset table and a fragment follow instead of pixels."""
    stream.seek(content)
    start = stream.read(8)
    stream.seek(int.from_bytes(start[4:8], "little"), SEEK_CUR)
    return start[:4] == stream.read(4) == _ITEM
