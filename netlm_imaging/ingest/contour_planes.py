"""Contours of an RTSTRUCT to regions: polygons in parallel planes, each plane a slab of the region's step.

An RTSTRUCT names no grid. All that is known of it lies in the coordinates: the planes' common normal,
where the planes lie along it, and how far apart they usually are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.ingest.contour_overlaps import overlap_fault
from netlm_imaging.ingest.contour_steps import Slices, Step, step_of, uneven
from netlm_imaging.ingest.polygons import Outlines, area_by_plane
from netlm_imaging.ingest.rtstruct_contours import Roi

PLANAR_MM = 0.2
"""Points of a contour lie no further than this from its plane: rounded text moves them by less."""
SAME_PLANE_MM = 0.1
LARGEST_EXTENT_MM = 3000.0
"""Of a body with the couch."""
LARGEST_PLANES = 3000
"""Of an ROI; a whole body in slices of 1 mm has two thousand."""
PARALLEL = 2e-4
"""Radians: beyond it, an image's axes are not taken for those of the contours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """One ROI as polygons in planes across the third column of its axes."""

    number: int
    heights: FloatArray
    """Ascending, mm along the normal."""
    outlines: Outlines
    """In mm along the first two axes; plane n lies at ``heights[n]``."""
    areas: FloatArray
    """mm2 inside, by plane."""
    step: Step
    """The thickness that each plane stands for."""

    @property
    def volume_ml(self) -> float:
        """Volume of the contours: area times step, plane by plane."""
        return float(self.areas.sum()) * self.step.mm / 1000.0

    @property
    def slabs(self) -> FloatArray:
        """(n, 2): where each plane's slab begins and ends; neighbors share an edge."""
        middle = (self.heights[1:] + self.heights[:-1]) / 2
        half = self.step.mm / 2
        gap = np.diff(self.heights) > 1.5 * self.step.mm
        below = np.concatenate([[self.heights[0] - half], np.where(gap, self.heights[1:] - half, middle)])
        above = np.concatenate([np.where(gap, self.heights[:-1] + half, middle), [self.heights[-1] + half]])
        return np.stack([below, above], axis=1)


def require_body_size(rois: Sequence[Roi]) -> None:
    """Raises InputError (BAD_SIZE) where their contours reach farther than a body."""
    contours = [c for roi in rois for c in roi.contours]
    size = np.max([c.max(axis=0) for c in contours], axis=0) - np.min(
        [c.min(axis=0) for c in contours], axis=0
    )
    if size.max() > LARGEST_EXTENT_MM:
        found = " x ".join(f"{mm:.0f}" for mm in size) + " mm"
        raise InputError(Fault(code="BAD_SIZE", expected="regions of the size of a body", found=found))


def plane_normal(rois: Sequence[Roi]) -> FloatArray:
    """The common normal of all contours, towards its largest component.

    Raises InputError: NO_CONTOURS, CONTOUR_NOT_PLANAR, CONTOURS_TURNED (planes of several orientations).
    """
    scatters = [(c - c.mean(axis=0)).T @ (c - c.mean(axis=0)) for roi in rois for c in roi.contours]
    # The contour with the largest second extent shows its plane best.
    broadest = max(scatters, key=lambda scatter: float(np.linalg.eigvalsh(scatter)[1]))
    if np.linalg.eigvalsh(broadest)[1] < SAME_PLANE_MM**2:
        raise InputError(no_contours("contours that are lines"))
    normal = _thinnest(broadest)
    faults = [fault for roi in rois for fault in _off_plane(roi, normal)]
    if faults:
        raise InputError(*faults)
    normal = _thinnest(np.sum(scatters, axis=0))
    return np.asarray(normal * np.sign(normal[np.argmax(np.abs(normal))]))


def no_contours(found: str) -> Fault:
    """The fault of ROIs that enclose nothing."""
    return Fault(code="NO_CONTOURS", expected="closed contours with an area", found=found)


def lies_across(roi: Roi, normal: FloatArray) -> bool:
    """Whether all its contours are planar and lie across ``normal``."""
    return not _off_plane(roi, normal)


def _thinnest(scatter: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.eigh(scatter)[1][:, 0])


def _off_plane(roi: Roi, normal: FloatArray) -> list[Fault]:
    turned = bent = 0
    for points in roi.contours:
        centered = points - points.mean(axis=0)
        if np.abs(centered @ normal).max() > PLANAR_MM:
            own = np.abs(centered @ _thinnest(centered.T @ centered)).max()
            turned, bent = turned + (own <= PLANAR_MM), bent + (own > PLANAR_MM)
    kinds = [
        ("CONTOUR_NOT_PLANAR", f"contours whose points lie in a plane (within {PLANAR_MM} mm)", bent),
        ("CONTOURS_TURNED", "contours in parallel planes", turned),
    ]
    return [
        Fault(code=code, expected=expected, found=f"ROI {roi.number}: {n} of {len(roi.contours)} are not so")
        for code, expected, n in kinds
        if n
    ]


