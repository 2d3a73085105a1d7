"""Whether a file is DICOM that may be opened, by its first bytes."""

from __future__ import annotations

import io
import warnings
import zlib
from pathlib import Path

from pydicom.filereader import read_partial

NO_PREAMBLE = "DICOM without a preamble (read with --force)"
NOT_DICOM = "not DICOM"
EMPTY = "empty file"
PACKED = {
    "tar": "tar archive, not opened",
    "gzip": "gzip-compressed file, not opened",
    "bzip2": "bzip2-compressed file, not opened",
    "xz": "xz-compressed file, not opened",
    "7z": "7z archive, not opened",
    "rar": "rar archive, not opened",
}
"""By what packed it; zip archives alone are opened."""
UNREADABLE = "unreadable"
INFLATES = "inflates to more than 512 MiB"
LARGEST_INFLATED = 512 * 2**20
"""Bytes: a few MB of deflated zeros can stand for many GB."""
_CHUNK = 2**20
_META = b"\x02\x00"
_SHORT, _LONG = (b"UI", b"UL", b"SH", b"AE"), b"OB"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_MAGIC = {
    "tar": (257, b"ustar"),
    "gzip": (0, b"\x1f\x8b"),
    "bzip2": (0, b"BZh"),
    "xz": (0, b"\xfd7zXZ\0"),
    "7z": (0, b"7z\xbc\xaf\x27\x1c"),
    "rar": (0, b"Rar!\x1a\x07"),
}
"""Where in a file, and what stands there."""


def not_dicom(file: Path) -> str | None:
    """Why a file is not DICOM or must not be opened; None when it is fine."""
    try:
        with file.open("rb") as stream:
            start = stream.read(1024)
        whole = start[128:132] == b"DICM"
        deflated = (whole or start[:2] == _META) and not _surely_plain(start[132 if whole else 0 :])
        if deflated and _bomb(file):
            return INFLATES
    except OSError:
        return UNREADABLE
    if whole:
        return None
    if not start:
        return EMPTY
    # Without a preamble a data set begins with group 0002 or 0008 in little-endian order.
    bare = start[:2] in (b"\x02\x00", b"\x08\x00") and start[3:4] == b"\x00" and len(start) > 132
    return NO_PREAMBLE if bare else _packed(start) or NOT_DICOM


def _packed(start: bytes) -> str | None:
    found = (PACKED[kind] for kind, (at, magic) in _MAGIC.items() if start[at : at + len(magic)] == magic)
    return next(found, None)


def _surely_plain(meta: bytes) -> bool:
    """Whether meta information as most files have it ends within ``meta`` and names no deflated data set.

    For speed alone: anything unusual is left to the reader itself.
    """
    at = 0
    while meta[at : at + 2] == _META:
        kind, wide = meta[at + 4 : at + 6], meta[at + 4 : at + 6] == _LONG
        if not (wide or kind in _SHORT):
            return False
        length = meta[at + 8 : at + 12] if wide else meta[at + 6 : at + 8]
        at += (12 if wide else 8) + int.from_bytes(length, "little")
    return 0 < at <= len(meta) - 2 and _DEFLATED not in meta[:at]


class _Deflated(Exception):
    """The reader is about to inflate the rest of a file."""


class _Stream(io.BufferedReader):
    """A file that tells when its whole rest is asked for: pydicom does so for deflated data sets alone."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise _Deflated
        return super().read(size)


def _bomb(file: Path) -> bool:
    """Whether the file holds a deflated data set that is too large; holds 1 MiB at a time.

    What is deflated, and where it begins, the reader itself says: another way to find out could be led
    to see another file than it does.
    """
    with _Stream(io.FileIO(file)) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read_partial(stream, stop_when=lambda tag, vr, length: True, force=True)
        except _Deflated:
            return _too_large(stream)
        except OSError:
            raise
        except Exception:  # damaged files raise whatever the damage leads to, and will again
            return False
    return False


def _too_large(stream: io.BufferedReader) -> bool:
    """Whether what follows inflates to more than the limit."""
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
