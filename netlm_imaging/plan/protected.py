"""Structures that heat must stay away from: central bile ducts, gallbladder, bowel (clinical-rules 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.plan.distances import SURFACE_SHARE, TOLERANCE_MM, surface_distance_mm
from netlm_imaging.volume import BoolArray, Mask, bounding_box

REACH_MM = 90.0
"""No zone reaches further from the liver than this (half of the longest axis allowed, and clearance)."""

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Protected:
    """Where thermal zones may not go, beyond the liver's box too."""

    near: BoolArray
    """A block of voxels [k, j, i]: nearer to a structure than the clearance, or in it."""
    start: Index
    """Index of its first voxel, counted from the workspace's first voxel."""
    clearance_mm: float
    points_mm: Mapping[str, cKDTree]
    """Voxel centers of each structure, mm along k, j, i from the workspace's first voxel."""
    surface_mm: float
    """How far a structure's surface lies beyond its outermost centers."""

    def block(self, start: Index, stop: Index) -> BoolArray:
        """``near`` in the block from ``start`` up to ``stop`` (indices of the workspace, any)."""
        found = np.zeros(tuple((stop - start).tolist()), dtype=bool)
        low = np.maximum(start, self.start)
        high = np.minimum(stop, self.start + self.near.shape)
        if (low < high).all():
            found[_between(low - start, high - start)] = self.near[
                _between(low - self.start, high - self.start)
            ]
        return found

    def distances_mm(self, points_mm: FloatArray) -> dict[str, float]:
        """From the nearest of ``points_mm`` (n, 3) to the surface of each structure; 0 inside."""
        return {
            name: max(0.0, float(tree.query(points_mm)[0].min()) - self.surface_mm)
            for name, tree in self.points_mm.items()
        }


def protect(structures: Mapping[str, Mask], *, liver: Mask, clearance_mm: float) -> Protected | None:
    """Prepare ``structures`` near the liver, on the liver's grid; None where none lies near."""
    grid, box = liver.grid, liver.bounding_box(REACH_MM)
    first = np.array([s.start for s in liver.bounding_box()])
    inside = {name: mask.array[box] for name, mask in structures.items() if mask.array[box].any()}
    if not inside:
        return None
    offset = np.array([s.start for s in box]) - first
    spacing = np.asarray(grid.spacing_kji_mm)
    near, start = _near(inside, grid.crop(box), clearance_mm=clearance_mm)
    return Protected(
        near=near,
        start=start + offset,
        clearance_mm=clearance_mm,
        points_mm={name: cKDTree((np.argwhere(array) + offset) * spacing) for name, array in inside.items()},
        surface_mm=SURFACE_SHARE * sum(grid.spacing_mm),
    )


def _near(structures: Mapping[str, BoolArray], grid: Grid, *, clearance_mm: float) -> tuple[BoolArray, Index]:
    """The voxels nearer than the clearance to any structure, and where their block starts."""
    together = np.any(list(structures.values()), axis=0)
    tight = bounding_box(together, grid)
    grow = np.ceil(clearance_mm / np.asarray(grid.spacing_kji_mm)).astype(int) + 1
    padded = np.pad(together[tight], [(int(n), int(n)) for n in grow])
    near = surface_distance_mm(padded, grid) < clearance_mm - TOLERANCE_MM
    return near | padded, np.array([s.start for s in tight]) - grow


def _between(low: Index, high: Index) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
