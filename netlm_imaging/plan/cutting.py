"""Which voxels lie beyond a cutting plane or a smooth cutting surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.interpolate import RBFInterpolator
from scipy.spatial.distance import pdist

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.drawn import DrawnPlane, DrawnSurface
from netlm_imaging.plan.workspace import Voxels, Workspace

FEWEST_POINTS = 4
"""Three make a plane."""
APART_MM = 0.5
"""Points of a surface, seen along its normal, lie at least this far apart: one height at each place."""
WIDTH_MM = 2.0
"""They spread at least this far (standard deviation) in every direction of the surface: not a line."""
ON_SURFACE_MM = 1e-6
"""A voxel center this near to the surface stays: rounding decides nothing."""
FARTHEST_MM = 1e6
LATTICE_MM, NEAR_MM = 1.0, 1.5
"""Between nodes this far apart a surface that a hand draws is off by far less than ``NEAR_MM``."""


def beyond_plane(space: Workspace, plane: DrawnPlane) -> Voxels:
    """The liver on the side that the normal points to. Raises UsageError (BAD_TREATMENT)."""
    normal = unit(plane.normal_lps, what="a normal of the plane")
    point = finite([plane.point_lps_mm], what="a point of the plane")[0]
    heights = _along(space, point, normal)
    return np.flatnonzero((heights > ON_SURFACE_MM) & space.liver)


def beyond_surface(space: Workspace, surface: DrawnSurface) -> Voxels:
    """The liver on the other side than the kept point. Raises UsageError (BAD_TREATMENT)."""
    points = finite(surface.points_lps_mm, what="points of the surface")
    kept = finite([surface.kept_lps_mm], what="a point on the side that stays")[0]
    if len(points) < FEWEST_POINTS:
        raise bad_treatment(f"at least {FEWEST_POINTS} points of the surface", f"{len(points)}")
    middle, axes = _best_fit(points)
    across = (points - middle) @ axes[:, :2]
    if pdist(across).min() < APART_MM:
        raise bad_treatment(
            f"points of the surface at least {APART_MM:g} mm apart, seen along its normal", "closer ones"
        )
    height = RBFInterpolator(across, (points - middle) @ axes[:, 2], kernel="thin_plate_spline")
    kept_at = (kept - middle) @ axes
    side = float(kept_at[2] - height(kept_at[None, :2])[0])
    if abs(side) <= ON_SURFACE_MM:
        raise bad_treatment("a point on the side that stays", "one on the surface itself")
    u, v, h = (_along(space, middle, axis)[space.liver] for axis in axes.T)
    above = (h - _heights(height, u, v, h)) * -np.sign(side)
    return np.asarray(np.flatnonzero(space.liver)[above > ON_SURFACE_MM])


def _heights(height: RBFInterpolator, u: FloatArray, v: FloatArray, h: FloatArray) -> FloatArray:
    """The surface's height at each (u, v): exact near ``h``, where it decides; from a lattice elsewhere."""
    low = np.array([u.min(), v.min()]) - LATTICE_MM
    nodes = np.ceil((np.array([u.max(), v.max()]) - low) / LATTICE_MM).astype(int) + 2
    lattice = low + LATTICE_MM * np.moveaxis(np.indices(tuple(nodes.tolist())), 0, -1).reshape(-1, 2)
    places = (np.stack([u, v]) - low[:, None]) / LATTICE_MM
    found = ndimage.map_coordinates(height(lattice).reshape(nodes), places, order=1)
    near = np.abs(h - found) < NEAR_MM
    found[near] = height(np.column_stack([u[near], v[near]]))
    return np.asarray(found)


def unit(direction: Sequence[float] | FloatArray, *, what: str) -> FloatArray:
    """``direction`` with length 1. Raises UsageError (BAD_TREATMENT)."""
    vector = finite([tuple(direction)], what=what)[0]
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise bad_treatment(what, "a direction of length 0")
    return np.asarray(vector / length)


def finite(points: npt.ArrayLike, *, what: str) -> FloatArray:
    """``points`` as an array of shape (n, 3). Raises UsageError (BAD_TREATMENT)."""
    try:
        array = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    except (TypeError, ValueError):
        array = np.full((1, 3), np.nan)
    if not np.isfinite(array).all() or np.abs(array).max(initial=0.0) > FARTHEST_MM:
        raise bad_treatment(f"{what} as three finite numbers, x, y, z in LPS", "something else")
    return array


def bad_treatment(expected: str, found: str) -> UsageError:
    """The error of a treatment that is not drawn as it must be."""
    return UsageError(
        Fault(code="BAD_TREATMENT", expected=expected, found=found, where="treatment drawn by hand")
    )


def _best_fit(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The middle of ``points``, and as columns two axes of their best-fit plane and its normal."""
    middle = points.mean(axis=0)
    _, spread, rows = np.linalg.svd(points - middle)
    if spread[1] / np.sqrt(len(points)) < WIDTH_MM:
        raise bad_treatment("points that spread over a surface", "points on or near one line")
    return middle, rows.T


def _along(space: Workspace, origin_lps_mm: FloatArray, axis_lps: FloatArray) -> FloatArray:
    """mm of every voxel center [k, j, i] from a point along a unit vector."""
    first = space.grid.to_patient((0, 0, 0))
    steps = (space.grid.to_patient(np.eye(3)) - first) @ axis_lps
    start = float((first - origin_lps_mm) @ axis_lps)
    k, j, i = (np.arange(n) * step for n, step in zip(space.liver.shape, steps, strict=True))
    return np.asarray((start + k)[:, None, None] + j[:, None] + i)
