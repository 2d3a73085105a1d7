"""Rows of a linear program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray

BROKEN = 1e-6
"""Values that exceed a row by no more than this keep it."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Many rows, to be asked together."""

    terms: sparse.csr_array
    upper: FloatArray

    @classmethod
    def of(cls, rows: Iterable[Row], *, width: int) -> Rows:
        """``rows`` of ``width`` columns."""
        each = list(rows)
        starts = np.cumsum([0, *(len(row.entries) for row in each)])
        columns = np.concatenate([*(row.columns for row in each), np.empty(0, dtype=np.int32)])
        values = np.concatenate([*(row.values for row in each), np.empty(0)])
        terms = sparse.csr_array((values, columns, starts), shape=(len(each), width))
        return cls(terms, np.array([row.upper for row in each], dtype=np.float64))

    def broken(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Which rows ``values`` of the columns break."""
        return np.asarray(self.terms @ values > self.upper + BROKEN)
