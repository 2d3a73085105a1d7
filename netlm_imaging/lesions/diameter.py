"""Longest diameter of a region, between its voxel boundaries."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import BoolArray


def longest_diameter_mm(mask: BoolArray, grid: Grid) -> float:
    """The largest distance between any two outer boundaries of ``mask`` [k, j, i], not empty.

    The boundary lies half-way between a voxel's center inside and its face neighbor's outside: the
    points of the half-level surface, as in IBSI's maximum 3D diameter (Zwanenburg, Radiology 2020).
    Exact over all pairs of them, by the convex hull. A sphere of 20 mm measures 20 mm to within one
    voxel; corners of voxels would add up to a voxel diagonal to every smooth lesion. ``mask`` may
    be any crop of the grid.
    """
    points = grid.to_patient(_face_centers(mask))
    hull = points[ConvexHull(points).vertices]
    return float(pdist(hull).max())


def _face_centers(mask: BoolArray) -> FloatArray:
    """Face centers, as fractional k, j, i, of the first and last voxel of every row."""
    k, j = np.nonzero(mask.any(axis=2))
    lines = mask[k, j]
    first = lines.argmax(axis=1)
    last = mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1)
    steps = np.concatenate([0.5 * np.eye(3), -0.5 * np.eye(3)])
    ends = np.concatenate([np.column_stack([k, j, first]), np.column_stack([k, j, last])])
    return np.asarray((ends[:, None] + steps).reshape(-1, 3))
