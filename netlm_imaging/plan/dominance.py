"""Candidates that can never help: another one takes at least their tumor and at most their liver."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Dominance:
    """Which candidates may take the place of which in every plan, whatever the remnant must be."""

    better: npt.NDArray[np.bool_]
    """Entry [a, b]: a covers a superset of the tumor voxels of b and a subset of its functional ones."""

    def dominated(self, *, barred: Collection[int] = (), wanted: Collection[int] = ()) -> frozenset[int]:
        """The candidates that are not needed for an optimum; of equal ones the first is needed.

        ``barred`` ones take nobody's place, and ``wanted`` ones keep theirs.
        """
        count = len(self.better)
        first = np.arange(count)[:, None] < np.arange(count)[None, :]
        worse = self.better & (~self.better.T | first)
        worse[list(barred)] = False
        return frozenset(np.flatnonzero(worse.any(axis=0)).tolist()) - frozenset(wanted)


def dominance(problem: Problem, limits: Limits) -> Dominance:
    """Compare all candidates of ``problem``.

    To take another's place, a candidate must count towards the same limit, or be an ablation where no
    limit is set for these, and be no more interventions. A resection takes no ablation's place: it cuts
    vessels, and may so lose more together with others. Anatomical resections are all kept.
    """
    count = len(problem.candidates)
    holds = problem.holds[:, :count].astype(np.int32)
    functional = _shared(holds[problem.atoms.functional > 0])
    tumor = _shared(holds[problem.atoms.tumor.sum(axis=0) > 0])
    better = (functional == functional.diagonal()[:, None]) & (tumor == tumor.diagonal()[None, :])
    better &= _may_replace(problem, limits)
    np.fill_diagonal(better, False)
    return Dominance(better)


def _shared(holds: sparse.csr_array) -> npt.NDArray[np.int32]:
    """How many atoms (rows of ``holds``) each two candidates have in common."""
    return np.asarray((holds.T @ holds).toarray())


def _may_replace(problem: Problem, limits: Limits) -> npt.NDArray[np.bool_]:
    """Entry [a, b]: a counts towards no limit more than b does. Never for anatomical ones."""
    ablation = np.array([c.kind == "ablation" for c in problem.candidates], dtype=bool)
    local = np.array([not c.segments for c in problem.candidates], dtype=bool)
    free = ablation & (limits.ablations is None)
    each = np.array([c.interventions for c in problem.candidates], dtype=np.int64)
    same = ablation[:, None] == ablation[None, :]
    no_more = each[:, None] <= each[None, :]
    return np.asarray((same | free[:, None]) & no_more & local[:, None] & local[None, :])
