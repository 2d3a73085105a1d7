"""What an RTSTRUCT holds: its ROIs with their closed contours in LPS mm, and all that is wrong with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.contour_overlaps import without_repeats
from netlm_imaging.ingest.stack import FARTHEST_MM
from netlm_imaging.ingest.steps import LARGEST_SLICE_MM

CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
OPEN = frozenset({"POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"})
LARGEST_POINTS = 5_000_000
"""Of a file; real structure sets hold less than one million."""
LARGEST_CONTOURS = 25_000
LARGEST_ROIS = 500
"""Of a file; atlases of the whole body hold about a hundred, on ten thousand contours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roi:
    """One region of interest; ``faults`` without ``where``."""

    number: int
    name: str = field(repr=False)
    frame: str = field(repr=False)
    """UID of its frame of reference; empty where the file names none."""
    contours: tuple[FloatArray, ...] = field(repr=False)
    """Closed, (n, 3) LPS mm."""
    slab_mm: float | None
    """The smallest ContourSlabThickness, unless it is that of no slice."""
    ignored: int
    """Points, open contours and contours of fewer than three points."""
    repeated: int
    """Contours left out because the same one is there already."""
    faults: tuple[Fault, ...]


def read_rois(dataset: Dataset) -> tuple[Roi, ...]:
    """All ROIs by number. Raises InputError (ROI_DESCRIPTION, CONTOURS_TOO_COMPLEX)."""
    described = v.items(dataset, "StructureSetROISequence")
    _require_at_most(LARGEST_ROIS, "ROIs", len(described))
    numbers = [v.integer(item, "ROINumber") for item in described]
    contours: dict[int | None, list[Dataset]] = defaultdict(list)
    count = 0
    for item in v.items(dataset, "ROIContourSequence"):
        count += len(v.items(item, "ContourSequence"))
        _require_at_most(LARGEST_CONTOURS, "contours", count)
        contours[v.integer(item, "ReferencedROINumber")] += v.items(item, "ContourSequence")
    faults = _description_faults(numbers, [n for n, found in contours.items() if found])
    if faults:
        raise InputError(*faults)
    frame = _only_frame(dataset)
    rois, points = [], 0
    for number, item in sorted(zip(numbers, described, strict=True), key=lambda pair: pair[0] or 0):
        roi = _roi(number or 0, item, contours[number], frame)
        points += sum(len(c) for c in roi.contours)
        _require_at_most(LARGEST_POINTS, "contour points", points)
        rois.append(roi)
    return tuple(rois)


def _description_faults(numbers: list[int | None], used: list[int | None]) -> list[Fault]:
    faults = []

    def fault(expected: str, found: str) -> None:
        faults.append(Fault(code="ROI_DESCRIPTION", expected=expected, found=found))

    if not numbers:
        fault("a StructureSetROISequence that describes the ROIs", "none")
    if None in numbers:
        fault("an ROINumber for every ROI", f"{numbers.count(None)} without")
    twice = [n for n, count in Counter(numbers).items() if n is not None and count > 1]
    if twice:
        fault("each ROINumber once", f"{_listed(twice)} several times")
    unknown = [n for n in used if n not in numbers]
    if unknown and numbers:
        fault("contours of ROIs that are described", f"contours of ROI {_listed(unknown)}, which is not")
    return faults


def _listed(numbers: list[Any]) -> str:
    return ", ".join("without a number" if n is None else str(n) for n in numbers[:10])


def _require_at_most(most: int, what: str, found: int) -> None:
    if found > most:
        expected = f"at most {most} {what}"
        raise InputError(Fault(code="CONTOURS_TOO_COMPLEX", expected=expected, found=f"{found} or more"))


def _only_frame(dataset: Dataset) -> str:
    """The frame of reference of ROIs that name none: the file's, where it names just one."""
    frames = {
        v.text(item, "FrameOfReferenceUID") for item in v.items(dataset, "ReferencedFrameOfReferenceSequence")
    }
    frames |= {v.text(dataset, "FrameOfReferenceUID")}
    frames -= {""}
    return frames.pop() if len(frames) == 1 else ""


def _roi(number: int, item: Dataset, contours: list[Dataset], frame: str) -> Roi:
    closed: list[FloatArray] = []
    problems: Counter[tuple[str, str]] = Counter()
    ignored = 0
    for contour in contours:
        points = _points(contour)
        if isinstance(points, tuple):
            problems[points] += 1
        elif points is None or len(points) < 3:
            ignored += 1
        else:
            closed.append(points)
    # Twice the same contour would cancel out by the even-odd rule.
    kept = without_repeats(closed)
    slabs = [v.number(contour, "ContourSlabThickness") for contour in contours]
    return Roi(
        number=number,
        name=v.text(item, "ROIName"),
        frame=v.text(item, "ReferencedFrameOfReferenceUID") or frame,
        contours=kept,
        slab_mm=min((s for s in slabs if s and 0 < s <= LARGEST_SLICE_MM), default=None),
        ignored=ignored,
        repeated=len(closed) - len(kept),
        faults=tuple(
            Fault(code=code, expected=expected, found=f"ROI {number}: {n} of {len(contours)} that are not so")
            for (code, expected), n in problems.items()
        ),
    )


_KIND = ("CONTOUR_TYPE", f"contours of a known ContourGeometricType ({', '.join(sorted(CLOSED | OPEN))})")
_FINITE = ("CONTOUR_COORDINATES", f"contours of finite coordinates within {FARTHEST_MM:g} mm")
_COUNT = ("CONTOUR_POINTS", "contours of as many points (x, y, z) as NumberOfContourPoints says")


def _points(contour: Dataset) -> FloatArray | tuple[str, str] | None:
    """(n, 3) in mm; None for what encloses nothing; (code, expected) where the contour is wrong."""
    kind = v.text(contour, "ContourGeometricType").upper()
    if kind in OPEN:
        return None
    if kind not in CLOSED:
        return _KIND
    declared = v.integer(contour, "NumberOfContourPoints")
    values = v.numbers(contour, "ContourData")
    if values is None:
        return _FINITE if v.raw(contour, "ContourData") is not None else _COUNT if declared else None
    if len(values) % 3 or (declared is not None and 3 * declared != len(values)):
        return _COUNT
    points = np.array(values, dtype=np.float64).reshape(-1, 3)
    # NaN fails the comparison too.
    return points if bool((np.abs(points) < FARTHEST_MM).all()) else _FINITE
