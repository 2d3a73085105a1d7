"""Where voxels lie in the patient: the only home of LPS/RAS and of xyz/kji order.

Arrays are indexed ``[k, j, i]`` (slice, row, column). Patient coordinates are DICOM's LPS in
millimetres (x to the Left, y to the Posterior, z to the Superior), always in x, y, z order.
Nothing outside this module flips a sign or reverses an axis order between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, GridMismatch, InputError

FloatArray = npt.NDArray[np.float64]
Box = tuple[slice, slice, slice]
"""A block of voxels: slices with explicit start and stop along k, j, i."""

GRID_TOLERANCE_MM = 1e-3
"""Two grids are the same when no voxel of one lies further than this from its twin in the other."""
ORTHONORMAL_TOLERANCE = 1e-3

_RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
LETTER_SHARE = 0.25
"""The sine of 14.5 degrees: a scan tilted less than that is not called oblique (ours)."""
_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A right- or left-handed lattice of voxel centers; holds no voxels.

    Raises InputError (BAD_GRID) for non-positive or non-finite values and for axes that are not
    orthonormal within 1e-3.
    """

    shape_kji: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    """Distance between voxel centers along i, j, k."""
    origin_mm: tuple[float, float, float]
    """LPS position of the center of voxel [0, 0, 0]."""
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    """3 x 3, row-major; its columns are the unit vectors of the i, j and k axes in LPS (as in ITK)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape_kji", tuple(int(n) for n in self.shape_kji))
        for name in ("spacing_mm", "origin_mm", "direction"):
            object.__setattr__(self, name, tuple(float(v) for v in getattr(self, name)))
        faults = tuple(self._faults())
        if faults:
            raise InputError(*faults)

    def _faults(self) -> list[Fault]:
        faults: list[Fault] = []

        def fault(expected: str, found: object) -> None:
            faults.append(Fault(code="BAD_GRID", expected=expected, found=str(found)))

        if len(self.shape_kji) != 3 or min(self.shape_kji) < 1:
            fault("three positive dimensions", self.shape_kji)
        if len(self.spacing_mm) != 3 or not all(0 < s < 1e4 for s in self.spacing_mm):
            fault("three positive finite spacings in mm", self.spacing_mm)
        if len(self.origin_mm) != 3 or not all(abs(o) < 1e6 for o in self.origin_mm):
            fault("a finite origin within 1e6 mm", self.origin_mm)
        if len(self.direction) != 9 or not np.isfinite(self.direction).all():
            fault("nine finite direction cosines", self.direction)
            return faults
        axes = np.reshape(self.direction, (3, 3))
        off = float(np.abs(axes.T @ axes - np.eye(3)).max())
        if off > ORTHONORMAL_TOLERANCE:
            fault(f"orthonormal axes (within {ORTHONORMAL_TOLERANCE})", f"axes off by {off:.4g}")
        return faults

    @classmethod
    def from_affine_lps(cls, affine: npt.ArrayLike, shape_kji: Sequence[int]) -> Grid:
        """The grid whose voxel (i, j, k) lies at ``affine @ (i, j, k, 1)`` in LPS mm.

        Raises InputError (BAD_GRID) for a singular or sheared affine.
        """
        matrix = np.asarray(affine, dtype=np.float64)
        columns = matrix[:3, :3]
        spacing = np.linalg.norm(columns, axis=0)
        if not np.isfinite(matrix).all() or not (spacing > 0).all():
            raise InputError(
                Fault(code="BAD_GRID", expected="a finite, regular affine", found="a singular one")
            )
        k, j, i = (int(n) for n in shape_kji)
        return cls(
            shape_kji=(k, j, i),
            spacing_mm=_triple(spacing),
            origin_mm=_triple(matrix[:3, 3]),
            direction=tuple(float(v) for v in (columns / spacing).ravel()),
        )

    @classmethod
    def from_affine_ras(cls, affine: npt.ArrayLike, shape_kji: Sequence[int]) -> Grid:
        """As from_affine_lps, from NIfTI's RAS world."""
        return cls.from_affine_lps(_RAS_FROM_LPS @ np.asarray(affine, dtype=np.float64), shape_kji)

    @property
    def axes(self) -> FloatArray:
        """3 x 3; columns are the unit vectors of i, j, k in LPS."""
        return np.reshape(np.asarray(self.direction), (3, 3))

    @property
    def affine_lps(self) -> FloatArray:
        """4 x 4: (i, j, k, 1) to LPS mm."""
        affine = np.eye(4)
        affine[:3, :3] = self.axes * np.asarray(self.spacing_mm)
        affine[:3, 3] = self.origin_mm
        return affine

    @property
    def affine_ras(self) -> FloatArray:
        """4 x 4: (i, j, k, 1) to RAS mm, as NIfTI stores it."""
        return np.asarray(_RAS_FROM_LPS @ self.affine_lps)

    @property
    def spacing_kji_mm(self) -> tuple[float, float, float]:
        """Spacing in array order, as distance transforms want it."""
        x, y, z = self.spacing_mm
        return (z, y, x)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in mL."""
        x, y, z = self.spacing_mm
        return x * y * z / 1000.0

    @property
    def size(self) -> int:
        """Number of voxels."""
        k, j, i = self.shape_kji
        return k * j * i

    @property
    def axis_codes(self) -> str:
        """The patient direction towards which i, j and k grow, such as ``LPS``; each axis once."""
        order, flip = canonical_axes(self)
        codes = ["", "", ""]
        for world, (axis, reversed_) in enumerate(zip(reversed(order), reversed(flip), strict=True)):
            codes[2 - axis] = _LETTERS[world][int(not reversed_)]
        return "".join(codes)

    def to_patient(self, index_kji: npt.ArrayLike) -> FloatArray:
        """LPS mm, shape (..., 3) as x, y, z, of (fractional) array indices of shape (..., 3)."""
        ijk = np.asarray(index_kji, dtype=np.float64)[..., ::-1]
        affine = self.affine_lps
        return np.asarray(ijk @ affine[:3, :3].T + affine[:3, 3])

    def to_index(self, points_lps_mm: npt.ArrayLike) -> FloatArray:
        """Fractional array indices k, j, i, shape (..., 3), of LPS points of shape (..., 3)."""
        offset = np.asarray(points_lps_mm, dtype=np.float64) - np.asarray(self.origin_mm)
        inverse = np.linalg.inv(self.affine_lps[:3, :3])
        return np.asarray((offset @ inverse.T)[..., ::-1])

    def corners_lps_mm(self) -> FloatArray:
        """The eight outermost voxel centers, shape (8, 3)."""
        k, j, i = (n - 1 for n in self.shape_kji)
        return self.to_patient([[a, b, c] for a in (0, k) for b in (0, j) for c in (0, i)])

    def same_as(self, other: Grid) -> bool:
        """Whether every voxel coincides with its twin within GRID_TOLERANCE_MM."""
        if self.shape_kji != other.shape_kji:
            return False
        apart = np.abs(self.corners_lps_mm() - other.corners_lps_mm()).max()
        return bool(apart <= GRID_TOLERANCE_MM)

    def crop(self, box: Box) -> Grid:
        """The grid of the voxels inside ``box``."""
        start = [s.start for s in box]
        stop = [s.stop for s in box]
        k, j, i = (b - a for a, b in zip(start, stop, strict=True))
        return Grid(
            shape_kji=(k, j, i),
            spacing_mm=self.spacing_mm,
            origin_mm=_triple(self.to_patient(start)),
            direction=self.direction,
        )

    def box_of(self, inner: Grid) -> Box:
        """Where ``inner``, a crop of this grid, lies in it. Raises GridMismatch when it is none."""
        start = np.rint(self.to_index(inner.origin_mm)).astype(int)
        stop = start + np.asarray(inner.shape_kji)
        inside = (start >= 0).all() and (stop <= np.asarray(self.shape_kji)).all()
        box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        if not inside or not self.crop(box).same_as(inner):  # type: ignore[arg-type]
            raise grid_mismatch(self, inner, what="a crop of the larger grid")
        return box  # type: ignore[return-value]

    def to_json(self) -> dict[str, Any]:
        """The form of ``grid`` in case.json."""
        return {
            "shape_kji": list(self.shape_kji),
            "spacing_mm": list(self.spacing_mm),
            "origin_mm": list(self.origin_mm),
            "direction": list(self.direction),
        }


def require_same_grid(first: Grid, *others: Grid, what: str = "one grid") -> None:
    """Raise GridMismatch unless all grids are the same; the message holds both."""
    for other in others:
        if not first.same_as(other):
            raise grid_mismatch(first, other, what=what)


def grid_mismatch(first: Grid, second: Grid, *, what: str) -> GridMismatch:
    """The error that names both grids."""
    return GridMismatch(
        Fault(
            code="GRID_MISMATCH",
            expected=f"{what}: {_describe(first)}",
            found=_describe(second),
            remedy="Bring one onto the other by its coordinates first",
        )
    )


def canonical_axes(grid: Grid) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """How to turn an array so that k, j, i grow towards Superior, Posterior, Left as nearly as can be.

    Returns (order, flip): ``array.transpose(order)``, then reverse each axis whose flip is True.
    """
    axes = np.abs(grid.axes)
    # Greedy on the largest cosine: unlike a plain argmax it can never pick one array axis twice.
    array_axis_of = [0, 0, 0]
    for _ in range(3):
        world, column = np.unravel_index(int(np.argmax(axes)), (3, 3))
        array_axis_of[int(world)] = 2 - int(column)
        axes[world, :] = -1.0
        axes[:, column] = -1.0
    order = (array_axis_of[2], array_axis_of[1], array_axis_of[0])
    flip = tuple(bool(grid.axes[2 - n, 2 - axis] < 0) for n, axis in enumerate(order))
    return order, flip  # type: ignore[return-value]


def canonical_grid(grid: Grid) -> Grid:
    """The grid of an array turned as canonical_axes says; the same points, another order."""
    order, flip = canonical_axes(grid)
    start = [0, 0, 0]
    for n, axis in enumerate(order):
        start[axis] = grid.shape_kji[axis] - 1 if flip[n] else 0
    columns = [grid.axes[:, 2 - axis] * (-1.0 if flip[n] else 1.0) for n, axis in enumerate(order)]
    return Grid(
        shape_kji=tuple(grid.shape_kji[axis] for axis in order),  # type: ignore[arg-type]
        spacing_mm=tuple(grid.spacing_kji_mm[axis] for axis in reversed(order)),  # type: ignore[arg-type]
        origin_mm=_triple(grid.to_patient(start)),
        direction=tuple(float(v) for v in np.stack(columns[::-1], axis=1).ravel()),
    )


def direction_letters(direction: npt.ArrayLike) -> str:
    """A patient direction (x, y, z in LPS) in letters, the leading one first: ``L``, ``RA``.

    As DICOM's Patient Orientation (0020,0020) names oblique directions; further letters stand from
    LETTER_SHARE of the direction on.
    """
    vector = np.asarray(direction, dtype=np.float64)
    share = np.abs(vector) / np.linalg.norm(vector)
    order = np.argsort(-share, kind="stable")
    return "".join(_LETTERS[n][int(vector[n] > 0)] for n in order if share[n] >= LETTER_SHARE)


def _describe(grid: Grid) -> str:
    spacing = " x ".join(f"{s:.4g}" for s in grid.spacing_mm)
    origin = ", ".join(f"{o:.2f}" for o in grid.origin_mm)
    shape = " x ".join(str(n) for n in grid.shape_kji)
    return f"{shape} voxels [k, j, i], {spacing} mm, origin ({origin}), axes {grid.axis_codes}"


def _triple(values: npt.ArrayLike) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in np.asarray(values).ravel())
    return (x, y, z)
