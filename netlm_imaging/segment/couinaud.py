"""Couinaud's segments from landmarks that a person sets: upright planes and portal levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import BoolArray, LabelMap, Mask

Labels = npt.NDArray[np.uint8]
Point = tuple[float, float, float]
"""LPS mm, x, y, z."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of the anatomy."""

    name: str
    title: str
    short: str
    """As radiologists write it on an image."""
    where: str
    """Where a reader finds it."""


LANDMARKS = (
    Landmark("ivc", "Inferior vena cava", "IVC", "its middle, where the hepatic veins enter"),
    Landmark("middle_hepatic_vein", "Middle hepatic vein", "MHV", "its far end, in front"),
    Landmark("gallbladder_fossa", "Gallbladder fossa", "GB", "its middle, at the lower surface"),
    Landmark("right_hepatic_vein", "Right hepatic vein", "RHV", "its far end, at the right side"),
    Landmark(
        "portal_bifurcation", "Portal bifurcation", "PV", "where the portal vein parts into right and left"
    ),
    Landmark(
        "right_portal_branch", "Right portal branch", "RPV", "where it parts into anterior and posterior"
    ),
    Landmark(
        "left_portal_branch",
        "Left portal branch",
        "LPV",
        "its umbilical part, where it gives off II, III and IV",
    ),
    Landmark("falciform_ligament", "Falciform ligament", "FL", "at the front of the liver"),
    Landmark(
        "ligamentum_venosum",
        "Ligamentum venosum",
        "LV",
        "the deep end of its fissure, before the caudate lobe",
    ),
)
"""In the order in which they are easily set: from the cava forwards, then along the portal vein."""
EITHER = ("middle_hepatic_vein", "gallbladder_fossa")
"""Both lie in Cantlie's plane: one of them is enough, with both it runs between them."""
TITLES = {landmark.name: landmark.title for landmark in LANDMARKS}
NEAR_LIVER_MM = 30.0
"""No landmark lies farther from the liver (ours): the cava and the fossa may lie outside a mask."""
SHORTEST_MM = 10.0
"""Nearer points, seen from the head, leave the direction of their plane to chance (ours)."""


def missing_landmarks(landmarks: Mapping[str, Point]) -> tuple[str, ...]:
    """The names that are still needed, in the order of LANDMARKS."""
    known = set(landmarks)
    spare = set(EITHER) if known & set(EITHER) else {EITHER[1]}
    return tuple(one.name for one in LANDMARKS if one.name not in known | spare)


def couinaud_segments(liver: Mask, landmarks: Mapping[str, Point]) -> LabelMap:
    """Labels 1 to 8 of the whole liver, on its grid, by planes through ``landmarks`` (LPS mm).

    Planes stand upright, along the patient's head-feet axis:

    - right from left: cava to gallbladder fossa and middle hepatic vein (Cantlie 1897);
    - V, VIII before VI, VII: cava to the end of the right hepatic vein;
    - IV from II, III: left portal branch to falciform ligament (umbilical fissure);
    - VII, VIII above V, VI: level of the right portal branch; II above III: level of the left one;
    - I: behind the plane from portal bifurcation to ligamentum venosum, left of that from the cava to the
      bifurcation, below where the hepatic veins enter.

    As Couinaud 1957 and Bismuth, World J Surg 1982;6:3 describe them and radiologists draw them; where veins
    vary (the right one in a third of livers) portal territories differ from any planes (Fasel and Schenk,
    J Clin Imaging Sci 2013;3:48). Segment I is the coarsest.

    Raises InputError, all faults at once: LANDMARKS_MISSING; BAD_LANDMARKS for points that are far from the
    liver, too near to each other, or on the wrong side of each other; EMPTY_MASK.
    """
    missing = missing_landmarks(landmarks)
    if missing:
        raise InputError(_missing(missing))
    points = {name: np.asarray(point, dtype=np.float64) for name, point in landmarks.items()}
    faults = [*_far_faults(liver, points), *_shape_faults(points)]
    if faults:
        raise InputError(*faults)
    box = liver.bounding_box()
    part = liver.crop(box)
    labels = np.zeros(liver.grid.shape_kji, dtype=np.uint8)
    labels[box] = np.where(part.array, _labels(_Planes(points), part.grid), 0)
    return LabelMap(labels, liver.grid)


@dataclass(frozen=True, slots=True)
class _Upright:
    """The upright plane from one point to another; ``left`` is the unit vector to its left hand.

    Left of one who stands on the table at ``start`` and looks to ``end``: to the front the patient's left.
    """

    start: FloatArray
    end: FloatArray

    @property
    def length_mm(self) -> float:
        return float(np.hypot(*(self.end - self.start)[:2]))

    @property
    def left(self) -> FloatArray:
        along = (self.end - self.start) / self.length_mm
        return np.array([-along[1], along[0], 0.0])

    def side_mm(self, point: FloatArray) -> float:
        """How far a point lies to the left."""
        return float((point - self.start) @ self.left)


