"""Rows that let a lesion count as cleared only where enough of it is covered, found where they are needed.

Whatever atoms of a lesion together hold more than may be missed of it: one of the elements that cover
them must be removed, or the lesion is not cleared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.rows import Row

SLACK = 1e-4
"""Of a lesion that a row must be broken by."""
MOST_ROWS = 3
"""Of single atoms, for one lesion at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class LesionAtoms:
    """The atoms of one lesion and the column that says whether it is cleared."""

    column: int
    holds: sparse.csr_array
    """Which elements (columns) cover each atom (rows)."""
    voxels: npt.NDArray[np.int64]
    missable: int
    """Voxels of these atoms that may stay; below 0 the lesion cannot be cleared."""

    def rows(self, values: FloatArray) -> Iterator[Row]:
        """The rows that ``values`` of all columns break."""
        cleared = float(values[self.column])
        if self.missable < 0 or cleared < SLACK:
            return
        covered = self.holds @ values[: self.holds.shape[1]]
        order = np.argsort(covered, kind="stable")
        single = order[(self.voxels[order] > self.missable) & (covered[order] < cleared - SLACK)]
        if single.size:
            covers = {tuple(self._elements(np.array([atom]))) for atom in single[:MOST_ROWS]}
            yield from (self._row(cover) for cover in sorted(covers))
            return
        enough = int(np.searchsorted(np.cumsum(self.voxels[order]), self.missable, side="right"))
        if enough == order.size:
            return
        atoms = self._fewest(order[: enough + 1])
        cover = tuple(self._elements(atoms))
        if values[list(cover)].sum() < cleared - SLACK:
            yield self._row(cover)

    def cover(self) -> list[int]:
        """Elements of which one must be removed for the lesion to be cleared: a set that is small."""
        if self.missable < 0 or not self.voxels.size:
            return []
        width = np.diff(self.holds.indptr)
        single = np.flatnonzero(self.voxels > self.missable)
        if single.size:
            return self._elements(single[[np.argmin(width[single])]])
        order = np.argsort(width, kind="stable")
        enough = int(np.searchsorted(np.cumsum(self.voxels[order]), self.missable, side="right"))
        return [] if enough == order.size else self._elements(self._fewest(order[: enough + 1]))

    def _fewest(self, atoms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """``atoms`` without those that are not needed to hold more than may be missed, most covered first."""
        spare = int(self.voxels[atoms].sum()) - self.missable - 1
        kept = []
        for atom in atoms[::-1]:
            if self.voxels[atom] <= spare:
                spare -= int(self.voxels[atom])
            else:
                kept.append(atom)
        return np.array(kept, dtype=np.int64)

    def _elements(self, atoms: npt.NDArray[np.int64]) -> list[int]:
        starts, indices = self.holds.indptr, self.holds.indices
        covers = [indices[starts[atom] : starts[atom + 1]] for atom in atoms.tolist()]
        return [int(element) for element in np.unique(np.concatenate(covers))]

    def _row(self, cover: tuple[int, ...]) -> Row:
        return Row({self.column: 1.0, **dict.fromkeys(cover, -1.0)}, 0.0)


def lesion_atoms(
    holds: sparse.csr_array,
    tumor: sparse.csr_array,
    *,
    rest: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    first_column: int,
) -> tuple[LesionAtoms, ...]:
    """For each lesion (rows of ``tumor``) its atoms. ``rest``: voxels of it that may stay, of ``sizes``.

    What no element covers stays in any case.
    """
    return tuple(
        LesionAtoms(
            column=first_column + number,
            holds=holds[tumor.indices[part]],
            voxels=tumor.data[part],
            missable=int(rest[number] - (sizes[number] - tumor.data[part].sum())),
        )
        for number in range(tumor.shape[0])
        for part in [slice(*tumor.indptr[number : number + 2])]
    )


def covers_of(lesions: Sequence[LesionAtoms], *, elements: int) -> sparse.csr_array:
    """Entry [e, l] is 1 where element e is in the cover of lesion l."""
    covers = [lesion.cover() for lesion in lesions]
    columns = np.repeat(np.arange(len(covers)), [len(cover) for cover in covers])
    rows = np.array([element for cover in covers for element in cover], dtype=np.int64)
    return sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(elements, len(covers)))
