"""What clears more if the remnant grows: after portal vein embolization (PVE), and in two stages.

Every named major resection whose removed side can be embolized is tried; with each the plan is an exact
optimum within the minimum remnant less the most that growth may bring (``remnant.growth``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

from netlm_imaging.anatomy import segment_name
from netlm_imaging.plan.embolization import embolization
from netlm_imaging.plan.growth_records import GrowthKind, GrowthPlan
from netlm_imaging.plan.growth_stages import Found, growth_plan, growth_reference
from netlm_imaging.plan.limits import Limits, keeps_counts
from netlm_imaging.plan.optimize import Choice, Request, optimize
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.settle import settled
from netlm_imaging.remnant.growth import MOST_POINTS
from netlm_imaging.settings import Objective

ROUNDING_VOXELS = 1e-6
"""Growth that is a whole number of voxels but for rounding is that number."""
ROUNDS = 1
"""The search is repeated so often with the joint losses of what it found; what then still loses more than was
counted is left out."""
KINDS: tuple[GrowthKind, ...] = ("pve", "two_stage")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """What all tries share."""

    case: Case
    request: Request
    grown_budget: int
    """Functional voxels that may be lost when the remnant grows as much as it ever does."""
    cleared_today: int
    """Tumor voxels that the best plan without growth clears."""
    points_per_week: float | None
    seconds: float
    """For one try."""

    @property
    def problem(self) -> Problem:
        return self.case.problem


def growth_plans(
    case: Case,
    request: Request,
    *,
    plans: Mapping[Objective, Plan],
    choices: Mapping[Objective, Choice],
    points_per_week: float | None,
    seconds: float,
) -> tuple[GrowthPlan, ...]:
    """For each kind the plan that clears most, then takes the fewest weeks, if it clears more than any today.

    ``pve`` is looked for only where a minimum of the remnant keeps a better plan away. Nothing where
    today's plan clears everything, where segments are not known, and where the liver misses its minimum
    untouched. ``seconds``: for all searches together.
    """
    procedures = major_resections(case.problem)
    all_cleared = any(case.problem.cleared(choice.chosen).all() for choice in choices.values())
    if choices["maximum"].status == "infeasible" or all_cleared or not procedures:
        return ()
    limited = any(minimum.binding for minimum in plans["maximum"].minimums)
    kinds = [kind for kind in KINDS if limited or kind == "two_stage"]

    def find(case: Case, _before: list[Found] | None) -> list[Found]:
        search = _Search(
            case=case,
            request=request,
            grown_budget=request.limits.budget_voxels + _most_growth_voxels(case),
            # An unproven maximum may clear less than the sparing plan does.
            cleared_today=max(case.problem.cleared_voxels(c.chosen) for c in choices.values()),
            points_per_week=points_per_week,
            seconds=seconds / (len(kinds) * len(procedures) * (ROUNDS + 1)),
        )
        best = (_best(search, kind, procedures) for kind in kinds)
        # Two stages of which the first does nothing are one.
        return [one for one in best if one is not None and (one.others or one.kind == "pve")]

    answer = settled(case, find, chosen=_operations, rounds=ROUNDS)
    return tuple(
        growth_plan(answer.case, one, points_per_week=points_per_week)
        for one in answer.found
        if answer.doubtful.isdisjoint(_operations([one]))
    )


def _operations(found: Sequence[Found]) -> list[tuple[int, ...]]:
    """What is done by the end of each operation."""
    return [done for one in found for done in (one.chosen, one.others)]


def major_resections(problem: Problem) -> tuple[int, ...]:
    """Candidates that take out a whole side of the liver and leave some of the other."""
    return tuple(
        number
        for number, candidate in enumerate(problem.candidates)
        if embolization({segment_name(label) for label in candidate.segments}) is not None
    )


def _most_growth_voxels(case: Case) -> int:
    reference_ml, _ = growth_reference(case)
    return floor(MOST_POINTS / 100.0 * reference_ml / case.anatomy.grid.voxel_ml + ROUNDING_VOXELS)


def _best(search: _Search, kind: GrowthKind, procedures: Sequence[int]) -> Found | None:
    best: Found | None = None
    for procedure in procedures:
        at_least = search.cleared_today + 1 if best is None else best.cleared_voxels
        found = _with(search, kind, procedure, at_least=at_least)
        if found is not None and (best is None or _order(search, found) < _order(search, best)):
            best = found
    return best


def _order(search: _Search, found: Found) -> tuple[int, ...]:
    """The most tumor, then the fewest weeks, the least liver lost, the fewest interventions."""
    interventions = search.problem.interventions(found.chosen)
    return (-found.cleared_voxels, found.weeks.expected, found.lost_voxels, interventions)


def _with(search: _Search, kind: GrowthKind, procedure: int, *, at_least: int) -> Found | None:
    """The best plan of ``kind`` with one major resection; None where none clears ``at_least`` voxels."""
    problem = search.problem
    limits = _limits(search, kind, procedure)
    if limits is None or _most_clearable(problem, limits) < at_least:
        return None
    objective: Objective = "maximum" if kind == "pve" else "sparing"
    request = replace(search.request, limits=limits, symptomatic=())
    choice = optimize(problem, objective, request, seconds=search.seconds)
    if choice.status == "infeasible" or problem.cleared_voxels(choice.chosen) < at_least:
        return None
    found = Found.of(
        search.case,
        kind=kind,
        procedure=procedure,
        others=tuple(c for c in choice.chosen if c != procedure),
        proven=choice.status == "optimal",
        points_per_week=search.points_per_week,
    )
    return found if found is not None and _fits(search, found) else None


def _limits(search: _Search, kind: GrowthKind, procedure: int) -> Limits | None:
    """Those of a plan with the major resection; None where it cannot be done at all.

    In two stages it has an operation of its own, and nothing that shares a segment with it is done before.
    """
    limits = search.request.limits
    if not keeps_counts(search.problem, replace(limits, segments=None), [procedure]):
        return None
    limits = replace(limits, budget_voxels=search.grown_budget, must=limits.must | {procedure})
    if kind == "pve":
        return limits
    taken = search.problem.candidates[procedure].segments
    sharing = {
        number
        for number, candidate in enumerate(search.problem.candidates)
        if number != procedure and not taken.isdisjoint(candidate.segments)
    }
    return replace(
        limits,
        must_not=limits.must_not | sharing,
        interventions=limits.interventions + 1,
        resections=None if limits.resections is None else limits.resections + 1,
        segments=None if limits.segments is None else limits.segments + len(taken),
    )


def _most_clearable(problem: Problem, limits: Limits) -> int:
    """Tumor voxels that all candidates which may be done clear together."""
    allowed = [c for c in range(len(problem.candidates)) if c not in limits.must_not]
    return problem.cleared_voxels(allowed)


def _fits(search: _Search, found: Found) -> bool:
    """PVE is for what is not possible today; the first of two stages must be."""
    budget = search.request.limits.budget_voxels
    if found.kind == "pve":
        return found.lost_voxels > budget
    return search.problem.lost_voxels(found.others) <= budget
