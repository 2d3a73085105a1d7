"""What more than the plan of a session could be had, under its fixed choices: frontier and growth."""

from __future__ import annotations

from netlm_imaging.plan.binding import binding_minimums
from netlm_imaging.plan.growth_plan import growth_plans
from netlm_imaging.plan.growth_records import GrowthPlan
from netlm_imaging.plan.more import more_than
from netlm_imaging.plan.outcome import make_plan
from netlm_imaging.plan.records import More, Plan
from netlm_imaging.plan.session_state import State, solved

SPARING_SHARE, MAXIMUM_SHARE, BINDING_SHARE = 0.25, 0.25, 0.1
"""Of the time, for what has to be known first."""


def more_of(state: State, *, seconds: float) -> More:
    """``more_than`` the sparing plan of ``state``, under what was fixed in it. Raises as ``solved`` does."""
    sparing = _sparing(state, seconds=SPARING_SHARE * seconds)
    rest = (1.0 - SPARING_SHARE) * seconds
    most = state.basis.settings.plan.max_frontier_points
    return more_than(sparing.basis.case, sparing.choice, sparing.request, seconds=rest, most_points=most)


def growth_of(state: State, *, seconds: float) -> tuple[tuple[GrowthPlan, ...], tuple[Plan, ...]]:
    """``growth_plans`` under what was fixed in ``state``, and the plans without growth: sparing, maximum.

    Raises as ``solved`` does.
    """
    sparing = _sparing(state, seconds=SPARING_SHARE * seconds)
    maximum = solved(sparing.basis, "maximum", state.fixed, seconds=MAXIMUM_SHARE * seconds)
    case, choice = maximum.basis.case, maximum.choice
    binding = binding_minimums(
        case.anatomy,
        case.problem,
        choice,
        "maximum",
        maximum.request,
        limits=case.limits,
        seconds=BINDING_SHARE * seconds,
    )
    most = make_plan(
        case,
        choice,
        objective="maximum",
        bound_voxels=choice.bound_voxels,
        binding=binding,
        outcome=maximum.outcome,
    )
    found = growth_plans(
        case,
        maximum.request,
        plans={"sparing": sparing.plan, "maximum": most},
        choices={"sparing": sparing.choice, "maximum": choice},
        points_per_week=state.basis.settings.flr.growth_percent_per_week,
        seconds=(1.0 - SPARING_SHARE - MAXIMUM_SHARE - BINDING_SHARE) * seconds,
    )
    return found, (sparing.plan, most)


def _sparing(state: State, *, seconds: float) -> State:
    """The state itself where it is proven, or that of the plan which decides the Type."""
    if state.objective == "sparing" and state.choice.status == "optimal":
        return state
    return solved(state.basis, "sparing", state.fixed, seconds=seconds, before=state)
