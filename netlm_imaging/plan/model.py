"""The exact mixed-integer model of a Problem under limits (planner.md 3).

The program holds the rows of ``relaxation`` that are known so far, the limits, and what is required of
the goals. Every coefficient is a number of voxels, so the value of every goal is a whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.goals import Clear, Few, Goal, Spare, Trade
from netlm_imaging.plan.limits import Limits, cleared_ids
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.program import GAP, Point, Program
from netlm_imaging.plan.rows import Row, Rows

ABSENT = -1
MANY_ROWS = 3000
"""With fewer, whole numbers are found sooner if all of them are kept."""
DECIDED = 1e-3
"""A segment is removed or not but for this part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What the value of a goal must lie within, and the row that says so."""

    row: int
    at_least: float = -inf
    at_most: float = inf

    def holds(self, value: int) -> bool:
        """Whether ``value`` lies within it."""
        return self.at_least <= value <= self.at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Labels of segments that are removed, and of some that are not."""

    removed: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()

    def both(self, label: int) -> tuple[Segments, Segments]:
        """With one more segment removed, and with it kept."""
        return (
            replace(self, removed=self.removed | {label}),
            replace(self, kept=self.kept | {label}),
        )


class Model:
    """One problem under one set of limits."""

    def __init__(self, problem: Problem, limits: Limits) -> None:
        self.problem = problem
        self._limits = limits
        self._known = problem.relaxation
        self._numbers = np.zeros(0, dtype=np.int64)
        """Of each known row: its number in the program, or that it is absent."""
        self._left_out = np.zeros(0, dtype=np.int64)
        """Those that were left out the last time; they may be back."""
        self._rows_left_out = Rows.of((), width=self._known.width)
        self._ranges: dict[Goal, Range] = {}
        upper = np.ones(self._known.width)
        upper[self._known.h] = inf
        upper[self._known.impossible] = 0.0
        self._program = Program(upper, whole=np.concatenate([self._known.x, self._known.z]))
        self._rows = self._add_limits()
        self.decided: Segments | None = None
        self._bound_candidates()
        for place in np.flatnonzero(np.isin(problem.lesions, list(limits.lesions))).tolist():
            self._program.keep(int(self._known.z[place]), at_least=1.0, at_most=1.0)

    def allow(self, *, budget_voxels: int | None = None, interventions: int | None = None) -> None:
        """Change these limits and forget what was required of the goals."""
        for goal in self._ranges:
            self.require(goal, at_least=-inf, at_most=inf)
        if budget_voxels is not None:
            self._limits = replace(self._limits, budget_voxels=budget_voxels)
            self._program.bound(self._rows["budget_voxels"], at_least=-inf, at_most=budget_voxels)
        if interventions is not None:
            self._limits = replace(self._limits, interventions=interventions)
            self._program.bound(self._rows["interventions"], at_least=-inf, at_most=interventions)
        self._bound_candidates()

    def decide(self, segments: Segments | None) -> None:
        """From now on these segments are removed and those are not; None: nothing is decided."""
        self.decided = segments
        some = segments or Segments()
        for label, column in enumerate(self._known.s.tolist(), start=1):
            free = label not in some.kept
            self._program.keep(column, at_least=float(label in some.removed), at_most=float(free))

    def undecided(self, point: Point) -> int | None:
        """The segment of which most is at stake in ``point``; None where each is removed or kept."""
        parts = point.values[self._known.s]
        open_parts = np.minimum(parts, 1.0 - parts)
        most = int(np.argmax(open_parts * (self._known.segment_voxels + 1)))
        return most + 1 if open_parts[most] > DECIDED else None

    @property
    def required(self) -> dict[Goal, Range]:
        """What is required of each goal so far."""
        return dict(self._ranges)

    def require(self, goal: Goal, *, at_least: float | None = None, at_most: float | None = None) -> None:
        """From now on the value of ``goal``, a whole number, must not leave these bounds."""
        held = self._ranges.get(goal)
        if held is None:
            cost = self._cost(goal)
            entries = {int(column): float(cost[column]) for column in np.flatnonzero(cost)}
            held = Range(row=self._program.add([Row(entries, inf)]) - 1)
        self._ranges[goal] = held = Range(
            row=held.row,
            at_least=held.at_least if at_least is None else at_least,
            at_most=held.at_most if at_most is None else at_most,
        )
        self._program.bound(held.row, at_least=held.at_least - GAP, at_most=held.at_most + GAP)

    def least(self, goal: Goal) -> float:
        """No plan has a smaller value: all is cleared that any treatments together could clear."""
        if not isinstance(goal, Clear):
            return -inf
        return float(-np.delete(goal.weights, self._known.impossible - self._known.elements).sum())

    def keeps(self, chosen: Sequence[int]) -> bool:
        """Whether a solution of the program keeps budget, lesions and what is required in truth."""
        lost = self.problem.lost_voxels(chosen)
        wanted = self._limits.lesions
        return (
            lost <= self._limits.budget_voxels
            and all(held.holds(goal.value(self.problem, chosen)) for goal, held in self._ranges.items())
            and (not wanted or wanted <= cleared_ids(self.problem, chosen))
        )

    def with_fractions(self, goal: Goal, *, seconds: float) -> Point:
        """The smallest value of ``goal`` in the program when candidates may be done in part."""
        self._load(first=0)
        return self._program.with_fractions(self._cost(goal), seconds=seconds)

    def with_whole_numbers(
        self, goal: Goal, *, seconds: float, relative_gap: float, start: Sequence[int] | None
    ) -> Point:
        """The smallest value of ``goal`` in the program; ``start``: a plan that keeps the limits."""
        seen = self._numbers.size
        self._leave_out_loose()
        self._load(first=seen)
        values = None if start is None or not self.is_here(start) else self._values(start)
        return self._program.with_whole_numbers(
            self._cost(goal), seconds=seconds, relative_gap=relative_gap, start=values
        )

    def tighten(self, point: Point, *, whole: bool) -> int:
        """Learn the rows that ``point`` breaks; how many."""
        values = point.values
        if whole:
            values = values.copy()
            values[: self._known.elements] = np.rint(values[: self._known.elements])
            if count := self._put_back(values):
                return count
        return self._known.tighten(values, whole=whole)

    def chosen(self, point: Point) -> tuple[int, ...]:
        """The candidates that are done."""
        return tuple(int(c) for c in np.flatnonzero(point.values[self._known.x] > 0.5))

    def _load(self, *, first: int) -> None:
        """Put in what is not there of the known rows from ``first`` on."""
        rows = self._known.rows
        self._numbers = np.append(self._numbers, np.full(len(rows) - self._numbers.size, ABSENT))
        self._put_in(first + np.flatnonzero(self._numbers[first:] == ABSENT))

    def _leave_out_loose(self) -> None:
        """Leave out the learned rows without a price in the last solution, if that is one with fractions.

        Of many rows whole numbers are found much sooner without them; those that they break are put back.
        """
        if self._numbers.size < MANY_ROWS:
            return
        loose = np.isin(self._numbers, self._program.loose())
        loose[: self._known.first_learned] = False
        if loose.any():
            self._program.drop(self._numbers[loose])
            self._numbers[loose] = ABSENT
            self._left_out = np.flatnonzero(loose)
            rows = (self._known.rows[place] for place in self._left_out.tolist())
            self._rows_left_out = Rows.of(rows, width=self._known.width)

    def _put_back(self, values: FloatArray) -> int:
        """Put in those of the rows left out that ``values`` break; how many."""
        places = self._left_out[self._rows_left_out.broken(values)]
        return self._put_in(places[self._numbers[places] == ABSENT])

    def _put_in(self, places: npt.NDArray[np.int64]) -> int:
        after = self._program.add(self._known.rows[place] for place in places.tolist())
        self._numbers[places] = np.arange(after - places.size, after)
        return int(places.size)

    def is_here(self, chosen: Sequence[int]) -> bool:
        """Whether ``chosen`` remove the segments that are decided to be removed, and none of the others."""
        gone = frozenset[int]().union(*(self.problem.candidates[c].segments for c in chosen))
        return self.decided is None or (self.decided.removed <= gone and self.decided.kept.isdisjoint(gone))

    def _values(self, chosen: Sequence[int]) -> FloatArray:
        cleared = self.problem.cleared(chosen).astype(np.float64)
        return self._known.values_of(self.problem.removed(chosen), chosen, cleared)

    def _cost(self, goal: Goal) -> FloatArray:
        cost = np.zeros(self._known.width)
        match goal:
            case Clear(weights):
                cost[self._known.z] = [-w for w in weights]
            case Spare(most_interventions):
                cost = goal.price * self._known.loss
                if most_interventions is not None:
                    cost[self._known.x] += self._known.interventions
            case Few():
                cost[self._known.x] = self._known.interventions
            case Trade(liver, tumor):
                cost = tumor * self._known.loss
                cost[self._known.z] = -liver * self.problem.lesion_voxels
        return cost

    def _bound_candidates(self) -> None:
        """What must be done, what must not, and what alone exceeds a limit."""
        limits, most = self._limits, self._limits.segments
        for column, candidate in enumerate(self.problem.candidates):
            too_many = candidate.interventions > limits.interventions
            too_many |= most is not None and len(candidate.segments) > most
            barred = column in limits.must_not or too_many
            done = column in limits.must
            self._program.keep(column, at_least=float(done), at_most=float(done or not barred))

    def _add_limits(self) -> dict[str, int]:
        """The numbers of their rows."""
        known, limits = self._known, self._limits
        each, ablation = known.interventions, known.ablation
        everything = np.arange(known.width)
        counts = (
            ("budget_voxels", everything, known.loss, limits.budget_voxels),
            ("interventions", known.x, each, limits.interventions),
            ("ablations", known.x[ablation], each[ablation], limits.ablations),
            ("resections", known.x[~ablation], each[~ablation], limits.resections),
            ("segments", known.s, np.ones(known.s.size), limits.segments),
        )
        return {
            name: self._program.add([_counted(columns, weights, limit)]) - 1
            for name, columns, weights, limit in counts
        }


def _counted(columns: npt.NDArray[np.int64], weights: FloatArray, limit: int | None) -> Row:
    used = weights > 0.0
    entries = dict(zip(columns[used].tolist(), weights[used].tolist(), strict=True))
    return Row(entries, inf if limit is None else float(limit))
