"""Demands that no plan meets: the fewest of them that cannot hold together, in words.

A deletion filter: every demand in turn is left out for good where the others still cannot hold. What is
left cannot hold together, and without any one of them it could (unless the time ran out over that one).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from netlm_imaging.errors import Fault, PlanError
from netlm_imaging.plan.binding import budget_voxels
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.goals import Clear, Few, Goal, Spare
from netlm_imaging.plan.greedy import greedy
from netlm_imaging.plan.limits import Limits, contradict, keeps
from netlm_imaging.plan.model import Model
from netlm_imaging.plan.optimize import needed_for_threshold
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.search import Search
from netlm_imaging.plan.solution import Solution
from netlm_imaging.remnant import FlrLimit, remnant
from netlm_imaging.remnant.records import MinimumName

FLR_NAMES: dict[MinimumName, str] = {
    "flr_percent": "FLR minimum",
    "sflr_percent": "standardized FLR minimum",
    "flr_body_weight_percent": "FLR minimum by body weight",
}
Count = Literal["interventions", "resections", "ablations", "segments"]
COUNT_NAMES: dict[Count, str] = {
    "interventions": "interventions",
    "resections": "resections",
    "ablations": "ablations",
    "segments": "whole segments removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing that a plan must keep to."""

    text: str
    flr: FlrLimit | None = None
    count: Count | None = None
    most: int = 0
    """Of what ``count`` names."""
    must: int | None = None
    must_not: frozenset[int] = frozenset()
    clear: int | None = None
    threshold_percent: float | None = None


def conflict_of(
    case: Case, limits: Limits, fixed: Fixed, *, threshold_percent: float | None, seconds: float
) -> PlanError:
    """The error (PLAN_CONFLICT) that names which demands conflict and why.

    ``limits``: the counts that are obeyed. ``threshold_percent``: None where no debulking is demanded.
    """
    demands = demands_of(case, limits, fixed, threshold_percent=threshold_percent)
    core = conflicting(case, demands, seconds=seconds)
    named = " and ".join(demand.text for demand in core)
    holds = "cannot hold" if len(core) == 1 else "cannot hold together"
    why = _why(case, core, seconds=seconds)
    return PlanError(
        Fault(
            code="PLAN_CONFLICT",
            expected="demands that one plan can meet",
            found=f"{named} {holds}{': ' if why else ''}{why}",
            remedy="Give up or relax one of them" if len(core) > 1 else "Give it up or relax it",
        )
    )


def demands_of(
    case: Case, limits: Limits, fixed: Fixed, *, threshold_percent: float | None
) -> tuple[Demand, ...]:
    """Everything that is asked of a plan, what is named last in a conflict first."""
    candidates = case.problem.candidates
    barred = [
        Demand(text=f"must not: {candidates[c].name}", must_not=frozenset({c}))
        for c in sorted(fixed.must_not)
    ]
    left = [
        Demand(text=f"lesion {n} left alone", must_not=Fixed(leave=frozenset({n})).barred(candidates))
        for n in sorted(fixed.leave)
    ]
    counts = [
        Demand(text=f"{words} at most {most}", count=name, most=most)
        for name, words in COUNT_NAMES.items()
        if (most := getattr(limits, name)) is not None
    ]
    minimums = [
        Demand(text=f"{FLR_NAMES[m.name]} {m.minimum:g} %", flr=m)
        for m in sorted(case.limits, key=lambda m: m.minimum_ml)
    ]
    reached = (
        []
        if threshold_percent is None
        else [Demand(text=f"debulking of {threshold_percent:g} %", threshold_percent=threshold_percent)]
    )
    cleared = [Demand(text=f"lesion {n} cleared", clear=n) for n in sorted(fixed.clear)]
    done = [Demand(text=f"must: {candidates[c].name}", must=c) for c in sorted(fixed.must)]
    return (*barred, *left, *counts, *minimums, *reached, *cleared, *done)


