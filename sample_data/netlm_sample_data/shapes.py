"""Solid shapes as signed distances: negative inside, evaluated at any points, so truth has no grid.

Points are float32 arrays of shape (3, n), LPS mm. The distance is exact for tubes and to first order
for ellipsoids and lobulated balls; its sign is exact for all.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
Distance = npt.NDArray[np.float32]
Vector = tuple[float, float, float]
Bounds = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
EVERYWHERE: Bounds = (np.full(3, -np.inf, np.float32), np.full(3, np.inf, np.float32))


class Shape(Protocol):
    """A solid with a box around it and a signed distance (mm)."""

    @property
    def bounds(self) -> Bounds:
        """Lower and upper corner of a box that holds the solid."""

    def distance(self, points: Points) -> Distance:
        """Signed distance of each point, negative inside."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid; ``axes`` is row-major, its columns are the directions of the radii."""

    center: Vector
    radii: Vector
    axes: tuple[float, ...] = IDENTITY

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        matrix = np.reshape(self.axes, (3, 3)) * np.asarray(self.radii)
        reach = np.sqrt((matrix**2).sum(axis=1))
        return _box(np.asarray(self.center) - reach, np.asarray(self.center) + reach)

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        local = _local(points, self.center, self.axes)
        radii = np.asarray(self.radii, np.float32)[:, None]
        local /= radii
        level = np.sqrt(np.einsum("in,in->n", local, local))
        local /= radii
        slope = np.sqrt(np.einsum("in,in->n", local, local))
        return np.asarray(level * (level - 1) / np.maximum(slope, np.float32(1e-6)), np.float32)


@dataclass(frozen=True, slots=True)
class Tube:
    """A tapering rod with round ends: the vessel between two nodes."""

    start: Vector
    end: Vector
    start_radius: float
    end_radius: float

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        a, b = np.asarray(self.start), np.asarray(self.end)
        reach = max(self.start_radius, self.end_radius)
        return _box(np.minimum(a, b) - reach, np.maximum(a, b) + reach)

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        start = np.asarray(self.start, np.float32)[:, None]
        along = np.asarray(self.end, np.float32)[:, None] - start
        offset = points - start
        share = np.clip(np.einsum("in,in->n", offset, along) / np.float32((along**2).sum()), 0, 1)
        offset -= along * share
        radius = np.float32(self.start_radius) + share * np.float32(self.end_radius - self.start_radius)
        return np.asarray(np.sqrt(np.einsum("in,in->n", offset, offset)) - radius, np.float32)


