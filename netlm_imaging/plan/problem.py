"""The planning problem as counts of voxels, and the exact figures of any choice of candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.atoms import Atoms, make_atoms
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.workspace import Voxels, Workspace

SEGMENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Candidates, the elements that they remove, and the atoms of these.

    Elements 0 .. n-1 are the candidates' own regions (empty for anatomical ones), element n + g is
    the segment with label g + 1.
    """

    candidates: tuple[Candidate, ...]
    lesions: tuple[int, ...]
    """Ids, ascending: the order of every array of lesions."""
    lesion_voxels: npt.NDArray[np.int64]
    needed_voxels: npt.NDArray[np.int64]
    """As many of each lesion must be treated for it to count as cleared."""
    functional_voxels: int
    atoms: Atoms

    @property
    def total_voxels(self) -> int:
        """All tumor."""
        return int(self.lesion_voxels.sum())

    def elements_of(self, candidate: int) -> tuple[int, ...]:
        """What doing ``candidate`` removes."""
        segments = self.candidates[candidate].segments
        if not segments:
            return (candidate,)
        return tuple(len(self.candidates) + label - 1 for label in sorted(segments))

    def covered(self, chosen: Iterable[int]) -> npt.NDArray[np.bool_]:
        """The atoms that ``chosen`` candidates remove together."""
        removed = {element for c in chosen for element in self.elements_of(c)}
        return np.array([not removed.isdisjoint(cover) for cover in self.atoms.covers], dtype=bool)

    def lost_voxels(self, chosen: Iterable[int]) -> int:
        """Functional liver that ``chosen`` candidates remove together."""
        return int(self.atoms.functional[self.covered(chosen)].sum())

    def treated_voxels(self, chosen: Iterable[int]) -> npt.NDArray[np.int64]:
        """Voxels of each lesion that ``chosen`` candidates remove together."""
        return np.asarray(self.atoms.tumor[:, self.covered(chosen)].sum(axis=1), dtype=np.int64)

    def cleared(self, chosen: Iterable[int]) -> npt.NDArray[np.bool_]:
        """Which lesions ``chosen`` candidates clear together."""
        return np.asarray(self.treated_voxels(chosen) >= self.needed_voxels)


def needed_voxels(voxels: int, cleared_fraction: float) -> int:
    """The least whole number that is at least ``cleared_fraction`` of ``voxels``, without rounding error."""
    return ceil(Fraction(str(cleared_fraction)) * voxels)


def make_problem(space: Workspace, candidates: Sequence[Candidate], *, cleared_fraction: float) -> Problem:
    """Group the voxels of all candidates into atoms."""
    ids = tuple(space.lesions)
    sizes = np.array([space.lesions[n].voxels for n in ids], dtype=np.int64)
    elements = [c.voxels for c in candidates] + _segment_voxels(space)
    atoms = make_atoms(
        elements,
        functional=space.functional.ravel(),
        lesions=[space.voxels(space.lesions[n].mask, space.lesions[n].box) for n in ids],
    )
    return Problem(
        candidates=tuple(candidates),
        lesions=ids,
        lesion_voxels=sizes,
        needed_voxels=np.array([needed_voxels(int(n), cleared_fraction) for n in sizes], dtype=np.int64),
        functional_voxels=int(np.count_nonzero(space.functional)),
        atoms=atoms,
    )


def _segment_voxels(space: Workspace) -> list[Voxels]:
    if space.segments is None:
        return [np.empty(0, dtype=np.int64)] * SEGMENTS
    flat = space.segments.ravel()
    order = np.argsort(flat, kind="stable")
    bounds = np.searchsorted(flat, np.arange(1, SEGMENTS + 2), sorter=order)
    return [order[a:b] for a, b in pairwise(bounds)]
