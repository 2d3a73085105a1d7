"""What a DICOM SEG says of itself, all of it checked at once, before any pixel is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.header import quiet
from netlm_imaging.ingest.seg_frames import SegFrames, frame_groups, read_frames
from netlm_imaging.ingest.seg_pixels import SegPixels, seg_pixels

FRACTION = 0.5
"""Voxels of fractional segments count from this probability or occupancy on."""
LARGEST_SEGMENT = 2**16 - 1
_TYPE = "SegmentedPropertyTypeCodeSequence"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegDescription:
    """A SEG whose description is sound; pixels not yet decoded."""

    kind: str
    names: dict[int, str]
    owners: tuple[int, ...]
    """Segment number of each frame; 0 in a LABELMAP object."""
    frames: SegFrames
    pixels: SegPixels
    least: float
    """Stored values from here on are inside."""
    background: frozenset[int]
    """Values of a LABELMAP object that stand for no segment."""


def describe_seg(dataset: Dataset, path: Path) -> SegDescription:
    """The description of a SEG object.

    Raises InputError (without ``where``) with all that is wrong: SEG_TYPE, SEG_FRAME_COUNT, SEG_GEOMETRY,
    SEG_DESCRIPTION, SEG_NO_FRAME_OF_REFERENCE, BAD_SIZE, BAD_BITS, TRUNCATED_FILE.
    """
    with quiet():
        return _described(dataset, path)


def _described(dataset: Dataset, path: Path) -> SegDescription:
    kind = v.text(dataset, "SegmentationType").upper()
    maximum = v.integer(dataset, "MaximumFractionalValue")
    groups = frame_groups(dataset)
    owners = [
        v.integer(group("SegmentIdentificationSequence"), "ReferencedSegmentNumber") for group in groups
    ]
    numbers = [v.integer(item, "SegmentNumber") for item in v.items(dataset, "SegmentSequence")]
    faults = [*_type_faults(kind, maximum), *_count_faults(dataset, len(groups))]
    faults += _description_faults(dataset, numbers, [] if kind == "LABELMAP" else owners)
    if not v.text(dataset, "FrameOfReferenceUID"):
        expected = "a FrameOfReferenceUID"
        faults.append(Fault(code="SEG_NO_FRAME_OF_REFERENCE", expected=expected, found="none"))
    # Frames that are not described are a fault already; the rest is checked as if there were one.
    frames = _or_faults(lambda: read_frames(groups), faults) if groups else None
    pixels = _or_faults(lambda: seg_pixels(dataset, path, frames=len(groups)), faults)
    if faults or frames is None or pixels is None:
        raise InputError(*faults)
    labels = [v.text(item, "SegmentLabel") for item in v.items(dataset, "SegmentSequence")]
    return SegDescription(
        kind=kind,
        names={n: label for n, label in zip(numbers, labels, strict=True) if n},
        owners=tuple(n or 0 for n in owners),
        frames=frames,
        pixels=pixels,
        least=FRACTION * (maximum or 0) if kind == "FRACTIONAL" else 1,
        background=_background(dataset),
    )


def _background(dataset: Dataset) -> frozenset[int]:
    padding = v.integer(dataset, "PixelPaddingValue")
    return frozenset({0} if padding is None or not 0 <= padding <= LARGEST_SEGMENT else {0, padding})


def _or_faults(read: Callable[[], _T], faults: list[Fault]) -> _T | None:
    try:
        return read()
    except InputError as error:
        faults += error.faults
        return None


def _type_faults(kind: str, maximum: int | None) -> list[Fault]:
    if kind in ("BINARY", "LABELMAP") or (kind == "FRACTIONAL" and maximum and maximum > 0):
        return []
    expected = "BINARY, LABELMAP, or FRACTIONAL with its maximum"
    return [Fault(code="SEG_TYPE", expected=expected, found=kind[:16] or "no type")]


def _count_faults(dataset: Dataset, described: int) -> list[Fault]:
    declared = v.integer(dataset, "NumberOfFrames") or 0
    if declared == described and declared > 0:
        return []
    found = f"{declared} frames with {described} descriptions"
    return [Fault(code="SEG_FRAME_COUNT", expected="one description a frame", found=found)]


def _description_faults(
    dataset: Dataset, numbers: Sequence[int | None], owners: Sequence[int | None]
) -> list[Fault]:
    faults = []

    def fault(expected: str, found: str) -> None:
        faults.append(Fault(code="SEG_DESCRIPTION", expected=expected, found=found))

    known = [n for n in numbers if n is not None]
    lowest = 0 if v.text(dataset, "SegmentationType").upper() == "LABELMAP" else 1
    if not known:
        fault("a SegmentSequence that describes the segments", "none")
    if len(known) < len(numbers) or any(not lowest <= n <= LARGEST_SEGMENT for n in known):
        fault(f"a SegmentNumber from {lowest} up for every segment", "others or none")
    if any(count > 1 for count in Counter(known).values()):
        fault("each SegmentNumber once", "one several times")
    # Segment 0 of a LABELMAP object is its background, as 0 is in all label maps.
    if 0 in known and lowest == 0 and _background(dataset) != {0}:
        first = v.items(dataset, "SegmentSequence")[numbers.index(0)]
        words = (v.text(first, "SegmentLabel"), v.text(v.item(first, _TYPE), "CodeMeaning"))
        if "background" not in map(str.casefold, words):
            fault("a segment 0 that is background", "one that is not, beside another background")
    absent = sum(n is None for n in owners)
    if absent:
        fault("frames that name their segment", f"{absent} of {len(owners)} that do not")
    unknown = sorted({n for n in owners if n is not None} - set(known))
    if unknown and known:
        found = f"frames of segment {', '.join(map(str, unknown[:10]))}, which is not"
        fault("frames of segments that are described", found)
    return faults
