"""Ways from a lesion to the capsule: which could be the access path of a wedge, the promising first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.distances import SURFACE_SHARE
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.volume import BoolArray

DIRECTIONS = 64
"""Spread evenly over the sphere; of each the nearest capsule point is looked at."""
SAMPLES = 4000
"""Liver around the lesion is sampled at about this many points."""


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Straight paths from the middle of a lesion to the capsule, that to the nearest point first.

    The others follow by what they seem to cost, as if the lesion were a ball.
    """

    paths_mm: FloatArray
    """Along k, j, i, shape (n, 3)."""
    spent_ml: FloatArray
    """Functional liver in the way; infinite where a major vessel seems to lie there."""
    deprived_ml: FloatArray
    """Functional liver that seems to lose its inflow."""


def nearest_way(space: Workspace, tumor_kji: npt.NDArray[np.int64]) -> FloatArray:
    """From the middle of the tumor to the nearest capsule point, mm along k, j, i."""
    middle = (tumor_kji * space.spacing).mean(axis=0)
    _, nearest = space.capsule.query(middle)
    return np.asarray(space.capsule.data[nearest] - middle)


def ways_out(
    space: Workspace, tumor_kji: npt.NDArray[np.int64], *, margin_mm: float, max_depth_mm: float
) -> Ways:
    """Paths of which at most ``max_depth_mm`` lie between the tumor's near surface and the capsule.

    The first is there whatever its depth.
    """
    points = tumor_kji * space.spacing
    middle = points.mean(axis=0)
    reach_mm = max_depth_mm + float(np.linalg.norm(points - middle, axis=1).max())
    first = nearest_way(space, tumor_kji)
    ends = _ends(space, middle, reach_mm) - middle
    ends = ends[_depth_mm(space, tumor_kji, middle, ends) <= max_depth_mm]
    paths = np.vstack([first, ends[np.linalg.norm(ends - first, axis=1) > 0.0]])
    radius = np.cbrt(3.0 * len(points) * space.grid.voxel_ml * 1000.0 / (4.0 * np.pi)) + margin_mm
    tubes = _Tubes(space, middle, paths, float(radius))
    spent, deprived = tubes.spent_ml(tumor_kji), tubes.deprived_ml()
    order = np.concatenate([[0], 1 + np.argsort((spent + deprived)[1:], kind="stable")])
    return Ways(paths_mm=paths[order], spent_ml=spent[order], deprived_ml=deprived[order])


def _ends(space: Workspace, middle: FloatArray, reach_mm: float) -> FloatArray:
    """The nearest capsule point in each direction, as far as there is one within ``reach_mm``."""
    found = space.capsule.data[space.capsule.query_ball_point(middle, reach_mm, return_sorted=True)]
    if not len(found):
        return np.empty((0, 3))
    away = found - middle
    length = np.linalg.norm(away, axis=1)
    toward = np.argmax((away / length[:, None]) @ _sphere().T, axis=1)
    order = np.lexsort((length.round(6), toward))
    return np.asarray(found[order[np.unique(toward[order], return_index=True)[1]]])


def _sphere() -> FloatArray:
    """Unit vectors on a spiral (Fibonacci lattice)."""
    n = np.arange(DIRECTIONS) + 0.5
    height = 1.0 - 2.0 * n / DIRECTIONS
    turn = np.pi * (1.0 + np.sqrt(5.0)) * n
    across = np.sqrt(1.0 - height**2)
    return np.column_stack([across * np.cos(turn), across * np.sin(turn), height])


