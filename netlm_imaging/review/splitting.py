"""One region becomes several: its loose pieces, the lobes around clicks, or the two sides of a plane."""

from __future__ import annotations

from collections.abc import Sequence

import cc3d
import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import watershed

from netlm_imaging.geometry import Box, Grid
from netlm_imaging.review.change import Change, Labels, bad_edit, filled
from netlm_imaging.review.edits import located, next_label
from netlm_imaging.volume import BoolArray


def split_pieces(labels: Labels, region: int, *, used: Sequence[int] = ()) -> Change:
    """Each 26-connected piece of ``region`` for itself; the largest keeps the number.

    Raises UsageError (BAD_EDIT) where it is in one piece.
    """
    box, mask = located(labels, region)
    pieces, count = cc3d.connected_components(mask, connectivity=26, return_N=True)
    if count < 2:
        raise bad_edit(
            "a region in several pieces", f"region {region} in one", remedy="Split it by clicks or a plane"
        )
    order = np.argsort(-np.bincount(pieces.ravel())[1:], kind="stable") + 1
    parts = [pieces == piece for piece in order[1:]]
    return _parted(labels, region, box, parts, used)


def split_at(
    labels: Labels, grid: Grid, region: int, points_kji: npt.ArrayLike, *, used: Sequence[int] = ()
) -> Change:
    """One part around each of ``points_kji``, shape (n, 3): cut at the necks (watershed of the depth in mm).

    The part of the first point keeps the number, with loose pieces that have no point. A point beside the
    region stands for the nearest of its voxels. Raises UsageError (BAD_EDIT) for fewer than two points, and
    for two on one voxel.
    """
    points = np.atleast_2d(np.asarray(points_kji, dtype=np.float64))
    box, mask = located(labels, region)
    spacing = np.asarray(grid.spacing_kji_mm)
    start = np.array([s.start for s in box])
    voxels = np.argwhere(mask)
    away = np.stack([np.linalg.norm((voxels + start - point) * spacing, axis=1) for point in points])
    clicked = away.argmin(axis=1)
    if len(set(clicked.tolist())) < max(2, len(points)):
        raise bad_edit("two or more points in different places", f"{len(set(clicked.tolist()))}")
    depth = edt.edt(np.pad(mask, 1), anisotropy=grid.spacing_kji_mm)[1:-1, 1:-1, 1:-1]
    # The largest ball around each point is its own, halfway to the next one: two points in one round
    # lobe, where the depth tells no neck, part it in the middle.
    nearest = away.argmin(axis=0)
    inside = away.min(axis=0) <= depth[mask][clicked[nearest]]
    seeds = np.zeros(mask.shape, dtype=np.int32)
    seeds[mask] = np.where(inside, nearest + 1, 0)
    basins = watershed(-depth, seeds, mask=mask, connectivity=ndimage.generate_binary_structure(3, 3))
    parts = [basins == n for n in range(2, len(points) + 1)]
    return _parted(labels, region, box, parts, used)


def split_by_plane(
    labels: Labels,
    grid: Grid,
    region: int,
    *,
    point_kji: npt.ArrayLike,
    normal_kji_mm: npt.ArrayLike,
    used: Sequence[int] = (),
) -> Change:
    """What lies beyond a plane becomes a region of its own.

    ``normal_kji_mm``: its normal along k, j, i in mm, which points to the part that gets the new number.
    Raises UsageError (BAD_EDIT) for a normal without direction and a plane that misses the region.
    """
    normal = np.asarray(normal_kji_mm, dtype=np.float64)
    if not (np.isfinite(normal).all() and normal.any()):
        raise bad_edit("a plane with a direction", "two points at one place")
    box, mask = located(labels, region)
    offset = np.argwhere(mask) + [s.start for s in box] - np.asarray(point_kji, dtype=np.float64)
    beyond = np.zeros(mask.shape, dtype=bool)
    beyond[mask] = (offset * grid.spacing_kji_mm) @ normal > 0
    if not beyond.any() or (beyond == mask).all():
        raise bad_edit(f"a plane through region {region}", "one beside it")
    return _parted(labels, region, box, [beyond], used)


def _parted(labels: Labels, region: int, box: Box, parts: Sequence[BoolArray], used: Sequence[int]) -> Change:
    first = next_label(labels, used=used)
    changes = [filled(labels, box, part, first + n, replacing=(region,)) for n, part in enumerate(parts)]
    return Change.joined(changes)
