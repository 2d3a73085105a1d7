"""JPEG lossless, first-order prediction (ITU-T T.81, annex H): the process that scanners write most."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

_CODE_BITS = 5
"""All 17 categories of differences get codes of equal length."""


def encode(plane: npt.NDArray[np.generic], *, bits: int) -> bytes:
    """Unsigned values [row, column] of ``bits`` bits as one JPEG stream (SOF3, predictor 1)."""
    rows, columns = plane.shape
    start = b"\xff\xd8"
    frame = struct.pack(">HHBHHB3B", 0xFFC3, 11, bits, rows, columns, 1, 1, 0x11, 0)
    counts = [0] * 16
    counts[_CODE_BITS - 1] = 17
    table = struct.pack(">HHB", 0xFFC4, 2 + 1 + 16 + 17, 0) + bytes(counts) + bytes(range(17))
    scan = struct.pack(">HHB2B3B", 0xFFDA, 8, 1, 1, 0, 1, 0, 0)
    return start + frame + table + scan + _entropy_coded(_differences(plane, bits)) + b"\xff\xd9"


def _differences(plane: npt.NDArray[np.generic], bits: int) -> npt.NDArray[np.int64]:
    """Value minus its left neighbor; in the first column minus the one above; modulo 2^16."""
    values = plane.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 2 ** (bits - 1)
    # T.81 H.1.2.1: 32768 stays as it is, in a category without further bits.
    return (values - predicted + 32_767) % 65_536 - 32_767


def _entropy_coded(differences: npt.NDArray[np.int64]) -> bytes:
    words = []
    for difference in differences.ravel().tolist():
        size = abs(difference).bit_length()
        words.append(f"{size:0{_CODE_BITS}b}")
        if 0 < size < 16:
            rest = difference if difference > 0 else difference + 2**size - 1
            words.append(f"{rest:0{size}b}")
    text = "".join(words)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