def _depth_mm(
    space: Workspace, tumor_kji: npt.NDArray[np.int64], middle: FloatArray, paths: FloatArray
) -> FloatArray:
    """Length of each path outside of the tumor, from where it leaves it last to the liver's surface."""
    low = tumor_kji.min(axis=0) - 1
    mask = np.zeros(tuple((tumor_kji.max(axis=0) + 2 - low).tolist()), dtype=bool)
    mask[tuple((tumor_kji - low).T)] = True
    length = np.linalg.norm(paths, axis=1)
    step = 0.25 * float(space.spacing.min())
    along = np.arange(0.0, float(length.max(initial=0.0)) + step, step)
    at = (
        np.rint((middle + along[:, None, None] * (paths / length[:, None])) / space.spacing).astype(int) - low
    )
    held = ((at >= 0) & (at < mask.shape)).all(axis=2)
    inside = np.zeros(held.shape, dtype=bool)
    inside[held] = mask[tuple(at[held].T)]
    leaves = np.where(inside, along[:, None], 0.0).max(axis=0)
    # Capsule points are centers just outside: the surface runs about half a voxel before them.
    return np.asarray(length - leaves - SURFACE_SHARE * sum(space.grid.spacing_mm))


class _Tubes:
    """Everything within a radius of each of several paths from one point."""

    def __init__(self, space: Workspace, middle: FloatArray, paths: FloatArray, radius_mm: float) -> None:
        self._space, self._middle, self._paths, self._radius_mm = space, middle, paths, radius_mm
        low = middle + np.minimum(paths.min(axis=0), 0.0) - radius_mm
        high = middle + np.maximum(paths.max(axis=0), 0.0) + radius_mm
        self._start = np.maximum(np.floor(low / space.spacing), 0).astype(int)
        stop = np.minimum(np.ceil(high / space.spacing) + 1, space.grid.shape_kji).astype(int)
        k, j, i = (slice(int(a), int(b)) for a, b in zip(self._start, stop, strict=True))
        self._box = (k, j, i)

    def spent_ml(self, tumor_kji: npt.NDArray[np.int64]) -> FloatArray:
        """Functional liver in each; infinite with a major vessel outside of the tumor."""
        space = self._space
        functional = space.functional[self._box]
        stride = max(1, round(float(np.cbrt(functional.size / SAMPLES))))
        sampled = np.argwhere(functional[::stride, ::stride, ::stride]) * stride
        spent = np.count_nonzero(self._hold(sampled), axis=0) * (stride**3 * space.grid.voxel_ml)
        if space.major_vessels is None:
            return np.asarray(spent)
        vessels = space.major_vessels[self._box].copy()
        own = tumor_kji - self._start
        vessels[tuple(own[((own >= 0) & (own < vessels.shape)).all(axis=1)].T)] = False
        return np.where(self._hold(np.argwhere(vessels)).any(axis=0), np.inf, spent)

    def deprived_ml(self) -> FloatArray:
        """The largest territory behind any piece of a vessel that each cuts."""
        inflow = self._space.inflow
        deprived = np.zeros(len(self._paths))
        if inflow is None:
            return deprived
        at = np.argwhere(inflow.place[self._box] >= 0)
        piece = inflow.place[self._box][tuple(at.T)]
        order = np.argsort(piece, kind="stable")
        pieces, first = np.unique(piece[order], return_index=True)
        if pieces.size:
            held = np.add.reduceat(self._hold(at[order]).astype(np.int64), first, axis=0)
            cut = 2 * held >= inflow.sizes[pieces, None]
            deprived = np.where(cut, inflow.behind[pieces, None], 0).max(axis=0) * self._space.grid.voxel_ml
        return deprived

    def _hold(self, indices_kji: npt.NDArray[np.int64]) -> BoolArray:
        """Entry [p, w]: voxel p of the block lies in the tube of path w."""
        places = (indices_kji + self._start) * self._space.spacing - self._middle
        squares = (self._paths**2).sum(axis=1)
        along = places @ self._paths.T
        share = np.clip(along / squares, 0.0, 1.0)
        away = (places**2).sum(axis=1)[:, None] - 2.0 * share * along + share**2 * squares
        return np.asarray(away <= self._radius_mm**2)
