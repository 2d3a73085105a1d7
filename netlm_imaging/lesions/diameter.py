"""Longest diameter between the outer boundaries of voxels."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import BoolArray


def longest_diameter_mm(mask: BoolArray, grid: Grid) -> float:
    """The largest distance between any two points of the voxel boxes of ``mask`` [k, j, i].

    Exact: it is reached between two corners of voxels on the convex hull. Measured between outer
    boundaries, not centers, a sphere of 20 mm measures 20 mm to within one voxel diagonal, and a
    single voxel its own diagonal. ``grid`` gives spacing and axes; ``mask`` may be any crop.
    """
    corners = grid.to_patient(_outer_corners(mask))
    hull = corners[ConvexHull(corners).vertices]
    return float(pdist(hull).max())


def _outer_corners(mask: BoolArray) -> FloatArray:
    """Corner points, as fractional k, j, i, of the first and last voxel of every row."""
    rows = np.argwhere(mask.any(axis=2))
    lines = mask[rows[:, 0], rows[:, 1]]
    first = lines.argmax(axis=1) - 0.5
    last = mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1) + 0.5
    ends = [(dk, dj, i) for dk in (-0.5, 0.5) for dj in (-0.5, 0.5) for i in (first, last)]
    points = [np.column_stack([rows[:, 0] + dk, rows[:, 1] + dj, i]) for dk, dj, i in ends]
    return np.unique(np.concatenate(points), axis=0)
