"""Ellipsoidal zones on the voxel grid: where to put one so that it covers what it must and spends least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.plan.covering import smallest_ball
from netlm_imaging.plan.protected import Protected
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.volume import BoolArray

PROBE_DIRECTIONS = 48
"""Directions tried for a zone that is not a ball, spread evenly over the half sphere (12 degrees apart)."""
ROLLS_DEGREES = (0.0, 45.0, 90.0, 135.0)
"""Turns around the probe that are tried when the two axes across it differ."""
WIDTHS = 32
"""Directions in which a target is measured to tell in which poses a zone has room for it."""
POSES_SEARCHED = 3
"""The directions with most room, for which the best center is searched."""
EDGE = 1.0 + 1e-6
"""A voxel center this close to the zone's surface (in half axes) is inside: rounding decides nothing."""
ROUNDING = 1e-9
NEAR_WHOLE = 0.05
"""Counts by convolution that are all this near to whole numbers are right; in single precision they come
within about 0.01 for zones 50 voxels across."""
CHUNK = 16
"""Points that are looked at together."""

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """An ellipsoid where it is to be made."""

    center_mm: FloatArray
    """Along k, j, i, from the workspace's first voxel."""
    axis_kji: FloatArray
    """Unit vector of the probe."""
    to_unit: FloatArray
    """3 x 3: turns mm from the center (k, j, i) into half axes, so that the zone is the unit ball."""


@dataclass(frozen=True, slots=True)
class TooSmall:
    """No pose of the zone covers the target; the best one must be ``factor`` times larger."""

    factor: float


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The zone is large enough, but every place for it is outside the liver or too near a structure."""

    near_structure: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """The smallest zone of one direction that covers the target: its middle, and its size."""

    axis_kji: FloatArray
    to_unit: FloatArray
    middle_mm: FloatArray
    factor: float
    """In units of the device's zone."""


Wanted = Callable[[Box], BoolArray]
"""The functional voxels of a box that a zone there would destroy."""


def best_placement(
    space: Workspace,
    points: FloatArray,
    zone_mm: tuple[float, float, float],
    *,
    spends: Wanted,
    forbidden: Protected | None = None,
) -> Placement | TooSmall | NoRoom:
    """The pose that covers all ``points`` (mm, corners of the target's hull) and spends least of ``spends``.

    Searched over every voxel of the liver as center, and the center of the smallest zone that covers
    the target; zones with a ``forbidden`` voxel are left out. Equal ones: the zone lies more evenly
    around the target.
    """
    poses = _poses(space, zone_mm)
    fits = _roomiest(points, poses, count=POSES_SEARCHED)
    if fits[0].factor > EDGE:
        return TooSmall(fits[0].factor)
    found = _best_of(space, points, fits, spends, forbidden)
    if found is None and forbidden is not None:
        found = _best_of(space, points, _roomiest(points, poses, count=len(poses)), spends, forbidden)
    if found is None:
        open_to_all = forbidden and _best_of(space, points, fits, spends, None)
        return NoRoom(near_structure=open_to_all is not None)
    return found


def roomiest_poses(
    space: Workspace, points: FloatArray, zone_mm: tuple[float, float, float]
) -> list[FloatArray]:
    """The ``to_unit`` of the poses in which a zone has most room for ``points`` (mm), the best first."""
    fits = _roomiest(points, _poses(space, zone_mm), count=POSES_SEARCHED)
    return [fit.to_unit for fit in fits]


def _best_of(
    space: Workspace, points: FloatArray, fits: list[_Fit], spends: Wanted, forbidden: Protected | None
) -> Placement | None:
    found = [
        (order, Placement(center, fit.axis_kji, fit.to_unit))
        for fit in fits
        if fit.factor <= EDGE
        for order, center in _centers(space, points, fit, spends, forbidden)
    ]
    return min(found, key=lambda entry: entry[0])[1] if found else None


def zone_span(space: Workspace, placement: Placement) -> tuple[Index, Index]:
    """The first voxel of the block that holds the zone and the one after its last, inside the grid or not."""
    reach = _reach_mm(placement.to_unit)
    low = np.ceil((placement.center_mm - reach) / space.spacing - 1e-6).astype(np.int64)
    high = np.floor((placement.center_mm + reach) / space.spacing + 1e-6).astype(np.int64) + 1
    return low, high


def zone_box(space: Workspace, placement: Placement) -> Box:
    """The block of voxels of the grid that holds the zone."""
    low, high = zone_span(space, placement)
    k, j, i = (
        slice(max(0, int(a)), max(0, min(n, int(b))))
        for a, b, n in zip(low, high, space.grid.shape_kji, strict=True)
    )
    return (k, j, i)


