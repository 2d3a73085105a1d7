"""A good plan in a moment: what stands when the solver runs out of time before it finds a better one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import inf

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.draft import Draft
from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.limits import Limits, count_of, keeps_counts
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.regions import Left

EXCHANGES = 12
"""So many candidates are tried at a time in place of others ..."""
EXCHANGED_FOR = 3
"""... and at most so many of these."""
LEAST_COST = 1e-3
"""Of what is left: a candidate that costs nothing is not worth endlessly much."""


def greedy(problem: Problem, limits: Limits, goal: Clear, *, improve: bool = False) -> tuple[int, ...]:
    """Candidates that keep ``limits``, added one by one while any adds to ``goal``; deterministic.

    Twice: the one that clears most next, and the one that clears most for the liver it costs; the
    better plan of the two. With ``improve`` one treatment after the other is then taken out and the
    plan filled up again, as long as that clears more or loses less. Starts from ``limits.must``, which
    is all that is given back where it alone exceeds the other limits.
    """
    adding = Adding(problem, limits, goal)
    best = adding.greedy()
    return tuple(sorted((_improved(adding, best, limits) if improve else best).chosen))


def _improved(adding: Adding, plan: Draft, limits: Limits) -> Draft:
    while True:
        others = []
        for out in sorted(plan.chosen - limits.must):
            rest = plan.copy()
            rest.drop(out)
            others += [adding.filled(rest.copy(), thrifty=thrifty) for thrifty in (False, True)]
        best = min(others, key=adding.value, default=plan)
        if adding.value(best) >= adding.value(plan):
            return plan
        plan = best


class Adding:
    """Fills plans up, best candidate first, and mends those that break limits."""

    def __init__(self, problem: Problem, limits: Limits, goal: Clear) -> None:
        # What must be cleared at the end is not cleared at every step.
        self._problem, self._limits = problem, replace(limits, lesions=frozenset())
        self._wanted = np.flatnonzero(np.isin(problem.lesions, list(limits.lesions)))
        self._weights = np.asarray(goal.weights, dtype=np.float64)
        self._interventions = np.array([c.interventions for c in problem.candidates], dtype=np.float64)
        self._ablation = np.array([c.kind == "ablation" for c in problem.candidates], dtype=bool)
        self.must = limits.must
        self.total = float(self._weights.sum())
        """What clearing all would be worth."""

    def draft(self, chosen: Collection[int]) -> Draft:
        """Of these candidates."""
        return Draft(self._problem, chosen)

    def greedy(self) -> Draft:
        """What must be done, filled up with what clears most next, or most for its liver: the better one."""
        plans = [self.filled(self.draft(self.must), thrifty=thrifty) for thrifty in (False, True)]
        return min(plans, key=self.value)

    def value(self, plan: Draft) -> tuple[float, int]:
        """Smaller is better: tumor first, then liver."""
        return -float(self._weights @ plan.cleared), plan.lost_voxels

    def clears_wanted(self, plan: Draft) -> bool:
        """Whether ``plan`` clears what must be cleared."""
        return bool(plan.cleared[self._wanted].all())

    def worth(self, plan: Draft) -> FloatArray:
        """What each candidate would clear beside ``plan``, for its parts of what is left of the limits.

        0 where that is not enough.
        """
        gain, left = self._gain(plan)
        gain[~self._affordable(plan, left)] = 0.0
        liver = self._limits.budget_voxels - plan.lost_voxels
        number = self._limits.interventions - self._problem.interventions(plan.chosen)
        cost = left.loses / max(liver, 1) + self._interventions / max(number, 1)
        return np.asarray(gain / (cost + LEAST_COST))

    def mended(self, start: Collection[int]) -> tuple[int, ...]:
        """``start`` with what must be cleared, less what is worth least until it keeps the limits, filled up.

        Then candidates take the place of others as long as that is better. Not every plan can be mended:
        the answer may break limits still.
        """
        plan = self.draft(start)
        self._clear_wanted(plan)
        plan = self._fitted(plan)
        while self._keeps(plan) and (better := self._exchanged(plan)) is not None:
            plan = better
        return tuple(sorted(plan.chosen))

    def _clear_wanted(self, plan: Draft) -> None:
        """Add what clears lesions that must be cleared, one by one: of what keeps the limits, the least."""
        while (short := self._wanted[~plan.cleared[self._wanted]]).size:
            left = plan.left(short)
            helps = np.flatnonzero(np.any(self._cleared_with(plan, left, short), axis=0))
            able = [c for c in helps.tolist() if c not in self._limits.must_not and c not in plan.chosen]
            if not able:
                return
            able.sort(key=lambda c: float(left.loses[c]))
            plan.add(next((c for c in able if self.allows(plan, c)), able[0]))

    def _exchanged(self, plan: Draft) -> Draft | None:
        """A better plan with one of those candidates that would clear most, in place of others."""
        gain, _ = self._gain(plan)
        before = self.value(plan)
        for more in np.argsort(-gain, kind="stable")[:EXCHANGES].tolist():
            if gain[more] <= 0.0:
                break
            other = plan.copy()
            other.add(more)
            other = self._fitted(other, kept=more, drops=EXCHANGED_FOR)
            if self._keeps(other) and self.value(other) < before:
                return other
        return None

    def _fitted(self, plan: Draft, *, kept: int = -1, drops: float = inf) -> Draft:
        """``plan`` less what is worth least until it keeps the limits, filled up; never without ``kept``."""
        while not self._keeps(plan) and drops > 0 and (least := self._least(plan, kept)) is not None:
            plan.drop(least)
            drops -= 1
        return self.filled(plan, thrifty=True)

    def _least(self, plan: Draft, kept: int) -> int | None:
        """What is worth least; None where none may be left out.

        Where too much liver is lost what costs most of it for its tumor, where too much is done what
        clears the least tumor.
        """
        free = sorted(plan.chosen - self._limits.must - {kept})
        if not free:
            return None
        alone, cleared = plan.only(free), plan.cleared
        still = plan.treated[:, None] - alone.treats >= self._problem.needed_voxels[:, None]
        forfeits = self._weights @ (cleared[:, None] & ~still)
        too_much = plan.lost_voxels > self._limits.budget_voxels
        worthless = alone.loses / (forfeits + 1.0) if too_much else -forfeits
        worthless[(cleared[:, None] & ~still)[self._wanted].any(axis=0)] = -np.inf
        least = int(np.argmax(worthless))
        return free[least] if worthless[least] > -np.inf else None

    def _keeps(self, plan: Draft) -> bool:
        """Whether ``plan`` keeps the limits, but for what must be done or cleared."""
        return self._within(plan.lost_voxels, plan.chosen)

    def allows(self, plan: Draft, more: int) -> bool:
        """Whether ``plan`` with ``more`` keeps the limits."""
        return self._within(plan.lost_with(more), plan.chosen | {more})

    def _within(self, lost_voxels: int, chosen: set[int]) -> bool:
        within = lost_voxels <= self._limits.budget_voxels
        allowed = self._limits.must_not.isdisjoint(chosen)
        return within and allowed and keeps_counts(self._problem, self._limits, sorted(chosen))

    def filled(self, plan: Draft, *, thrifty: bool) -> Draft:
        """``plan`` with the best next candidate added until none helps; every step adds one, so it ends."""
        if self._limits.must <= plan.chosen and self._keeps(plan):
            while (best := self._next(plan, thrifty=thrifty)) is not None:
                plan.add(best)
        return plan

    def _next(self, plan: Draft, *, thrifty: bool) -> int | None:
        gain, left = self._gain(plan)
        gain[~self._affordable(plan, left)] = 0.0
        score = gain / (left.loses + 1.0) if thrifty else gain
        for best in np.argsort(-score, kind="stable").tolist():
            if score[best] <= 0.0:
                return None
            if self.allows(plan, best):
                return int(best)
        return None

    def _affordable(self, plan: Draft, left: Left) -> npt.NDArray[np.bool_]:
        """Which candidates one limit alone does not rule out; segments and joint losses left aside."""
        limits, counts = self._limits, count_of(self._problem, sorted(plan.chosen))
        within = plan.lost_voxels + left.loses <= limits.budget_voxels
        within &= counts.interventions + self._interventions <= limits.interventions
        if limits.ablations is not None:
            within &= ~self._ablation | (counts.ablations + self._interventions <= limits.ablations)
        if limits.resections is not None:
            within &= self._ablation | (counts.resections + self._interventions <= limits.resections)
        return np.asarray(within)

    def _gain(self, plan: Draft) -> tuple[FloatArray, Left]:
        """What each candidate that is allowed would clear beside ``plan``."""
        missing = np.flatnonzero(~plan.cleared & (self._weights > 0.0))
        left = plan.left(missing)
        gain = np.asarray(self._weights[missing] @ self._cleared_with(plan, left, missing))
        gain[list(self._limits.must_not)] = 0.0
        return gain, left

    def _cleared_with(self, plan: Draft, left: Left, lesions: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        reached = plan.treated[lesions, None] + left.treats
        return np.asarray(reached >= self._problem.needed_voxels[lesions, None])
