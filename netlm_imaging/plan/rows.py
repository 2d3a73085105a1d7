"""Rows of a linear program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray


@dataclass(frozen=True, slots=True)
class Row:
    """``sum of value * column <= upper``."""

    entries: Mapping[int, float]
    upper: float

    @property
    def columns(self) -> npt.NDArray[np.int32]:
        """The columns that it names."""
        return np.fromiter(self.entries, dtype=np.int32, count=len(self.entries))

    @property
    def values(self) -> FloatArray:
        """The value of each of them."""
        return np.fromiter(self.entries.values(), dtype=np.float64, count=len(self.entries))