def zone_in(space: Workspace, placement: Placement, box: Box) -> BoolArray:
    """The voxels of ``box`` whose centers lie in the zone; ``box`` may reach out of the grid."""
    axes = [
        np.arange(s.start, s.stop) * h - c
        for s, h, c in zip(box, space.spacing, placement.center_mm, strict=True)
    ]
    return _in_unit_ball(placement.to_unit, axes)


def _in_unit_ball(to_unit: FloatArray, axes: Sequence[FloatArray]) -> BoolArray:
    """Which points of a lattice, given by its places along k, j, i (mm), lie in a zone around 0."""
    k, j, i = np.meshgrid(*axes, indexing="ij", sparse=True)
    square = sum((row[0] * k + row[1] * j + row[2] * i) ** 2 for row in to_unit)
    return np.asarray(square <= EDGE**2)


def _roomiest(points: FloatArray, poses: FloatArray, *, count: int) -> list[_Fit]:
    """The ``count`` of ``poses`` (n, 3, 3) whose smallest zone around ``points`` is smallest, in order.

    No ball is smaller than half of what it must hold is wide in any direction: poses that cannot be
    among the best are told by that, without their ball.
    """
    widths = np.ptp(points @ (half_sphere(WIDTHS) @ poses).reshape(-1, 3).T, axis=0)
    least = widths.reshape(len(poses), WIDTHS).max(axis=1) / 2.0
    fits: list[tuple[float, int, _Fit]] = []
    for pose in np.argsort(least, kind="stable").tolist():
        if len(fits) >= count and least[pose] > fits[count - 1][2].factor + 1e-8:
            break
        fit = _fit(points, poses[pose])
        fits.append((round(fit.factor, 9), pose, fit))
        fits.sort(key=lambda entry: entry[:2])
    return [fit for _, _, fit in fits[:count]]


def _fit(points: FloatArray, to_unit: FloatArray) -> _Fit:
    center, factor = smallest_ball(points @ to_unit.T)
    axis = to_unit[0] / np.linalg.norm(to_unit[0])
    return _Fit(axis, to_unit, np.linalg.inv(to_unit) @ center, factor)


def _poses(space: Workspace, zone_mm: tuple[float, float, float]) -> FloatArray:
    """The ``to_unit`` of every direction and roll of the probe, shape (n, 3, 3); only one for a ball."""
    along, across, other = zone_mm
    frames = _frames(ball=along == across == other, rolls=across != other)
    # Directions are made in the patient, not along the array, so that its layout is no matter.
    axes_kji = (space.grid.axes.T @ frames)[:, ::-1]
    return np.asarray(axes_kji.transpose(0, 2, 1) / (np.asarray(zone_mm) / 2.0)[:, None])


@cache
def _frames(*, ball: bool, rolls: bool) -> FloatArray:
    """Rotations in the patient, columns along the probe and the two across it."""
    frames = []
    for direction in half_sphere(1 if ball else PROBE_DIRECTIONS):
        frame, _ = Rotation.align_vectors(direction[None], [[1.0, 0.0, 0.0]])
        for roll in ROLLS_DEGREES if rolls else ROLLS_DEGREES[:1]:
            frames.append((frame * Rotation.from_euler("x", roll, degrees=True)).as_matrix())
    return np.stack(frames)


def half_sphere(count: int) -> FloatArray:
    """``count`` evenly spread unit vectors with z >= 0 (golden spiral), the first one straight up."""
    n = np.arange(count)
    z = 1.0 - n / count
    turn = n * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt(1.0 - z**2)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), z])


def _reach_mm(to_unit: FloatArray) -> FloatArray:
    """Half extent of the zone along k, j, i."""
    return np.asarray(np.linalg.norm(np.linalg.inv(to_unit), axis=1))


def _centers(
    space: Workspace, points: FloatArray, fit: _Fit, spends: Wanted, forbidden: Protected | None
) -> Iterator[tuple[tuple[float, ...], FloatArray]]:
    """The best center on the voxel lattice, and the fit's middle, each with what it is ordered by."""
    lattice = _lattice_centers(space, points, fit)
    if len(lattice) and forbidden is not None:
        lattice = lattice[_counts(space, lattice, fit.to_unit, forbidden.block) == 0]
    if len(lattice):
        spent = _counts(space, lattice, fit.to_unit, lambda a, b: _padded(space, spends, a, b))
        least = int(spent.min())
        chosen = lattice[spent == least] * space.spacing
        orders = [(float(least), *_evenness(space, center, fit.middle_mm)) for center in chosen]
        order = min(orders)
        yield order, chosen[orders.index(order)]
    nearest = np.rint(fit.middle_mm / space.spacing).astype(int)
    if (nearest >= 0).all() and (nearest < space.liver.shape).all() and space.liver[tuple(nearest)]:
        placement = Placement(fit.middle_mm, fit.axis_kji, fit.to_unit)
        if forbidden is not None and comes_near(space, placement, forbidden):
            return
        box = zone_box(space, placement)
        spent_there = float((spends(box) & zone_in(space, placement, box)).sum())
        yield (spent_there, *_evenness(space, fit.middle_mm, fit.middle_mm)), fit.middle_mm


