"""All plans of one patient with one set of ablation devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.binding import binding_minimums, budget_voxels
from netlm_imaging.plan.candidates import ablated_at_once
from netlm_imaging.plan.clock import Clock
from netlm_imaging.plan.collect import Resections, collect, resections
from netlm_imaging.plan.conflicts import conflict_of
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.dominance import dominance
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.fixes import fixed_of, require_lesions
from netlm_imaging.plan.lesion_sets import with_mr_only
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.optimize import (
    SPARING,
    TO_THRESHOLD,
    Choice,
    Request,
    limits_of,
)
from netlm_imaging.plan.options import Attempts
from netlm_imaging.plan.outcome import Case, make_plan
from netlm_imaging.plan.paths import Ways
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.settle import best_plan
from netlm_imaging.plan.workspace import Workspace, workspace_of
from netlm_imaging.remnant import FlrLimit
from netlm_imaging.settings import Objective, Settings

MAIN_SHARE = 0.4
"""Of the time limit, for the plan asked for."""
OTHER_SHARE = 0.2
"""Of what is then left, for each of the other four plans in turn."""
BINDING_SHARE = 0.05
"""Of what is left, for the search for the binding minimums of each plan."""
ORDER: tuple[Objective, ...] = get_args(Objective)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What every set of devices is asked."""

    anatomy: Anatomy
    """Cropped as the workspace is."""
    space: Workspace
    ways: Ways
    lesions: tuple[Lesion, ...]
    resected: Resections
    settings: Settings
    clinical: Clinical
    limits: tuple[FlrLimit, ...]
    budget_voxels: int
    progress: Progress | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """The problem with one set of devices, and what is asked of it."""

    case: Case
    request: Request
    attempts: Attempts
    fixed: Fixed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """All plans with one set of devices."""

    case: Case
    request: Request
    plans: dict[Objective, Plan]
    choices: dict[Objective, Choice]
    attempts: Attempts
    ablated: frozenset[int]
    """Lesions that one zone covers with its margin."""
    clock: Clock
    """What is left of the time limit."""


def ask(
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    *,
    settings: Settings,
    clinical: Clinical,
    limits: tuple[FlrLimit, ...],
    progress: Progress | None = None,
    around: Surroundings | None = None,
    space: Workspace | None = None,
    resected: Resections | None = None,
) -> Question:
    """Prepare what does not depend on the devices; ``space`` and ``resected`` save work where at hand.

    Raises as ``require_lesions``.
    """
    require_lesions(settings.plan.fix, (lesion.id for lesion in lesions))
    cropped = anatomy.cropped()
    space = space or workspace_of(anatomy, settings)
    return Question(
        anatomy=cropped,
        space=space,
        ways=Ways(
            anatomy=anatomy, around=around, space=space, clearance_mm=settings.ablation.path_clearance_mm
        ),
        lesions=lesions,
        resected=resected or resections(space, lesions, settings=settings, progress=progress),
        settings=settings,
        clinical=clinical,
        limits=limits,
        budget_voxels=budget_voxels(cropped, limits),
        progress=progress,
    )


def case_with(question: Question, devices: tuple[Device, ...]) -> tuple[Case, Attempts]:
    """All candidates with ``devices``, their atoms, and what was tried for each lesion and close ones."""
    settings, space = question.settings, question.space
    candidates, attempts = collect(
        space,
        question.lesions,
        settings=settings,
        devices=devices,
        resected=question.resected,
        progress=question.progress,
    )
    fraction = settings.lesion.cleared_fraction
    case = Case(
        anatomy=question.anatomy,
        space=space,
        problem=make_problem(space, candidates, cleared_fraction=fraction),
        limits=question.limits,
        clinical=question.clinical,
        cleared_fraction=fraction,
        ways=question.ways,
    )
    return case, attempts


def pose(question: Question, devices: tuple[Device, ...], *, comparing: bool = False) -> Posed:
    """What is asked when ablations are made with ``devices``.

    ``comparing``: fixed choices count as far as these devices can carry them out. Raises as ``fixed_of``.
    """
    settings = question.settings
    case, attempts = case_with(question, devices)
    candidates = case.problem.candidates
    limits = limits_of_settings(settings, question.budget_voxels)
    fixed = fixed_of(
        settings.plan.fix, candidates, attempts.options(question.budget_voxels), comparing=comparing
    )
    obeyed = fixed.obeyed(limits, candidates, dominance(case.problem, limits))
    return Posed(case=case, request=request_of(case, settings, obeyed), attempts=attempts, fixed=fixed)


