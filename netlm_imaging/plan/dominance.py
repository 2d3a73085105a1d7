"""Candidates that can never help: another one takes at least their tumor and at most their liver."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.model import Limits
from netlm_imaging.plan.problem import Problem


def undominated(problem: Problem, limits: Limits) -> tuple[int, ...]:
    """The candidates that are needed for an optimum, whatever the remnant must be.

    A candidate is dropped when another covers a superset of its tumor voxels and a subset of its
    functional ones, and may take its place in every plan: it counts towards the same limit, or towards
    one that is not set, and is no more interventions. Of two equal ones the first is kept. Anatomical
    resections are all kept.
    """
    count = len(problem.candidates)
    holds = np.zeros((count, len(problem.atoms.covers)), dtype=np.float32)
    for atom, cover in enumerate(problem.atoms.covers):
        holds[[element for element in cover if element < count], atom] = 1.0
    functional = holds[:, problem.atoms.functional > 0]
    tumor = holds[:, problem.atoms.tumor.any(axis=0)]
    # Entry [a, b]: no functional atom of a lies outside b, and no tumor atom of b outside a.
    better = ((functional @ (1.0 - functional).T) == 0) & (((1.0 - tumor) @ tumor.T) == 0)
    better &= _may_replace(problem, limits)
    first = np.arange(count)[:, None] < np.arange(count)[None, :]
    dominated = (better & (~better.T | first)).any(axis=0)
    return tuple(np.flatnonzero(~dominated).tolist())


def _may_replace(problem: Problem, limits: Limits) -> npt.NDArray[np.bool_]:
    """Entry [a, b]: a counts towards no limit more than b does. Never for anatomical ones."""
    ablation = np.array([c.kind == "ablation" for c in problem.candidates], dtype=bool)
    local = np.array([not c.segments for c in problem.candidates], dtype=bool)
    free = np.where(ablation, limits.ablations is None, limits.resections is None)
    each = np.array([c.interventions for c in problem.candidates], dtype=np.int64)
    same = ablation[:, None] == ablation[None, :]
    no_more = each[:, None] <= each[None, :]
    return np.asarray((same | free[:, None]) & no_more & local[:, None] & local[None, :])
