"""Stored values of DICOM images: decoded, unused bits masked, rescaled slice by slice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.pixels.utils import pixel_array

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.ingest.header import Header, quiet, read_dataset

_INT16 = np.iinfo(np.int16)
_INT32 = np.iinfo(np.int32)


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
    """The stored values [row, column] of a single-frame image.

    Raises InputError (PIXELS_UNREADABLE) for pixels that are short, damaged or in an unknown
    transfer syntax, (PIXELS_CHANGED) when they do not fit the header that was scanned.
    """
    try:
        dataset = read_dataset(header.path, pixels=True)
        plugin = "" if header.native else "pylibjpeg"
        with quiet():
            pixels = pixel_array(dataset, raw=True, decoding_plugin=plugin)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pylibjpeg's Rust codecs panic with a BaseException
        raise InputError(_unreadable(header, error)) from None
    if pixels.shape != (header.rows, header.columns):
        raise InputError(
            Fault(
                code="PIXELS_CHANGED",
                expected=f"{header.rows} x {header.columns} pixels",
                found=" x ".join(str(n) for n in pixels.shape),
                where=header.where,
            )
        )
    return mask_unused_bits(pixels, header)


def _unreadable(header: Header, error: BaseException) -> Fault:
    return Fault(
        code="PIXELS_UNREADABLE",
        expected="readable pixel data",
        found=f"{type(error).__name__} (transfer syntax {header.transfer_syntax})",
        where=header.where,
        remedy="Export the series again",
    )


def mask_unused_bits(pixels: npt.NDArray[Any], header: Header) -> npt.NDArray[np.generic]:
    """Bits outside BitsStored hold overlays or rubbish in old files; they never count."""
    container = pixels.dtype.itemsize * 8
    above, below = container - 1 - header.high_bit, header.high_bit + 1 - header.bits_stored
    if pixels.dtype.kind not in "iu" or above < 0 or below < 0 or above + below == 0:
        return pixels
    # Shifting up and down again drops the high bits and extends the sign of signed values.
    kind = np.dtype(f"{'i' if header.signed else 'u'}{pixels.dtype.itemsize}")
    return (pixels.view(kind) << above) >> (above + below)


def rescaled_stack(headers: Sequence[Header], rescales: Sequence[Rescale]) -> npt.NDArray[Any]:
    """The volume [k, j, i] of ``headers`` in order: int16 or int32 when exact, else float32.

    One allocation of the final size; one slice at a time is held beside it.
    """
    shape = (len(headers), headers[0].rows, headers[0].columns)
    volume = np.empty(shape, dtype=_exact_type(headers, rescales))
    for k, (header, rescale) in enumerate(zip(headers, rescales, strict=True)):
        stored = stored_values(header)
        if volume.dtype.kind == "i":
            volume[k] = stored.astype(np.int64) * int(rescale.slope) + int(rescale.intercept)
        else:
            volume[k] = (stored.astype(np.float64) * rescale.slope + rescale.intercept) * rescale.factor
    if volume.dtype == np.int32 and volume.min() >= _INT16.min and volume.max() <= _INT16.max:
        return volume.astype(np.int16)
    return volume


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
