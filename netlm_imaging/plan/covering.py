"""The smallest ball around points: where the center of a zone must lie."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import dist, hypot

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from netlm_imaging.geometry import FloatArray

Triple = tuple[float, float, float]


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
    # A long chord to begin with saves rounds.
    start = points[int(np.argmax(np.linalg.norm(points - points[0], axis=1)))]
    end = points[int(np.argmax(np.linalg.norm(points - start, axis=1)))]
    support = np.stack([start, end])
    center, radius = (start + end) / 2.0, float(np.linalg.norm(end - start)) / 2.0
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


def _ball_touching_first(support: FloatArray) -> tuple[FloatArray, float, list[int]] | None:
    """The smallest ball around at most five points that touches the first: center, radius, the touching.

    Plain numbers: for so few points, arrays take several times as long.
    """
    edges: list[Triple] = [(x, y, z) for x, y, z in (support[1:] - support[0]).tolist()]
    best: tuple[Triple, float, list[int]] | None = None
    for size in (1, 2, 3):
        for chosen in combinations(range(len(edges)), size):
            offset = _center_from_first([edges[n] for n in chosen])
            if offset is None or (best is not None and hypot(*offset) >= best[1]):
                continue
            radius = hypot(*offset)
            if all(dist(offset, edge) <= radius * (1.0 + 1e-9) + 1e-9 for edge in edges):
                best = offset, radius, [0, *(n + 1 for n in chosen)]
    return None if best is None else (support[0] + best[0], best[1], best[2])


def _center_from_first(edges: Sequence[Triple]) -> Triple | None:
    """Center of the smallest ball through 0 and one to three ``edges``; None where they span none."""
    a, b, c = (edges[n % len(edges)] for n in range(3))
    if len(edges) == 1:
        return a[0] / 2.0, a[1] / 2.0, a[2] / 2.0
    normal = _cross(a, b)
    parts = [(_dot(a, a), _cross(b, normal)), (_dot(b, b), _cross(normal, a))]
    twice = 2.0 * _dot(normal, normal)
    if len(edges) == 3:
        parts = [(_dot(a, a), _cross(b, c)), (_dot(b, b), _cross(c, a)), (_dot(c, c), normal)]
        twice = 2.0 * _dot(c, normal)
    if twice == 0.0:
        return None
    x, y, z = (sum(square * along[n] for square, along in parts) / twice for n in range(3))
    return x, y, z


def _cross(a: Triple, b: Triple) -> Triple:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a: Triple, b: Triple) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
