"""The smallest ball around points: where the center of a zone must lie."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from netlm_imaging.geometry import FloatArray


def extreme_points(points: FloatArray) -> FloatArray:
    """Those of ``points`` (n, 3) that can touch a ball around all of them: the corners of their hull."""
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:  # fewer than four points, or all in one plane
        return points


def smallest_ball(points: FloatArray) -> tuple[FloatArray, float]:
    """Center and radius of the smallest ball around ``points`` (n, 3).

    Exact but for rounding: the ball is held by at most four points; each round lets in the farthest
    point outside, and the radius grows in every round, so the search ends. A round in which it does
    not grow is rounding (many points on one sphere, as on a voxel lattice) and ends it too.
    """
    support = points[:1]
    center, radius = points[0], 0.0
    while True:
        distance = np.linalg.norm(points - center, axis=1)
        farthest = int(np.argmax(distance))
        if distance[farthest] <= radius * (1.0 + 1e-9) + 1e-12:
            return center, float(distance[farthest])
        support = np.vstack([support, points[farthest]])
        held = [_ball_through(support[list(chosen)]) for chosen in _subsets(len(support))]
        enclosing = [n for n, ball in enumerate(held) if _holds(ball, support)]
        best = min(enclosing, key=lambda n: held[n][1])
        if held[best][1] <= radius:
            return center, float(distance[farthest])
        center, radius = held[best]
        support = support[list(_subsets(len(support))[best])]


def _subsets(count: int) -> list[tuple[int, ...]]:
    return [chosen for size in range(1, 5) for chosen in combinations(range(count), size)]


def _ball_through(points: FloatArray) -> tuple[FloatArray, float]:
    """The smallest ball with all of at most four points on its surface."""
    edges = points[1:] - points[0]
    offset = (
        np.linalg.lstsq(2.0 * edges, (edges**2).sum(axis=1), rcond=None)[0] if len(edges) else np.zeros(3)
    )
    return points[0] + offset, float(np.linalg.norm(offset))


def _holds(ball: tuple[FloatArray, float], points: FloatArray) -> bool:
    center, radius = ball
    return bool((np.linalg.norm(points - center, axis=1) <= radius * (1.0 + 1e-9) + 1e-9).all())
