"""The liver cropped to its box with everything that the candidates ask for more than once.

Regions are sampled at voxel centers: a voxel lies within 5 mm of a lesion when its center does
(``distances.surface_distance_mm``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from netlm_imaging.anatomy import SEGMENT_NAMES, Anatomy
from netlm_imaging.geometry import Box, FloatArray, Grid
from netlm_imaging.lesions.regions import Region, enclosed, regions
from netlm_imaging.plan.distances import surface_distance_mm
from netlm_imaging.plan.inflow import Inflow, inflow
from netlm_imaging.plan.parts import Parts, parts
from netlm_imaging.plan.protected import Protected, protect
from netlm_imaging.plan.vessels import wide_parts
from netlm_imaging.settings import AblationSettings, FlrSettings, Settings
from netlm_imaging.volume import BoolArray

Voxels = npt.NDArray[np.int64]
"""Flat indices into the workspace's arrays, ascending, each once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Workspace:
    """Arrays [k, j, i] on ``grid``, the liver's box of the planning grid."""

    grid: Grid
    liver: BoolArray
    functional: BoolArray
    lesions: Mapping[int, Region]
    """By id, ascending; boxes are those of this workspace."""
    segments: npt.NDArray[Any] | None
    segment_voxels: tuple[Voxels, ...]
    """Of the segments labelled 1 to 8; empty where they are not known."""
    major_vessels: BoolArray | None
    """Too wide to cut through; None where no vessels are given."""
    sink_vessels: BoolArray | None
    """Wide enough to carry heat away."""
    sink_distance_mm: FloatArray | None
    """To the surface of the nearest sink vessel."""
    protected: Protected | None
    """Structures that heat must stay away from; None where none is given near the liver."""
    inflow: Inflow | None
    """The vessel tree; None where no vessel shows a course."""
    parts: Parts
    """Of the functional liver, as it hangs together."""
    capsule: cKDTree
    """Points (mm along k, j, i) just outside the liver's surface; holes are not its surface."""
    _measured: dict[int, tuple[Box, FloatArray]] = field(default_factory=dict, repr=False)
    """The largest block so far with the distances to each lesion."""

    @property
    def spacing(self) -> FloatArray:
        """mm along k, j, i."""
        return np.asarray(self.grid.spacing_kji_mm)

    def grown_box(self, box: Box, *, margin_mm: FloatArray | float) -> Box:
        """``box`` with at least ``margin_mm`` (one value or along k, j, i) more on every side, clipped."""
        grow = np.broadcast_to(np.ceil(margin_mm / self.spacing).astype(int), 3)
        k, j, i = (
            slice(max(0, s.start - int(g)), min(n, s.stop + int(g)))
            for s, g, n in zip(box, grow, self.grid.shape_kji, strict=True)
        )
        return (k, j, i)

    def lesion_in(self, box: Box, lesion: int) -> BoolArray:
        """Which voxels of ``box`` are of the lesion; ``box`` must hold all of it."""
        region = self.lesions[lesion]
        inside = np.zeros([s.stop - s.start for s in box], dtype=bool)
        inside[within(region.box, box)] = region.mask
        return inside

    def distance_mm(self, box: Box, lesion: int) -> FloatArray:
        """From the voxels of ``box`` to the lesion's surface, 0 inside; ``box`` must hold all of it.

        Measured once for all that ask for it.
        """
        known = self._measured.get(lesion)
        if known is None or not holds(known[0], box):
            known = self._measured[lesion] = box, surface_distance_mm(self.lesion_in(box, lesion), self.grid)
        return known[1][within(box, known[0])]

    def voxels(self, part: BoolArray, box: Box) -> Voxels:
        """Flat indices of the True voxels of ``part``, which lies at ``box``."""
        return self.flat(np.argwhere(part) + [s.start for s in box])

    def flat(self, indices_kji: npt.NDArray[np.int64]) -> Voxels:
        """Flat indices of array indices of shape (n, 3), given in C order."""
        return np.asarray(np.ravel_multi_index(tuple(indices_kji.T), self.grid.shape_kji), dtype=np.int64)


def within(inner: Box, outer: Box) -> Box:
    """Where ``inner`` lies in an array that covers ``outer``."""
    k, j, i = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner, outer, strict=True))
    return (k, j, i)


def holds(outer: Box, inner: Box) -> bool:
    """Whether all of ``inner`` lies in ``outer``."""
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(outer, inner, strict=True))


