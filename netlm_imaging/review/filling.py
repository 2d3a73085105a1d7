"""What lies between drawn slices: shapes blended by their signed distance (Raya and Udupa 1990, recalled)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import edt
import numpy as np
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.review.change import BACKGROUND, Change, Labels, bad_edit, filled
from netlm_imaging.review.edits import located
from netlm_imaging.volume import BoolArray


def filled_between(
    labels: Labels,
    grid: Grid,
    region: int,
    *,
    axis: int,
    replacing: Sequence[int] | None = BACKGROUND,
    where: BoolArray | None = None,
) -> Change:
    """``region`` in the empty slices between its drawn ones, along array axis 0, 1 or 2 (k, j, i).

    The distance to the outline (mm, positive inside) runs smoothly through the drawn slices; where two
    outlines in a row do not overlap, the shape moves from one to the other.
    ``where``: only there. Raises UsageError (BAD_EDIT): no such region, no empty slice in it.
    """
    if axis not in (0, 1, 2):
        raise bad_edit("axis 0, 1 or 2", f"{axis}")
    box, mask = located(labels, region)
    slices = np.moveaxis(mask, axis, 0)
    spacing = tuple(s for n, s in enumerate(grid.spacing_kji_mm) if n != axis)
    drawn = np.flatnonzero(slices.any(axis=(1, 2)))
    gaps = [(n, pair) for n, pair in enumerate(pairwise(drawn.tolist())) if pair[1] - pair[0] > 1]
    if not gaps:
        raise bad_edit(
            "empty slices between drawn ones",
            f"region {region} without a gap in this direction",
            remedy="Draw the region on slices farther apart, or fill in another direction",
        )
    signed = np.stack([_signed_distance_mm(slices[n], spacing) for n in drawn])
    # Linear blending would cut every round shape down; a monotone cubic bulges without overshooting.
    blended = PchipInterpolator(drawn, signed, axis=0)
    between = np.zeros(mask.shape, dtype=bool)
    along = np.moveaxis(between, axis, 0)
    for n, (first, last) in gaps:
        steps = np.arange(first + 1, last)
        if (slices[first] & slices[last]).any():
            along[steps] = blended(steps) > 0
        else:
            along[steps] = _moving(signed[n : n + 2], spacing, (steps - first) / (last - first))
    if where is not None:
        between &= where[box]
    return filled(labels, box, between, region, replacing=replacing)


def _moving(ends: FloatArray, spacing_mm: tuple[float, ...], shares: FloatArray) -> BoolArray:
    """One outline moves and turns into another, given by their signed distances; a slice for each share."""
    centers = [ndimage.center_of_mass(end > 0) for end in ends]
    move = np.subtract(centers[1], centers[0])
    # Beyond the block, which holds both outlines, lies their outside.
    beyond = -min(spacing_mm) / 2.0
    found = []
    for share in shares:
        first, last = (
            ndimage.shift(end, (share - n) * move, order=1, mode="grid-constant", cval=beyond)
            for n, end in enumerate(ends)
        )
        found.append((1.0 - share) * first + share * last > 0)
    return np.stack(found)


def _signed_distance_mm(shape: BoolArray, spacing_mm: tuple[float, ...]) -> FloatArray:
    """From the outline, half-way between voxels; positive inside. The edge of the block is no outline."""
    padded = np.pad(shape, 1)
    inside, outside = (edt.edt(part, anisotropy=spacing_mm) for part in (padded, ~padded))
    signed = np.asarray(inside - outside, dtype=np.float64)[1:-1, 1:-1]
    return signed - np.sign(signed) * min(spacing_mm) / 2.0
