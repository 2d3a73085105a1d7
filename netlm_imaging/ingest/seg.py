"""DICOM SEG: frames placed by their own coordinates, in any order, binary, fractional or label map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import ORTHONORMAL_TOLERANCE, FloatArray, Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.header import quiet, read_dataset
from netlm_imaging.ingest.privacy import hashed
from netlm_imaging.ingest.stack import LARGEST_VOLUME, REFUSED_FRACTION, SAME_POSITION_MM

SEG_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
FRACTION = 0.5
"""Voxels of fractional segments count from this probability or occupancy on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The chosen segments of a SEG object as one label array [k, j, i], by segment number."""

    array: npt.NDArray[Any]
    grid: Grid
    names: dict[int, str]
    uid_hash: str
    frames: int
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frames:
    """Where each frame lies and whose it is."""

    points: FloatArray
    segments: tuple[int, ...]
    """Segment number of each frame; 0 in a LABELMAP object."""
    orientation: FloatArray
    spacing: tuple[float, float]
    """Row spacing first."""
    said_step: float | None
    """SpacingBetweenSlices: which planes between the frames are there and empty."""


def read_seg(path: Path, *, segment: str | None = None) -> Segments:
    """All segments of a SEG file, or the one named (by its label or number).

    Where segments overlap, the smallest keeps the voxel. Raises InputError: UNREADABLE,
    SEG_FRAME_COUNT, SEG_GEOMETRY, SEGMENT_UNKNOWN, UNEVEN_SPACING, PIXELS_UNREADABLE.
    """
    where = path.name
    dataset = _opened(path)
    with quiet():
        names = _names(dataset)
        chosen = _chosen(names, segment, where)
        frames = _frames(dataset, where)
        kind = v.text(dataset, "SegmentationType").upper()
        places, grid, notices = _placed(frames, dataset, where)
        pixels = _pixels(dataset, where)
    if kind == "LABELMAP":
        array = np.zeros(grid.shape_kji, dtype=pixels.dtype)
        array[places] = np.where(np.isin(pixels, chosen), pixels, 0)
    else:
        inside, found = _inside(pixels, kind, v.integer(dataset, "MaximumFractionalValue"), where)
        array, overlap = _painted(inside, places, frames.segments, chosen, grid)
        notices += found + overlap
    return Segments(
        array=array,
        grid=grid,
        names={n: names[n] for n in chosen},
        uid_hash=hashed(v.text(dataset, "SeriesInstanceUID")),
        frames=len(places),
        notices=tuple(Notice(code=n.code, message=n.message, where=where) for n in notices),
    )


def _opened(path: Path) -> Dataset:
    try:
        dataset = read_dataset(path, pixels=True)
        sop_class = v.text(dataset, "SOPClassUID")
    except Exception:  # damaged files raise whatever the damage leads to
        sop_class = "damaged"
    if sop_class not in SEG_CLASSES:
        raise InputError(
            Fault(
                code="UNREADABLE",
                expected="a DICOM SEG object",
                found="another or damaged one",
                where=path.name,
            )
        )
    return dataset


def _names(dataset: Dataset) -> dict[int, str]:
    segments = v.items(dataset, "SegmentSequence")
    numbers = [v.integer(item, "SegmentNumber") for item in segments]
    # Segment 0 of a LABELMAP object is its background.
    return {n: v.text(s, "SegmentLabel") for n, s in zip(numbers, segments, strict=True) if n}


def _chosen(names: dict[int, str], segment: str | None, where: str) -> list[int]:
    if segment is None:
        return sorted(names)
    wanted = segment.strip().casefold()
    found = [n for n, name in names.items() if name.casefold() == wanted]
    found = found or [n for n in names if str(n) == wanted]
    if len(found) == 1:
        return found
    listed = ", ".join(f"{n} {name!r}" for n, name in sorted(names.items())[:20])
    raise InputError(
        Fault(
            code="SEGMENT_UNKNOWN" if not found else "SEGMENT_AMBIGUOUS",
            expected=f"one segment {segment!r}",
            found=f"the segments {listed}",
            where=where,
            remedy="Name one of them, or its number",
        )
    )


def _frames(dataset: Dataset, where: str) -> _Frames:
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
    good = len(spacing) == 2 and all(p is not None and len(p) == 3 for p in points)
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
    return _Frames(
        points=np.array(points, dtype=np.float64),
        segments=tuple(n or 0 for n in numbers),
        orientation=np.reshape(np.array(orientation), (2, 3)),
        spacing=(spacing[0], spacing[1]),
        said_step=v.number(measures, "SpacingBetweenSlices"),
    )


def _placed(frames: _Frames, dataset: Dataset, where: str) -> tuple[npt.NDArray[np.intp], Grid, list[Notice]]:
    """The slice k of each frame, and the grid. Slices without a frame are empty."""
    row, column = frames.orientation
    normal = np.cross(row, column)
    along = frames.points @ normal
    start = int(np.argmin(along))
    heights = along - along[start]
    step, notices = _step(heights, frames.said_step)
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


def _step(heights: FloatArray, said: float | None) -> tuple[float, list[Notice]]:
    """The step between slices: the smallest between frames, or a whole part of it that the file names."""
    planes = np.sort(heights)
    steps = np.diff(planes)
    steps = steps[steps > SAME_POSITION_MM]
    if not steps.size:
        step = said if said and said > 0 else 1.0
        return step, [Notice(code="SEG_SINGLE_PLANE", message=f"One plane only: taken as {step:g} mm thick")]
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


def _pixels(dataset: Dataset, where: str) -> npt.NDArray[Any]:
    """Frames [frame, row, column]."""
    native = dataset.file_meta.get("TransferSyntaxUID", "") in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    try:
        pixels = pixel_array(dataset, raw=True, decoding_plugin="" if native else "pylibjpeg")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pylibjpeg's Rust codecs panic with a BaseException
        raise InputError(
            Fault(
                code="PIXELS_UNREADABLE",
                expected="readable frames",
                found=type(error).__name__,
                where=where,
            )
        ) from None
    return pixels[None] if pixels.ndim == 2 else pixels


def _inside(
    pixels: npt.NDArray[Any], kind: str, maximum: int | None, where: str
) -> tuple[npt.NDArray[np.bool_], list[Notice]]:
    if kind == "BINARY":
        return pixels > 0, []
    if kind == "FRACTIONAL" and maximum:
        message = f"Fractional segments were read at {FRACTION:.0%}"
        return pixels >= FRACTION * maximum, [Notice(code="SEG_FRACTIONAL", message=message)]
    raise InputError(
        Fault(
            code="SEG_TYPE",
            expected="BINARY, LABELMAP, or FRACTIONAL with its maximum",
            found=kind or "no type",
            where=where,
        )
    )


def _painted(
    inside: npt.NDArray[np.bool_],
    places: npt.NDArray[np.intp],
    segments: Sequence[int],
    chosen: Sequence[int],
    grid: Grid,
) -> tuple[npt.NDArray[Any], list[Notice]]:
    """Segments into one array, the largest first, so that a tumor stays visible inside its liver."""
    array = np.zeros(grid.shape_kji, dtype=np.uint8 if max(chosen, default=0) < 256 else np.uint16)
    frames = {number: [n for n, s in enumerate(segments) if s == number] for number in chosen}
    size = {number: sum(int(inside[n].sum()) for n in frames[number]) for number in chosen}
    shared = 0
    for number in sorted(chosen, key=lambda n: (-size[n], -n)):
        for frame in frames[number]:
            plane = array[places[frame]]
            under = plane[inside[frame]]
            shared += int(np.count_nonzero((under > 0) & (under != number)))
            plane[inside[frame]] = number
    if not shared:
        return array, []
    message = f"{shared * grid.voxel_ml:.2f} mL belong to several segments; the smallest segment keeps them"
    return array, [Notice(code="SEG_OVERLAP", message=message)]
