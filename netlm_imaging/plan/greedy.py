"""A good plan in a moment: what stands when the solver runs out of time before it finds a better one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.model import Limits
from netlm_imaging.plan.problem import SEGMENTS, Problem


def greedy(problem: Problem, limits: Limits, goal: Clear) -> tuple[int, ...]:
    """Candidates that keep ``limits``, added one by one while any adds to ``goal``; deterministic.

    Twice: the one that clears most next, and the one that clears most for the liver it costs; the
    better plan of the two. Every step adds a candidate, so it ends.
    """
    weights = np.asarray(goal.weights, dtype=np.float64)
    plans = [_added(problem, limits, weights, thrifty=thrifty) for thrifty in (False, True)]
    return min(plans, key=lambda chosen: goal.value(problem, chosen))


def _added(
    problem: Problem, limits: Limits, weights: npt.NDArray[np.float64], *, thrifty: bool
) -> tuple[int, ...]:
    removes = _removes(problem)
    functional = problem.atoms.functional.astype(np.float64)
    tumor = problem.atoms.tumor.T.astype(np.float64)
    gone = np.zeros(len(problem.atoms.covers), dtype=bool)
    chosen: list[int] = []
    reached = 0.0
    while True:
        allowed = [
            c for c in range(len(removes)) if c not in chosen and _keeps(problem, limits, [*chosen, c])
        ]
        if not allowed:
            return tuple(sorted(chosen))
        after = removes[allowed] | gone
        lost = after @ functional
        gain = (after @ tumor >= problem.needed_voxels) @ weights - reached
        score = gain / (lost - functional[gone].sum() + 1.0) if thrifty else gain
        score[lost > limits.budget_voxels] = 0.0
        best = int(np.argmax(score))
        if score[best] <= 0.0:
            return tuple(sorted(chosen))
        chosen.append(allowed[best])
        gone, reached = after[best], reached + float(gain[best])


def _removes(problem: Problem) -> npt.NDArray[np.bool_]:
    """Entry [c, a]: candidate c removes atom a."""
    elements = np.zeros((len(problem.candidates) + SEGMENTS, len(problem.atoms.covers)), dtype=bool)
    for atom, cover in enumerate(problem.atoms.covers):
        elements[list(cover), atom] = True
    rows = [elements[list(problem.elements_of(c))].any(axis=0) for c in range(len(problem.candidates))]
    return np.asarray(rows, dtype=bool).reshape(len(problem.candidates), elements.shape[1])


def _keeps(problem: Problem, limits: Limits, chosen: Sequence[int]) -> bool:
    """Whether ``chosen`` keep every limit but that of the liver lost."""
    candidates = [problem.candidates[c] for c in chosen]
    interventions = sum(c.interventions for c in candidates)
    ablations = sum(c.interventions for c in candidates if c.kind == "ablation")
    segments = frozenset[int]().union(*(c.segments for c in candidates))
    counts = (
        (interventions, limits.interventions),
        (interventions - ablations, limits.resections),
        (ablations, limits.ablations),
        (len(segments), limits.segments),
    )
    return all(limit is None or count <= limit for count, limit in counts)
