"""What looks wrong in an anatomy without being an error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from netlm_imaging.anatomy import LEFT_SEGMENTS, RIGHT_SEGMENTS, SEGMENT_NAMES, Anatomy
from netlm_imaging.errors import Notice
from netlm_imaging.lesions.measures import equivalent_diameter_mm
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.volume import BoolArray, Mask

PLAUSIBLE_LIVER_ML = (500.0, 5000.0)
"""Adult livers, tumor included, from small to massively enlarged (ours)."""
MANY_LESIONS = 100
"""More lesions than this are rarely drawn by hand (ours)."""
MAX_IDS_NAMED = 12
"""A message names no more lesions than this."""
CUT_FACE_MM2 = 500.0
CUT_SLICE_RATIO = 0.7
"""A liver is cut off where the last slice shows more than 5 cm2 of it and at least this share of
what the slice before shows; where it ends by itself, the last slice shows at most half (ours)."""


def plausibility_notices(anatomy: Anatomy) -> list[Notice]:
    """Notices about volume, count, a liver cut off by the image and a left-right mix-up."""
    checks = (_volume(anatomy), _count(anatomy), _cut_off(anatomy.liver), *_sides(anatomy))
    return [notice for notice in checks if notice is not None]


def first_of(names: Sequence[str]) -> str:
    """As many as a message names, and how many more there are."""
    more = len(names) - MAX_IDS_NAMED
    return ", ".join(names[:MAX_IDS_NAMED]) + (f" and {more} more" if more > 0 else "")


def small_lesion_notices(lesions: Iterable[Lesion], *, smallest_target_ml: float) -> tuple[Notice, ...]:
    """Lesions that are too small to be treated for themselves, as stray voxels of a mask are."""
    small = [lesion for lesion in lesions if lesion.volume_ml < smallest_target_ml]
    if not small:
        return ()
    named = first_of([f"{lesion.id} ({lesion.volume_ml:.3g} mL)" for lesion in small])
    ball_mm = equivalent_diameter_mm(smallest_target_ml)
    message = (
        f"Lesions smaller than {smallest_target_ml:g} mL (a ball of {ball_mm:.1f} mm) count as tumor and are "
        f"no targets of their own; check that they are no stray voxels: {named}."
    )
    return (Notice(code="SMALL_LESIONS", message=message, where="lesions"),)


def _volume(anatomy: Anatomy) -> Notice | None:
    low, high = PLAUSIBLE_LIVER_ML
    total_ml = anatomy.liver.volume_ml
    if low <= total_ml <= high:
        return None
    message = f"The liver measures {total_ml:.0f} mL; {low:.0f} to {high:.0f} mL is plausible in an adult."
    return Notice(code="IMPLAUSIBLE_LIVER", message=message, where="liver")


def _count(anatomy: Anatomy) -> Notice | None:
    count = len(anatomy.lesions.labels)
    if count <= MANY_LESIONS:
        return None
    message = f"There are {count} lesions; check that the lesion mask holds no noise."
    return Notice(code="MANY_LESIONS", message=message, where="lesions")


def _cut_off(liver: Mask) -> Notice | None:
    largest_mm2 = max(_cut_face_mm2(liver, axis, end) for axis in range(3) for end in (0, -1))
    if largest_mm2 == 0:
        return None
    message = (
        f"The liver meets the end of the image over {largest_mm2 / 100:.0f} cm2; it may be cut off, "
        "and its volume and the remnant too small."
    )
    return Notice(code="LIVER_CUT_OFF", message=message, where="liver")


def _cut_face_mm2(liver: Mask, axis: int, end: int) -> float:
    """Area of liver in the slice at one ``end`` (0 or -1) of an axis if it is cut off there, else 0."""
    areas = _profile(liver.array, axis) * (1000.0 * liver.grid.voxel_ml / liver.grid.spacing_kji_mm[axis])
    last_mm2, before_mm2 = areas[end], areas[1 if end == 0 else -2] if areas.size > 1 else 0.0
    cut = last_mm2 > CUT_FACE_MM2 and last_mm2 >= CUT_SLICE_RATIO * before_mm2
    return float(last_mm2) if cut else 0.0


def _sides(anatomy: Anatomy) -> tuple[Notice | None, Notice | None]:
    """Left and right are never swapped in silence: x grows to the patient's left in LPS."""
    spleen = None if anatomy.spleen is None else anatomy.spleen.array
    beside = _swapped(anatomy, anatomy.liver.array, spleen, what="liver lies to the left of the spleen")
    if anatomy.segments is None:
        return beside, None
    right, left = (
        np.isin(anatomy.segments.array, [n + 1 for n, name in enumerate(SEGMENT_NAMES) if name in side])
        for side in (RIGHT_SEGMENTS, LEFT_SEGMENTS)
    )
    return beside, _swapped(anatomy, right, left, what="right segments lie to the left of the left ones")


def _swapped(anatomy: Anatomy, right: BoolArray, left: BoolArray | None, *, what: str) -> Notice | None:
    if left is None or not left.any() or not right.any():
        return None
    if _mean_x_mm(anatomy, right) <= _mean_x_mm(anatomy, left):
        return None
    message = f"The {what}: masks and image may be mirrored. Check the sides before any use."
    return Notice(code="SIDES_SWAPPED", message=message, where="liver")


def _mean_x_mm(anatomy: Anatomy, voxels: BoolArray) -> float:
    index = [np.average(np.arange(n), weights=_profile(voxels, axis)) for axis, n in enumerate(voxels.shape)]
    return float(anatomy.grid.to_patient(index)[0])


def _profile(voxels: BoolArray, axis: int) -> npt.NDArray[np.int64]:
    """Voxels in each slice along ``axis``."""
    return np.asarray(np.count_nonzero(voxels, axis=tuple(a for a in range(3) if a != axis)))
