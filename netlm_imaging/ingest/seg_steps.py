"""The step between the slices of a DICOM SEG, which lists only those slices that hold something.

Frames far apart are either neighbors on thick slices or thin parts with empty slices between. Their own
distance is the step only where the file or its image does not tell otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest.stack import REFUSED_FRACTION
from netlm_imaging.ingest.steps import LARGEST_SLICE_MM, smallest_step

LARGEST_RATIO_ERROR = 0.2
"""Of a step: a stated step is rounded, which counts many times over many slices."""
NEIGHBORS = 1.5
"""Slices this many times their thickness apart are neighbors with a gap between, not every other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHints:
    """What tells the step besides the frames' own distance; mm, None where nothing is said."""

    said: float | None
    """SpacingBetweenSlices, whose sign some writers use for the direction."""
    thickness: float | None
    """SliceThickness."""
    image: float | None
    """Step of the image on whose voxels all frames lie."""


def slice_step(planes: FloatArray, hints: StepHints) -> tuple[float, list[Notice]]:
    """The step of slices that have frames at ascending ``planes``, mm. Raises InputError (SEG_GEOMETRY)."""
    if planes.size < 2:
        return _single_plane(hints)
    step = smallest_step(planes)
    if hints.said is not None:
        ratio = step / hints.said
        if abs(ratio - 1) <= REFUSED_FRACTION:
            return _as_said(step, hints)
        if ratio > NEIGHBORS:
            if hints.image is not None and abs(hints.image / step - 1) <= REFUSED_FRACTION:
                found = f"frames on neighboring image slices of {step:.4g} mm, {hints.said:.4g} mm said"
                raise InputError(_unknown(found))
            return _between(step, hints, hints.said, "slices"), [_sparse(step, hints.said)]
    return _unsaid(planes, step, hints)


def _as_said(step: float, hints: StepHints) -> tuple[float, list[Notice]]:
    """Frames on neighboring slices, if neither image nor thickness tell otherwise."""
    as_thick = hints.thickness is not None and step / hints.thickness <= NEIGHBORS
    if hints.image is not None and step / hints.image > NEIGHBORS and not as_thick:
        raise InputError(
            _unknown(f"frames {step:.4g} mm apart as said, image slices of {hints.image:.4g} mm")
        )
    if hints.thickness is None or as_thick:
        return _thin_enough(step), []
    message = f"Slices are {hints.thickness:.4g} mm thick; they lie {step:.4g} mm apart, which was used"
    return _thin_enough(step), [Notice(code="SEG_SPACING", message=message)]


def _sparse(step: float, slices: float) -> Notice:
    # Planes without a segment have no frame.
    message = f"Frames lie {step:.4g} mm apart on slices of {slices:.4g} mm; those between are empty"
    return Notice(code="SEG_SPACING", message=message)


def _between(step: float, hints: StepHints, slices: float, of: str) -> float:
    """The step of slices of which the frames use every second, third or so on."""
    ratio = step / slices
    whole = round(ratio)
    if abs(ratio - whole) > min(REFUSED_FRACTION * whole, LARGEST_RATIO_ERROR):
        raise InputError(_unknown(f"frames {step:.4g} mm apart, {of} of {slices:.4g} mm"))
    if hints.thickness is not None and abs(hints.thickness / step - 1) <= REFUSED_FRACTION:
        found = f"frames {step:.4g} mm apart and as thick, {of} of {slices:.4g} mm"
        raise InputError(_unknown(found))
    return _thin_enough(step / whole)


def _unsaid(planes: FloatArray, step: float, hints: StepHints) -> tuple[float, list[Notice]]:
    """Nothing is said, or what the frames disprove."""
    notices = []
    if hints.said is not None:
        message = (
            f"The file says {hints.said:g} mm between slices; frames lie {step:.4g} mm apart, which was used"
        )
        notices = [Notice(code="SEG_SPACING", message=message)]
    thickness, image = hints.thickness, hints.image
    as_thick = thickness is not None and abs(thickness / step - 1) <= REFUSED_FRACTION
    if image is not None and not as_thick:
        if step / image <= NEIGHBORS:
            return _thin_enough(step), notices
        return _between(step, hints, image, "image slices"), [_sparse(step, image)]
    if thickness is None and (planes.size < 3 or hints.said is not None):
        raise InputError(_unknown(f"{planes.size} planes {step:.4g} mm apart, no thickness"))
    if thickness is not None and step / thickness > NEIGHBORS:
        raise InputError(_unknown(f"frames {step:.4g} mm apart that are {thickness:.4g} mm thick"))
    if thickness is None:
        message = f"The file names no step between slices; its frames lie {step:.4g} mm apart, which was used"
        notices = [Notice(code="SEG_SPACING", message=message)]
    return _thin_enough(step), notices


def _single_plane(hints: StepHints) -> tuple[float, list[Notice]]:
    thickness = hints.said or hints.image or hints.thickness
    if thickness is None:
        raise InputError(_unknown("one plane without a thickness"))
    message = f"One plane only: taken as {thickness:g} mm thick"
    return _thin_enough(thickness), [Notice(code="SEG_SINGLE_PLANE", message=message)]


def _thin_enough(step: float) -> float:
    if step > LARGEST_SLICE_MM:
        raise InputError(_unknown(f"slices {step:.4g} mm apart"))
    return step


def _unknown(found: str) -> Fault:
    return Fault(
        code="SEG_GEOMETRY",
        expected=f"a step between slices of at most {LARGEST_SLICE_MM:g} mm, told without contradiction",
        found=found,
        remedy="Write SpacingBetweenSlices as it is in the image, or use it together with that image",
    )
