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
from netlm_imaging.ingest.polygons import Outlines, area_by_plane
from netlm_imaging.ingest.rtstruct_contours import Roi
from netlm_imaging.ingest.stack import REFUSED_FRACTION
from netlm_imaging.ingest.steps import smallest_step

PLANAR_MM = 0.2
"""Points of a contour lie no further than this from its plane: rounded text moves them by less."""
SAME_PLANE_MM = 0.1
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
    step: float
    """mm: the thickness that each plane stands for."""

    @property
    def volume_ml(self) -> float:
        """Volume of the contours: area times step, plane by plane."""
        return float(self.areas.sum()) * self.step / 1000.0

    @property
    def slabs(self) -> FloatArray:
        """(n, 2): where each plane's slab begins and ends; neighbors share an edge."""
        middle = (self.heights[1:] + self.heights[:-1]) / 2
        half = self.step / 2
        gap = np.diff(self.heights) > 1.5 * self.step
        below = np.concatenate([[self.heights[0] - half], np.where(gap, self.heights[1:] - half, middle)])
        above = np.concatenate([np.where(gap, self.heights[:-1] + half, middle), [self.heights[-1] + half]])
        return np.stack([below, above], axis=1)


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


def axes_across(normal: FloatArray, grid: Grid | None) -> tuple[FloatArray, float | None]:
    """3 x 3 axes whose third column is the normal: those of ``grid``, with its step along the normal.

    Where ``grid`` is not parallel to them the first two axes follow the patient's, and the step is None.
    """
    if grid is not None:
        along = grid.axes.T @ normal
        third = int(np.argmax(np.abs(along)))
        if np.linalg.norm(np.cross(grid.axes[:, third], normal)) <= PARALLEL:
            others = [n for n in range(3) if n != third]
            axes = grid.axes[:, [*others, third]] * (1.0, 1.0, np.sign(along[third]))
            left, _, right = np.linalg.svd(axes)
            return left @ right, grid.spacing_mm[third]
    start = np.eye(3)[1 if np.argmax(np.abs(normal)) == 0 else 0]
    first = start - normal * (start @ normal)
    first /= np.linalg.norm(first)
    return np.column_stack([first, np.cross(normal, first), normal]), None


def regions_of(
    wanted: Sequence[Roi], others: Sequence[Roi], axes: FloatArray, *, image_step: float | None
) -> tuple[list[Region], list[Region], list[Notice]]:
    """The ROIs wanted, and those of the others that can be used, as regions.

    ``image_step`` is that of the image's slices where those lie along the normal. Raises InputError
    with all faults of those wanted: UNEVEN_SPACING, NO_THICKNESS.
    """
    flat = [_Flat.of(roi, axes) for roi in (*wanted, *others)]
    steps = [smallest_step(f.heights) for f in flat if len(f.heights) > 2 and f.spread <= SAME_PLANE_MM]
    found = [_region(f, min(steps, default=None), image_step) for f in flat]
    faults = [fault for entry in found[: len(wanted)] if isinstance(entry, list) for fault in entry]
    if faults:
        raise InputError(*faults)
    regions = [entry if isinstance(entry, Region) else None for entry in found]
    mine = [region for region in regions[: len(wanted)] if region is not None]
    rest = [region for region in regions[len(wanted) :] if region is not None]
    return mine, rest, [notice for region in mine for notice in _plane_notices(region)]


@dataclass(frozen=True, slots=True, eq=False)
class _Flat:
    """An ROI by its planes, before its step is known."""

    roi: Roi
    heights: FloatArray
    outlines: Outlines
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
        outlines = Outlines.of([(int(n), points[:, :2]) for n, points in zip(plane, local, strict=True)])
        return cls(
            roi=roi,
            heights=np.bincount(plane, weights=heights) / np.bincount(plane),
            outlines=outlines,
            spread=float((ascending[last] - ascending[first]).max()),
        )


def _region(flat: _Flat, common: float | None, image_step: float | None) -> Region | list[Fault]:
    roi, heights = flat.roi, flat.heights
    if flat.spread > SAME_PLANE_MM:
        return [_uneven(roi, f"contours {flat.spread:.3f} mm apart")]
    step = smallest_step(heights) if len(heights) > 2 else _thickness(roi, heights, common, image_step)
    if step is None:
        return [_no_thickness(roi)]
    if len(heights) > 2 and not _regular(heights, step):
        steps = np.diff(heights)
        return [_uneven(roi, f"steps from {steps.min():.3f} to {steps.max():.3f} mm")]
    areas = area_by_plane(flat.outlines, len(heights))
    return Region(number=roi.number, heights=heights, outlines=flat.outlines, areas=areas, step=step)


def _thickness(roi: Roi, heights: FloatArray, common: float | None, image_step: float | None) -> float | None:
    """One or two planes show no step of their own: the file's, the other ROIs', the image's."""
    own = float(heights[1] - heights[0]) if len(heights) == 2 else None
    known = next((step for step in (roi.slab_mm, common, image_step) if step), None)
    return min(known, own) if known and own else known or own


def _no_thickness(roi: Roi) -> Fault:
    return Fault(
        code="NO_THICKNESS",
        expected="a step between the planes of contours",
        found=f"ROI {roi.number}: one plane, no thickness, no other ROI that shows a step",
        remedy="Use it together with its image (netlm run), or draw it on at least two planes",
    )


def _regular(heights: FloatArray, step: float) -> bool:
    """Planes at whole steps, and no more than half of the steps longer than one."""
    steps = np.diff(heights)
    whole = np.rint(steps / step)
    uneven = np.abs(steps / step - whole) > REFUSED_FRACTION * whole
    return not uneven.any() and 2 * int((whole > 1).sum()) <= len(steps)


def _uneven(roi: Roi, found: str) -> Fault:
    return Fault(
        code="UNEVEN_SPACING",
        expected=f"planes at even steps of more than {SAME_PLANE_MM} mm, few of them left out",
        found=f"ROI {roi.number}: {found}",
        remedy="Contour every slice, or make one ROI of each separate part",
    )


def _plane_notices(region: Region) -> list[Notice]:
    number, heights, step = region.number, region.heights, region.step
    if len(heights) == 1:
        message = f"ROI {number} has one plane only: taken as {step:g} mm thick"
        return [Notice(code="ROI_SINGLE_PLANE", message=message)]
    missing = np.maximum(np.rint(np.diff(heights) / step) - 1, 0)
    if not missing.any():
        return []
    between = float((missing * (region.areas[1:] + region.areas[:-1]) / 2).sum()) * step / 1000.0
    absent = int(missing.sum())
    message = (
        f"ROI {number} has no contours on {absent} of the {len(heights) + absent} planes from its first to"
        f" its last; they are read as empty. If the region goes on there, about {between:.2f} mL are missing"
    )
    return [Notice(code="ROI_GAP", message=message)]
