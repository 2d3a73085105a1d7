"""How wide a vessel is where it runs."""

from __future__ import annotations

import edt
import numpy as np

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import BoolArray

TOLERANCE_MM = 1e-4
"""Distances that are equal on paper may differ by this much in floating point (float32 transforms)."""


def wide_parts(vessels: BoolArray, grid: Grid, *, width_mm: float) -> BoolArray:
    """The parts of ``vessels`` [k, j, i] into which a ball of ``width_mm`` fits (opening by a ball).

    Local caliber is the diameter of the largest ball inside the vessel, between voxel centers: it is
    right to within one voxel for tubes of any direction. Vessels go on beyond the edge of the array.
    """
    radius = width_mm / 2.0
    cores = vessels & (distance_mm(~vessels, grid) >= radius - TOLERANCE_MM)
    if not cores.any():
        return np.zeros_like(vessels)
    return np.asarray(vessels & (distance_mm(cores, grid) <= radius + TOLERANCE_MM))


def distance_mm(target: BoolArray, grid: Grid) -> FloatArray:
    """Exact distance of every voxel center to the nearest voxel center of ``target``; 0 inside it.

    ``target`` may be any block of an array on ``grid``, whose spacing counts. Infinite without target.
    """
    field = edt.edt(~target, anisotropy=grid.spacing_kji_mm, black_border=False, parallel=1)
    return np.asarray(field)
