"""Parts of the remnant that are cut off from their inflow, and so do not count.

A part is what hangs together through faces, edges and corners. Where vessels are given, it lives when
it holds or touches a vessel that still has its inflow. Else it lives when it is no smaller than
``smallest_part_ml`` and reaches the surface of the liver, where its pedicle may come from. What is
no living part in the untouched liver already stays counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cc3d
import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, Grid
from netlm_imaging.lesions.regions import enclosed
from netlm_imaging.plan.inflow import Inflow
from netlm_imaging.volume import BoolArray

Index = npt.NDArray[np.int64]
Labels = npt.NDArray[np.integer[Any]]
REACH_VOXELS = 8
"""Parts are looked for this far around what is lost, before the whole liver is searched."""
LARGEST_SHARE = 0.3
"""Blocks of more than this share of the whole are no quicker to search."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Functional voxels that keep their part alive; one that touches two pieces is there twice."""

    voxels: Index
    """Flat indices: on a vessel or beside it; without vessels, on the surface of the liver."""
    kji: npt.NDArray[np.int32]
    """The same as array indices, shape (n, 3)."""
    piece: Index | None
    """The piece of the vessels that each touches; None without vessels."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What is needed to tell the living parts of a remnant."""

    functional: BoolArray
    """[k, j, i], untouched."""
    anchors: Anchors
    smallest_part_ml: float
    """Without vessels, a smaller part does not live."""
    voxel_ml: float
    whole: npt.NDArray[np.int32]
    """[k, j, i]: the parts of the untouched liver, from 1."""
    sizes: Index
    """Voxels of each of these; of none at 0."""
    alive: BoolArray
    """Which of these live; 0 does not."""

    def cut_off(self, lost: Index, dead: BoolArray | None) -> Index:
        """Functional voxels beyond ``lost`` (flat indices) in parts that no longer live, ascending.

        ``dead``: pieces of the vessels without inflow; None without vessels.
        """
        if not lost.size:
            return np.empty(0, dtype=np.int64)
        living = np.ones(self.anchors.voxels.size, dtype=bool)
        if dead is not None:
            living = ~dead[self.anchors.piece]
        near = self._cut_off_near(lost, living)
        return self._cut_off_anywhere(lost, living) if near is None else near

    def _cut_off_anywhere(self, lost: Index, living: BoolArray) -> Index:
        remnant = self.functional.copy()
        remnant.ravel()[lost] = False
        part, count = cc3d.connected_components(remnant, connectivity=26, return_N=True)
        lives = self._lives(part.ravel(), part.ravel()[self.anchors.voxels[living]], count)
        lives[0] = True
        if lives.all():
            return np.empty(0, dtype=np.int64)
        voxels = np.flatnonzero(~lives[part])
        return voxels[self.alive[self.whole.ravel()[voxels]]]

    def _lives(self, part: Labels, anchored: Labels, count: int) -> BoolArray:
        """Which of the parts 0 .. ``count`` live; ``part`` of all voxels, and of the living anchors."""
        lives = np.bincount(anchored, minlength=count + 1) > 0
        if self.anchors.piece is None:
            lives &= self._large(np.bincount(part, minlength=count + 1))
        return np.asarray(lives)

    def _cut_off_near(self, lost: Index, living: BoolArray) -> Index | None:
        """The same from a block around ``lost``; None where the block does not tell.

        What does not reach the border of the block is a part as it stands. If of a part of the
        untouched liver only one piece reaches the border, all of that part outside hangs together
        with it, and lives when what lies outside is enough.
        """
        box = self._block(lost)
        block = self.functional[box]
        if block.size > LARGEST_SHARE * self.functional.size:
            return None
        start = np.array([s.start for s in box])
        remnant = block.copy()
        remnant[tuple((np.column_stack(np.unravel_index(lost, self.functional.shape)) - start).T)] = False
        part, count = cc3d.connected_components(remnant, connectivity=26, return_N=True)
        whole = np.zeros(count + 1, dtype=np.int64)
        whole[part.ravel()] = self.whole[box].ravel()
        whole[0] = 0
        outer = self._at_border(part, box)
        inside = ((self.anchors.kji >= start) & (self.anchors.kji < start + block.shape)).all(axis=1)
        if np.unique(whole[outer]).size < outer.size or not self._outside_lives(
            whole[outer], box, living & ~inside
        ):
            return None
        at = tuple((self.anchors.kji[living & inside] - start).T)
        lives = self._lives(part.ravel(), part[at], count)
        lives[outer] = True
        lives[~self.alive[whole]] = True
        if lives.all():
            return np.empty(0, dtype=np.int64)
        gone = np.argwhere(~lives[part])
        return np.asarray(
            np.ravel_multi_index(tuple((gone + start).T), self.functional.shape), dtype=np.int64
        )

    def _large(self, sizes: Index) -> BoolArray:
        return np.asarray(sizes * self.voxel_ml >= self.smallest_part_ml)

    def _block(self, lost: Index) -> Box:
        at = np.column_stack(np.unravel_index(lost, self.functional.shape))
        low = np.maximum(at.min(axis=0) - REACH_VOXELS, 0).tolist()
        high = np.minimum(at.max(axis=0) + REACH_VOXELS + 1, self.functional.shape).tolist()
        k, j, i = (slice(a, b) for a, b in zip(low, high, strict=True))
        return (k, j, i)

    def _at_border(self, part: Labels, box: Box) -> Index:
        """The parts of a block that may go on outside of it."""
        found = []
        for axis, (cut, size) in enumerate(zip(box, self.functional.shape, strict=True)):
            if cut.start > 0:
                found.append(np.take(part, 0, axis=axis).ravel())
            if cut.stop < size:
                found.append(np.take(part, -1, axis=axis).ravel())
        labels = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
        return np.asarray(labels[labels > 0], dtype=np.int64)

    def _outside_lives(self, whole: Index, box: Box, living: BoolArray) -> bool:
        """Whether what lies outside of ``box`` keeps each of ``whole`` alive."""
        concerned = whole[self.alive[whole]]
        anchored = np.bincount(self.whole.ravel()[self.anchors.voxels[living]], minlength=self.sizes.size)
        if self.anchors.piece is not None:
            return bool((anchored[concerned] > 0).all())
        left = self.sizes - np.bincount(self.whole[box].ravel(), minlength=self.sizes.size)
        return bool(((anchored > 0) & self._large(left))[concerned].all())


