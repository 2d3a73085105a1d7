"""The plans that nothing beats: more tumor cleared only for more liver lost, or for more interventions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from itertools import pairwise

from netlm_imaging.plan.goals import Clear, Few, Goal, Spare, Trade
from netlm_imaging.plan.model import Model
from netlm_imaging.plan.optimize import Choice, Request, lexicographic
from netlm_imaging.plan.problem import Problem

NARROW = 1.0 / 16.0
"""Of the liver that the whole curve spans: in a step no wider, its upper end is looked at first, which ends
it if nothing lies there; wider ones are halved."""
SECONDS_PER_POINT = 2.0
"""A point that takes longer is asked for again at the end, in the time that is left then."""
PRICES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Liver for tumor, by volume: corners of the curve are looked for at these first."""
COARSE = 8
"""Between them prices are fractions with one number at most this: any price finds a corner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Plans by liver lost, the most first, to the one that loses least."""

    choices: tuple[Choice, ...]
    complete: bool
    """Whether no further plan is unbeaten; else some lie between those found."""
    problem: Problem
    """What they were found in."""
    reach: Mapping[int, int] = field(default_factory=dict)
    """By the voxels of liver that a proven plan loses: the budget up to which nothing clears more tumor."""

    def holding(self, problem: Problem) -> dict[int, Choice]:
        """The proven plans that lose as little in ``problem``, by voxels of liver lost.

        ``problem`` has the same candidates and counts what they lose together more fully. That only takes
        plans away, so these are as good as before, and so is what ``reach`` says of them.
        """
        plans = {self.problem.lost_voxels(choice.chosen): choice for choice in self.choices}
        return {n: c for n, c in plans.items() if n in self.reach and n == problem.lost_voxels(c.chosen)}


def frontier(
    problem: Problem,
    best: Choice,
    request: Request,
    *,
    seconds: float,
    most_points: int,
    earlier: Frontier | None = None,
) -> Frontier:
    """What less and less liver lost can clear, from ``best`` (the sparing plan) on.

    Each point clears the most for its budget, then loses the least liver, then takes the fewest
    interventions. First come the corners of the curve's hull, found fast by a price of tumor in liver;
    then the widest step between two points is looked into, again and again. So a curve that is cut short
    at ``most_points`` or after ``seconds`` holds what matters. The ``status`` of a point says whether it is
    proven. ``earlier``: the curve of a problem with the same candidates that knew of less loss; what of it
    still holds is not looked for again.
    """
    if best.status == "infeasible":
        return Frontier(choices=(best,), complete=True, problem=problem)
    curve = _Curve(problem, request, deadline=time.monotonic() + seconds)
    held = {} if earlier is None else earlier.holding(problem)
    reach = {} if earlier is None else {lost: earlier.reach[lost] for lost in held}
    last = curve.least()
    if last is None or best.status != "optimal":
        return Frontier(choices=(best,), complete=False, problem=problem)
    curve.narrow_voxels = NARROW * (curve.lost(best) - curve.lost(last))
    first = held.values() if held else curve.corners()
    points = {curve.lost(choice): choice for choice in (*first, best, last)}
    for upper, lower in () if held else pairwise(curve.descending(points.values())):
        for choice in curve.corners_between(upper, lower):
            points.setdefault(curve.lost(choice), choice)
    steps, slow, given_up = _Steps(), list[_Step](), list[_Step]()
    for upper, lower in pairwise(curve.descending(points.values())):
        steps.push(curve.step(upper, lower, least=reach.get(curve.lost(lower), curve.lost(lower))))
    while (steps or slow) and len(points) < most_points and time.monotonic() < curve.deadline:
        again = not steps
        step = slow.pop() if again else steps.pop()
        left = curve.deadline - time.monotonic()
        found = curve.at(step.budget, start=step.lower, seconds=left / (1 + len(slow)) if again else None)
        if found is not None and found.status == "optimal":
            points[curve.lost(found)] = found
            for part in curve.parts(step, found):
                steps.push(part)
        elif again:
            given_up.append(step)
            if found is not None:
                points.setdefault(curve.lost(found), found)
        else:
            slow.append(step)
    choices, open_steps = curve.unbeaten(points.values()), (*steps, *slow, *given_up)
    return Frontier(
        choices=choices,
        complete=not open_steps,
        problem=problem,
        reach=dict(curve.reach(choices, open_steps)),
    )


