"""DICOM SEG to labels: frames in any order, each where its own coordinates say; all three types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.objects import ObjectLabels
from netlm_imaging.ingest.overlaps import Part, label_type, paint
from netlm_imaging.ingest.picking import pick
from netlm_imaging.ingest.seg_description import FRACTION, SegDescription, describe_seg
from netlm_imaging.ingest.seg_frames import place_frames

Places = npt.NDArray[np.intp]
"""The slice k of each frame."""
_WHOLE = slice(None)


def read_seg(
    dataset: Dataset, path: Path, *, segment: str | None = None, image: Grid | None = None
) -> ObjectLabels:
    """All segments of a SEG, or the one named (by its label or number); labels are segment numbers.

    Where segments overlap, the smallest keeps the voxel. ``image`` tells the step between slices where
    the file does not and its frames lie on the image's voxels. Frames are decoded one at a time, of one
    segment only where one is asked for. Raises InputError (without ``where``), with all that is
    wrong with the description: SEG_TYPE, SEG_FRAME_COUNT, SEG_GEOMETRY, SEG_DESCRIPTION,
    SEG_NO_FRAME_OF_REFERENCE, BAD_SIZE, BAD_BITS, TRUNCATED_FILE; then SEGMENT_UNKNOWN,
    SEGMENT_AMBIGUOUS, UNEVEN_SPACING, TILT, SEG_FRAMES_REPEATED, PIXELS_UNREADABLE.
    """
    seg = describe_seg(dataset, path)
    shown = {} if seg.kind == "LABELMAP" else {n: f"{seg.owners.count(n)} frames" for n in seg.names}
    chosen = pick(seg.names, segment, kind="SEGMENT", shown=shown)
    rows, columns = seg.pixels.rows, seg.pixels.columns
    places, grid, notices = place_frames(seg.frames, rows=rows, columns=columns, image=image)
    _require_one_frame_a_slice(seg, places)
    if seg.kind == "LABELMAP":
        array = _label_map(seg, places, grid, chosen)
    else:
        array, shared_ml = _painted(seg, places, grid, chosen)
        if shared_ml:
            message = f"{shared_ml:.2f} mL belong to several segments; the smallest segment keeps them"
            notices.append(Notice(code="SEG_OVERLAP", message=message))
    if seg.kind == "FRACTIONAL":
        message = f"Fractional segments were read at {FRACTION:.0%}"
        notices.append(Notice(code="SEG_FRACTIONAL", message=message))
    return ObjectLabels(
        kind="SEG",
        array=array,
        grid=grid,
        parts=len(chosen),
        series_uid=v.text(dataset, "SeriesInstanceUID"),
        frame=v.text(dataset, "FrameOfReferenceUID"),
        notices=tuple(notices),
    )


def _require_one_frame_a_slice(seg: SegDescription, places: Places) -> None:
    """Of each segment; which of several would count is not known."""
    taken = Counter(zip(seg.owners, places.tolist(), strict=True))
    repeated = sum(count > 1 for count in taken.values())
    if repeated:
        found = f"{repeated} slices with several"
        expected = "one frame a slice of each segment"
        raise InputError(Fault(code="SEG_FRAMES_REPEATED", expected=expected, found=found))


def _painted(
    seg: SegDescription, places: Places, grid: Grid, chosen: Collection[int]
) -> tuple[npt.NDArray[Any], float]:
    frames = {number: [n for n, owner in enumerate(seg.owners) if owner == number] for number in chosen}

    def parts(number: int) -> Iterator[Part]:
        for n, pixels in seg.pixels.read(frames[number]):
            yield int(places[n]), _WHOLE, _WHOLE, pixels >= seg.least

    if len(chosen) == 1:
        return paint(dict.fromkeys(chosen, 0), parts, grid)
    sizes = {number: sum(int(np.count_nonzero(part[3])) for part in parts(number)) for number in chosen}
    return paint(sizes, parts, grid)


def _label_map(seg: SegDescription, places: Places, grid: Grid, chosen: Collection[int]) -> npt.NDArray[Any]:
    """Values are segment numbers, what is no segment is background."""
    kept = np.zeros(2**16, dtype=label_type(chosen))
    kept[list(chosen)] = list(chosen)
    known = np.zeros(2**16, dtype=bool)
    known[[*seg.background, *seg.names]] = True
    array = np.zeros(grid.shape_kji, dtype=kept.dtype)
    strange: set[int] = set()
    for n, pixels in seg.pixels.read(range(len(places))):
        strange.update(np.unique(pixels[~known[pixels]]).tolist())
        array[places[n]] = kept[pixels]
    if strange:
        listed = ", ".join(map(str, sorted(strange)[:10]))
        found = f"{len(strange)} others, such as {listed}"
        expected = "values of segments that are described"
        raise InputError(Fault(code="SEG_DESCRIPTION", expected=expected, found=found))
    return array
