"""The atoms that each candidate removes, ready to be counted many times."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.atoms import Atoms


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Left:
    """What some candidates would lose and treat beside a draft, or what they alone do in it."""

    loses: FloatArray
    treats: FloatArray
    """Voxels of lesions (rows) by candidates (columns)."""


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
        self._with_tumor = np.flatnonzero(atoms.tumor.any(axis=0))
        self._place = np.full(self.functional.size, -1)
        self._place[self._with_tumor] = np.arange(self._with_tumor.size)
        self._tumor = np.ascontiguousarray(atoms.tumor[:, self._with_tumor].T, dtype=np.float64)
        self._lesion_parts = sparse.csr_array(self._tumor.T)
        self._tumor_by_candidate = self._by_candidate[self._with_tumor].tocsr()
        self._joint_of: dict[int, list[int]] = {}
        for number, candidates in enumerate(self._joint):
            for candidate in candidates:
                self._joint_of.setdefault(candidate, []).append(number)

    def own(self, candidate: int) -> npt.NDArray[np.int64]:
        """The atoms that ``candidate`` alone removes or deprives, each once."""
        return _column(self._by_candidate, candidate)

    def joint(self, candidate: int, others: Collection[int]) -> Iterator[npt.NDArray[np.int64]]:
        """The atoms of each joint loss that ``candidate`` completes beside ``others``."""
        for number in self._joint_of.get(candidate, ()):
            if self._joint[number] <= {candidate, *others}:
                yield _column(self._by_joint, number)

    def treated(self, atoms: npt.NDArray[np.int64]) -> FloatArray:
        """Voxels of each lesion in ``atoms``."""
        places = self._place[atoms]
        return np.asarray(self._tumor[places[places >= 0]].sum(axis=0))

    def left(self, open_atoms: npt.NDArray[np.bool_], lesions: npt.NDArray[np.int64]) -> Left:
        """What each candidate would lose and treat of ``open_atoms``, for these places of ``lesions``."""
        parts = self._lesion_parts[lesions].multiply(open_atoms[self._with_tumor]).tocsr()
        return Left(
            loses=self._by_candidate.T @ (self.functional * open_atoms),
            treats=(parts @ self._tumor_by_candidate).toarray(),
        )


def _column(matrix: sparse.csc_array, number: int) -> npt.NDArray[np.int64]:
    return np.asarray(matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]], dtype=np.int64)