def comes_near(space: Workspace, placement: Placement, forbidden: Protected) -> bool:
    """Whether the zone holds a forbidden voxel."""
    low, high = zone_span(space, placement)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return bool((forbidden.block(low, high) & zone_in(space, placement, (k, j, i))).any())


def _evenness(space: Workspace, center_mm: FloatArray, middle_mm: FloatArray) -> tuple[float, ...]:
    """Distance from the middle, then the place in the patient, so that ties never depend on the array."""
    place = space.grid.to_patient(center_mm / space.spacing)
    return tuple(round(float(v), 6) for v in (np.linalg.norm(center_mm - middle_mm), *place))


def _lattice_centers(space: Workspace, points: FloatArray, fit: _Fit) -> npt.NDArray[np.int64]:
    """Liver voxels (array indices) around which the zone covers all ``points``."""
    # A ball around all points whose center is off the smallest one's by d has a radius of at least
    # sqrt(factor^2 + d^2): further away than this there is nothing to find.
    play = np.sqrt(max(0.0, EDGE**2 - fit.factor**2))
    reach = _reach_mm(fit.to_unit) * play
    low = np.maximum(np.ceil((fit.middle_mm - reach) / space.spacing).astype(int), 0)
    high = np.minimum(np.floor((fit.middle_mm + reach) / space.spacing).astype(int) + 1, space.liver.shape)
    if (high <= low).any():
        return np.empty((0, 3), dtype=np.int64)
    axes = [
        np.arange(a, b) * step - at
        for a, b, step, at in zip(low, high, space.spacing, fit.middle_mm, strict=True)
    ]
    inside = _in_unit_ball(fit.to_unit / (play + ROUNDING), axes)  # a little wider than ``play``
    near = np.argwhere(space.liver[low[0] : high[0], low[1] : high[1], low[2] : high[2]] & inside) + low
    # The points farthest from the middle leave few centers for the others.
    away = np.linalg.norm((points - fit.middle_mm) @ fit.to_unit.T, axis=1)
    # Those so near that every center here covers them need no looking at.
    order = np.argsort(-away, kind="stable")[: np.count_nonzero(away > EDGE - EDGE * play - 3.0 * ROUNDING)]
    corners = (points @ fit.to_unit.T)[order]
    scaled = near * space.spacing @ fit.to_unit.T
    for some in np.split(corners, range(CHUNK, len(corners), CHUNK)):
        covered = cdist(some, scaled).max(axis=0) <= EDGE
        if not covered.all():
            near, scaled = near[covered], scaled[covered]
    return np.asarray(near)


def _counts(
    space: Workspace, centers: Index, to_unit: FloatArray, block: Callable[[Index, Index], BoolArray]
) -> Index:
    """True voxels of ``block`` in the zone around each of ``centers``: exact, all at once by convolution.

    ``block`` gives the voxels from one index up to another, inside the grid or not.
    """
    half = np.floor(_reach_mm(to_unit) / space.spacing + 1e-6).astype(np.int64)
    low, high = centers.min(axis=0), centers.max(axis=0) + 1
    wanted = block(low - half, high + half)
    if not wanted.any():
        return np.zeros(len(centers), dtype=np.int64)
    offsets = [np.arange(-n, n + 1) * step for n, step in zip(half.tolist(), space.spacing, strict=True)]
    kernel = _in_unit_ball(to_unit, offsets)
    counts = _convolved(wanted, kernel)
    return np.asarray(counts[tuple((centers - low + 2 * half).T)], dtype=np.int64)


def _convolved(wanted: BoolArray, kernel: BoolArray) -> FloatArray:
    """How many voxels of ``wanted`` lie in ``kernel``, whose last voxel is put at each of its places.

    In single precision where all that comes out is near to whole numbers: it is twice as quick.
    """
    # A circle as long as ``wanted`` is enough: what wraps around spoils only places that are no center.
    size = [fft.next_fast_len(n, real=True) for n in wanted.shape]
    for precision in (np.float32, np.float64):
        product = fft.rfftn(wanted.astype(precision), size) * fft.rfftn(kernel.astype(precision), size)
        counts = fft.irfftn(product, size)
        whole = np.rint(counts)
        if np.abs(counts - whole).max() <= NEAR_WHOLE:
            break
    return np.asarray(whole)


def _padded(space: Workspace, spends: Wanted, start: Index, stop: Index) -> BoolArray:
    """``spends`` in a block that may reach out of the grid, where there is nothing to spend."""
    inner = np.maximum(start, 0), np.minimum(stop, space.liver.shape)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(*inner, strict=True))
    before, after = (inner[0] - start).tolist(), (stop - inner[1]).tolist()
    return np.pad(spends((k, j, i)), list(zip(before, after, strict=True)))
