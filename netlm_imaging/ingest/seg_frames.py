"""Where the frames of a DICOM SEG lie: each by its own position, in any order, absent planes empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import ORTHONORMAL_TOLERANCE, FloatArray, Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.stack import LARGEST_VOLUME, REFUSED_FRACTION, SAME_POSITION_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class SegFrames:
    """Where each frame lies and whose it is."""

    points: FloatArray
    segments: tuple[int, ...]
    """Segment number of each frame; 0 in a LABELMAP object."""
    orientation: FloatArray
    spacing: tuple[float, float]
    """Row spacing first."""
    said_step: float | None
    """SpacingBetweenSlices: which planes between the frames are there and empty."""
    thickness: float | None
    """SliceThickness: counts only where a single plane leaves nothing else."""


def read_frames(dataset: Dataset, where: str) -> SegFrames:
    """Positions and segments of the frames. Raises InputError (SEG_FRAME_COUNT, SEG_GEOMETRY)."""
    shared = v.item(dataset, "SharedFunctionalGroupsSequence")
    per_frame = v.items(dataset, "PerFrameFunctionalGroupsSequence")
    declared = v.integer(dataset, "NumberOfFrames") or 0
    if len(per_frame) != declared or declared < 1:
        found = f"{declared} frames with {len(per_frame)} descriptions"
        raise InputError(
            Fault(code="SEG_FRAME_COUNT", expected="one description a frame", found=found, where=where)
        )

    def group(frame: Dataset, sequence: str) -> Dataset:
        own = v.item(frame, sequence)
        return own if len(own) else v.item(shared, sequence)

    measures = group(per_frame[0], "PixelMeasuresSequence")
    spacing = v.numbers(measures, "PixelSpacing") or ()
    points = [v.numbers(group(f, "PlanePositionSequence"), "ImagePositionPatient") for f in per_frame]
    turned = {v.numbers(group(f, "PlaneOrientationSequence"), "ImageOrientationPatient") for f in per_frame}
    orientation = turned.pop()
    good = len(spacing) == 2 and all(p is not None and len(p) == 3 and np.isfinite(p).all() for p in points)
    if not good or turned or orientation is None or len(orientation) != 6:
        raise InputError(
            Fault(
                code="SEG_GEOMETRY",
                expected="position, one orientation and pixel spacing of every frame",
                found="some without, or several orientations",
                where=where,
            )
        )
    numbers = [
        v.integer(v.item(f, "SegmentIdentificationSequence"), "ReferencedSegmentNumber") for f in per_frame
    ]
    return SegFrames(
        points=np.array(points, dtype=np.float64),
        segments=tuple(n or 0 for n in numbers),
        orientation=np.reshape(np.array(orientation), (2, 3)),
        spacing=(spacing[0], spacing[1]),
        said_step=v.number(measures, "SpacingBetweenSlices"),
        thickness=v.number(measures, "SliceThickness"),
    )


def place_frames(
    frames: SegFrames, dataset: Dataset, where: str
) -> tuple[npt.NDArray[np.intp], Grid, list[Notice]]:
    """The slice k of each frame, and the grid. Slices without a frame are empty."""
    row, column = frames.orientation
    normal = np.cross(row, column)
    along = frames.points @ normal
    start = int(np.argmin(along))
    heights = along - along[start]
    step, notices = _step(heights, frames, where)
    places = np.rint(heights / step).astype(np.intp)
    beside = frames.points - frames.points[start] - heights[:, None] * normal
    faults = []
    if np.abs(heights / step - places).max() > REFUSED_FRACTION:
        found = f"frames between the planes of a {step:.3f} mm step"
        faults.append(Fault(code="UNEVEN_SPACING", expected="evenly spaced frames", found=found, where=where))
    if np.abs(beside).max() > max(ORTHONORMAL_TOLERANCE * heights.max(), 0.01 * min(frames.spacing)):
        found = "frames beside each other"
        faults.append(
            Fault(code="TILT", expected="frames straight above each other", found=found, where=where)
        )
    shape = (int(places.max()) + 1, v.integer(dataset, "Rows") or 0, v.integer(dataset, "Columns") or 0)
    if min(shape) < 1 or np.prod(shape, dtype=float) > LARGEST_VOLUME:
        faults.append(Fault(code="BAD_SIZE", expected="a size of a scan", found=str(shape), where=where))
    if faults:
        raise InputError(*faults)
    axes = np.column_stack([row, column, normal])
    x, y, z = (float(p) for p in frames.points[start])
    grid = Grid(
        shape_kji=shape,
        spacing_mm=(frames.spacing[1], frames.spacing[0], step),
        origin_mm=(x, y, z),
        direction=tuple(axes.ravel().tolist()),
    )
    return places, grid, notices


def _step(heights: FloatArray, frames: SegFrames, where: str) -> tuple[float, list[Notice]]:
    """The step between slices: the smallest between frames, or a whole part of it that the file names."""
    planes = np.sort(heights)
    steps = np.diff(planes)
    steps = steps[steps > SAME_POSITION_MM]
    said = frames.said_step
    if not steps.size:
        return _single_plane(said or frames.thickness, where)
    smallest = float(steps.min())
    # The mean over whole steps averages out the rounding of single positions.
    step = float(planes[-1]) / float(np.rint(planes[-1] / smallest))
    ratio = step / said if said and said > 0 else 1.0
    if abs(ratio - 1) <= REFUSED_FRACTION:
        return step, []
    if ratio > 1 and abs(ratio - round(ratio)) <= REFUSED_FRACTION:
        # Planes without a segment have no frame: the file's own step tells that they are empty.
        message = f"Frames lie {step:g} mm apart on slices of {said:g} mm; those between are empty"
        return step / round(ratio), [Notice(code="SEG_SPACING", message=message)]
    message = f"The file says {said:g} mm between slices; its frames lie {step:g} mm apart, which was used"
    return step, [Notice(code="SEG_SPACING", message=message)]


def _single_plane(thickness: float | None, where: str) -> tuple[float, list[Notice]]:
    if not thickness or not 0 < thickness < 100:
        found = "one plane without a thickness"
        raise InputError(
            Fault(code="SEG_GEOMETRY", expected="a step between planes", found=found, where=where)
        )
    return thickness, [
        Notice(code="SEG_SINGLE_PLANE", message=f"One plane only: taken as {thickness:g} mm thick")
    ]
