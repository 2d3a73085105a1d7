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
BLOCK = 5000
"""So many atoms are looked at together: what is needed on the way takes far more memory than the rows."""
ALONE = 100
"""So many of the largest shared atoms are groups of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class LossRows:
    """The atoms that several elements cover, in groups, with one column for all that is lost of each."""

    terms: sparse.csr_array
    """Rows: the terms, those of one atom side by side. Columns: those of the program."""
    term_starts: npt.NDArray[np.int64]
    """The first term of each atom; the atoms of one group lie side by side."""
    voxels: npt.NDArray[np.int64]
    """Of each atom."""
    atom_starts: npt.NDArray[np.int64]
    """The first atom of each group."""
    columns: npt.NDArray[np.int64]
    """Of each group: what is lost of it."""

    def lost(self, values: FloatArray) -> FloatArray:
        """Voxels lost of each group at ``values`` of the columns."""
        return self._by_group(self._by_atom(self.terms @ values))

    def rows(self, values: FloatArray, *, whole: bool, hint: FloatArray) -> list[Row]:
        """For every group of which ``values`` understate the loss, rows of which they break at least one.

        Between equal terms ``hint`` decides: whole numbers have many tangents, and one that is also near
        to the loss at the last solution with fractions bounds it best.
        """
        reached = self.terms @ values
        most = self._by_atom(reached)
        lost = self._by_group(most)
        slack = 1e-6 if whole else np.maximum(SLACK_VOXELS, SLACK_SHARE * lost)
        broken = np.flatnonzero(lost > values[self.columns] + slack)
        if not broken.size:
            return []
        largest = self._largest(reached, most, self.terms @ hint)
        bounds = np.append(self.atom_starts, self.voxels.size)
        return [row for g in broken.tolist() for row in self._rows(g, slice(*bounds[g : g + 2]), largest)]

    def _rows(self, group: int, atoms: slice, largest: npt.NDArray[np.int64]) -> list[Row]:
        """The tangent of a group; for one that is a single atom, all of its terms."""
        voxels = self.voxels[atoms].astype(np.float64)
        if voxels.size > 1:
            return [self._row(group, self.terms[largest[atoms]].T @ voxels)]
        bounds = np.append(self.term_starts, self.terms.shape[0])
        terms = self.terms[bounds[atoms.start] : bounds[atoms.start + 1]]
        return [self._row(group, weights) for weights in (terms * voxels[0]).toarray()]

    def _row(self, group: int, weights: FloatArray) -> Row:
        used = np.flatnonzero(weights)
        entries = dict(zip(used.tolist(), weights[used].tolist(), strict=True))
        return Row({**entries, int(self.columns[group]): -1.0}, 0.0)

    def _largest(self, reached: FloatArray, most: FloatArray, hinted: FloatArray) -> npt.NDArray[np.int64]:
        """The first of the largest terms of each atom, by ``reached`` and then by ``hinted``."""
        sizes = np.diff(self.term_starts, append=reached.size)
        tied = np.where(reached >= np.repeat(most, sizes), hinted, -np.inf)
        best = tied >= np.repeat(self._by_atom(tied), sizes)
        return np.minimum.reduceat(np.where(best, np.arange(best.size), best.size), self.term_starts)

    def _by_atom(self, terms: FloatArray) -> FloatArray:
        return np.maximum.reduceat(terms, self.term_starts) if terms.size else terms

    def _by_group(self, atoms: FloatArray) -> FloatArray:
        return np.add.reduceat(atoms * self.voxels, self.atom_starts) if atoms.size else atoms


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
    width = first_column + starts.size
    terms, term_starts = _terms(holds[atoms], covers=covers, cleared=cleared, width=width)
    return LossRows(
        terms=terms,
        term_starts=term_starts,
        voxels=voxels[atoms],
        atom_starts=starts,
        columns=first_column + np.arange(starts.size),
    )


def _terms(
    holds: sparse.csr_array, *, covers: sparse.csr_array, cleared: npt.NDArray[np.int64], width: int
) -> tuple[sparse.csr_array, npt.NDArray[np.int64]]:
    """All terms of the atoms ``holds``, and the first of each atom."""
    by_element = sparse.csr_array(
        (holds.data, holds.indices, np.arange(holds.nnz + 1)), shape=(holds.nnz, width)
    )
    parts = [
        (first, _terms_of_lesions(holds[first : first + BLOCK], covers=covers, cleared=cleared, width=width))
        for first in range(0, max(holds.shape[0], 1), BLOCK)
    ]
    atom = np.concatenate([first + atoms for first, (atoms, _) in parts])
    by_lesion = sparse.csr_array(sparse.vstack([terms for _, (_, terms) in parts], format="csr"))
    owner = np.concatenate([np.repeat(np.arange(holds.shape[0]), np.diff(holds.indptr)), atom])
    order = np.argsort(owner, kind="stable")
    terms = sparse.csr_array(sparse.vstack([by_element, by_lesion], format="csr"))[order]
    return terms, np.searchsorted(owner[order], np.arange(holds.shape[0]))


def _terms_of_lesions(
    holds: sparse.csr_array, *, covers: sparse.csr_array, cleared: npt.NDArray[np.int64], width: int
) -> tuple[npt.NDArray[np.int64], sparse.csr_array]:
    """The atom of each term that a lesion makes, and the terms.

    With fewer than two elements of its cover on an atom, it says no more than the rows of the cover.
    """
    both = sparse.coo_array(holds @ covers)
    atom, lesion = (n[both.data > 1.5] for n in both.coords)
    needed = sparse.csr_array(covers.T)[lesion]
    spared = sparse.coo_array(needed - needed.multiply(holds[atom]))
    used = spared.data > 0.5
    rows = np.arange(atom.size)
    terms = sparse.csr_array(
        (
            np.concatenate([np.ones(atom.size), -np.ones(np.count_nonzero(used))]),
            (
                np.concatenate([rows, spared.coords[0][used]]),
                np.concatenate([cleared[lesion], spared.coords[1][used]]),
            ),
        ),
        shape=(atom.size, width),
    )
    return atom, terms
