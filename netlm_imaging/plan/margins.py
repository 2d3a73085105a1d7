"""The ablative margin: how far the liver is destroyed beyond each point of a lesion's surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.plan.distances import SURFACE_SHARE, distance_mm
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.volume import BoolArray

REQUIRED_MM = 5.0
"""No progression from here on: Laimer 2025."""
IDEAL_MM = 10.0
"""None progressed above it: Shady, PMC5803367."""


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    """The margin at every voxel of one lesion's surface."""

    lesion: int
    surface: Voxels
    """The lesion's outermost voxels."""
    margin_mm: FloatArray
    """To the nearest liver that survives, at each of ``surface``; at most the reach asked about."""
    area_mm2: FloatArray
    """Of the voxel's faces that look out of the lesion."""
    subcapsular: BoolArray
    """Nearer to the capsule than the margin asked for: no liver is there to be destroyed."""

    @property
    def minimum_mm(self) -> float:
        """The smallest margin. Liver alone is looked for, so a near capsule does not lower it."""
        return float(self.margin_mm.min())


def ablative_margin(
    space: Workspace, lesion: int, voxels: Voxels, *, asked_mm: float, reach_mm: float
) -> Margin:
    """The margin that destroying ``voxels`` leaves around ``lesion``.

    Sink vessels are no tissue and are left out. Where no liver survives within ``reach_mm``, the
    margin is ``reach_mm``. ``asked_mm`` says which surface counts as subcapsular.
    """
    box = space.grown_box(space.lesions[lesion].box, margin_mm=reach_mm)
    start = np.array([s.start for s in box])
    area = _outer_area_mm2(space.lesion_in(box, lesion), space.spacing)
    surface = np.argwhere(area > 0.0)
    at = tuple(surface.T)
    beyond = SURFACE_SHARE * sum(space.grid.spacing_mm)
    alive = _alive(space, voxels, box)
    margin = np.clip(distance_mm(alive, space.grid)[at] - beyond, 0.0, reach_mm)
    # Capsule points are the first centers outside: the liver's surface runs half a voxel before them.
    near = asked_mm + 2.0 * beyond
    depth, _ = space.capsule.query((surface + start) * space.spacing, distance_upper_bound=near)
    return Margin(
        lesion=lesion,
        surface=space.flat(surface + start),
        margin_mm=margin.astype(np.float64),
        area_mm2=area[at],
        subcapsular=np.asarray(depth < near),
    )


def share_below_percent(margins: Sequence[Margin], limit_mm: float) -> float | None:
    """Share of the lesions' surface, the subcapsular one left out, with less than ``limit_mm``.

    None where all of the surface is subcapsular, and without a lesion.
    """
    if not margins:
        return None
    counted = np.concatenate([m.area_mm2[~m.subcapsular] for m in margins])
    below = np.concatenate([m.margin_mm[~m.subcapsular] < limit_mm for m in margins])
    return 100.0 * float(counted[below].sum() / counted.sum()) if counted.size else None


def _alive(space: Workspace, voxels: Voxels, box: Box) -> BoolArray:
    alive = space.liver[box].copy()
    if space.sink_vessels is not None:
        alive &= ~space.sink_vessels[box]
    inside = np.column_stack(np.unravel_index(voxels, space.grid.shape_kji)) - [s.start for s in box]
    inside = inside[((inside >= 0) & (inside < alive.shape)).all(axis=1)]
    alive[tuple(inside.T)] = False
    return alive


def _outer_area_mm2(lesion: BoolArray, spacing: FloatArray) -> npt.NDArray[np.float64]:
    """Area of the faces of each voxel of ``lesion`` behind which it ends; 0 inside and outside."""
    padded = np.pad(lesion, 1)
    inner = slice(1, -1)
    area = np.zeros(lesion.shape)
    for axis in range(3):
        face = float(np.prod(spacing) / spacing[axis])
        for side in (slice(None, -2), slice(2, None)):
            beside = [inner] * 3
            beside[axis] = side
            area += face * (lesion & ~padded[tuple(beside)])
    return area
