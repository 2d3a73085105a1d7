"""How wide a vessel is where it runs."""

from __future__ import annotations

import numpy as np

from netlm_imaging.geometry import Grid
from netlm_imaging.plan.distances import TOLERANCE_MM, distance_mm
from netlm_imaging.volume import BoolArray, bounding_box


def wide_parts(vessels: BoolArray, grid: Grid, *, width_mm: float) -> BoolArray:
    """The parts of ``vessels`` [k, j, i] into which a ball of ``width_mm`` fits (opening by a ball).

    Local caliber is the diameter of the largest ball inside the vessel, from the voxel center in its
    middle to the nearest one outside; where the vessel is a single voxel thick along an axis of the
    grid, it is at most that spacing. For tubes of any direction it is right to half a voxel on average
    (``SURFACE_SHARE`` of distances.py is left out on purpose: off-center middles make up for it).
    Vessels go on beyond the edge of the array.
    """
    wide = np.zeros_like(vessels)
    if vessels.any():
        # With a layer of what is no vessel around it, the box of the vessels tells all distances in them.
        box = bounding_box(vessels, grid, margin_mm=max(grid.spacing_mm))
        wide[box] = _wide_in(vessels[box], grid, width_mm=width_mm)
    return wide


def _wide_in(vessels: BoolArray, grid: Grid, *, width_mm: float) -> BoolArray:
    radius = width_mm / 2.0
    cores = vessels & (distance_mm(~vessels, grid) >= radius - TOLERANCE_MM)
    cores &= ~_thin(vessels, grid, width_mm=width_mm)
    if not cores.any():
        return np.zeros_like(vessels)
    # The balls miss a ragged layer of the wall, up to one voxel thick, which belongs to the wide part.
    wall = max(grid.spacing_mm)
    return np.asarray(vessels & (distance_mm(cores, grid) <= radius + wall))


def _thin(vessels: BoolArray, grid: Grid, *, width_mm: float) -> BoolArray:
    """Voxels without a vessel on either side along an axis whose spacing is less than ``width_mm``."""
    padded = np.pad(vessels, 1, constant_values=True)
    inner = slice(1, -1)
    thin = np.zeros_like(vessels)
    for axis, spacing in enumerate(grid.spacing_kji_mm):
        if spacing < width_mm - TOLERANCE_MM:
            before, after = [inner] * 3, [inner] * 3
            before[axis], after[axis] = slice(None, -2), slice(2, None)
            thin |= ~padded[tuple(before)] & ~padded[tuple(after)]
    return thin
