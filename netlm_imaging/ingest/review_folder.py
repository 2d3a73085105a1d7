"""The folder of a review, read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.ingest.masks import read_mask
from netlm_imaging.review.records import Review
from netlm_imaging.review.trail import WHERE, review_of
from netlm_imaging.volume import LabelMap, require_on


def read_review(folder: Path) -> tuple[Review, tuple[Notice, ...]]:
    """The audit trail of ``folder``; an empty review where there is none.

    Raises InputError: UNREADABLE, BAD_REVIEW.
    """
    path = folder / WHERE
    if not path.exists():
        return Review.of(), ()
    try:
        return review_of(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "bytes that are no UTF-8"
        raise InputError(
            Fault(code="UNREADABLE", expected="a readable file", found=str(found), where=WHERE)
        ) from error


def read_reviewed_lesions(folder: Path) -> LabelMap:
    """All lesions of a review, the rejected ones too, under their numbers.

    Raises InputError as ``read_mask`` does, GridMismatch.
    """
    lesions = read_mask(str(folder / "lesions.nii.gz")).labels
    rejected = folder / "rejected.nii.gz"
    if not rejected.exists():
        return lesions
    more = read_mask(str(rejected)).labels
    require_on(lesions.grid, (more,), what="counted and rejected lesions on one grid")
    return LabelMap(np.maximum(lesions.array, more.array), lesions.grid)
