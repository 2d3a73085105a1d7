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
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.header import quiet, read_dataset
from netlm_imaging.ingest.seg_frames import place_frames, read_frames

SEG_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
FRACTION = 0.5
"""Voxels of fractional segments count from this probability or occupancy on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The chosen segments of a SEG object as one label array [k, j, i], by segment number."""

    array: npt.NDArray[Any]
    grid: Grid
    names: dict[int, str]
    series_uid: str
    frames: int
    notices: tuple[Notice, ...] = ()


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
        frames = read_frames(dataset, where)
        kind = v.text(dataset, "SegmentationType").upper()
        places, grid, notices = place_frames(frames, dataset, where)
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
        series_uid=v.text(dataset, "SeriesInstanceUID"),
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
