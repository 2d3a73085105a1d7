"""Radiological cuts: which voxels an axial, coronal or sagittal picture shows, and which way up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask, Volume

PlaneName = Literal["axial", "coronal", "sagittal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One radiological view of an array whose k, j, i grow to Superior, Posterior, Left."""

    name: PlaneName
    axis: int
    """The array axis that the view looks along."""
    superior_up: bool
    left: str
    """The patient direction at the picture's left edge; likewise the other three."""
    right: str
    top: str
    bottom: str


PLANES = (
    Plane(name="axial", axis=0, superior_up=False, left="R", right="L", top="A", bottom="P"),
    Plane(name="coronal", axis=1, superior_up=True, left="R", right="L", top="S", bottom="I"),
    Plane(name="sagittal", axis=2, superior_up=True, left="A", right="P", top="S", bottom="I"),
)
"""Radiological display: the patient's right on the picture's left, anterior or superior up."""


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
