"""The grid that contours are filled on: along their planes, fine enough to keep their volume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.ingest.contour_planes import Region
from netlm_imaging.ingest.polygons import ON_CENTER, IntArray, filled, points_by_plane

VOLUME_TOLERANCE = 0.01
"""Promised: no ROI asked for changes its volume by more on the way to voxels, or a notice says so."""
WANTED = 0.0025
OWN_SPACING_MM = 1.0
"""In the plane, where no image says another; divided until the volumes are kept."""
SMALLEST_ML = 0.01
"""Smaller regions do not make the grid finer: a marker's dot would make a liver's grid huge."""
SMALLEST_SPACING_MM = 0.15
MARGIN_MM = 10.0
"""Room around the regions, so that none touches the border of its grid."""
FINE_VOXELS = 2**25
"""No refinement beyond a grid of this size (512 x 512 x 128)."""
LARGEST_VOXELS = 2**28
EDGE_TOLERANCE = 0.1
"""Slabs may begin and end this part of a step beside the slices of the grid."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lattice:
    """Endless: voxel (i, j, k) lies at ``axes @ (origin + spacing * (i, j, k))``."""

    axes: FloatArray
    origin: FloatArray
    spacing: FloatArray

    def grid(self, regions: Sequence[Region]) -> Grid:
        """The part around the regions. Raises InputError (BAD_SIZE)."""
        low, high = _extent(regions)
        first = np.floor((low - MARGIN_MM - self.origin) / self.spacing)
        last = np.ceil((high + MARGIN_MM - self.origin) / self.spacing)
        size = last - first + 1
        if np.prod(size) > LARGEST_VOXELS:
            found = " x ".join(f"{mm:.0f}" for mm in high - low) + " mm"
            raise InputError(Fault(code="BAD_SIZE", expected="regions of the size of a body", found=found))
        x, y, z = (float(p) for p in self.axes @ (self.origin + first * self.spacing))
        i, j, k = (int(n) for n in size)
        return Grid(
            shape_kji=(k, j, i),
            spacing_mm=tuple(self.spacing.tolist()),
            origin_mm=(x, y, z),
            direction=tuple(self.axes.ravel().tolist()),
        )

    def points(self, region: Region) -> IntArray:
        """Voxel centers inside in each plane of the region."""
        outlines = region.outlines.scaled(self.origin[:2], self.spacing[:2])
        return points_by_plane(outlines, len(region.heights))

    def volume_ml(self, region: Region) -> float:
        """Volume of the region's voxels, without making them."""
        points = self.points(region)
        slices = np.diff(_bounds(region, self.origin[2], self.spacing[2]), axis=1)[:, 0]
        return float(points @ slices) * float(np.prod(self.spacing)) / 1000.0


def choose_lattice(
    wanted: Sequence[Region], others: Sequence[Region], axes: FloatArray, image: Grid | None
) -> Lattice:
    """A lattice on which all regions keep their volume, as far as FINE_VOXELS allows.

    Its slices are the planes of the contours. ``image`` has the same axes: its voxel centers are
    then voxel centers of the lattice too. ``others`` share the file with the regions that are
    ``wanted``: their masks are to fit one grid.
    """
    all_regions = [*wanted, *others]
    step, height = _slices(wanted, all_regions, axes, image)
    if image is None:
        corner = _extent(all_regions)[0]
        origin, base, divisors = corner + OWN_SPACING_MM / 2, np.full(2, OWN_SPACING_MM), (1, 2, 3, 4, 5)
    else:
        origin, base, divisors = _image_origin(image, axes), _image_spacing(image, axes)[:2], (1, 3, 5, 7, 9)
    candidates = [
        Lattice(
            axes=axes,
            origin=np.array([*origin[:2], height]),
            spacing=np.array([*(base / divisor), step]),
        )
        for divisor in divisors
    ]
    best, smallest = candidates[0], np.inf
    for lattice in candidates:
        size = np.prod(lattice.grid(wanted).shape_kji, dtype=float)
        refined = lattice is not candidates[0]
        if refined and (size > FINE_VOXELS or lattice.spacing[:2].min() < SMALLEST_SPACING_MM):
            break
        off = max((_off_in_plane(lattice, r) for r in all_regions if r.volume_ml >= SMALLEST_ML), default=0.0)
        if off < smallest:
            best, smallest = lattice, off
        if off <= WANTED:
            break
    return best