def by_interventions(
    problem: Problem, best: Choice, request: Request, *, seconds: float
) -> tuple[Choice, ...]:
    """What fewer and fewer interventions can clear, from ``best`` (the sparing plan) to none.

    Each clears the most, then loses the least liver. Ends early where the time does.
    """
    if best.status != "optimal":
        return (best,)
    curve = _Curve(problem, request, deadline=time.monotonic() + seconds)
    choices = [best]
    while (count := problem.interventions(choices[-1].chosen)) > 0:
        fewer = curve.at(request.limits.budget_voxels, interventions=count - 1)
        if fewer is None or time.monotonic() >= curve.deadline:
            break
        choices.append(fewer)
    return tuple(choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """Two points, and budgets in which a further one may lie between them."""

    upper: Choice
    lower: Choice
    least: int
    """Up to this budget there is nothing above ``lower``."""
    most: int
    """Any point between loses at most so much."""
    halved: bool
    size: float

    @property
    def budget(self) -> int:
        """Where to look next: in the middle, and where nothing was there just below the upper point."""
        return self.most if self.halved else self.least + (self.most - self.least) // 2


class _Steps:
    """Steps, the largest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Step]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    def __iter__(self) -> Iterator[_Step]:
        return (step for _, _, step in self._heap)

    def push(self, step: _Step) -> None:
        """Add ``step`` unless nothing can lie in it."""
        if step.most > step.least:
            heappush(self._heap, (-step.size, self._count, step))
            self._count += 1

    def pop(self) -> _Step:
        """The largest."""
        return heappop(self._heap)[2]


class _Curve:
    """One model, asked again and again under other limits."""

    def __init__(self, problem: Problem, request: Request, *, deadline: float) -> None:
        self._problem, self.deadline = problem, deadline
        self.narrow_voxels = 0.0
        self._model = Model(problem, request.limits)
        self._budget, self._interventions = request.limits.budget_voxels, request.limits.interventions
        self._goals: list[Goal] = [Clear.all(problem), Spare(most_interventions=self._interventions)]

    def at(
        self,
        budget_voxels: int,
        *,
        interventions: int | None = None,
        start: Choice | None = None,
        seconds: float | None = None,
    ) -> Choice | None:
        """The best plan under these limits; None where none was found in time.

        ``start``: a plan that keeps them, and of all that clear as much the best if it is proven.
        """
        count = self._interventions if interventions is None else interventions
        self._model.allow(budget_voxels=budget_voxels, interventions=count)
        return self._best(self._goals, start=start, seconds=seconds)

    def least(self) -> Choice | None:
        """The plan that loses the least liver, with what must be done; None where none was found in time."""
        self._model.allow(budget_voxels=self._budget, interventions=self._interventions)
        return self._best(self._goals[::-1])

    def corners(self) -> Iterator[Choice]:
        """Points of the curve's hull, from a low price of tumor to a high one."""
        for price in PRICES:
            found = self._at_price(Fraction(price))
            if found is not None:
                yield found

    def corners_between(self, upper: Choice, lower: Choice) -> list[Choice]:
        """All points of the curve's hull between two of them that are found in time."""
        more = self._tumor(upper) - self._tumor(lower)
        found = self._at_price(_coarse(self.lost(upper) - self.lost(lower), more)) if more > 0 else None
        if found is None or not self.lost(lower) < self.lost(found) < self.lost(upper):
            return []
        return [*self.corners_between(upper, found), found, *self.corners_between(found, lower)]

    def _at_price(self, price: Fraction) -> Choice | None:
        """The best plan when so many voxels of liver may be lost for a voxel of tumor."""
        self._model.allow(budget_voxels=self._budget, interventions=self._interventions)
        trade = Trade(liver=price.numerator, tumor=price.denominator)
        return self._best([trade, self._goals[0], Few()])

    def _best(
        self, goals: Sequence[Goal], *, start: Choice | None = None, seconds: float | None = None
    ) -> Choice | None:
        left = min(self.deadline - time.monotonic(), SECONDS_PER_POINT if seconds is None else seconds)
        choice = lexicographic(
            self._problem,
            self._model,
            goals,
            seconds=left,
            start=None if start is None else start.chosen,
            unbeaten=None if start is None or start.status != "optimal" else start,
        )
        return choice if choice.chosen or choice.status == "optimal" else None

    def _tumor(self, choice: Choice) -> int:
        return self._problem.cleared_voxels(choice.chosen)

    def unbeaten(self, choices: Iterable[Choice]) -> tuple[Choice, ...]:
        """Those that no other of them beats, by liver lost, the most first."""
        kept: list[Choice] = []
        for choice in sorted(choices, key=lambda c: (self.lost(c), -self._tumor(c))):
            if not kept or self._tumor(choice) > self._tumor(kept[-1]):
                kept.append(choice)
        return tuple(reversed(kept))

    def reach(self, choices: Sequence[Choice], open_steps: Iterable[_Step]) -> Iterator[tuple[int, int]]:
        """Of proven ones of ``choices``, liver lost and up to which budget nothing clears more."""
        least = {self.lost(step.lower): step.least for step in open_steps}
        most = [self._budget, *(self.lost(upper) - 1 for upper in choices[:-1])]
        for choice, below_next in zip(choices, most, strict=True):
            if choice.status == "optimal":
                yield self.lost(choice), least.get(self.lost(choice), below_next)

    def descending(self, choices: Iterable[Choice]) -> list[Choice]:
        """By liver lost, the most first."""
        return sorted(choices, key=self.lost, reverse=True)

    def lost(self, choice: Choice) -> int:
        """Voxels of functional liver."""
        return self._problem.lost_voxels(choice.chosen)

    def step(self, upper: Choice, lower: Choice, *, least: int, halved: bool = False) -> _Step:
        """What lies between two points."""
        most = self.lost(upper) - 1
        gain = self._tumor(upper) - self._tumor(lower)
        return _Step(
            upper=upper,
            lower=lower,
            least=least,
            most=most,
            halved=halved or most - least <= self.narrow_voxels,
            size=float(gain * (most - least)),
        )

    def parts(self, step: _Step, found: Choice) -> Iterator[_Step]:
        """What is left of ``step`` when ``found`` is the optimum at its budget."""
        if self.lost(found) == self.lost(step.lower):
            yield self.step(step.upper, step.lower, least=step.budget, halved=True)
            return
        yield self.step(step.upper, found, least=step.budget)
        yield self.step(found, step.lower, least=step.least)


def _coarse(liver: int, tumor: int) -> Fraction:
    """About ``liver / tumor``, in numbers small enough for exact sums."""
    if liver >= tumor:
        return Fraction(liver, tumor).limit_denominator(COARSE)
    return 1 / Fraction(tumor, liver).limit_denominator(COARSE)
