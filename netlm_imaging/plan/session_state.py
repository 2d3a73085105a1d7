"""One state of an editing session: a plan, what was fixed, and its figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from netlm_imaging.errors import Fault, Notice, PlanError
from netlm_imaging.plan.basis import Basis
from netlm_imaging.plan.conflicts import conflict_of
from netlm_imaging.plan.cover_count import CoverCount
from netlm_imaging.plan.figures import Difference, Figures, counted_plan, difference, figures_of
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.greedy import Adding
from netlm_imaging.plan.lesion_sets import with_mr_only
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.losses import Joint, devascularized
from netlm_imaging.plan.notices import drawn_shaft_notices
from netlm_imaging.plan.optimize import TO_THRESHOLD, Choice, Request, limits_of, meets, optimize
from netlm_imaging.plan.outcome import Case, make_plan
from netlm_imaging.plan.plan_set import request_of
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.resection_notices import parenchymal_sparing
from netlm_imaging.plan.settle import unknown_losses
from netlm_imaging.plan.simulate import Simulation
from netlm_imaging.plan.workspace import Voxels
from netlm_imaging.settings import Objective
from netlm_imaging.volume import BoolArray

CONFLICT_SECONDS = 10.0
"""At least so much time to find out which demands conflict."""
FIRST_PLAN_SECONDS = 10.0
"""At least so much time to find any plan."""
UNHURRIED_SECONDS = 2.0
"""With so much time left, the fewest treatments that cause a joint loss are looked for."""
TypeOf = Callable[[Plan], int | None]
"""The Type that a plan gives."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Never changed."""

    basis: Basis
    objective: Objective
    fixed: Fixed
    choice: Choice

    @cached_property
    def outcome(self) -> Simulation:
        """The exact counts of voxels, from the atoms: equal to ``simulate`` to the voxel."""
        case, chosen = self.basis.case, self.choice.chosen
        return counted_plan(case, chosen, devascularized=_devascularized(case, chosen))

    @cached_property
    def figures(self) -> Figures:
        """What the plan does."""
        outcome = counted_plan(self.basis.case, self.choice.chosen)
        return figures_of(self.basis.case, outcome, interventions=self.interventions)

    @property
    def interventions(self) -> int:
        """Each zone of an ablation counts."""
        return self.basis.case.problem.interventions(self.choice.chosen)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the treatments."""
        return tuple(self.basis.case.problem.candidates[c].name for c in self.choice.chosen)

    @cached_property
    def cover(self) -> CoverCount:
        """The plan voxel by voxel, for previews."""
        return CoverCount.of(self.basis.case, self.choice.chosen)

    @cached_property
    def plan(self) -> Plan:
        """The record of the plan, as in case.json; which minimum binds is not looked for."""
        plan = make_plan(
            self.basis.case,
            self.choice,
            objective=self.objective,
            bound_voxels=self.choice.bound_voxels,
            outcome=self.outcome,
        )
        return with_mr_only(plan, self.basis.lesions)

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What the reader of the figures must know about its resections and the probes drawn by hand."""
        case, chosen = self.basis.case, self.choice.chosen
        return (
            *self.basis.notices([case.problem.candidates[c] for c in chosen]),
            *drawn_shaft_notices(case.drawn_access(chosen)),
        )

    @cached_property
    def parenchymal_sparing(self) -> bool:
        """Whether the plan may decide the Type: it does no major resection, named or drawn."""
        return parenchymal_sparing(
            self.basis.case.space,
            [self.basis.case.problem.candidates[c] for c in self.choice.chosen],
            most_segments=self.basis.settings.plan.max_segments_sparing,
        )

    @cached_property
    def request(self) -> Request:
        """What the solver is asked."""
        return request_under(self.basis, self.fixed)


def request_under(basis: Basis, fixed: Fixed) -> Request:
    """What the solver is asked: limits and fixed choices."""
    obeyed = fixed.obeyed(basis.limits, basis.case.problem.candidates, basis.dominance)
    return request_of(basis.case, basis.settings, obeyed)


def solved(
    basis: Basis, objective: Objective, fixed: Fixed, *, seconds: float, before: State | None = None
) -> State:
    """The best plan under ``fixed``; ``before``: the state that was edited.

    Raises PlanError: PLAN_CONFLICT where there is none, PLAN_NOT_FOUND where the time ran out.
    """
    began, request = time.monotonic(), request_under(basis, fixed)
    narrower = before is not None and _narrower(before, basis, objective, fixed)
    if before is not None and narrower and _proven(before, request):
        return State(basis=basis, objective=objective, fixed=fixed, choice=before.choice)
    start = None if before is None else _repaired(before, basis, limits_of(objective, request))
    wider = before.choice if before is not None and narrower else None
    left = max(0.0, seconds - (time.monotonic() - began))
    while True:
        found = _found(basis, objective, request, seconds=left, start=start, wider=wider)
        if found is None:
            raise _conflict(basis, objective, fixed, request, seconds=seconds)
        basis, choice = found
        if meets(basis.case.problem, objective, request, choice.chosen):
            return State(basis=basis, objective=objective, fixed=fixed, choice=choice)
        if seconds >= FIRST_PLAN_SECONDS:
            break
        # A hurried edit may take longer rather than leave its user without any plan.
        left = seconds = min(FIRST_PLAN_SECONDS, max(0.5, 2.0 * seconds))
    raise PlanError(
        Fault(
            code="PLAN_NOT_FOUND",
            expected=f"a plan that keeps all limits within {seconds:g} s",
            found="none yet, and no proof that there is none",
            remedy="Allow more time (plan.time_limit_s)",
        )
    )


