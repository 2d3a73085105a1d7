"""Closed polygons in parallel planes by the even-odd rule: their area, and the lattice points inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray

ON_CENTER = 2e-3
"""Voxels. Contours often run through voxel centers: a shift beyond their rounding decides all alike."""
LARGEST_CROSSINGS = 5_000_000
"""Sides times the lines that cross them; real contours stay far below, memory stays under 300 MB."""
AREA_LINES = 1024
"""Lines a plane from which area is computed; polygons with fewer corners get exact ones."""
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The sides of all polygons of a region, sorted by its planes (numbered from 0)."""

    low: FloatArray
    """(n, 2): x, y of the end with the smaller y, in mm or voxels."""
    high: FloatArray
    plane: IntArray
    polygon: IntArray
    """Which of the polygons each side belongs to."""

    @classmethod
    def of(cls, polygons: Sequence[tuple[int, FloatArray]]) -> Self:
        """From (plane, corners (n, 2) as x, y); the last corner is joined to the first."""
        if not polygons:
            return cls(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.intp), np.zeros(0, np.intp))
        start = np.concatenate([corners for _, corners in polygons])
        end = np.concatenate([np.roll(corners, -1, axis=0) for _, corners in polygons])
        polygon = np.repeat(np.arange(len(polygons)), [len(corners) for _, corners in polygons])
        plane = np.array([n for n, _ in polygons], dtype=np.intp)[polygon]
        order = np.argsort(plane, kind="stable")
        start, end, plane, polygon = start[order], end[order], plane[order], polygon[order]
        # One order for both ways along a side: the two sides of a keyhole's channel then cancel exactly.
        swap = (end[:, 1] < start[:, 1])[:, None]
        low, high = np.where(swap, end, start), np.where(swap, start, end)
        level = low[:, 1] == high[:, 1]
        return cls(low[~level], high[~level], plane[~level], polygon[~level])

    def scaled(self, origin: FloatArray, step: FloatArray) -> Self:
        """The same in lattice steps (x, y) from ``origin`` (x, y)."""
        return replace(self, low=(self.low - origin) / step, high=(self.high - origin) / step)

    def sides_of(self, plane: int) -> slice:
        """Where the sides of a plane lie."""
        start, stop = np.searchsorted(self.plane, (plane, plane + 1))
        return slice(int(start), int(stop))


def area_by_plane(outlines: Outlines, planes: int) -> FloatArray:
    """mm2 inside in each plane: exact, unless a plane has more than AREA_LINES corners or crossing sides."""
    lines, widths, line_plane = [], [], []
    for n in range(planes):
        mine = outlines.sides_of(n)
        levels = np.unique(np.concatenate([outlines.low[mine, 1], outlines.high[mine, 1]]))
        if levels.size > AREA_LINES:
            levels = np.linspace(levels[0], levels[-1], AREA_LINES + 1)
        # Between two neighboring corners the length inside is linear in y: the middle line gives the area.
        lines.append((levels[1:] + levels[:-1]) / 2)
        widths.append(np.diff(levels))
        line_plane.append(np.full(len(lines[-1]), n))
    belongs = np.concatenate(line_plane)
    at, x, _ = crossings(outlines, np.concatenate(lines), belongs)
    line = at[::2]
    strips = (x[1::2] - x[::2]) * np.concatenate(widths)[line]
    return np.asarray(np.bincount(belongs[line], weights=strips, minlength=planes), dtype=np.float64)


def points_by_plane(outlines: Outlines, planes: int) -> IntArray:
    """Lattice points inside in each plane; ``outlines`` in lattice steps."""
    rows, at, columns = _runs(outlines, planes)
    inside = columns[1::2] - columns[::2]
    return np.bincount(rows[at[::2]][:, 0], weights=inside, minlength=planes).astype(np.intp)


def filled(outlines: Outlines, planes: int) -> Iterator[tuple[int, slice, slice, npt.NDArray[np.bool_]]]:
    """(plane, its rows, its columns, True for the points inside among those) of each plane that holds one.

    ``outlines`` in lattice steps from the center of voxel [0, 0].
    """
    rows, at, columns = _runs(outlines, planes)
    if not at.size:
        return
    plane, row = rows[at].T
    bounds = np.searchsorted(plane, np.arange(planes + 1))
    for n in range(planes):
        part = slice(int(bounds[n]), int(bounds[n + 1]))
        if part.start == part.stop:
            continue
        top, left = int(row[part].min()), int(columns[part].min())
        flips = np.zeros(
            (int(row[part].max()) - top + 1, int(columns[part].max()) - left + 1), dtype=np.uint8
        )
        np.bitwise_xor.at(flips, (row[part] - top, columns[part] - left), 1)
        inside = np.bitwise_xor.accumulate(flips, axis=1)[:, :-1].view(np.bool_)
        height, width = inside.shape
        yield n, slice(top, top + height), slice(left, left + width), inside


def _runs(outlines: Outlines, planes: int) -> tuple[IntArray, IntArray, IntArray]:
    """Lattice rows as (plane, row), the row index of each crossing, and the column from which it counts."""
    rows = _rows(outlines, planes)
    at, x, _ = crossings(outlines, rows[:, 1].astype(np.float64) + ON_CENTER, rows[:, 0])
    return rows, at, np.ceil(x - ON_CENTER).astype(np.intp)


def _rows(outlines: Outlines, planes: int) -> IntArray:
    rows = [np.zeros((0, 2), np.intp)]
    for n in range(planes):
        mine = outlines.sides_of(n)
        if mine.stop > mine.start:
            first = int(np.floor(outlines.low[mine, 1].min()))
            numbers = np.arange(first, int(np.ceil(outlines.high[mine, 1].max())) + 1)
            rows.append(np.stack([np.full_like(numbers, n), numbers], axis=1))
    return np.concatenate(rows)


def crossings(
    outlines: Outlines, lines: FloatArray, plane: IntArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """Where sides cross the lines y = ``lines`` of their plane: line and x, sorted, and the side's polygon.

    Even in number a line. ``lines`` ascend within each plane, planes ascend. A side counts from its lower
    end on, without its upper.
    """
    if not lines.size or not outlines.plane.size:
        return np.zeros(0, np.intp), np.zeros(0), np.zeros(0, np.intp)
    bottom = min(float(outlines.low[:, 1].min()), float(lines.min()))
    top = max(float(outlines.high[:, 1].max()), float(lines.max()))
    # Planes one above the other: a single search serves all of them.
    height = top - bottom + 1.0
    keys = plane * height + (lines - bottom)
    base = outlines.plane * height - bottom
    first = np.searchsorted(keys, base + outlines.low[:, 1])
    counts = np.searchsorted(keys, base + outlines.high[:, 1]) - first
    total = int(counts.sum())
    if total > LARGEST_CROSSINGS:
        raise InputError(
            Fault(
                code="CONTOURS_TOO_COMPLEX",
                expected=f"contours that cross at most {LARGEST_CROSSINGS} lattice rows",
                found=str(total),
            )
        )
    side = np.repeat(np.arange(len(counts)), counts)
    line = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(total)
    low, high = outlines.low[side], outlines.high[side]
    x = low[:, 0] + (high[:, 0] - low[:, 0]) * ((lines[line] - low[:, 1]) / (high[:, 1] - low[:, 1]))
    order = np.lexsort((x, line))
    return line[order].astype(np.intp), x[order], outlines.polygon[side[order]]