@dataclass(frozen=True, slots=True)
class LobulatedBall:
    """A ball whose radius varies with direction by zonal harmonics of degree 2 to 4 about given axes."""

    center: Vector
    radius: float
    """Mean radius in mm."""
    lobes: tuple[tuple[Vector, int, float], ...] = ()
    """(unit axis, degree, relative amplitude) of each harmonic."""

    @property
    def reach(self) -> float:
        """No point lies further from the center than this (mm)."""
        return self.radius * (1 + sum(abs(amplitude) for _, _, amplitude in self.lobes))

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        return _box(np.asarray(self.center) - self.reach, np.asarray(self.center) + self.reach)

    def radius_towards(self, directions: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Surface radius (mm) along unit vectors of shape (3, n)."""
        relative = np.ones(directions.shape[1], directions.dtype)
        for axis, degree, amplitude in self.lobes:
            cosine = np.asarray(axis, directions.dtype) @ directions
            relative += directions.dtype.type(amplitude) * _legendre(degree, cosine)
        return np.asarray(directions.dtype.type(self.radius) * relative)

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        offset = points - np.asarray(self.center, np.float32)[:, None]
        length = np.sqrt(np.einsum("in,in->n", offset, offset))
        offset /= np.maximum(length, np.float32(1e-6))
        return np.asarray(length - self.radius_towards(offset), np.float32)

    @property
    def volume_ml(self) -> float:
        """Exact volume: one third of the integral of the cubed radius over all directions."""
        directions, weights = _sphere_rule()
        return float((self.radius_towards(directions) ** 3 @ weights) / 3000.0)

    @property
    def longest_diameter_mm(self) -> float:
        """Largest distance between two surface points, to about 0.5 %."""
        directions, _ = _sphere_rule(count=24)
        surface = (directions * self.radius_towards(directions)).T
        gaps = surface[:, None, :] - surface[None, :, :]
        return float(np.sqrt((gaps**2).sum(axis=-1).max()))


@dataclass(frozen=True, slots=True)
class Carved:
    """Solids melted into one, with others carved out; edges are rounded over a few mm."""

    solids: tuple[Shape, ...]
    carvings: tuple[tuple[Shape, float], ...]
    """(shape, rounding in mm) of each part taken away."""
    blend: float
    """Rounding (mm) where the solids meet."""

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        corners = [solid.bounds for solid in self.solids]
        reach = self.blend / 4
        return _box(
            np.min([low for low, _ in corners], axis=0) - reach,
            np.max([high for _, high in corners], axis=0) + reach,
        )

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        result = self.solids[0].distance(points)
        for solid in self.solids[1:]:
            result = -_smooth_max(-result, -solid.distance(points), self.blend)
        for carving, rounding in self.carvings:
            result = _smooth_max(result, -carving.distance(points), rounding)
        return result


@dataclass(frozen=True, slots=True)
class Grown:
    """A shape grown (or shrunk, when negative) by a distance in mm."""

    shape: Shape
    by: float

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        low, high = self.shape.bounds
        return low - np.float32(self.by), high + np.float32(self.by)

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        return self.shape.distance(points) - np.float32(self.by)


@dataclass(frozen=True, slots=True)
class Chain:
    """A bent tube through several points, such as the aorta."""

    tubes: tuple[Tube, ...]
    _bounds: Bounds = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        corners = [tube.bounds for tube in self.tubes]
        low = np.min([a for a, _ in corners], axis=0)
        object.__setattr__(self, "_bounds", (low, np.max([b for _, b in corners], axis=0)))

    @classmethod
    def through(cls, *nodes: tuple[Vector, float]) -> Chain:
        """A chain through (point, radius) nodes."""
        pairs = itertools.pairwise(nodes)
        return cls(tuple(Tube(a, b, ra, rb) for (a, ra), (b, rb) in pairs))

    @property
    def bounds(self) -> Bounds:
        """The box that holds it."""
        return self._bounds

    def distance(self, points: Points) -> Distance:
        """Signed distance (mm) of points of shape (3, n)."""
        return np.asarray(np.min([tube.distance(points) for tube in self.tubes], axis=0), np.float32)


def inside(shape: Shape, points: Points) -> npt.NDArray[np.intp]:
    """Indices of the points inside ``shape``; only those in its box are evaluated."""
    low, high = shape.bounds
    near: npt.NDArray[np.intp] = np.arange(points.shape[1])
    for axis in (2, 0, 1):
        values = points[axis, near]
        near = near[(values >= low[axis]) & (values <= high[axis])]
        if near.size == 0:
            return near
    return np.asarray(near[shape.distance(points[:, near]) < 0])


def _smooth_max(first: Distance, second: Distance, rounding: float) -> Distance:
    """Maximum with a rounded crease (polynomial smooth maximum of I. Quilez)."""
    width = np.float32(rounding)
    if rounding == 0:
        return np.maximum(first, second)
    close = np.maximum(width - np.abs(first - second), np.float32(0)) / width
    return np.asarray(np.maximum(first, second) + close * close * width / np.float32(4), np.float32)


def _legendre(degree: int, t: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    square = t * t
    if degree == 2:
        return np.asarray(1.5 * square - 0.5)
    if degree == 3:
        return np.asarray((2.5 * square - 1.5) * t)
    return np.asarray((4.375 * square - 3.75) * square + 0.375)


def _sphere_rule(count: int = 48) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Directions (3, n) and weights of a product Gauss rule on the sphere."""
    heights, weights = np.polynomial.legendre.leggauss(count)
    turns = 2 * np.pi * np.arange(2 * count) / (2 * count)
    ring = np.sqrt(1 - heights**2)[:, None]
    directions = np.stack(
        [ring * np.cos(turns), ring * np.sin(turns), np.broadcast_to(heights[:, None], (count, 2 * count))]
    )
    return directions.reshape(3, -1), np.repeat(weights, 2 * count) * np.pi / count


def _local(points: Points, center: Vector, axes: tuple[float, ...]) -> Points:
    offset = points - np.asarray(center, np.float32)[:, None]
    if axes == IDENTITY:
        return offset
    return np.reshape(np.asarray(axes, np.float32), (3, 3)).T @ offset


def _box(low: npt.ArrayLike, high: npt.ArrayLike) -> Bounds:
    return np.asarray(low, np.float32), np.asarray(high, np.float32)