def axes_across(normal: FloatArray, grid: Grid | None) -> tuple[FloatArray, tuple[float, float] | None]:
    """3 x 3 axes whose third column is the normal: those of ``grid``, with step and height of its slices.

    Where ``grid`` is not parallel to them the first two axes follow the patient's, and there are no slices.
    """
    if grid is not None:
        along = grid.axes.T @ normal
        third = int(np.argmax(np.abs(along)))
        if np.linalg.norm(np.cross(grid.axes[:, third], normal)) <= PARALLEL:
            others = [n for n in range(3) if n != third]
            axes = grid.axes[:, [*others, third]] * (1.0, 1.0, np.sign(along[third]))
            left, _, right = np.linalg.svd(axes)
            axes = left @ right
            return axes, (grid.spacing_mm[third], float(axes[:, 2] @ np.asarray(grid.origin_mm)))
    start = np.eye(3)[1 if np.argmax(np.abs(normal)) == 0 else 0]
    first = start - normal * (start @ normal)
    first /= np.linalg.norm(first)
    return np.column_stack([first, np.cross(normal, first), normal]), None


def regions_of(
    wanted: Sequence[Roi], others: Sequence[Roi], axes: FloatArray, *, image: tuple[float, float] | None
) -> tuple[list[Region], list[Region], list[Notice]]:
    """The ROIs wanted, and those of the others that can be used, as regions.

    ``image``: step and height of the image's slices where those lie along the normal. Raises InputError
    with all faults of those wanted: UNEVEN_SPACING, CONTOURS_SPARSE, NO_THICKNESS,
    CONTOURS_OVERLAP, BAD_SIZE.
    """
    flat = [_Flat.of(roi, axes) for roi in (*wanted, *others)]
    slices = Slices.of([f.heights for f in flat if f.spread <= SAME_PLANE_MM], image)
    found = [_region(f, slices) for f in flat]
    faults = [fault for entry in found[: len(wanted)] if isinstance(entry, list) for fault in entry]
    if faults:
        raise InputError(*faults)
    mine = [entry for entry in found[: len(wanted)] if isinstance(entry, Region)]
    rest = [entry for entry in found[len(wanted) :] if isinstance(entry, Region)]
    return mine, rest, [notice for region in mine for notice in _plane_notices(region)]


@dataclass(frozen=True, slots=True, eq=False)
class _Flat:
    """An ROI by its planes, before its step is known."""

    roi: Roi
    heights: FloatArray
    polygons: tuple[tuple[int, FloatArray], ...]
    """Plane, and corners along the first two axes, mm."""
    spread: float
    """How far contours of one plane lie apart, mm."""

    @classmethod
    def of(cls, roi: Roi, axes: FloatArray) -> _Flat:
        local = [points @ axes for points in roi.contours]
        heights = np.array([float(points[:, 2].mean()) for points in local])
        order = np.argsort(heights, kind="stable")
        ascending, plane = heights[order], np.zeros(len(local), dtype=np.intp)
        plane[order] = np.concatenate([[0], np.cumsum(np.diff(ascending) > SAME_PLANE_MM)])
        first = np.flatnonzero(np.diff(plane[order], prepend=-1))
        last = np.append(first[1:], len(local)) - 1
        return cls(
            roi=roi,
            heights=np.bincount(plane, weights=heights) / np.bincount(plane),
            polygons=tuple((int(n), points[:, :2]) for n, points in zip(plane, local, strict=True)),
            spread=float((ascending[last] - ascending[first]).max()),
        )


def _region(flat: _Flat, slices: Slices) -> Region | list[Fault]:
    roi, heights = flat.roi, flat.heights
    if flat.spread > SAME_PLANE_MM:
        return [uneven(roi.number, f"contours of one plane {flat.spread:.3f} mm apart")]
    if len(heights) > LARGEST_PLANES:
        found = f"ROI {roi.number}: {len(heights)}"
        return [Fault(code="BAD_SIZE", expected=f"at most {LARGEST_PLANES} planes in an ROI", found=found)]
    step = step_of(roi.number, heights, roi.slab_mm, slices)
    overlap = overlap_fault(roi.number, flat.polygons)
    faults = [entry for entry in (step, overlap) if isinstance(entry, Fault)]
    if faults or isinstance(step, Fault):
        return faults
    outlines = Outlines.of(flat.polygons)
    areas = area_by_plane(outlines, len(heights))
    return Region(number=roi.number, heights=heights, outlines=outlines, areas=areas, step=step)


def _plane_notices(region: Region) -> list[Notice]:
    number, heights, step = region.number, region.heights, region.step.mm
    notices = []
    if len(heights) == 1:
        message = f"ROI {number} has one plane only: taken as {step:.4g} mm thick"
        notices.append(Notice(code="ROI_SINGLE_PLANE", message=message))
    if len(heights) == 2:
        message = f"ROI {number} has two planes only: each taken as {step:.4g} mm thick"
        notices.append(Notice(code="ROI_TWO_PLANES", message=message))
    if step > 1.5 * region.step.slice_mm:
        message = (
            f"ROI {number} is drawn on every other slice ({step:.4g} mm apart) and read as if it went on"
            f" between: {region.volume_ml:.2f} mL. If it does not, it has half as much"
        )
        notices.append(Notice(code="ROI_SPARSE", message=message))
    missing = np.maximum(np.rint(np.diff(heights) / step) - 1, 0)
    if missing.any():
        notices.append(_gap(region, missing))
    return notices


def _gap(region: Region, missing: FloatArray) -> Notice:
    between = float((missing * (region.areas[1:] + region.areas[:-1]) / 2).sum()) * region.step.mm / 1000.0
    absent, planes = int(missing.sum()), len(region.heights)
    message = (
        f"ROI {region.number} has no contours on {absent} of the {planes + absent} planes from its first to"
        f" its last; they are read as empty. If the region goes on there, about {between:.2f} mL are missing"
    )
    return Notice(code="ROI_GAP", message=message)
