"""A plan in the making: what it loses and treats, kept up to date while candidates come and go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.regions import Left


class Draft:
    """A plan in the making. Every count is exact, joint losses that the problem knows included."""

    def __init__(self, problem: Problem, chosen: Iterable[int] = ()) -> None:
        self._problem, self._regions = problem, problem.regions
        self._times = np.zeros(len(problem.atoms.covers), dtype=np.int32)
        self.chosen: set[int] = set()
        self.lost_voxels = 0
        self.treated = np.zeros(len(problem.lesions))
        """Voxels of each lesion."""
        self._left: Left | None = None
        for candidate in sorted(chosen):
            self.add(candidate)

    def copy(self) -> Draft:
        """One that goes its own way."""
        other = Draft(self._problem)
        other._times, other.treated = self._times.copy(), self.treated.copy()
        other.chosen, other.lost_voxels = set(self.chosen), self.lost_voxels
        other._left = None if self._left is None else self._left.copy()
        return other

    @property
    def cleared(self) -> npt.NDArray[np.bool_]:
        """Which lesions."""
        return np.asarray(self.treated >= self._problem.needed_voxels)

    def lost_with(self, candidate: int) -> int:
        """Voxels lost were ``candidate``, which is not done yet, done too."""
        parts = [self._regions.own(candidate), *self._regions.joint(candidate, self.chosen)]
        atoms = parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))
        more = self._regions.functional[atoms[self._times[atoms] == 0]].sum()
        return self.lost_voxels + int(more)

    def add(self, candidate: int) -> None:
        """Do ``candidate``, which is not done yet."""
        for atoms in (self._regions.own(candidate), *self._regions.joint(candidate, self.chosen)):
            self._count(atoms[self._times[atoms] == 0], 1)
            self._times[atoms] += 1
        self.chosen.add(candidate)

    def drop(self, candidate: int) -> None:
        """Do ``candidate`` no more."""
        self.chosen.remove(candidate)
        for atoms in (self._regions.own(candidate), *self._regions.joint(candidate, self.chosen)):
            self._times[atoms] -= 1
            self._count(atoms[self._times[atoms] == 0], -1)

    def _count(self, atoms: npt.NDArray[np.int64], sign: int) -> None:
        self.lost_voxels += sign * int(self._regions.functional[atoms].sum())
        self.treated += sign * self._regions.treated(atoms)
        if self._left is not None:
            self._regions.count(self._left, atoms, -sign)

    def left(self, lesions: npt.NDArray[np.int64]) -> Left:
        """What each candidate would lose and treat more, for these places of ``lesions``; no joint losses."""
        if self._left is None:
            self._left = self._regions.none()
            self._regions.count(self._left, np.flatnonzero(self._times == 0), 1)
        return Left(loses=self._left.loses.copy(), treats=self._left.treats[lesions])

    def only(self, candidates: Sequence[int]) -> Left:
        """What each of ``candidates``, all done, loses and treats that nothing else does; no joint losses."""
        atoms, by = self._regions.owned(candidates)
        once = self._times[atoms] == 1
        atoms, by = atoms[once], by[once]
        return Left(
            loses=self._regions.functional_by(atoms, by, parts=len(candidates)),
            treats=self._regions.treated_by(atoms, by, parts=len(candidates)),
        )
