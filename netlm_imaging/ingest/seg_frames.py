"""Where the frames of a DICOM SEG lie: each by its own position, in any order, absent planes empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import ORTHONORMAL_TOLERANCE, FloatArray, Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.stack import (
    DRIFT_FRACTION,
    FARTHEST_MM,
    LARGEST_SIDE,
    REFUSED_FRACTION,
    SAME_POSITION_MM,
)
from netlm_imaging.ingest.steps import smallest_step

LARGEST_VOXELS = 2**29
"""Of a mask; larger sizes are damaged headers."""
LARGEST_THICKNESS_MM = 100.0
Numbers = tuple[float, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegFrames:
    """Where each frame lies and whose it is."""

    points: FloatArray
    orientation: FloatArray
    """(2, 3): the directions in which columns and rows are counted."""
    spacing: tuple[float, float]
    """Row spacing first."""
    said_step: float | None
    """SpacingBetweenSlices: which planes between the frames are there and empty."""
    thickness: float | None
    """SliceThickness: counts only where a single plane leaves nothing else."""


def frame_groups(dataset: Dataset) -> list[Callable[[str], Dataset]]:
    """For each frame: a functional group by its keyword, its own or the shared one."""
    shared = v.item(dataset, "SharedFunctionalGroupsSequence")

    def reader(frame: Dataset) -> Callable[[str], Dataset]:
        def group(sequence: str) -> Dataset:
            own = v.item(frame, sequence)
            return own if len(own) else v.item(shared, sequence)

        return group

    return [reader(frame) for frame in v.items(dataset, "PerFrameFunctionalGroupsSequence")]


def read_frames(groups: Sequence[Callable[[str], Dataset]]) -> SegFrames:
    """Positions of the frames. Raises InputError with all that is wrong (SEG_GEOMETRY)."""
    measures = [group("PixelMeasuresSequence") for group in groups]
    points = [v.numbers(group("PlanePositionSequence"), "ImagePositionPatient") for group in groups]
    turned = [v.numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient") for group in groups]
    spacings = [v.numbers(m, "PixelSpacing") for m in measures]
    checks = [
        (points, _bad_position, "ImagePositionPatient"),
        (turned, _bad_orientation, "two orthonormal ImageOrientationPatient axes"),
        (spacings, _bad_spacing, "two positive PixelSpacing values"),
    ]
    faults = [
        _geometry(f"{expected} for every frame", f"{bad} of {len(groups)} frames without")
        for values, wrong, expected in checks
        if (bad := sum(wrong(value) for value in values))
    ]
    if not faults:
        faults = [
            _geometry(f"one {what} for all frames", "several")
            for values, tolerance, what in (
                (turned, ORTHONORMAL_TOLERANCE, "orientation"),
                (spacings, SAME_POSITION_MM, "pixel spacing"),
            )
            if np.ptp(np.array(values), axis=0).max() > tolerance
        ]
    if faults:
        raise InputError(*faults)
    row, column = np.reshape(np.array(turned[0]), (2, 3))
    return SegFrames(
        points=np.array(points, dtype=np.float64),
        orientation=np.stack([row / np.linalg.norm(row), column / np.linalg.norm(column)]),
        spacing=(float(np.array(spacings)[0, 0]), float(np.array(spacings)[0, 1])),
        said_step=v.number(measures[0], "SpacingBetweenSlices"),
        thickness=v.number(measures[0], "SliceThickness"),
    )


def _geometry(expected: str, found: str) -> Fault:
    return Fault(code="SEG_GEOMETRY", expected=expected, found=found)


def _bad_position(point: Numbers) -> bool:
    # NaN fails the comparison too.
    return point is None or len(point) != 3 or not all(abs(x) < FARTHEST_MM for x in point)


def _bad_orientation(axes: Numbers) -> bool:
    if axes is None or len(axes) != 6 or not all(abs(x) < 2 for x in axes):
        return True
    matrix = np.reshape(np.array(axes), (2, 3))
    return bool(np.abs(matrix @ matrix.T - np.eye(2)).max() > ORTHONORMAL_TOLERANCE)


def _bad_spacing(spacing: Numbers) -> bool:
    return spacing is None or len(spacing) != 2 or not all(0 < s < 1e3 for s in spacing)


def place_frames(
    frames: SegFrames, *, rows: int, columns: int
) -> tuple[npt.NDArray[np.intp], Grid, list[Notice]]:
    """The slice k of each frame, and the grid. Slices without a frame are empty.

    Raises InputError with all that is wrong: UNEVEN_SPACING, TILT, BAD_SIZE, SEG_GEOMETRY.
    """
    row, column = frames.orientation
    normal = np.cross(row, column)
    along = frames.points @ normal
    start = int(np.argmin(along))
    heights = along - along[start]
    step, notices = _step(heights, frames)
    places = np.rint(heights / step).astype(np.intp)
    shape = (int(places.max()) + 1, rows, columns)
    faults = _place_faults(frames, heights, step, normal)
    sizes = np.array(shape, dtype=float)
    if sizes.min() < 1 or sizes.max() > LARGEST_SIDE or sizes.prod() > LARGEST_VOXELS:
        found = " x ".join(str(n) for n in shape)
        faults.append(Fault(code="BAD_SIZE", expected="a size of a scan", found=found))
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


def _place_faults(frames: SegFrames, heights: FloatArray, step: float, normal: FloatArray) -> list[Fault]:
    faults = []
    # As for images: steps may jitter, and drift from the regular grid, by so much.
    ratios = np.diff(np.sort(heights)) / step
    off = np.abs(ratios - np.rint(ratios)) - REFUSED_FRACTION * np.maximum(np.rint(ratios), 1)
    drift = np.abs(heights / step - np.rint(heights / step))
    if off.max(initial=0.0) > 0 or drift.max() > DRIFT_FRACTION - REFUSED_FRACTION:
        found = f"frames between the planes of a {step:.3f} mm step"
        faults.append(Fault(code="UNEVEN_SPACING", expected="evenly spaced frames", found=found))
    beside = frames.points - frames.points[int(np.argmin(heights))] - heights[:, None] * normal
    if np.abs(beside).max() > max(ORTHONORMAL_TOLERANCE * heights.max(), 0.01 * min(frames.spacing)):
        found = "frames beside each other"
        faults.append(Fault(code="TILT", expected="frames straight above each other", found=found))
    return faults


def _step(heights: FloatArray, frames: SegFrames) -> tuple[float, list[Notice]]:
    """The step between slices: the smallest between frames, or a whole part of it that the file names."""
    planes = np.sort(heights)
    planes = planes[np.diff(planes, prepend=-np.inf) > SAME_POSITION_MM]
    said = frames.said_step
    if planes.size < 2:
        return _single_plane(said or frames.thickness)
    step = smallest_step(planes)
    ratio = step / said if said and said > 0 else 1.0
    if abs(ratio - 1) <= REFUSED_FRACTION:
        return step, []
    if ratio > 1 and abs(ratio - round(ratio)) <= REFUSED_FRACTION:
        # Planes without a segment have no frame: the file's own step tells that they are empty.
        message = f"Frames lie {step:g} mm apart on slices of {said:g} mm; those between are empty"
        return step / round(ratio), [Notice(code="SEG_SPACING", message=message)]
    message = f"The file says {said:g} mm between slices; its frames lie {step:g} mm apart, which was used"
    return step, [Notice(code="SEG_SPACING", message=message)]


def _single_plane(thickness: float | None) -> tuple[float, list[Notice]]:
    if not thickness or not 0 < thickness < LARGEST_THICKNESS_MM:
        raise InputError(_geometry("a step between planes", "one plane without a thickness"))
    message = f"One plane only: taken as {thickness:g} mm thick"
    return thickness, [Notice(code="SEG_SINGLE_PLANE", message=message)]