def _off_in_plane(lattice: Lattice, region: Region) -> float:
    area = float(region.areas.sum())
    return abs(float(lattice.points(region).sum()) * float(np.prod(lattice.spacing[:2])) - area) / area


def deviation(lattice: Lattice, region: Region) -> float:
    """By what part of its volume the region's voxels differ from its contours."""
    volume = region.volume_ml
    return abs(lattice.volume_ml(region) - volume) / volume if volume > 0 else 0.0


def _extent(regions: Sequence[Region]) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest coordinates along the axes."""
    low = [[*np.minimum(r.outlines.low, r.outlines.high).min(axis=0), r.slabs[0, 0]] for r in regions]
    high = [[*np.maximum(r.outlines.low, r.outlines.high).max(axis=0), r.slabs[-1, 1]] for r in regions]
    return np.min(low, axis=0), np.max(high, axis=0)


def _image_origin(image: Grid, axes: FloatArray) -> FloatArray:
    return np.asarray(axes.T @ np.asarray(image.origin_mm))


def _image_spacing(image: Grid, axes: FloatArray) -> FloatArray:
    """Along ``axes``, which are the image's in another order."""
    return np.asarray(np.abs(np.rint(axes.T @ image.axes)) @ np.asarray(image.spacing_mm))


def _slices(
    wanted: Sequence[Region], regions: Sequence[Region], axes: FloatArray, image: Grid | None
) -> tuple[float, float]:
    """Step between slices, and the height of one of them: slabs begin and end between two slices."""
    smallest = min(r.step.mm for r in regions)
    # Of those that share the smallest step, the one with most planes tells it best.
    finest = max((r for r in regions if r.step.mm <= 1.01 * smallest), key=lambda r: len(r.heights))
    candidates = [(finest.step.mm / divisor, float(finest.heights[0])) for divisor in (1, 3, 5, 7, 9)]
    if image is not None:
        step, height = float(_image_spacing(image, axes)[2]), float(_image_origin(image, axes)[2])
        candidates = [(step, height), (step / 3, height), *candidates]
    return next((c for c in candidates if all(_slabs_fit(r, *c) for r in wanted)), candidates[-1])


def _slabs_fit(region: Region, step: float, height: float) -> bool:
    beside = (region.slabs - height) / step - 0.5
    edges = float((np.abs(beside - np.rint(beside)) * step).max())
    thick = np.diff(_bounds(region, height, step), axis=1)[:, 0] * step
    off = abs(float(region.areas @ thick) / float(region.areas.sum() * region.step.mm) - 1)
    return edges <= EDGE_TOLERANCE * region.step.mm and off <= WANTED


def _bounds(region: Region, height: float, step: float) -> IntArray:
    """(planes, 2): the slices of each plane as start and stop, counted from the one at ``height``."""
    # The same shift as within the plane: edges that meet a slice's middle are decided alike.
    return np.ceil((region.slabs - height) / step - ON_CENTER).astype(np.intp)


def fill(
    region: Region, lattice: Lattice, grid: Grid
) -> Iterator[tuple[int, slice, slice, npt.NDArray[np.bool_]]]:
    """(k, rows, columns, True inside among those) of the slices of ``grid`` within the region."""
    start = lattice.axes.T @ np.asarray(grid.origin_mm)
    outlines = region.outlines.scaled(start[:2], lattice.spacing[:2])
    bounds = _bounds(region, float(start[2]), float(lattice.spacing[2]))
    for plane, rows, columns, inside in filled(outlines, len(region.heights)):
        for k in range(*bounds[plane]):
            yield k, rows, columns, inside
