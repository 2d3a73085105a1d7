"""All plans of one patient: candidates, atoms, the four objectives, the frontier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import get_args

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Notice
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.collect import collect
from netlm_imaging.plan.dominance import undominated
from netlm_imaging.plan.model import Limits
from netlm_imaging.plan.notices import plan_notices
from netlm_imaging.plan.optimize import (
    Choice,
    Request,
    frontier,
    more_clearable,
    optimize,
)
from netlm_imaging.plan.outcome import Case, make_plan
from netlm_imaging.plan.problem import Problem, make_problem
from netlm_imaging.plan.records import FrontierPoint, LesionOptions, Plan
from netlm_imaging.plan.workspace import Workspace, workspace
from netlm_imaging.remnant import FlrLimit, remnant
from netlm_imaging.settings import Objective, Settings
from netlm_imaging.volume import Mask

MAIN_SHARE = 0.4
"""Of the time limit, for the plan asked for; the other three, the frontier and the search for binding
minimums share the rest."""
ROUNDING_VOXELS = 1e-6
"""A minimum that is a whole number of voxels but for rounding is that number."""
ORDER: tuple[Objective, ...] = get_args(Objective)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """Everything the planner found."""

    plan: Plan
    """For settings.plan.objective."""
    alternatives: tuple[Plan, ...]
    """The other objectives, in the order of the contract."""
    frontier: tuple[FrontierPoint, ...]
    """Sparing plans, from the one that clears most to no treatment."""
    options: tuple[LesionOptions, ...]
    treated: Mask
    """Liver that ``plan`` removes or destroys, on the planning grid."""
    remnant: Mask
    """Functional liver that ``plan`` leaves, on the planning grid."""
    notices: tuple[Notice, ...]


def plan_case(
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    *,
    settings: Settings,
    clinical: Clinical,
    limits: tuple[FlrLimit, ...],
    progress: Progress | None = None,
) -> Planned:
    """Find the best combination of treatments for every objective (planner.md 1-4).

    ``lesions`` is the table of all lesions of ``anatomy``. ``limits`` are the minimums of the remnant;
    where the liver does not meet them even untouched, every plan is ``infeasible`` and empty.
    Without lesions the plans are empty and optimal, and their debulking figures are 0: there is
    nothing to debulk.
    """
    cropped = anatomy.cropped()
    space = workspace(
        cropped,
        major_vessel_mm=settings.resection.major_vessel_mm,
        sink_vessel_mm=settings.ablation.sink_vessel_mm,
    )
    budget = _budget_voxels(cropped, limits)
    candidates, options = collect(space, lesions, settings=settings, budget_voxels=budget, progress=progress)
    problem = _needed_problem(space, candidates, settings=settings, budget_voxels=budget)
    case = Case(
        anatomy=cropped,
        space=space,
        problem=problem,
        limits=limits,
        clinical=clinical,
        cleared_fraction=settings.lesion.cleared_fraction,
    )
    request = Request(
        limits=_limits(settings, budget),
        threshold_percent=settings.type.debulking_threshold_percent,
        symptomatic=tuple(n for n in clinical.symptomatic_lesions if n in problem.lesions),
        relative_gap=settings.plan.relative_gap,
    )
    plans, choices = _all_plans(case, request, settings=settings, progress=progress)
    main = settings.plan.objective
    curve = frontier(problem, choices["sparing"], request, seconds=_share(settings))
    treated = case.treated(choices[main].chosen)
    return Planned(
        plan=plans[main],
        alternatives=tuple(plans[o] for o in ORDER if o != main),
        frontier=tuple(_point(case, choice) for choice in curve),
        options=options,
        treated=Mask(treated, space.grid).paste_into(anatomy.grid),
        remnant=Mask(space.functional & ~treated, space.grid).paste_into(anatomy.grid),
        notices=plan_notices(anatomy, tuple(plans.values()), clinical=clinical),
    )


def _all_plans(
    case: Case, request: Request, *, settings: Settings, progress: Progress | None
) -> tuple[dict[Objective, Plan], dict[Objective, Choice]]:
    choices: dict[Objective, Choice] = {}
    for objective in ORDER:
        if progress is not None:
            progress(f"Best plan: {objective}")
        seconds = settings.plan.time_limit_s * MAIN_SHARE
        if objective != settings.plan.objective:
            seconds = _share(settings)
        choice = optimize(case.problem, objective, request, seconds=seconds)
        if objective == "threshold" and choice.status == "feasible" and not choice.chosen:
            # The time ran out before any plan reached the threshold: the one that clears most is the nearest.
            choice = replace(choices["maximum"], status="feasible")
        choices[objective] = choice
    plans: dict[Objective, Plan] = {}
    for objective, choice in choices.items():
        own_bound = choice if objective in ("sparing", "maximum") else choices["maximum"]
        plans[objective] = make_plan(
            case,
            choice,
            objective=objective,
            bound_voxels=own_bound.bound_voxels,
            binding=_binding(case, choice, objective, request, seconds=_share(settings) / len(ORDER)),
        )
    return plans, choices


def _share(settings: Settings) -> float:
    """Seconds for each of the other three plans, and for the frontier."""
    return settings.plan.time_limit_s * (1.0 - MAIN_SHARE) / 5


def _binding(
    case: Case, choice: Choice, objective: Objective, request: Request, *, seconds: float
) -> FlrLimit | None:
    """The minimum that alone keeps a better plan away: without it more tumor could be cleared.

    Only the strictest can, and only where there is tumor left to clear.
    """
    if not case.limits or case.problem.cleared(choice.chosen).all():
        return None
    strictest = max(case.limits, key=lambda m: m.minimum_ml)
    others = tuple(m for m in case.limits if m is not strictest)
    budget = _budget_voxels(case.anatomy, others)
    if budget <= request.limits.budget_voxels:
        return None
    wider = replace(request, limits=replace(request.limits, budget_voxels=budget))
    better = more_clearable(case.problem, objective, wider, choice, seconds=seconds)
    return strictest if better else None


def _budget_voxels(anatomy: Anatomy, limits: Sequence[FlrLimit]) -> int:
    """Functional voxels that may be lost; negative when the untouched liver is too small already."""
    functional = anatomy.functional.voxels
    kept = max((limit.minimum_ml / anatomy.grid.voxel_ml for limit in limits), default=0.0)
    return functional - ceil(kept - ROUNDING_VOXELS)


def _limits(settings: Settings, budget_voxels: int) -> Limits:
    return Limits(
        budget_voxels=budget_voxels,
        interventions=settings.plan.max_interventions,
        resections=settings.resection.max_resections,
        ablations=settings.ablation.max_ablations,
        segments=settings.plan.max_segments_sparing,
    )


def _needed_problem(
    space: Workspace, candidates: Sequence[Candidate], *, settings: Settings, budget_voxels: int
) -> Problem:
    """The problem without the candidates that can never help."""
    fraction = settings.lesion.cleared_fraction
    everything = make_problem(space, candidates, cleared_fraction=fraction)
    needed = undominated(everything, _limits(settings, budget_voxels))
    return make_problem(space, [candidates[c] for c in needed], cleared_fraction=fraction)


def _point(case: Case, choice: Choice) -> FrontierPoint:
    outcome = case.simulate(choice.chosen)
    functional_ml = outcome.functional_voxels * outcome.voxel_ml
    return FrontierPoint(
        flr_percent=remnant(outcome.flr_ml, functional_ml=functional_ml, clinical=case.clinical).flr_percent,
        debulking_percent=outcome.debulking_percent,
        parenchyma_lost_ml=outcome.lost_ml,
        interventions=len(choice.chosen),
    )
