"""Slices to one Grid, from ImagePositionPatient and ImageOrientationPatient alone.

Slice thickness, slice location, instance numbers and file names are never used. All that is wrong
with a stack is found at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import ORTHONORMAL_TOLERANCE, FloatArray, Grid
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.kinds import kind_faults

MINIMUM_SLICES = 3
"""Two slices give one step, which nothing can check."""
FINE_FRACTION = 0.01
REFUSED_FRACTION = 0.05
"""Steps may differ by these parts of the usual step: fine below the first, refused beyond the second."""
DRIFT_FRACTION = 0.5
"""No slice lies further than this part of a step from its place on the regular grid."""
SAME_POSITION_MM = 1e-3
SHEAR_TOLERANCE = 1e-3
FARTHEST_MM = 1e5
_IMAGE_MODALITIES = ("CT", "MR", "PT")
LARGEST_SIDE = 16_384
LARGEST_VOLUME = 2**31
"""Voxels; larger sizes are damaged headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where the slices of one series lie. ``grid`` is None where the faults leave none."""

    order: tuple[int, ...]
    """Indices of the headers along the slice normal, ascending."""
    positions_mm: tuple[float, ...] = ()
    """Along the normal, from the first slice, in ``order``."""
    shifts_mm: tuple[tuple[float, float], ...] = ()
    """How far each slice is moved within its plane along i and j, in ``order``."""
    grid: Grid | None
    faults: tuple[Fault, ...]
    notices: tuple[Notice, ...] = ()


def build_stack(headers: Sequence[Header]) -> Stack:
    """The grid of single-frame images of one volume, with all faults (codes without ``where``)."""
    faults = [*_plane_faults(headers), *_mixed_faults(headers)]
    if faults:
        return Stack(order=tuple(range(len(headers))), grid=None, faults=tuple(faults))
    points = np.array([h.position for h in headers], dtype=np.float64)
    row, column = np.reshape(np.array(headers[0].orientation, dtype=np.float64), (2, 3))
    normal = np.cross(row, column)
    along = points @ normal
    order = np.argsort(along, kind="stable")
    positions = along[order] - along[order[0]]
    offsets = points[order] - points[order[0]]
    shifts = np.stack([offsets @ row, offsets @ column], axis=1)
    step_faults, notices = check_steps(positions)
    faults = [*step_faults, *_shift_faults(positions, shifts), *kind_faults(headers)]
    grid, grid_faults = (
        _grid(headers[order[0]], len(headers), positions, normal) if not faults else (None, [])
    )
    return Stack(
        order=tuple(int(n) for n in order),
        positions_mm=tuple(positions.tolist()),
        shifts_mm=tuple((float(a), float(b)) for a, b in shifts),
        grid=grid,
        faults=(*faults, *grid_faults),
        notices=tuple(notices),
    )


def _grid(
    first: Header, count: int, positions: FloatArray, normal: FloatArray
) -> tuple[Grid | None, list[Fault]]:
    orientation = np.reshape(np.array(first.orientation), (2, 3))
    down, across = first.pixel_spacing or (0.0, 0.0)
    x, y, z = first.position or (0.0, 0.0, 0.0)
    axes = np.column_stack([*orientation, normal])
    axes /= np.linalg.norm(axes, axis=0)
    try:
        grid = Grid(
            shape_kji=(count, first.rows, first.columns),
            spacing_mm=(across, down, round(float(positions[-1]) / (count - 1), 9)),
            origin_mm=(x, y, z),
            direction=tuple(axes.ravel().tolist()),
        )
    except InputError as error:
        return None, list(error.faults)
    return grid, []


def _plane_faults(headers: Sequence[Header]) -> list[Fault]:
    """What is wrong with single slices."""
    checks: list[tuple[str, str, Callable[[Header], str]]] = [
        ("BAD_SIZE", "rows and columns from 1 to 16384", lambda h: _bad_size(h, len(headers))),
        ("NO_POSITION", "a finite ImagePositionPatient", _bad_position),
        ("BAD_ORIENTATION", "two orthonormal ImageOrientationPatient axes", _bad_orientation),
        ("BAD_SPACING", "two positive, finite PixelSpacing values", _bad_spacing),
    ]
    faults = []
    for code, expected, check in checks:
        found = [(h, problem) for h in headers if (problem := check(h))]
        if found:
            first, problem = found[0]
            faults.append(
                Fault(
                    code=code,
                    expected=expected,
                    found=f"{problem} in {len(found)} of {len(headers)} images, first {first.where}",
                    remedy="Export the series again",
                )
            )
    return faults


def _bad_size(h: Header, slices: int) -> str:
    too_large = max(h.rows, h.columns) > LARGEST_SIDE or h.rows * h.columns * slices > LARGEST_VOLUME
    return f"{h.rows} x {h.columns}" if min(h.rows, h.columns) < 1 or too_large else ""


def _bad_position(h: Header) -> str:
    if h.position is None or len(h.position) != 3:
        return "none"
    good = np.isfinite(h.position).all() and np.abs(h.position).max() < FARTHEST_MM
    return "" if good else "a position out of any scanner's reach"


def _bad_orientation(h: Header) -> str:
    if h.orientation is None or len(h.orientation) != 6:
        return "none"
    axes = np.reshape(np.array(h.orientation), (2, 3))
    if not np.isfinite(axes).all() or np.abs(axes).max() > 2:
        return "values that are no cosines"
    off = float(np.abs(axes @ axes.T - np.eye(2)).max())
    return f"axes off by {off:.2g}" if off > ORTHONORMAL_TOLERANCE else ""


def _bad_spacing(h: Header) -> str:
    if h.pixel_spacing is None or len(h.pixel_spacing) != 2:
        return "none"
    good = all(0 < s < 1e3 for s in h.pixel_spacing)
    return "" if good else " x ".join(f"{s:g}" for s in h.pixel_spacing)


def _mixed_faults(headers: Sequence[Header]) -> list[Fault]:
    """What differs between the slices of one volume."""
    faults = []

    def mixed(code: str, expected: str, kinds: set[str]) -> None:
        if len(kinds) > 1:
            listed = ", ".join(sorted(kinds)[:4])
            found = f"{len(kinds)}: {listed}"
            faults.append(
                Fault(code=code, expected=expected, found=found, remedy="Export each as its own series")
            )

    mixed("MATRIX_MIXED", "one matrix size in a series", {f"{h.rows} x {h.columns}" for h in headers})
    good = [h for h in headers if not _bad_spacing(h)]
    mixed("SPACING_MIXED", "one PixelSpacing in a series", {_rounded(h.pixel_spacing) for h in good})
    turned = [h for h in headers if not _bad_orientation(h)]
    angles = {_rounded(h.orientation) for h in turned if _turned(turned[0], h)}
    mixed(
        "ORIENTATION_MIXED",
        "one orientation in a series",
        angles | {_rounded(h.orientation) for h in turned[:1]},
    )
    modalities = {h.modality for h in headers}
    if len(modalities) > 1:
        found = ", ".join(sorted(m if m in _IMAGE_MODALITIES else "another" for m in modalities))
        faults.append(Fault(code="MODALITY_MIXED", expected="one modality in a series", found=found[:40]))
    frames = {h.frame_of_reference for h in headers}
    if len(frames) > 1:
        faults.append(
            Fault(
                code="FRAME_MIXED",
                expected="one frame of reference in a series",
                found=f"{len(frames)} frames of reference",
                remedy="Split the series: their positions cannot be compared",
            )
        )
    return faults


def _rounded(values: Sequence[float] | None) -> str:
    return "(" + ", ".join(f"{x:.4g}" for x in values or ()) + ")"


def _turned(first: Header, other: Header) -> bool:
    difference = np.abs(np.array(first.orientation) - np.array(other.orientation)).max()
    return bool(difference > ORTHONORMAL_TOLERANCE)


def usual_step(positions: FloatArray) -> float:
    """The lower median of the steps: one missing slice of three does not move it."""
    steps = np.sort(np.diff(positions))
    return float(steps[(len(steps) - 1) // 2])


def check_steps(positions: FloatArray) -> tuple[list[Fault], list[Notice]]:
    """Faults and notices of ascending slice positions in mm."""
    if len(positions) < MINIMUM_SLICES:
        return [
            Fault(
                code="TOO_FEW_SLICES",
                expected=f"at least {MINIMUM_SLICES} slices for a volume",
                found=str(len(positions)),
                remedy="Export the series again, complete",
            )
        ], []
    steps = np.diff(positions)
    usual = usual_step(positions)
    same = np.flatnonzero(steps < SAME_POSITION_MM)
    if same.size:
        # Several steps of nothing in a row are one position.
        same = same[np.diff(positions[same], prepend=-np.inf) >= SAME_POSITION_MM]
        where = ", ".join(f"{positions[n]:.2f}" for n in same[:5])
        return [
            Fault(
                code="DUPLICATE_POSITION",
                expected="one image at each position",
                found=f"{same.size} positions with more than one (at {where} mm along the stack)",
                remedy="Keep one image at each position, or split the volumes into folders of their own",
            )
        ], []
    ratios = steps / usual
    off = np.abs(ratios - 1)
    regular = positions[-1] / (len(positions) - 1) * np.arange(len(positions))
    drift = float(np.abs(positions - regular).max()) / usual
    if off.max() > REFUSED_FRACTION or drift > DRIFT_FRACTION:
        return [_step_fault(positions, ratios, usual)], []
    if off.max() > FINE_FRACTION:
        return [], [
            Notice(
                code="POSITION_JITTER",
                message=f"Slice steps vary from {steps.min():.3f} to {steps.max():.3f} mm "
                f"(usual {usual:.3f} mm); the mean step is used",
            )
        ]
    return [], []


def _step_fault(positions: FloatArray, ratios: FloatArray, usual: float) -> Fault:
    whole = np.abs(ratios - np.rint(ratios)) <= REFUSED_FRACTION * np.rint(ratios)
    gaps = np.flatnonzero(np.rint(ratios) >= 2)
    if gaps.size and whole.all():
        missing = int((np.rint(ratios[gaps]) - 1).sum())
        listed = "; ".join(f"between {positions[n]:.2f} and {positions[n + 1]:.2f}" for n in gaps[:5])
        return Fault(
            code="MISSING_SLICE",
            expected=f"a slice every {usual:.3f} mm",
            found=f"{missing} missing, {listed} mm along the stack",
            remedy="Export the series again, complete",
        )
    steps = ratios * usual
    return Fault(
        code="UNEVEN_SPACING",
        expected=f"even steps (within {REFUSED_FRACTION:.0%} of {usual:.3f} mm)",
        found=f"steps from {steps.min():.3f} to {steps.max():.3f} mm",
        remedy="Pass --resample-uneven to resample by the true positions",
    )


def _shift_faults(positions: FloatArray, shifts: FloatArray) -> list[Fault]:
    """Slices moved within their plane: all by the same step (a tilted gantry) or some of them."""
    if len(positions) < MINIMUM_SLICES or positions[-1] < SAME_POSITION_MM:
        return []
    slope = (positions @ shifts) / (positions @ positions)
    rest = shifts - positions[:, None] * slope
    step = float(positions[-1]) / (len(positions) - 1)
    if np.abs(rest).max() > REFUSED_FRACTION * step:
        return [
            Fault(
                code="SHIFTED_SLICE",
                expected="slices that lie straight above each other",
                found=f"one lies {np.abs(rest).max():.2f} mm beside the others",
            )
        ]
    shear = float(np.linalg.norm(slope))
    if shear > SHEAR_TOLERANCE:
        degrees = float(np.degrees(np.arctan(shear)))
        return [
            Fault(
                code="TILT",
                expected="a stack along the slice normal",
                found=f"a sheared stack (gantry tilt of {degrees:.1f} degrees)",
                remedy="Pass --resample-uneven to resample by the true positions",
            )
        ]
    return []
