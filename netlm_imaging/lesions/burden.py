"""How much tumor there is and how it is spread (clinical-rules 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from netlm_imaging.anatomy import SEGMENT_NAMES, Anatomy, segment_volumes_ml
from netlm_imaging.lesions.measures import involved_segments
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern, SegmentVolume
from netlm_imaging.volume import LabelMap, Mask

BurdenClass = Literal["<=10", "11-25", "26-50", ">50"]
Frilling = Literal["I", "II", "III"]

BULK_SHARE = 0.5
"""One lesion that holds at least half of the tumor volume is a bulk (ours) ..."""
BULK_RATIO = 2.0
"""... if it is at least this many times as large as the next one (ours)."""


def liver_volumes(anatomy: Anatomy, *, method: str) -> LiverVolumes:
    """Whole-liver volumes in mL; ``method`` says where the liver mask came from."""
    total_ml = anatomy.liver.volume_ml
    tumor_ml = anatomy.lesions.any.volume_ml
    burden_percent = 100.0 * tumor_ml / total_ml
    segments = None if anatomy.segments is None else segments_of(anatomy.segments, anatomy.liver)
    return LiverVolumes(
        total_ml=total_ml,
        tumor_ml=tumor_ml,
        functional_ml=anatomy.functional.volume_ml,
        burden_percent=burden_percent,
        burden_class=burden_class(burden_percent),
        segments=segments or (),
        method=method,
    )


def segments_of(segments: LabelMap, liver: Mask) -> tuple[SegmentVolume, ...]:
    """The volume of every Couinaud segment within the liver, I to VIII."""
    by_name = segment_volumes_ml(segments, liver)
    return tuple(SegmentVolume(segment=name, volume_ml=by_name[name]) for name in SEGMENT_NAMES)


def burden_class(percent: float) -> BurdenClass:
    """Tumor share of the liver in classes without gaps: up to 10, 25, 50, and above (Luo 2019)."""
    if percent <= 10:
        return "<=10"
    if percent <= 25:
        return "11-25"
    return "26-50" if percent <= 50 else ">50"


def pattern(lesions: Sequence[Lesion], anatomy: Anatomy) -> Pattern:
    """Count, sides, segments involved and the Frilling pattern.

    ``bilobar`` is None where the sides are not known (no segments).
    """
    bilobar = None if anatomy.segments is None else _bilobar(lesions)
    involved = frozenset[str]().union(*(involved_segments(lesion) for lesion in lesions))
    return Pattern(
        count=len(lesions),
        bilobar=bilobar,
        segments_involved=tuple(name for name in SEGMENT_NAMES if name in involved),
        frilling=frilling([lesion.volume_ml for lesion in lesions], bilobar=bilobar),
    )


def _bilobar(lesions: Sequence[Lesion]) -> bool:
    sides = {lesion.side for lesion in lesions}
    return "both" in sides or {"right", "left"} <= sides


def frilling(volumes_ml: Sequence[float], *, bilobar: bool | None) -> Frilling | None:
    """Frilling's pattern (Br J Surg 2009, recalled), by a rule derived here.

    I: a single lesion of any size. II: bilateral, one bulk of at least half of the tumor volume
    and at least twice the next lesion, with smaller deposits. III: bilateral, three lesions or more
    without such a bulk. None where none of them fits or the sides are not known.
    """
    if len(volumes_ml) == 1:
        return "I"
    if len(volumes_ml) < 2 or not bilobar:
        return None
    next_ml, largest_ml = sorted(volumes_ml)[-2:]
    if largest_ml >= BULK_SHARE * sum(volumes_ml) and largest_ml >= BULK_RATIO * next_ml:
        return "II"
    return "III" if len(volumes_ml) > 2 else None
