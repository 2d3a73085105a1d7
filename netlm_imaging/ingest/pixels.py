"""Stored values of DICOM images: decoded, unused bits masked, rescaled slice by slice."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.ingest.decoding import decode_frames
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.native import BadPixels, native_frame

_INT16 = np.iinfo(np.int16)
_INT32 = np.iinfo(np.int32)
_THREADS = 2
_SMALL = 2**23
"""Bytes below which a second thread costs more than it gives."""
Put = Callable[[int, npt.NDArray[Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescale:
    """Stored value times ``slope`` plus ``intercept``, times ``factor`` (1, or SUV per Bq/mL)."""

    slope: float
    intercept: float
    factor: float = 1.0

    @property
    def whole(self) -> bool:
        """Integers stay integers."""
        return self.factor == 1.0 and self.slope.is_integer() and self.intercept.is_integer()


def stored_values(header: Header) -> npt.NDArray[np.generic]:
    """The stored values [row, column] of one image or frame. Raises what ``each_stored`` raises."""
    found: dict[int, npt.NDArray[Any]] = {}
    each_stored([header], found.__setitem__)
    return found[0]


def each_stored(headers: Sequence[Header], put: Put, *, into: npt.NDArray[Any] | None = None) -> None:
    """Hand the stored values [row, column] of each image to ``put`` with its place in ``headers``.

    ``put`` is called from several threads, for different places. Native pixels of the size of ``into``
    [k, j, i] are read straight into it, and ``put`` gets a view of that.
    Raises InputError (PIXELS_UNREADABLE) for pixels that are short, damaged or in an unknown transfer
    syntax, (PIXELS_CHANGED) when they do not fit the header that was scanned.
    """
    failed: dict[int, str] = {}
    compressed = [n for n, h in enumerate(headers) if not h.plain]

    def read(places: Sequence[int]) -> None:
        for n in places:
            try:
                pixels = native_frame(headers[n], out=None if into is None else into[n])
            except OSError as error:
                failed[n] = type(error).__name__
            except BadPixels as error:
                failed[n] = str(error)
            else:
                put(n, mask_unused_bits(pixels, headers[n]))

    def decoded(n: int, pixels: npt.NDArray[Any]) -> None:
        header = headers[compressed[n]]
        if pixels.shape != (header.rows, header.columns):
            failed[compressed[n]] = f"{' x '.join(map(str, pixels.shape))} pixels"
        else:
            put(compressed[n], mask_unused_bits(pixels, header))

    _in_threads(read, [n for n, h in enumerate(headers) if h.plain], headers)
    if compressed:
        asked = [(headers[n].path, headers[n].frame, headers[n].frame_bytes) for n in compressed]
        failed |= {compressed[n]: why for n, why in decode_frames(asked, decoded).items()}
    if failed:
        raise InputError(*_unreadable(headers, failed))


def _in_threads(work: Callable[[Sequence[int]], None], places: list[int], headers: Sequence[Header]) -> None:
    if sum(headers[n].frame_bytes for n in places) < _SMALL:
        work(places)
        return
    middle = len(places) // _THREADS
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, (places[:middle], places[middle:])))


def _unreadable(headers: Sequence[Header], failed: dict[int, str]) -> list[Fault]:
    """One fault a reason."""
    reasons: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, why in sorted(failed.items()):
        reasons[why, headers[n].transfer_syntax].append(n)
    faults = []
    for (why, syntax), places in reasons.items():
        first = headers[places[0]]
        changed = why.endswith("pixels")
        faults.append(
            Fault(
                code="PIXELS_CHANGED" if changed else "PIXELS_UNREADABLE",
                expected=f"{first.rows} x {first.columns} pixels" if changed else "readable pixel data",
                found=f"{why} (transfer syntax {syntax})"
                + (f" in {len(places)} of {len(headers)} images, first this one" if len(places) > 1 else ""),
                where=first.where,
                remedy="Export the series again",
            )
        )
    return faults


def mask_unused_bits(pixels: npt.NDArray[Any], header: Header) -> npt.NDArray[Any]:
    """Bits outside BitsStored hold overlays or rubbish in old files; they never count. In place."""
    container = pixels.dtype.itemsize * 8
    above, below = container - 1 - header.high_bit, header.high_bit + 1 - header.bits_stored
    if pixels.dtype.kind not in "iu" or above < 0 or below < 0 or above + below == 0:
        return pixels
    # Shifting up and down again drops the high bits and extends the sign of signed values.
    kind = np.dtype(f"{'i' if header.signed else 'u'}{pixels.dtype.itemsize}")
    pixels = pixels.view(kind)
    np.left_shift(pixels, above, out=pixels)
    np.right_shift(pixels, above + below, out=pixels)
    return pixels


def rescaled_stack(headers: Sequence[Header], rescales: Sequence[Rescale]) -> npt.NDArray[Any]:
    """The volume [k, j, i] of ``headers`` in order: int16 or int32 when exact, else float32.

    One allocation of the final size; native pixels of that size are read straight into it.
    """
    shape = (len(headers), headers[0].rows, headers[0].columns)
    volume = np.empty(shape, dtype=_exact_type(headers, rescales))

    def put_whole(k: int, stored: npt.NDArray[Any]) -> None:
        # Whatever overflows on the way wraps back: the result is known to fit.
        plane, rescale = volume[k], rescales[k]
        if not np.may_share_memory(plane, stored):
            np.copyto(plane, stored, casting="unsafe")
        if rescale.slope != 1:
            np.multiply(plane, _wrapped(rescale.slope, volume.dtype), out=plane)
        if rescale.intercept != 0:
            np.add(plane, _wrapped(rescale.intercept, volume.dtype), out=plane)

    def put_scaled(k: int, stored: npt.NDArray[Any]) -> None:
        rescale = rescales[k]
        volume[k] = (stored.astype(np.float64) * rescale.slope + rescale.intercept) * rescale.factor

    whole = volume.dtype.kind == "i"
    each_stored(headers, put_whole if whole else put_scaled, into=volume if whole else None)
    if volume.dtype == np.int32 and volume.min() >= _INT16.min and volume.max() <= _INT16.max:
        return volume.astype(np.int16)
    return volume


def _wrapped(value: float, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """An integer modulo the size of ``kind``."""
    return np.array(int(value) & 0xFFFF_FFFF, dtype=np.uint32).astype(kind)


def _exact_type(headers: Sequence[Header], rescales: Sequence[Rescale]) -> npt.DTypeLike:
    if not all(rescale.whole for rescale in rescales):
        return np.float32
    low, high = 0.0, 0.0
    for header, rescale in zip(headers, rescales, strict=True):
        bits = header.bits_stored
        ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if header.signed else (0, 2**bits - 1)
        reached = [end * rescale.slope + rescale.intercept for end in ends]
        low, high = min(low, *reached), max(high, *reached)
    if low >= _INT16.min and high <= _INT16.max:
        return np.int16
    return np.int32 if low >= _INT32.min and high <= _INT32.max else np.float32


def pixel_digest(header: Header) -> str:
    """SHA-256 of the stored values: two files hold the same image when it is equal."""
    stored = np.ascontiguousarray(stored_values(header))
    return hashlib.sha256(stored.astype(np.int64).tobytes()).hexdigest()
