"""Small patients with exact truth, drawn in a moment: a liver, vessels, segments and lesions as shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask
from netlm_sample_data.shapes import Carved, Ellipsoid, LobulatedBall, Tube

SPACING_MM = (1.6, 1.6, 2.0)
MEDIAN_MM, SPREAD = 16.0, np.log(24.0 / 11.0) / (2 * 0.6745)
"""Diameters of lesions: median 16, IQR 11-24 mm (Kose 2020), log-normal."""
SMALLEST_MM, LARGEST_MM = 5.0, 50.0
GAP_MM = 4.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LightPatient:
    """Shapes in the patient's frame (LPS mm) and the grid that they are read on."""

    grid: Grid
    liver: Carved
    vessels: tuple[Tube, ...]
    lesions: tuple[LobulatedBall, ...]

    def drawn(self, shifts_mm: Floats, found: npt.NDArray[np.bool_], liver_mm: float) -> Anatomy:
        """The masks of a reader who draws each surface ``shifts_mm`` too far inside and misses some."""
        points = grid_points(self.grid)
        inside = distance(self.liver, points) <= -liver_mm
        labels = np.zeros(inside.size, dtype=np.int32)
        for number in np.flatnonzero(found):
            hit = distance(self.lesions[number], points) <= -shifts_mm[number]
            labels[hit & inside & (labels == 0)] = number + 1
        veins = np.zeros(inside.size, dtype=bool)
        for tube in self.vessels:
            veins |= distance(tube, points) <= 0.0
        segments = np.where(inside, self._segments(points), 0)
        shape = self.grid.shape_kji
        return Anatomy(
            liver=Mask(inside.reshape(shape), self.grid),
            lesions=LabelMap(labels.reshape(shape), self.grid),
            segments=LabelMap(segments.reshape(shape).astype(np.uint8), self.grid),
            vessels=Mask((veins & inside & (labels == 0)).reshape(shape), self.grid),
        )

    def _segments(self, points: Floats) -> npt.NDArray[np.int64]:
        """Eight pieces by planes: what they are called does not matter here."""
        x, y, z = points - np.asarray(self.liver.solids[0].center)[:, None]  # type: ignore[attr-defined]
        return 1 + (x > 0) + 2 * (y > 0) + 4 * (z > 0)


def distance(shape: LobulatedBall | Carved | Tube, points: Floats) -> Floats:
    """Signed distance of points (3, n)."""
    return np.asarray(shape.distance(points.astype(np.float32)), dtype=np.float64)


def grid_points(grid: Grid) -> Floats:
    """All voxel centers, shape (3, n), in C order."""
    return grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1).reshape(-1, 3)).T


def light_patient(seed: int) -> LightPatient:
    """A liver of about 500 to 900 mL with 3 to 14 lesions."""
    rng = np.random.default_rng([seed, 1])
    middle = np.array([-31.0, 57.0, 140.0])
    right = Ellipsoid(tuple(middle), tuple(rng.uniform([46, 42, 46], [58, 52, 58])))
    left = Ellipsoid(
        tuple(middle + rng.uniform([28, -16, 4], [40, -6, 14])),
        tuple(rng.uniform([34, 24, 24], [42, 30, 30])),
    )
    liver = Carved((right, left), (), 12.0)
    vessels = tuple(
        Tube(tuple(middle + np.array([0.0, 4.0, -8.0])), tuple(middle + end), 3.4, 1.8)
        for end in rng.uniform([-34, -24, -24], [34, 24, 30], size=(3, 3))
    )
    low, high = liver.bounds
    shape = tuple(int(n) for n in np.ceil((high - low + 8) / np.asarray(SPACING_MM)))[::-1]
    grid = Grid(
        shape_kji=shape,  # type: ignore[arg-type]
        spacing_mm=SPACING_MM,
        origin_mm=tuple((low - 4).astype(float).tolist()),
    )
    return LightPatient(grid, liver, vessels, _lesions(liver, rng, int(rng.integers(3, 15))))


def _lesions(liver: Carved, rng: np.random.Generator, count: int) -> tuple[LobulatedBall, ...]:
    low, high = liver.bounds
    placed: list[LobulatedBall] = []
    for _ in range(2000):
        if len(placed) == count:
            break
        diameter = float(np.exp(rng.normal(np.log(MEDIAN_MM), SPREAD)))
        if not SMALLEST_MM <= diameter <= LARGEST_MM:
            continue
        center = rng.uniform(low, high)
        ball = LobulatedBall(tuple(center.tolist()), diameter / 2, _lobes(rng))
        deep = distance(liver, center[:, None])[0] <= -ball.reach - 1.0
        apart = all(
            np.linalg.norm(center - other.center) >= ball.reach + other.reach + GAP_MM for other in placed
        )
        if deep and apart:
            placed.append(ball)
    return tuple(placed)


def _lobes(rng: np.random.Generator) -> tuple[tuple[tuple[float, float, float], int, float], ...]:
    axes = rng.normal(size=(3, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return tuple(
        (tuple(axis.tolist()), degree, float(rng.uniform(0.0, 0.05)))
        for axis, degree in zip(axes, (2, 3, 4), strict=True)
    )
