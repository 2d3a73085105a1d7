"""How far lesions lie from the liver surface and from vessels, between their true surfaces."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import FloatArray
from netlm_imaging.lesions.regions import enclosed, regions_of
from netlm_imaging.volume import BoolArray, bounding_box

CORRECTION_POWER = 7
"""How fast the correction of ``surface_gap_mm`` falls off from an axis of the grid: measured on balls
under planes of any direction, where it leaves a mean error below 0.15 voxel at every spacing tried."""
TIE_MM = 1e-6


def capsule_distances_mm(anatomy: Anatomy) -> dict[int, float]:
    """From each lesion to the nearest point outside the liver; 0 where a lesion touches its surface.

    Holes inside the liver mask are not its surface. Beyond the grid counts as outside.
    """
    box = anatomy.liver.bounding_box()
    liver = anatomy.liver.array[box]
    outside = ~np.pad(liver | enclosed(liver), 1)
    lesions = np.pad(anatomy.lesions.array[box], 1)
    spacing = np.asarray(anatomy.grid.spacing_kji_mm)
    tree = _surface_tree(outside, spacing)
    return {
        region.label: surface_gap_mm(_surface_mm(region.mask, region.box, spacing), tree, spacing)
        for region in regions_of(lesions)
    }


def vessel_distances_mm(anatomy: Anatomy) -> dict[int, float | None]:
    """From each lesion to the nearest vessel; 0 where they touch, None where no vessels are given."""
    if anatomy.vessels is None or not anatomy.vessels.array.any():
        return dict.fromkeys(anatomy.lesions.labels)
    box = bounding_box(anatomy.liver.array | anatomy.vessels.array, anatomy.grid)
    vessels = anatomy.vessels.array[box]
    spacing = np.asarray(anatomy.grid.spacing_kji_mm)
    tree = _surface_tree(vessels, spacing)
    distances: dict[int, float | None] = {}
    for region in regions_of(anatomy.lesions.array[box]):
        overlaps = bool((vessels[region.box] & region.mask).any())
        surface = _surface_mm(region.mask, region.box, spacing)
        distances[region.label] = 0.0 if overlaps else surface_gap_mm(surface, tree, spacing)
    return distances


def surface_gap_mm(centers_mm: FloatArray, target: cKDTree, spacing_mm: FloatArray) -> float:
    """Distance between two surfaces, from voxel centers (mm along k, j, i) on their inner sides.

    ``centers_mm`` has shape (n, 3). The nearest centers lie further apart than the surfaces: by one
    spacing where the gap runs along an axis of the grid (half a voxel at either end), by less across
    it, where of many voxels some always come close to the surface. The correction along a unit vector
    u is the sum of ``|u_a| ** CORRECTION_POWER * spacing_a``. Neighboring voxels touch: 0.
    """
    nearest, _ = target.query(centers_mm)
    least = float(nearest.min()) + TIE_MM
    ends = centers_mm[nearest <= least]
    pairs = target.query_ball_point(ends, least)
    gaps = [
        _gap_mm(np.abs(target.data[found] - end), spacing_mm) for end, found in zip(ends, pairs, strict=True)
    ]
    return min(gaps)


def _gap_mm(apart_mm: FloatArray, spacing_mm: FloatArray) -> float:
    """The smallest corrected gap of several pairs; ``apart_mm`` has shape (n, 3)."""
    if (apart_mm <= spacing_mm + TIE_MM).all(axis=1).any():
        return 0.0
    length = np.linalg.norm(apart_mm, axis=1)
    correction = ((apart_mm / length[:, None]) ** CORRECTION_POWER) @ spacing_mm
    return float((length - correction).min())


def _surface_tree(region: BoolArray, spacing_mm: FloatArray) -> cKDTree:
    """The centers of the outermost voxels of ``region``."""
    whole = (slice(0, None),) * 3
    return cKDTree(_surface_mm(region, whole, spacing_mm))


def _surface_mm(region: BoolArray, box: tuple[slice, slice, slice], spacing_mm: FloatArray) -> FloatArray:
    """Centers (mm along k, j, i) of the voxels of ``region``, at ``box``, with a face that is open."""
    outermost = region & ~ndimage.binary_erosion(region, border_value=0)
    return np.asarray((np.argwhere(outermost) + [s.start for s in box]) * spacing_mm)
