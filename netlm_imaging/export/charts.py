"""Where the marks of the report's charts lie; the template draws them as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from netlm_imaging.plan.records import FrontierPoint, Plan

LABEL_BELOW, LINE = 17.0, 15.0
"""Picture units from a mark down to its words, and from line to line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A linear scale from values to picture units, with round tick values."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of ``value``, held within the axis."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    @property
    def ticks(self) -> list[float]:
        """Four to eight round values."""
        raw = (self.high - self.low) / 6
        unit = 10.0 ** math.floor(math.log10(raw))
        step = next(unit * n for n in (1, 2, 5, 10) if unit * n >= raw)
        first = math.ceil(self.low / step - 1e-9)
        return [round(n * step, 6) for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Debulking (up) against the remnant (to the right)."""

    x: Axis
    y: Axis
    points: tuple[FrontierPoint, ...]
    """By rising remnant."""
    path: str
    """SVG path of the staircase: with at least that remnant no more can be cleared."""
    knees: tuple[tuple[FrontierPoint, float], ...]
    """Each with the height of its words, far enough below those of the one before."""


def frontier_chart(points: Sequence[FrontierPoint], plan: Plan) -> Frontier | None:
    """The chart of the frontier; None when there is no curve to draw."""
    if len(points) < 2:
        return None
    ordered = tuple(sorted(points, key=lambda p: (p.flr_percent, -p.debulking_percent)))
    lowest = min(ordered[0].flr_percent, plan.flr_percent)
    x = Axis(low=math.floor(min(lowest, 95) / 5) * 5, high=100.0, start=52, end=620)
    y = Axis(low=0.0, high=100.0, start=226, end=14)
    first, *rest = ordered
    path = f"M{x.at(first.flr_percent)} {y.at(first.debulking_percent)}"
    path += "".join(f"H{x.at(p.flr_percent)}V{y.at(p.debulking_percent)}" for p in rest)
    return Frontier(x=x, y=y, points=ordered, path=path, knees=_knees(ordered, y))


def _knees(points: Sequence[FrontierPoint], y: Axis) -> tuple[tuple[FrontierPoint, float], ...]:
    found: list[tuple[FrontierPoint, float]] = []
    for point in points:
        if point.knee:
            height = y.at(point.debulking_percent) + LABEL_BELOW
            found.append((point, max(height, found[-1][1] + LINE) if found else height))
    return tuple(found)
