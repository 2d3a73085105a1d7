"""Contours of one plane that cannot be combined by even-odd: drawn twice, or across each other.

Even-odd is right for contours beside and inside each other. Where they cross, or one is drawn again a little
beside itself, it cuts out what was meant to be inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest.polygons import IntArray, Outlines, area_by_plane, crossings

SAME_MM = 0.05
"""Contours whose corners lie no further apart are one: text is rounded, programs convert."""
MOST_ALIKE = 20_000
"""Pairs of contours of one size at one place; drawings have a few."""
LARGEST_OVERLAP = 0.005
"""Of the area of all contours; neighbors that touch overlap by less."""
AT_ONCE = 1000
"""Lines across all contours of a plane."""
FULLEST = 0.9
"""Of a contour's area, that holes may take: beyond it, they are rather the same contour again."""


def without_repeats(contours: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
    """``contours`` (n, 3) without those that repeat an earlier one, from any corner on, in any direction.

    Raises InputError (CONTOURS_TOO_COMPLEX).
    """
    if len(contours) < 2:
        return tuple(contours)
    tree = cKDTree([np.concatenate([c.min(axis=0), c.max(axis=0)]) for c in contours])
    alike = (int(tree.count_neighbors(tree, SAME_MM, p=np.inf)) - len(contours)) // 2
    if alike > MOST_ALIKE:
        expected = f"at most {MOST_ALIKE} pairs of contours of one size at one place"
        raise InputError(Fault(code="CONTOURS_TOO_COMPLEX", expected=expected, found=str(alike)))
    repeats: set[int] = set()
    for earlier, later in sorted(tree.query_pairs(SAME_MM, p=np.inf)):
        if earlier not in repeats and _same(contours[earlier], contours[later]):
            repeats.add(later)
    return tuple(c for n, c in enumerate(contours) if n not in repeats)


def _same(one: FloatArray, other: FloatArray) -> bool:
    a, b = _closed_once(one), _closed_once(other)
    if len(a) != len(b):
        return False
    start = int(np.abs(b - a[0]).max(axis=1).argmin())
    around = np.arange(len(b))
    return any(bool(np.abs(a - b[(start + way * around) % len(b)]).max() <= SAME_MM) for way in (1, -1))


def _closed_once(points: FloatArray) -> FloatArray:
    """Without corners that repeat the one before; some programs repeat the first at the end."""
    kept = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1) > 1e-3
    return points[kept] if kept.any() else points[:1]


def overlap_fault(number: int, polygons: Sequence[tuple[int, FloatArray]]) -> Fault | None:
    """The fault of ROI ``number`` whose ``polygons`` (plane, corners as x, y) are no regions with holes."""
    planes = np.array([plane for plane, _ in polygons], dtype=np.intp)
    crowded = np.flatnonzero(np.bincount(planes)[planes] > 1).tolist()
    if not crowded:
        return None
    corners = [polygons[n][1] for n in crowded]
    plane = np.unique(planes[crowded], return_inverse=True)[1].astype(np.intp)
    together = Outlines.of(list(zip(plane.tolist(), corners, strict=True)))
    alone = Outlines.of(list(enumerate(corners)))
    areas = area_by_plane(alone, len(corners))
    outer, inner = _containing(together, plane, _points_inside(alone, len(corners)), areas)
    depth = np.bincount(inner, minlength=len(corners))
    # Beside and inside each other, contours add and cut out their whole area; half of what differs overlaps.
    expected = np.bincount(plane, weights=areas * (-1.0) ** depth)
    overlapping = float(np.abs(expected - area_by_plane(together, len(expected))).sum()) / 2
    if overlapping > LARGEST_OVERLAP * areas.sum():
        return _fault(number, f"{overlapping / areas.sum():.1%} of their area where they cross")
    child = depth[inner] == depth[outer] + 1
    holes = np.bincount(outer[child], weights=areas[inner[child]], minlength=len(corners))
    full = int((holes > FULLEST * areas).sum())
    if not full:
        return None
    return _fault(number, f"{full} with more than {FULLEST:.0%} of them cut out by contours inside")


def _points_inside(single: Outlines, count: int) -> FloatArray:
    """(count, 2): the middle of the widest part inside, halfway up each polygon; NaN where it has no area."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, single.plane, single.low[:, 1])
    np.maximum.at(high, single.plane, single.high[:, 1])
    found = np.full((count, 2), np.nan)
    some = np.flatnonzero(high > low)
    found[some, 1] = (low[some] + high[some]) / 2
    at, x, _ = crossings(single, found[some, 1], some)
    line, width, middle = at[::2], x[1::2] - x[::2], (x[1::2] + x[::2]) / 2
    order = np.argsort(width, kind="stable")
    # The last one written, the widest, stays.
    found[some[line[order]], 0] = middle[order]
    return found


def _containing(
    together: Outlines, planes: IntArray, points: FloatArray, areas: FloatArray
) -> tuple[IntArray, IntArray]:
    """Pairs of polygons of one plane: the larger one, around the point of the smaller one."""
    count = len(points)
    some = np.flatnonzero(np.isfinite(points[:, 0]))
    order = some[np.lexsort((points[some, 1], planes[some]))]
    rank = np.empty(count, dtype=np.intp)
    rank[np.argsort(areas, kind="stable")] = np.arange(count)
    found = [np.zeros(0, dtype=np.intp)]
    for start in range(0, len(order), AT_ONCE):
        part = order[start : start + AT_ONCE]
        at, x, owner = crossings(together, points[part, 1], planes[part])
        inner = part[at]
        left = (x < points[inner, 0]) & (rank[owner] > rank[inner])
        pairs, times = np.unique(owner[left] * count + inner[left], return_counts=True)
        found.append(pairs[times % 2 == 1])
    odd = np.concatenate(found)
    return odd // count, odd % count


def _fault(number: int, found: str) -> Fault:
    return Fault(
        code="CONTOURS_OVERLAP",
        expected="contours of one plane that lie beside each other or cut holes into each other",
        found=f"ROI {number}: {found}",
        remedy="Join contours that overlap, and delete those that are drawn twice",
    )
