"""What a straight path from the skin or from the capsule meets: one map each, made once for a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.geometry import Box, FloatArray, Grid
from netlm_imaging.lesions.regions import enclosed
from netlm_imaging.plan.distances import SURFACE_SHARE, distance_mm
from netlm_imaging.plan.records import Approach
from netlm_imaging.volume import BoolArray, Mask

INSIDE, LIVER, LESION, BEYOND = 1, 2, 4, 8
"""Bits of ``Field.codes``: in the body (or liver) that a path must leave; beyond the image."""
NOTCH_MM = 5.0
"""Narrower gaps in the liver's mask are its roughness, not its capsule (ours)."""
AROUND_LIVER_MM = 15.0
"""The map from the capsule reaches so far beyond the liver."""
NORMAL_SIGMA_MM = 3.0
"""The liver is smoothed so much to tell which way its surface faces."""
NORMAL_STEP_MM = 2.0
FINEST_MM2 = 1e-6
"""Shorter ways (their length squared) are points."""
VESSELS = "major vessels"
STRUCTURES = (VESSELS, "bile ducts", "gallbladder", "bowel", "spleen")
AROUND = ("bone", "lung or gas")
NEVER_SEEN = ("heart", "kidneys", "pancreas", "pleura and diaphragm")
"""No mask of these is taken: a path from the skin must be checked against them on the images."""

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """Voxels around the liver as one approach sees them; the outermost layer stands for all beyond."""

    approach: Approach
    grid: Grid
    codes: Codes
    lesions: npt.NDArray[np.unsignedinteger]
    """Labels."""
    distance_mm: npt.NDArray[np.float32] | None
    """To the surface of the nearest structure; below 0 inside. None where none is known."""
    structure: Codes
    """Numbers from 1 into ``names``; 0 elsewhere."""
    names: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def slack_mm(self) -> float:
        """The value at the nearest voxel differs from that at a point by no more than this."""
        return float(np.linalg.norm(self.grid.spacing_mm)) / 2.0

    def at(self, array: npt.NDArray[Any], points_lps_mm: FloatArray) -> npt.NDArray[Any]:
        """``array`` at the voxels nearest to points of shape (..., 3)."""
        index = np.rint(self.grid.to_index(points_lps_mm)).astype(np.int64)
        return np.asarray(array[tuple(np.moveaxis(np.clip(index, 0, np.subtract(array.shape, 1)), -1, 0))])

    def clearance_mm(self, points_lps_mm: FloatArray) -> FloatArray:
        """Distance of points of shape (..., 3) to the nearest structure, interpolated; infinite without."""
        if self.distance_mm is None:
            return np.full(points_lps_mm.shape[:-1], np.inf)
        index = np.moveaxis(self.grid.to_index(points_lps_mm), -1, 0)
        return np.asarray(ndimage.map_coordinates(self.distance_mm, index, order=1, mode="nearest"))

    def nearest_structure(self, point_lps_mm: FloatArray) -> str | None:
        """The name of the structure nearest to a point."""
        if self.distance_mm is None:
            return None
        index, spacing = self.grid.to_index(point_lps_mm), np.asarray(self.grid.spacing_kji_mm)
        apart = float(self.clearance_mm(point_lps_mm[None])[0]) + 2.0 * (self.slack_mm + self._surface_mm)
        low = np.maximum(np.floor(index - apart / spacing).astype(int), 0)
        high = np.ceil(index + apart / spacing).astype(int) + 1
        near = np.argwhere(self.structure[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]) + low
        distances = np.linalg.norm((near - index) * spacing, axis=1)
        return self.names[int(self.structure[tuple(near[int(distances.argmin())])]) - 1]

    def along_mm(self, points_lps_mm: FloatArray, *, within_mm: float) -> dict[str, float]:
        """Distance of a straight way to the surface of each structure nearer than that; 0 or less: through.

        ``points_lps_mm``, shape (n, 3): close to each other, from one end to the other.
        """
        spacing = np.asarray(self.grid.spacing_kji_mm)
        first, last = self.grid.to_index(points_lps_mm[[0, -1]])
        reach = (within_mm + self._surface_mm) / spacing
        low = np.maximum(np.floor(np.minimum(first, last) - reach), 0).astype(int)
        high = np.maximum(np.ceil(np.maximum(first, last) + reach) + 1, 0).astype(int)
        part = self.structure[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        there = np.argwhere(part)
        apart = (there + low - first) * spacing
        way = (last - first) * spacing
        share = np.clip(apart @ way / max(float(way @ way), FINEST_MM2), 0.0, 1.0)
        distances = np.linalg.norm(apart - share[:, None] * way, axis=1) - self._surface_mm
        numbers = part[tuple(there.T)]
        met = np.unique(self.at(self.structure, points_lps_mm))
        found = {name: 0.0 for n, name in enumerate(self.names, start=1) if n in met}
        for number in np.unique(numbers[distances < within_mm]).tolist():
            name = self.names[number - 1]
            found[name] = min(found.get(name, np.inf), float(distances[numbers == number].min()))
        return found

    @property
    def _surface_mm(self) -> float:
        return SURFACE_SHARE * sum(self.grid.spacing_mm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fields:
    """The maps of one patient."""

    capsule: Field
    skin: Field | None
    """None where no skin is known."""
    outline: npt.NDArray[np.float32]
    """The smoothed liver."""
    outline_grid: Grid

    @property
    def known(self) -> tuple[Field, ...]:
        """From the skin first, where it is known."""
        return (self.capsule,) if self.skin is None else (self.skin, self.capsule)

    def outward_normal(self, points_lps_mm: FloatArray) -> FloatArray:
        """Unit vectors out of the liver at points of its surface, shape (n, 3) in LPS; 0 far from it."""
        steps = np.concatenate([NORMAL_STEP_MM * np.eye(3), -NORMAL_STEP_MM * np.eye(3)])
        index = self.outline_grid.to_index(points_lps_mm[:, None] + steps)
        values = ndimage.map_coordinates(self.outline, np.moveaxis(index, -1, 0), order=1, mode="nearest")
        inward = values[:, :3] - values[:, 3:]
        length = np.linalg.norm(inward, axis=1, keepdims=True)
        return np.asarray(-inward / np.where(length > 0.0, length, 1.0))


def make_fields(anatomy: Anatomy, around: Surroundings | None, *, major_vessels: Mask | None) -> Fields:
    """The maps of a patient. ``major_vessels`` lie inside the liver; outside it every vessel counts."""
    grid = anatomy.grid
    solid = _solid(anatomy.liver)
    structures = _structures(anatomy, solid, major_vessels)
    box = anatomy.liver.bounding_box(AROUND_LIVER_MM)
    capsule = _field("operative", anatomy, solid, inside=solid.array, box=box, structures=structures)
    skin = None
    if around is not None:
        inside = around.body.array | solid.array
        skin = _field(
            "percutaneous",
            anatomy,
            solid,
            inside=inside,
            box=Mask(inside, grid).bounding_box(2.0 * max(grid.spacing_mm)),
            structures=structures | _around(around),
        )
    sigma = [NORMAL_SIGMA_MM / s for s in grid.spacing_kji_mm]
    outline = ndimage.gaussian_filter(solid.array[box].astype(np.float32), sigma, mode="nearest")
    return Fields(capsule=capsule, skin=skin, outline=outline, outline_grid=grid.crop(box))


def _solid(liver: Mask) -> Mask:
    """The liver without holes and narrow gaps: closed by a ball."""
    box = liver.bounding_box(2.0 * NOTCH_MM)
    part, grid = np.pad(liver.array[box], 1), liver.grid
    grown = distance_mm(part, grid) <= NOTCH_MM / 2.0
    closed = part | (distance_mm(~grown, grid) > NOTCH_MM / 2.0)
    closed |= enclosed(closed)
    return Mask(closed[1:-1, 1:-1, 1:-1], grid.crop(box)).paste_into(grid)


def _structures(anatomy: Anatomy, solid: Mask, major: Mask | None) -> dict[str, BoolArray]:
    found: dict[str, BoolArray] = {}
    if anatomy.vessels is not None:
        outside = anatomy.vessels.array & ~solid.array
        found[VESSELS] = outside if major is None else outside | major.array
    found |= {name: mask.array for name, mask in anatomy.protected.items()}
    if anatomy.spleen is not None:
        found["spleen"] = anatomy.spleen.array & ~anatomy.liver.array
    return found


def _around(around: Surroundings) -> dict[str, BoolArray]:
    named = {"bone": around.bone, "lung or gas": around.gas, "regions as dark as air": around.dark}
    return {name: mask.array for name, mask in named.items() if mask is not None}


def _field(
    approach: Approach,
    anatomy: Anatomy,
    solid: Mask,
    *,
    inside: BoolArray,
    box: Box,
    structures: Mapping[str, BoolArray],
) -> Field:
    codes = INSIDE * inside[box].astype(np.uint8)
    codes |= (LIVER * solid.array[box]).astype(np.uint8)
    codes |= (LESION * (anatomy.lesions.array[box] > 0)).astype(np.uint8)
    named = np.zeros(codes.shape, dtype=np.uint8)
    for number, structure in enumerate(structures.values(), start=1):
        named[structure[box] & (named == 0)] = number
    named = np.pad(named, 1)
    lesions = anatomy.lesions.array[box]
    wanted = STRUCTURES if approach == "operative" else (*STRUCTURES, *AROUND)
    never = () if approach == "operative" else NEVER_SEEN
    return Field(
        approach=approach,
        grid=_padded_grid(anatomy.grid, box),
        codes=_framed(codes, anatomy.grid, box),
        lesions=np.pad(lesions.astype(np.min_scalar_type(int(lesions.max(initial=0)))), 1),
        distance_mm=_surface_distance(named > 0, anatomy.grid),
        structure=named,
        names=tuple(structures),
        unknown=(*(name for name in wanted if name not in structures), *never),
    )


def _surface_distance(structures: BoolArray, grid: Grid) -> npt.NDArray[np.float32] | None:
    if not structures.any():
        return None
    beyond = SURFACE_SHARE * sum(grid.spacing_mm)
    return np.asarray(distance_mm(structures, grid) - np.float32(beyond), dtype=np.float32)


def _framed(codes: Codes, grid: Grid, box: Box) -> Codes:
    """One voxel more on each side: beyond the image where the box ends with it."""
    framed = np.pad(codes, 1)
    for axis, (part, size) in enumerate(zip(box, grid.shape_kji, strict=True)):
        layers = np.moveaxis(framed, axis, 0)
        if part.start == 0:
            layers[0] |= BEYOND
        if part.stop == size:
            layers[-1] |= BEYOND
    return framed


def _padded_grid(grid: Grid, box: Box) -> Grid:
    x, y, z = grid.to_patient([s.start - 1 for s in box]).tolist()
    k, j, i = (s.stop - s.start + 2 for s in box)
    return Grid(
        shape_kji=(k, j, i), spacing_mm=grid.spacing_mm, origin_mm=(x, y, z), direction=grid.direction
    )
