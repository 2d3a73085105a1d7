"""RTSTRUCT to labels: contours filled by the even-odd rule, by patient coordinates alone.

Images that the contours refer to are not needed. Several contours in a plane are combined by
exclusive or, so that holes and keyholes stay open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.contour_lattice import VOLUME_TOLERANCE, Lattice, choose_lattice, deviation, fill
from netlm_imaging.ingest.contour_planes import (
    Region,
    axes_across,
    lies_across,
    no_contours,
    plane_normal,
    regions_of,
    require_body_size,
)
from netlm_imaging.ingest.objects import ObjectLabels
from netlm_imaging.ingest.overlaps import paint
from netlm_imaging.ingest.picking import pick
from netlm_imaging.ingest.rtstruct_contours import Roi, read_rois

LARGEST_LABEL = 2**16 - 1


def read_rtstruct(dataset: Dataset, *, roi: str | None = None, image: Grid | None = None) -> ObjectLabels:
    """All ROIs of a structure set, or the one named (by its name or number); labels are ROI numbers.

    Without ``image`` the grid has the planes of the contours and rows along the patient's axes; with
    it, and parallel to it, the image's rows and columns. Either is fine enough that each ROI keeps
    its volume within 1 %. ROIs that overlap: the smallest keeps the voxel.
    Raises InputError (without ``where``): ROI_DESCRIPTION, ROI_UNKNOWN, ROI_AMBIGUOUS, FRAME_MIXED,
    NO_CONTOURS, CONTOUR_TYPE, CONTOUR_COORDINATES, CONTOUR_POINTS, CONTOUR_NOT_PLANAR, CONTOURS_TURNED,
    UNEVEN_SPACING, CONTOURS_SPARSE, NO_THICKNESS, CONTOURS_OVERLAP, CONTOURS_TOO_COMPLEX, BAD_SIZE.
    """
    rois = read_rois(dataset)
    wanted = _wanted(rois, roi)
    _require_sound(wanted)
    drawn = [r for r in wanted if r.contours]
    require_body_size(drawn)
    normal = plane_normal(drawn)
    others = [
        r
        for r in rois
        if r not in wanted
        and r.contours
        and not r.faults
        and r.frame == drawn[0].frame
        and lies_across(r, normal)
    ]
    array, grid, notices = _voxels(drawn, others, normal, image, labels=_labels(wanted))
    return ObjectLabels(
        kind="RTSTRUCT",
        array=array,
        grid=grid,
        parts=len(wanted),
        series_uid=v.text(dataset, "SeriesInstanceUID"),
        frame=drawn[0].frame,
        own_grid=False,
        notices=(*_roi_notices(wanted), *notices),
    )


def _wanted(rois: Sequence[Roi], roi: str | None) -> list[Roi]:
    shown = {r.number: f"{len(r.contours)} contours" for r in rois}
    numbers = pick({r.number: r.name for r in rois}, roi, kind="ROI", shown=shown)
    return [r for r in rois if r.number in numbers]


def _require_sound(wanted: Sequence[Roi]) -> None:
    faults = [fault for r in wanted for fault in r.faults]
    frames = {r.frame for r in wanted if r.contours}
    if len(frames) > 1:
        found = f"{len(frames)} frames of reference"
        faults.append(Fault(code="FRAME_MIXED", expected="ROIs in one frame of reference", found=found))
    if not faults and not frames:
        faults.append(no_contours(f"{sum(r.ignored for r in wanted)} points or open contours"))
    if faults:
        raise InputError(*faults)


def _labels(wanted: Sequence[Roi]) -> dict[int, int]:
    """ROI number to label: the number itself, or its place in their order where one is no label."""
    numbers = sorted(r.number for r in wanted)
    if numbers[0] >= 1 and numbers[-1] <= LARGEST_LABEL:
        return {n: n for n in numbers}
    return {n: place for place, n in enumerate(numbers, start=1)}


def _voxels(
    drawn: Sequence[Roi],
    others: Sequence[Roi],
    normal: FloatArray,
    image: Grid | None,
    *,
    labels: Mapping[int, int],
) -> tuple[npt.NDArray[Any], Grid, list[Notice]]:
    axes, slices = axes_across(normal, image)
    beside = image if slices is not None else None
    regions, rest, notices = regions_of(drawn, others, axes, image=slices)
    mine = {labels[r.number]: r for r in regions if r.volume_ml > 0}
    if not mine:
        raise InputError(no_contours("contours without an area"))
    filled = list(mine.values())
    lattice = choose_lattice(filled, [r for r in rest if r.volume_ml > 0], axes, beside)
    grid = lattice.grid(filled)
    sizes = {label: region.volume_ml for label, region in mine.items()}
    array, shared_ml = paint(sizes, lambda label: fill(mine[label], lattice, grid), grid)
    if shared_ml:
        message = f"{shared_ml:.2f} mL belong to several ROIs; the smallest ROI keeps them"
        notices.append(Notice(code="ROI_OVERLAP", message=message))
    return array, grid, [*notices, *_fill_notices(filled, lattice)]


def _roi_notices(wanted: Sequence[Roi]) -> list[Notice]:
    notices = []
    labels = _labels(wanted)

    def notice(code: str, message: str) -> None:
        notices.append(Notice(code=code, message=message))

    if len(wanted) > 1 and any(number != label for number, label in labels.items()):
        listed = ", ".join(f"{number}: {label}" for number, label in labels.items())
        notice(
            "ROI_RENUMBERED", f"Some ROI numbers are no labels; ROIs are labeled in their order ({listed})"
        )
    for r in wanted:
        if r.ignored:
            notice("CONTOURS_IGNORED", f"ROI {r.number}: {r.ignored} points or open contours enclose nothing")
        if r.repeated:
            notice(
                "CONTOUR_REPEATED", f"ROI {r.number}: {r.repeated} contours are there twice and count once"
            )
        if not r.contours:
            notice("ROI_EMPTY", f"ROI {r.number} has no closed contour")
    return notices


def _fill_notices(filled: Sequence[Region], lattice: Lattice) -> list[Notice]:
    """On what grid, and ROIs too small for any: their volume changes."""
    spacing = " x ".join(f"{mm:.4g}" for mm in lattice.spacing)
    off = {r.number: deviation(lattice, r) for r in filled}
    message = (
        f"Contours were filled on a grid of {spacing} mm; volumes differ by at most {max(off.values()):.2%}"
    )
    changed = [
        Notice(
            code="ROI_VOLUME",
            message=f"ROI {r.number}: {r.volume_ml:.4g} mL, in voxels {lattice.volume_ml(r):.4g} mL",
        )
        for r in filled
        if off[r.number] > VOLUME_TOLERANCE
    ]
    return [Notice(code="CONTOURS_FILLED", message=message), *changed]
