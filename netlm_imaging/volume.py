"""Arrays that know where they lie: Volume (intensities), Mask (yes or no), LabelMap (which one).

All three are frozen, their arrays are read-only, and they are checked once, when they are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import Box, FloatArray, Grid, canonical_axes, canonical_grid, grid_mismatch

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _OnGrid:
    """What the three have in common: an array [k, j, i] that fits its grid."""

    array: npt.NDArray[Any]
    grid: Grid

    def __post_init__(self) -> None:
        array = self._checked(np.asarray(self.array))
        if array.shape != self.grid.shape_kji:
            raise InputError(
                Fault(
                    code="BAD_SHAPE",
                    expected=f"an array of the grid's shape {self.grid.shape_kji}",
                    found=f"shape {array.shape}",
                )
            )
        view = array.view()
        view.flags.writeable = False
        object.__setattr__(self, "array", view)

    def _checked(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return array

    def crop(self, box: Box) -> Self:
        """The part inside ``box``, on the cropped grid (a view, no copy)."""
        return type(self)(self.array[box], self.grid.crop(box))

    def paste_into(self, grid: Grid) -> Self:
        """The same content on ``grid``, of which this one's grid is a crop; zero outside."""
        if grid.same_as(self.grid):
            return self
        whole = np.zeros(grid.shape_kji, dtype=self.array.dtype)
        whole[grid.box_of(self.grid)] = self.array
        return type(self)(whole, grid)

    def canonical(self) -> Self:
        """Axes reordered and reversed so that k, j, i grow to Superior, Posterior, Left; no resampling."""
        order, flip = canonical_axes(self.grid)
        step = tuple(slice(None, None, -1) if f else slice(None) for f in flip)
        return type(self)(self.array.transpose(order)[step], canonical_grid(self.grid))

    @classmethod
    def from_canonical(cls, array: npt.NDArray[Any], grid: Grid) -> Self:
        """The item on ``grid`` whose ``canonical`` array is ``array``: turned back, no resampling."""
        order, flip = canonical_axes(grid)
        step = tuple(slice(None, None, -1) if f else slice(None) for f in flip)
        return cls(array[step].transpose(np.argsort(order)), grid)


@dataclass(frozen=True, slots=True, eq=False)
class Volume(_OnGrid):
    """Intensities: HU, SUV (g/mL), Bq/mL or arbitrary MR units. Integers or floats, finite."""

    def _checked(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if array.dtype.kind not in "iuf":
            raise InputError(Fault(code="BAD_VALUES", expected="integers or floats", found=str(array.dtype)))
        # The sum is finite exactly when all values are (no overflow in float64): one pass, no copy.
        if array.dtype.kind == "f" and not np.isfinite(array.sum(dtype=np.float64)):
            raise InputError(Fault(code="BAD_VALUES", expected="finite values", found="NaN or infinity"))
        return array


@dataclass(frozen=True, slots=True, eq=False)
class Mask(_OnGrid):
    """A region: True inside."""

    def _checked(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if array.dtype != np.bool_:
            raise InputError(Fault(code="BAD_VALUES", expected="a boolean mask", found=str(array.dtype)))
        return array

    @property
    def voxels(self) -> int:
        """Number of voxels inside."""
        return int(np.count_nonzero(self.array))

    @property
    def volume_ml(self) -> float:
        """Volume in mL: voxels times voxel volume."""
        return self.voxels * self.grid.voxel_ml

    @property
    def middle_lps_mm(self) -> FloatArray:
        """The mean of the voxel centers, LPS mm, of a mask that is not empty."""
        plane = self.array.sum(axis=0)  # places of all voxels would take far more memory than the mask
        along_kji = (self.array.sum(axis=(1, 2)), plane.sum(axis=1), plane.sum(axis=0))
        return self.grid.to_patient([np.average(np.arange(len(n)), weights=n) for n in along_kji])

    def bounding_box(self, margin_mm: float = 0.0) -> Box:
        """The smallest box around the mask, grown by ``margin_mm`` and clipped to the grid.

        Raises InputError (EMPTY_MASK) for an empty mask.
        """
        return bounding_box(self.array, self.grid, margin_mm=margin_mm)


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap(_OnGrid):
    """Several regions in one array: 0 is background, each positive value is one region."""

    def _checked(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if array.dtype.kind not in "iu" or (array.dtype.kind == "i" and array.min(initial=0) < 0):
            raise InputError(Fault(code="BAD_VALUES", expected="labels from 0 up", found=str(array.dtype)))
        return array

    @property
    def labels(self) -> tuple[int, ...]:
        """The positive values that occur, ascending."""
        highest = int(self.array.max(initial=0))
        if highest >= 2**16:
            return tuple(int(v) for v in np.unique(self.array) if v > 0)
        voxels = np.zeros(highest + 1, dtype=np.intp)  # counted, since ``unique`` takes three times as long
        for plane in self.array:
            voxels += np.bincount(plane.ravel(), minlength=highest + 1)
        return tuple((np.flatnonzero(voxels[1:]) + 1).tolist())

    def mask(self, *labels: int) -> Mask:
        """The region of one or several labels."""
        if len(labels) == 1:
            return Mask(self.array == labels[0], self.grid)
        return Mask(np.isin(self.array, labels), self.grid)

    @property
    def any(self) -> Mask:
        """The union of all regions."""
        return Mask(self.array > 0, self.grid)


def bounding_box(array: npt.NDArray[Any], grid: Grid, *, margin_mm: float = 0.0) -> Box:
    """The smallest box around the nonzero voxels of ``array`` [k, j, i], grown by ``margin_mm``."""
    box: list[slice] = []
    for axis, (n, step) in enumerate(zip(grid.shape_kji, grid.spacing_kji_mm, strict=True)):
        others = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(array.any(axis=others))
        if hit.size == 0:
            raise InputError(Fault(code="EMPTY_MASK", expected="at least one voxel", found="an empty mask"))
        grow = int(np.ceil(margin_mm / step))
        box.append(slice(max(0, int(hit[0]) - grow), min(n, int(hit[-1]) + grow + 1)))
    return (box[0], box[1], box[2])


def require_on(grid: Grid, items: Iterable[_OnGrid | None], *, what: str = "one grid") -> None:
    """Raise GridMismatch unless every given object lies on ``grid``."""
    for item in items:
        if item is not None and not grid.same_as(item.grid):
            raise grid_mismatch(grid, item.grid, what=what)
