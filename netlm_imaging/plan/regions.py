"""The atoms that each candidate removes, ready to be counted many times."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.atoms import Atoms

MANY_SHARE = 0.1
"""Of all atoms: counting so many one by one takes longer than going through all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Left:
    """What some candidates would lose and treat beside a draft, or what they alone do in it."""

    loses: FloatArray
    treats: FloatArray
    """Voxels of lesions (rows) by candidates (columns)."""

    def copy(self) -> Left:
        """One that goes its own way."""
        return Left(loses=self.loses.copy(), treats=self.treats.copy())


class Regions:
    """The atoms that each candidate removes or deprives of its inflow."""

    def __init__(
        self,
        elements_of: Sequence[Sequence[int]],
        *,
        holds: sparse.csr_array,
        atoms: Atoms,
        joint: Sequence[Collection[int]],
    ) -> None:
        """``elements_of`` each candidate: no two with a voxel in common.

        ``holds``: which elements (columns) cover each atom (rows), the last ones those of the ``joint``
        losses, here by their candidates.
        """
        pairs = [(e, c) for c, elements in enumerate(elements_of) for e in elements]
        rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        shape = (holds.shape[1], len(elements_of))
        elements = sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=shape)
        self._by_candidate = sparse.csc_array(holds @ elements)
        self._by_joint = sparse.csc_array(holds[:, holds.shape[1] - len(joint) :])
        self._joint = [frozenset(candidates) for candidates in joint]
        self.functional = atoms.functional.astype(np.float64)
        self._by_atom = sparse.csr_array(self._by_candidate)
        self._tumor = sparse.csr_array(atoms.tumor.T.astype(np.float64))
        self._with_tumor = np.diff(self._tumor.indptr) > 0
        self._joint_of: dict[int, list[int]] = {}
        for number, candidates in enumerate(self._joint):
            for candidate in candidates:
                self._joint_of.setdefault(candidate, []).append(number)

    def own(self, candidate: int) -> npt.NDArray[np.int64]:
        """The atoms that ``candidate`` alone removes or deprives, each once."""
        return _column(self._by_candidate, candidate)

    def owned(self, candidates: Sequence[int]) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
        """``own`` of all ``candidates`` in a row, and beside each atom the place of its candidate."""
        held, sizes = _entries(self._by_candidate, np.asarray(candidates, dtype=np.int64))
        return self._by_candidate.indices[held], np.repeat(np.arange(len(candidates)), sizes)

    def joint(self, candidate: int, others: Collection[int]) -> Iterator[npt.NDArray[np.int64]]:
        """The atoms of each joint loss that ``candidate`` completes beside ``others``."""
        for number in self._joint_of.get(candidate, ()):
            if self._joint[number] <= {candidate, *others}:
                yield _column(self._by_joint, number)

    def treated(self, atoms: npt.NDArray[np.int64]) -> FloatArray:
        """Voxels of each lesion in ``atoms``."""
        return self.treated_by(atoms, np.zeros(atoms.size, dtype=np.int64), parts=1)[:, 0]

    def treated_by(
        self, atoms: npt.NDArray[np.integer], by: npt.NDArray[np.integer], *, parts: int
    ) -> FloatArray:
        """The same for each of so many ``parts``; ``by``: that of each atom. Shape (lesions, parts)."""
        tumor = self._with_tumor[atoms]
        held, sizes = _entries(self._tumor, atoms[tumor])
        at = self._tumor.indices[held] * parts + np.repeat(by[tumor], sizes)
        size = (self._tumor.shape[1], parts)
        voxels = np.bincount(at, weights=self._tumor.data[held], minlength=size[0] * size[1])
        return np.asarray(voxels, dtype=np.float64).reshape(size)

    def functional_by(
        self, atoms: npt.NDArray[np.integer], by: npt.NDArray[np.integer], *, parts: int
    ) -> FloatArray:
        """Functional voxels in ``atoms``, likewise. Shape (parts,)."""
        return np.asarray(np.bincount(by, weights=self.functional[atoms], minlength=parts), dtype=np.float64)

    def none(self) -> Left:
        """Nothing is left."""
        lesions, candidates = self._tumor.shape[1], self._by_atom.shape[1]
        return Left(loses=np.zeros(candidates), treats=np.zeros((lesions, candidates)))

    def count(self, left: Left, atoms: npt.NDArray[np.int64], sign: int) -> None:
        """Add ``atoms`` to what candidates have ``left``, or with ``sign`` -1 take them away, in place."""
        left.loses[:] += sign * self._functional_in(atoms)
        atoms = atoms[self._with_tumor[atoms]]
        parts, sizes = _entries(self._tumor, atoms)
        held, sizes = _entries(self._by_atom, np.repeat(atoms, sizes))
        lesions = np.repeat(self._tumor.indices[parts], sizes)
        voxels = np.repeat(sign * self._tumor.data[parts], sizes)
        np.add.at(left.treats, (lesions, self._by_atom.indices[held]), voxels)

    def _functional_in(self, atoms: npt.NDArray[np.int64]) -> FloatArray:
        """Functional voxels that each candidate has in ``atoms``."""
        if atoms.size > MANY_SHARE * self.functional.size:
            voxels = np.zeros(self.functional.size)
            voxels[atoms] = self.functional[atoms]
            return np.asarray(self._by_candidate.T @ voxels)
        held, sizes = _entries(self._by_atom, atoms)
        candidates, voxels = self._by_atom.indices[held], np.repeat(self.functional[atoms], sizes)
        found = np.bincount(candidates, weights=voxels, minlength=self._by_atom.shape[1])
        return np.asarray(found, dtype=np.float64)


def _entries(
    matrix: sparse.csr_array, rows: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the entries of ``rows`` stand, row by row, and how many each of them has."""
    starts = matrix.indptr[rows].astype(np.int64)
    sizes = matrix.indptr[rows + 1] - starts
    ends = np.cumsum(sizes)
    return np.arange(sizes.sum()) + np.repeat(starts - ends + sizes, sizes), sizes


def _column(matrix: sparse.csc_array, number: int) -> npt.NDArray[np.int64]:
    return np.asarray(matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]], dtype=np.int64)
