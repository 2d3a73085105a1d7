"""What a plan may want to make as small as possible. Every value is a whole number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from netlm_imaging.plan.problem import Problem


@dataclass(frozen=True, slots=True)
class Clear:
    """Clear the most tumor: minus the sum of ``weights`` over the lesions cleared."""

    weights: tuple[int, ...]
    """One for each lesion of the problem."""

    @classmethod
    def all(cls, problem: Problem) -> Clear:
        """Every lesion by its voxels."""
        return cls.only(problem, problem.lesions)

    @classmethod
    def only(cls, problem: Problem, ids: Collection[int]) -> Clear:
        """The lesions ``ids`` by their voxels; the others do not matter."""
        sizes = zip(problem.lesions, problem.lesion_voxels.tolist(), strict=True)
        return cls(tuple(size if lesion in ids else 0 for lesion, size in sizes))

    def value(self, problem: Problem, chosen: Sequence[int]) -> int:
        """The exact value for ``chosen`` candidates."""
        return -sum(w for w, done in zip(self.weights, problem.cleared(chosen), strict=True) if done)


@dataclass(frozen=True, slots=True)
class Spare:
    """Lose the least functional liver and, where asked for, of equal losses do the fewest interventions.

    Both at once takes one proof instead of two.
    """

    most_interventions: int | None = None
    """No plan has more; None: they do not matter."""

    @property
    def price(self) -> int:
        """Of one voxel of liver, in interventions: more than any plan has."""
        return 1 if self.most_interventions is None else self.most_interventions + 1

    def value(self, problem: Problem, chosen: Sequence[int]) -> int:
        """The exact value for ``chosen`` candidates."""
        counted = 0 if self.most_interventions is None else problem.interventions(chosen)
        return self.price * problem.lost_voxels(chosen) + counted


@dataclass(frozen=True, slots=True)
class Few:
    """Do the fewest interventions; each zone of an ablation is one."""

    def value(self, problem: Problem, chosen: Sequence[int]) -> int:
        """The exact value for ``chosen`` candidates."""
        return problem.interventions(chosen)


@dataclass(frozen=True, slots=True)
class Trade:
    """Clear tumor as long as a voxel of it costs less than ``liver / tumor`` voxels of functional liver."""

    liver: int
    tumor: int

    def value(self, problem: Problem, chosen: Sequence[int]) -> int:
        """The exact value for ``chosen`` candidates."""
        return self.tumor * problem.lost_voxels(chosen) - self.liver * problem.cleared_voxels(chosen)


Goal = Clear | Spare | Few | Trade
