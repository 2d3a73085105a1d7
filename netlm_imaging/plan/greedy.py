"""A good plan in a moment: what stands when the solver runs out of time before it finds a better one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from netlm_imaging.plan.goals import Clear, Spare
from netlm_imaging.plan.left import Left
from netlm_imaging.plan.limits import Limits, keeps
from netlm_imaging.plan.problem import Problem


def greedy(problem: Problem, limits: Limits, goal: Clear, *, improve: bool = False) -> tuple[int, ...]:
    """Candidates that keep ``limits``, added one by one while any adds to ``goal``; deterministic.

    Twice: the one that clears most next, and the one that clears most for the liver it costs; the
    better plan of the two. With ``improve`` one treatment after the other is then taken out and the
    plan filled up again, as long as that clears more or loses less. Starts from ``limits.must``, which
    is all that is given back where it alone exceeds the other limits.
    """
    adding = Adding(problem, limits, goal)
    plans = [adding.filled(limits.must, thrifty=thrifty) for thrifty in (False, True)]
    best = min(plans, key=adding.value)
    return _improved(adding, best, limits) if improve else best


def filled_up(problem: Problem, limits: Limits, goal: Clear, start: Collection[int]) -> tuple[int, ...]:
    """``start`` with candidates added one by one while any adds to ``goal`` and keeps ``limits``."""
    return Adding(problem, limits, goal).filled(start, thrifty=False)


def _improved(adding: Adding, plan: tuple[int, ...], limits: Limits) -> tuple[int, ...]:
    while True:
        others = [
            adding.filled(set(plan) - {out}, thrifty=thrifty)
            for out in plan
            if out not in limits.must
            for thrifty in (False, True)
        ]
        best = min(others, key=adding.value, default=plan)
        if adding.value(best) >= adding.value(plan):
            return plan
        plan = best


def mended(adding: Adding, plan: tuple[int, ...]) -> tuple[int, ...]:
    """``plan`` without what costs most for its tumor until the limits are kept, filled up again."""
    while not adding.keeps(plan):
        fewer = adding.without_costliest(plan)
        if fewer is None:
            break
        plan = fewer
    return adding.filled(plan, thrifty=True)


class Adding:
    """Fills plans up, best candidate first."""

    def __init__(self, problem: Problem, limits: Limits, goal: Clear) -> None:
        # What must be cleared at the end is not cleared at every step.
        self._problem, self._goal = problem, goal
        self._limits = replace(limits, lesions=frozenset())
        self._weights = np.asarray(goal.weights, dtype=np.float64)

    def value(self, chosen: Sequence[int]) -> tuple[int, int]:
        """Smaller is better: tumor first, then liver."""
        return self._goal.value(self._problem, chosen), Spare().value(self._problem, chosen)

    def keeps(self, plan: Sequence[int]) -> bool:
        """Whether ``plan`` keeps the limits, but for what must be done."""
        return keeps(self._problem, replace(self._limits, must=frozenset()), plan)

    def without_costliest(self, plan: Sequence[int]) -> tuple[int, ...] | None:
        """``plan`` without what costs most liver for its tumor; None where all of it must be done."""
        before = self.value(plan)

        def saved(rest: tuple[int, ...]) -> float:
            after = self.value(rest)
            return (before[1] - after[1]) / (after[0] - before[0] + 1.0)

        rests = [tuple(c for c in plan if c != out) for out in plan if out not in self._limits.must]
        return max(rests, key=saved, default=None)

    def filled(self, start: Collection[int], *, thrifty: bool) -> tuple[int, ...]:
        """``start`` with the best next candidate added until none helps; every step adds one, so it ends."""
        chosen = sorted(start)
        left = self._problem.untouched.without(self._problem.covered(chosen))
        while (best := self._next(chosen, left, thrifty=thrifty)) is not None:
            chosen.append(best)
            left = left.without(self._problem.covered(chosen))
        return tuple(sorted(chosen))

    def _next(self, chosen: Sequence[int], left: Left, *, thrifty: bool) -> int | None:
        treated = self._problem.treated_voxels(chosen)
        after = treated[:, None] + left.treats >= self._problem.needed_voxels[:, None]
        gain = np.asarray(self._weights @ after + self._goal.value(self._problem, chosen))
        gain[self._problem.lost_voxels(chosen) + left.loses > self._limits.budget_voxels] = 0.0
        score = gain / (left.loses + 1.0) if thrifty else gain
        for best in np.argsort(-score, kind="stable").tolist():
            if score[best] <= 0.0:
                return None
            allowed = best not in self._limits.must_not
            if allowed and keeps(self._problem, self._limits, sorted([*chosen, best])):
                return int(best)
        return None
