"""The organs of the upper abdomen as shapes, drawn for one patient.

Frame: LPS mm, x = 0 in the midline, y = 0 at half depth, z = 0 at the portal bifurcation. All
lengths below are those of a patient of scale 1; a patient is a scaled and slightly varied copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from netlm_sample_data.shapes import (
    Bounds,
    Carved,
    Chain,
    Distance,
    Ellipsoid,
    Grown,
    Points,
    Shape,
    Vector,
)
from netlm_sample_data.tissues import Tissue


@dataclass(frozen=True, slots=True)
class Torso:
    """A tapering trunk: a superellipse (exponent 2.5) in every axial plane, wider at the costal margin."""

    half_width: float
    half_depth: float
    scale: float

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        reach = np.array([self.half_width, self.half_depth, np.inf], np.float32) * np.float32(1.1)
        return -reach, reach

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        taper = 1 - 0.06 * ((points[2] / np.float32(self.scale) + 20) / 120) ** 2
        taper = np.maximum(taper, np.float32(0.8)).astype(np.float32)
        # The back is flatter than the belly.
        depth = np.where(points[1] > 0, np.float32(0.96), np.float32(1.0)) * np.float32(self.half_depth)
        u = np.abs(points[0]) / (np.float32(self.half_width) * taper)
        v = np.abs(points[1]) / (depth * taper)
        level = (u * u * np.sqrt(u) + v * v * np.sqrt(v)) ** np.float32(1 / 2.5)
        return np.asarray((level - 1) * np.float32(min(self.half_width, self.half_depth)), np.float32)


@dataclass(frozen=True, slots=True)
class Chest:
    """The air space of one side: inside the rib cage, above the diaphragm, beside the mediastinum."""

    cage: Shape
    diaphragm: Shape
    """An ellipsoid; below its equator it goes on as a cylinder."""
    equator: float
    inner: float
    side: float
    """-1 right, +1 left."""

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        low, high = (corner.copy() for corner in self.cage.bounds)
        low[2] = np.float32(self.equator - 60)
        return low, high

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        raised = points.copy()
        raised[2] = np.maximum(raised[2], np.float32(self.equator))
        medial = np.float32(self.inner) - np.float32(self.side) * points[0]
        parts = (self.cage.distance(points), -self.diaphragm.distance(raised), medial)
        return np.asarray(np.max(parts, axis=0), np.float32)


@dataclass(frozen=True, slots=True)
class Ribs:
    """Slanting bars in the wall of the chest."""

    wall: Shape
    thickness: float
    pitch: float

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        low, high = self.wall.bounds
        return low, high

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        depth = np.abs(self.wall.distance(points)) - np.float32(self.thickness)
        height = points[2] + np.float32(0.45) * points[1]
        phase = np.abs(np.mod(height, np.float32(self.pitch)) - np.float32(self.pitch / 2))
        gap = (phase - np.float32(self.pitch * 0.2)) * np.float32(0.9)
        # No ribs in front of the upper abdomen.
        front = (
            -points[1] - np.float32(0.55) * np.abs(points[0]) - np.float32(12) - points[2] * np.float32(0.5)
        )
        return np.asarray(np.max((depth, gap, front), axis=0), np.float32)


@dataclass(frozen=True, slots=True)
class Organs:
    """All organs of one patient but vessels and disease."""

    scale: float
    body: Shape
    cage: Shape
    liver: Shape
    spleen: Shape
    gallbladder: Shape
    cava: Chain
    below_liver: tuple[tuple[Tissue, Shape], ...]
    """Painted before the liver, in this order."""
    above_liver: tuple[tuple[Tissue, Shape], ...]
    """Painted after the liver, in this order."""


class _Artist:
    """Places shapes of scale 1 into one patient: scaled, each radius and center varied a little."""

    def __init__(self, rng: np.random.Generator, scale: float) -> None:
        self.rng = rng
        self.scale = scale

    def at(self, *center: float, wobble: float = 0.0) -> Vector:
        x, y, z = self.scale * (np.asarray(center) + wobble * self.rng.uniform(-1, 1, 3))
        return (float(x), float(y), float(z))

    def egg(
        self,
        center: tuple[float, float, float],
        radii: tuple[float, float, float],
        *,
        turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
        wobble: float = 1.5,
        vary: float = 0.03,
    ) -> Ellipsoid:
        a, b, c = np.asarray(radii) * self.scale * (1 + vary * self.rng.uniform(-1, 1, 3))
        axes = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
        flat = tuple(float(v) for v in axes.ravel())
        return Ellipsoid(self.at(*center, wobble=wobble), (float(a), float(b), float(c)), flat)

    def chain(self, *nodes: tuple[float, float, float, float]) -> Chain:
        return Chain.through(*((self.at(x, y, z), r * self.scale) for x, y, z, r in nodes))


def draw_organs(rng: np.random.Generator, scale: float) -> Organs:
    """The organs of one patient; the same ``rng`` state and scale give the same organs."""
    draw = _Artist(rng, scale)
    body = Torso(176 * scale, 115 * scale, scale)
    cage = Torso(153 * scale, 95 * scale, scale)
    cava = draw.chain(
        (-22, 30, -140, 10.0),
        (-24, 27, -30, 10.5),
        (-22, 20, 30, 11.5),
        (-16, 12, 66, 12.5),
        (-8, 2, 110, 13.0),
    )
    gallbladder = draw.egg((-36, -44, -46), (14, 25, 17), turn=(28, 0, 24))
    right_kidney = draw.egg((-64, 56, -74), (27, 25, 53), turn=(0, -8, 0))
    left_kidney = draw.egg((68, 56, -52), (27, 25, 54), turn=(0, 8, 0))
    spleen = draw.egg((106, 40, 28), (25, 40, 47), turn=(-15, 12, -18))
    stomach = draw.egg((66, -4, 16), (34, 38, 46), turn=(18, -16, 0))
    liver = _draw_liver(draw, cage, (cava, gallbladder, right_kidney, stomach))
    return Organs(
        scale=scale,
        body=body,
        cage=cage,
        liver=liver,
        spleen=spleen,
        gallbladder=gallbladder,
        cava=cava,
        below_liver=(
            *_draw_walls(draw, body, cage),
            *_draw_spine(draw),
            (Tissue.BOWEL, draw.egg((30, -46, -78), (78, 30, 34))),
            (Tissue.BOWEL, draw.egg((-58, -22, -96), (40, 42, 26))),
            (Tissue.STOMACH, stomach),
            (
                Tissue.PANCREAS,
                draw.chain((-18, 2, -40, 11), (12, -10, -24, 9), (48, 10, -6, 9), (82, 30, 6, 8)),
            ),
            (Tissue.KIDNEY, right_kidney),
            (Tissue.KIDNEY, left_kidney),
            (Tissue.ADRENAL, draw.egg((-36, 40, -2), (4, 9, 10))),
            (Tissue.ADRENAL, draw.egg((34, 40, 2), (5, 10, 10))),
            (Tissue.SPLEEN, spleen),
        ),
        above_liver=(
            (Tissue.GALLBLADDER, gallbladder),
            (Tissue.BLOOD, cava),
            (Tissue.BLOOD, draw.chain((12, 31, -140, 9.5), (14, 29, 0, 10.5), (16, 34, 120, 11.5))),
        ),
    )


def _draw_liver(draw: _Artist, cage: Shape, neighbors: tuple[Shape, ...]) -> Carved:
    """Right lobe, caudate, left lobe tapering to the left, fissures, fossae, a concave visceral face."""
    scale = draw.scale
    cava, gallbladder, kidney, stomach = neighbors
    right = draw.egg((-80, 0, 0), (74, 75, 80), turn=(0, 8, 6))
    left = draw.egg((6, -42, 22), (93, 43, 46), turn=(0, -8, 10))
    viscera = draw.egg((52, 26, -92), (104, 98, 86), turn=(0, 10, 0))
    umbilical_fissure = draw.egg((13, -66, -16), (3.0, 40, 30), turn=(0, 0, -8), wobble=1.0)
    venous_fissure = draw.egg((12, -7, 22), (26, 2.6, 30), turn=(0, 0, 6), wobble=1.0)
    spine = draw.chain((0, 62, -200, 38), (0, 62, 200, 38))
    return Carved(
        solids=(right, left, draw.egg((-11, 11, 20), (20, 17, 34), wobble=1.0)),
        carvings=(
            (_Outside(Grown(cage, -3 * scale)), 14 * scale),
            (viscera, 16 * scale),
            (spine, 14 * scale),
            (Grown(kidney, 3 * scale), 8 * scale),
            (Grown(stomach, 2 * scale), 8 * scale),
            (Grown(gallbladder, 1.5 * scale), 4 * scale),
            (umbilical_fissure, 2 * scale),
            (venous_fissure, 2 * scale),
            (cava, 0.0),
        ),
        blend=18 * scale,
    )


@dataclass(frozen=True, slots=True)
class _Outside:
    """Everything but a shape."""

    shape: Shape

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        return np.full(3, -np.inf, np.float32), np.full(3, np.inf, np.float32)

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        return -self.shape.distance(points)


def _draw_walls(draw: _Artist, body: Shape, cage: Shape) -> tuple[tuple[Tissue, Shape], ...]:
    scale = draw.scale
    right_dome = draw.egg((-80, 0, 0), (82, 92, 85), turn=(0, 8, 6), vary=0, wobble=0)
    left_dome = draw.egg((68, 2, 2), (86, 94, 80), vary=0, wobble=0)
    return (
        (Tissue.FAT, body),
        (Tissue.MUSCLE, Grown(cage, 12 * scale)),
        (Tissue.FAT, Grown(cage, -1 * scale)),
        (Tissue.LUNG, Chest(Grown(cage, -2 * scale), right_dome, 2 * scale, 22 * scale, -1.0)),
        (Tissue.LUNG, Chest(Grown(cage, -2 * scale), left_dome, 2 * scale, 30 * scale, 1.0)),
        (Tissue.HEART, draw.egg((14, -26, 118), (58, 50, 44), turn=(0, -10, 0))),
        (Tissue.BONE, Ribs(Grown(cage, 6 * scale), 4 * scale, 30 * scale)),
    )


def _draw_spine(draw: _Artist) -> tuple[tuple[Tissue, Shape], ...]:
    # Paraspinal muscles, vertebrae with spinous processes, canal.
    return (
        (Tissue.MUSCLE, draw.chain((-30, 80, -200, 22), (-30, 80, 200, 20))),
        (Tissue.MUSCLE, draw.chain((30, 80, -200, 22), (30, 80, 200, 20))),
        (Tissue.MUSCLE, draw.chain((-33, 58, -200, 20), (-20, 50, -20, 6))),
        (Tissue.MUSCLE, draw.chain((33, 58, -200, 20), (20, 50, -20, 6))),
        (Tissue.BONE, draw.chain((0, 60, -200, 22), (0, 60, 200, 21))),
        (Tissue.MARROW, draw.chain((0, 60, -200, 20), (0, 60, 200, 19))),
        (Tissue.BONE, draw.chain((0, 86, -200, 13), (0, 86, 200, 13))),
        (Tissue.BONE, draw.chain((0, 96, -200, 5), (0, 96, 200, 5))),
        (Tissue.CORD, draw.chain((0, 84, -200, 8.5), (0, 84, 200, 8.5))),
    )
