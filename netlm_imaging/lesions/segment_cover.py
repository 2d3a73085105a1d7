"""Couinaud labels cut to the liver and completed where lesions were left out of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from netlm_imaging.errors import Notice
from netlm_imaging.volume import BoolArray, LabelMap, Mask

FULL_COVER_SHARE = 0.9
"""A segment map that labels less than this share of the tumor-free liver is reported (ours)."""


def cover_lesions(
    segments: LabelMap | None, *, liver: Mask, lesions: LabelMap
) -> tuple[LabelMap | None, list[Notice]]:
    """Segments (uint8) inside the liver; lesion voxels without a segment take the nearest one's label.

    Nearest is by true distance on the anisotropic grid. Tumor-free liver without a label stays so.
    """
    if segments is None:
        return None, []
    labels = np.where(liver.array, segments.array, 0).astype(np.uint8)
    tumor = lesions.array > 0
    share = _covered_share(labels, liver.array & ~tumor)
    if labels.any():
        box = liver.bounding_box()
        labels[box] = _nearest(labels[box], (tumor & (labels == 0))[box], liver.grid.spacing_kji_mm)
    whole = LabelMap(labels, liver.grid)
    if share >= FULL_COVER_SHARE:
        return whole, []
    message = (
        f"The segments cover {100 * share:.0f} % of the tumor-free liver; the rest belongs to no segment, "
        "and anatomical resections leave it in place."
    )
    return whole, [Notice(code="SEGMENTS_INCOMPLETE", message=message, where="segments")]


def _covered_share(labels: npt.NDArray[np.uint8], parenchyma: BoolArray) -> float:
    total = int(np.count_nonzero(parenchyma))
    return int(np.count_nonzero(labels[parenchyma])) / total if total else 1.0


def _nearest(
    labels: npt.NDArray[np.uint8], wanted: BoolArray, spacing_kji_mm: tuple[float, float, float]
) -> npt.NDArray[np.uint8]:
    if not wanted.any():
        return labels
    # The labeled voxel nearest to an unlabeled one always has an unlabeled face neighbor.
    rim = np.argwhere((labels > 0) & ndimage.binary_dilation(labels == 0))
    _, nearest = cKDTree(rim * spacing_kji_mm).query(np.argwhere(wanted) * spacing_kji_mm)
    filled = labels.copy()
    filled[wanted] = labels[tuple(rim[nearest].T)]
    return filled
