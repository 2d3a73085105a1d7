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
NONE: Index = np.empty(0, dtype=np.int64)
Labels = npt.NDArray[np.integer[Any]]
REACH_VOXELS = 8
"""Parts are looked for this far around what is lost, before the whole liver is searched."""
SPARSE = 64
"""Of so many lost voxels one is looked at to tell early that the block is too large."""
LARGEST_SHARE = 0.3
"""Blocks of more than this share of the whole are no quicker to search."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Functional voxels that keep their part alive; one that touches two pieces is there twice."""

    voxels: Index
    """Flat indices, ascending: on a vessel or beside it; without vessels, on the surface of the liver."""
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
            return NONE
        living = self.anchors.voxels
        if dead is not None:
            living = living[~dead[self.anchors.piece]]
        near = self._cut_off_near(lost, living)
        return self._cut_off_anywhere(lost, living) if near is None else near

    def _cut_off_near(self, lost: Index, living: Index) -> Index | None:
        """The same from a block around ``lost``, with the ``living`` anchors; None where it does not tell.

        If of a part of the untouched liver only one piece reaches the border of the block, all of that
        part outside hangs together with it: the rest of that part. What does not reach the border is a
        piece as it stands.
        """
        # The block around some of the voxels is no larger than that around all, and found at once.
        if self._too_large(self._block(lost[::SPARSE])) or self._too_large(box := self._block(lost)):
            return None
        taken = self._taken(lost)
        remnant = self.functional[box] & ~taken[box]
        piece, count = cc3d.connected_components(remnant, connectivity=26, return_N=True)
        outer, whole = self._at_border(piece, box)
        if np.unique(whole).size < outer.size:
            return None
        pieces = NO_PIECES
        if count > outer.size:
            pieces = _Pieces.of(remnant, piece, aside=outer).at(box, self.functional.shape)
        if self._dying(lost, pieces, taken, living).any():
            return None
        return self._cut_off_of(pieces, living)

    def _cut_off_anywhere(self, lost: Index, living: Index) -> Index:
        """The same from the whole liver: the piece with most anchors is the rest of its part."""
        taken = self._taken(lost)
        remnant = self.functional & ~taken
        piece, count = cc3d.connected_components(remnant, connectivity=26, return_N=True)
        most = 1 + int(np.argmax(np.bincount(piece.ravel()[living], minlength=2)[1:]))
        pieces = NO_PIECES
        if count > 1:
            pieces = _Pieces.of(remnant, piece, aside=np.array([most]))
        found = self._cut_off_of(pieces, living)
        if not self._dying(lost, pieces, taken, living).any():
            return found
        return np.union1d(found, np.flatnonzero(piece == most))

    def _taken(self, lost: Index) -> BoolArray:
        taken = np.zeros(self.functional.shape, dtype=bool)
        taken.ravel()[lost] = True
        return taken

    def _dying(self, lost: Index, pieces: _Pieces, taken: BoolArray, living: Index) -> BoolArray:
        """Parts of the untouched liver of which something is left besides ``pieces`` and dies.

        ``taken``: a mask of ``lost``; it is changed.
        """
        taken.ravel()[pieces.voxels] = True
        left = self.sizes - self._by_part(lost) - self._by_part(pieces.voxels)
        lives = self._by_part(living[~taken.ravel()[living]]) > 0
        if self.anchors.piece is None:
            lives &= self._large(left)
        return np.asarray(self.alive & (left > 0) & ~lives)

    def _cut_off_of(self, pieces: _Pieces, living: Index) -> Index:
        """The voxels of those of ``pieces`` that do not live, and did in the untouched liver."""
        if not pieces.voxels.size:
            return NONE
        at = np.searchsorted(living, pieces.voxels)
        anchor = np.append(living, -1)[at] == pieces.voxels
        lives = np.bincount(pieces.piece, weights=anchor) > 0
        if self.anchors.piece is None:
            lives &= self._large(np.bincount(pieces.piece))
        was_alive = self.alive[self.whole.ravel()[pieces.voxels]]
        return np.asarray(pieces.voxels[was_alive & ~lives[pieces.piece]])

    def _by_part(self, voxels: Index) -> Index:
        """How many of ``voxels``, all functional, are of each part of the untouched liver."""
        if self.sizes.size == 2:  # most livers are one part, which needs no looking up
            return np.array([0, voxels.size])
        return np.bincount(self.whole.ravel()[voxels], minlength=self.sizes.size)

    def _large(self, sizes: Index) -> BoolArray:
        return np.asarray(sizes * self.voxel_ml >= self.smallest_part_ml)

    def _too_large(self, box: Box) -> bool:
        """Whether a block is no quicker to search than the whole liver."""
        size = int(np.prod([s.stop - s.start for s in box]))
        return size > LARGEST_SHARE * self.functional.size

    def _block(self, lost: Index) -> Box:
        k, j, i = (
            slice(max(int(at.min()) - REACH_VOXELS, 0), min(int(at.max()) + REACH_VOXELS + 1, size))
            for at, size in zip(
                np.unravel_index(lost, self.functional.shape), self.functional.shape, strict=True
            )
        )
        return (k, j, i)

    def _at_border(self, piece: Labels, box: Box) -> tuple[Index, Index]:
        """The pieces of a block that may go on outside of it, and the untouched part that each is of."""
        whole_of = np.zeros(int(piece.max()) + 1, dtype=np.int64)
        whole = self.whole[box]
        for axis, (cut, size) in enumerate(zip(box, self.functional.shape, strict=True)):
            for side, beyond in ((0, cut.start > 0), (-1, cut.stop < size)):
                if beyond:
                    face = (slice(None),) * axis + (side,)
                    whole_of[piece[face]] = whole[face]
        whole_of[0] = 0
        outer = np.flatnonzero(whole_of)
        return outer, whole_of[outer]


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Pieces of a remnant, others left aside."""

    voxels: Index
    """Flat indices of the whole array, ascending."""
    piece: Labels
    """Which piece each is of."""

    @classmethod
    def of(cls, remnant: BoolArray, piece: Labels, *, aside: Index) -> _Pieces:
        """The voxels of ``remnant`` that are of no ``piece`` left ``aside``; ``remnant`` is changed."""
        for one in aside.tolist():
            remnant &= piece != one
        voxels = np.flatnonzero(remnant)
        return cls(voxels, piece.ravel()[voxels])

    def at(self, box: Box, shape: tuple[int, ...]) -> _Pieces:
        """These, found in the block at ``box`` of an array of ``shape``."""
        start, size = [s.start for s in box], [s.stop - s.start for s in box]
        kji = [a + n for a, n in zip(np.unravel_index(self.voxels, size), start, strict=True)]
        return _Pieces(np.ravel_multi_index(tuple(kji), shape), self.piece)


NO_PIECES = _Pieces(NONE, NONE)


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
    return Anchors(np.flatnonzero(functional & ~inner), None)


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
    return Anchors(voxels, touched)
