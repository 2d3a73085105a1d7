"""Rows 10, 42, 47 and 48: DICOM SEG, and folders of one series as masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from conformance.breaks import assign, remove
from conformance.case import Case, Truth
from conformance.rows_nifti import mask
from ingest import builder, mask_builder
from ingest.mask_builder import GRID, LABELMAP_CLASS, one, orientation
from pydicom.dataset import Dataset

RNG = np.random.default_rng(4)
LIVER = RNG.random(GRID.shape_kji) > 0.4
TUMOR = LIVER & (RNG.random(GRID.shape_kji) > 0.7)
TUMOR[[0, 3, 5]] = False
ONE, BOTH = {"Liver": LIVER}, {"Liver": LIVER, "Tumor 1": TUMOR}


def of(array: Any) -> Callable[[], Truth]:
    return lambda: Truth(array=np.asarray(array).astype(int), grid=GRID)


WHOLE = of(LIVER)


def case(
    row: int, what: str, change: Callable[[Dataset], object] = lambda found: None, *,
    segments: Mapping[str, Any] = ONE, kind: str = "BINARY", order: int = 1, segment: str = "",
    truth: Callable[[], Truth] = WHOLE, **expected: Any,
) -> Case:  # fmt: skip
    """A SEG, broken by ``change``, or one ``segment`` of it."""

    def fill(folder: Path) -> str:
        found = mask_builder.seg_dataset(segments, kind=kind, order=order)
        change(found)
        found.save_as(folder / "a.dcm", enforce_file_format=True)
        return f"{folder / 'a.dcm'}{segment}"

    return mask(row, what, fill, truth=truth, over="SEG", **expected)


def in_frames(change: Callable[[Dataset], object], *numbers: int) -> Callable[[Dataset], None]:
    def apply(found: Dataset) -> None:
        for n in numbers:
            change(found.PerFrameFunctionalGroupsSequence[n])

    return apply


def moved(offset_mm: float) -> Callable[[Dataset], None]:
    def apply(frame: Dataset) -> None:
        place = frame.PlanePositionSequence[0]
        start = np.array([float(x) for x in place.ImagePositionPatient])
        place.ImagePositionPatient = [round(float(x), 5) for x in start + GRID.axes[:, 2] * offset_mm]

    return apply


def shared_without(name: str) -> Callable[[Dataset], None]:
    return lambda found: delattr(found.SharedFunctionalGroupsSequence[0], name)


def per_frame_orientation(found: Dataset) -> None:
    """Frame 2 turned."""
    shared_without("PlaneOrientationSequence")(found)
    for n, frame in enumerate(found.PerFrameFunctionalGroupsSequence):
        axes = [1, 0, 0, 0, 1, 0] if n == 2 else orientation()
        frame.PlaneOrientationSequence = one(ImageOrientationPatient=axes)


def measures(**values: str | None) -> Callable[[Dataset], None]:
    """Set in the pixel measures that all frames share; None deletes."""

    def apply(found: Dataset) -> None:
        shared = found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        for name, value in values.items():
            if value is None:
                delattr(shared, name)
            else:
                setattr(shared, name, value)

    return apply


def same_names(found: Dataset) -> None:
    for item in found.SegmentSequence:
        item.SegmentLabel = "Liver"


def repeated_frame(found: Dataset) -> None:
    """Frame 2 at the place of frame 1."""
    frames = found.PerFrameFunctionalGroupsSequence
    frames[2].PlanePositionSequence = frames[1].PlanePositionSequence


def undescribed_segment(found: Dataset) -> None:
    found.SegmentSequence[0].SegmentNumber = 7


LABELS = np.where(TUMOR, 2, LIVER.astype(int))
FRACTION = np.where(LIVER, 100, 99)
SPARSE = LIVER.copy()
SPARSE[[0, 2, 4, 6]] = False
ENDS = LIVER & np.isin(np.arange(8), (1, 7))[:, None, None]
PLANE = LIVER[4:5]
ALONE = LIVER & (np.arange(8) == 4)[:, None, None]
SINGLE = GRID.crop((slice(4, 5), slice(0, 5), slice(0, 7)))


def images(masked: Any) -> list[Dataset]:
    """As 3D-IRCADb ships masks: 255 inside, no rescale, no frame of reference."""
    found = [builder.image(plane.astype(np.int16) * 255, GRID, k) for k, plane in enumerate(masked)]
    for image in found:
        del image.FrameOfReferenceUID
    return found


def folder(row: int, what: str, items: Callable[[], Sequence[Dataset]], **expected: Any) -> Case:
    def fill(place: Path) -> Path:
        return builder.write(items(), place / "tumor")

    return mask(row, what, fill, over="DICOM folder", **{"place": "", "truth": of(TUMOR), **expected})


CASES: list[Case] = [
    case(48, "a binary SEG"),
    case(48, "frames in reversed order", order=-1),
    case(48, "one segment of two, by its name", segments=BOTH, segment="#tumor 1",
         truth=of(TUMOR)),
    case(48, "one segment of two, by its number", segments=BOTH, segment="#2", truth=of(TUMOR)),
    case(48, "a segment that is not there", segments=BOTH, segment="#Spleen",
         refused=["SEGMENT_UNKNOWN"], says=["the segments 1", "; 2 "]),
    case(48, "two segments of one name", same_names, segments=BOTH, segment="#liver",
         refused=["SEGMENT_AMBIGUOUS"]),
    case(48, "planes without frames are empty", segments={"Liver": SPARSE},
         truth=lambda: of(SPARSE)().slices(1, 8),
         notices=["SEG_SPACING"]),
    case(48, "a fractional SEG: read at one half", segments={"Liver": FRACTION}, kind="FRACTIONAL",
         notices=["SEG_FRACTIONAL"]),
    case(48, "a fractional SEG without its maximum", remove("MaximumFractionalValue"),
         segments={"Liver": FRACTION},
         kind="FRACTIONAL", refused=["SEG_TYPE"]),
    case(48, "a label map SEG", segments={"Liver": LABELS, "Tumor 1": LABELS * 0}, kind="LABELMAP",
         truth=of(LABELS)),
    case(48, "another segmentation type", assign(SegmentationType="OTHER"), refused=["SEG_TYPE"]),
    case(48, "no segmentation type", remove("SegmentationType"), refused=["SEG_TYPE"]),
    case(48, "a wrong number of frames", assign(NumberOfFrames=3), refused=["SEG_FRAME_COUNT"]),
    case(48, "2,000,000,000 frames declared", assign(NumberOfFrames=2_000_000_000),
         refused=["SEG_FRAME_COUNT"]),
    case(48, "no orientation", shared_without("PlaneOrientationSequence"), refused=["SEG_GEOMETRY"]),
    case(48, "no pixel spacing", shared_without("PixelMeasuresSequence"), refused=["SEG_GEOMETRY"]),
    case(48, "a frame without position", in_frames(lambda frame: delattr(frame, "PlanePositionSequence"), 2),
         refused=["SEG_GEOMETRY"]),
    case(48, "a frame with another orientation", per_frame_orientation, refused=["SEG_GEOMETRY"]),
    case(48, "a frame between the planes", in_frames(moved(1.2), 3), refused=["UNEVEN_SPACING"]),
    case(48, "one plane alone: as thick as the file says", segments={"Liver": ALONE},
         truth=lambda: Truth(array=PLANE.astype(int), grid=SINGLE), notices=["SEG_SINGLE_PLANE"]),
    case(48, "planes apart without a step: 18.6 mm on slices of 3.1 mm", measures(SpacingBetweenSlices=None,
         SliceThickness="3.1"), segments={"Liver": ENDS}, refused=["SEG_GEOMETRY"], says=["18.6 mm"]),
    case(48, "planes apart without a step, on their image", measures(SpacingBetweenSlices=None,
         SliceThickness="3.1"), segments={"Liver": ENDS}, truth=lambda: of(ENDS)().slices(1, 8),
         notices=["SEG_SPACING"], grid=GRID),
    case(48, "planes apart with a negative step", measures(SpacingBetweenSlices="-3.1"),
         segments={"Liver": ENDS}, truth=lambda: of(ENDS)().slices(1, 8), notices=["SEG_SPACING"]),
    case(48, "planes apart with a step that does not divide their distance",
         measures(SpacingBetweenSlices="7.7"), segments={"Liver": ENDS}, refused=["SEG_GEOMETRY"]),
    case(48, "pixels cut off", lambda found: assign(PixelData=found.PixelData[:8])(found),
         refused=["TRUNCATED_FILE"]),
    case(48, "the class of label maps", assign(SOPClassUID=LABELMAP_CLASS), segments={"Liver": LABELS},
         kind="LABELMAP", truth=of(LABELS), refused=["SEG_DESCRIPTION"]),
    case(48, "no frame of reference", remove("FrameOfReferenceUID"), refused=["SEG_NO_FRAME_OF_REFERENCE"]),
    case(48, "no segment description", remove("SegmentSequence"), refused=["SEG_DESCRIPTION"]),
    case(48, "a segment that is not described", undescribed_segment, refused=["SEG_DESCRIPTION"]),
    case(48, "two frames at one place", repeated_frame, refused=["SEG_FRAMES_REPEATED"]),
    case(48, "no frame of reference, a wrong number of frames, no orientation", lambda found: (
         remove("FrameOfReferenceUID")(found), assign(NumberOfFrames=3)(found),
         shared_without("PlaneOrientationSequence")(found)),
         refused=["SEG_NO_FRAME_OF_REFERENCE", "SEG_FRAME_COUNT", "SEG_GEOMETRY"]),
    case(48, "an image instead of a SEG", assign(SOPClassUID=builder.SOP_CLASS["CT"]),
         refused=["UNREADABLE"]),
    case(47, "segments that overlap: the smaller one keeps the voxel", segments=BOTH,
         truth=of(LABELS),
         notices=["SEG_OVERLAP"]),
    folder(42, "a folder of one series, nonzero inside", lambda: images(TUMOR)),
    folder(42, "a folder of one series, all zero", lambda: images(TUMOR & False), truth=of(TUMOR & False)),
    folder(1, "a folder given as a mask with a slice missing", lambda: images(TUMOR)[:3] + images(TUMOR)[4:],
           refused=["MISSING_SLICE"]),
    folder(10, "a folder of two series given as a mask", lambda: images(TUMOR) + builder.ct(series="other"),
           refused=["NOT_ONE_SERIES"]),
    mask(52, "a mask that does not exist", lambda place: place / "liver.nii.gz", refused=["NOT_FOUND"],
         place="liver",
         over="mask"),
]  # fmt: skip
