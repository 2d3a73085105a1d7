"""Row 49: RTSTRUCT as masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from conformance.case import Answer, Case, Command, ask_mask
from conformance.series import quiet
from ingest import mask_builder
from ingest.mask_builder import contour
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from netlm_imaging.geometry import FloatArray

AXES = Rotation.from_euler("xyz", (12.0, -27.0, 33.0), degrees=True).as_matrix()
FLAT = np.eye(3)
CENTER = np.array([-43.0, 61.0, 812.0])
ANGLE = np.linspace(0, 2 * np.pi, 300, endpoint=False)
Rois = Mapping[str, Sequence[Dataset]]


def heights(radius: float, step: float) -> FloatArray:
    """Planes in the middle of the slabs that fill a ball."""
    return np.asarray((np.arange(int(2 * radius / step)) + 0.5) * step - radius)


def circle(
    radius: float, height: float, *, axes: FloatArray = FLAT, beside: tuple[float, float] = (0, 0)
) -> Dataset:
    flat = np.stack([beside[0] + radius * np.cos(ANGLE), beside[1] + radius * np.sin(ANGLE)], axis=1)
    return contour(CENTER + np.column_stack([flat, np.full_like(ANGLE, height)]) @ axes.T)


def ball(
    radius: float, step: float, *, axes: FloatArray = FLAT, beside: tuple[float, float] = (0, 0)
) -> list[Dataset]:
    return [
        circle(float(np.sqrt(radius**2 - h**2)), float(h), axes=axes, beside=beside)
        for h in heights(radius, step)
    ]


def ball_ml(radius: float) -> float:
    return float(4 / 3 * np.pi * radius**3 / 1000)


def rtstruct(
    what: str, rois: Callable[[], Rois], *, segment: str = "", volume_ml: float = 0.0,
    refused: Sequence[str] = (),
    notices: Sequence[str] = (), change: Callable[[Dataset], Any] | None = None, says: Sequence[str] = (),
) -> Case:  # fmt: skip
    """A case whose truth is a volume, met within 1 %."""

    def ask(folder: Path, command: Command) -> Answer:
        with quiet():
            path = mask_builder.rtstruct(folder / "a.dcm", rois(), change=change)
        answer = ask_mask(f"{path}{segment}")
        if answer.array is None or answer.grid is None or not volume_ml:
            return answer
        found = np.count_nonzero(answer.array) * answer.grid.voxel_ml
        assert abs(found / volume_ml - 1) <= 0.01, f"{found:.3f} mL instead of {volume_ml:.3f}"
        return answer

    return Case(row=49, what=what, ask=ask, refused=tuple(refused), notices=tuple(notices), says=tuple(says),
                place="a.dcm" if refused else "", over="RTSTRUCT")  # fmt: skip


def with_points(kind: str, points: Any) -> Callable[[], Rois]:
    return lambda: {"Lesion": [*ball(12, 1), contour(points, kind=kind)]}


def spoiled(change: Callable[[Dataset], object], number: int = 3) -> Callable[[], Rois]:
    """One contour changed."""

    def rois() -> Rois:
        contours = ball(12, 1)
        change(contours[number])
        return {"Lesion": contours}

    return rois


def bent(found: Dataset) -> None:
    points = np.reshape([float(x) for x in found.ContourData], (-1, 3))
    points[::2, 2] += 5
    found.ContourData = [f"{x:.4f}" for x in points.ravel()]


def without_plane(number: int) -> Callable[[], Rois]:
    def rois() -> Rois:
        contours = ball(20, 2)
        del contours[number]
        return {"Liver": contours}

    return rois


def uneven() -> Rois:
    return {"Liver": [circle(20, h) for h in (0.0, 3.0, 6.0, 7.1, 10.0, 13.0)]}


def disks(*planes: float) -> Rois:
    return {"Lesion": [circle(12, h, axes=AXES) for h in planes]}


FILLED = ["CONTOURS_FILLED"]
DISK_ML = float(np.pi * 144 / 1000)
"""Of 1 mm."""
GAP_ML = ball_ml(20) - np.pi * (400 - heights(20, 2)[9] ** 2) * 2 / 1000
CASES: list[Case] = [
    rtstruct("one closed contour a plane", lambda: {"Liver": ball(25, 1)}, volume_ml=ball_ml(25),
             notices=FILLED),
    rtstruct("oblique planes", lambda: {"Liver": ball(25, 1, axes=AXES)}, volume_ml=ball_ml(25),
             notices=FILLED),
    rtstruct("contours in any order", lambda: {"Liver": ball(25, 1)[::-1]}, volume_ml=ball_ml(25),
             notices=FILLED),
    rtstruct("a hole: the inner contour is cut out", lambda: {"Liver": ball(25, 1) + ball(9, 1, beside=(7,
             -5))},
             volume_ml=ball_ml(25) - ball_ml(9), notices=FILLED),
    rtstruct("several contours a plane", lambda: {"Lesions": ball(12, 1) + ball(9, 1, beside=(40, 3))},
             volume_ml=ball_ml(12) + ball_ml(9), notices=FILLED),
    rtstruct("a lesion of 0.5 mL", lambda: {"Lesion": ball(5, 0.5, axes=AXES)}, volume_ml=ball_ml(5),
             notices=FILLED),
    rtstruct("one ROI of two, by its name", lambda: {"Liver": ball(25, 1), "Lesion": ball(9, 1, beside=(60,
             0))},
             segment="#lesion", volume_ml=ball_ml(9), notices=FILLED),
    rtstruct("an ROI that is not there", lambda: {"Liver": ball(25, 1)}, segment="#Spleen",
             refused=["ROI_UNKNOWN"]),
    rtstruct("a plane without contour between others", without_plane(9), volume_ml=GAP_ML,
             notices=[*FILLED, "ROI_GAP"]),
    rtstruct("planes 30 mm apart on slices of 3 mm", lambda: disks(0, 30, 60), change=mask_builder.thick(3),
             refused=["CONTOURS_SPARSE"], says=["30 mm apart", "3 mm"]),
    rtstruct("planes 30 mm apart, and nothing that tells the slices", lambda: disks(0, 30, 60),
             refused=["NO_THICKNESS"]),
    rtstruct("two planes 30 mm apart on slices of 3 mm: two thin parts", lambda: disks(0, 30),
             change=mask_builder.thick(3), volume_ml=DISK_ML * 6,
             notices=[*FILLED, "ROI_TWO_PLANES", "ROI_GAP"]),
    rtstruct("contours on every other slice: the region goes on between", lambda: disks(0, 6, 12),
             change=mask_builder.thick(3), volume_ml=DISK_ML * 18, notices=[*FILLED, "ROI_SPARSE"]),
    rtstruct("a point among the contours", with_points("POINT", [CENTER]), volume_ml=ball_ml(12),
             notices=[*FILLED, "CONTOURS_IGNORED"]),
    rtstruct("an open contour among the closed ones", with_points("OPEN_PLANAR", [CENTER, CENTER + 1]),
             volume_ml=ball_ml(12), notices=[*FILLED, "CONTOURS_IGNORED"]),
    rtstruct("one contour twice", lambda: {"Lesion": [*ball(12, 1), ball(12, 1)[3]]}, volume_ml=ball_ml(12),
             notices=[*FILLED, "CONTOUR_REPEATED"]),
    rtstruct("every contour twice, 0.01 mm apart", lambda: {"Lesion": ball(12, 1) + ball(12, 1, beside=(0.01,
             0))},
             volume_ml=ball_ml(12), notices=[*FILLED, "CONTOUR_REPEATED"]),
    rtstruct("every contour twice, 0.5 mm apart", lambda: {"Lesion": ball(12, 1) + ball(12, 1, beside=(0.5,
             0))},
             refused=["CONTOURS_OVERLAP"]),
    rtstruct("contours that overlap in part", lambda: {"Lesion": ball(12, 1) + ball(12, 1, beside=(15, 3))},
             refused=["CONTOURS_OVERLAP"]),
    rtstruct("contours 3.1 m apart", lambda: {"Lesion": ball(12, 1) + ball(12, 1, beside=(3100, 0))},
             refused=["BAD_SIZE"]),
    rtstruct("501 ROIs", lambda: {str(n): [] for n in range(501)}, refused=["CONTOURS_TOO_COMPLEX"]),
    rtstruct("no contours", lambda: {"Lesion": []}, refused=["NO_CONTOURS"]),
    rtstruct("points only", lambda: {"Lesion": [contour([CENTER], kind="POINT")]}, refused=["NO_CONTOURS"]),
    rtstruct("a contour that does not lie in a plane", spoiled(bent), refused=["CONTOUR_NOT_PLANAR"]),
    rtstruct("contours in planes that are not parallel", lambda: {"Liver": ball(20, 2) + ball(9, 2,
             axes=AXES)},
             refused=["CONTOURS_TURNED"]),
    rtstruct("planes at uneven steps", uneven, refused=["UNEVEN_SPACING"]),
    rtstruct("coordinates that are no numbers", spoiled(lambda found: setattr(
             found, "ContourData", ["NaN"] * 900)), refused=["CONTOUR_COORDINATES"]),
    rtstruct("coordinates of 1e30 mm", spoiled(lambda found: setattr(
             found, "ContourData", ["1e30"] * 900)), refused=["CONTOUR_COORDINATES"]),
    rtstruct("a number of points that is not that of the coordinates", spoiled(lambda found: setattr(
             found, "NumberOfContourPoints", 17)), refused=["CONTOUR_POINTS"]),
    rtstruct("an unknown kind of contour", with_points("SPLINE", [CENTER] * 3), refused=["CONTOUR_TYPE"]),
]  # fmt: skip