class _Planes:
    def __init__(self, points: Mapping[str, FloatArray]) -> None:
        front = np.mean([points[name] for name in EITHER if name in points], axis=0)
        cava, fork = points["ivc"], points["portal_bifurcation"]
        self.cantlie = _Upright(cava, front)
        self.right_vein = _Upright(cava, points["right_hepatic_vein"])
        self.umbilical = _Upright(points["left_portal_branch"], points["falciform_ligament"])
        self.before_caudate = _Upright(fork, points["ligamentum_venosum"])
        self.beside_caudate = _Upright(cava, fork)
        self.veins_mm = float(cava[2])
        self.right_level_mm = float(points["right_portal_branch"][2])
        self.left_level_mm = float(points["left_portal_branch"][2])


def _labels(planes: _Planes, grid: Grid) -> Labels:
    """Segment of every voxel of ``grid``, as if all were liver."""

    def left_of(plane: _Upright) -> BoolArray:
        return _along(grid, plane.left) > plane.start @ plane.left

    height = _along(grid, np.array([0.0, 0.0, 1.0]))
    upper, left_upper = height > planes.right_level_mm, height > planes.left_level_mm
    right = _where(left_of(planes.right_vein), _where(upper, 8, 5), _where(upper, 7, 6))
    left = _where(left_of(planes.umbilical), _where(left_upper, 2, 3), 4)
    labels = _where(left_of(planes.cantlie), left, right)
    caudate = left_of(planes.before_caudate) & left_of(planes.beside_caudate) & (height < planes.veins_mm)
    labels[caudate] = 1
    return labels


def _where(inside: BoolArray, one: Labels | int, other: Labels | int) -> Labels:
    return np.where(inside, np.uint8(one), np.uint8(other))


def _along(grid: Grid, axis: FloatArray) -> npt.NDArray[np.float32]:
    """The coordinate of every voxel along a unit vector, mm; shape of the grid."""
    step = (grid.affine_lps[:3, :3].T @ axis)[::-1]
    k, j, i = ((np.arange(n) * s).astype(np.float32) for n, s in zip(grid.shape_kji, step, strict=True))
    first = np.float32(np.asarray(grid.origin_mm) @ axis)
    return np.asarray(k[:, None, None] + j[:, None] + (i + first))


# what is refused


def _missing(names: tuple[str, ...]) -> Fault:
    titles = [TITLES[name] for name in names]
    if EITHER[0] in names:
        titles[names.index(EITHER[0])] += f" (or {TITLES[EITHER[1]]})"
    return Fault(
        code="LANDMARKS_MISSING",
        expected="all landmarks of the segments",
        found=f"not set: {', '.join(titles)}",
        where="landmarks",
        remedy="Set them",
    )


def _bad(expected: str, found: str, remedy: str) -> Fault:
    return Fault(code="BAD_LANDMARKS", expected=expected, found=found, where="landmarks", remedy=remedy)


def _far_faults(liver: Mask, points: Mapping[str, FloatArray]) -> list[Fault]:
    far = [TITLES[name] for name, point in points.items() if not _near(liver, point)]
    expected = f"landmarks within {NEAR_LIVER_MM:g} mm of the liver"
    return [_bad(expected, f"{title} farther away", f"Set {title} again") for title in far]


def _near(liver: Mask, point: FloatArray) -> bool:
    """Whether there is liver in the box of NEAR_LIVER_MM around a point."""
    if not np.isfinite(point).all():
        return False
    reach = NEAR_LIVER_MM / np.asarray(liver.grid.spacing_kji_mm)
    index, shape = liver.grid.to_index(point), np.asarray(liver.grid.shape_kji)
    low = np.clip(np.ceil(index - reach), 0, shape).astype(int)
    high = np.clip(np.floor(index + reach) + 1, 0, shape).astype(int)
    k, j, i = (slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    return bool(liver.array[k, j, i].any())


def _shape_faults(points: Mapping[str, FloatArray]) -> list[Fault]:
    """Points of one plane on top of each other; else right and left, front and back exchanged."""
    planes = _Planes(points)
    ends = {
        "Inferior vena cava and the front of Cantlie's plane": planes.cantlie,
        "Inferior vena cava and Right hepatic vein": planes.right_vein,
        "Left portal branch and Falciform ligament": planes.umbilical,
        "Portal bifurcation and Ligamentum venosum": planes.before_caudate,
        "Inferior vena cava and Portal bifurcation": planes.beside_caudate,
    }
    close = [name for name, plane in ends.items() if not plane.length_mm >= SHORTEST_MM]
    if close:
        expected = f"points {SHORTEST_MM:g} mm apart or more, seen from the head"
        return [_bad(expected, f"{name} nearer to each other", "Set them farther apart") for name in close]
    order = (
        (planes.cantlie, "falciform_ligament", "left of Cantlie's plane", 1),
        (planes.cantlie, "left_portal_branch", "left of Cantlie's plane", 1),
        (planes.cantlie, "right_hepatic_vein", "right of Cantlie's plane", -1),
        (planes.cantlie, "right_portal_branch", "right of Cantlie's plane", -1),
        (planes.right_vein, "falciform_ligament", "before the right hepatic vein", 1),
        (planes.umbilical, "right_portal_branch", "right of the umbilical plane", -1),
        (planes.before_caudate, "ivc", "behind portal bifurcation and ligamentum venosum", 1),
    )
    return [
        _bad(f"{TITLES[name]} {where}", "it on the other side", f"Set {TITLES[name]}, or the plane, again")
        for plane, name, where, sign in order
        if plane.side_mm(points[name]) * sign <= 0
    ]
