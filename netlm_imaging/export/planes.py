"""Radiological cuts: which voxels an axial, coronal or sagittal picture shows, and which way up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Grid, canonical_grid, direction_letters
from netlm_imaging.volume import LabelMap, Mask, Volume

PlaneName = Literal["axial", "coronal", "sagittal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One radiological view of an array whose k, j, i grow to Superior, Posterior, Left."""

    name: PlaneName
    axis: int
    """The array axis that the view looks along."""
    superior_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The patient directions at the edges of a picture, such as ``R``; of oblique ones ``RA``."""

    left: str
    right: str
    top: str
    bottom: str


PLANES = (
    Plane(name="axial", axis=0, superior_up=False),
    Plane(name="coronal", axis=1, superior_up=True),
    Plane(name="sagittal", axis=2, superior_up=True),
)
"""Radiological display: the patient's right on the picture's left, anterior or superior up."""


def edges(grid: Grid, plane: Plane) -> Edges:
    """What to write at the edges of a picture of ``plane`` of a canonical item on ``grid``."""
    axes = canonical_grid(grid).axes
    down, right = (axes[:, 2 - axis] for axis in range(3) if axis != plane.axis)
    if plane.superior_up:
        down = -down
    return Edges(
        left=direction_letters(-right),
        right=direction_letters(right),
        top=direction_letters(-down),
        bottom=direction_letters(down),
    )


def cut(item: Volume | Mask | LabelMap, plane: Plane, index: int) -> npt.NDArray[Any]:
    """The picture [row from the top, column from the left] of slice ``index`` of a canonical item."""
    picture = np.asarray(np.take(item.array, index, axis=plane.axis))
    return picture[::-1] if plane.superior_up else picture


def size_mm(grid: Grid, plane: Plane) -> tuple[float, float]:
    """Width and height of the plane's picture on a canonical grid."""
    lengths = [n * step for n, step in zip(grid.shape_kji, grid.spacing_kji_mm, strict=True)]
    height, width = (length for axis, length in enumerate(lengths) if axis != plane.axis)
    return (width, height)


def fullest_slice(region: npt.NDArray[np.bool_], plane: Plane) -> int:
    """The slice along the plane's axis that holds most of the region; the middle one if it is empty."""
    others = tuple(axis for axis in range(3) if axis != plane.axis)
    counts = np.count_nonzero(region, axis=others)
    return int(counts.argmax()) if counts.any() else region.shape[plane.axis] // 2
