"""Merge, delete, re-label and brush: edits that need no image. Each gives a Change, and does not make it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, FloatArray, Grid
from netlm_imaging.review.change import BACKGROUND, Change, Labels, bad_edit, filled
from netlm_imaging.volume import BoolArray


def next_label(labels: Labels, *, used: Sequence[int] = ()) -> int:
    """The label of a new region: one more than all there are and all that ``used`` names.

    ``used``: labels of regions that are gone. A number never comes back for another lesion.
    """
    return max(int(labels.max(initial=0)), *used, 0) + 1


def merged(labels: Labels, regions: Sequence[int], *, into: int) -> Change:
    """All ``regions`` become ``into``, one of them.

    Raises UsageError (BAD_EDIT) for fewer than two, and for one that is not there.
    """
    if into not in regions or len(set(regions)) < 2:
        remedy = "Select several in the list, with Ctrl or Shift"
        raise bad_edit("two regions or more, and one of them to keep", f"{len(set(regions))}", remedy=remedy)
    return Change.joined([_renamed(labels, region, into) for region in sorted(set(regions) - {into})])


def deleted(labels: Labels, region: int) -> Change:
    """``region`` becomes background. Raises UsageError (BAD_EDIT) where it is not there."""
    return _renamed(labels, region, 0)


def relabeled(labels: Labels, region: int, *, to: int) -> Change:
    """``region`` under another number. Raises UsageError (BAD_EDIT) where ``to`` is taken, or no number."""
    if to < 1:
        raise bad_edit("a number from 1 on", f"{to}")
    if to != region and (labels == to).any():
        raise bad_edit(
            "a free number", f"{to}, which is another region", remedy="Merge the two, or choose another"
        )
    return _renamed(labels, region, to)


def brushed(
    labels: Labels,
    grid: Grid,
    centers_kji: npt.ArrayLike,
    *,
    radius_mm: float,
    label: int,
    replacing: Sequence[int] | None = BACKGROUND,
    plane_axis: int | None = None,
    where: Callable[[Box], BoolArray] | None = None,
) -> Change:
    """``label`` in balls around ``centers_kji``, shape (n, 3), of a brush stroke.

    A ball is round in mm whatever the spacing. ``plane_axis``: a disk in the plane across this array axis
    instead. ``where``: of a box, the voxels that may be painted. ``label`` 0 erases. Raises UsageError
    (BAD_EDIT).
    """
    parts = []
    for center in np.atleast_2d(np.asarray(centers_kji, dtype=np.float64)):
        box, distance = around(grid, center, radius_mm, plane_axis=plane_axis)
        inside = distance <= radius_mm
        parts.append(
            filled(labels, box, inside if where is None else inside & where(box), label, replacing=replacing)
        )
    return Change.joined(parts)


def around(
    grid: Grid, center_kji: npt.ArrayLike, radius_mm: float, *, plane_axis: int | None = None
) -> tuple[Box, FloatArray]:
    """The box that holds a ball (or disk), and the distance in mm of its voxels from the center.

    Raises UsageError (BAD_EDIT) for a center outside the grid and a radius that is not above 0.
    """
    center = np.asarray(center_kji, dtype=np.float64)
    shape, spacing = np.asarray(grid.shape_kji), np.asarray(grid.spacing_kji_mm)
    if not (np.isfinite(center).all() and (center > -0.5).all() and (center < shape - 0.5).all()):
        raise bad_edit("a point inside the image", "one outside", remedy="Click inside the image")
    if not 0.0 < radius_mm < np.inf:
        raise bad_edit("a radius above 0 mm", f"{radius_mm:g} mm")
    reach = radius_mm / spacing
    if plane_axis is not None:
        center[plane_axis], reach[plane_axis] = np.rint(center[plane_axis]), 0.0
    low = np.maximum(np.ceil(center - reach), 0).astype(int)
    high = np.minimum(np.floor(center + reach), shape - 1).astype(int)
    # A brush smaller than a voxel still paints the one that it is on.
    nearest = np.rint(center).astype(int)
    low, high = np.minimum(low, nearest), np.maximum(high, nearest)
    k, j, i = (slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    axes = [(np.arange(a, b + 1) - c) * s for a, b, c, s in zip(low, high, center, spacing, strict=True)]
    distance = np.sqrt(sum(np.square(axis) for axis in np.ix_(*axes)))
    distance[tuple(nearest - low)] = 0.0
    return (k, j, i), np.asarray(distance)


def _renamed(labels: Labels, region: int, to: int) -> Change:
    box, mask = located(labels, region)
    return filled(labels, box, mask, to, replacing=None)


def located(labels: Labels, region: int) -> tuple[Box, BoolArray]:
    """The box of ``region`` and its voxels there. Raises UsageError (BAD_EDIT) where it is not there."""
    mask = labels == region
    hit = [np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    if region < 1 or not hit[0].size:
        raise bad_edit(
            "a region of the mask", f"{region}, which is not there", remedy="Choose one of the list"
        )
    k, j, i = (slice(int(axis[0]), int(axis[-1]) + 1) for axis in hit)
    return (k, j, i), mask[k, j, i]
