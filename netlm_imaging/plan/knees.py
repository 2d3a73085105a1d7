"""Where a frontier bends: up to there tumor is cheap, beyond it every milliliter costs far more liver."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BEND = 2.0
"""At a knee the next tumor costs at least so many times the liver that the last did (ours)."""
MOST_KNEES = 3


def knees(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """The places in ``points`` (liver lost, tumor cleared; any order) of the sharpest bends, ascending.

    A bend is a corner of the curve's upper hull at which the price of tumor in liver rises by ``BEND``
    or more; the first and the last point are none.
    """
    hull = _upper_hull(points)
    prices = [_price(points[a], points[b]) for a, b in pairwise(hull)]
    bends = [
        (round(after / before, 9) if before > 0.0 else float("inf"), place)
        for (before, after), place in zip(pairwise(prices), hull[1:-1], strict=True)
    ]
    sharp = sorted((bend for bend in bends if bend[0] >= BEND), key=lambda bend: (-bend[0], bend[1]))
    return tuple(sorted(place for _, place in sharp[:MOST_KNEES]))


def _price(lower: tuple[float, float], upper: tuple[float, float]) -> float:
    return (upper[0] - lower[0]) / (upper[1] - lower[1])


def _upper_hull(points: Sequence[tuple[float, float]]) -> list[int]:
    """Places of its corners by rising liver lost; every one clears more than the one before."""
    hull: list[int] = []
    for place in sorted(range(len(points)), key=lambda n: (points[n][0], -points[n][1])):
        if hull and points[place][1] <= points[hull[-1]][1]:
            continue
        while len(hull) > 1 and _price(points[hull[-1]], points[place]) <= _price(
            points[hull[-2]], points[hull[-1]]
        ):
            hull.pop()
        hull.append(place)
    return hull
