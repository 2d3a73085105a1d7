"""The smallest ball around points: where the center of a zone must lie."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError

from netlm_imaging.geometry import FloatArray


def extreme_points(points: FloatArray) -> FloatArray:
    """Those of ``points`` (n, 3) that can touch a ball around all of them: the corners of their hull.

    Quicker for voxel centers in C order: within a row, only its ends are looked at.
    """
    row, along = points[:, :-1], points[:, -1]
    inner = np.zeros(len(points), dtype=bool)
    inner[1:-1] = (row[1:-1] == row[:-2]).all(axis=1) & (row[1:-1] == row[2:]).all(axis=1)
    inner[1:-1] &= (along[1:-1] > along[:-2]) & (along[1:-1] < along[2:])
    points = points[~inner]
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:  # fewer than four points, or all in one plane
        return points


def smallest_ball(points: FloatArray) -> tuple[FloatArray, float]:
    """Center and radius of the smallest ball around ``points`` (n, 3).

    Exact but for rounding: the ball is held by at most four points; each round lets in the farthest
    point outside, which the next ball then touches, and the radius grows in every round, so the search
    ends. A round in which it does not grow is rounding (many points on one sphere, as on a voxel
    lattice) and ends it too.
    """
    support = points[:1]
    center, radius = points[0], 0.0
    while True:
        distance = np.linalg.norm(points - center, axis=1)
        farthest = int(np.argmax(distance))
        if distance[farthest] <= radius * (1.0 + 1e-9) + 1e-12:
            return center, float(distance[farthest])
        support = np.vstack([points[farthest], support])
        grown = _ball_touching_first(support)
        if grown is None or grown[1] <= radius:
            return center, float(distance[farthest])
        center, radius, held_by = grown
        support = support[held_by]


def _ball_touching_first(
    support: FloatArray,
) -> tuple[FloatArray, float, npt.NDArray[np.int64]] | None:
    """The smallest ball around at most five points that touches the first: center, radius, the touching."""
    best: tuple[FloatArray, float, npt.NDArray[np.int64]] | None = None
    for chosen in _others(len(support)):
        offsets = _centers_from_first(support[chosen] - support[0])
        radii = np.sqrt((offsets**2).sum(axis=1))
        apart = support - (support[0] + offsets)[:, None]
        reach = np.sqrt((apart**2).sum(axis=2).max(axis=1))
        holds = reach <= radii * (1.0 + 1e-9) + 1e-9  # never true of points that span no ball (NaN)
        if holds.any():
            n = int(np.argmin(np.where(holds, radii, np.inf)))
            if best is None or radii[n] < best[1]:
                best = support[0] + offsets[n], float(radii[n]), np.append(0, chosen[n])
    return best


def _centers_from_first(edges: FloatArray) -> FloatArray:
    """Centers of the smallest balls through the first point and those at ``edges`` (n, 1 to 3, 3) from it."""
    half = 0.5 * (edges**2).sum(axis=2, keepdims=True)
    a, b, c = (edges[:, n % edges.shape[1]] for n in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        if edges.shape[1] == 1:
            return a / 2.0
        normal = _cross(a, b)
        if edges.shape[1] == 2:
            beside = half[:, 0] * _cross(b, normal) + half[:, 1] * _cross(normal, a)
            return np.asarray(beside / (normal**2).sum(axis=1, keepdims=True))
        sides = half[:, 0] * _cross(b, c) + half[:, 1] * _cross(c, a) + half[:, 2] * normal
        return np.asarray(sides / (c * normal).sum(axis=1, keepdims=True))


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """As ``numpy.cross``, which takes several times as long for so few rows."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


@cache
def _others(count: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Choices of one to three of the points 1 .. count - 1, as one array for each number chosen."""
    sizes = range(1, min(count, 4))
    return tuple(np.array(list(combinations(range(1, count), size)), dtype=np.int64) for size in sizes)
