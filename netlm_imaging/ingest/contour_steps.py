"""How thick a slab each plane of an ROI stands for: its own step, held against all that tells the slices.

An ROI on few planes far apart is either one region that was not drawn in between, or several thin ones. Its
volume differs by as much as its planes lie apart, so that nothing is taken for granted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.errors import Fault
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest.stack import REFUSED_FRACTION
from netlm_imaging.ingest.steps import LARGEST_SLICE_MM, smallest_step

ON_SLICE = 0.1
"""Planes this part of a step beside slices still lie on them."""
MOST_SKIPPED = 2
"""Contours on every other slice are common practice; beyond it nobody knows what lies between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What each plane of an ROI stands for."""

    mm: float
    slice_mm: float
    """The step of the slices that it was drawn on; smaller where it is drawn on every other one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slices:
    """Slices that contours may have been drawn on: (n, 2) step and height of one, mm along the normal."""

    of_rois: FloatArray
    """Of the ROIs of the file that show a step."""
    of_image: FloatArray

    @classmethod
    def of(cls, planes: Sequence[FloatArray], image: tuple[float, float] | None) -> Slices:
        """From the planes of all ROIs, and step and height of the image's slices."""
        shown = [(smallest_step(heights), heights) for heights in planes if len(heights) > 2]
        steps = [(step, heights[0]) for step, heights in shown if _at_whole_steps(heights, step)]
        return cls(
            of_rois=np.unique(np.reshape(steps, (-1, 2)), axis=0),
            of_image=np.reshape([] if image is None else [image], (-1, 2)),
        )

    def step_under(self, heights: FloatArray) -> float | None:
        """The smallest step of slices that have one at each height."""
        known = np.concatenate([self.of_rois, self.of_image])
        places = (heights[:, None] - known[:, 1]) / known[:, 0]
        on = np.abs(places - np.rint(places)).max(axis=0, initial=0.0) <= ON_SLICE
        return float(known[on, 0].min()) if on.any() else None

    def thickness(self) -> float | None:
        """Of a plane that shows nothing: the smallest step of the other ROIs, else the image's."""
        known = self.of_rois if len(self.of_rois) else self.of_image
        return float(known[:, 0].min()) if len(known) else None


def step_of(number: int, heights: FloatArray, slab_mm: float | None, slices: Slices) -> Step | Fault:
    """The step of ROI ``number`` with planes at ascending ``heights``; ``slab_mm`` is ContourSlabThickness.

    Faults: UNEVEN_SPACING, CONTOURS_SPARSE, NO_THICKNESS.
    """
    if len(heights) == 1:
        thickness = slab_mm or slices.thickness()
        if thickness is None or thickness > LARGEST_SLICE_MM:
            return _no_thickness(number, "one plane")
        return Step(mm=thickness, slice_mm=thickness)
    own = smallest_step(heights)
    if len(heights) > 2 and not (_at_whole_steps(heights, own) and _mostly_single(heights, own)):
        return uneven(number, _range(heights))
    known = slab_mm or slices.step_under(heights)
    if known is None or known > LARGEST_SLICE_MM:
        if own > LARGEST_SLICE_MM:
            return _no_thickness(number, f"planes {own:.4g} mm apart")
        return Step(mm=own, slice_mm=own)
    skipped = float(np.rint(own / known))
    if skipped < 2:
        return Step(mm=own, slice_mm=own)
    if len(heights) == 2:
        whole = abs(own / known - skipped) <= REFUSED_FRACTION * skipped
        return Step(mm=own / skipped, slice_mm=own / skipped) if whole else uneven(number, _range(heights))
    if own / known > MOST_SKIPPED * (1 + REFUSED_FRACTION):
        return _sparse(number, own, known)
    return Step(mm=own, slice_mm=known)


def _at_whole_steps(heights: FloatArray, step: float) -> bool:
    ratios = np.diff(heights) / step
    return not bool((np.abs(ratios - np.rint(ratios)) > REFUSED_FRACTION * np.rint(ratios)).any())


def _mostly_single(heights: FloatArray, step: float) -> bool:
    """No more than half of the steps longer than one."""
    longer = np.rint(np.diff(heights) / step) > 1
    return 2 * int(longer.sum()) <= len(longer)


def _range(heights: FloatArray) -> str:
    steps = np.diff(heights)
    return f"steps from {steps.min():.3f} to {steps.max():.3f} mm"


def uneven(number: int, found: str) -> Fault:
    """The fault of an ROI whose planes lie on no regular grid."""
    return Fault(
        code="UNEVEN_SPACING",
        expected="planes at even whole steps of the slices, few of them left out",
        found=f"ROI {number}: {found}",
        remedy="Contour every slice, or make one ROI of each separate part",
    )


def _sparse(number: int, own: float, known: float) -> Fault:
    return Fault(
        code="CONTOURS_SPARSE",
        expected="contours on every slice, or on every other one",
        found=f"ROI {number}: planes {own:.4g} mm apart on slices of {known:.4g} mm",
        remedy="Contour the slices between, or make one ROI of each separate part",
    )


def _no_thickness(number: int, found: str) -> Fault:
    return Fault(
        code="NO_THICKNESS",
        expected=f"a step between slices, at most {LARGEST_SLICE_MM:g} mm",
        found=f"ROI {number}: {found}; no thickness of a slice, no other ROI that shows a step",
        remedy="Use it together with its image (netlm run), or draw it on every slice",
    )
