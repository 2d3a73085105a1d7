"""The planning problem as counts of voxels, and the exact figures of any choice of candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.plan.atoms import Atoms, make_atoms
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.losses import Joint
from netlm_imaging.plan.regions import Regions
from netlm_imaging.plan.relaxation import SEGMENTS, Learned, Relaxation
from netlm_imaging.plan.workspace import Workspace


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Candidates, the elements that they remove, and the atoms of these.

    Elements 0 .. n-1 are the candidates' own regions (none for anatomical ones) with the liver that
    each devascularizes, element n + g is the segment with label g + 1, and element n + 8 + j is the
    joint loss j, which occurs when all of its candidates are done.
    """

    candidates: tuple[Candidate, ...]
    lesions: tuple[int, ...]
    """Ids, ascending: the order of every array of lesions."""
    lesion_voxels: npt.NDArray[np.int64]
    needed_voxels: npt.NDArray[np.int64]
    """As many of each lesion must be treated for it to count as cleared."""
    functional_voxels: int
    atoms: Atoms
    joint: tuple[Joint, ...] = ()
    learned: Learned | None = None
    """Of the same problem with fewer elements."""

    @property
    def total_voxels(self) -> int:
        """All tumor."""
        return int(self.lesion_voxels.sum())

    def elements_of(self, candidate: int) -> tuple[int, ...]:
        """What doing ``candidate`` removes or deprives of its inflow, joint losses left aside."""
        segments = self.candidates[candidate].segments
        return (candidate, *(len(self.candidates) + label - 1 for label in sorted(segments)))

    def removed(self, chosen: Iterable[int]) -> tuple[int, ...]:
        """The elements that ``chosen`` candidates remove, or deprive of their inflow, together."""
        done = frozenset(chosen)
        own = {element for c in done for element in self.elements_of(c)}
        first = len(self.candidates) + SEGMENTS
        own.update(first + n for n, joint in enumerate(self.joint) if joint.candidates <= done)
        return tuple(sorted(own))

    def covered(self, chosen: Iterable[int]) -> npt.NDArray[np.bool_]:
        """The atoms that ``chosen`` candidates remove, or deprive of their inflow, together."""
        removed = np.zeros(self.holds.shape[1])
        removed[list(self.removed(chosen))] = 1.0
        return np.asarray(self.holds @ removed > 0.0)

    @cached_property
    def holds(self) -> sparse.csr_array:
        """Entry [a, e] is 1 where element e covers atom a."""
        covers = self.atoms.covers
        starts = np.cumsum([0, *map(len, covers)])
        elements = np.fromiter(chain.from_iterable(covers), dtype=np.int64, count=int(starts[-1]))
        shape = (len(covers), len(self.candidates) + SEGMENTS + len(self.joint))
        return sparse.csr_array((np.ones(elements.size), elements, starts), shape=shape)

    @cached_property
    def regions(self) -> Regions:
        """What plans in the making are counted with."""
        return Regions(
            [self.elements_of(c) for c in range(len(self.candidates))],
            holds=self.holds,
            atoms=self.atoms,
            joint=[loss.candidates for loss in self.joint],
        )

    @cached_property
    def relaxation(self) -> Relaxation:
        """What every solve of this problem starts from; it learns from each."""
        return Relaxation(
            self.candidates,
            holds=self.holds,
            functional=self.atoms.functional,
            tumor=self.atoms.tumor,
            lesion_voxels=self.lesion_voxels,
            needed_voxels=self.needed_voxels,
            joint=[loss.candidates for loss in self.joint],
            learned=self.learned,
        )

    def lost_voxels(self, chosen: Iterable[int]) -> int:
        """Functional liver that ``chosen`` candidates lose together."""
        return int(self.atoms.functional[self.covered(chosen)].sum())

    def treated_voxels(self, chosen: Iterable[int]) -> npt.NDArray[np.int64]:
        """Voxels of each lesion that ``chosen`` candidates remove together."""
        return np.asarray(self.atoms.tumor @ self.covered(chosen), dtype=np.int64)

    def cleared(self, chosen: Iterable[int]) -> npt.NDArray[np.bool_]:
        """Which lesions ``chosen`` candidates clear together."""
        return np.asarray(self.treated_voxels(chosen) >= self.needed_voxels)

    def cleared_voxels(self, chosen: Iterable[int]) -> int:
        """Tumor voxels of the lesions that ``chosen`` candidates clear together."""
        return int(self.lesion_voxels[self.cleared(chosen)].sum())

    def interventions(self, chosen: Iterable[int]) -> int:
        """How many ``chosen`` candidates are; each zone of an ablation is one."""
        return sum(self.candidates[c].interventions for c in chosen)


def needed_voxels(voxels: int, cleared_fraction: float) -> int:
    """The least whole number that is at least ``cleared_fraction`` of ``voxels``, without rounding error."""
    return ceil(Fraction(str(cleared_fraction)) * voxels)


def make_problem(
    space: Workspace,
    candidates: Sequence[Candidate],
    *,
    cleared_fraction: float,
    joint: Sequence[Joint] = (),
) -> Problem:
    """Group the voxels of all candidates and ``joint`` losses (``losses.joint_losses``) into atoms."""
    ids = tuple(space.lesions)
    sizes = np.array([space.lesions[n].voxels for n in ids], dtype=np.int64)
    # Liver that a candidate devascularizes lies outside its region: no voxel is there twice.
    own = [np.concatenate([c.voxels, c.devascularized]) for c in candidates]
    elements = [*own, *space.segment_voxels, *(j.voxels for j in joint)]
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
        joint=tuple(joint),
    )
