"""Lesions that a liver mask leaves out as holes or notches, as many public label sets draw them."""

from __future__ import annotations

from typing import Any

import cc3d
import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box
from netlm_imaging.lesions.regions import densified, enclosed
from netlm_imaging.volume import BoolArray, LabelMap, Mask, bounding_box

LEFT_OUT_SHARE = 0.5
"""A lesion was left out when the liver mask holds less than this share of it (ours). A lesion of
which more is inside was drawn into the liver, and what sticks out of it is not liver."""
LIVER_CONTACT_SHARE = 0.5
"""A left-out lesion belongs to the liver when liver borders at least this share of its surface
(ours): a notch in the liver is bordered by it on most sides, a neighboring mass on few."""


def left_out_of_liver(liver: Mask, lesions: LabelMap) -> BoolArray:
    """Lesion voxels, shape of the grid, that are liver although the liver mask leaves them out.

    Two rules, in order. A lesion voxel in a hole of the liver mask (no way out through voxel faces)
    is liver. A lesion of which more than half lies outside is liver when at least half of its
    surface borders liver; lesions left out side by side are judged together.
    """
    added = np.zeros(liver.grid.shape_kji, dtype=bool)
    missing = (lesions.array > 0) & ~liver.array
    if missing.any():
        box = bounding_box(liver.array | missing, liver.grid)
        in_holes = enclosed(liver.array[box]) & missing[box]
        organ = liver.array[box] | in_holes
        added[box] = in_holes | _notches(organ, lesions.array[box], liver.grid.spacing_kji_mm)
    return added


def _notches(
    liver: BoolArray, lesions: npt.NDArray[Any], spacing_kji_mm: tuple[float, float, float]
) -> BoolArray:
    values, dense = densified(lesions)
    size = np.bincount(dense.ravel(), minlength=values.size + 1)
    outside = np.bincount(dense[~liver], minlength=values.size + 1)
    left_out = outside > LEFT_OUT_SHARE * size
    left_out[0] = False
    pieces, count = cc3d.connected_components(left_out[dense] & ~liver, connectivity=26, return_N=True)
    share = _contact_share(pieces, count, liver, spacing_kji_mm)
    belongs = share >= LIVER_CONTACT_SHARE
    belongs[0] = False
    return np.asarray(belongs[pieces])


def _contact_share(
    pieces: npt.NDArray[Any], count: int, liver: BoolArray, spacing_kji_mm: tuple[float, float, float]
) -> npt.NDArray[np.float64]:
    """Share of each piece's surface (voxel faces, by area) that borders liver; index 0 is unused."""
    padded, organ = np.pad(pieces, 1), np.pad(liver, 1)
    surface = np.zeros(count + 1)
    touching = np.zeros(count + 1)
    for axis, spacing in enumerate(spacing_kji_mm):
        face_mm2 = float(np.prod(spacing_kji_mm)) / spacing
        for here, there in _neighbors(axis):
            exposed = (padded[here] > 0) & (padded[there] == 0)
            owner = padded[here]
            surface += face_mm2 * np.bincount(owner[exposed], minlength=count + 1)
            touching += face_mm2 * np.bincount(owner[exposed & organ[there]], minlength=count + 1)
    return np.asarray(touching / np.maximum(surface, np.finfo(float).tiny))


def _neighbors(axis: int) -> tuple[tuple[Box, Box], tuple[Box, Box]]:
    """Views of an array and of itself one step along ``axis``, forwards and backwards."""
    first, last = [slice(None)] * 3, [slice(None)] * 3
    first[axis], last[axis] = slice(None, -1), slice(1, None)
    one, other = (first[0], first[1], first[2]), (last[0], last[1], last[2])
    return ((one, other), (other, one))