def parts(
    functional: BoolArray, liver: BoolArray, grid: Grid, *, inflow: Inflow | None, smallest_part_ml: float
) -> Parts:
    """Prepare the parts of ``functional`` liver (both arrays [k, j, i] on ``grid``)."""
    whole = cc3d.connected_components(functional.copy(), connectivity=26).astype(np.int32)
    anchors = _surface(functional, liver) if inflow is None else _beside(functional, inflow.place)
    sizes = np.bincount(whole.ravel())
    sizes[0] = 0
    alive = np.bincount(whole.ravel()[anchors.voxels], minlength=sizes.size) > 0
    if inflow is None:
        alive &= sizes * grid.voxel_ml >= smallest_part_ml
    return Parts(
        functional=functional,
        anchors=anchors,
        smallest_part_ml=smallest_part_ml,
        voxel_ml=grid.voxel_ml,
        whole=whole,
        sizes=sizes,
        alive=alive,
    )


def _surface(functional: BoolArray, liver: BoolArray) -> Anchors:
    """Functional voxels with a face on the outside; holes of the liver are not outside."""
    solid = np.pad(liver | enclosed(liver), 1)
    inner = solid[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for step in (-1, 1):
            inner &= np.roll(solid, step, axis=axis)[1:-1, 1:-1, 1:-1]
    return _anchors(np.flatnonzero(functional & ~inner), None, functional.shape)


def _beside(functional: BoolArray, place: npt.NDArray[np.int32]) -> Anchors:
    """Functional voxels on or beside a vessel, with each piece that they touch."""
    shape = np.array(place.shape)
    at = np.argwhere(place >= 0)
    piece = place[tuple(at.T)].astype(np.int64)
    pairs = []
    for offset in product((-1, 0, 1), repeat=3):
        near = at + offset
        inside = ((near >= 0) & (near < shape)).all(axis=1)
        flat = np.ravel_multi_index(tuple(near[inside].T), place.shape)
        held = functional.ravel()[flat]
        pairs.append(np.column_stack([flat[held], piece[inside][held]]))
    both = np.concatenate(pairs)
    code = np.unique(both[:, 0] * (piece.max() + 1) + both[:, 1])
    voxels, touched = np.divmod(code, piece.max() + 1)
    return _anchors(voxels, touched, place.shape)


def _anchors(voxels: Index, piece: Index | None, shape: tuple[int, ...]) -> Anchors:
    kji = np.column_stack(np.unravel_index(voxels, shape)).astype(np.int32)
    return Anchors(voxels=voxels, kji=kji, piece=piece)
