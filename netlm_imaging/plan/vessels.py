"""How wide a vessel is where it runs."""

from __future__ import annotations

import numpy as np

from netlm_imaging.geometry import Grid
from netlm_imaging.plan.distances import TOLERANCE_MM, distance_mm
from netlm_imaging.volume import BoolArray


def wide_parts(vessels: BoolArray, grid: Grid, *, width_mm: float) -> BoolArray:
    """The parts of ``vessels`` [k, j, i] into which a ball of ``width_mm`` fits (opening by a ball).

    Local caliber is the diameter of the largest ball inside the vessel, from the voxel center in its
    middle to the nearest one outside. For tubes of any direction it is right to within one voxel; a
    vessel one voxel wide counts as two, which errs to the safe side. Vessels go on beyond the edge of
    the array.
    """
    radius = width_mm / 2.0
    cores = vessels & (distance_mm(~vessels, grid) >= radius - TOLERANCE_MM)
    if not cores.any():
        return np.zeros_like(vessels)
    # The balls miss a ragged layer of the wall, up to one voxel thick, which belongs to the wide part.
    wall = max(grid.spacing_mm)
    return np.asarray(vessels & (distance_mm(cores, grid) <= radius + wall))
