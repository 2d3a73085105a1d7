"""Wedge resection: the lesion with its margin and the way out to the capsule (clinical-rules 3)."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.distances import TOLERANCE_MM, surface_distance_mm
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import ResectionSettings

FIRST_STEP_VOXELS = 0.5
"""The sweep starts with steps this long, in units of the smallest spacing, and doubles them."""


def wedge(space: Workspace, lesion: Lesion, *, settings: ResectionSettings) -> Candidate | Refusal:
    """The lesion grown by the margin, swept along the access path, inside the liver.

    The access path leads from the lesion's centroid to the nearest point of the capsule, so that the
    specimen is as wide at the surface as at the lesion: for a ball of radius r under a flat capsule it
    is a half ball and a cylinder of radius r + margin. Refused when the near surface lies deeper than
    ``wedge_max_depth_mm`` or when a major vessel (the hilum too) lies in what would be removed.
    """
    if not settings.wedge:
        return Refusal("switched off in the settings")
    depth, limit = lesion.capsule_distance_mm, settings.wedge_max_depth_mm
    if depth > limit:
        return Refusal(f"near surface {depth:.1f} mm below the capsule > {limit:g} mm")
    path = _access_path_mm(space, lesion)
    box = _box(space, lesion, path, margin_mm=settings.wedge_margin_mm)
    tumor = space.lesion_in(box, lesion.id)
    swept = _swept_minimum(surface_distance_mm(tumor, space.grid), path, space.spacing)
    removed = swept <= settings.wedge_margin_mm + TOLERANCE_MM
    if space.major_vessels is not None and (removed & ~tumor & space.major_vessels[box]).any():
        return Refusal(f"a vessel wider than {settings.major_vessel_mm:g} mm lies in the access path")
    return Candidate(
        kind="wedge",
        name=f"Wedge resection of lesion {lesion.id}",
        lesions=(lesion.id,),
        margin_mm=settings.wedge_margin_mm,
        voxels=space.voxels(removed & space.liver[box], box),
    )


def _access_path_mm(space: Workspace, lesion: Lesion) -> FloatArray:
    """From the centroid to the nearest capsule point, along k, j, i."""
    region = space.lesions[lesion.id]
    centroid = region.indices_kji().mean(axis=0) * space.spacing
    _, nearest = space.capsule.query(centroid)
    return np.asarray(space.capsule.data[nearest] - centroid)


def _box(space: Workspace, lesion: Lesion, path: FloatArray, *, margin_mm: float) -> Box:
    """Where lesion, margin and path lie; one voxel more, for interpolation."""
    return space.grown_box(space.lesions[lesion.id].box, margin_mm=np.abs(path) + margin_mm + space.spacing)


def _swept_minimum(distance: FloatArray, path_mm: FloatArray, spacing: FloatArray) -> FloatArray:
    """The smallest ``distance`` of all points p - t * path, t in [0, 1], at each voxel p.

    Each round doubles the stretch that the minimum covers, so a few shifts make a fine sweep.
    """
    length = float(np.linalg.norm(path_mm))
    covered, step = 0.0, FIRST_STEP_VOXELS * float(spacing.min())
    while covered < length:
        move = min(max(step, covered), length - covered)
        shift = path_mm / length * move / spacing
        moved = ndimage.shift(distance, shift, order=1, mode="constant", cval=np.inf)
        distance = np.minimum(distance, moved)
        covered += move
    return distance