def conflicting(case: Case, demands: Sequence[Demand], *, seconds: float) -> tuple[Demand, ...]:
    """A smallest part of ``demands``, which cannot all hold, that cannot hold either."""
    core = list(demands)
    deadline = time.monotonic() + seconds
    for demand in demands:
        rest = [d for d in core if d is not demand]
        left = max(deadline - time.monotonic(), 0.05)
        if can_hold(case, rest, seconds=left) is False:
            core = rest
    return tuple(core)


def can_hold(case: Case, demands: Sequence[Demand], *, seconds: float) -> bool | None:
    """Whether some plan meets all ``demands``; None where the time ran out."""
    problem = case.problem
    limits, needed = _limits(case, demands)
    if contradict(problem, limits):
        return False
    everything = Clear.all(problem)
    for plan in (tuple(sorted(limits.must)), greedy(problem, limits, everything)):
        if keeps(problem, limits, plan) and problem.cleared_voxels(plan) >= needed:
            return True
    solution = _smallest(case, demands, Few(), seconds=seconds)
    if solution.status == "infeasible":
        return False
    return None if solution.status == "unknown" else True


def _smallest(case: Case, demands: Sequence[Demand], goal: Goal, *, seconds: float) -> Solution:
    limits, needed = _limits(case, demands)
    model = Model(case.problem, limits)
    if needed:
        model.require(Clear.all(case.problem), at_most=-needed)
    return Search(model).minimise(goal, seconds=seconds)


def _limits(case: Case, demands: Sequence[Demand]) -> tuple[Limits, int]:
    """What ``demands`` ask of a plan, and the tumor voxels that it must clear."""
    problem = case.problem
    minimums = [d.flr for d in demands if d.flr is not None]
    counts = {d.count: d.most for d in demands if d.count is not None}
    thresholds = [d.threshold_percent for d in demands if d.threshold_percent is not None]
    every = problem.interventions(range(len(problem.candidates)))
    limits = Limits(
        budget_voxels=budget_voxels(case.anatomy, minimums) if minimums else problem.functional_voxels,
        interventions=counts.get("interventions", every),
        resections=counts.get("resections"),
        ablations=counts.get("ablations"),
        segments=counts.get("segments"),
        must=frozenset(d.must for d in demands if d.must is not None),
        must_not=frozenset[int]().union(*(d.must_not for d in demands)),
        lesions=frozenset(d.clear for d in demands if d.clear is not None),
    )
    return limits, max((needed_for_threshold(problem, t) for t in thresholds), default=0)


def _why(case: Case, core: Sequence[Demand], *, seconds: float) -> str:
    """The figure that the conflict turns on; empty where the demands speak for themselves."""
    if len(core) == 1 and core[0].clear is not None:
        return "no treatment and no combination of treatments clears it"
    done, barred = ({d.must for d in core}, frozenset[int]().union(*(d.must_not for d in core)))
    if len(core) == 2 and not barred.isdisjoint(done - {None}):
        return "they contradict each other"
    minimum = next((d for d in core if d.flr is not None), None)
    if minimum is not None and minimum.flr is not None:
        least = _smallest(case, [d for d in core if d is not minimum], Spare(), seconds=seconds)
        return _left(case, minimum.flr, least)
    count = next((d for d in core if d.count == "interventions"), None)
    if count is not None:
        least = _smallest(case, [d for d in core if d is not count], Few(), seconds=seconds)
        return f"{case.problem.interventions(least.chosen)} are needed" if least.status == "optimal" else ""
    return ""


def _left(case: Case, minimum: FlrLimit, least: Solution) -> str:
    """How much is left at best, in the minimum's own denominator."""
    if least.status != "optimal":
        return ""
    functional, voxel_ml = case.problem.functional_voxels, case.space.grid.voxel_ml
    lost = case.problem.lost_voxels(least.chosen)
    shares = remnant(
        (functional - lost) * voxel_ml, functional_ml=functional * voxel_ml, clinical=case.clinical
    )
    value = floor(100.0 * getattr(shares, minimum.name)) / 100.0
    return f"at best {value:g} % is left" + ("" if lost else ", before any liver is lost")
