"""What NIfTI and NRRD share: voxels on a grid, read without trusting the sizes that a header claims."""

from __future__ import annotations

import bz2
import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid

LARGEST_VOLUME = 2**31
"""Voxels; larger sizes are damaged headers."""
LARGEST_BYTES = 2**32
LARGEST_BZIP2 = 512 * 2**20
"""A few hundred bytes can stand for it."""
MOST_DENSE = 1032
"""Bytes that one byte of deflate can stand for at most (RFC 1951)."""
_CHUNK = 4 * 2**20
Packing = Literal["none", "gzip", "bzip2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Voxels [k, j, i] of a file; ``scaled`` when a slope or intercept was used."""

    array: npt.NDArray[Any]
    grid: Grid
    scaled: bool = False
    notices: tuple[Notice, ...] = ()
    method: str = ""
    """How it was made, where this project wrote the file: one of SEGMENT_METHODS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """What the header of a file says; ``grid`` is None exactly when there are faults."""

    grid: Grid | None
    faults: tuple[Fault, ...] = ()
    notices: tuple[Notice, ...] = ()
    header: Any = None


def open_regular(path: Path) -> IO[bytes]:
    """A file for reading; never a pipe or a device, which would not end. Raises OSError."""
    if path.exists() and not path.is_file():
        raise OSError("no regular file")
    return path.open("rb")


def unpacked(stream: IO[bytes], packing: Packing) -> IO[bytes]:
    """``stream`` after decompression, piece by piece."""
    if packing == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream, mode="rb"))
    return cast(IO[bytes], bz2.BZ2File(stream)) if packing == "bzip2" else stream


def size_faults(voxels: float, itemsize: int, available: int, packing: Packing) -> list[Fault]:
    """Whether a volume is too large, or cannot be in the ``available`` bytes; before any memory is taken."""
    size = voxels * itemsize
    largest = LARGEST_BZIP2 if packing == "bzip2" else LARGEST_BYTES
    if voxels > LARGEST_VOLUME or size > largest:
        expected, found = f"a volume of at most {largest / 2**30:g} GiB", f"{size / 2**30:.3g} GiB"
        return [Fault(code="TOO_LARGE", expected=expected, found=found)]
    if packing != "bzip2" and size > available * (MOST_DENSE if packing == "gzip" else 1):
        return [_truncated(size)]
    return []


def read_voxels(
    path: Path,
    kind: np.dtype[Any],
    shape_kji: tuple[int, int, int],
    *,
    packing: Packing,
    starts: int = 0,
    skip: int = 0,
) -> npt.NDArray[Any]:
    """Voxels that begin ``starts`` bytes into the file and ``skip`` bytes into what is unpacked from there.

    No more is inflated than they need; what comes after them does not matter.
    Raises InputError: TRUNCATED_FILE, TOO_LARGE.
    """
    size = int(np.prod(shape_kji, dtype=np.int64)) * kind.itemsize
    try:
        content = np.empty(size, dtype=np.uint8)
        with open_regular(path) as stream:
            stream.seek(starts)
            filled = _fill(content, unpacked(stream, packing), skip)
    except MemoryError:
        expected, found = "a volume that fits into the memory", f"{size / 2**30:.3g} GiB"
        raise InputError(Fault(code="TOO_LARGE", expected=expected, found=found, where=path.name)) from None
    except (OSError, EOFError, ValueError, zlib.error):
        filled = -1
    if filled != size:
        raise InputError(_truncated(size, path.name))
    array = content.view(kind).reshape(shape_kji)
    return array.astype(kind.newbyteorder("="), copy=False)


def _fill(content: npt.NDArray[np.uint8], stream: IO[bytes], skip: int) -> int:
    """Bytes read into ``content``."""
    stream.seek(skip, os.SEEK_CUR)
    filled = 0
    while filled < content.size:
        count = stream.readinto(content[filled : filled + _CHUNK].data)  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    stream.read(1)  # a packed stream compares its checksum at its end
    return filled


def _truncated(size: float, where: str = "") -> Fault:
    return Fault(
        code="TRUNCATED_FILE",
        expected=f"{size:.0f} bytes of voxels, as the header says",
        found="a file that ends before them or is damaged",
        where=where,
        remedy="Copy or export the file again",
    )
