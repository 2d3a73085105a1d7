"""The smallest value of a goal in a Model, proven.

A search alternates between the program and the rows that its solution breaks, first with fractions, then
with whole numbers. Every solve bounds the optimum. A solution that reaches the bound may break rows that
were not known yet: then the plan that loses the least liver among those of that value is looked for, for
it keeps the budget if any does. It is often wanted next anyway, and is remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from heapq import heappop, heappush
from math import ceil, inf
from threading import Event

from netlm_imaging.plan.goals import Clear, Few, Goal, Spare
from netlm_imaging.plan.model import Model, Range, Segments
from netlm_imaging.plan.program import Point
from netlm_imaging.plan.solution import Doubts, Mend, Parts, Polish, Solution

ROUNDING = 1e-3
"""Values are whole numbers: a bound that is one but for this much is one."""
STALLED_ROUNDS = 5
"""So many rounds with fractions may hardly move the bound before whole numbers are asked for."""
STALLED = 1e-5
"""Of the bound ..."""
STALLED_GAP = 0.01
"""... or of what is between it and the best plan."""
TRIES = 3
"""So many whole solutions of one value may break rows before the plan of that value is looked for apart."""
AT_ONCE_SECONDS = 4.0
"""Most problems need less; then the sets of segments that may be removed are looked at one by one."""
POLISH_SHARE = 0.1
"""Of the time that is left then, for a better plan to hold them against, besides those seconds."""


class Search:
    """Goals of one model, reached one after the other."""

    def __init__(
        self,
        model: Model,
        *,
        relative_gap: float = 0.0,
        mend: Mend | None = None,
        polish: Polish | None = None,
        cheapest: Spare | None = None,
        doubts: Doubts | None = None,
    ) -> None:
        """``mend`` makes plans that keep the limits of plans that do not, for goals that ask for no more.

        ``polish`` makes better ones of those that do, in so many seconds or until it is told to stop.
        ``cheapest``: what is wanted of plans that reach a goal, if anything.
        ``doubts``: whether a plan breaks limits in truth; the model is then to learn why before all else.
        """
        self.model = model
        self._spare = cheapest or Spare()
        self._relative_gap = relative_gap
        self._mend, self._polish, self._doubts = mend, polish, doubts
        self._mended: dict[tuple[int, ...], None] = {}
        self._cheapest: tuple[Mapping[Goal, Range], Solution] | None = None

    def minimise(
        self,
        goal: Goal,
        *,
        seconds: float,
        start: Sequence[int] | None = None,
        at_least: float = -inf,
        parts: Parts = (),
    ) -> Solution:
        """The plan with the smallest value of ``goal``, or the best one that the time allows.

        ``start``: a plan that keeps the limits and what is required. ``at_least``: no plan has a smaller
        value, and one may well have this one. ``parts``: those of an earlier search for the same
        that knew less.
        """
        if goal == self._spare and self._cheapest is not None and self._cheapest[0] == self.model.required:
            return self._cheapest[1]
        deadline = time.monotonic() + seconds
        best = None if start is None else tuple(start)
        bound = max(at_least, min((reached for reached, _ in parts), default=-inf))
        if not parts and not self._reached(goal, best, bound):
            bound = max(bound, self._with_fractions(goal, best, deadline=deadline)[0])
        hoped = max(at_least, self.model.least(goal))
        if -inf < hoped and bound <= hoped + ROUNDING and not self._reached(goal, best, bound):
            best, bound = self._at_bound(goal, best, hoped, deadline=deadline)
        if self.model.decided is not None:
            return self._solution(goal, *self._with_whole_numbers(goal, best, bound, deadline=deadline))
        if not parts:
            best, bound = self._at_once(goal, best, bound, deadline=deadline)
        return self._by_segments(goal, best, bound, parts, deadline=deadline)

    def _at_once(
        self, goal: Goal, best: tuple[int, ...] | None, bound: float, *, deadline: float
    ) -> tuple[tuple[int, ...] | None, float]:
        """What some seconds are enough for; beside it ``best`` is polished, on another core if it can."""
        at_once = min(deadline, time.monotonic() + AT_ONCE_SECONDS)
        if at_once == deadline:
            return self._with_whole_numbers(goal, best, bound, deadline=at_once)
        return self._beside_polish(
            goal,
            best,
            lambda: self._with_whole_numbers(goal, best, bound, deadline=at_once),
            seconds=AT_ONCE_SECONDS + POLISH_SHARE * (deadline - at_once),
            waits_from=at_once,
        )

    def _beside_polish(
        self,
        goal: Goal,
        best: tuple[int, ...] | None,
        work: Callable[[], tuple[tuple[int, ...] | None, float]],
        *,
        seconds: float,
        waits_from: float = inf,
    ) -> tuple[tuple[int, ...] | None, float]:
        """``work``, while ``best`` is polished on another core if it can be; the better plan of both.

        Work that ends before ``waits_from`` ends the polishing too: it is done, or it failed.
        """
        if best is None or self._polish is None or not isinstance(goal, Clear) or seconds <= 0.0:
            return work()
        stop = Event()
        with ThreadPoolExecutor(1) as beside:
            polishing = beside.submit(self._polish, best, seconds, stop)
            try:
                found, bound = work()
            finally:
                if time.monotonic() < waits_from:
                    stop.set()
            return self._better(goal, found, polishing.result()), bound

    def _by_segments(
        self, goal: Goal, best: tuple[int, ...] | None, bound: float, parts: Parts, *, deadline: float
    ) -> Solution:
        """The same for some segments removed and others kept, for every choice that may hold the best plan.

        Parts of several resections clear what no plan can: with whole ones the bound is far better, and
        most choices are ruled out by it.
        """
        if self._done(goal, best, bound, deadline):
            return self._solution(goal, best, bound, parts)
        if self._is_doubtful(best):
            return self._solution(goal, best, bound, parts or ((bound, Segments()),))
        if not parts or parts[0][1] == Segments():
            parts = self._decided(goal, best, bound, deadline=deadline)
        home = 0
        for place, (reached, segments) in enumerate(parts):
            if self._done(goal, best, reached, deadline):
                continue
            left, before = deadline - time.monotonic(), best
            share = self._gap(goal, best, reached) / sum(
                self._gap(goal, best, other) for other, _ in parts[place:]
            )
            work = partial(
                self._deciding, segments, goal, best, reached, deadline=time.monotonic() + share * left
            )
            best, reached = self._beside_polish(goal, best, work, seconds=share * left)
            parts = (*parts[:place], (reached, segments), *parts[place + 1 :])
            if best != before:
                home = place
                if self._is_doubtful(best):
                    break
        self.model.decide(None)
        bound = max(bound, min((reached for reached, _ in parts), default=inf))
        if best is not None:
            bound = min(bound, self._value(goal, best))
        # Where the best plan was found are likely others, should it turn out to lose more than is known.
        return self._solution(goal, best, bound, (*parts[home : home + 1], *parts[:home], *parts[home + 1 :]))

    def _is_doubtful(self, plan: tuple[int, ...] | None) -> bool:
        return plan is not None and self._doubts is not None and self._doubts(plan)

    def _decided(self, goal: Goal, best: tuple[int, ...] | None, bound: float, *, deadline: float) -> Parts:
        """Decisions of which one holds for every plan, with bounds, the best first.

        Where fractions remove a part of a segment both is tried, most promising first, until the bound is
        that of ``best``.
        """
        done: list[tuple[float, Segments]] = []
        rest = [(bound, 0, Segments())]
        number = 0
        while rest:
            reached, _, segments = heappop(rest)
            label = None
            if not self._reached(goal, best, reached):
                self.model.decide(segments)
                found, point = self._with_fractions(goal, best, deadline=deadline, patience=1)
                reached = max(reached, found)
                label = None if point is None else self.model.undecided(point)
            if reached == inf:
                continue
            if label is None or self._reached(goal, best, reached):
                done.append((reached, segments))
                continue
            for part in segments.both(label):
                number += 1
                heappush(rest, (reached, number, part))
        return tuple(sorted(done, key=lambda one: one[0]))

    def _deciding(
        self,
        segments: Segments,
        goal: Goal,
        best: tuple[int, ...] | None,
        bound: float,
        *,
        deadline: float,
    ) -> tuple[tuple[int, ...] | None, float]:
        """A plan better than ``best`` with ``segments`` as decided, or a bound of any such plan."""
        self.model.decide(segments)
        before = self.model.required.get(goal)
        most = inf
        if best is not None and not self.model.is_here(best):
            most = self._value(goal, best)
            self.model.require(goal, at_most=most - 1)
        bound = max(bound, self._with_fractions(goal, best, deadline=deadline)[0])
        best, bound = self._with_whole_numbers(goal, best, bound, deadline=deadline)
        # What was learned of the values is true of plans with these segments only.
        held = (-inf, inf) if before is None else (before.at_least, before.at_most)
        self.model.require(goal, at_least=held[0], at_most=held[1])
        return best, min(bound, most)

    def _with_whole_numbers(
        self, goal: Goal, best: tuple[int, ...] | None, bound: float, *, deadline: float
    ) -> tuple[tuple[int, ...] | None, float]:
        tries = 0
        while not self._done(goal, best, bound, deadline):
            point = self.model.with_whole_numbers(
                goal, seconds=deadline - time.monotonic(), relative_gap=self._relative_gap, start=best
            )
            tries = 0 if point.bound > bound + ROUNDING else tries + 1
            bound = max(bound, point.bound)
            if not point.values.size:
                break
            best = self._better(goal, best, self.model.chosen(point))
            self._note_mended(self.model.chosen(point))
            if isinstance(goal, Clear):
                best = self._best_mended(goal, best)
            if self._reached(goal, best, bound) or not self.model.tighten(point, whole=True):
                break
            if tries >= TRIES and point.status == "optimal" and isinstance(goal, Clear | Few):
                best, bound = self._at_bound(goal, best, bound, deadline=deadline)
                best = self._best_mended(goal, best) if isinstance(goal, Clear) else best
        return best, bound

    def _note_mended(self, chosen: tuple[int, ...]) -> None:
        """Plans that break the budget are near to good ones that keep it."""
        if self._mend is not None and not self.model.keeps(chosen):
            self._mended.setdefault(self._mend(chosen))

    def _best_mended(self, goal: Goal, best: tuple[int, ...] | None) -> tuple[int, ...] | None:
        for plan in self._mended:
            best = self._better(goal, best, plan)
        return best

    def _with_fractions(
        self,
        goal: Goal,
        best: tuple[int, ...] | None,
        *,
        deadline: float,
        patience: int = STALLED_ROUNDS,
    ) -> tuple[float, Point | None]:
        """A bound, and the last solution; none where the time ran out or there is no plan."""
        bound, stalled, last = -inf, 0, None
        while stalled < patience and not self._done(goal, best, bound, deadline):
            point = self.model.with_fractions(goal, seconds=deadline - time.monotonic())
            if point.status == "infeasible":
                return inf, None
            if point.status != "optimal":
                return bound, None
            last = point
            least = max(0.5, STALLED * abs(bound), STALLED_GAP * self._gap(goal, best, bound))
            moved = point.bound > bound + least
            stalled, bound = 0 if moved else stalled + 1, point.bound
            if not self.model.tighten(point, whole=False):
                break
        return bound, last

    def _at_bound(
        self, goal: Goal, best: tuple[int, ...] | None, bound: float, *, deadline: float
    ) -> tuple[tuple[int, ...] | None, float]:
        """The plan of the value ``bound`` that loses the least liver; without one, a higher bound."""
        value = ceil(bound - ROUNDING)
        before = self.model.required.get(goal)
        self.model.require(goal, at_most=value)
        solution = self.minimise(self._spare, seconds=deadline - time.monotonic())
        if solution.status == "optimal" and self.model.decided is None:
            self._cheapest = (self.model.required, solution)
        if solution.chosen or solution.status == "optimal":
            return solution.chosen, value
        self.model.require(goal, at_most=inf if before is None else before.at_most)
        if solution.status == "unknown":
            return best, bound
        self.model.require(goal, at_least=value + 1)
        return best, value + 1.0

    def _better(
        self, goal: Goal, best: tuple[int, ...] | None, found: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        if not self.model.keeps(found):
            return best
        value = self._value(goal, found)
        return found if best is None or value < self._value(goal, best) else best

    def _value(self, goal: Goal, chosen: tuple[int, ...]) -> int:
        return goal.value(self.model.problem, chosen)

    def _gap(self, goal: Goal, best: tuple[int, ...] | None, bound: float) -> float:
        """How much better than ``best`` a plan may be; without one, the same for all bounds."""
        return 1.0 if best is None else max(self._value(goal, best) - bound, 0.0)

    def _reached(self, goal: Goal, best: tuple[int, ...] | None, bound: float) -> bool:
        return best is not None and self._value(goal, best) - bound < 1.0 - ROUNDING

    def _done(self, goal: Goal, best: tuple[int, ...] | None, bound: float, deadline: float) -> bool:
        return bound == inf or self._reached(goal, best, bound) or time.monotonic() >= deadline

    def _solution(
        self, goal: Goal, best: tuple[int, ...] | None, bound: float, parts: Parts = ()
    ) -> Solution:
        if best is None:
            return Solution(status="infeasible" if bound == inf else "unknown", chosen=(), bound=bound)
        if self._reached(goal, best, bound):
            return Solution(status="optimal", chosen=best, bound=bound, parts=parts)
        return Solution(status="feasible", chosen=best, bound=bound, parts=parts)
