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
from netlm_imaging.ingest.seg_steps import StepHints, slice_step
from netlm_imaging.ingest.stack import (
    DRIFT_FRACTION,
    FARTHEST_MM,
    LARGEST_SIDE,
    REFUSED_FRACTION,
    SAME_POSITION_MM,
)

LARGEST_VOXELS = 2**29
"""Of a mask; larger sizes are damaged headers."""
ON_VOXEL = 0.1
"""Voxels: frames this close to an image's voxels lie on its grid."""
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
    """SliceThickness: counts only where no step is said, or against one that is."""


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
    frames: SegFrames, *, rows: int, columns: int, image: Grid | None = None
) -> tuple[npt.NDArray[np.intp], Grid, list[Notice]]:
    """The slice k of each frame, and the grid. Slices without a frame are empty.

    ``image``, where the frames lie on its voxels, tells the step between slices if the file does not.
    Raises InputError with all that is wrong: UNEVEN_SPACING, TILT, BAD_SIZE, SEG_GEOMETRY.
    """
    row, column = frames.orientation
    normal = np.cross(row, column)
    along = frames.points @ normal
    start = int(np.argmin(along))
    heights = along - along[start]
    axes = np.column_stack([row, column, normal])
    planes = np.sort(heights)
    planes = planes[np.diff(planes, prepend=-np.inf) > SAME_POSITION_MM]
    step, notices = slice_step(planes, _hints(frames, axes, rows, columns, image))
    places = np.rint(heights / step).astype(np.intp)
    shape = (int(places.max()) + 1, rows, columns)
    faults = _place_faults(frames, heights, step, normal)
    sizes = np.array(shape, dtype=float)
    if sizes.min() < 1 or sizes.max() > LARGEST_SIDE or sizes.prod() > LARGEST_VOXELS:
        found = " x ".join(str(n) for n in shape)
        faults.append(Fault(code="BAD_SIZE", expected="a size of a scan", found=found))
    if faults:
        raise InputError(*faults)
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


def _hints(frames: SegFrames, axes: FloatArray, rows: int, columns: int, image: Grid | None) -> StepHints:
    """What tells the step; numbers that are none count as not said."""
    on_image = image is not None and _on_voxels(frames, axes, (rows, columns), image)
    said, thickness = frames.said_step, frames.thickness
    return StepHints(
        said=abs(said) if said and np.isfinite(said) else None,
        thickness=thickness if thickness and 0 < thickness < np.inf else None,
        image=image.spacing_mm[2] if image is not None and on_image else None,
    )


def _on_voxels(frames: SegFrames, axes: FloatArray, shape: tuple[int, int], image: Grid) -> bool:
    """Whether the pixels of all frames are voxels of the image, row on row."""
    turned = axes.T @ image.axes
    turned[2, 2] = abs(turned[2, 2])
    same_size = image.shape_kji[1:] == shape and np.allclose(
        image.spacing_mm[:2], frames.spacing[::-1], rtol=1e-3, atol=0.0
    )
    index = image.to_index(frames.points)
    off = max(np.abs(index - np.rint(index)).max(), np.abs(index[:, 1:]).max())
    return bool(same_size and off <= ON_VOXEL and np.abs(turned - np.eye(3)).max() <= ORTHONORMAL_TOLERANCE)
