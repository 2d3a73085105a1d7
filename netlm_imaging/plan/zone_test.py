"""Whether a zone that came out otherwise covers a point: one product of matrices for all points and draws.

With y the point in half axes from the planned middle, t the zone's displacement in half axes and f its
size: |y - t|^2 <= f^2. The point gives (|y|^2, y, 1), the draw (1, -2 t, |t|^2 - f^2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.executed import ExecutedZone
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zones import EDGE
from netlm_imaging.volume import BoolArray

CHUNK = 40
"""Draws taken at once: so few that OpenBLAS does not start threads, which cost more than they bring."""
FAR = 1e9
"""Squared place of a point that the zone can never destroy."""

Single = npt.NDArray[np.float32]


def places_mm(space: Workspace, voxels: Voxels) -> FloatArray:
    """Centers of voxels, mm along k, j, i."""
    return np.asarray(np.stack(np.unravel_index(voxels, space.grid.shape_kji), axis=1) * space.spacing)


def point_terms(space: Workspace, zone: ExecutedZone, voxels: Voxels) -> Single:
    """What each point brings to the test, shape (points, 5)."""
    place = zone.placement
    unit = (places_mm(space, voxels) - place.center_mm) @ place.to_unit.T
    square = (unit**2).sum(axis=1)
    square[~zone.reachable(space, voxels, square)] = FAR
    return np.column_stack([square, unit, np.ones(voxels.size)]).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnZones:
    """All zones as they come out."""

    terms: Single
    """What each draw brings to the test, shape (zones, 5, draws)."""
    reach_mm: FloatArray
    """No point further than this from the planned middle is covered, shape (zones, draws)."""


def drawn_zones(zones: Sequence[ExecutedZone], factor: FloatArray, shift_mm: FloatArray) -> DrawnZones:
    """``factor`` (zones, draws) times the planned size, ``shift_mm`` (zones, draws, 3) beside the place."""
    draws = factor.shape[1]
    terms = [_draw_terms(zone, f, s) for zone, f, s in zip(zones, factor, shift_mm, strict=True)]
    half = np.array([zone.longest_half_mm for zone in zones]).reshape(-1, 1)
    return DrawnZones(
        terms=np.reshape(np.asarray(terms, dtype=np.float32), (len(zones), 5, draws)),
        reach_mm=factor * half * EDGE + np.linalg.norm(shift_mm, axis=2),
    )


def _draw_terms(zone: ExecutedZone, factor: FloatArray, shift_mm: FloatArray) -> FloatArray:
    """A point is covered where the product of its terms with these is not positive."""
    moved = shift_mm @ zone.placement.to_unit.T
    limit = (moved**2).sum(axis=1) - (factor * EDGE) ** 2
    return np.vstack([np.ones_like(factor), -2.0 * moved.T, limit])


def covers(points: Single, draws: Single) -> BoolArray:
    """Whether each point is covered in each draw, shape (points, draws)."""
    return np.asarray(product(points, draws) <= 0.0)


def product(first: Single, second: Single) -> Single:
    """The product of two finite matrices.

    OpenBLAS may raise floating-point flags from lanes that hold no data: not told.
    """
    with np.errstate(all="ignore"):
        return first @ second