def _found(
    basis: Basis,
    objective: Objective,
    request: Request,
    *,
    seconds: float,
    start: tuple[int, ...] | None,
    wider: Choice | None,
) -> tuple[Basis, Choice] | None:
    """What the search finds, and the basis with all joint losses of it; None where there is no plan."""
    deadline = time.monotonic() + seconds
    while True:
        left = max(0.0, deadline - time.monotonic())
        choice = optimize(basis.case.problem, objective, request, seconds=left, start=start, wider=wider)
        if choice.status == "infeasible":
            return None
        missing = _lost_jointly(basis.case, choice.chosen)
        if not missing.size:
            return basis, choice
        if deadline - time.monotonic() < UNHURRIED_SECONDS:
            # Which of them cause it takes long to tell; that all of them do is true of this plan.
            known = basis.knowing([Joint(frozenset(choice.chosen), missing)])
            if meets(known.case.problem, objective, request, choice.chosen):
                return known, replace(choice, status="feasible")
        basis = basis.knowing(unknown_losses(basis.case, [choice.chosen]))
        start, wider = choice.chosen, choice


def _conflict(
    basis: Basis, objective: Objective, fixed: Fixed, request: Request, *, seconds: float
) -> PlanError:
    threshold = request.threshold_percent if objective in TO_THRESHOLD else None
    return conflict_of(
        basis.case,
        limits_of(objective, request),
        fixed,
        threshold_percent=threshold,
        seconds=max(seconds, CONFLICT_SECONDS),
    )


def _narrower(before: State, basis: Basis, objective: Objective, fixed: Fixed) -> bool:
    """Whether no plan is allowed that was not allowed before, for the same objective."""
    old, candidates = before.basis, basis.case.problem.candidates
    return (
        before.objective == objective
        and old.case.problem is basis.case.problem
        and old.settings.type == basis.settings.type
        and old.settings.plan.relative_gap == basis.settings.plan.relative_gap
        and old.case.clinical.symptomatic_lesions == basis.case.clinical.symptomatic_lesions
        and _no_wider(old.limits, basis.limits)
        and before.fixed.must <= fixed.must
        and before.fixed.clear <= fixed.clear
        and before.fixed.barred(candidates) <= fixed.barred(candidates)
    )


def _proven(before: State, request: Request) -> bool:
    """Whether the plan of before is proven and allowed by a narrower ``request``: it is the best still."""
    proven = before.choice.status == "optimal"
    return proven and meets(before.basis.case.problem, before.objective, request, before.choice.chosen)


def _no_wider(old: Limits, new: Limits) -> bool:
    pairs = (
        (old.budget_voxels, new.budget_voxels),
        (old.interventions, new.interventions),
        (old.resections, new.resections),
        (old.ablations, new.ablations),
        (old.segments, new.segments),
    )
    return all(a is None or (b is not None and b <= a) for a, b in pairs)


def _repaired(before: State, basis: Basis, limits: Limits) -> tuple[int, ...] | None:
    """The plan of before, changed by as little as fits the new limits; None for other candidates."""
    if before.basis.planned.problem is not basis.planned.problem:
        return None
    problem, chosen = basis.case.problem, set(before.choice.chosen)
    return Adding(problem, limits, Clear.all(problem)).mended((chosen - limits.must_not) | limits.must)


def _lost_jointly(case: Case, chosen: Sequence[int]) -> Voxels:
    """What ``chosen`` lose together and the problem does not know yet."""
    if not chosen:
        return np.empty(0, dtype=np.int64)
    lost = devascularized(case.space, [case.problem.candidates[c] for c in chosen])
    atom = case.problem.atoms.atom_of[lost]
    return np.asarray(lost[(atom < 0) | ~case.problem.covered(chosen)[atom]])


def _devascularized(case: Case, chosen: Sequence[int]) -> BoolArray:
    lost = np.zeros(case.space.functional.size, dtype=bool)
    if chosen:
        lost[devascularized(case.space, [case.problem.candidates[c] for c in chosen])] = True
    return lost.reshape(case.space.functional.shape)


def difference_of(before: State, after: State, *, type_of: TypeOf | None = None) -> Difference:
    """What ``after`` has more than ``before``; no Type of a plan that is not parenchymal-sparing."""
    was, becomes = (
        type_of(state.plan) if type_of is not None and state.parenchymal_sparing else None
        for state in (before, after)
    )
    return difference(
        before.figures,
        after.figures,
        names_before=before.names,
        names_after=after.names,
        types=(was, becomes),
    )
