"""Which liver a resection deprives of its inflow: territories by nearest branch (docs/how-it-works.md).

Every functional voxel belongs to the piece of a branch (``branches.py``) that lies nearest in a
straight line. A piece is cut where at least half of it is removed; it and all pieces that no longer
hang together with a root are dead, and so is the liver that belongs to them.

An anatomical resection ligates the pedicles of what it removes and dissects free what runs through to
the liver that stays: it spares vessels of ``major_vessel_mm`` and more, and branches that lead mostly
to other liver.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import csgraph

from netlm_imaging.geometry import Grid
from netlm_imaging.plan.branches import Branches, Index, branches
from netlm_imaging.plan.dominators import immediate_dominators
from netlm_imaging.plan.vessels import wide_parts
from netlm_imaging.volume import BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Inflow:
    """The vessel tree of a liver and the territories of its pieces."""

    branches: Branches
    wide: BoolArray
    """Pieces that are at least half as wide as a major vessel."""
    place: npt.NDArray[np.int32]
    """[k, j, i]: the piece of each vessel voxel, -1 elsewhere."""
    territory: npt.NDArray[np.int32]
    """[k, j, i]: the piece that each functional voxel belongs to, -1 elsewhere."""
    sizes: Index
    """Vessel voxels of each piece."""
    order: Index
    """Pieces, each after those that all its inflow runs through."""
    through: Index
    """Of each piece the nearest one that all its inflow runs through; -1 for roots and where ways part."""
    members: Index
    """Flat indices of the functional voxels by piece: entries ``bounds[p]`` to ``bounds[p + 1]``."""
    bounds: Index
    behind: Index
    """Functional voxels of each piece and of all whose inflow runs through it."""

    def dead(self, cut: Index, whole: Index) -> BoolArray:
        """Pieces without inflow once ``cut`` and the segments ``whole`` (flat indices) are removed."""
        interrupted = 2 * self._held(cut) >= self.sizes
        if whole.size:
            both = 2 * self._held(cut, whole) >= self.sizes
            interrupted |= both & ~self.wide & self._leads_to(whole)
        if not interrupted.any():
            return interrupted
        return interrupted | ~self._reached(~interrupted)

    def deprived(self, dead: BoolArray) -> Index:
        """The functional voxels that belong to ``dead`` pieces, by piece."""
        pieces = np.flatnonzero(dead)
        if not pieces.size:
            return np.empty(0, dtype=np.int64)
        parts = [self.members[self.bounds[p] : self.bounds[p + 1]] for p in pieces]
        return np.concatenate(parts)

    def _held(self, *parts: Index) -> Index:
        """Vessel voxels of each piece that lie in any of ``parts``."""
        place = self.place.ravel()
        vessels = np.unique(np.concatenate([part[place[part] >= 0] for part in parts]))
        return np.bincount(place[vessels], minlength=self.sizes.size)

    def _leads_to(self, whole: Index) -> BoolArray:
        """Pieces of whose own territory and that of all behind them at least half lies in ``whole``."""
        pieces = self.territory.ravel()[whole]
        inside = np.bincount(pieces[pieces >= 0], minlength=self.sizes.size)
        return 2 * _with_behind(inside, self.order, self.through) >= self.behind

    def _reached(self, open_: BoolArray) -> BoolArray:
        """Open pieces that hang together with an open root."""
        inner = np.flatnonzero(open_)
        _, group = csgraph.connected_components(self.branches.links[inner][:, inner], directed=False)
        fed = np.isin(group, group[np.isin(inner, self.branches.roots)])
        reached = np.zeros(open_.size, dtype=bool)
        reached[inner[fed]] = True
        return reached


def inflow(
    vessels: BoolArray, functional: BoolArray, grid: Grid, *, wide_mm: float, one_stem: bool
) -> Inflow | None:
    """The tree of ``vessels`` and the territories of ``functional`` (both [k, j, i]); None without a tree.

    ``one_stem``: the mask is of portal veins alone, else it may hold hepatic veins too.
    """
    tree = branches(vessels, grid, wide_mm=wide_mm, one_stem=one_stem)
    if tree is None:
        return None
    sizes = np.bincount(tree.piece, minlength=tree.count)
    wide = wide_parts(vessels, grid, width_mm=wide_mm).ravel()[tree.voxels]
    place = np.full(vessels.shape, -1, dtype=np.int32)
    place.ravel()[tree.voxels] = tree.piece
    territory = np.where(functional, _nearest(place, grid), np.int32(-1))
    flat = territory.ravel()
    inside = np.flatnonzero(flat >= 0)
    members = inside[np.argsort(flat[inside], kind="stable")]
    own = np.bincount(flat[inside], minlength=tree.count)
    order, through = immediate_dominators(tree.links, tree.roots)
    return Inflow(
        branches=tree,
        wide=2 * np.bincount(tree.piece, weights=wide, minlength=tree.count) >= sizes,
        place=place,
        territory=territory,
        sizes=sizes,
        order=order,
        through=through,
        members=members,
        bounds=np.concatenate([[0], np.cumsum(own)]),
        behind=_with_behind(own, order, through),
    )


def _with_behind(counts: Index, order: Index, through: Index) -> Index:
    """The sums of ``counts`` over each piece and all whose inflow runs through it."""
    total = counts.tolist()
    for piece in order[::-1].tolist():
        before = int(through[piece])
        if before >= 0:
            total[before] += total[piece]
    return np.asarray(total, dtype=np.int64)


def _nearest(place: npt.NDArray[np.int32], grid: Grid) -> npt.NDArray[np.int32]:
    """The piece of the vessel voxel nearest to each voxel."""
    nearest = ndimage.distance_transform_edt(
        place < 0, sampling=grid.spacing_kji_mm, return_distances=False, return_indices=True
    )
    return np.asarray(place[tuple(nearest)])