def workspace(
    anatomy: Anatomy,
    *,
    major_vessel_mm: float,
    sink_vessel_mm: float = AblationSettings().sink_vessel_mm,
    structure_clearance_mm: float = AblationSettings().structure_clearance_mm,
    smallest_part_ml: float = FlrSettings().smallest_part_ml,
    inflow_from_all_vessels: bool = True,
) -> Workspace:
    """Crop ``anatomy`` to its liver and prepare what candidates need.

    Structures to protect count as far as ``anatomy`` shows them, beyond the liver's box too.
    ``inflow_from_all_vessels``: without the portal vein alone, traced vessels of any kind are the inflow.
    """
    cropped = anatomy.cropped()
    grid, liver = cropped.grid, cropped.liver.array
    major = _wide_vessels(cropped, width_mm=major_vessel_mm)
    sink = _wide_vessels(cropped, width_mm=sink_vessel_mm)
    functional = cropped.functional.array
    tree = _tree(cropped, major_vessel_mm=major_vessel_mm, all_vessels=inflow_from_all_vessels)
    segments = None if cropped.segments is None else np.where(liver, cropped.segments.array, 0)
    return Workspace(
        grid=grid,
        liver=liver,
        functional=functional,
        lesions={region.label: region for region in regions(cropped.lesions)},
        segments=segments,
        segment_voxels=_segment_voxels(segments),
        major_vessels=major,
        sink_vessels=sink,
        sink_distance_mm=None if sink is None else surface_distance_mm(sink, grid),
        protected=protect(anatomy.protected, liver=anatomy.liver, clearance_mm=structure_clearance_mm),
        inflow=tree,
        parts=parts(functional, liver, grid, inflow=tree, smallest_part_ml=smallest_part_ml),
        capsule=cKDTree(_capsule_points(liver, grid)),
    )


def _wide_vessels(anatomy: Anatomy, *, width_mm: float) -> BoolArray | None:
    """Each mask on its own: together, two veins that touch would be one wide vessel."""
    given = [m.array for m in (anatomy.vessels, anatomy.portal_vein) if m is not None]
    if not given:
        return None
    return np.asarray(np.any([wide_parts(v, anatomy.grid, width_mm=width_mm) for v in given], axis=0))


def workspace_of(anatomy: Anatomy, settings: Settings) -> Workspace:
    """The workspace of ``anatomy`` under ``settings``."""
    return workspace(
        anatomy,
        major_vessel_mm=settings.resection.major_vessel_mm,
        sink_vessel_mm=settings.ablation.sink_vessel_mm,
        structure_clearance_mm=settings.ablation.structure_clearance_mm,
        smallest_part_ml=settings.flr.smallest_part_ml,
        inflow_from_all_vessels=settings.resection.inflow_from_all_vessels,
    )


def _tree(anatomy: Anatomy, *, major_vessel_mm: float, all_vessels: bool) -> Inflow | None:
    """The portal veins where these are given alone, else all vessels that a person traced."""
    traced = anatomy.vessels if all_vessels and anatomy.vessels_traced else None
    vessels = traced if anatomy.portal_vein is None else anatomy.portal_vein
    if vessels is None:
        return None
    return inflow(
        vessels.array,
        anatomy.functional.array,
        anatomy.grid,
        wide_mm=major_vessel_mm,
        one_stem=anatomy.portal_vein is not None,
    )


def _segment_voxels(segments: npt.NDArray[Any] | None) -> tuple[Voxels, ...]:
    if segments is None:
        return tuple(np.empty(0, dtype=np.int64) for _ in SEGMENT_NAMES)
    flat = segments.ravel()
    inside = np.flatnonzero(flat)
    order = inside[np.argsort(flat[inside], kind="stable")]
    ends = np.cumsum(np.bincount(flat[inside], minlength=len(SEGMENT_NAMES) + 1))
    return tuple(order[a:b] for a, b in pairwise(ends))


def _capsule_points(liver: BoolArray, grid: Grid) -> FloatArray:
    """Centers of the voxels that share a face with the liver from outside, beyond the grid included."""
    solid = np.pad(liver | enclosed(liver), 1)
    touching = np.zeros_like(solid)
    for axis in range(3):
        for step in (1, -1):
            touching |= np.roll(solid, step, axis=axis)
    return np.asarray((np.argwhere(touching & ~solid) - 1) * np.asarray(grid.spacing_kji_mm))