def request_of(case: Case, settings: Settings, limits: Limits) -> Request:
    """What the solver is asked under ``limits``."""
    return Request(
        limits=limits,
        threshold_percent=settings.type.debulking_threshold_percent,
        symptomatic=tuple(n for n in case.clinical.symptomatic_lesions if n in case.problem.lesions),
        relative_gap=settings.plan.relative_gap,
    )


def answer_with(question: Question, devices: tuple[Device, ...], *, comparing: bool = False) -> Answer:
    """The best plan for every objective when ablations are made with ``devices``.

    Raises as ``pose``, and PlanError (PLAN_CONFLICT) where fixed choices leave no plan for the objective
    asked for.
    """
    posed = pose(question, devices, comparing=comparing)
    clock = Clock.of(question.settings.plan.time_limit_s)
    main = question.settings.plan.objective
    case, plans, choices = all_plans(
        posed.case, posed.request, main=main, clock=clock, progress=question.progress
    )
    if question.settings.plan.fix and not comparing:
        _require_plan(case, posed, main, choices[main], clock)
    return answer_of(
        case,
        posed.request,
        plans,
        choices,
        lesions=question.lesions,
        attempts=posed.attempts,
        clock=clock,
    )


def answer_of(
    case: Case,
    request: Request,
    plans: Mapping[Objective, Plan],
    choices: dict[Objective, Choice],
    *,
    lesions: tuple[Lesion, ...],
    attempts: Attempts,
    clock: Clock,
) -> Answer:
    """What ``all_plans`` found, each plan with what it does for lesions that MRI alone shows."""
    return Answer(
        case=case,
        request=request,
        plans={objective: with_mr_only(plan, lesions) for objective, plan in plans.items()},
        choices=choices,
        attempts=attempts,
        ablated=ablated_at_once(case.problem.candidates),
        clock=clock,
    )


def all_plans(
    case: Case,
    request: Request,
    *,
    main: Objective,
    clock: Clock,
    progress: Progress | None = None,
    decided: Choice | None = None,
) -> tuple[Case, dict[Objective, Plan], dict[Objective, Choice]]:
    """The plans of all objectives, and the case with every joint loss that was found on the way.

    ``decided``: the plan for ``main`` where it stands already.
    """
    choices: dict[Objective, Choice] = {}
    for objective in ORDER:
        if objective == main and decided is not None:
            choices[objective] = decided
            continue
        if progress is not None:
            progress(f"Best plan: {objective}")
        seconds = clock.share(MAIN_SHARE if objective == main else OTHER_SHARE)
        case, choice = best_plan(case, objective, request, seconds=seconds, known=choices)
        if objective in TO_THRESHOLD and choice.status == "feasible" and not choice.chosen:
            # The time ran out before any plan reached the threshold: the one that clears most is the nearest.
            choice = replace(choices[_widest(objective)], status="feasible", parts=())
        choices[objective] = choice
    plans: dict[Objective, Plan] = {}
    for objective, choice in choices.items():
        own_bound = choices[_widest(objective)]
        plans[objective] = make_plan(
            case,
            choice,
            objective=objective,
            bound_voxels=own_bound.bound_voxels,
            binding=binding_minimums(
                case.anatomy,
                case.problem,
                choice,
                objective,
                request,
                limits=case.limits,
                seconds=clock.share(BINDING_SHARE),
            ),
        )
    return case, plans, choices


def _widest(objective: Objective) -> Objective:
    """The objective that clears the most under the same limits."""
    return "sparing" if objective in SPARING else "maximum"


def _require_plan(case: Case, posed: Posed, objective: Objective, choice: Choice, clock: Clock) -> None:
    if choice.status == "infeasible":
        raise conflict_of(
            case,
            limits_of(objective, posed.request),
            posed.fixed,
            threshold_percent=posed.request.threshold_percent if objective in TO_THRESHOLD else None,
            seconds=clock.share(OTHER_SHARE),
        )


def limits_of_settings(settings: Settings, budget_voxels: int) -> Limits:
    """What the settings allow in one operation."""
    return Limits(
        budget_voxels=budget_voxels,
        interventions=settings.plan.max_interventions,
        resections=settings.resection.max_resections,
        ablations=settings.ablation.max_ablations,
        segments=settings.plan.max_segments_sparing,
    )
