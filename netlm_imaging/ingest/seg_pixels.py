"""Frames of a DICOM SEG, few at a time: bit-packed, bytes or words, plain or compressed."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.decoding import decode_frames
from netlm_imaging.ingest.header import quiet
from netlm_imaging.ingest.stack import LARGEST_SIDE

_LITTLE_ENDIAN = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"})
"""Not compressed frame by frame; a deflated data set is inflated when it is read."""
_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_AT_ONCE = 16
"""Compressed frames in memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegPixels:
    """Frames of one size in the pixel data of a SEG."""

    path: Path
    data: bytes
    syntax: str
    frames: int
    rows: int
    columns: int
    bits: int
    """Allocated for a pixel: 1, 8 or 16."""

    def read(self, wanted: Collection[int]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """(number, stored values [row, column]) of the frames wanted, ascending.

        Raises InputError (PIXELS_UNREADABLE).
        """
        numbers = sorted(wanted)
        if self.syntax in _LITTLE_ENDIAN:
            yield from ((n, self._plain(self.data, n)) for n in numbers)
        elif self.syntax == _DEFLATED_FRAMES:
            yield from self._inflated(set(numbers))
        else:
            for start in range(0, len(numbers), _AT_ONCE):
                yield from self._decoded(numbers[start : start + _AT_ONCE])

    def _plain(self, data: bytes, n: int) -> npt.NDArray[Any]:
        size = self.rows * self.columns
        if self.bits == 1:
            # Frames follow each other bit by bit, the lowest bit of a byte first.
            start = n * size
            packed = np.frombuffer(data, np.uint8, -(-(start + size) // 8) - start // 8, start // 8)
            pixels = np.unpackbits(packed, bitorder="little")[start % 8 : start % 8 + size]
        else:
            pixels = np.frombuffer(data, f"<u{self.bits // 8}", size, n * size * self.bits // 8)
        return pixels.reshape(self.rows, self.columns)

    def _inflated(self, wanted: set[int]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        needed = -(-self.rows * self.columns * self.bits // 8)
        found = 0
        try:
            with quiet():
                for n, frame in enumerate(generate_frames(self.data, number_of_frames=self.frames)):
                    if n in wanted:
                        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, needed)
                        yield n, self._plain(content, 0)
                        found += 1
        except (zlib.error, ValueError, EOFError) as error:
            raise self._unreadable(type(error).__name__) from None
        if found < len(wanted):
            raise self._unreadable(f"{found} of {len(wanted)} frames")

    def _decoded(self, numbers: Sequence[int]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        pixels: dict[int, npt.NDArray[Any]] = {}
        size = self.rows * self.columns * max(self.bits // 8, 1)
        asked = [(self.path, n if self.frames > 1 else None, size) for n in numbers]
        failed = decode_frames(asked, pixels.__setitem__)
        if failed:
            raise self._unreadable(min(failed.items())[1])
        for place, n in enumerate(numbers):
            if pixels[place].shape != (self.rows, self.columns) or pixels[place].dtype.kind != "u":
                raise self._unreadable("frames of another size or kind")
            yield n, pixels[place]

    def _unreadable(self, why: str) -> InputError:
        found = f"{why} (transfer syntax {self.syntax[:64]})"
        return InputError(Fault(code="PIXELS_UNREADABLE", expected="readable frames", found=found))


def seg_pixels(dataset: Dataset, path: Path, *, frames: int) -> SegPixels:
    """The pixel data, not decoded. Raises InputError with all faults: BAD_SIZE, BAD_BITS, TRUNCATED_FILE."""
    rows, columns = v.integer(dataset, "Rows") or 0, v.integer(dataset, "Columns") or 0
    bits, samples = v.integer(dataset, "BitsAllocated") or 0, v.integer(dataset, "SamplesPerPixel") or 1
    data, syntax = v.raw(dataset, "PixelData"), v.text(dataset.file_meta, "TransferSyntaxUID")
    faults = []
    if not 1 <= min(rows, columns) <= max(rows, columns) <= LARGEST_SIDE:
        faults.append(Fault(code="BAD_SIZE", expected="a size of a scan", found=f"{rows} x {columns}"))
    if bits not in (1, 8, 16) or samples != 1:
        found = f"{bits} bits, {samples} samples a pixel"
        faults.append(Fault(code="BAD_BITS", expected="1, 8 or 16 bits and one sample a pixel", found=found))
    size = len(data) if isinstance(data, bytes) else 0
    needed = -(-rows * columns * frames * bits // 8) if syntax in _LITTLE_ENDIAN else 1
    if size < needed and not faults:
        found = f"{size} bytes for {frames} frames of {rows} x {columns}"
        faults.append(Fault(code="TRUNCATED_FILE", expected="a file as long as its pixels need", found=found))
    if faults:
        raise InputError(*faults)
    return SegPixels(
        path=path, data=data, syntax=syntax, frames=frames, rows=rows, columns=columns, bits=bits
    )
