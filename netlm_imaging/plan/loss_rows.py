"""Rows that bound the liver lost from below, found where a solution needs them.

Two kinds of terms bound the part of an atom that is lost:

- an element that covers it is removed: ``lost >= e``;
- a lesion is cleared, which takes one of the elements of its cover, and none of those that spare the atom
  is removed: ``lost >= z - (sum of the elements of the cover that do not cover the atom)``.

At whole numbers the first says all. Of fractions the second says far more: where two regions that overlap
are each half done to clear a lesion, what both of them cover is lost in full.

The loss of a group of atoms is a sum of maxima of such terms, a convex function, so its tangent at any
point is a valid row: every atom puts its voxels on its largest term.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.rows import Row

SLACK_SHARE = 1e-4
"""A row is added where the loss is understated by more than this part of it ..."""
SLACK_VOXELS = 0.2
"""... and by more than this; at whole numbers by anything."""
ALONE = 100
"""So many of the largest shared atoms are groups of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class LossRows:
    """The atoms that several elements cover, in groups, with one column for all that is lost of each.

    There are millions of terms, of which few say anything at any point: they are made where they do.
    """

    holds: sparse.csr_array
    """Which elements (columns) cover each atom (rows); the atoms of one group lie side by side."""
    by_element: sparse.csc_array
    """The same."""
    covers: sparse.csr_array
    """Entry [e, l] is 1 where element e is in the cover of lesion l."""
    by_lesion: sparse.csr_array
    """The same, the other way round."""
    cleared: npt.NDArray[np.int64]
    """The columns of the lesions."""
    voxels: npt.NDArray[np.int64]
    """Of each atom."""
    atom_starts: npt.NDArray[np.int64]
    """The first atom of each group."""
    columns: npt.NDArray[np.int64]
    """Of each group: what is lost of it."""

    def lost(self, values: FloatArray) -> FloatArray:
        """Voxels lost of each group at ``values`` of the columns."""
        return self._by_group(_largest(self._terms(values)))

    def rows(self, values: FloatArray, *, whole: bool, hint: FloatArray | None = None) -> list[Row]:
        """For every group of which ``values`` understate the loss, rows of which they break at least one.

        Between equal terms ``hint``, if any, decides: whole numbers have many tangents, and one that is also
        near to the loss at the last solution with fractions bounds it best.
        """
        terms = self._terms(values)
        part = _largest(terms)
        lost = self._by_group(part)
        slack = 1e-6 if whole else np.maximum(SLACK_VOXELS, SLACK_SHARE * lost)
        broken = lost > values[self.columns] + slack
        sizes = np.diff(self.atom_starts, append=self.voxels.size)
        rows = [row for g in np.flatnonzero(broken & (sizes == 1)).tolist() for row in self._all_rows(g)]
        atoms = np.flatnonzero(np.repeat(broken & (sizes > 1), sizes) & (part > 0.0))
        if not atoms.size:
            return rows
        tied = sparse.coo_array(terms[atoms])
        largest = tied.data >= part[atoms[tied.coords[0]]]
        place, column = (n[largest].astype(np.int64) for n in tied.coords)
        hinted = np.zeros(place.size) if hint is None else self._terms(hint)[atoms[place], column]
        order = np.lexsort((column, -hinted, place))
        first = order[np.searchsorted(place[order], np.arange(atoms.size))]
        return [*rows, *self._tangents(atoms, column[first])]

    def _terms(self, values: FloatArray) -> sparse.csr_array:
        """The terms (columns: those of the elements, then of the lesions) of each atom that may be above 0.

        Without those of lesions that are cleared by one element alone: they say no more than the row of the
        cover and the term of that element.
        """
        parts = np.maximum(values[: self.holds.shape[1]], 0.0)
        used = np.flatnonzero(parts)
        each = sparse.csr_array((parts[used], (np.arange(used.size), used)), shape=(used.size, parts.size))
        parted = each @ self.covers
        parted.data *= np.bincount(parted.indices, minlength=self.cleared.size)[parted.indices] > 1
        parted.eliminate_zeros()
        sums = sparse.csr_array(sparse.hstack([each, parted], format="csr"))
        terms = sparse.csr_array(sparse.csr_array(self.by_element[:, used]) @ sums)
        unmet = values[self.cleared] - self.covers.T @ parts
        terms.data += np.concatenate([np.zeros(parts.size), unmet])[terms.indices]
        return terms

    def _tangents(self, atoms: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> list[Row]:
        """One row for each group of ``atoms``: each of them puts its voxels on the term ``column``."""
        elements = self.holds.shape[1]
        groups, group = np.unique(
            np.searchsorted(self.atom_starts, atoms, side="right") - 1, return_inverse=True
        )
        weights = np.zeros((groups.size, int(self.columns[-1]) + 1))
        alone = column < elements
        np.add.at(weights, (group[alone], column[alone]), self.voxels[atoms[alone]])
        atoms, group, lesion = atoms[~alone], group[~alone], column[~alone] - elements
        np.add.at(weights, (group, self.cleared[lesion]), self.voxels[atoms])
        kinds, kind = np.unique(group * self.cleared.size + lesion, return_inverse=True)
        by_kind = sparse.csr_array(
            (self.voxels[atoms].astype(np.float64), (kind, np.arange(atoms.size))),
            shape=(kinds.size, atoms.size),
        )
        cover = self.by_lesion[kinds % self.cleared.size]
        spared = cover * by_kind.sum(axis=1)[:, None] - cover * (by_kind @ self.holds[atoms])
        by_group = sparse.csr_array(
            (np.ones(kinds.size), (kinds // self.cleared.size, np.arange(kinds.size))),
            shape=(groups.size, kinds.size),
        )
        weights[:, :elements] -= (by_group @ spared).toarray()
        weights[np.arange(groups.size), self.columns[groups]] = -1.0
        used = [np.flatnonzero(some) for some in weights]
        return [
            Row(dict(zip(columns.tolist(), some[columns].tolist(), strict=True)), 0.0)
            for columns, some in zip(used, weights, strict=True)
        ]

    def _all_rows(self, group: int) -> list[Row]:
        """All terms of the only atom of a group."""
        atom, column = self.atom_starts[group], int(self.columns[group])
        voxels = float(self.voxels[atom])
        held = _columns(self.holds, atom)
        rows = [Row({int(element): voxels, column: -1.0}, 0.0) for element in held]
        for lesion in np.flatnonzero(np.bincount(self.covers[held].indices) > 1).tolist():
            spared = np.setdiff1d(_columns(self.by_lesion, lesion), held)
            entries = {int(self.cleared[lesion]): voxels, **dict.fromkeys(spared.tolist(), -voxels)}
            rows.append(Row({**entries, column: -1.0}, 0.0))
        return rows

    def _by_group(self, part: FloatArray) -> FloatArray:
        return np.add.reduceat(part * self.voxels, self.atom_starts) if part.size else part


def _columns(matrix: sparse.csr_array, row: int) -> npt.NDArray[np.int32]:
    return np.asarray(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]])


def _largest(terms: sparse.csr_array) -> FloatArray:
    """The part of each atom that is lost."""
    part = np.zeros(terms.shape[0])
    some = np.flatnonzero(np.diff(terms.indptr))
    if some.size:
        part[some] = np.maximum(np.maximum.reduceat(terms.data, terms.indptr[some]), 0.0)
    return part


def loss_groups(
    holds: sparse.csr_array, voxels: npt.NDArray[np.int64], *, keys: Sequence[int]
) -> npt.NDArray[np.int64]:
    """The group of each atom (row of ``holds``), -1 for those that no two elements cover.

    By the key of the first of these; the largest atoms are groups of their own: all their rows are few.
    Small groups of near elements make rows with few entries.
    """
    shared = np.flatnonzero((np.diff(holds.indptr) > 1) & (voxels > 0))
    key = np.asarray(keys, dtype=np.int64)[holds.indices[holds.indptr[shared]]]
    largest = np.argsort(-voxels[shared], kind="stable")[:ALONE]
    key[largest] = key.max(initial=0) + 1 + np.arange(largest.size)
    group = np.full(voxels.size, -1, dtype=np.int64)
    group[shared] = np.unique(key, return_inverse=True)[1]
    return group


def loss_rows(
    holds: sparse.csr_array,
    voxels: npt.NDArray[np.int64],
    *,
    group: npt.NDArray[np.int64],
    covers: sparse.csr_array,
    cleared: npt.NDArray[np.int64],
    first_column: int,
) -> LossRows:
    """``group``: of each atom (row of ``holds``), from 0 on; the loss of each has a column.

    ``covers``: entry [e, l] is 1 where element e is in the cover of lesion l, ``cleared``: the lesions'
    columns.
    """
    shared = np.flatnonzero(group >= 0)
    atoms = shared[np.argsort(group[shared], kind="stable")]
    starts = np.unique(group[atoms], return_index=True)[1]
    return LossRows(
        holds=holds[atoms],
        by_element=sparse.csc_array(holds[atoms]),
        covers=covers,
        by_lesion=sparse.csr_array(covers.T),
        cleared=cleared,
        voxels=voxels[atoms],
        atom_starts=starts,
        columns=first_column + np.arange(starts.size),
    )
